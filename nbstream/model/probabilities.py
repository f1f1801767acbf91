"""How probable the tokens of a reply were, as the server says (`logprobs`)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: The text that a token is a part of; `call` is a tool call.
Channel: TypeAlias = Literal["reasoning", "answer", "refusal", "call"]
_LETTERS: dict[Channel, str] = {"reasoning": "r", "answer": "a", "refusal": "f", "call": "c"}
_CHANNELS = {letter: channel for channel, letter in _LETTERS.items()}


@dataclass(frozen=True, slots=True)
class Alternative:
    r"""A token that could have stood in a place.

    Attributes:
        text: the token as the server writes it. A token may end within a character: then DeepSeek
            writes `\xf0\x9f`, with the backslashes, and vLLM and Ollama write U+FFFD.
        logprob: the natural logarithm of its probability; None if the server did not say it. The
            APIs give -9999 for a token that is very improbable.
        data: its bytes, UTF-8 or a part of it; None if the server did not say them.
        id: its number in the vocabulary; None if the server did not say it. llama.cpp does.
    """

    text: str
    logprob: float | None = None
    data: bytes | None = None
    id: int | None = None

    @property
    def probability(self) -> float | None:
        """The probability, from 0 to 1."""
        if self.logprob is None or math.isnan(self.logprob):
            return None
        return math.exp(min(0.0, self.logprob))


@dataclass(frozen=True, slots=True)
class Token(Alternative):
    """A token of the reply. It has what an `Alternative` has, and where it stands.

    Attributes:
        channel: the text that it is a part of.
        alternatives: the likeliest tokens in this place, as many as the request asked for; mostly
            with the token itself.
    """

    channel: Channel = "answer"
    alternatives: tuple[Alternative, ...] = field(default=(), repr=False)


class Tokens:
    """Immutable tokens that grow in constant time; versions share their list, as `Text` does."""

    __slots__ = ("_count", "_items")

    def __init__(self, items: list[Token] | None = None, count: int | None = None) -> None:
        self._items = [] if items is None else items
        self._count = len(self._items) if count is None else count

    def extend(self, new: Iterable[Token]) -> Tokens:
        """Return these tokens and `new`. Only the newest version takes constant time."""
        items = self._items if len(self._items) == self._count else self._items[: self._count]
        items.extend(new)
        return Tokens(items)

    def changed(self, change: Callable[[Token], Token]) -> Tokens:
        """Return these tokens with `change` applied to each."""
        return Tokens([change(each) for each in self])

    def moved(self, to: Literal["reasoning", "answer"]) -> Tokens:
        """Return these tokens after a text was found to be the other one."""
        other = "answer" if to == "reasoning" else "reasoning"
        return self.changed(lambda each: replace(each, channel=to) if each.channel == other else each)

    def since(self, first: int) -> tuple[Token, ...]:
        """Return the tokens from position `first` on."""
        return tuple(self._items[first : self._count])

    def __iter__(self) -> Iterator[Token]:
        return iter(self._items[: self._count])

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        return self.since(0) == other.since(0) if isinstance(other, Tokens) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.since(0))

    def __repr__(self) -> str:
        return f"<Tokens: {self._count}>"


def packed(tokens: Iterable[Token]) -> list[Any]:
    """Return tokens as short JSON, for files; `unpacked` returns them as they were."""
    return [
        [_LETTERS[each.channel], *_packed(each), [_packed(other) for other in each.alternatives]] for each in tokens
    ]


def unpacked(value: list[Any]) -> list[Token]:
    """Return the tokens that `packed` made `value` of.

    Raises:
        ValueError: if it is none.
    """
    try:
        return [
            Token(*_unpacked(*own), _CHANNELS[letter], tuple(Alternative(*_unpacked(*each)) for each in others))
            for letter, *own, others in value
        ]
    except (KeyError, TypeError) as error:
        raise ValueError(f"not tokens: {error}") from None


def _packed(token: Alternative) -> list[Any]:
    number = token.logprob
    if number is not None and not math.isfinite(number):
        # JSON has no such number.
        number = str(number)  # type: ignore[assignment]
    data: Any = None
    if token.data is not None:
        # Nearly always the text in UTF-8.
        data = True if token.data == token.text.encode("utf-8", "surrogatepass") else list(token.data)
    return [token.text, number, data, token.id]


def _unpacked(text: Any, number: Any, data: Any, identity: int | None) -> tuple[str, float | None, bytes | None, Any]:
    if not isinstance(text, str) or not (data is None or data is True or isinstance(data, list)):
        # `bytes` of a number makes so many bytes.
        raise TypeError(f"a token has {text!r} as text and {type(data).__name__} as bytes")
    is_same = data is True
    raw = None if data is None else text.encode("utf-8", "surrogatepass") if is_same else bytes(data)
    return text, None if number is None else float(number), raw, identity
