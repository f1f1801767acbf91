"""The ledger: one row for each request, in a database in the user's data directory."""
