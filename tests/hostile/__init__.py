"""Experiments with hostile text and with an API key, called by the tests and by `benchmarks`."""
