"""How many requests run at once, while a server refuses some."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.batch.pace import Pace


def test_a_refusal_halves_the_number_once_for_all_requests_of_a_round() -> None:
    pace = Pace(8)
    for _ in range(8):
        pace.note_refusal(10.0, started=9.0, asked=2.0)
    assert pace.limit == 4
    assert pace.resume_at == 12.0
    assert not pace.may_start(0, 11.9)
    assert pace.may_start(3, 12.0)
    assert not pace.may_start(4, 12.0)
    pace.note_refusal(13.0, started=12.0, asked=None)
    assert pace.limit == 2


def test_answers_raise_the_number_by_one_for_each_round() -> None:
    pace = Pace(8)
    for now in (1.0, 2.0, 3.0):
        pace.note_refusal(now, started=now, asked=0.0)
    assert pace.limit == 1
    limits = []
    for _ in range(60):
        pace.note_answer()
        limits.append(pace.limit)
    assert limits == sorted(limits)
    assert max(limits) == 8
    assert limits.count(1) <= 2
    assert limits.count(4) >= 3


def test_without_a_wish_of_the_server_the_pauses_grow_to_a_minute() -> None:
    pace, now, pauses = Pace(8), 100.0, []
    for _ in range(12):
        pace.note_refusal(now, started=now, asked=None)
        pauses.append(pace.resume_at - now)
        now = pace.resume_at
    assert 0.3 < pauses[0] <= 0.5
    assert 45 <= pauses[-1] <= 60
    pace.note_answer()
    pace.note_refusal(now, started=now, asked=None)
    assert pace.resume_at - now <= 0.5


def test_a_broken_connection_after_many_refusals_that_named_a_pause_waits_briefly() -> None:
    pace = Pace(8)
    for now in range(12):
        pace.note_refusal(float(now), started=float(now), asked=0.0)
    pace.note_refusal(20.0, started=20.0, asked=None)
    assert pace.resume_at - 20.0 <= 0.5


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 10_000)), max_size=80), st.integers(1, 50))
def test_there_is_always_at_least_one_request_and_never_too_many(history: list[tuple[bool, float]], most: int) -> None:
    pace, now = Pace(most), 0.0
    for is_answer, seconds in history:
        now += seconds
        if is_answer:
            pace.note_answer()
        else:
            pace.note_refusal(now, started=now - seconds / 2, asked=seconds)
        assert 1 <= pace.limit <= most
        # However long a server asks to wait, it is asked again within an hour.
        assert pace.resume_at <= now + 3_600
    assert pace.may_start(0, now + 3_600)


def test_a_wish_of_the_server_is_kept() -> None:
    pace = Pace(2)
    pace.note_refusal(0.0, started=0.0, asked=90.0)
    pace.note_refusal(1.0, started=0.5, asked=None)
    assert pace.resume_at == pytest.approx(90.0)
