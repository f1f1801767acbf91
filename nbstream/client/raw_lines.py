"""One line of a response, which can be written again without a key that was in its JSON value."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The names and places that lead to a text in a JSON value.
Path: TypeAlias = tuple[str | int, ...]

_FIELD = re.compile(r"\ufeff?\s*(?:data\s*:\s*)?")
_DATA = re.compile(r"\ufeff?\s*data\s*:")
#: Deeper levels of an event are not searched for a key that is split.
DEEPEST = 40


class RawLine:
    """A line of a response: its text, and what of its JSON value is changed.

    Args:
        text: the line with its end.
        is_changed: whether a key was in it.
    """

    __slots__ = ("_begins_at", "carrier", "changes", "holders", "is_changed", "text", "value", "whole")

    def __init__(self, text: str, *, is_changed: bool = False) -> None:
        self.text = text
        #: The text of its JSON value, which may go on in the next lines.
        self.whole = text
        #: The line before it in which its JSON value begins.
        self.carrier: RawLine | None = None
        self.is_changed = is_changed
        self.value: Any = None
        self.changes: dict[Path, str] = {}
        #: How many texts may hold a key that goes on in a later line.
        self.holders = 0
        found = _FIELD.match(text)
        self._begins_at = begins_at = found.end() if found is not None else 0
        if text.startswith(("{", "["), begins_at):
            try:
                self.value = json.loads(text[begins_at:])
            except (ValueError, RecursionError):
                self.value = None

    @property
    def is_data(self) -> bool:
        """Whether it is data of an event."""
        return _DATA.match(self.text) is not None

    @property
    def content(self) -> str:
        """The text after the name of the field, and before the end of the line."""
        return self.text[self._begins_at :].rstrip("\r\n")

    def begins_value(self, others: Sequence[RawLine]) -> bool:
        """Take the JSON value that begins in this line and goes on in others, if there is one."""
        lines = [self, *others]
        whole = "\n".join(each.content for each in lines)
        try:
            self.value = json.loads(whole)
        except (ValueError, RecursionError):
            return False
        self.whole = whole
        self.is_changed = any(each.is_changed for each in lines)
        for each in others:
            each.carrier = self
        return True

    @property
    def is_rewritten(self) -> bool:
        """Whether its value is written anew."""
        return bool(self.changes) or (self.is_changed and self._has_bytes)

    @property
    def _has_bytes(self) -> bool:
        return self.value is not None and '"bytes"' in self.whole

    def bytes(self) -> bytes:
        """Return the line without keys."""
        text = self.text
        ending = text[len(text.rstrip("\r\n")) :]
        if self.carrier is not None and self.carrier.is_rewritten:
            # The whole value stands in that line.
            text = text[: self._begins_at] + ending
        elif self.is_rewritten:
            if self._has_bytes:
                # Those of tokens, which spell the key once more.
                _drop_bytes(self.value)
            for path, new in self.changes.items():
                inner = self.value
                for name in path[:-1]:
                    inner = inner[name]
                inner[path[-1]] = new
            # ASCII, as the value may have half of a surrogate pair.
            text = text[: self._begins_at] + json.dumps(self.value, separators=(",", ":")) + ending
        return text.encode("utf-8", "surrogateescape")


def _drop_bytes(value: Any, depth: int = 0) -> None:
    """Take the fields `bytes` out of a JSON value."""
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        if isinstance(value.get("bytes"), list):
            value["bytes"] = None
        for inner in value.values():
            _drop_bytes(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _drop_bytes(inner, depth + 1)
