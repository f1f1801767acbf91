"""Python values and files as the content of a message.

A value becomes a `Description`, a description becomes a block below the prompt, or a text within
it. Nothing is inserted unless the user asks for it.
"""
