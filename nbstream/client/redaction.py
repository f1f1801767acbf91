"""Removes an API key from what a server says, as an error message that repeats it would be saved.

Only strings that were read are changed, never JSON, so that numbers, names and structure stay.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

if TYPE_CHECKING:
    from nbstream.client.secret import Secret

_T = TypeVar("_T")

MARK = "<secret>"
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
_KEY_CHARACTERS = r"[\w+/=-]*"
#: What is left of a key that a server masks: `****9f3a`, `sk-01234*****9f3a`, `sk-ab...wxyz`.
_MASKED = re.compile(rf"({_KEY_CHARACTERS}?)([*•●]+|\.{{2,}}|…|[xX]{{4,}}|\bending (?:in|with):? )({_KEY_CHARACTERS})")


class KeyRedactor:
    """Replaces one key, also in the notations of JSON, HTML and URLs.

    Args:
        key: the key; None replaces nothing, and neither does a word in place of a key.

    Attributes:
        forms: the notations of the key, longest first; empty if it is no secret.
        is_in_answers: whether the key is removed from text of the model, too.
    """

    def __init__(self, key: Secret | None) -> None:
        value = key.reveal() if key is not None else ""
        self._key = value = value if _is_secret(value) else ""
        as_json = json.dumps(value)[1:-1]
        forms = {value, as_json, as_json.replace("/", "\\/"), escape(value), quote(value), quote(value, safe="")}
        self.forms = sorted(filter(None, forms), key=len, reverse=True)
        self.is_in_answers = len(value) >= SHORTEST_KEY
        pattern = "|".join(map(re.escape, self.forms))
        self._pattern = re.compile(pattern if self.is_in_answers else rf"(?<!\w)(?:{pattern})(?!\w)")

    def __repr__(self) -> str:
        return "<KeyRedactor>"

    def find(self, text: str) -> re.Match[str] | None:
        """Return where the key first stands in `text`."""
        return self._pattern.search(text)

    def redact(self, text: str) -> str:
        """Return `text` without the key."""
        return self._pattern.sub(MARK, text) if self.forms else text

    def redact_error(self, text: str) -> str:
        """Return an error's text without the key, and without parts of it that the server left."""
        text = self.redact(text)
        if not self.forms:
            return text
        text = _MASKED.sub(self._unmasked, text)
        return self._without_pieces(text) if self.is_in_answers else text

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
        if isinstance(value, list | dict) and depth >= _DEEPEST:
            return None
        if isinstance(value, list):
            return [self._cleaned(each, depth + 1) for each in value]
        if isinstance(value, dict):
            return {self._cleaned(name): self._cleaned(each, depth + 1) for name, each in value.items()}
        return self.redact_fields(value) if is_dataclass(value) and not isinstance(value, type) else value

    def _unmasked(self, found: re.Match[str]) -> str:
        before, mask, after = found.groups()
        # Two letters before or after three dots may be any word's.
        least = 1 if mask[0] in "*•●" and len(mask) > 1 else 3
        start = next((size for size in range(len(before), 0, -1) if self._key.startswith(before[-size:])), 0)
        end = next((size for size in range(len(after), 0, -1) if self._key.endswith(after[:size])), 0)
        start = start if start >= least else 0
        end = end if end >= least else 0
        if not (start or end):
            return found[0]
        return f"{before[: len(before) - start]}{MARK}{after[end:]}"

    def _without_pieces(self, text: str) -> str:
        key, found, at = self._key, [], 0
        while at <= len(text) - _LEAST_PIECE:
            size = _LEAST_PIECE
            if text[at : at + size] not in key:
                found.append(text[at])
                at += 1
                continue
            while at + size < len(text) and text[at : at + size + 1] in key:
                size += 1
            found.append(MARK)
            at += size
        return "".join(found) + text[at:]


class GrowingText:
    """Removes the keys from a text that grows, however it is split into pieces."""

    def __init__(self, redactor: KeyRedactor) -> None:
        self._redactor = redactor
        self._forms = redactor.forms
        self._firsts = tuple({form[0] for form in redactor.forms})
        self._shortest = min(map(len, redactor.forms), default=0)
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
        """Return what is added to the text; an end that may be the beginning of a key is kept."""
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
        if len(self._pending) >= _MUCH:
            self._pending, self._out = "", 0
            return MARK
        added, self._out = self._pending[self._out :], len(self._pending)
        return added

    def _kept_size(self, text: str) -> int:
        size = 0
        for form in self._forms:
            size = max(size, _overlap(text, form))
        return size

    def _replaced(self, text: str) -> str:
        found = self._redactor.find(text)
        if found is None:
            return text
        # What is out of a key that begins at the beginning stays; the rest of it does not follow.
        kept = text[: max(found.start(), self._out)]
        return kept + MARK + self._redactor.redact(text[found.end() :])


def _is_secret(key: str) -> bool:
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
