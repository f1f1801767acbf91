"""Experiments with hostile text and with a key: plain functions that count, for the tests and for `benchmarks`."""
