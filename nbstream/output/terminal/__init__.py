"""A reply on a terminal or in a pipe, while it arrives."""
