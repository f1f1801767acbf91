"""Words on prices and sums of money: amounts, where prices come from, how old they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nbstream.language import _, listed, marked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal

    from nbstream.billing.breakdown import Kind
    from nbstream.billing.peak import Holidays, PeakRule
    from nbstream.model.usage import Cost

#: Prices that were checked longer ago may be out of date.
OLD_DAYS = 60
KINDS: Mapping[Kind, str] = {
    "hit": marked("input, from the cache"),
    "miss": marked("input"),
    "write": marked("input, written to the cache"),
    "write_1h": marked("input, written to the cache for an hour"),
    "output": marked("output"),
}
_DAYS = (
    *(marked("Monday"), marked("Tuesday"), marked("Wednesday"), marked("Thursday"), marked("Friday")),
    *(marked("Saturday"), marked("Sunday")),
)
#: The tiers of a cost, which are translated by these names.
_TIERS = (marked("peak"), marked("off-peak"))
AS_SERVER_SAYS = marked("as the server says")
_WEEK = 7


def source_of(cost: Cost, instant: float | None = None) -> str:
    """Return where a cost comes from, for a footer: `prices of 2026-09-10`.

    Args:
        cost: the cost.
        instant: when the request was sent, in seconds since the Unix epoch; None if unknown. Prices
            that were old then are named so.
    """
    day = f"{cost.dated:%Y-%m-%d}" if cost.dated else ""
    match cost.source:
        case "server":
            return _(AS_SERVER_SAYS)
        case "user":
            return _("your prices of {day}", day=day) if day else _("your prices")
        case "genai-prices":
            said = _("prices of genai-prices")
        case "several":
            said = _("prices of several sources")
        case other:
            del other
            if not day:
                return _(AS_SERVER_SAYS)
            said = _("prices of {day}", day=day)
    days = age(cost.checked, instant)
    return _("{prices}, last checked {days} days before", prices=said, days=days) if days > OLD_DAYS else said


def age(checked: date | None, instant: float | None) -> int:
    """Return how many days after `checked` an instant is; 0 if either is not known."""
    if checked is None or instant is None:
        return 0
    return (datetime.fromtimestamp(instant, UTC).date() - checked).days


def age_note(checked: date | None) -> list[str]:
    """Return a sentence if prices that were checked on a day are old now; nothing otherwise."""
    days = age(checked, datetime.now(UTC).timestamp())
    return [_("That is {days} days ago: they may be out of date.", days=days)] if days > OLD_DAYS else []


def weekday(instant: datetime) -> str:
    """Return the name of a day."""
    return _(_DAYS[instant.weekday()])


def peak_hours(peak: PeakRule, factor: Decimal) -> str:
    """Return when an hour is peak, as a sentence."""
    hours = listed([f"{start:02d}:00\u2013{end:02d}:00" for start, end in peak.hours], " and ", " and ")
    days, factor_text = peak.weekdays, number(factor)
    if len(days) == _WEEK:
        return _("Peak is {hours} UTC every day, and costs {factor} times as much.", hours=hours, factor=factor_text)
    return _(
        "Peak is {hours} UTC from {first} to {last}, and costs {factor} times as much.",
        hours=hours,
        first=_(_DAYS[days[0]]),
        last=_(_DAYS[days[-1]]),
        factor=factor_text,
    )


def holidays_note(holidays: Holidays | None) -> list[str]:
    """Return that public holidays have no peak hours, and until when they are known."""
    if holidays is None:
        return []
    said = _(
        "Public holidays in China have no peak hours. They are known until {day}; later, a cost at peak hours is an "
        "upper bound.",
        day=f"{holidays.until:%Y-%m-%d}",
    )
    return [said]


def money(amount: Decimal, currency: str) -> str:
    """Return an amount with all of its digits: `$1,682.00`, `CNY 0.0005`."""
    return f"{'$' if currency == 'USD' else f'{currency} '}{number(amount)}"


def total(amount: Decimal, currency: str) -> str:
    """Return an amount with all of its digits, and two after the point or more: `$168.00`."""
    text = money(amount, currency)
    return text if "." in text else f"{text}.00"


def plain(value: Decimal) -> str:
    """Return all digits of a number for JSON: `168`, `0.0005`."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def stamp(instant: datetime) -> str:
    """Return an instant for JSON, to the second: `2026-04-24T00:00:00Z`."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def number(value: Decimal) -> str:
    """Return all digits of a number, at least two after the point unless it is whole."""
    text = f"{value:f}"
    if "." not in text:
        return f"{int(text):,}"
    text = text.rstrip("0")
    whole, _point, rest = text.partition(".")
    return f"{int(whole):,}.{rest:0<2}" if rest else f"{int(whole):,}"
