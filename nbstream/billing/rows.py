"""Rows of prices, and the lists of providers that they stand in, read from TOML."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from nbstream.billing.peak import Holidays, PeakRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SHIPPED = "prices.toml"
_LONGEST_CODE = 3
#: The fields of a row; those of the user's rows that a shipped one has not got are the last three.
_MONEY = ("hit", "miss", "output", "write", "write_1h")
FIELDS = ("model", "currency", "from", *_MONEY, "host", "peak_factor", "note")


class RowError(ValueError):
    """A row is not valid; the text names the field and the mistake."""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """The prices of a model, each for a million tokens, outside of peak hours.

    Attributes:
        model: its id; in a user's row also a pattern, as `qwen*`.
        currency: ISO 4217 code.
        hit: tokens of the prompt that were in the server's cache.
        miss: the other tokens of the prompt.
        output: tokens of the reply, with the reasoning.
        write: tokens of the prompt that the server wrote to its cache; None if that costs nothing
            more than `miss`.
        write_1h: the same where they stay there for an hour.
        since: from when on they are valid; None if that is not known.
        host: a pattern for the server's host; only in a user's row.
        peak_factor: by what they are multiplied at peak hours; only in a user's row.
    """

    model: str
    currency: str
    hit: Decimal
    miss: Decimal
    output: Decimal
    write: Decimal | None = None
    write_1h: Decimal | None = None
    since: datetime | None = None
    host: str = "*"
    peak_factor: Decimal | None = None

    def fits(self, model: str, host: str) -> bool:
        """Return whether the row is one of `model` at `host`."""
        return fnmatchcase(model, self.model) and fnmatchcase(host, self.host)


@dataclass(frozen=True, slots=True)
class PriceList:
    """The prices of one provider.

    Attributes:
        name: the provider.
        hosts: the servers that it bills.
        source: the pages that the prices are from.
        checked: the day on which those pages were last compared with the rows.
        rows: the prices.
        aliases: other ids of the models.
        peak: the rules of peak hours.
        holidays: the days without peak hours.
    """

    name: str
    hosts: frozenset[str]
    rows: tuple[PriceRow, ...]
    source: str = ""
    checked: date | None = None
    aliases: Mapping[str, str] | None = None
    peak: tuple[PeakRule, ...] = ()
    holidays: Holidays | None = None

    def billed(self, model: str) -> str:
        """Return the id under which `model` is billed."""
        return (self.aliases or {}).get(model, model)


@cache
def shipped() -> tuple[PriceList, ...]:
    """Return the prices that nbstream brings along."""
    return lists_of(files("nbstream.billing").joinpath(_SHIPPED).read_text("utf-8"))


def lists_of(text: str) -> tuple[PriceList, ...]:
    """Return the lists of a document of the form of `prices.toml`."""
    return tuple(_list(each) for each in parse(text)["providers"])


def parse(text: str) -> dict[str, Any]:
    """Return a TOML document, whose numbers with a point are `Decimal`."""
    return tomllib.loads(text, parse_float=Decimal)


def latest(rows: Iterable[PriceRow], instant: datetime) -> PriceRow | None:
    """Return the row that is valid at `instant`: of several the newest, and of those the first."""
    valid = (each for each in rows if each.since is None or each.since <= instant)
    return max(valid, key=lambda each: each.since or datetime.min.replace(tzinfo=UTC), default=None)


def row_of(entry: object) -> PriceRow:
    """Return the row that a table of TOML holds.

    Raises:
        RowError: if it is not valid.
    """
    if not isinstance(entry, dict):
        raise RowError("a row must be a table, such as [[prices]]")
    if unknown := [name for name in entry if name not in FIELDS]:
        raise RowError(f"there is no field {unknown[0]}; there are {', '.join(FIELDS)}")
    model, host, currency = (entry.get(name, usual) for name, usual in _TEXTS)
    for name, text in (("model", model), ("host", host), ("currency", currency)):
        if not isinstance(text, str) or not text:
            raise RowError(f"{name} must be text")
    if "model" not in entry and "host" not in entry:
        raise RowError("model or host is missing")
    if len(currency) != _LONGEST_CODE or not currency.isascii() or not currency.isupper():
        raise RowError("currency must be a code of three letters, such as USD")
    if missing := [name for name in ("miss", "output") if name not in entry]:
        raise RowError(f"{' and '.join(missing)} missing: prices per million tokens")
    money = {name: _amount(name, entry[name]) for name in (*_MONEY, "peak_factor") if name in entry}
    return PriceRow(
        model,
        currency,
        # A server without a cache reports no tokens of one.
        **{"hit": money["miss"], **money},
        since=_instant(entry["from"]) if "from" in entry else None,
        host=host.lower(),
    )


_TEXTS = (("model", "*"), ("host", "*"), ("currency", "USD"))


def _amount(name: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise RowError(f"{name} must be a number")
    amount = Decimal(value)
    if not amount.is_finite() or amount < 0:
        raise RowError(f"{name} must be a number from 0 on")
    return amount


def _instant(value: object) -> datetime:
    """Return an instant of TOML; a day, or a time without an offset, is in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise RowError("from must be a day or a time, such as 2026-11-01 or 2026-11-01T16:00:00Z, without quotes")


def _list(entry: Mapping[str, Any]) -> PriceList:
    holidays = entry.get("holidays")
    return PriceList(
        entry["name"],
        frozenset(entry["hosts"]),
        tuple(row_of(each) for each in entry["rows"]),
        entry.get("source", ""),
        entry.get("checked"),
        entry.get("aliases", {}),
        tuple(PeakRule.of(each) for each in entry.get("peak", ())),
        Holidays(frozenset(holidays), entry["holidays_until"]) if holidays is not None else None,
    )
