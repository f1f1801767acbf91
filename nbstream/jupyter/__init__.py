"""The magic, `ask` and `show`: how a request starts, and where it is shown."""
