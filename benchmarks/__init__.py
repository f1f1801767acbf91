"""Benchmarks that each print or write a table; see README.md. They assert nothing."""
