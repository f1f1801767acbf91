"""What a request may cost at most, before it is sent."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nbstream.billing import prices
from nbstream.billing.budgets.limit import Need, Price
from nbstream.billing.estimates import choices_of, prompt_tokens_estimate
from nbstream.language import _
from nbstream.model.usage import Usage
from nbstream.model.warning import ReplyWarning

if TYPE_CHECKING:
    from nbstream.model.request import Request
    from nbstream.model.usage import Cost

#: The fields that limit the tokens of a reply.
_LIMITS = ("max_tokens", "max_completion_tokens")
#: DeepSeek's limits for a request that names none: with thinking, at the effort `max`, and without
#: thinking (its API reference, November 2026). Other servers mostly have lower ones.
_DEFAULT, _DEFAULT_AT_MAX, _DEFAULT_WITHOUT = 65_536, 131_072, 8_192
#: A lower limit than this is never refused as too high. Above, only DeepSeek is sent one that the
#: user did not name.
_SAFE = 8_192
_DEEPSEEK = "api.deepseek.com"
#: A prompt is taken to be longer than it is estimated: see `nbstream.model.token_estimate`.
_MARGIN = Decimal("1.25")
_OF_MESSAGE = 8
#: A reply of fewer tokens is not worth asking for, unless the user asks for fewer.
_LEAST = 256
_MANY = 1_000_000
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: Which model a server last said that it served, by its host and the model that was asked. A server
#: of this machine in it is not the simulator.
_served: dict[tuple[str, str], str] = {}
#: The hosts and models with which the server reported a cost itself, and its currency.
_reported: dict[tuple[str, str], str] = {}


def need_of(request: Request, currency: str, at: float | None = None) -> Need:
    """Return what a request needs of a budget.

    Args:
        request: the request.
        currency: the currency of the account.
        at: when it is sent, in seconds since the Unix epoch; None means now.
    """
    tokens = prompt_tokens(request)
    given = limit_of(request)
    wanted = (given or default_limit(request)) * choices_of(request)
    price = price_of(request, tokens, currency, time.time() if at is None else at)
    unit = currency if price is None else price.currency
    return Need(tokens, wanted, min(wanted, _LEAST), price, unit, may_be_simulated=is_here(request.endpoint))


def prompt_tokens(request: Request) -> int:
    """Return how many tokens the prompt of a request has at most, by an estimate."""
    return int(prompt_tokens_estimate(request) * _MARGIN) + _OF_MESSAGE


def limit_of(request: Request) -> int | None:
    """Return the most tokens that a request asks for; None if it names no limit."""
    found = (request.parameters.get(name) for name in _LIMITS)
    return next((each for each in found if isinstance(each, int)), None)


def default_limit(request: Request) -> int:
    """Return the most tokens that a server may send of itself."""
    parameters = request.parameters
    if parameters.get("reasoning_effort") == "max":
        return _DEFAULT_AT_MAX
    return _DEFAULT_WITHOUT if parameters.get("thinking") == {"type": "disabled"} else _DEFAULT


def lowered(request: Request, tokens: int, said: str) -> Request:
    """Return a request whose replies have at most so many tokens, with a warning that says so.

    Args:
        request: the request.
        tokens: the limit, for all replies that it asks for at once.
        said: why, as a part of a sentence.
    """
    if limit_of(request) is None and tokens > _SAFE and _host(request) != _DEEPSEEK and not is_here(request.endpoint):
        # The server may refuse this limit, and has a lower one itself. The line is held meanwhile.
        return request
    tokens = max(1, tokens // choices_of(request))
    name = next((each for each in _LIMITS if each in request.parameters), "max_tokens")
    where = " ".join([name, *map(str, filter(None, [limit_of(request)]))])
    warning = ReplyWarning(
        "budget_lowered", said=_("{count:,} tokens, as {reason}", count=tokens, reason=said), where=where
    )
    parameters = {**request.parameters, name: tokens}
    return replace(request, parameters=parameters, warnings=(*request.warnings, warning))


def as_asked(request: Request) -> Request:
    """Return a request with the limit of tokens that it had before a budget lowered it."""
    kept = tuple(each for each in request.warnings if each.kind != "budget_lowered")
    parameters = dict(request.parameters)
    for warning in request.warnings:
        if warning.kind == "budget_lowered":
            name, _, limit = warning.where.partition(" ")
            parameters.pop(name, None)
            parameters |= {name: int(limit)} if limit else {}
    return request if len(kept) == len(request.warnings) else replace(request, parameters=parameters, warnings=kept)


def price_of(request: Request, tokens: int, currency: str, at: float, *, is_cached: bool = False) -> Price | None:
    """Return what a request costs at most if it is sent at an instant; None if that is not known.

    Args:
        request: the request.
        tokens: the tokens of its prompt.
        currency: the currency of the account.
        at: the instant, in seconds since the Unix epoch.
        is_cached: whether the prompt is in the server's cache.
    """
    found = [
        price
        for host, model in _billed(request)
        if (price := _price(model, host, tokens, currency, at, is_cached=is_cached)) is not None
    ]
    # One that is known does not hold where the other one may be billed, in another currency, or
    # where the server reports its cost in another one.
    currencies = {each.currency for each in found} | {*filter(None, [reported_currency(request)])}
    if not found or len(currencies) > 1:
        return None
    return Price(max(each.prompt for each in found), max(each.token for each in found), found[0].currency)


def _price(model: str, host: str, tokens: int, currency: str, at: float, *, is_cached: bool) -> Price | None:
    hit = tokens if is_cached else 0

    def cost(prompt: int, completion: int, written: int) -> Cost | None:
        usage = Usage(
            prompt,
            completion,
            cache_hit_tokens=hit,
            cache_miss_tokens=prompt - hit,
            cache_write_tokens=written,
            cache_write_1h_tokens=0,
        )
        return prices.cost(usage, model=model, host=host, at=at, currency=currency)

    plain, whole = cost(tokens, 0, 0), cost(tokens, _MANY, 0)
    # Some servers, as Anthropic's, take more for a prompt that they put into their cache.
    written = plain if is_cached else cost(tokens, 0, tokens)
    if plain is None or whole is None or written is None:
        return None
    return Price(max(plain.amount, written.amount), (whole.amount - plain.amount) / _MANY, plain.currency)


def _billed(request: Request) -> list[tuple[str, str]]:
    """Return the hosts and models by whose prices a request may be billed."""
    host = _host(request)
    if (served := _served.get((host, request.model))) is not None:
        return [(host, served)]
    own = host, request.model
    # A server of this machine that has a model of DeepSeek's name may be the simulator, whose
    # replies have DeepSeek's prices. Its first reply tells.
    return [own, (prices.SIMULATED_HOST, request.model)] if is_here(request.endpoint) else [own]


def note_served(request: Request, model: str, cost: Cost | None) -> None:
    """Note what a server, which is not the simulator, made of a request: it is billed from now on.

    Args:
        request: the request.
        model: the model that it served.
        cost: what the request cost, if that is known.
    """
    asked = _host(request), request.model
    _served[asked] = model
    if cost is not None and cost.source == "server":
        _reported[asked] = cost.currency


def reported_currency(request: Request) -> str | None:
    """Return in which currency a server reports the cost of a request; None if it did not yet."""
    return _reported.get((_host(request), request.model))


def _host(request: Request) -> str:
    return urlsplit(request.endpoint).netloc.rpartition("@")[2].lower()


def is_here(url: str) -> bool:
    """Return whether a server is on this machine, as the simulator is."""
    return (urlsplit(url).hostname or "") in _LOOPBACK
