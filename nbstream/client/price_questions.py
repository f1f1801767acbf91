"""Questions about prices as users type them: `--model pro --calls 1M --input 2200`."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from nbstream.billing import genai_data
from nbstream.billing.prices import SIMULATED_HOST, prices_at
from nbstream.billing.rows import shipped
from nbstream.billing.user_prices import path
from nbstream.billing.volume import Volume, estimate
from nbstream.client import routing, settings
from nbstream.language import _, joined, listed, option_errors
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from nbstream.billing.breakdown import Prices
    from nbstream.billing.volume import Estimate

_SUFFIXES = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9}
_NUMBER = re.compile(r"(\d[\d_,]*(?:\.\d+)?)\s*([kmbg]?)", re.IGNORECASE)
_MOST = 10**15


class Parser(argparse.ArgumentParser):
    """A parser whose errors are `RequestError`, as a notebook does not end with one."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with the options."""
        usage = " ".join(self.format_usage().split()).removeprefix("usage: ")
        message = option_errors.said(message)
        raise RequestError(
            joined(f"{message[:1].upper()}{message[1:]}{_('.')}", _("It is written {usage}.", usage=usage))
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Which prices are asked for.

    Attributes:
        model: the model's id; empty for all.
        host: the server's host.
        url: its address.
        at: the instant, in UTC.
        currency: ISO 4217 code.
    """

    model: str
    host: str
    url: str
    at: datetime
    currency: str

    def prices(self) -> Prices | None:
        """Return the prices of the model; None if they are not known."""
        return prices_at(self.model, self.host, self.at, self.currency, url=self.url)


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which prices are asked for."""
    parser.add_argument("--endpoint", metavar="NAME", help=_("an endpoint or its base URL (default: the usual one)"))
    parser.add_argument("--host", help=_("a server's host, such as api.openai.com, in place of an endpoint"))
    parser.add_argument("--at", metavar="TIME", type=_instant, help=_("a day or a time; UTC unless it says otherwise"))
    parser.add_argument(
        "--currency", help=_("the currency of the account, such as CNY (default: that of the settings)")
    )
    parser.add_argument("--json", action="store_true", help=_("print JSON; amounts are text, with all their digits"))


def add_volume(parser: argparse.ArgumentParser) -> None:
    """Add the options of `estimate`."""
    parser.add_argument(
        "-m", "--model", help=_("a model, as in a cell: pro, or openai/gpt-4.1 (default: the usual one)")
    )
    parser.add_argument("--calls", type=_count, default=1, help=_("how many calls: 500, 20k, 1.5M (default 1)"))
    parser.add_argument("--input", type=_count, required=True, help=_("tokens of each prompt, with the cached ones"))
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--cached", type=_count, default=0, help=_("how many of these are in the server's cache"))
    group.add_argument("--cache-share", type=_share, metavar="SHARE", help=_("the same as a share: 0.9 or 90%%"))
    parser.add_argument("--output", type=_count, default=0, help=_("tokens of each reply, with the reasoning"))
    parser.add_argument("--reasoning", type=_count, default=0, help=_("how many of these are reasoning"))
    add_place(parser)


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the options of `prices`."""
    parser.add_argument("model", nargs="?", help=_("a model, as in a cell: pro, or openai/gpt-4.1 (default: all)"))
    add_place(parser)


def place_of(options: argparse.Namespace) -> Place:
    """Return what is asked for.

    Raises:
        RequestError: if there is no such endpoint or model.
    """
    currency = (options.currency or settings.current().currency).upper()
    at = options.at or datetime.now(UTC)
    if options.host:
        if options.endpoint:
            raise RequestError(_("--host and --endpoint name a server each: give one of them."))
        host = (urlsplit(options.host).netloc or options.host).lower()
        found = routing.route(options.model, f"https://{host}", without_key=True)
        return Place(found.model if options.model else "", host, "", at, currency)
    if options.model or options.endpoint:
        found = routing.route(options.model, options.endpoint, without_key=True)
        endpoint, model = found.endpoint, found.model if options.model else ""
    else:
        endpoint, model = routing.server("", without_key=True), ""
    place = Place(model, urlsplit(endpoint.origin).netloc, endpoint.base_url, at, currency)
    return _elsewhere(place) if endpoint.on_loopback and not options.endpoint else place


def _elsewhere(place: Place) -> Place:
    """Return the place whose prices a server of this machine shows, as the simulator does."""
    if not place.model:
        return replace(place, host=SIMULATED_HOST, url="")
    if place.prices() is not None:
        return place
    found = replace(place, host=SIMULATED_HOST, url="")
    return found if found.prices() is not None else place


def estimate_of(options: argparse.Namespace) -> Estimate:
    """Return what the calls of the options cost.

    Raises:
        RequestError: if they are not possible, or the price is not known.
    """
    options.model = options.model or settings.current().model
    place = place_of(options)
    cached = options.cached
    if options.cache_share is not None:
        cached = int((options.cache_share * options.input).to_integral_value())
    volume = Volume(options.calls, options.input, cached, options.output, options.reasoning)
    found = estimate(volume, model=place.model, host=place.host, at=place.at, currency=place.currency, url=place.url)
    if found is None:
        raise RequestError(unknown(place))
    return found


def unknown(place: Place) -> str:
    """Return that a price is not known, and what to do."""
    when = f"{place.at:%Y-%m-%d %H:%M} UTC"
    said = _(
        "The price of {model} at {host} is not known for {when} in {currency}.",
        model=place.model,
        host=place.host,
        when=when,
        currency=place.currency,
    )
    provider = next((each for each in shipped() if place.host in each.hosts), None)
    rows = provider.rows if provider is not None else ()
    billed = provider.billed(place.model) if provider is not None else ""
    own = [row for row in rows if row.model == billed]
    if own and not any(row.currency == place.currency for row in own):
        currencies = listed(sorted({row.currency for row in own}), " and ", " and ")
        return joined(said, _("nbstream's table has {prices}.", prices=currencies))
    if own:
        since = f"{min(row.since for row in own if row.since):%Y-%m-%d %H:%M} UTC"
        return joined(said, _("nbstream's table begins at {since}.", since=since))
    if rows:
        return joined(said, _("nbstream's table has {prices}.", prices=listed(sorted({row.model for row in rows}))))
    for each in shipped():
        if any(row.model == each.billed(place.model) for row in each.rows):
            other = _(
                "With --host {host} it is calculated with the prices of {name}.", host=min(each.hosts), name=each.name
            )
            return joined(said, other)
    if reason := genai_data.why_not(place.url or f"https://{place.host}/"):
        reason = _(reason)
        said = joined(said, f"{reason[:1].upper()}{reason[1:]}{_('.')}")
    return joined(said, _("Name another --host or --endpoint, or write your own prices into {path}.", path=path()))


def _count(text: str) -> int:
    found = _NUMBER.fullmatch(text.strip())
    value = Decimal(found[1].replace("_", "").replace(",", "")) * _SUFFIXES[found[2].lower()] if found else None
    if value is None or value != value.to_integral_value() or value > _MOST:
        raise argparse.ArgumentTypeError(_("{text} is no whole number, such as 2200, 20k or 1.5M", text=text))
    return int(value)


def _share(text: str) -> Decimal:
    try:
        share = Decimal(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except InvalidOperation:
        share = Decimal(-1)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(_("{text} is no share, such as 0.9 or 90%", text=text))
    return share


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            _("{text} is no time, such as 2026-04-24 or 2026-11-26T09:30+08:00", text=text)
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
