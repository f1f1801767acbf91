"""How the cost of a request comes about: the sum written out, with the source of its prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nbstream.billing import genai_data
from nbstream.billing.prices import breakdown_of, problem
from nbstream.language import _, joined, listed
from nbstream.model.spend import Spend
from nbstream.output.price_words import KINDS, money, number, peak_hours, weekday
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.billing.breakdown import Breakdown, Kind
    from nbstream.model.reply import Reply
    from nbstream.model.usage import Cost


@dataclass(frozen=True, slots=True)
class CostAccount:
    """The cost of one request.

    Attributes:
        rows: for each kind of tokens: what they are, how many, the price, what they cost.
        total: the sum, exactly; empty if it is not known.
        notes: where the prices come from, and what is uncertain; each a sentence.
    """

    rows: tuple[tuple[str, str, str, str], ...]
    total: str
    notes: tuple[str, ...]

    def table(self) -> Table:
        """Return the account as a table."""
        rows = [*self.rows, *([(_("together"), "", "", self.total)] if self.total else [])]
        headers = (_("tokens"), _("number"), _("price"), _("cost"))
        return Table("", headers, rows, frozenset({1, 2, 3}), joined(*self.notes))


def cost_account(step: Reply) -> CostAccount:
    """Return the account of one step of a reply."""
    cost = _cost(step)
    currency = cost.currency if cost is not None else "USD"
    found = breakdown_of(step, currency)
    if found is None:
        return CostAccount((), "", tuple(_recorded(step) or _why_unknown(step)))
    rows = tuple(
        (
            _with_share(part.kind, step),
            _("{count:,}", count=part.count),
            f"\xd7 {money(part.price, currency)}/M" + (f" \xd7 {number(part.factor)}" if part.factor != 1 else ""),
            money(part.amount, currency),
        )
        for part in found.parts
        if part.count or part.kind != "hit"
    )
    notes = [*_source(found, step), *_saved(found, currency), *_earlier(step), *_doubts(found, step), *_recorded(step)]
    return CostAccount(rows, money(found.cost.amount, found.cost.currency), tuple(notes))


def _cost(step: Reply) -> Cost | None:
    """Return what a step cost; of one that was replayed or cached, what it cost then."""
    return step.cost if step.recorded is None else step.recorded.cost


def _recorded(step: Reply) -> list[str]:
    if step.recorded is None:
        return []
    when = f"{datetime.fromtimestamp(step.recorded.instant, UTC):%Y-%m-%d %H:%M} UTC"
    cost = step.recorded.cost
    is_cached = step.recorded.kind == "cache"
    if cost is not None:
        paid = _bounded(Spend.of(cost))
        if is_cached:
            said = _(
                "The response is from the cache: it was received at {when}, when it cost {paid}.", when=when, paid=paid
            )
        else:
            said = _("The response was recorded at {when}, when it cost {paid}.", when=when, paid=paid)
    elif is_cached:
        said = _("The response is from the cache: it was received at {when}.", when=when)
    else:
        said = _("The response was recorded at {when}.", when=when)
    return [joined(said, _("It costs nothing now.") if is_cached else _("To replay it costs nothing."))]


def total_of_steps(steps: Sequence[Reply]) -> tuple[str, ...]:
    """Return the cost of each of several requests, and of all, each as a line.

    Of a reply that was replayed it is what the requests cost when they were recorded.
    """
    return tuple(_("{name}: {cost}", name=name, cost=cost) for name, cost in costs_of_steps(steps))


def costs_of_steps(steps: Sequence[Reply]) -> list[tuple[str, str]]:
    """Return the same as names and amounts."""
    spends = [_spend(step) for step in steps]
    rows = [(_("Request {number}", number=number), _bounded(spend)) for number, spend in enumerate(spends, 1)]
    return [*rows, (_("All {count} requests", count=len(steps)), _bounded(Spend.total(spends)))]


def _spend(step: Reply) -> Spend:
    if step.recorded is None:
        return step.spend
    return Spend.of(step.recorded.cost, is_unknown=step.recorded.cost is None)


def _bounded(spend: Spend) -> str:
    return spend.text(lambda cost: money(cost.amount, cost.currency)) or _("not known")


def prices_of(found: Breakdown) -> str:
    """Return whose prices they are, where they stand, and from when on they are valid."""
    cost, place = found.cost, found.place
    since = f"{cost.dated:%Y-%m-%d %H:%M} UTC" if cost.dated else ""
    if cost.source == "user" and since:
        return _("Your own prices, valid from {since}, in {place}.", since=since, place=place)
    if cost.source == "user":
        return _("Your own prices, in {place}.", place=place)
    fields = {"provider": found.provider, "since": since, "place": _(place)}
    if cost.source != "table":
        if since:
            return _("Prices of {provider}, valid from {since}, in {place}.", **fields)
        return _("Prices of {provider}, in {place}.", **fields)
    day = f"{cost.checked:%Y-%m-%d}"
    if since:
        return _(
            "Prices of {provider}, valid from {since}, in {place}, compared with its page on {day}.", day=day, **fields
        )
    return _("Prices of {provider}, in {place}, compared with its page on {day}.", day=day, **fields)


def _source(found: Breakdown, step: Reply) -> list[str]:
    """Return where the prices come from, and for which time."""
    cost = found.cost
    if cost.source == "server":
        return [_("The server reported this cost itself (`usage.cost`).")]
    notes = [prices_of(found)]
    if found.peak is not None:
        when = _("{weekday}, {instant}", weekday=weekday(found.at), instant=f"{found.at:%Y-%m-%d %H:%M} UTC")
        is_peak = cost.tier == "peak"
        sent = _("The request was sent at peak time: {when}.") if is_peak else _("The request was sent {tier}: {when}.")
        said = sent.format(when=when, tier=_(cost.tier))
        notes.append(joined(said, peak_hours(found.peak, found.peak_factor)))
    if step.simulated:
        notes.append(_("The reply is simulated: nothing was paid, and this is what it would cost."))
    return notes


def _with_share(kind: Kind, step: Reply) -> str:
    """Return what kind of tokens they are, and how many of them were reasoning."""
    usage = step.own.usage
    if kind != "output" or usage is None or not usage.reasoning_tokens:
        return _(KINDS[kind])
    return _("{kind}, {count:,} of them reasoning", kind=_(KINDS[kind]), count=usage.reasoning_tokens)


def _saved(found: Breakdown, currency: str) -> list[str]:
    parts = {part.kind: part for part in found.parts}
    if "hit" not in parts or not parts["hit"].count:
        return []
    without = found.cost.amount - parts["hit"].amount + replace(parts["hit"], price=parts["miss"].price).amount
    return [_("Without the cache it would have cost {money}.", money=money(without, currency))]


def _earlier(step: Reply) -> list[str]:
    earlier = step.earlier
    if earlier is None or not earlier.requests:
        return []
    said = _("This is the last request of a reply that was continued.")
    if earlier.cost is None:
        return [joined(said, _("What the part before it cost is not known."))]
    paid = money(earlier.cost.amount, earlier.cost.currency)
    return [joined(said, _("What the part before it cost was {paid}.", paid=paid))]


def _doubts(found: Breakdown, step: Reply) -> list[str]:
    notes = []
    cost = _cost(step)
    if found.doubts:
        notes.append(bound_words(found))
    if not step.own.is_counted:
        notes.append(_("It is a lower bound, as the server counted only up to here when the reply ended."))
    notes += _estimated(step)
    is_whole = step.earlier is None or not step.earlier.requests
    if cost is not None and is_whole and cost.amount != found.cost.amount:
        kept = money(cost.amount, cost.currency)
        notes.append(_("The reply keeps {kept}, by the prices that were known when it ended.", kept=kept))
    return notes


def bound_words(found: Breakdown) -> str:
    """Return whether a cost with doubts is an upper or a lower bound, and why."""
    doubts = listed([_(each) for each in found.doubts], ", and ", ", and ")
    if found.cost.at_most:
        return _("It is an upper bound, as {doubts}.", doubts=doubts)
    return _("It is a lower bound, as {doubts}.", doubts=doubts)


def _known(step: Reply) -> list[str]:
    cost = step.own.cost
    return [] if cost is None else [_("What it reported costs {money}.", money=money(cost.amount, cost.currency))]


def _estimated(step: Reply) -> list[str]:
    """Return about how many tokens were not reported, and what they cost."""
    notes = []
    missing, about = step.own.unreported, step.own.estimate
    if missing is not None:
        given, received = missing.prompt_tokens, missing.completion_tokens
        words = [_("about {count:,} tokens in", count=given)] if given else []
        words += [_("about {count:,} tokens out", count=received)] if received else []
        words += [_("a price that is not known") if about is None else _("about {amount}", amount=about.text(1))]
        if step.own.usage is None:
            notes.append(_("By an estimate, it took {amounts}.", amounts=listed(words)))
        else:
            notes.append(_("By an estimate, the rest is {amounts}.", amounts=listed(words)))
    if step.lost.about or step.lost.unknown:
        paid = _bounded(step.lost)
        notes.append(
            _("It was sent again after the connection broke. What the server may bill for that: {paid}.", paid=paid)
        )
    return notes


def _why_unknown(step: Reply) -> list[str]:
    usage = step.own.usage
    if usage is None and not step.ended:
        return [_("The cost is known when the request has ended.")]
    if usage is None:
        return [
            _("The server did not report the tokens of this request, so its cost is not certain."),
            *_estimated(step),
        ]
    if usage.prompt_tokens is None or usage.completion_tokens is None:
        return [_("The server reported only a part of the tokens."), *_known(step), *_estimated(step)]
    if broken := problem():
        return [joined(_("The cost is not known, as your prices cannot be read."), broken)]
    about = step.own.estimate
    if about is not None and (found := breakdown_of(step, about.currency, is_rough=True)) is not None:
        doubts = listed([_(each) for each in found.doubts], ", and ", ", and ")
        estimate = _("By an estimate, it is {amounts}.", amounts=_("about {amount}", amount=about.text(1)))
        return [_("The cost may be higher or lower than the price says, as {doubts}.", doubts=doubts), estimate]
    where = step.request.endpoint or _("this server")
    reason = genai_data.why_not(where)
    reason = _(reason) if reason else ""
    said = f"{reason[:1].upper()}{reason[1:]}{_('.')}" if reason else ""
    model = step.model or _("this model")
    unknown = _("The price of {model} at {where} is not known, so the cost is not known.", model=model, where=where)
    return [unknown, *filter(None, [said])]
