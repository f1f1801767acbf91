"""Numbers and periods of a picture in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from nbstream.model.spend import Spend
from nbstream.model.usage import Cost
from nbstream.output.durations import seconds

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from nbstream.output.usage_pictures.figures import Amounts, Distribution, Figures, Tokens, Unit

UNKNOWN = "not known"
#: What a part is called.
NAMES = {
    "hit": "cache hit",
    "miss": "cache miss",
    "reasoning": "reasoning",
    "answer": "answer",
    "whole": "not split",
    "prompt": "prompt, cache not reported",
    "about": "about (estimate)",
}
_THOUSAND, _TEN_THOUSAND, _MILLION, _BILLION = 1_000, 10_000, 1_000_000, 1_000_000_000
#: A share that is not whole is never shown as whole.
_ALMOST_ALL, _ALMOST_NONE = 0.995, 0.005


def amount(value: Decimal, currency: str) -> str:
    """Return an amount as replies show it: `$0.0023`."""
    return str(Cost(value, currency, "", None))


def spend(found: Amounts) -> Spend:
    """Return what requests cost, as sums of replies are told everywhere."""
    exact = tuple(
        Cost(each.exact, each.currency, "", None, at_most=bool(found.at_most), at_least=bool(found.at_least))
        for each in found.money
        if each.exact or not each.about
    )
    about = tuple(Cost(each.about, each.currency, "", None) for each in found.money if each.about)
    return Spend(exact, about, found.unknown)


def cost(found: Amounts, *, is_whole: bool = False) -> str:
    """Return what requests cost in each currency; what is not known is never 0.

    Args:
        found: what they took.
        is_whole: whether the number of those with an unknown cost is left out.
    """
    known = str(spend(found))
    if not found.unknown or is_whole:
        return known or (UNKNOWN if found.unknown else "nothing")
    more = f"{found.unknown:,} of unknown cost"
    return f"{known}, {more}" if known else more


def bound_of(found: Amounts) -> str:
    """Return whether the amounts are bounds: "at most", "at least", "about" for both, or ""."""
    told = spend(found)
    if not told.is_known:
        return ""
    is_most = told.at_most and bool(told.exact)
    return {(True, False): "at least", (False, True): "at most", (True, True): "about"}.get(
        (told.at_least, is_most), ""
    )


def tick(value: Decimal, step: Decimal, currency: str = "") -> str:
    """Return the label of a tick, with as many places as its scale needs."""
    if not currency:
        return count(int(value))
    sign = "$" if currency == "USD" else ""
    if not value:
        return f"{sign}0"
    places = -step.normalize().adjusted()
    # As people write money: $0.50.
    places = max(2, places) if places > 0 else 0
    return f"{sign}{value:,.{places}f}"


def count(tokens: int) -> str:
    """Return a number of tokens, short: `980`, `84 k`, `1.2 M`."""
    if tokens < _TEN_THOUSAND:
        return f"{tokens:,}"
    for size, sign in ((_BILLION, "G"), (_MILLION, "M"), (_THOUSAND, "k")):
        if tokens >= size * 0.9995:
            value = tokens / size
            return f"{value:.1f} {sign}" if value < 10 and value % 1 else f"{value:,.0f} {sign}"  # noqa: PLR2004
    return f"{tokens:,}"


def share(value: float) -> str:
    """Return a share in percent; only what is all is 100 %."""
    if value >= _ALMOST_ALL:
        return "100 %" if value == 1 else "over 99 %"
    return "under 1 %" if 0 < value < _ALMOST_NONE else f"{value:.0%}".replace("%", " %")


def requests(number: int) -> str:
    """Return a number of requests: `1 request`, `12 requests`."""
    return f"{number:,} {'request' if number == 1 else 'requests'}"


def period(start: datetime, unit: Unit) -> str:
    """Return the name of a period as a whole."""
    if unit == "hour":
        return f"{_day(start)}, {start:%H}:00 to {start + timedelta(hours=1):%H}:00"
    if unit == "week":
        return f"Week of {_day(start)} {start:%Y}"
    return f"{start:%B %Y}" if unit == "month" else f"{start:%a} {_day(start)} {start:%Y}"


def label(start: datetime, unit: Unit) -> str:
    """Return the short name of a period, for an axis."""
    if unit == "hour":
        return f"{start:%H}:00"
    return f"{start:%b}" + (f" {start:%y}" if start.month == 1 else "") if unit == "month" else _day(start)


def typical(found: Distribution, *, is_rate: bool) -> str:
    """Return what is typical of a distribution in words."""
    if not found.counts:
        return "not measured"
    tenth, median, most = found.quantiles((0.1, 0.5, 0.9))
    if found.requests == 1:
        return f"{rate(median) if is_rate else seconds(median)} in one request"
    if is_rate:
        return f"median {rate(median)}, nine of ten above {rate(tenth)}"
    return f"median {seconds(median)}, nine of ten within {seconds(most)}"


def rate(value: float) -> str:
    """Return tokens a second."""
    return f"{value:.0f} tok/s" if value >= 10 else f"{value:.1f} tok/s"  # noqa: PLR2004


def facts(figures: Figures) -> list[str]:
    """Return what all requests took besides the money, and what the sums leave out."""
    total, others = figures.total, figures.others
    tokens = total.tokens
    found = [requests(total.requests)] if total.requests else []
    found += token_facts(tokens)
    if total.unknown and total.money:
        found.append(f"the cost of {total.unknown:,} is not known")
    if others.cached:
        found.append(f"{others.cached:,} from nbstream's cache, which cost nothing")
    if others.replayed:
        found.append(f"{others.replayed:,} replayed, which cost nothing")
    if others.failed:
        found.append(f"{others.failed:,} that failed and took nothing, not shown")
    if others.simulated:
        found.append(f"{others.simulated:,} simulated, not shown")
    return found


def token_facts(tokens: Tokens) -> list[str]:
    """Return the tokens in words."""
    found = []
    if tokens.sent:
        cached = f" ({share(tokens.cached)} cached)" if tokens.cached is not None else ""
        found.append(f"{count(tokens.sent)} tokens in{cached}")
    if tokens.received:
        thought = f" ({count(tokens.reasoning)} reasoning)" if tokens.reasoning else ""
        found.append(f"{count(tokens.received)} out{thought}")
    if tokens.about:
        found.append(f"about {count(tokens.about)} not reported")
    return found


def headline(figures: Figures) -> str:
    """Return what all of it cost, in one line for a screen reader or a terminal."""
    total = figures.total
    if not total.requests:
        return "No requests"
    if not total.money:
        return f"cost {UNKNOWN}" if total.unknown else "no cost"
    return f"{'would have cost ' if figures.is_simulated else ''}{cost(total, is_whole=True)}"


def about(figures: Figures) -> str:
    """Return what the picture is about: its span, and its model if there is one."""
    simulated = ", simulated" if figures.is_simulated else ""
    return f"{figures.title}{f', {figures.model}' if figures.model else ''}{simulated}"


def _day(start: datetime) -> str:
    return f"{start.day} {start:%b}"
