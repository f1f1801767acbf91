"""One row of the ledger: what one request took. Neither prompt nor answer nor key is in it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal, TypeAlias

from nbstream.model.usage import CostParts

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Where a response came from. Only a request to a server can cost real money.
Kind: TypeAlias = Literal["server", "simulated", "replayed", "cached"]
#: Why a request was sent: a person asked; an attempt before it failed; with the results of tools;
#: as the answer before did not have its form; to go on with a reply.
Cause: TypeAlias = Literal["", "retry", "tools", "again", "continued"]
#: Whether the amount is exact, or only a bound.
Bound: TypeAlias = Literal["", "at_most", "at_least", "both"]

#: Money as an integer is in 10⁻¹² of its currency, up to this amount, so that sums stay integers.
_PLACES = 12
_MOST = Decimal(1_000)
#: The columns of amounts, each with the column that has it as an integer.
_INTEGERS = {"amount": "amount_pico", "about": "about_pico"}
#: The columns of the parts of an amount as integers, in the order of `CostParts`.
_PARTS = ("hit_pico", "miss_pico", "reasoning_pico", "answer_pico")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request; a retry is one of its own.

    Attributes:
        instant: when it was sent, in seconds since the Unix epoch.
        notebook: the path of the notebook, or the name of the program; "" if it is not known.
        cell: the id of the cell; "" if it is not known.
        chat: the name of the chat; "" without one.
        visitor: whether a visitor of a published notebook asked.
        asked: the model that was asked for.
        model: the model that the response names, or else `asked`.
        host: the server's host, and its port if the URL names one.
        kind: where the response came from.
        cause: why it was sent.
        attempt: which attempt it is, counted from 1.
        status: how the reply to it ended: complete, truncated, cancelled, failed, or calling if it
            asked for tools.
        finish: the server's finish reason; "" without one.
        failure: the kind of failure; "" without one.
        prompt: tokens of the prompt; None, as for the other kinds, if the server did not report it.
        hit: those of them that were cached.
        miss: those that were not.
        completion: tokens of the reply, reasoning included.
        reasoning: those of the reasoning.
        about_prompt: about how many tokens of the prompt no report counts; None if there are none.
        about_completion: the same for tokens of the reply.
        first_token: seconds until the first text or tool call; None if there was none.
        seconds: until the end.
        speed: tokens a second, from the first token on; None if it is not known.
        amount: what it cost; None if that is not known.
        currency: of the amount; "" without one.
        parts: what adds up to the amount; None if that is not known.
        source: where the price is from.
        tier: "peak", "off-peak" or "".
        bound: whether the amount is only a bound.
        about: an estimate of what it cost beside that; it is never a part of the amount.
        about_currency: of the estimate; "" without one.
        unknown: whether a part of the cost is neither known nor estimated.
        version: of nbstream.
        day: the local day of `instant` where the request was sent, as 2026-11-26.
    """

    instant: float
    notebook: str = ""
    cell: str = ""
    chat: str = ""
    visitor: bool = False
    asked: str = ""
    model: str = ""
    host: str = ""
    kind: Kind = "server"
    cause: Cause = ""
    attempt: int = 1
    status: str = ""
    finish: str = ""
    failure: str = ""
    prompt: int | None = None
    hit: int | None = None
    miss: int | None = None
    completion: int | None = None
    reasoning: int | None = None
    about_prompt: int | None = None
    about_completion: int | None = None
    first_token: float | None = None
    seconds: float | None = None
    speed: float | None = None
    amount: Decimal | None = None
    currency: str = ""
    parts: CostParts | None = None
    source: str = ""
    tier: str = ""
    bound: Bound = ""
    about: Decimal | None = None
    about_currency: str = ""
    unknown: bool = False
    version: str = ""
    day: str = ""

    @property
    def at(self) -> datetime:
        """The instant, in UTC."""
        return datetime.fromtimestamp(self.instant, UTC)


def columns(entry: Entry) -> dict[str, object]:
    """Return the values of a row of the table `requests`, by column."""
    values: dict[str, object] = {name: getattr(entry, name) for name in _NAMES}
    for name, integer in _INTEGERS.items():
        amount: Decimal | None = getattr(entry, name)
        values[name] = None if amount is None else str(amount)
        values[integer] = None if amount is None else pico(amount)
    parts = () if entry.parts is None else _amounts_of(entry.parts)
    values["parts"] = " ".join(map(str, parts)) or None
    numbers = [pico(each) for each in parts]
    values.update(dict.fromkeys(_PARTS) if None in numbers else zip_longest(_PARTS, numbers))
    values["day"] = entry.day or day_of(entry.instant)
    return values


def entry_of(row: Mapping[str, object]) -> Entry:
    """Return the entry of a row."""
    values = {name: row[name] for name in _NAMES}
    for name in _INTEGERS:
        values[name] = None if values[name] is None else Decimal(str(values[name]))
    for name in ("visitor", "unknown"):
        values[name] = bool(values[name])
    values["parts"] = parts_of(row["parts"])
    return Entry(**values)  # type: ignore[arg-type]


def parts_of(text: object) -> CostParts | None:
    """Return the parts of an amount, from their column."""
    return CostParts(*map(Decimal, str(text).split())) if text else None


def _amounts_of(parts: CostParts) -> tuple[Decimal, ...]:
    return parts.hit, parts.miss, parts.reasoning, parts.answer


def pico(amount: Decimal) -> int | None:
    """Return an amount as a number of 10⁻¹²; None if it is no such number, or too large."""
    if abs(amount) > _MOST:
        return None
    number = int(amount.scaleb(_PLACES))
    # The comparison is exact, also if the amount has more digits than the context.
    return number if amount_of(number) == amount else None


def amount_of(number: int) -> Decimal:
    """Return the amount of `number` times 10⁻¹², exactly."""
    with localcontext(prec=len(str(number))):
        amount = Decimal(number).scaleb(-_PLACES).normalize()
        # Not 1E+2.
        return amount if amount.as_tuple().exponent <= 0 else amount.quantize(Decimal(1))  # type: ignore[operator]


def day_of(instant: float) -> str:
    """Return the day on this machine's clock at an instant, in seconds since the Unix epoch."""
    return date.fromtimestamp(instant).isoformat()  # noqa: DTZ012  (the local day is meant)


_NAMES = tuple(each.name for each in fields(Entry))
_COLUMNS = (*_NAMES, *_INTEGERS.values(), *_PARTS)
#: Adds a row of `columns`.
INSERT = f"INSERT INTO requests ({', '.join(_COLUMNS)}) VALUES (:{', :'.join(_COLUMNS)})"  # noqa: S608  (of our own words)
