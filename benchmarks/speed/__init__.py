"""The cost of showing an answer while it arrives, compared with other ways to do it."""
