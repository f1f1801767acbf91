"""What the footer says of a reply that a recording or the cache has answered, wholly or in part."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

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
    if any(each.kind == "recording" for each in recorded):
        said = "would have cost" if reply.simulated else "cost"
        return [f"replayed, recorded on {day}" + (f", {said} {paid} then" if paid else "")]
    then = f"then it would have cost {paid}" if reply.simulated else f"then {paid}"
    if is_partly_cached(reply):
        return [f"{len(recorded)} of them cached, from {day}" + (f" ({then})" if paid else "")]
    return [f"from {day}, cached, {reply.cost or '$0'}" + (f" ({then})" if paid else "")]


def is_partly_cached(reply: Reply) -> bool:
    """Return whether the cache has answered some of the requests, and a server others."""
    kinds = {None if step.recorded is None else step.recorded.kind for step in reply.steps}
    return "cache" in kinds and None in kinds


def _paid(recorded: Sequence[Recorded]) -> str:
    """Return what the responses cost when a server sent them; empty if that is not known."""
    costs = [each.cost for each in recorded]
    known = [each for each in costs if each is not None]
    if not known or len({each.currency for each in known}) > 1:
        return ""
    total = sum(known[1:], known[0])
    is_least = None in costs or any(each.at_least for each in known)
    bound = "at most " if any(each.at_most for each in known) else "at least " if is_least else ""
    return f"{bound}{total}"
