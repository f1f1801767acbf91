"""What `%deepseek models`, `balance` and `config` say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.reply import Reply
from nbstream.output.remedies import remedy
from nbstream.output.sentences import message
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
_PRICES = "Prices are per million tokens at this moment, without a cache"


def failed(error: QueryError, audience: Audience) -> str:
    """Return what happened to a question, and what to do, as for a reply."""
    return f"{message(error.failure)} {remedy(error.failure, Reply(request=error.request), audience)}"


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
    columns.append(("model", [each.id for each in shown]))
    if any(each.context for each in shown):
        columns.append(("context", [f"{each.context:,}" if each.context else "" for each in shown]))
    has_prices = any(each.price_in is not None or each.price_out is not None for each in shown)
    if has_prices:
        currency = next(each.currency for each in shown if each.price_in is not None or each.price_out is not None)
        columns.append((f"in, {currency}", [_price(each.price_in) for each in shown]))
        columns.append((f"out, {currency}", [_price(each.price_out) for each in shown]))
    headers = [name for name, _ in columns]
    numbers = frozenset(at for at, name in enumerate(headers) if name not in ("", "model"))
    rest = len(found) - len(shown)
    sources = sorted({each.source for each in shown if each.source and each.price_in is not None})
    notes = [f"{_PRICES}; from {' and '.join(sources)}." if sources else f"{_PRICES}."] if has_prices else []
    if rest:
        name = endpoint.name or f"{endpoint.origin}{endpoint.address.path}"
        notes.append(f"{rest:,} more: %deepseek models {name} WORD shows those with a word in their id.")
    count = f"{len(found):,} of {len(models):,} models" if word else f"{len(models):,} models"
    count = "1 model" if count == "1 models" else count
    rows = list(zip(*(cells for _, cells in columns), strict=True))
    return Table(f"{endpoint.server}: {count}", headers, rows, numbers, " ".join(notes))


def balance_line(endpoint: Endpoint, balance: Balance) -> str:
    """Return one line with the money that can still be spent."""
    currency, server = balance.currency, endpoint.server
    used = f"{_amount(balance.used)} {currency} used" if balance.used is not None else ""
    if balance.left is None:
        return f"{server}: {used} with this key, which has no limit."
    left = f"{_amount(balance.left)} {currency} left"
    if balance.is_of_key:
        left += " of this key's limit"
    granted = f"{_amount(balance.granted)} of it granted" if balance.granted else ""
    return f"{server}: {', '.join(filter(None, [left, granted, used]))}."


def _price(price: Decimal | None) -> str:
    if price is None:
        return ""
    # Two significant digits or more.
    return "free" if price == 0 else f"{price:.{max(2, 1 - price.adjusted())}f}"


def _amount(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"
