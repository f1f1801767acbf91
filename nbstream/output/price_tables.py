"""Prices as a table and as JSON, with their sources and their age."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nbstream.billing import genai_data
from nbstream.billing.prices import prices_at
from nbstream.billing.rows import shipped
from nbstream.billing.user_prices import path, user_prices
from nbstream.client.price_questions import unknown
from nbstream.language import _, listed, marked
from nbstream.model.exceptions import RequestError
from nbstream.output.price_words import age_note, holidays_note, money, peak_hours, plain, stamp
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from nbstream.billing.breakdown import Kind, Prices
    from nbstream.billing.rows import PriceList, PriceRow
    from nbstream.client.price_questions import Place

_HEADERS = (
    *(marked("model"), marked("at"), marked("valid from"), marked("from the cache"), marked("input")),
    *(marked("output"), ""),
)


def prices_table(place: Place) -> Table:
    """Return the prices of a model, or all of nbstream's table and the user's rows.

    Raises:
        RequestError: if the model has no known price, or a file of the user is not valid.
    """
    if not place.model:
        return _all_prices(place)
    found = place.prices()
    if found is None:
        raise RequestError(unknown(place))
    return _model_prices(place, found)


def _all_prices(place: Place) -> Table:
    title = _("Prices per million tokens at {time}", time=_time(place.at))
    rows = [_user_row(row) for file in user_prices() for row in file.rows]
    for provider in shipped():
        for model in dict.fromkeys(row.model for row in provider.rows):
            for currency in dict.fromkeys(row.currency for row in provider.rows):
                host = min(provider.hosts)
                found = prices_at(model, host, place.at, currency)
                if found is not None and found.source == "table":
                    rows.append(_row(model, host, found))
    return Table(title, _headers(), rows, _NUMBERS, "\n".join(_sources(place)))


def _model_prices(place: Place, found: Prices) -> Table:
    """Return the prices of a model, and its earlier and later ones in nbstream's table."""
    rows = [_row(place.model, place.host, found)]
    provider = _provider(place)
    if provider is not None:
        billed = provider.billed(place.model)
        history = [row for row in provider.rows if (row.model, row.currency) == (billed, found.currency)]
        rows += [_history_row(row, place) for row in history if row.since != found.since or found.source != "table"]
        # In their order in time.
        rows.sort(key=lambda row: row[2])
    return Table(
        _(
            "Prices of {model} at {host} per million tokens, {time}",
            model=place.model,
            host=place.host,
            time=_time(place.at),
        ),
        _headers(),
        rows,
        _NUMBERS,
        "\n".join(_notes(place, found)),
    )


def prices_json(place: Place) -> dict[str, Any]:
    """Return the prices of a model as JSON, or all of nbstream's table and the user's rows."""
    document: dict[str, Any] = {"at": stamp(place.at)}
    if place.model:
        found = place.prices()
        return document | {"model": place.model, "host": place.host, "prices": _json(found) if found else None}
    document["user"] = [{"file": file.place, "rows": [_row_json(row) for row in file.rows]} for file in user_prices()]
    document["table"] = [
        {
            "provider": each.name,
            "hosts": sorted(each.hosts),
            "source": each.source,
            "checked": each.checked.isoformat() if each.checked else None,
            "holidays_until": each.holidays.until.isoformat() if each.holidays else None,
            "rows": [_row_json(row) for row in each.rows],
        }
        for each in shipped()
    ]
    providers, models = genai_data.count()
    newest = genai_data.newest()
    document["genai-prices"] = {
        "version": genai_data.version(),
        "providers": providers,
        "models": models,
        "newest": newest.isoformat() if newest else None,
    }
    return document


_NOT_THERE = marked("Your own rows go before these: {path} (not there yet).")


def _headers() -> list[str]:
    return [_(each) if each else "" for each in _HEADERS]


_NUMBERS = frozenset({3, 4, 5})


def _row(model: str, host: str, found: Prices) -> tuple[str, ...]:
    since = _time(found.since) if found.since else ""
    hit = found.each.get("hit", found.each["miss"])
    amounts = (money(price * found.factor, found.currency) for price in (hit, found.each["miss"], found.each["output"]))
    return (model, host, since, *amounts, _(found.tier) if found.tier else "")


def _history_row(row: PriceRow, place: Place) -> tuple[str, ...]:
    when = _("earlier") if row.since is None or row.since <= place.at else _("later")
    amounts = (money(price, row.currency) for price in (row.hit, row.miss, row.output))
    return (row.model, place.host, _time(row.since) if row.since else "", *amounts, when)


def _user_row(row: PriceRow) -> tuple[str, ...]:
    amounts = (money(price, row.currency) for price in (row.hit, row.miss, row.output))
    return (row.model, row.host, _time(row.since) if row.since else "", *amounts, _("yours"))


def _provider(place: Place) -> PriceList | None:
    return next((each for each in shipped() if place.host in each.hosts), None)


def _notes(place: Place, found: Prices) -> list[str]:
    """Return where the prices of one model stand, how old they are, and what else changes them."""
    source = next((_addresses(each.source) for each in shipped() if each.name == found.provider), "")
    notes = {
        "user": _("Your own prices, in {place}.", place=found.place),
        "table": _(
            "From nbstream's table, after {source}, compared on {checked}.", source=source, checked=found.checked
        ),
        "genai-prices": _(
            "{provider}, from {place}, whose newest price is of {checked}.",
            provider=found.provider,
            place=found.place,
            checked=found.checked,
        ),
    }
    writing: tuple[tuple[Kind, str], ...] = (
        ("write", marked("Writing to the cache costs {amount}.")),
        ("write_1h", marked("Writing to the cache for an hour costs {amount}.")),
    )
    written = [
        _(sentence, amount=money(found.each[kind], found.currency)) for kind, sentence in writing if kind in found.each
    ]
    peak = []
    if found.peak is not None:
        provider = _provider(place)
        peak = [peak_hours(found.peak, found.peak_factor), *holidays_note(provider.holidays if provider else None)]
    why = listed([_(each) for each in (*found.at_most, *found.at_least)], ", and ", ", and ")
    doubts = [_("Lower bounds, as {doubts}.", doubts=why)] if found.at_least else []
    doubts = [_("Upper bounds, as {doubts}.", doubts=why)] if found.at_most else doubts
    return [notes.get(found.source, ""), *written, *peak, *doubts, *age_note(found.checked)]


def _addresses(source: str) -> str:
    return listed(source.split(" and "), " and ")


def _sources(place: Place) -> list[str]:
    notes = []
    for provider in shipped():
        notes.append(
            _(
                "{name}: after {source}, compared on {checked}.",
                name=provider.name,
                source=_addresses(provider.source),
                checked=provider.checked,
            )
        )
        notes += age_note(provider.checked)
        found = next((each for each in reversed(provider.peak) if each.since <= place.at), None)
        notes += [peak_hours(found, found.factor), *holidays_note(provider.holidays)] if found is not None else []
    providers, models = genai_data.count()
    notes.append(
        _(
            "Others: genai-prices {version}, with {models:,} models of {providers} providers, whose newest price is of "
            "{day}. A cost that a server reports goes before all prices.",
            version=genai_data.version(),
            models=models,
            providers=providers,
            day=genai_data.newest(),
        )
    )
    own = _("Your own rows go before these: {path}.") if path().exists() else _(_NOT_THERE)
    notes.append(own.format(path=path()))
    return notes


def _json(found: Prices) -> dict[str, Any]:
    return {
        "currency": found.currency,
        "source": found.source,
        "provider": found.provider,
        "place": found.place,
        "valid_from": stamp(found.since) if found.since else None,
        "checked": found.checked.isoformat() if found.checked else None,
        "tier": found.tier or None,
        "factor": plain(found.factor),
        "per_million": {kind: plain(price * found.factor) for kind, price in found.each.items()},
        "at_most": list(found.at_most),
        "at_least": list(found.at_least),
    }


def _row_json(row: PriceRow) -> dict[str, Any]:
    names = ("hit", "miss", "output", "write", "write_1h", "peak_factor")
    amounts = {name: plain(value) for name in names if (value := getattr(row, name)) is not None}
    since = {"from": stamp(row.since)} if row.since else {}
    host = {"host": row.host} if row.host != "*" else {}
    return {"model": row.model, **host, "currency": row.currency, **since, **amounts}


def _time(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
