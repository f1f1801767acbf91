"""What the footer says of a reply that a recording or the cache has answered, wholly or in part."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

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
    day, paid = f"{instant.day} {instant:%B %Y}", _paid(recorded)
    then = f"then it would have cost {paid}" if reply.simulated else f"then {paid}"
    then = f" ({then})" if paid else ""
    if any(each.kind == "recording" for each in recorded):
        return [f"replayed from {day}, {reply.cost or '$0'}{then}"]
    if is_partly_cached(reply):
        return [f"{len(recorded)} of them cached, from {day}{then}"]
    return [f"from {day}, cached, {reply.cost or '$0'}{then}"]


def is_partly_cached(reply: Reply) -> bool:
    """Return whether the cache has answered some of the requests, and a server others."""
    kinds = {None if step.recorded is None else step.recorded.kind for step in reply.steps}
    return "cache" in kinds and None in kinds


def _paid(recorded: Sequence[Recorded]) -> str:
    """Return what the responses cost when a server sent them; empty if that is not known."""
    return str(Spend.total(Spend.of(each.cost, is_unknown=each.cost is None) for each in recorded))
