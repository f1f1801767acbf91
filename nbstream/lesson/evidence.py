"""What checks look at: the replies of this session, and the kind of a student's value."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from nbstream.client import history
from nbstream.model.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator


def replies() -> Iterator[Reply]:
    """Yield the replies of this session, the newest first."""
    for back in count():
        if (reply := history.last_reply(back)) is None:
            return
        yield reply


def replies_to(prompt: str) -> list[Reply]:
    """Return the complete replies to a prompt, the newest first; white space does not matter."""
    wanted = folded(prompt)
    return [reply for reply in replies() if reply.status == "complete" and prompt_of(reply) == wanted]


def prompt_of(reply: Reply) -> str:
    """Return the last user message of a reply's request, with white space folded."""
    contents = [message.get("content") for message in reply.request.messages if message.get("role") == "user"]
    return folded(contents[-1]) if contents and isinstance(contents[-1], str) else ""


def folded(text: str) -> str:
    """Return a text in which each run of white space is one blank."""
    return " ".join(text.split())


def reply_of(value: object) -> Reply:
    """Return a value that is a reply.

    Raises:
        TypeError: if it is none; the exercise says what it expects.
    """
    if not isinstance(value, Reply):
        raise TypeError(value)
    return value


def number_of(value: Any) -> float:
    """Return a value that is a number.

    Raises:
        TypeError: if it is none; the exercise says what it expects.
    """
    if isinstance(value, bool | str):
        raise TypeError(value)
    return float(value)


def is_near(value: float, right: float, tolerance: float) -> bool:
    """Return whether a number is right up to `tolerance`."""
    return abs(value - right) <= tolerance
