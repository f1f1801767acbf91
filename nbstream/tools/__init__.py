"""Functions that a model may call: how they are described to it, and how a call is run."""
