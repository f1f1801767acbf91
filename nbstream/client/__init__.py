"""Servers, requests and runs: everything that waits for the network."""
