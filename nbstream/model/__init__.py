"""Values: events, the reply that they make, usage, failures. Standard library only; no I/O and no clock."""
