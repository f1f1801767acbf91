"""The magic, `ask` and `show`: how a request starts in a cell or a terminal, and where it is shown."""
