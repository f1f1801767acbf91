"""Removes keys from what a server says, as an error message that repeats it would be saved.

Only strings that were read are changed, never JSON, so that numbers, names and structure stay.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from nbstream.model.hidden_text import MARK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.client.secret import Secret

_T = TypeVar("_T")

#: A shorter key is left in an answer, of which it may be a word.
SHORTEST_KEY = 16
#: A still shorter key, or one without a letter and a digit, is no secret: servers without keys get
#: a word such as "ollama" or "none".
_SHORTEST_SECRET = 6
#: Longer keys that are no secrets either: the documentation of servers gives them.
_PLACEHOLDERS = frozenset(
    {"sk-no-key-required", "no-key-required", "no-api-key-required", "your-api-key-here", "your_api_key_here"}
)
#: So many characters of a key in a row are a part of it, and no chance.
_LEAST_PIECE = 8
#: So many characters from its beginning are much of a key; many keys begin with the same few.
_MUCH = 12
#: Deeper levels of a field of a response are dropped.
_DEEPEST = 100
_ONLY_LETTERS = re.compile(r"[^\W\d_]+(?:[-_][^\W\d_]+)*|--?[a-z]+(?:[-_][a-z]+)*")
#: The characters that .NET, and those that Gson and Go, escape in JSON although they need not.
_ESCAPED_IN_JSON = ("+&<>'`", "=&<>'")
#: A pattern that matches nowhere.
_NEVER = r"(?!)"
_KEY_CHARACTERS = re.compile(r"[\w+/=-]*")
#: What stands for the part of a key that a server masks: `****9f3a`, `sk-01234*****9f3a`,
#: `sk-ab...wxyz`.
_MASK = re.compile(r"[*•●]+|\.{2,}|…|[xX]{4,}|\bending (?:in|with):? ")


class KeyRedactor:
    """Replaces keys, also in the notations of JSON, HTML and URLs.

    Args:
        *keys: the keys; None is no key, and a word in place of a key is none either.

    Attributes:
        forms: the notations of the keys, longest first; empty if none is a secret.
        answer_forms: those that are removed from text of the model, too.
    """

    def __init__(self, *keys: Secret | None) -> None:
        found = dict.fromkeys(value for key in keys if key is not None and is_secret(value := key.reveal()))
        self._keys = tuple(found)
        self._long = tuple(key for key in found if len(key) >= SHORTEST_KEY)
        self.forms, self.answer_forms = _forms(self._keys), _forms(self._long)
        in_answers = "|".join(map(re.escape, self.answer_forms))
        words = "|".join(map(re.escape, _forms([key for key in found if key not in self._long])))
        self._in_answers = re.compile(in_answers or _NEVER)
        self._pattern = re.compile(rf"{in_answers or _NEVER}|(?<!\w)(?:{words or _NEVER})(?!\w)")

    def __repr__(self) -> str:
        return "<KeyRedactor>"

    def find(self, answer: str) -> re.Match[str] | None:
        """Return where a key first stands in a text of the model."""
        return self._in_answers.search(answer)

    def redact_answer(self, text: str) -> str:
        """Return a text of the model without keys."""
        return self._in_answers.sub(MARK, text)

    def redact(self, text: str) -> str:
        """Return `text` without keys, short ones included."""
        return self._pattern.sub(MARK, text)

    def redact_json(self, value: Any, depth: int = 0) -> Any:
        """Return a JSON value without keys, in a name or a text of any field."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, list | dict) and depth >= _DEEPEST:
            return None
        if isinstance(value, list):
            return [self.redact_json(each, depth + 1) for each in value]
        if isinstance(value, dict):
            return {self.redact(name): self.redact_json(each, depth + 1) for name, each in value.items()}
        return value

    def redact_error(self, text: str) -> str:
        """Return an error's text without keys, and without parts of them that the server left."""
        text = self.redact(text)
        if not self._keys:
            return text
        text = self._unmasked(text)
        return self._without_pieces(text) if self._long else text

    def redact_fields(self, value: _T) -> _T:
        """Return an instance of a dataclass with `redact_error` applied to every string in it."""
        changed: dict[str, Any] = {}
        for each in fields(value):  # type: ignore[arg-type]
            old = getattr(value, each.name)
            new = self._cleaned(old)
            if new is not old:
                changed[each.name] = new
        return replace(value, **changed) if changed else value  # type: ignore[type-var]

    def _cleaned(self, value: Any, depth: int = 0) -> Any:
        if isinstance(value, str):
            cleaned = self.redact_error(value)
            return value if cleaned == value else cleaned
        if isinstance(value, list | dict) and depth >= _DEEPEST:
            return None
        if isinstance(value, list):
            return [self._cleaned(each, depth + 1) for each in value]
        if isinstance(value, dict):
            return {self._cleaned(name): self._cleaned(each, depth + 1) for name, each in value.items()}
        return self.redact_fields(value) if is_dataclass(value) and not isinstance(value, type) else value

    def _unmasked(self, text: str) -> str:
        """Return a text without the parts of keys beside a mask."""
        found, at = [], 0
        most = max(map(len, self._keys))
        for mask in _MASK.finditer(text):
            # No more than a key is looked at, as a line of base64 may be long.
            before = _last_run(text[max(0, mask.start() - most) : mask.start()])
            after = _KEY_CHARACTERS.match(text, mask.end(), mask.end() + most)
            # Two letters before or after three dots may be any word's.
            least = 1 if mask[0][0] in "*•●" and len(mask[0]) > 1 else 3
            ends = (_ends_of(key, before, after[0] if after else "", least) for key in self._keys)
            start, end = max(ends, key=sum)
            if start or end:
                found += [text[at : max(at, mask.start() - start)], MARK]
                at = max(at, mask.end() + end)
        return "".join(found) + text[at:]

    def _without_pieces(self, text: str) -> str:
        found, at = [], 0
        while at <= len(text) - _LEAST_PIECE:
            size = max(_size_of_piece(key, text, at) for key in self._long)
            found.append(MARK if size else text[at])
            at += size or 1
        return "".join(found) + text[at:]


def without_keys(message: str, words: Iterable[str]) -> str:
    """Return a message without those of the words a user gave that may be keys."""
    for word in words:
        # A word, or an option and its value.
        for part in (word, word.partition("=")[2]):
            if len(part) >= SHORTEST_KEY and not _ONLY_LETTERS.fullmatch(part):
                message = message.replace(repr(part)[1:-1], "…").replace(part, "…")
    return message


class GrowingText:
    """Removes the keys from a text that grows, however it is split into pieces."""

    def __init__(self, redactor: KeyRedactor) -> None:
        self._redactor = redactor
        self._firsts = tuple({form[0] for form in redactor.answer_forms})
        self._shortest = min(map(len, redactor.answer_forms), default=0)
        #: The end of the text that may be the beginning of a key, and how much of it is out.
        self._pending = ""
        self._out = 0

    def begins_no_key(self, piece: str) -> bool:
        """Return whether `piece`, added to the text so far, has neither a key nor its beginning."""
        if self._pending:
            return False
        for first in self._firsts:
            if first in piece:
                return len(piece) < self._shortest and not self._kept_size(piece)
        return True

    def feed(self, piece: str) -> str:
        """Return the addition to the text; an end that may be the beginning of a key is kept."""
        if self.begins_no_key(piece):
            return piece
        text = self._pending + piece
        if len(text) >= self._shortest:
            text = self._replaced(text)
        size = self._kept_size(text)
        released = len(text) - size
        added = text[self._out : released]
        self._pending, self._out = text[released:], max(0, self._out - released)
        return added

    def flush(self) -> str:
        """Return the end that was kept, unless it is much of a key. The text may still go on."""
        if much_of_a_key(self._pending):
            self._pending, self._out = "", 0
            return MARK
        added, self._out = self._pending[self._out :], len(self._pending)
        return added

    def _kept_size(self, text: str) -> int:
        return size_of_beginning(self._redactor, text)

    def _replaced(self, text: str) -> str:
        found = self._redactor.find(text)
        if found is None:
            return text
        # What is out of a key that begins at the beginning stays; the rest of it does not follow.
        kept = text[: max(found.start(), self._out)]
        return kept + MARK + self._redactor.redact_answer(text[found.end() :])


def much_of_a_key(text: str) -> bool:
    """Return whether a text that begins a key is so much of it that it may not be shown."""
    return len(text) >= _MUCH


def size_of_beginning(redactor: KeyRedactor, text: str) -> int:
    """Return how many characters at the end of `text` may be the beginning of a key."""
    size = 0
    for form in redactor.answer_forms:
        size = max(size, _overlap(text, form))
    return size


def _forms(keys: Iterable[str]) -> list[str]:
    """Return the notations of keys, longest first."""
    found: set[str] = set()
    for key in keys:
        as_json = json.dumps(key)[1:-1]
        found |= {key, as_json, as_json.replace("/", "\\/"), escape(key), quote(key), quote(key, safe="")}
        found |= {_escaped(key, special, form) for special in _ESCAPED_IN_JSON for form in ("04x", "04X")}
    return sorted(found, key=len, reverse=True)


def _escaped(key: str, special: str, form: str) -> str:
    r"""Return a key with characters in the form that JSON has for any of them, as `\u002b`."""
    return "".join(f"\\u{ord(char):{form}}" if char in special else char for char in key)


def _last_run(text: str) -> str:
    """Return the characters of keys at the end of a text."""
    found = _KEY_CHARACTERS.match(text[::-1])
    return found[0][::-1] if found is not None else ""


def _ends_of(key: str, before: str, after: str, least: int) -> tuple[int, int]:
    """Return how many characters of a key stand before and after its masked part.

    Fewer than `least` are none.
    """
    start = next((size for size in range(len(before), 0, -1) if key.startswith(before[-size:])), 0)
    end = next((size for size in range(len(after), 0, -1) if key.endswith(after[:size])), 0)
    return start if start >= least else 0, end if end >= least else 0


def _size_of_piece(key: str, text: str, at: int) -> int:
    """Return how many characters of `text` from `at` on are a piece of a key; 0 if too few are."""
    size = _LEAST_PIECE
    if text[at : at + size] not in key:
        return 0
    while at + size < len(text) and text[at : at + size + 1] in key:
        size += 1
    return size


def is_secret(key: str) -> bool:
    """Return whether a key is none of the placeholders and words that servers without keys take."""
    if key.casefold() in _PLACEHOLDERS or len(set(key)) <= 3:  # noqa: PLR2004  (as in "xxxx" and "sk-xxxx")
        return False
    has_both = any(char.isalpha() for char in key) and any(char.isdigit() for char in key)
    return len(key) >= SHORTEST_KEY or (len(key) >= _SHORTEST_SECRET and has_both)


def _overlap(text: str, form: str) -> int:
    """Return how many characters at the end of `text` may be the beginning of `form`."""
    at = text.find(form[0], max(0, len(text) - len(form) + 1))
    while at >= 0 and not form.startswith(text[at:]):
        at = text.find(form[0], at + 1)
    return len(text) - at if at >= 0 else 0
