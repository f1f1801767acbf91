"""A chat as JSON and back, with all turns and versions, and never a key."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from nbstream.chat.turn import Place, TurnState, Version, new_number
from nbstream.client import options
from nbstream.client.structured import structure_of
from nbstream.language import _
from nbstream.model.events import Ended
from nbstream.model.exceptions import RequestError
from nbstream.model.reduction import reduce, with_requests
from nbstream.model.reply import Reply
from nbstream.model.saved_values import decode, encode

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from nbstream.exchange.round_trip import Message

#: A number, or the first and the last one of a run.
_Run: TypeAlias = int | list[int]
#: The format that is written, and those that are read.
_FORMAT = 3
_FORMATS = (1, 2, _FORMAT)


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds."""

    name: str
    system: str | None
    defaults: options.Options
    states: tuple[TurnState, ...]


class _Messages:
    """The messages of a file, each of which is written once; requests refer to them."""

    def __init__(self, messages: list[Any]) -> None:
        self.messages = messages
        self._indices: dict[Hashable, int] = {}

    def runs(self, messages: Sequence[Message]) -> list[_Run]:
        return _runs(self._index(each) for each in messages)

    def at(self, runs: list[_Run]) -> tuple[Message, ...]:
        found: list[Message] = []
        for run in runs:
            first, last = (run, run) if isinstance(run, int) else run
            if not 0 <= first <= last < len(self.messages):
                raise IndexError(f"message {last}")
            found += self.messages[first : last + 1]
        return tuple(found)

    def _index(self, message: Message) -> int:
        # Most have only texts, whose hashes are known: each request has the messages of all before.
        is_text = all(isinstance(each, str) for each in message.values())
        key = tuple(message.items()) if is_text else json.dumps(message)
        index = self._indices.setdefault(key, len(self.messages))
        if index == len(self.messages):
            self.messages.append(message)
        return index


def to_json(name: str, system: str | None, defaults: Mapping[str, Any], states: Sequence[TurnState]) -> str:
    """Return a chat as JSON; every reply of it has ended."""
    messages = _Messages([])
    turns = [_turn(state, messages) for state in states]
    document = {
        "format": _FORMAT,
        "chat": name,
        "system": system,
        "defaults": _kept(defaults),
        "messages": messages.messages,
        "turns": turns,
    }
    return json.dumps(document, indent=1, default=encode)


def write(text: str, path: str | Path) -> None:
    """Write the text of a chat to a file.

    Raises:
        RequestError: if that is not possible.
    """
    target = Path(path)
    # The old file stays whole if the disk is full.
    part = target.with_name(f"{target.name}.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(target)
    except OSError as error:
        raise RequestError(
            _("The chat cannot be written to {target}: {strerror}.", target=target, strerror=error.strerror or error)
        ) from None


def read(path: str | Path) -> Content:
    """Return the content of a file.

    Raises:
        RequestError: if it cannot be read, or does not hold a chat.
    """
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise RequestError(_("The chat cannot be read from {path}: {error}.", path=path, error=error)) from None
    return from_json(text)


def from_json(text: str) -> Content:
    """Return the content of the text of a file.

    Raises:
        RequestError: if it does not hold a chat.
    """
    try:
        document = json.loads(text)
        if document["format"] not in _FORMATS:
            raise ValueError(f"format {document['format']!r}")  # noqa: TRY301  (as for any other content)
        messages = _Messages(document["messages"])
        numbers: dict[int, int] = {}
        states = tuple(_state(each, messages, numbers) for each in document["turns"])
        return Content(document["chat"], document["system"], options.checked(document["defaults"], "Chat"), states)
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise RequestError(_("This is no chat that nbstream has saved: {error!r:.80}", error=error)) from None


def _kept(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a chat as a file can keep them: a Python type as its JSON schema."""
    if isinstance(folder := defaults.get("cache"), os.PathLike):
        defaults = {**defaults, "cache": os.fspath(folder)}
    schema = defaults.get("schema")
    if schema is None or isinstance(schema, str | dict):
        return dict(defaults)
    structure = structure_of({"schema": schema})
    return {**defaults, "schema": structure.schema if structure is not None else None}


def _turn(state: TurnState, messages: _Messages) -> dict[str, Any]:
    return {
        "current": state.current,
        "hidden": state.is_hidden,
        "aside": state.is_aside,
        "cell": list(state.place) if state.place else None,
        "branches": state.has_branches,
        "follows": _runs(sorted(state.follows)),
        "versions": [_version(each, messages) for each in state.versions],
    }


def _version(version: Version, messages: _Messages) -> dict[str, Any]:
    reply = version.reply
    short = with_requests(reply, lambda request: replace(request, messages=()))
    # First, so that messages have their numbers in the order in which they are sent.
    asked = [messages.runs(step.request.messages) for step in reply.steps]
    return {
        "number": version.number,
        "continues": list(version.numbers[:-1]),
        "after": _runs(sorted(version.after)),
        "sent": messages.runs(version.sent),
        "edited": version.edited_answer,
        "prompt_edited": version.is_prompt_edited,
        "request_messages": asked,
        "reply": encode(short),
    }


def _state(document: dict[str, Any], messages: _Messages, numbers: dict[int, int]) -> TurnState:
    found = tuple(_read_version(each, messages, numbers) for each in document["versions"])
    # A wrong index is an error here, and not when the turn is used.
    current = range(len(found))[document["current"]]
    cell = document["cell"]
    return TurnState(
        found,
        current,
        document["hidden"],
        document["aside"],
        Place(*cell) if cell else None,
        # Formats 1 and 2 know no branches.
        document.get("branches", False),
        _renumbered(document.get("follows", ()), numbers),
    )


def _read_version(document: dict[str, Any], messages: _Messages, numbers: dict[int, int]) -> Version:
    reply = decode(document["reply"])
    if not isinstance(reply, Reply):
        raise TypeError("a version has no reply")
    indices = iter(_of_each_step(document["request_messages"]))
    reply = with_requests(reply, lambda request: replace(request, messages=messages.at(next(indices))))
    if not reply.ended:
        # It was saved while it asked whether a tool may run.
        reply = reduce(reply, Ended(reply.timing.ended or 0.0, "cancelled"))
    version = Version(
        messages.at(document["sent"]),
        reply,
        _renumbered(document["after"], numbers),
        document["edited"],
        is_prompt_edited=document["prompt_edited"],
        continues=[numbers.setdefault(number, new_number()) for number in document.get("continues", ())],
    )
    numbers[document["number"]] = version.number
    return version


def _runs(numbers: Iterable[int]) -> list[_Run]:
    """Return numbers with each run of them as its first and its last one: `[1, [4, 9]]`.

    Each version names all before it, so a list of a long chat would grow with the square.
    """
    found: list[_Run] = []
    first = last = None
    for number in (*numbers, None):
        if last is not None and number == last + 1:
            last = number
            continue
        if first is not None and last is not None:
            found.append(first if first == last else [first, last])
        first = last = number
    return found


def _renumbered(runs: Sequence[_Run], numbers: Mapping[int, int]) -> frozenset[int]:
    """Return the numbers that versions of a file have in this process, as far as it has them."""
    singles = {run for run in runs if isinstance(run, int)}
    ranges = [range(first, last + 1) for first, last in (run for run in runs if not isinstance(run, int))]
    return frozenset(new for old, new in numbers.items() if old in singles or any(old in each for each in ranges))


def _of_each_step(found: list[Any]) -> list[list[_Run]]:
    """Return the messages of each step; in format 1 a reply has one step, and no runs."""
    return found if found and isinstance(found[0], list) else [found]
