"""The figures of compared replies, in the same order for each, so that they can be compared.

A figure that is not known is a dash, an estimate begins with ≈, and a bound with ≤ or ≥.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbstream.language import _, listed, marked
from nbstream.model import rates
from nbstream.model.unreported import received_tokens
from nbstream.output import spending, step_times
from nbstream.output.durations import seconds
from nbstream.output.price_words import AS_SERVER_SAYS, source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from nbstream.model.reply import Reply
    from nbstream.model.usage import Cost

UNKNOWN = "–"  # noqa: RUF001  (a dash, as in tables)
_ESTIMATE = marked("≈ is an estimate, as the server did not report it")
_BOUNDS = marked("≤ and ≥ are bounds")
#: A figure is marked as the best one if it is better by this part at least.
_CLEARLY = 0.05
_STATES = {"cancelled": marked("stopped"), "truncated": marked("cut off"), "failed": marked("failed")}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one reply.

    Attributes:
        label: what it is, such as `first token`.
        text: for reading.
        value: the number; None if it is not known.
        is_best: whether it is clearly the best of all.
    """

    label: str
    text: str
    value: float | Decimal | int | None = None
    is_best: bool = False


def figures_of(replies: Sequence[Reply]) -> list[list[Figure]]:
    """Return the figures of each reply: the same labels in the same order.

    A row that would be unknown for all has a place as long as a reply may still bring it.
    """
    columns = [[make(reply) for make, _best in _EVERY] for reply in replies]
    is_over = all(reply.ended for reply in replies)
    kept = []
    for at, (_make, best) in enumerate(_EVERY):
        row = [column[at] for column in columns]
        is_always_shown = not is_over and row[0].label not in (_("thought"), _("state"))
        if is_always_shown or any(each.text not in ("", UNKNOWN) for each in row):
            kept.append(_marked(row, best) if best is not None and is_over else row)
    return [list(column) for column in zip(*kept, strict=True)] if kept else [[] for _reply in replies]


def notes_of(replies: Sequence[Reply]) -> list[str]:
    """Return what a reader should know about the figures; empty until the end."""
    if not all(reply.ended for reply in replies):
        return []
    texts = "".join(each.text for column in figures_of(replies) for each in column)
    costs = [cost for reply in replies for cost in (reply.cost, reply.estimate) if cost is not None]
    notes = [_(_ESTIMATE)] if "≈" in texts else []
    notes += [_(_BOUNDS)] if "≤" in texts or "≥" in texts else []
    if any(reply.simulated for reply in replies):
        notes.append(_("simulated: costs are what it would cost") if costs else _("simulated"))
    if any(map(step_times.is_cached, replies)):
        notes.append(_("replies of the cache cost nothing, and have no times"))
    notes += _sources(costs)
    tiers = sorted({cost.tier for cost in costs if cost.tier})
    return notes + ([_("{tiers} tier", tiers=listed([_(each) for each in tiers], " and "))] if tiers else [])


def _sources(costs: Sequence[Cost]) -> list[str]:
    """Return where the prices of several costs come from."""
    costs = [each for each in costs if each.source not in ("recording", "cache")]
    dates = sorted({f"{each.dated:%Y-%m-%d}" for each in costs if each.dated is not None and each.source != "user"})
    notes = [_("prices of {dates}", dates=listed(dates, " and "))] if dates else []
    words = sorted({source_of(each) for each in costs if each.dated is None or each.source == "user"})
    if _(AS_SERVER_SAYS) in words:
        said = _("other costs as the server says") if dates else _("costs as the server says")
        words[words.index(_(AS_SERVER_SAYS))] = said
    return notes + words


def row_of(reply: Reply) -> dict[str, Any]:
    """Return the numbers of a reply for a frame; None for what is not known."""
    usage, cost = reply.usage, reply.cost
    return {
        "status": reply.status,
        "first_token_s": step_times.first_delta(reply),
        "seconds": step_times.server_seconds(reply),
        "tokens_per_s": rates.tokens_per_second(reply),
        "prompt_tokens": usage.prompt_tokens if usage is not None else None,
        "cached_tokens": usage.cache_hit_tokens if usage is not None else None,
        "reasoning_tokens": usage.reasoning_tokens if usage is not None else None,
        "answer_tokens": rates.answer_tokens(reply),
        "cost": float(cost.amount) if cost is not None else None,
        "cost_about": float(reply.estimate.amount) if reply.estimate is not None else None,
        "currency": cost.currency if cost is not None else None,
        "error": str(reply.error) if reply.error is not None else None,
    }


def _state(reply: Reply) -> Figure:
    return Figure(_("state"), _(_STATES[reply.status]) if reply.status in _STATES else "")


def _first_token(reply: Reply) -> Figure:
    at = step_times.first_delta(reply)
    return Figure(_("first token"), UNKNOWN if at is None else seconds(at), at)


def _time(reply: Reply) -> Figure:
    spent = step_times.server_seconds(reply) if reply.ended else None
    # A stopped or broken reply took as long as it was let, which compares to nothing.
    return Figure(
        _("time"), UNKNOWN if spent is None else seconds(spent), spent if reply.status == "complete" else None
    )


def _rate(reply: Reply) -> Figure:
    rate = rates.tokens_per_second(reply) if reply.ended else None
    return Figure(_("tok/s"), UNKNOWN if rate is None else f"{rate:.0f}", rate)


def _prompt(reply: Reply) -> Figure:
    tokens = reply.usage.prompt_tokens if reply.usage is not None else None
    cached = reply.usage.cache_hit_tokens if reply.usage is not None else None
    if tokens is None:
        return Figure(_("in"), UNKNOWN)
    if cached:
        return Figure(_("in"), _("{tokens:,} ({cached:,} cached)", tokens=tokens, cached=cached), tokens)
    return Figure(_("in"), _("{count:,}", count=tokens), tokens)


def _thought(reply: Reply) -> Figure:
    tokens = reply.usage.reasoning_tokens if reply.usage is not None else None
    return Figure(_("thought"), _("{count:,}", count=tokens) if tokens else UNKNOWN, tokens)


def _out(reply: Reply) -> Figure:
    tokens = rates.answer_tokens(reply)
    if tokens is not None:
        return Figure(_("out"), _("{count:,}", count=tokens), tokens)
    about = received_tokens(reply) if reply.ended else 0
    return Figure(_("out"), _("≈ {count:,}", count=about) if about else UNKNOWN)


def _cost(reply: Reply) -> Figure:
    spend, cost = reply.spend, reply.cost
    is_exact = cost is not None and not (cost.at_most or cost.at_least) and reply.status == "complete"
    is_exact = is_exact and not step_times.is_cached(reply)
    return Figure(_("cost"), spending.marked(spend) or UNKNOWN, cost.amount if cost is not None and is_exact else None)


#: Each figure, and which of several is the best one.
_EVERY: tuple[tuple[Callable[[Reply], Figure], Callable[..., Any] | None], ...] = (
    (_state, None),
    (_first_token, min),
    (_time, min),
    (_rate, max),
    (_prompt, None),
    (_thought, None),
    (_out, None),
    (_cost, min),
)


def _marked(row: list[Figure], best: Callable[..., Any]) -> list[Figure]:
    """Return one row with the best figure marked, if all are known and it is clearly the best."""
    values = [float(each.value) for each in row if each.value is not None]
    if len(values) < len(row) or len({each.text for each in row}) == 1:
        return row
    found = best(values)
    others = [value for value in values if value != found]
    if len(others) != len(values) - 1 or abs(best(others) - found) < _CLEARLY * max(map(abs, values)):
        return row
    return [
        Figure(each.label, each.text, each.value, is_best=value == found)
        for each, value in zip(row, values, strict=True)
    ]
