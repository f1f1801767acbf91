"""Requests, servers and runs: everything that waits for a network. No IPython, no widgets."""
