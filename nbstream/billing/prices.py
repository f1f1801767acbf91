"""The cost of a reply, from its usage, the model, the server, the currency and the time.

A cost that the server reported goes before all prices, then come the user's own rows, nbstream's
table (`prices.toml`), and the package genai-prices. What none of them covers has no cost: never
zero, never a guess.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from nbstream.billing import genai_data
from nbstream.billing.breakdown import Prices, instant_of, reported
from nbstream.billing.peak import rule_at
from nbstream.billing.rows import latest, shipped
from nbstream.billing.terms import Terms, has_paid_tools, terms_of
from nbstream.billing.user_prices import user_prices
from nbstream.language import marked
from nbstream.model.exceptions import RequestError
from nbstream.model.usage import Cost, CostParts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from nbstream.billing.breakdown import Breakdown, Kind, Tier
    from nbstream.billing.rows import PriceList, PriceRow
    from nbstream.model.reply import Reply
    from nbstream.model.usage import Usage

#: The host whose prices the simulator's replies show; they are labelled as simulated.
SIMULATED_HOST = "api.deepseek.com"
_USUAL_TERMS = Terms()


def cost_of(reply: Reply, currency: str = "USD") -> Cost | None:
    """Return what the last request of `reply` certainly cost; None if no part of that is known.

    It is a lower bound if the server did not report all tokens of it, as after a stop.
    """
    usage = reply.own.usage
    if reply.recorded is not None:
        return Cost(Decimal(0), currency, "", None, source=reply.recorded.kind, parts=CostParts())
    is_whole = reply.own.is_counted
    if usage is None or not (is_whole or reply.own.has_grown):
        # Whether a server bills a prompt that it has only begun with is not certain.
        return None
    if usage.cost is None:
        counts = usage.prompt_tokens, usage.completion_tokens
        if counts == (None, None):
            return None
        is_whole = is_whole and None not in counts
        usage = replace(usage, prompt_tokens=counts[0] or 0, completion_tokens=counts[1] or 0)
    found = priced(reply, usage, currency)
    return found if found is None or is_whole else replace(found, at_least=True)


def priced(reply: Reply, usage: Usage, currency: str = "USD", *, is_rough: bool = False) -> Cost | None:
    """Return what the last request of `reply` costs if it took `usage`; None without a price.

    With `is_rough` it may be an estimate, where what is not counted may cost more or less.
    """
    earlier, timing = reply.earlier, reply.timing
    at = timing.continued if earlier is not None and earlier.requests else timing.started
    found = _breakdown_at(reply, usage, at, currency, is_rough=is_rough)
    return None if found is None else found.cost


def breakdown_of(step: Reply, currency: str = "USD", *, is_rough: bool = False) -> Breakdown | None:
    """Return how the cost of the last request of `step` comes about; None if it is not known.

    With `is_rough` it may be an estimate, whose doubts are of both kinds. The cost of an earlier
    part of the reply, which it goes on with, is not in it.
    """
    usage, earlier, timing = step.own.usage, step.earlier, step.timing
    at = timing.started if earlier is None or not earlier.requests else timing.continued
    if step.recorded is not None:
        at = step.recorded.instant
    return _breakdown_at(step, usage, at, currency, is_rough=is_rough)


def _breakdown_at(
    step: Reply, usage: Usage | None, at: float | None, currency: str, *, is_rough: bool = False
) -> Breakdown | None:
    if usage is None or at is None:
        return None
    host, url = (SIMULATED_HOST, "") if step.simulated else (_host_of(step.request.endpoint), step.request.endpoint)
    terms = terms_of(step)
    try:
        found = breakdown(
            usage, model=step.model, host=host, at=at, currency=currency, url=url, terms=terms, is_rough=is_rough
        )
    except RequestError:
        # A file of the user that cannot be read may hold another price: `problem` names it.
        return None
    if found is None or usage.cost is not None or not has_paid_tools(step):
        return found
    if found.cost.at_most and not is_rough:
        return None
    doubts = (*found.doubts, marked("the server used tools of its own, which are billed apart"))
    return replace(found, cost=replace(found.cost, at_least=True), doubts=doubts)


def problem() -> str:
    """Return why no cost can be told: a sentence on a file of the user; empty if there is none."""
    try:
        user_prices()
    except RequestError as error:
        return str(error)
    return ""


def cost(
    usage: Usage,
    *,
    model: str,
    host: str,
    at: float,
    currency: str = "USD",
    table: Sequence[PriceList] | None = None,
    url: str = "",
    terms: Terms = _USUAL_TERMS,
) -> Cost | None:
    """Return the cost of `usage`; None if the usage or the price is unknown.

    Args:
        usage: tokens as the server counted them.
        model: the model that the response names.
        host: the server's host, with its port if that is not the default port of the scheme.
        at: the time of the request, in seconds since the Unix epoch.
        currency: the currency of the account.
        table: replaces all prices.
        url: the address of the request, where the host does not tell the provider.
        terms: what else decides on the price.

    Raises:
        RequestError: if a file with the user's own prices is not valid.
    """
    found = breakdown(usage, model=model, host=host, at=at, currency=currency, table=table, url=url, terms=terms)
    return None if found is None else found.cost


def breakdown(
    usage: Usage,
    *,
    model: str,
    host: str,
    at: float,
    currency: str = "USD",
    table: Sequence[PriceList] | None = None,
    url: str = "",
    terms: Terms = _USUAL_TERMS,
    tier: Tier = "",
    is_rough: bool = False,
) -> Breakdown | None:
    """Return how the cost of `usage` comes about; the arguments are those of `cost`.

    With `tier`, "peak" or "off-peak", it is that of another time of the same price. With `is_rough`
    it may be an estimate.
    """
    instant = instant_of(at)
    if usage.cost is not None:
        return reported(usage, instant)
    prompt = usage.prompt_tokens or 0
    found = prices_at(model, host, instant, currency, table=table, url=url, terms=terms, tier=tier, prompt=prompt)
    return None if found is None else found.breakdown(usage, instant, is_rough=is_rough)


def prices_at(
    model: str,
    host: str,
    instant: datetime,
    currency: str = "USD",
    *,
    table: Sequence[PriceList] | None = None,
    url: str = "",
    terms: Terms = _USUAL_TERMS,
    tier: Tier = "",
    prompt: int = 0,
) -> Prices | None:
    """Return the prices of a model at a server, at an instant in UTC; None if they are not known.

    The arguments are those of `breakdown`, and `prompt` is how many tokens the prompt has: with
    some providers the price depends on it.
    """
    lists = shipped() if table is None else table
    provider = next((each for each in lists if host in each.hosts), None)
    asked = _Asked(model, host, instant, currency, tier)
    if table is None and (own := _own_prices(asked, provider)) is not None:
        return own
    if provider is not None:
        return _listed_prices(asked, provider)
    if table is not None:
        return None
    return genai_data.prices_at(model, url or f"https://{host}/", instant, prompt, terms)


def prepare(host: str) -> None:
    """Get ready for the prices of a server, in the background: some come from a large package."""
    if not any(host in each.hosts for each in shipped()):
        genai_data.prepare(host)


class _Asked(NamedTuple):
    model: str
    host: str
    instant: datetime
    currency: str
    tier: Tier


def _own_prices(asked: _Asked, provider: PriceList | None) -> Prices | None:
    """Return the prices of the user's own rows; those in the account's currency go first."""
    model, host, instant, currency, tier = asked
    for file in user_prices():
        fitting = [each for each in file.rows if each.fits(model, host)]
        row = latest((each for each in fitting if each.currency == currency), instant) or latest(fitting, instant)
        if row is not None:
            found = Prices(_each(row), row.currency, "user", "you", file.place, row.since)
            if provider is None or row.peak_factor is None:
                return found
            return _at_tier(found, provider, instant, tier, row.peak_factor)
    return None


def _listed_prices(asked: _Asked, provider: PriceList) -> Prices | None:
    model, _, instant, currency, tier = asked
    billed = provider.billed(model)
    row = latest((each for each in provider.rows if (each.model, each.currency) == (billed, currency)), instant)
    if row is None:
        return None
    place, since, checked = marked("nbstream's table"), row.since, provider.checked
    found = Prices(_each(row), currency, "table", provider.name, place, since, checked)
    return _at_tier(found, provider, instant, tier)


def _at_tier(
    prices: Prices, provider: PriceList, instant: datetime, tier: Tier, factor: Decimal | None = None
) -> Prices:
    rule = rule_at(provider.peak, instant)
    if rule is None:
        return prices
    factor = rule.factor if factor is None else factor
    prices = replace(prices, tier="off-peak", peak=rule, peak_factor=factor)
    is_peak = tier == "peak" if tier else rule.is_peak(instant, provider.holidays)
    if not is_peak:
        return prices
    doubts: tuple[str, ...] = ()
    if not tier and provider.holidays is not None and instant.date() > provider.holidays.until:
        doubts = (marked("the day may be a public holiday in China, which has no peak hours"),)
    return replace(prices, tier="peak", factor=factor, at_most=doubts)


def _each(row: PriceRow) -> dict[Kind, Decimal]:
    each: dict[Kind, Decimal | None] = {
        "hit": row.hit,
        "miss": row.miss,
        "output": row.output,
        "write": row.write,
        "write_1h": row.write_1h,
    }
    return {kind: price for kind, price in each.items() if price is not None}


def _host_of(endpoint: str) -> str:
    """Return the host of a URL, with its port if the URL names one."""
    return urlsplit(endpoint).netloc.rpartition("@")[2].lower()
