"""Measurements that print or write a table each; see README.md. Nothing here is asserted."""
