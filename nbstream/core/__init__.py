"""What a stream means: bytes to events to a reply. Standard library only; no I/O, no clock, no IPython."""
