"""Removes what looks like a secret from cells and outputs, which a prompt takes as a whole.

Keys stand in notebooks: in an assignment, in an output of `os.environ`, in an address. The user
asked for the cells and not for the keys. A prompt that somebody typed is never changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nbstream.model.hidden_text import MARK
from nbstream.prompt.secrets import KEY_SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterable


_WORD = r"(?:api[_-]?key|access[_-]?key|private[_-]?key|secret|token|credentials?|auth)"
_PASSWORD = r"(?:passwords?|passwd|pwd|passphrase)"  # noqa: S105  (names of secrets)
#: What may stand between a name and its value: `key = "…"`, `["KEY"] = '…'`, `'KEY': '…'`.
_ASSIGNED = r"\w{0,40}[\"'\])]{0,4}[ \t]{0,20}(?::\s?str\s?)?[:=]\s{0,20}[furb]{0,2}"
#: Each repetition has a limit, so that the time is linear in the length of a text.
_PATTERNS = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (rf"(?<![a-z]){_WORD}(?![a-z]){_ASSIGNED}([\"'])(?P<it>[^\s\"']{{8,4000}})\1", re.IGNORECASE),
        (rf"(?<![a-z]){_PASSWORD}(?![a-z]){_ASSIGNED}([\"'])(?P<it>[^\"'\n]{{1,400}})\1", re.IGNORECASE),
        # As an argument after a name; words have no digits.
        (rf"{_WORD}[\"']\s{{0,20}},\s{{0,20}}([\"'])(?P<it>(?=\S{{0,400}}\d)[^\s\"']{{16,4000}})\1", re.IGNORECASE),
        # As a shell or a file of settings has it: `OPENAI_API_KEY=…`.
        (rf"(?<![a-z]){_WORD}(?![a-z])\w{{0,40}}=(?P<it>[^\s\"'()\[\]{{}},;]{{16,}})", re.IGNORECASE),
        (r"(?<=://)[^\s/:@]{1,200}:(?P<it>[^\s/@]{1,400})@", 0),
        (r"\bBearer\s+(?P<it>[\w.~+/=-]{16,})", re.IGNORECASE),
        (rf"(?P<it>{KEY_SHAPES})", 0),
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<it>[^-]{1,20000})-----END", re.DOTALL),
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
