"""Fields that are not text of the reply: kept as extras, or reported in a warning."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nbstream.model.events import Event, Noted, Warned
from nbstream.model.printable import one_line
from nbstream.model.warning import ReplyWarning, WarningKind
from nbstream.wire.content_parts import strings_in
from nbstream.wire.surrogates import join_surrogates

if TYPE_CHECKING:
    from collections.abc import Collection

#: A larger value is not kept.
LARGEST_EXTRA = 64 << 10
#: So many extras, and so many places of warnings, are told apart.
_MOST_NAMES = 32
_LONGEST_NAME = 80
_ELSEWHERE = "other fields"


class OtherFields:
    """Takes the fields that the decoder does not read, so that none of their text is lost."""

    def __init__(self) -> None:
        self._extras: dict[str, Any] = {}
        self._texts: set[str] = set()
        self._places: set[tuple[WarningKind, str]] = set()
        self._last: dict[str, list[str]] = {}

    def keep(self, name: str, value: Any, at: float, events: list[Event]) -> None:
        """Keep a field that describes the response. One whose text changes is text."""
        old = self._extras.get(name)
        if value == old or value in (None, "", [], {}):
            return
        if name in self._texts or not self._has_room(name):
            self.report(name, strings_in(value), at, events)
            return
        value, fits = storable(value)
        if not fits:
            self.report(name, strings_in(value), at, events)
            return
        present = strings_in(value)
        if isinstance(old, str) and isinstance(value, str):
            # A text that grows by deltas in a field that nbstream does not know.
            self._texts.add(name)
            self._extras[name] = None
            events.append(Noted(at, name, None))
            self.report(name, [old, value], at, events)
            return
        if isinstance(old, list) and isinstance(value, list) and not _contains(present, strings_in(old)):
            value = old + value
            if not storable(value)[1]:
                self.report(name, present, at, events)
                return
        else:
            kept = set(present)
            self.report(name, [text for text in strings_in(old) if text not in kept], at, events)
        self._extras[name] = value
        events.append(Noted(at, name, value))

    def tell(self, where: str, value: Any, shown: Collection[str], at: float, events: list[Event]) -> None:
        """Report the text of a field, unless the chunk's own text or the last value repeats it."""
        texts = [text for text in strings_in(value) if text not in shown]
        if texts and self._last.get(where) != texts:
            if where in self._last or len(self._last) < _MOST_NAMES:
                self._last[where] = texts
            self.report(where, texts, at, events)

    def report(
        self, where: str, texts: list[str], at: float, events: list[Event], kind: WarningKind = "other_text"
    ) -> None:
        """Report texts that are not shown."""
        said = join_surrogates("".join(texts))
        if not said:
            return
        where = one_line(where)[:_LONGEST_NAME]
        if (kind, where) not in self._places:
            if len(self._places) >= _MOST_NAMES:
                where = _ELSEWHERE
            self._places.add((kind, where))
        events.append(Warned(at, ReplyWarning(kind, said, where)))

    def _has_room(self, name: str) -> bool:
        return name in self._extras or (len(self._extras) < _MOST_NAMES and len(name) <= _LONGEST_NAME)


def storable(value: Any, largest: int | None = LARGEST_EXTRA) -> tuple[Any, bool]:
    """Return a value without lone surrogates, and whether it can be kept.

    It can if it is not nested too deeply and has at most `largest` characters as JSON.
    """
    if isinstance(value, int | float):
        return value, True
    try:
        written = json.dumps(value, ensure_ascii=False)
        if largest is not None and len(written) > largest:
            return value, False
        joined = join_surrogates(written)
        return (value if joined is written else json.loads(joined)), True
    except (RecursionError, ValueError):
        return value, False


def _contains(present: list[str], texts: list[str]) -> bool:
    known = set(present)
    return all(text in known for text in texts)
