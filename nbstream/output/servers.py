"""What `%deepseek models`, `balance` and `config` say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.language import _, joined, listed, marked, plural
from nbstream.model.reply import Reply
from nbstream.output.failure_words import message
from nbstream.output.remedies import remedy
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from nbstream.client.endpoints import Endpoint
    from nbstream.client.listings import Balance, ListedModel
    from nbstream.client.queries import QueryError
    from nbstream.model.presentation import Audience

#: More rows would push the notebook away.
MOST_ROWS = 40
_PRICES = marked("Prices are per million tokens at this moment, without a cache.")
_PRICES_FROM = marked("Prices are per million tokens at this moment, without a cache; from {sources}.")


def failed(error: QueryError, audience: Audience) -> str:
    """Return what happened to a question, and what to do, as for a reply."""
    return joined(message(error.failure), remedy(error.failure, Reply(request=error.request), audience))


def models_table(endpoint: Endpoint, models: Sequence[ListedModel], current: str, word: str) -> Table:
    """Return the models of a server; columns of which nothing is known are left out.

    Args:
        endpoint: the server.
        models: all models that it lists.
        current: the id of the model that is asked by default; empty if it is on another server.
        word: only models whose id has it are shown; may be empty.
    """
    found = [each for each in models if word.casefold() in each.id.casefold()]
    # The present model comes first where not all of them are shown.
    shown = sorted(found, key=lambda each: each.id != current)[:MOST_ROWS]
    shown = shown if len(found) > MOST_ROWS else found
    columns = [("", [("→" if each.id == current else "") for each in shown])] if current else []
    columns.append((_("model"), [each.id for each in shown]))
    if any(each.context for each in shown):
        columns.append((_("context"), [_("{count:,}", count=each.context) if each.context else "" for each in shown]))
    has_prices = any(each.price_in is not None or each.price_out is not None for each in shown)
    if has_prices:
        currency = next(each.currency for each in shown if each.price_in is not None or each.price_out is not None)
        columns.append((_("in, {currency}", currency=currency), [_price(each.price_in) for each in shown]))
        columns.append((_("out, {currency}", currency=currency), [_price(each.price_out) for each in shown]))
    headers = [name for name, _cells in columns]
    numbers = frozenset(at for at, name in enumerate(headers) if name not in ("", _("model")))
    rest = len(found) - len(shown)
    sources = sorted({each.source for each in shown if each.source and each.price_in is not None})
    prices = _(_PRICES_FROM, sources=listed(sources, " and ", " and ")) if sources else _(_PRICES)
    notes = [prices] if has_prices else []
    if rest:
        name = endpoint.name or f"{endpoint.origin}{endpoint.address.path}"
        notes.append(
            _("{rest:,} more: %deepseek models {name} WORD shows those with a word in their id.", rest=rest, name=name)
        )
    count = plural("{n:,} model", "{n:,} models", len(models))
    if word:
        count = _("{found:,} of {count:,} models", found=len(found), count=len(models))
    rows = list(zip(*(cells for _name, cells in columns), strict=True))
    return Table(_("{name}: {cost}", name=endpoint.server, cost=count), headers, rows, numbers, joined(*notes))


def balance_line(endpoint: Endpoint, balance: Balance) -> str:
    """Return one line with the money that can still be spent."""
    currency, server = balance.currency, endpoint.server
    used = (
        _("{amount} {currency} used", amount=_amount(balance.used), currency=currency)
        if balance.used is not None
        else ""
    )
    if balance.left is None:
        return _("{server}: {used} with this key, which has no limit.", server=server, used=used)
    amount = _amount(balance.left)
    if balance.is_of_key:
        left = _("{amount} {currency} left of this key's limit", amount=amount, currency=currency)
    else:
        left = _("{amount} {currency} left", amount=amount, currency=currency)
    granted = _("{amount} of it granted", amount=_amount(balance.granted)) if balance.granted else ""
    parts = listed(list(filter(None, [left, granted, used])))
    return _("{server}: {parts}.", server=server, parts=parts)


def _price(price: Decimal | None) -> str:
    if price is None:
        return ""
    # Two significant digits or more.
    return _("free") if price == 0 else f"{price:.{max(2, 1 - price.adjusted())}f}"


def _amount(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"
