"""What the footer says of a reply that a recording or the cache has answered, wholly or in part."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from nbstream.language import _, date_text
from nbstream.model.spend import Spend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.model.recorded import Recorded
    from nbstream.model.reply import Reply


def recorded_items(reply: Reply) -> list[str]:
    """Return where a reply comes from, of which date it is, and what it cost then."""
    recorded = [step.recorded for step in reply.steps if step.recorded is not None]
    if not recorded:
        return []
    # In the reader's time zone.
    instant = datetime.fromtimestamp(min(each.instant for each in recorded)).astimezone()
    day = date_text(instant, f"{instant.day} {instant:%B %Y}", "yMMMMd")
    paid, cost = _paid(recorded), str(reply.cost or "$0")
    if any(each.kind == "recording" for each in recorded):
        said = _("replayed from {day}, {cost}", day=day, cost=cost)
    elif is_partly_cached(reply):
        said = _("{count} of them cached, from {day}", count=len(recorded), day=day)
    else:
        said = _("from {day}, cached, {cost}", day=day, cost=cost)
    if not paid:
        return [said]
    if reply.simulated:
        return [_("{item} (then it would have cost {paid})", item=said, paid=paid)]
    return [_("{item} (then {paid})", item=said, paid=paid)]


def is_partly_cached(reply: Reply) -> bool:
    """Return whether the cache has answered some of the requests, and a server others."""
    kinds = {None if step.recorded is None else step.recorded.kind for step in reply.steps}
    return "cache" in kinds and None in kinds


def _paid(recorded: Sequence[Recorded]) -> str:
    """Return what the responses cost when a server sent them; empty if that is not known."""
    return str(Spend.total(Spend.of(each.cost, is_unknown=each.cost is None) for each in recorded))
