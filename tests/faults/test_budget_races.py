"""Two real processes cannot spend the same money; the benchmark does the same 200 times."""

from __future__ import annotations

from tests.faults import budget_races


def test_processes_at_once_do_not_pass_together() -> None:
    found = budget_races.race(12)
    assert found.clean, found
    # Otherwise nothing would be proved.
    assert found.seen["spent of the budget, per cent"] > 50


def test_what_a_killed_process_had_reserved_is_free_again() -> None:
    found = budget_races.killed(1)
    assert found.clean, found
