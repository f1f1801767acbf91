"""Numbers and periods of a picture in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from nbstream.language import _, date_text, listed, marked, plural
from nbstream.model.spend import Spend
from nbstream.model.usage import Cost
from nbstream.output.durations import seconds

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from nbstream.output.usage_pictures.figures import Amounts, Distribution, Figures, Tokens, Unit

UNKNOWN = marked("not known")
#: What a part is called.
NAMES = {
    "hit": marked("cache hit"),
    "miss": marked("cache miss"),
    "reasoning": marked("reasoning"),
    "answer": marked("answer"),
    "whole": marked("not split"),
    "prompt": marked("prompt, cache not reported"),
    "about": marked("about (estimate)"),
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
        return known or (_(UNKNOWN) if found.unknown else _("nothing"))
    more = _("{unknown:,} of unknown cost", unknown=found.unknown)
    return listed([known, more]) if known else more


def bound_of(found: Amounts) -> str:
    """Return whether the amounts are bounds: "at most", "at least", "about" for both, or ""."""
    told = spend(found)
    if not told.is_known:
        return ""
    is_most = told.at_most and bool(told.exact)
    bounds = {(True, False): _("at least"), (False, True): _("at most"), (True, True): _("about")}
    return bounds.get((told.at_least, is_most), "")


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
        return _("{count:,}", count=tokens)
    for size, sign in ((_BILLION, "G"), (_MILLION, "M"), (_THOUSAND, "k")):
        if tokens >= size * 0.9995:
            value = tokens / size
            return f"{value:.1f} {sign}" if value < 10 and value % 1 else f"{value:,.0f} {sign}"  # noqa: PLR2004
    return _("{count:,}", count=tokens)


def share(value: float) -> str:
    """Return a share in percent; only what is all is 100 %."""
    if value >= _ALMOST_ALL:
        return percent(value) if value == 1 else _("over 99 %")
    return _("under 1 %") if 0 < value < _ALMOST_NONE else percent(value)


def percent(value: float) -> str:
    """Return a share as a whole number of percent."""
    return _("{number} %", number=f"{100 * value:.0f}")


def requests(number: int) -> str:
    """Return a number of requests: `1 request`, `12 requests`."""
    return plural("{n:,} request", "{n:,} requests", number)


def period(start: datetime, unit: Unit) -> str:
    """Return the name of a period as a whole."""
    if unit == "hour":
        end = start + timedelta(hours=1)
        return _("{day}, {start} to {end}", day=_day(start), start=f"{start:%H}:00", end=f"{end:%H}:00")
    if unit == "week":
        return _("Week of {day}", day=date_text(start, f"{_day(start)} {start:%Y}", "yMMMd"))
    if unit == "month":
        return date_text(start, f"{start:%B %Y}", "yMMMM")
    return date_text(start, f"{start:%a} {_day(start)} {start:%Y}", "yMMMEd")


def label(start: datetime, unit: Unit) -> str:
    """Return the short name of a period, for an axis."""
    if unit == "hour":
        return f"{start:%H}:00"
    if unit != "month":
        return _day(start)
    if start.month == 1:
        return date_text(start, f"{start:%b} {start:%y}", "yMMM")
    return date_text(start, f"{start:%b}", "MMM")


def typical(found: Distribution, *, is_rate: bool) -> str:
    """Return what is typical of a distribution in words."""
    if not found.counts:
        return _("not measured")
    tenth, median, most = found.quantiles((0.1, 0.5, 0.9))
    if found.requests == 1:
        return _("{value} in one request", value=rate(median) if is_rate else seconds(median))
    if is_rate:
        return _("median {median}, nine of ten above {least}", median=rate(median), least=rate(tenth))
    return _("median {median}, nine of ten within {most}", median=seconds(median), most=seconds(most))


def rate(value: float) -> str:
    """Return tokens a second."""
    return _("{value:.0f} tok/s", value=value) if value >= 10 else _("{value:.1f} tok/s", value=value)  # noqa: PLR2004


def facts(figures: Figures) -> list[str]:
    """Return what all requests took besides the money, and what the sums leave out."""
    total, others = figures.total, figures.others
    tokens = total.tokens
    found = [requests(total.requests)] if total.requests else []
    found += token_facts(tokens)
    if total.unknown and total.money:
        found.append(_("the cost of {unknown:,} is not known", unknown=total.unknown))
    if others.cached:
        found.append(_("{cached:,} from nbstream's cache, which cost nothing", cached=others.cached))
    if others.replayed:
        found.append(_("{replayed:,} replayed, which cost nothing", replayed=others.replayed))
    if others.failed:
        found.append(_("{failed:,} that failed and took nothing, not shown", failed=others.failed))
    if others.simulated:
        found.append(_("{simulated:,} simulated, not shown", simulated=others.simulated))
    return found


def token_facts(tokens: Tokens) -> list[str]:
    """Return the tokens in words."""
    found = []
    if tokens.sent:
        sent = count(tokens.sent)
        if tokens.cached is not None:
            found.append(_("{count} tokens in ({share} cached)", count=sent, share=share(tokens.cached)))
        else:
            found.append(_("{count} tokens in", count=sent))
    if tokens.received:
        received = count(tokens.received)
        if tokens.reasoning:
            found.append(_("{count} out ({reasoning} reasoning)", count=received, reasoning=count(tokens.reasoning)))
        else:
            found.append(_("{count} out", count=received))
    if tokens.about:
        found.append(_("about {count} not reported", count=count(tokens.about)))
    return found


def headline(figures: Figures) -> str:
    """Return what all of it cost, in one line for a screen reader or a terminal."""
    total = figures.total
    if not total.requests:
        return _("No requests")
    if not total.money:
        return _("cost not known") if total.unknown else _("no cost")
    amount_of_all = cost(total, is_whole=True)
    return _("would have cost {amount}", amount=amount_of_all) if figures.is_simulated else amount_of_all


def about(figures: Figures) -> str:
    """Return what the picture is about: its span, and its model if there is one."""
    parts = [figures.title, figures.model, _("simulated") if figures.is_simulated else ""]
    return listed([each for each in parts if each])


def by_unit(unit: Unit) -> str:
    """Return the title of what is shown by hours, days, weeks or months."""
    units = {"hour": _("By hour"), "day": _("By day"), "week": _("By week"), "month": _("By month")}
    return units[unit]


def _day(start: datetime) -> str:
    return date_text(start, f"{start.day} {start:%b}", "MMMd")
