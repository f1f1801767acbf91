"""`nbstream.Compare`: several replies side by side."""
