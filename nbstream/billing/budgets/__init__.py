"""Budgets: how much may be spent, what of it is spent, and what is reserved for requests."""
