"""Removes keys from the tokens of a reply, each of which is only a part of a key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nbstream.client.redaction import GrowingText, much_of_a_key, size_of_beginning
from nbstream.model.hidden_text import MARK
from nbstream.model.probabilities import Alternative, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbstream.client.redaction import KeyRedactor


class GrowingTokens:
    """Replaces the tokens that spell a key, of one text that grows.

    Tokens that may be the beginning of a key are kept until that is clear.
    """

    def __init__(self, redactor: KeyRedactor) -> None:
        self._redactor = redactor
        self._text = GrowingText(redactor)
        self._pending: list[Token] = []

    def feed(self, tokens: Iterable[Token]) -> list[Token]:
        """Return the tokens that can be shown after `tokens` came."""
        released: list[Token] = []
        for token in tokens:
            if not self._pending and all(self._text.begins_no_key(each) for each in _spellings(token)):
                released.append(self._cleaned(token))
                continue
            self._pending.append(token)
            released += self._released()
        return released

    def flush(self) -> list[Token]:
        """Return the tokens that were kept, unless they are much of a key."""
        kept, self._pending = self._pending, []
        for spell in _SPELLINGS:
            text = "".join(map(spell, kept))
            if much_of_a_key(text[len(text) - size_of_beginning(self._redactor, text) :]):
                return _hidden(kept)
        return [self._cleaned(each) for each in kept]

    def _released(self) -> list[Token]:
        pending = self._pending
        for spell in _SPELLINGS:
            pending = self._without_keys(pending, spell)
        kept = max(self._size_kept(pending, spell) for spell in _SPELLINGS)
        released, self._pending = pending[: len(pending) - kept], pending[len(pending) - kept :]
        return [self._cleaned(each) for each in released]

    def _without_keys(self, tokens: list[Token], spell: Callable[[Token], str]) -> list[Token]:
        """Return the tokens with one mark in place of those that a key reaches into."""
        while (found := self._redactor.find("".join(map(spell, tokens)))) is not None:
            ends = _ends(tokens, spell)
            first = next(place for place, end in enumerate(ends) if end > found.start())
            last = next(place for place, end in enumerate(ends) if end >= found.end())
            tokens = [*tokens[:first], *_hidden(tokens[first : last + 1]), *tokens[last + 1 :]]
        return tokens

    def _size_kept(self, tokens: list[Token], spell: Callable[[Token], str]) -> int:
        """Return how many tokens at the end reach into what may be the beginning of a key."""
        text = "".join(map(spell, tokens))
        begins = len(text) - size_of_beginning(self._redactor, text)
        return sum(1 for end in _ends(tokens, spell) if end > begins) if begins < len(text) else 0

    def _cleaned(self, token: Token) -> Token:
        if not any(map(self._spells_key, token.alternatives)):
            return token
        others = (Alternative(MARK) if self._spells_key(each) else each for each in token.alternatives)
        return replace(token, alternatives=tuple(others))

    def _spells_key(self, token: Alternative) -> bool:
        return any(self._redactor.find(each) for each in _spellings(token))


def _text(token: Alternative) -> str:
    return token.text


def _bytes(token: Alternative) -> str:
    return token.text if token.data is None else token.data.decode("utf-8", "replace")


_SPELLINGS = (_text, _bytes)


def _spellings(token: Alternative) -> tuple[str, ...]:
    return tuple(dict.fromkeys(spell(token) for spell in _SPELLINGS))


def _ends(tokens: list[Token], spell: Callable[[Token], str]) -> list[int]:
    ends, at = [], 0
    for token in tokens:
        at += len(spell(token))
        ends.append(at)
    return ends


def _hidden(tokens: list[Token]) -> list[Token]:
    """Return one token without any number in place of several."""
    return [Token(MARK, channel=tokens[0].channel)] if tokens else []
