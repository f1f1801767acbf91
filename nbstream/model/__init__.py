"""Values: events, the reply they make, usage, failures. Standard library only, no I/O, no clock."""
