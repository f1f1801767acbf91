"""The blind choice."""

from __future__ import annotations

import random
import threading

import pytest

from nbstream.comparison.ballot import Ballot
from nbstream.model.exceptions import RequestError


def test_the_order_is_shuffled_also_where_random_was_seeded() -> None:
    orders = set()
    for _ in range(60):
        random.seed(1)
        orders.add(Ballot(3, blind=True).order)
    assert len(orders) > 1
    assert all(sorted(order) == [0, 1, 2] for order in orders)
    assert Ballot(6, blind=False).order == (0, 1, 2, 3, 4, 5)


def test_only_the_first_choice_counts() -> None:
    ballot = Ballot(2, blind=True)
    assert ballot.hides
    assert ballot.choices == ("A", "B", "tie", "neither")
    with pytest.raises(RequestError, match="A, B, tie or neither"):
        ballot.choose("C")
    taken: list[bool] = []
    threads = [threading.Thread(target=lambda: taken.append(ballot.choose("b"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 7 + [True]
    assert (ballot.choice, ballot.hides) == ("B", False)
    assert ballot.chosen() == ballot.order[1]
    assert ballot.letter_of(ballot.order[1]) == "B"


@pytest.mark.parametrize("choice", ["tie", "Neither"])
def test_a_choice_may_be_none_of_them(choice: str) -> None:
    ballot = Ballot(4, blind=True)
    assert ballot.choose(choice)
    assert ballot.chosen() is None
    assert ballot.choice == choice.lower()
