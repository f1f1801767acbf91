"""The chat panel: a chat to look at, to write in and to change, for as long as the kernel lives."""
