"""JSON schemas of Python types, functions and one-line texts, and values checked against them."""
