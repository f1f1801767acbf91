"""The cost of a reply, from dated prices."""
