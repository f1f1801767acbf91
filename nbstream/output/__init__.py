"""A reply as settled HTML, Markdown and plain text, on a terminal, and in words."""
