"""Tokens as a page shows them: those that share a character are one."""

from __future__ import annotations

import codecs
import math
from typing import TYPE_CHECKING, NamedTuple

from nbstream.model.printable import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbstream.model.probabilities import Alternative, Token

#: A token may end one character and begin the next one; so many in a row are no text.
_MOST_PARTS = 16


class TokenUnit(NamedTuple):
    """What is shown as one token.

    Attributes:
        tokens: one token, or those whose bytes are characters together only.
        text: their text.
    """

    tokens: tuple[Token, ...]
    text: str

    @property
    def probability(self) -> float | None:
        """How probable they were, all together."""
        found = [each.probability for each in self.tokens]
        return None if None in found else math.prod(each for each in found if each is not None)


class TokenUnits:
    """Joins tokens as they arrive.

    Args:
        version: how often the tokens of this reply have changed.

    Attributes:
        units: the units so far.
        taken: how many tokens are in them, or are held back.
        version: see above.
    """

    def __init__(self, version: int = 0) -> None:
        self.version = version
        self.units: list[TokenUnit] = []
        self.taken = 0
        self._last: Token | None = None
        self._held: list[Token] = []

    def follows(self, tokens: Sequence[Token]) -> bool:
        """Return whether these tokens begin with those that were taken.

        They do not if the server tells later that what it sent as answer is reasoning.
        """
        return self.taken <= len(tokens) and (not self.taken or tokens[self.taken - 1] is self._last)

    def extend(self, tokens: Iterable[Token], *, is_last: bool = False) -> None:
        """Add tokens; the beginning of a character is held back, unless these are the last."""
        for token in tokens:
            self.taken += 1
            self._last = token
            if self._held and token.channel != self._held[0].channel:
                self._release()
            self._held.append(token)
            if (text := text_of(self._held)) is not None:
                self.units.append(TokenUnit(tuple(self._held), text))
                self._held = []
            elif len(self._held) >= _MOST_PARTS or not _may_go_on(self._held):
                self._release()
        if is_last:
            self._release()

    def _release(self) -> None:
        self.units += [TokenUnit((each,), shown(each)) for each in self._held]
        self._held = []


def text_of(tokens: Iterable[Token]) -> str | None:
    """Return the text of tokens, if it is made of whole characters."""
    parts = [*tokens]
    if len(parts) == 1 and parts[0].data is None:
        return parts[0].text
    try:
        return b"".join(each.data if each.data is not None else each.text.encode() for each in parts).decode()
    except UnicodeError:
        return None


def shown(token: Alternative) -> str:
    """Return the text of one token, with an escape for bytes that are no characters."""
    if token.data is None:
        return token.text
    return token.data.decode("utf-8", "backslashreplace") if token.data else token.text


def bytes_of(token: Alternative) -> str:
    """Return the bytes of a token in hexadecimal; empty if the server did not say them."""
    return "" if token.data is None else token.data.hex(" ")


def written(text: str) -> str:
    """Return a token's text for reading: what nobody can see has an escape."""
    return visible(text)


def _may_go_on(tokens: Iterable[Token]) -> bool:
    """Return whether the bytes of tokens are characters and the beginning of one."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for each in tokens:
            decoder.decode(each.data if each.data is not None else each.text.encode())
    except UnicodeError:
        return False
    return True
