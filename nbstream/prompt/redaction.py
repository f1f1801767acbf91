"""Removes what looks like a secret from cells and outputs, which a prompt takes as a whole.

Keys stand in notebooks: in an assignment, in an output of `os.environ`, in an address. The user
asked for the cells and not for the keys. A prompt that somebody typed is never changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nbstream.prompt.secrets import KEY_SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterable

MARK = "<secret>"

_WORD = r"(?:api[_-]?key|access[_-]?key|private[_-]?key|secret|token|credentials?|auth)"
_PASSWORD = r"(?:passwords?|passwd|pwd|passphrase)"  # noqa: S105  (names of secrets)
#: What may stand between a name and its value: `key = "…"`, `["KEY"] = '…'`, `'KEY': '…'`.
_ASSIGNED = r"[\"'\])]*\s*(?::\s*str\s*)?[:=]\s*[furb]{0,2}"
_PATTERNS = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (rf"(?<![a-z]){_WORD}(?![a-z])\w*{_ASSIGNED}([\"'])(?P<it>[^\s\"']{{8,}})\1", re.IGNORECASE),
        (rf"(?<![a-z]){_PASSWORD}(?![a-z])\w*{_ASSIGNED}([\"'])(?P<it>[^\"'\n]+)\1", re.IGNORECASE),
        # As an argument after a name; words have no digits.
        (rf"{_WORD}[\"']\s*,\s*([\"'])(?P<it>(?=\S*\d)[^\s\"']{{16,}})\1", re.IGNORECASE),
        # As a shell or a file of settings has it: `OPENAI_API_KEY=…`.
        (rf"\w*(?<![a-z]){_WORD}(?![a-z])\w*=(?P<it>[^\s\"'()\[\]{{}},;]{{16,}})", re.IGNORECASE),
        (r"(?<=://)[^\s/:@]+:(?P<it>[^\s/@]+)@", 0),
        (r"\bBearer\s+(?P<it>[\w.~+/=-]{16,})", re.IGNORECASE),
        (rf"(?P<it>{KEY_SHAPES})", 0),
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<it>.+?)-----END", re.DOTALL),
    )
)


class Redaction:
    """Removes secrets from texts, and counts them.

    Args:
        known: texts that are certainly secret, such as the key of the request.

    Attributes:
        count: how many different secrets were removed.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        longest_first = sorted(filter(None, known), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._found: set[str] = set()

    @property
    def count(self) -> int:
        """How many different secrets were removed."""
        return len(self._found)

    def remove(self, text: str) -> str:
        """Return `text` with a mark in place of each secret."""
        if self._known is not None:
            text = self._known.sub(self._known_mark, text)
        for pattern in _PATTERNS:
            text = pattern.sub(self._mark, text)
        return text

    def _known_mark(self, found: re.Match[str]) -> str:
        self._found.add(found[0])
        return MARK

    def _mark(self, found: re.Match[str]) -> str:
        value = found["it"]
        if MARK in value:
            return found[0]
        self._found.add(value)
        start, end = found.span("it")
        return found[0][: start - found.start()] + MARK + found[0][end - found.start() :]
