"""Reads the JSON of an event, also where events are glued together or one is cut off."""

from __future__ import annotations

import json
import re
from typing import Any

#: What separates values: white space, and the field's name that a gateway wrote twice.
_BETWEEN = re.compile(r"(?:[\s\ufeff]|data:)*")
_NEXT = re.compile(r"data:\s*")
_DONE = "[DONE]"
#: So many beginnings of a value are tried; each may be read to the end of the text.
_MOST_TRIES = 32
_DECODER = json.JSONDecoder()


class Done:
    """Stands for `[DONE]`, after which nothing is read."""


def values_in(text: str) -> tuple[list[Any], list[str]]:
    """Return the JSON values in `text`, and the parts of it that are none.

    A chunk that is cut off may have another one behind it: `{"choi data: {"choices": …}`.
    """
    if text.startswith("{"):
        # Nearly every event is one object.
        try:
            value, end = _DECODER.raw_decode(text)
        except (ValueError, RecursionError):
            pass
        else:
            if end == len(text):
                return [value], []
    values: list[Any] = []
    unreadable: list[str] = []
    tries = 0
    at = _after_blanks(text, 0)
    while at < len(text):
        if text.startswith(_DONE, at):
            values.append(Done())
            break
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at
        else:
            # A number or a word within text that is no JSON says nothing.
            if isinstance(value, dict | list) or (not values and not unreadable and end == len(text)):
                values.append(value)
                at = _after_blanks(text, end)
                continue
        following = _NEXT.search(text, max(end, at + 1))
        tries += 1
        if following is None or tries > _MOST_TRIES:
            unreadable.append(text[at:])
            break
        unreadable.append(text[at : following.start()])
        at = following.end()
    return values, unreadable


def _after_blanks(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at
