"""What belongs to one user, where a process serves several of them."""
