"""Tests of how values and files become a prompt."""
