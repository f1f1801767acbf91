"""Removes keys from the raw bytes of a response, line by line.

Bytes stay as they came unless a key is in them. A key may be split over the texts of several
events, so a line is held back until it is clear that no key goes on in a later one.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.client.raw_lines import DEEPEST, Path, RawLine
from nbstream.client.redaction import much_of_a_key, size_of_beginning
from nbstream.model.hidden_text import MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from nbstream.client.redaction import KeyRedactor

_LINES = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
_NAMED_ERROR = re.compile(r"\ufeff?\s*event\s*:\s*error\s*\Z")
#: A server's error names its message so; the chunks of an answer have neither.
_OF_ERRORS = re.compile(r'"(?:message|detail|msg|error_msg|errorMessage|reason|status_msg)"')


class _Part(NamedTuple):
    """A text of a line that may hold a part of a key."""

    line: RawLine
    path: Path
    text: str


class LineRedactor:
    """Takes the lines of a response, and returns them without keys, in the same order and number.

    Args:
        redactor: knows the keys.
        patience: how many later lines a line may wait for, more for long keys; None for all of
            them.
    """

    def __init__(self, redactor: KeyRedactor, patience: int | None = None) -> None:
        self._redactor = redactor
        self._patience = patience
        if patience is not None:
            # A long key in single characters, each in an event of three lines, with comments.
            self._patience = max(patience, 6 * max(map(len, redactor.answer_forms), default=0))
        #: The lines that are not returned yet.
        self._waiting: deque[RawLine] = deque()
        #: The texts at the end of each channel that may be the beginning of a key.
        self._open: dict[Path, list[_Part]] = {}
        #: The lines of data of an event whose value goes on in the next line.
        self._parts: list[RawLine] = []
        #: Whether the event is named "error", so that any data of it is an error.
        self._is_named_error = False

    def feed(self, line: bytes) -> list[bytes]:
        """Take a line with its end, and return the lines that are clear now."""
        if not self._redactor.forms:
            return [line]
        given = line.decode("utf-8", "surrogateescape")
        text = self._redactor.redact(given)
        read = RawLine(text, is_changed=text != given)
        if read.value is not None:
            self._end_parts()
            self._read(read)
        elif not text.strip():
            self._end_parts()
            self._is_named_error = False
        else:
            self._is_named_error |= _NAMED_ERROR.match(text) is not None
            if not self._is_part(read):
                self._clean(read)
        self._waiting.append(read)
        if self._patience is not None and len(self._waiting) > self._patience:
            self._give_up(self._waiting[0])
        return self._clear()

    def flush(self) -> list[bytes]:
        """Return the other lines, at the end of the response."""
        self._end_parts()
        for parts in self._open.values():
            self._end(parts)
        self._open.clear()
        return self._clear()

    def _clean(self, line: RawLine) -> None:
        """Clean a comment, a web page, or what a gateway says in the place of an event."""
        line.text = self._redactor.redact_error(line.text)

    def _is_part(self, line: RawLine) -> bool:
        """Hold a line if it may be a part of a JSON value in several lines of data."""
        content = line.content if line.is_data else ""
        if not self._parts and (not content.startswith(("{", "[")) or content == "[DONE]"):
            return False
        line.holders += 1
        self._parts.append(line)
        return True

    def _end_parts(self) -> None:
        """Read the value of the lines that are held; other lines than data are none of it."""
        held, self._parts = self._parts, []
        if not held:
            return
        first, *others = (each for each in held if each.is_data)
        if first.begins_value(others):
            self._read(first)
        for each in held:
            if each.value is None and each.carrier is None:
                self._clean(each)
            each.holders -= 1

    def _end(self, parts: list[_Part]) -> None:
        """Release texts although a key may go on; much of one is replaced."""
        text = "".join(each.text for each in parts)
        size = size_of_beginning(self._redactor, text)
        if much_of_a_key(text[len(text) - size :]):
            _replace(parts, len(text) - size, len(text))
        _release(parts)

    def _read(self, line: RawLine) -> None:
        redact_error = self._redactor.redact_error
        text = line.whole
        is_error = self._is_named_error or '"error"' in text or ('"choices"' not in text and _OF_ERRORS.search(text))
        for path, channel, text in _texts(line.value):
            if is_error and (cleaned := redact_error(text)) != text:
                line.changes[path] = cleaned
            elif self._redactor.answer_forms:
                self._grow(channel, _Part(line, path, text))

    def _grow(self, channel: Path, part: _Part) -> None:
        """Add a text to its channel, and remove a key that it completes."""
        parts = self._open.pop(channel, None) or []
        if not parts and not size_of_beginning(self._redactor, part.text):
            # Nearly every text.
            return
        parts.append(part)
        part.line.holders += 1
        text = "".join(each.text for each in parts)
        while (found := self._redactor.find(text)) is not None:
            _replace(parts, found.start(), found.end())
            text = "".join(each.text for each in parts)
        kept, size = [*parts], size_of_beginning(self._redactor, text)
        while kept and sum(len(each.text) for each in kept[1:]) >= size:
            _release([kept.pop(0)])
        if kept:
            self._open[channel] = kept

    def _give_up(self, line: RawLine) -> None:
        """Hold a line no longer."""
        if line in self._parts:
            self._end_parts()
        for channel, parts in [*self._open.items()]:
            if any(each.line is line for each in parts):
                self._end(self._open.pop(channel))

    def _clear(self) -> list[bytes]:
        found = []
        while self._waiting and not self._waiting[0].holders:
            found.append(self._waiting.popleft().bytes())
        return found


def lines_of(data: bytes) -> list[bytes]:
    """Return the lines of a whole response, each with its end."""
    return _LINES.findall(data)


def without_keys(pieces: Sequence[bytes], redactor: KeyRedactor) -> list[bytes]:
    """Return the pieces of a whole response without keys; each still ends where it ended.

    A key that was split over two pieces is removed from both.
    """
    if not redactor.forms:
        return [*pieces]
    before = lines_of(b"".join(pieces))
    reader = LineRedactor(redactor)
    after = [each for line in before for each in reader.feed(line)] + reader.flush()
    if before == after:
        return [*pieces]
    return [*_split_again(pieces, before, after)]


def _split_again(pieces: Iterable[bytes], before: Sequence[bytes], after: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the changed lines, split where the pieces ended; a changed line ends one piece."""
    lines = iter(zip(before, after, strict=True))
    line, new = next(lines, (b"", b""))
    left = len(line)
    for piece in pieces:
        size, found = len(piece), b""
        while size:
            taken = min(size, left)
            if line == new:
                found += line[len(line) - left : len(line) - left + taken]
            elif taken == left:
                found += new
            size, left = size - taken, left - taken
            if not left:
                line, new = next(lines, (b"", b""))
                left = len(line)
        yield found


def _texts(value: Any, path: Path = (), channel: Path = ()) -> Iterator[tuple[Path, Path, str]]:
    """Yield the texts of a JSON value, each with its path and the name of its channel.

    In the channel's name, the field `index` stands for the place in a list: the calls of a response
    are told apart by it.
    """
    if isinstance(value, str):
        yield path, channel, value
    elif len(path) > DEEPEST:
        return
    elif isinstance(value, dict):
        index = value.get("index")
        own = (*channel[:-1], index) if isinstance(index, int) and channel else channel
        own = (index,) if isinstance(index, int) and not channel else own
        for name, inner in value.items():
            yield from _texts(inner, (*path, name), (*own, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*path, number), (*channel, number))


def _replace(parts: list[_Part], start: int, end: int) -> None:
    """Put the mark in place of what is from `start` to `end` of the joined texts."""
    at = 0
    for number, part in enumerate(parts):
        size, text = len(part.text), part.text
        first, last = max(start - at, 0), min(end - at, size)
        if first < last:
            mark = MARK if at <= start < at + size else ""
            text = text[:first] + mark + text[last:]
            part.line.changes[part.path] = text
            parts[number] = part._replace(text=text)
        at += size


def _release(parts: Iterable[_Part]) -> None:
    for part in parts:
        part.line.holders -= 1
