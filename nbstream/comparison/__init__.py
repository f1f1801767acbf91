"""Comparisons: the same question to several models or with several options, side by side."""
