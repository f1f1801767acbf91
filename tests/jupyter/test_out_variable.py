"""The variable of `-o`, when several replies are to go into it."""

from __future__ import annotations

from typing import Any

from nbstream.jupyter.out_variable import OutVariable
from nbstream.model.events import Answer, Ended
from nbstream.model.reduction import reduced
from nbstream.model.reply import Reply


def reply(text: str, *, ended: bool = False) -> Reply:
    return reduced([Answer(0.0, text), *([Ended(1.0, "cancelled")] if ended else [])], Reply())


def test_a_reply_that_was_replaced_does_not_take_the_variable_back() -> None:
    variables: dict[str, Any] = {}
    first, second = OutVariable("replaced", variables), OutVariable("replaced", variables)
    first.keep(reply("first"))
    second.keep(reply("second"))
    first.keep(reply("first", ended=True))
    assert variables["replaced"].answer == "second"
    second.keep(reply("second", ended=True))
    assert variables["replaced"].ended


def test_a_reply_that_has_ended_at_once_and_one_that_is_asked_anew_are_kept() -> None:
    variables: dict[str, Any] = {}
    first, second = OutVariable("anew", variables), OutVariable("anew", variables)
    first.keep(reply("first", ended=True))
    second.keep(reply("second", ended=True))
    assert variables["anew"].answer == "second"
    first.keep(reply("again"))
    assert variables["anew"].answer == "again"
    first.keep(reply("again and again", ended=True))
    assert variables["anew"].answer == "again and again"
