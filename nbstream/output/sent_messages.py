"""The messages of a request for reading, with what was inserted marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbstream.model.printable import one_line, printable
from nbstream.model.request import CHAT, MESSAGES
from nbstream.output import sent_request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nbstream.model.request import Inserted, Request


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a message's text.

    Attributes:
        text: the text, as it was sent.
        name: the name of the value or file that was inserted there; empty for the user's own words.
        facts: what it is, such as `pandas DataFrame, 10,000 rows: 5 of 10,000 rows`.
    """

    text: str
    name: str = ""
    facts: str = ""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One text of a request.

    Attributes:
        role: system, user, assistant or tool; `prompt` and `suffix` of a completion.
        title: its number, its role and its parts, on one line.
        segments: its text; joined, they are all of it.
    """

    role: str
    title: str
    segments: tuple[Segment, ...]

    @property
    def size(self) -> int:
        """How many characters it has."""
        return sum(len(each.text) for each in self.segments)


def sent_messages(request: Request) -> list[SentMessage]:
    """Return the texts of a request in their order, whole."""
    return [
        SentMessage(role, title, tuple(segments(text, request.inserted if is_last else ())))
        for role, title, text, is_last in _texts(request)
    ]


def segments(text: str, inserted: Sequence[Inserted]) -> Iterator[Segment]:
    """Yield the stretches of a text, each inserted one by itself.

    An inserted text is looked for in its order: those above the prompt first, then those in it, and
    those below it from the end. One that is not found, as an image has no text, is left out.
    """
    places: list[tuple[int, int, Inserted]] = []
    start, end = 0, len(text)
    for each in inserted:
        if each.text and each.place != "below" and (at := text.find(each.text, start)) >= 0:
            places.append((at, at + len(each.text), each))
            start = at + len(each.text)
    for each in reversed(inserted):
        if each.text and each.place == "below" and (at := text.rfind(each.text, start, end)) >= 0:
            places.append((at, at + len(each.text), each))
            end = at
    at = 0
    for begin, stop, each in sorted(places, key=lambda place: place[:2]):
        if begin > at:
            yield Segment(printable(text[at:begin]))
        yield Segment(printable(text[begin:stop]), one_line(each.name), sent_request.inserted_facts(each))
        at = stop
    if at < len(text) or not places:
        yield Segment(printable(text[at:]))


def _texts(request: Request) -> Iterator[tuple[str, str, str, bool]]:
    """Yield for each text its role, its title, itself, and whether the user's values are in it."""
    if request.address.call not in (CHAT, MESSAGES):
        for name in ("prompt", "suffix"):
            if isinstance(text := request.parameters.get(name), str):
                yield name, name, text, name == "prompt"
        return
    messages = request.messages
    users = [number for number, each in enumerate(messages, 1) if each.get("role") == "user"]
    called: dict[str, str] = {}
    for number, message in enumerate(messages, 1):
        role = one_line(str(message.get("role")))
        for part in sent_request.parts_of(number, message, called):
            yield role, part.title, part.text, bool(users) and number == users[-1]


def others(request: Request) -> list[tuple[str, Any]]:
    """Return the names and facts of what was inserted without a text, such as an image."""
    return [(one_line(each.name), sent_request.inserted_facts(each)) for each in request.inserted if not each.text]
