"""Approximate tokens, and the prefix cache that counts them.

A token here is a short run of characters: about four English characters, or 0.6 tokens for a
Chinese character, as DeepSeek's documentation estimates.
"""

from __future__ import annotations

import hashlib
import re

#: White space of any length is split into tokens of at most this many characters.
LONGEST_SPACE = 8

_CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
# `split` cuts every fifth pair of Chinese characters in two, so that ten characters are six tokens.
_TOKEN = re.compile(
    rf"[{_CJK}]{{1,2}}"
    rf"| ?[^\W\d_{_CJK}]{{1,8}}"
    r"|\d{1,3}"
    r"| ?[^\w\s]{1,3}"
    rf"|\s{{1,{LONGEST_SPACE}}}"
    r"|.",
    re.DOTALL,
)
_CJK_PAIR = re.compile(rf"[{_CJK}]{{2}}")
_SPLIT_EVERY = 5

#: DeepSeek documentation, "Context Caching": a prefix is cached in units of 64 tokens.
UNIT = 64
_MAX_UNITS = 100_000


def split(text: str) -> list[str]:
    """Return the tokens of `text`; joined, they are `text` again."""
    tokens: list[str] = []
    pairs = 0
    for piece in _TOKEN.findall(text):
        if _CJK_PAIR.fullmatch(piece):
            pairs += 1
            if pairs % _SPLIT_EVERY == 0:
                tokens += piece
                continue
        tokens.append(piece)
    return tokens


class PrefixCache:
    """Remembers the beginnings of earlier prompts, separately for each account."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def hits(self, account: str, prompt: str) -> tuple[int, int]:
        """Add `prompt` to the cache; return its tokens and how many of them were cached before."""
        tokens = split(prompt)
        digest = hashlib.sha256(account.encode())
        hit, unbroken = 0, True
        if len(self._seen) > _MAX_UNITS:
            self._seen.clear()
        for start in range(0, len(tokens) - UNIT + 1, UNIT):
            digest.update("\0".join(tokens[start : start + UNIT]).encode("utf-8", "surrogatepass"))
            unit = digest.digest()
            unbroken = unbroken and unit in self._seen
            hit += UNIT * unbroken
            self._seen.add(unit)
        return len(tokens), hit
