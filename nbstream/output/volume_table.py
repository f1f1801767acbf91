"""What many calls would cost, as a table and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.language import _, listed, marked, plural
from nbstream.output.cost_account import bound_words, prices_of
from nbstream.output.price_words import KINDS, age_note, money, peak_hours, plain, stamp, total
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from nbstream.billing.breakdown import Breakdown
    from nbstream.billing.volume import Estimate
    from nbstream.model.usage import Cost

_NOT_NEEDED = marked("It is a calculation from list prices: no request was sent.")


def estimate_table(found: Estimate) -> Table:
    """Return the calculation, with a column for each kind of hours."""
    now, volume = found.each[0], found.volume
    headers = [_("tokens"), _("number")]
    for one in found.each:
        tier = one.cost.tier
        headers += [
            _("{tier} price", tier=_(tier)) if tier else _("price"),
            _("{tier} cost", tier=_(tier)) if tier else _("cost"),
        ]
    rows = []
    for at, tokens in enumerate(now.parts):
        if not tokens.count:
            continue
        row = [_(KINDS[tokens.kind]), _("{count:,}", count=tokens.count * volume.calls)]
        for one in found.each:
            part = one.parts[at]
            price = money(part.rate, one.cost.currency)
            row += [f"{price}/M", total(part.times(volume.calls).amount, one.cost.currency)]
        rows.append(row)
    rows.append([_("together"), "", *_sums(found.totals)])
    if volume.calls != 1:
        rows.append([_("one call"), "", *_sums([one.cost for one in found.each])])
    when = listed([f"{found.at:%Y-%m-%d %H:%M} UTC", *([_(now.cost.tier)] if now.cost.tier else [])])
    title = plural(
        "{n:,} call of {model} at {host}, {when}: {prompt:,} tokens in ({cached:,} of them from the cache), "
        "{output:,} out",
        "{n:,} calls of {model} at {host}, {when}: {prompt:,} tokens in ({cached:,} of them from the cache), "
        "{output:,} out",
        volume.calls,
        model=found.model,
        host=found.host,
        when=when,
        prompt=volume.prompt,
        cached=volume.cached,
        output=volume.output,
    )
    return Table(title, headers, rows, frozenset(range(1, len(headers))), "\n".join(_notes(found)))


def estimate_json(found: Estimate) -> dict[str, Any]:
    """Return the calculation as JSON; amounts are text, with all their digits."""
    now, volume = found.each[0], found.volume
    return {
        "model": found.model,
        "host": found.host,
        "at": stamp(found.at),
        "calls": volume.calls,
        "tokens": {
            "input": volume.prompt,
            "cached": volume.cached,
            "output": volume.output,
            "reasoning": volume.reasoning,
        },
        "currency": now.cost.currency,
        "costs": [_cost_json(one, all_calls) for one, all_calls in zip(found.each, found.totals, strict=True)],
        "source": now.cost.source,
        "provider": now.provider,
        "place": now.place,
        "valid_from": stamp(now.cost.dated) if now.cost.dated else None,
        "checked": now.cost.checked.isoformat() if now.cost.checked else None,
    }


def _cost_json(one: Breakdown, all_calls: Cost) -> dict[str, Any]:
    parts = all_calls.parts
    names = ("hit", "miss", "reasoning", "answer")
    return {
        "tier": one.cost.tier or None,
        "amount": plain(all_calls.amount),
        "one_call": plain(one.cost.amount),
        "parts": {name: plain(getattr(parts, name)) for name in names} if parts is not None else None,
        "prices_per_million": {each.kind: plain(each.rate) for each in one.parts},
        "at_most": one.cost.at_most,
        "at_least": one.cost.at_least,
    }


def _sums(costs: list[Cost]) -> list[str]:
    found = []
    for cost in costs:
        amount = total(cost.amount, cost.currency)
        if cost.at_most:
            amount = _("at most {amount}", amount=amount)
        elif cost.at_least:
            amount = _("at least {amount}", amount=amount)
        found += ["", amount]
    return found


def _notes(found: Estimate) -> list[str]:
    now = found.each[0]
    notes = [prices_of(now)]
    if now.peak is not None and now.peak_factor != 1:
        notes.append(peak_hours(now.peak, now.peak_factor))
    parts = now.cost.times(found.volume.calls).parts
    if parts is not None and parts.reasoning:
        notes.append(_("Of the output, the reasoning costs {total}.", total=total(parts.reasoning, now.cost.currency)))
    if now.doubts:
        notes.append(bound_words(now))
    return [*notes, *age_note(now.cost.checked), _(_NOT_NEEDED)]
