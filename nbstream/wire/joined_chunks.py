"""Joins adjacent chunks of a response that differ in nothing but their text.

Servers repeat the id, the model and more with each token. What is joined decodes to the same reply
in fewer pieces; all other bytes stay as they are.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.wire.field_names import finish_label

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A joined chunk ends with a line of its text from so many characters on, and after so many at the
#: latest. Longer ones are hard to read as lines of a file, and save little more.
_LEAST, _MOST = 200, 800
_BLANK_LINE = re.compile(rb"\n(?:\r?\n)+")
#: An event of one JSON object, with its name or without, up to the next event.
_EVENT = re.compile(rb"((?:event:[^\r\n]*\r?\n)?data: ?)(\{[^\r\n]*\})(\r?\n(?:\r?\n)+)")
#: The texts of a delta of chat completions, and of the deltas of Anthropic's API by their types.
_TEXTS = ("content", "reasoning_content", "reasoning")
#: OpenRouter sends the reasoning again in a list of one part, in one of these fields of it.
_DETAILS = "reasoning_details"
_TEXTS_OF_DETAILS = ("text", "summary")
_TEXTS_BY_TYPE = {"text_delta": ("text",), "thinking_delta": ("thinking",)}
#: The fields that tell what a delta is.
_LABELS = frozenset({"role", "type"})
#: Random text of OpenAI's API that hides the length of a token. The latest one is kept.
_PADDING = "obfuscation"


class Part(NamedTuple):
    """A part of a response.

    Attributes:
        end: where it ended in the response as it was received.
        data: its bytes.
    """

    end: int
    data: bytes


def joined(body: bytes) -> list[Part]:
    """Return a response in parts: its events, some of them joined, and what is between them.

    Args:
        body: the bytes of the response.
    """
    parts: list[Part] = []
    run = _Run()
    for part in _blocks(body):
        chunk = _chunk(part.data)
        if chunk is None or not run.add(chunk, part):
            parts += run.parts()
            run = _Run()
            if chunk is None or not run.add(chunk, part):
                parts.append(part)
    return [*parts, *run.parts()]


def _blocks(body: bytes) -> Iterator[Part]:
    """Yield the response cut behind its blank lines."""
    start = 0
    for found in _BLANK_LINE.finditer(body):
        yield Part(found.end(), body[start : found.end()])
        start = found.end()
    if start < len(body):
        yield Part(len(body), body[start:])


@dataclass(slots=True)
class _Chunk:
    """A chunk of text.

    Attributes:
        before: the bytes before its JSON.
        value: the JSON without the texts and the padding.
        holders: the objects in `value` that have the texts, by the names of the texts.
        texts: the texts; none is empty.
        padding: the padding, if there is any.
        after: the bytes behind the JSON.
    """

    before: bytes
    value: dict[str, Any]
    holders: dict[str, dict[str, Any]]
    texts: dict[str, str]
    padding: str
    after: bytes


def _chunk(data: bytes) -> _Chunk | None:
    """Return a chunk that has text, and nothing that further chunks do not repeat."""
    found = _EVENT.fullmatch(data)
    if found is None:
        return None
    try:
        value = json.loads(found[2].decode())
    except (ValueError, RecursionError):
        return None
    delta, names = _delta_in(value)
    if delta is None:
        return None
    holders = {}
    for name, each in delta.items():
        if not each or name in _LABELS:
            continue
        if name in names and isinstance(each, str):
            holders[name] = delta
        elif name == _DETAILS and names is _TEXTS and (label := _text_of_details(each)):
            holders[label] = each[0]
        else:
            return None
    if not holders:
        return None
    texts = {name: holder[name] for name, holder in holders.items()}
    for name, holder in holders.items():
        holder[name] = ""
    padding = value.get(_PADDING)
    if padding := padding if isinstance(padding, str) else "":
        value[_PADDING] = ""
    return _Chunk(found[1], value, holders, texts, padding, found[3])


def _delta_in(value: dict[str, Any]) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """Return the delta of a chunk that may be joined, and the names that its texts may have."""
    choices, delta = value.get("choices"), value.get("delta")
    if value.get("type") == "content_block_delta" and isinstance(delta, dict):
        kind = delta.get("type")
        return delta, _TEXTS_BY_TYPE.get(kind, ()) if isinstance(kind, str) else ()
    if value.get("usage") or not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        return None, ()
    choice = choices[0]
    if finish_label(choice.get("finish_reason")) or choice.get("logprobs") or not isinstance(choice.get("delta"), dict):
        return None, ()
    return choice["delta"], _TEXTS


def _text_of_details(details: Any) -> str:
    """Return the name of the only text in a list of one part; empty if there is none."""
    if not isinstance(details, list) or len(details) != 1 or not isinstance(details[0], dict):
        return ""
    names = [name for name in _TEXTS_OF_DETAILS if details[0].get(name)]
    return names[0] if len(names) == 1 and isinstance(details[0][names[0]], str) else ""


class _Run:
    """Adjacent chunks that differ in their texts only."""

    def __init__(self) -> None:
        self._first: _Chunk | None = None
        self._padding = ""
        self._texts: dict[str, list[str]] = {}
        self._size = 0
        self._is_full = False
        self._parts: list[Part] = []

    def add(self, chunk: _Chunk, part: Part) -> bool:
        """Add a chunk, which stands in `part`, if it can be joined with the others."""
        first = self._first
        if first is None:
            self._first, self._texts = chunk, {name: [] for name in chunk.texts}
        elif (
            self._is_full
            or chunk.texts.keys() != self._texts.keys()
            or (chunk.before, chunk.after) != (first.before, first.after)
            or bool(chunk.padding) is not bool(first.padding)
            or chunk.value != first.value
        ):
            return False
        for name, text in chunk.texts.items():
            self._texts[name].append(text)
            self._size += len(text)
        self._padding = chunk.padding
        is_line = any(text.endswith("\n") for text in chunk.texts.values())
        self._is_full = self._size >= (_LEAST if is_line else _MOST)
        self._parts.append(part)
        return True

    def parts(self) -> list[Part]:
        """Return the joined chunk; a single one stays as it is."""
        first = self._first
        if first is None or len(self._parts) == 1:
            return self._parts
        for name, texts in self._texts.items():
            first.holders[name][name] = "".join(texts)
        if self._padding:
            first.value[_PADDING] = self._padding
        return [Part(self._parts[-1].end, first.before + _encoded(first.value) + first.after)]


def _encoded(value: dict[str, Any]) -> bytes:
    separators = ",", ":"
    try:
        return json.dumps(value, ensure_ascii=False, separators=separators).encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair is no UTF-8.
        return json.dumps(value, separators=separators).encode()
