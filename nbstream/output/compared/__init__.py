"""Comparisons for a reader: figures, the settled table, the rows of a frame, differences."""
