"""Approximate tokens, and the prefix cache that they are counted in.

A token here is a short run of characters: about four English ones, or 0.6 token for a Chinese one, as DeepSeek's
documentation estimates. Joined, the tokens are the text. This module must not know requests or replies.
"""

from __future__ import annotations

import hashlib
import re

#: White space of any length makes tokens of at most this many characters.
LONGEST_SPACE = 8

_CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_TOKEN = re.compile(
    rf"[{_CJK}]{{1,2}}"  # one pair in five is halved below, so that ten characters are six tokens
    rf"| ?[^\W\d_{_CJK}]{{1,8}}"
    r"|\d{1,3}"
    r"| ?[^\w\s]{1,3}"
    rf"|\s{{1,{LONGEST_SPACE}}}"
    r"|.",
    re.DOTALL,
)
_CJK_PAIR = re.compile(rf"[{_CJK}]{{2}}")
_EVERY = 5

#: DeepSeek documentation, "Context Caching": a prefix is cached in units of 64 tokens.
UNIT = 64
_CACHED_UNITS = 100_000


def split(text: str) -> list[str]:
    """Return the tokens of `text`; joined, they are `text`."""
    tokens: list[str] = []
    pairs = 0
    for piece in _TOKEN.findall(text):
        if _CJK_PAIR.fullmatch(piece):
            pairs += 1
            if pairs % _EVERY == 0:
                tokens += piece
                continue
        tokens.append(piece)
    return tokens


class PrefixCache:
    """Remembers which beginnings of prompts were seen, for each account on its own."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def hits(self, account: str, prompt: str) -> tuple[int, int]:
        """Return the tokens of `prompt` and how many of them an earlier prompt had cached; remember this one."""
        tokens = split(prompt)
        digest = hashlib.sha256(account.encode())
        hit, unbroken = 0, True
        if len(self._seen) > _CACHED_UNITS:
            self._seen.clear()
        for start in range(0, len(tokens) - UNIT + 1, UNIT):
            digest.update("\0".join(tokens[start : start + UNIT]).encode("utf-8", "surrogatepass"))
            unit = digest.digest()
            unbroken = unbroken and unit in self._seen
            hit += UNIT * unbroken
            self._seen.add(unit)
        return len(tokens), hit
