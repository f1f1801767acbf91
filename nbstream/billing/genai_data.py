"""Prices of providers other than DeepSeek, from the package genai-prices.

Its data is part of the package, so a new version of it brings new prices, and no network is used.
Its sums are not: they leave out what nobody knows. Here a price that may not be the whole truth
makes the cost a bound, or unknown.
"""

from __future__ import annotations

import importlib
import re
import threading
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from nbstream.billing.breakdown import Prices
from nbstream.language import marked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from genai_prices.types import ModelInfo, ModelPrice, Provider

    from nbstream.billing.breakdown import Kind
    from nbstream.billing.terms import Terms

PACKAGE = "genai-prices"
_KINDS: Mapping[Kind, str] = {
    "hit": "cache_read_mtok",
    "miss": "input_mtok",
    "write": "cache_write_mtok",
    "write_1h": "cache_write_1h_mtok",
    "output": "output_mtok",
}
#: Further prices that a plain reply does not touch. Tools of the server are told apart.
_OTHER_KEYS = {"web_searches_kcount", "storage_searches_kcount", "social_searches_kcount"}
_TELLS_APART = ("image", "audio", "video")

#: Providers whose prices in the package are not what an account is billed, with the reason.
_NOT_BILLED_SO = {
    "deepseek": marked("nbstream's own table has them, with weekends and holidays"),
    "openrouter": marked("its price depends on the provider that it chooses; it reports the cost itself"),
    "github-copilot": marked("a subscription pays for it in credits"),
    "cursor": marked("a subscription pays for it"),
    "zhipuai": marked("it bills in yuan"),
    "databricks": marked("its price depends on the region and the contract"),
    "modal": marked("it bills the time of the machine"),
    "ovhcloud": marked("it bills in euros"),
    "perplexity": marked("it bills each request, too, by what it searched"),
    "elevenlabs": marked("it bills the time, too"),
}
#: Addresses of the same providers that bill otherwise.
_OTHER_BILLS = re.compile(r"https://(?:api\.moonshot\.cn|api\.minimaxi\.|api\.z\.ai/api/coding)", re.IGNORECASE)
_LOCATED: Mapping[str, str] = {
    "azure": marked("a deployment in one region may cost more"),
    "aws": marked("another region may cost more"),
    "google": marked("a region may cost more"),
}
#: The only address of Google's that has one price for all regions.
_GEMINI = re.compile(r"https://generativelanguage\.googleapis\.com[/:]", re.IGNORECASE)
#: What may follow a model's name without being another model: dates, revisions.
_REVISION = re.compile(
    r"(?:[-@:_.]?(?:\d{3,8}|\d{4}-\d\d-\d\d|\d\d-\d{2,4}|v\d+(?::\d+)?|latest|preview|exp))*", re.IGNORECASE
)


class Found(NamedTuple):
    """A model of the package."""

    provider: Provider
    model: ModelInfo


def prepare(host: str) -> None:
    """Import the package in the background, unless the server is a local one."""
    if "." in host and not _is_address(host) and not _is_ready():
        threading.Thread(target=_providers, name="nbstream-prices", daemon=True).start()


def prices_at(model: str, url: str, instant: datetime, prompt: int, terms: Terms) -> Prices | None:
    """Return the prices of a model at a server; None if they are not known.

    Args:
        model: the model that the response names.
        url: the address of the request.
        instant: the time of the request, in UTC.
        prompt: how many tokens the prompt has: of some providers, a long one costs more.
        terms: what else decides on the price.
    """
    try:
        return _prices_at(model, url, instant, prompt, terms)
    except Exception:  # noqa: BLE001  (a newer version of the package may cost the price, and not the reply)
        return None


def _prices_at(model: str, url: str, instant: datetime, prompt: int, terms: Terms) -> Prices | None:
    found = find(model, url)
    context = _context(found.model, terms) if found is not None else None
    if found is None or context is None:
        return None
    active = found.model.get_prices(instant, context)
    each = _resolved(active, prompt)
    if each is None:
        return None
    earlier = _resolved(found.model.get_prices(instant - timedelta(days=1), context), prompt)
    at_most, at_least = _change_of_day(each, earlier)
    at_least += _doubts(found.provider, url, active, terms)
    since = _since(found.model, instant)
    return Prices(
        each, "USD", "genai-prices", found.provider.name, f"{PACKAGE} {version()}", since, newest(),
        at_most=tuple(at_most), at_least=tuple(at_least),
    )  # fmt: skip


@lru_cache(256)
def find(model: str, url: str) -> Found | None:
    """Return the provider and the model that are billed at an address, if that is certain."""
    if not url.startswith("https://") or "." not in url or _OTHER_BILLS.match(url):
        return None
    # As Google lists them.
    model = model.removeprefix("models/")
    providers = _providers()
    for provider in providers:
        hit = re.match(provider.api_pattern, url)
        # A pattern may match the beginning of a longer host.
        if hit is None or not (hit[0].endswith(("/", ".")) or url[hit.end() : hit.end() + 1] in ("", "/", ":")):
            continue
        if provider.id in _NOT_BILLED_SO:
            return None
        known = provider.find_model(model.lower(), all_providers=providers)
        if known is not None and is_certain(known, model):
            return Found(provider, known)
    return None


def why_not(url: str) -> str:
    """Return why the prices are not used for an address; empty if there is no such reason."""
    if not url.startswith("https://"):
        return ""
    for provider in _providers():
        if provider.id in _NOT_BILLED_SO and re.match(provider.api_pattern, url):
            return _NOT_BILLED_SO[provider.id]
    return ""


def is_certain(known: ModelInfo, model: str) -> bool:
    """Return whether `model` is `known` or a revision of it, and not one of a longer name."""
    name = model.lower()
    if name == known.id.lower():
        return True
    if name.endswith("-latest"):
        # It names another model after the next release, and the package may not have that yet.
        return False
    return any(
        (kind == "equals" and name == text)
        or (kind == "regex" and re.search(text, name) is not None)
        or (kind == "starts_with" and name.startswith(text) and _REVISION.fullmatch(name[len(text) :]) is not None)
        for kind, text in _clauses(known.match)
    )


def version() -> str:
    """Return the version of the package."""
    from importlib.metadata import PackageNotFoundError  # noqa: PLC0415  (only where it is used)
    from importlib.metadata import version as of_package  # noqa: PLC0415  (as above)

    try:
        return of_package(PACKAGE)
    except PackageNotFoundError:
        return "is not installed"


@cache
def newest() -> date | None:
    """Return the day from which the newest price of the package is valid; future ones do not count.

    The package does not say when its prices were checked: they are not older than this day.
    """
    today = datetime.now(UTC).date()
    days = (day for provider in _providers() for model in provider.models for day in _days(model))
    return max((day for day in days if day <= today), default=None)


def count() -> tuple[int, int]:
    """Return how many providers and models the package has."""
    providers = _providers()
    return len(providers), sum(len(each.models) for each in providers)


def _is_ready() -> bool:
    return _providers.cache_info().currsize > 0


def _is_address(host: str) -> bool:
    return re.fullmatch(r"[\d.]+(?::\d+)?|\[.*", host) is not None


@cache
def _providers() -> list[Provider]:
    # 0.1 s beside the SDK, and a second alone: not before it is needed. Nothing here starts its
    # updates.
    try:
        module = importlib.import_module("genai_prices.data_snapshot")
    except ImportError:
        # A broken installation.
        return []
    found: list[Provider] = module.get_snapshot().providers
    return found


def _context(model: ModelInfo, terms: Terms) -> dict[str, str] | None:
    """Return what chooses a variant of the prices; None if the variant is not known."""
    wanted = {"service_tier": terms.service_tier, "speed": terms.speed}
    if terms.service_tier == "batch":
        wanted = {"processing": "batch", "speed": terms.speed}
    wanted = {name: value for name, value in wanted.items() if value}
    for name, value in wanted.items():
        if not any(each.when.get(name) == value for each in model.price_variants or ()):
            return None
    return wanted


def _resolved(prices: ModelPrice, prompt: int) -> dict[Kind, Decimal] | None:
    """Return the prices for a prompt of so many tokens; None without those of input and output."""
    found: dict[Kind, Decimal] = {}
    for kind, key in _KINDS.items():
        price = getattr(prices, key)
        if price is not None and not isinstance(price, Decimal):
            # A longer prompt has another price, for all of its tokens.
            price = next((each.price for each in reversed(price.tiers) if prompt > each.start), price.base)
        if price is not None:
            found[kind] = price
    return found if "miss" in found and "output" in found else None


def _change_of_day(each: Mapping[Kind, Decimal], earlier: Mapping[Kind, Decimal] | None) -> tuple[list[str], list[str]]:
    """Return why the cost is a bound on the day of a change, whose hour is not known."""
    if earlier is None or each == earlier:
        return [], []
    doubt = [marked("the price changed on this day, at an hour that is not known")]
    return (doubt, []) if all(each.get(kind, 0) >= price for kind, price in earlier.items()) else ([], doubt)


def _doubts(provider: Provider, url: str, prices: ModelPrice, terms: Terms) -> list[str]:
    """Return why the true cost may be higher."""
    found = []
    if provider.id in _LOCATED and not _GEMINI.match(url):
        found.append(_LOCATED[provider.id])
    if terms.region:
        found.append(f"the request was bound to the region {terms.region}")
    keys = {key for key, value in vars(prices).items() if value is not None and not key.startswith("_")}
    for key in sorted(keys - {*_KINDS.values(), *_OTHER_KEYS}):
        kind = next((each for each in _TELLS_APART if each in key), None)
        is_asked = kind is not None and key.startswith(("input", "cache")) and kind not in terms.media
        if not is_asked:
            found.append(f"the price of {key.rsplit('_', 1)[0].replace('_', ' ')} is not counted")
    return found


def _since(model: ModelInfo, instant: datetime) -> datetime | None:
    days = [day for day in _days(model, of_variants=False) if day <= instant.date()]
    return datetime.combine(max(days), time(), UTC) if days else None


def _days(model: ModelInfo, *, of_variants: bool = True) -> Iterator[date]:
    conditional = model.prices if isinstance(model.prices, list) else []
    for each in (*conditional, *((model.price_variants or ()) if of_variants else ())):
        day = getattr(each.constraint, "start_date", None)
        if day is not None:
            yield day


def _clauses(match: Any) -> Iterator[tuple[Literal["equals", "regex", "starts_with"], str]]:
    """Yield the single conditions of a rule for names."""
    for joined in ("or_", "and_"):
        for each in getattr(match, joined, ()):
            yield from _clauses(each)
    for kind in ("equals", "regex", "starts_with"):
        if (text := getattr(match, kind, None)) is not None:
            yield kind, text if kind == "regex" else text.lower()
