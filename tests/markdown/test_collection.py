"""The cyclic collector is held off for as long as anybody renders, and is afterwards as it was."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING

import pytest

from nbstream.markdown.collection import held_off

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _enabled() -> Iterator[None]:
    yield
    gc.enable()


def test_it_is_off_within_and_on_again_after_an_error() -> None:
    def fail() -> None:
        with held_off():
            assert not gc.isenabled()
            raise ValueError("half a formula")

    with pytest.raises(ValueError, match="half a formula"):
        fail()
    assert gc.isenabled()


def test_it_stays_off_where_somebody_else_had_turned_it_off() -> None:
    gc.disable()
    with held_off():
        pass
    assert not gc.isenabled()


def test_it_is_off_until_the_last_thread_is_done() -> None:
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with held_off():
            entered.set()
            leave.wait(20)

    thread = threading.Thread(target=other)
    thread.start()
    assert entered.wait(20)
    with held_off():
        pass
    assert not gc.isenabled()
    leave.set()
    thread.join(20)
    assert gc.isenabled()
