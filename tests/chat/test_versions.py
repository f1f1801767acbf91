"""Replies of a chat and of a cell that end while several threads look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nbstream.chat.turn import Version
from nbstream.client.receiver import Receiver
from nbstream.client.run import Run
from nbstream.jupyter.shown import Shown
from nbstream.model.presentation import Presentation
from tests.pieces import PiecesSource

if TYPE_CHECKING:
    from collections.abc import Callable


class _Watched(Receiver):
    """A receiver at which another thread looks while one thread does."""

    other: list[Callable[[], object]]

    @property
    def done(self) -> bool:
        if self.other:
            self.other.pop()()
        return super().done


@pytest.fixture
def receiver() -> _Watched:
    """A receiver that has ended."""
    run = Run(PiecesSource([(0, b'data: {"choices": [{"delta": {"content": "Hello"}}]}\n\n')], "m"))
    run.result()
    watched = run.receiver
    watched.__class__ = _Watched
    assert isinstance(watched, _Watched)
    watched.other = []
    return watched


def test_two_threads_that_see_the_end_of_a_turn_get_the_same_reply(receiver: _Watched) -> None:
    version = Version((), receiver, ())
    receiver.other.append(lambda: version.reply)
    assert version.reply.answer == "Hello"
    assert version.reply is receiver.reply
    assert version.receiver is None


def test_two_threads_that_see_the_end_of_a_shown_reply_get_the_same_reply(receiver: _Watched) -> None:
    shown = Shown(receiver, Presentation(), lambda _: None, None, "place", "run")
    receiver.other.append(lambda: shown.reply)
    assert shown.reply.answer == "Hello"
    assert shown.reply is receiver.reply
