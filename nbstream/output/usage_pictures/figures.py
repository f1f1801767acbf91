"""What a picture of usage shows, as values: sums for each period and cell, and distributions."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

Span: TypeAlias = Literal["notebook", "today", "month", "all"]
#: How long a period is.
Unit: TypeAlias = Literal["hour", "day", "week", "month"]
#: What tokens are for, in the order of a bar.
Kind: TypeAlias = Literal["hit", "miss", "reasoning", "answer"]

KINDS: tuple[Kind, ...] = ("hit", "miss", "reasoning", "answer")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Money:
    """Money of one currency.

    Attributes:
        currency: ISO 4217 code.
        parts: exact amounts by what the tokens were for.
        whole: exact amounts of which the parts are not known, as those that a server reports.
        about: estimates; they are never added to exact amounts.
    """

    currency: str
    parts: tuple[Decimal, Decimal, Decimal, Decimal] = (ZERO, ZERO, ZERO, ZERO)
    whole: Decimal = ZERO
    about: Decimal = ZERO

    @property
    def exact(self) -> Decimal:
        """What is known exactly."""
        return sum(self.parts, self.whole)

    @property
    def height(self) -> Decimal:
        """How long a bar of it is, with the hatched part."""
        return self.exact + self.about

    def __add__(self, other: Money) -> Money:
        one, two, three, four = (a + b for a, b in zip(self.parts, other.parts, strict=True))
        return Money(self.currency, (one, two, three, four), self.whole + other.whole, self.about + other.about)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Numbers of tokens.

    Attributes:
        hit: of prompts, found in the server's cache.
        miss: of prompts, not found there.
        reasoning: those of the reasoning.
        answer: those of the answer.
        prompt: of prompts of which the server did not say whether they were in its cache.
        about: estimated ones, where the server reported none.
    """

    hit: int = 0
    miss: int = 0
    reasoning: int = 0
    answer: int = 0
    prompt: int = 0
    about: int = 0

    @property
    def sent(self) -> int:
        """Those of prompts."""
        return self.hit + self.miss + self.prompt

    @property
    def received(self) -> int:
        """Those of replies, without estimates."""
        return self.reasoning + self.answer

    @property
    def height(self) -> int:
        """How long a bar of them is, with the hatched part."""
        return self.sent + self.received + self.about

    @property
    def cached(self) -> float | None:
        """The share of the prompts that was in the cache; None if no server said it."""
        known = self.hit + self.miss
        return self.hit / known if known else None

    @property
    def values(self) -> tuple[int, ...]:
        """All numbers, in their order."""
        return tuple(getattr(self, each.name) for each in fields(Tokens))

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(*(a + b for a, b in zip(self.values, other.values, strict=True)))


@dataclass(frozen=True, slots=True)
class Amounts:
    """What some requests took.

    Attributes:
        requests: how many there are.
        unknown: of how many nothing is known of the cost.
        at_most: of how many the amount is an upper bound.
        at_least: of how many it is a lower bound.
        money: for each currency, in the order of their codes.
        tokens: the tokens of all.
    """

    requests: int = 0
    unknown: int = 0
    at_most: int = 0
    at_least: int = 0
    money: tuple[Money, ...] = ()
    tokens: Tokens = field(default_factory=Tokens)

    def of(self, currency: str) -> Money:
        """Return the money of one currency."""
        return next((each for each in self.money if each.currency == currency), Money(currency))

    def __add__(self, other: Amounts) -> Amounts:
        currencies = sorted({each.currency for each in (*self.money, *other.money)})
        return Amounts(
            self.requests + other.requests,
            self.unknown + other.unknown,
            self.at_most + other.at_most,
            self.at_least + other.at_least,
            tuple(self.of(each) + other.of(each) for each in currencies),
            self.tokens + other.tokens,
        )


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time and what its requests took; `start` is in the reader's time zone."""

    start: datetime
    amounts: Amounts = field(default_factory=Amounts)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell and what its requests took. `label` may hold anything, as names come from files."""

    label: str
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Distribution:
    """How often each value occurs.

    Attributes:
        counts: values, ascending, each with the number of requests.
    """

    counts: tuple[tuple[float, int], ...] = ()

    @property
    def requests(self) -> int:
        """How many requests have a value."""
        return sum(count for _, count in self.counts)

    def quantiles(self, shares: Iterable[float]) -> list[float]:
        """Return the values below which so large shares of the requests are; `shares` ascend."""
        total, passed, found = self.requests, 0, []
        values = iter(self.counts)
        value = self.counts[0][0]
        for share in shares:
            while passed <= share * total and (following := next(values, None)) is not None:
                value, count = following
                passed += count
            found.append(value)
        return found


@dataclass(frozen=True, slots=True)
class Others:
    """Requests that cost nothing, and are counted in words alone.

    Attributes:
        replayed: replies of recordings.
        cached: replies that nbstream had kept.
        simulated: replies of the simulator, where others are shown.
        failed: requests to other servers that took nothing, where those of the simulator are shown.
    """

    replayed: int = 0
    cached: int = 0
    simulated: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """All that one picture shows.

    Attributes:
        span: what it is about.
        title: the same in words, such as the month or the name of the notebook.
        unit: how long a period is.
        periods: without gaps, in their order.
        cells: those with the largest amounts first.
        more_cells: what all other cells took; None if there are none.
        rates: tokens a second.
        first_tokens: seconds until the first token.
        model: the only one that is counted; empty for all.
        is_simulated: whether all of it was simulated, so that it says what it would have cost.
        others: requests that are not in the sums.
        note: what a reader should know, such as that the ledger is off; may be empty.
    """

    span: Span
    title: str
    unit: Unit
    periods: tuple[Period, ...] = ()
    cells: tuple[Cell, ...] = ()
    more_cells: Cell | None = None
    rates: Distribution = field(default_factory=Distribution)
    first_tokens: Distribution = field(default_factory=Distribution)
    model: str = ""
    is_simulated: bool = False
    others: Others = field(default_factory=Others)
    note: str = ""

    @property
    def total(self) -> Amounts:
        """What all requests took."""
        return sum((each.amounts for each in self.periods), Amounts())
