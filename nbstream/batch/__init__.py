"""Many prompts: `nbstream.map`, and the rows of a frame."""
