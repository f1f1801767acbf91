"""Garbage collection pauses while the main thread renders, and only then."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING

import pytest

from nbstream.markdown.gc_pause import paused
from nbstream.markdown.rendering import to_html

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _unchanged() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.enable()
    gc.set_threshold(*thresholds)


def is_running() -> bool:
    return gc.isenabled() and gc.get_threshold()[0] > 0


def test_it_pauses_within_and_goes_on_after_an_error() -> None:
    before = gc.get_threshold()

    def fail() -> None:
        with paused(), paused():
            assert not is_running()
            raise ValueError("half a formula")

    with pytest.raises(ValueError, match="half a formula"):
        fail()
    assert is_running()
    assert gc.get_threshold() == before


def test_an_inner_pause_does_not_end_the_outer_one() -> None:
    with paused():
        with paused():
            pass
        assert not is_running()
    assert is_running()


@pytest.mark.parametrize("within", [False, True])
def test_a_collector_that_the_user_turned_off_stays_off(within: bool) -> None:  # noqa: FBT001
    if not within:
        gc.disable()
    with paused():
        if within:
            gc.disable()
    assert not gc.isenabled()


def test_thresholds_that_the_user_set_meanwhile_are_kept() -> None:
    with paused():
        gc.set_threshold(5, 6, 7)
    assert gc.get_threshold() == (5, 6, 7)


def test_it_runs_while_another_thread_renders() -> None:
    seen: list[bool] = []

    def render() -> None:
        with paused():
            seen.append(is_running())
            to_html("*a* `b` $c$")
            seen.append(is_running())

    thread = threading.Thread(target=render)
    thread.start()
    thread.join(20)
    assert seen == [True, True]
