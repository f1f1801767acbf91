"""Budgets at work: which of them count a request, and the meter that holds them."""
