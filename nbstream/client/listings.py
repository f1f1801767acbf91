"""The models that a server lists, with what it tells of them, and the balance of an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nbstream.billing.prices import prices_at
from nbstream.client.addresses import origin_of
from nbstream.client.queries import QueryError, get_json
from nbstream.language import _, marked
from nbstream.model.failure import Failure
from nbstream.model.printable import one_line

if TYPE_CHECKING:
    from nbstream.client.endpoints import Endpoint

_MILLION = 1_000_000
#: More models than any server has.
_MOST_MODELS = 10_000
_LONGEST_ID = 200
_LONGEST_SAID = 120
#: The names of a model's context window: OpenRouter and Together, vLLM and SGLang, Mistral and LM
#: Studio, Groq, Anthropic; seen in their documentation and source in November 2026.
_WINDOWS = ("context_length", "max_model_len", "max_context_length", "context_window", "max_input_tokens")
#: Where a price stands that the server told with the model.
_OWN_LIST = marked("the server's list")
#: Statuses of a key that may not ask.
_FORBIDDEN = (401, 403)

#: The models that servers listed in this process, with their context windows, by origin.
_listed: dict[str, dict[str, int | None]] = {}


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One model of a server; a value that is not known is None.

    Attributes:
        id: the model's id.
        context: the context window, in tokens.
        price_in: the price of a million tokens of the prompt, without a cache.
        price_out: the price of a million tokens of the reply.
        currency: the currency of the prices.
        source: where they stand.
    """

    id: str
    context: int | None = None
    price_in: Decimal | None = None
    price_out: Decimal | None = None
    currency: str = "USD"
    source: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of an account, in one currency.

    Attributes:
        left: the money that can still be spent; None if the server tells only the money spent.
        currency: the currency.
        granted: the part of it that was granted; None if the server does not tell.
        used: the money that was spent; None if the server does not tell.
        is_of_key: whether it is the limit of the key, and not the account's balance.
    """

    left: Decimal | None
    currency: str
    granted: Decimal | None = None
    used: Decimal | None = None
    is_of_key: bool = False


def window(endpoint: Endpoint, model: str) -> int | None:
    """Return the context window of a model in tokens, from its facts or its server's last list."""
    told = _listed.get(endpoint.origin, {}).get(model)
    return endpoint.facts.context_windows.get(model) or told or endpoint.facts.window(model)


def listed(base_url: str) -> list[str]:
    """Return the ids of the models that a server listed last; asks no server."""
    return list(_listed.get(origin_of(base_url), ()))


def models_of(endpoint: Endpoint, currency: str) -> list[ListedModel]:
    """Ask a server for its models.

    Args:
        endpoint: the server.
        currency: the currency of the prices that nbstream knows; a server's own are in USD.

    Raises:
        QueryError: if the server has no list, or cannot be asked.
    """
    document = get_json(endpoint, _models_path(endpoint))
    # Some servers send the list alone.
    entries = document.get("data") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise QueryError(_unexpected(endpoint, document), endpoint)
    found = [
        _model(each, endpoint, currency) for each in entries[:_MOST_MODELS] if isinstance(each, dict) and _id(each)
    ]
    _listed[endpoint.origin] = {each.id: each.context for each in found}
    return found


def _models_path(endpoint: Endpoint) -> str:
    """Return where a server lists its models."""
    if endpoint.facts.api != "anthropic":
        return "/models"
    # DeepSeek documents one list, that of its first API. Anthropic sends twenty models at a time
    # unless it is asked for more.
    return f"{endpoint.origin}/models" if endpoint.on_deepseek else "/v1/models?limit=1000"


def balance_of(endpoint: Endpoint) -> list[Balance]:
    """Ask a server for the account's balance, in each of its currencies.

    The endpoint must have one (`EndpointFacts.balance`).

    Raises:
        QueryError: if the server cannot be asked.
    """
    if endpoint.facts.balance == "deepseek":
        document = get_json(endpoint, f"{endpoint.origin}/user/balance")
        infos = document.get("balance_infos") if isinstance(document, dict) else None
        found = [
            each for each in infos or () if isinstance(each, dict) and _number(each.get("total_balance")) is not None
        ]
        if not found:
            raise QueryError(_unexpected(endpoint, document), endpoint)
        return [
            Balance(_number(each["total_balance"]), _text(each.get("currency")), _number(each.get("granted_balance")))
            for each in found
        ]
    data = _data(endpoint, "/key")
    left, used = _number(data.get("limit_remaining")), _number(data.get("usage"))
    if left is None and used is None:
        raise QueryError(_unexpected(endpoint, data), endpoint)
    of_key = Balance(left, "USD", used=used, is_of_key=True)
    return [of_key if left is not None else _credits(endpoint) or of_key]


def _credits(endpoint: Endpoint) -> Balance | None:
    """Return the balance of the account at OpenRouter, or None if the key may not ask for it."""
    try:
        data = _data(endpoint, "/credits")
    except QueryError as error:
        # Only keys for management may.
        if error.failure.status_code not in _FORBIDDEN:
            raise
        return None
    bought, used = _number(data.get("total_credits")), _number(data.get("total_usage"))
    return Balance(bought - used, "USD", used=used) if bought is not None and used is not None else None


def _data(endpoint: Endpoint, path: str) -> dict[str, Any]:
    document = get_json(endpoint, path)
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        raise QueryError(_unexpected(endpoint, document), endpoint)
    return data


def _model(entry: dict[str, Any], endpoint: Endpoint, currency: str) -> ListedModel:
    name = _id(entry)
    meta, pricing = entry.get("meta"), entry.get("pricing")
    own = (entry.get(each) for each in _WINDOWS)
    # llama.cpp tells the size of the context that it was started with, and the model's own.
    inner = (meta.get(each) for each in ("n_ctx", "n_ctx_train")) if isinstance(meta, dict) else ()
    context = next((each for each in (*own, *inner) if _is_count(each)), None) or endpoint.facts.window(name)
    if isinstance(pricing, dict):
        per_token = [_number(pricing.get(each)) for each in ("prompt", "completion")]
        # OpenRouter's routers have a price of -1, as they choose a model for each request.
        price_in, price_out = (each * _MILLION if each is not None and each >= 0 else None for each in per_token)
        is_told = price_in is not None or price_out is not None
        return ListedModel(name, context, price_in, price_out, source=_(_OWN_LIST) if is_told else "")
    host = urlsplit(endpoint.origin).netloc
    found = prices_at(name, host, datetime.now(UTC), currency, url=endpoint.base_url)
    if found is None:
        return ListedModel(name, context)
    price_in, price_out = (found.each[kind] * found.factor for kind in ("miss", "output"))
    return ListedModel(name, context, price_in, price_out, found.currency, found.place)


def _unexpected(endpoint: Endpoint, document: Any) -> Failure:
    return Failure("not_a_stream", "no_list", endpoint.server, one_line(str(document)[:_LONGEST_SAID]))


def _id(entry: dict[str, Any]) -> str:
    return _text(entry.get("id"))[:_LONGEST_ID]


def _text(value: Any) -> str:
    return one_line(value) if isinstance(value, str) else ""


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
