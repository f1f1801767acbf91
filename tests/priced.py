"""Costs: of replies made of events, as a receiver adds them, and how a footer begins with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.billing.estimates import estimated, lost
from nbstream.billing.prices import cost_of
from nbstream.model.events import Ended, Priced, Responded, Retrying
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.model.events import Event

#: How a sum of money begins, as a regular expression. At peak hours it is an upper bound from the
#: day on which nbstream knows no public holidays in China any more.
SUM = r"(?:at most )?\$"


def priced(events: Iterable[Event]) -> Reply:
    """Return the reply of events that have neither costs nor estimates."""
    reply = Reply()
    for event in events:
        if isinstance(event, Ended | Responded | Retrying):
            end = event
            if isinstance(end, Responded):
                end = Ended(end.at, "served")
            elif isinstance(end, Retrying):
                end = Ended(end.at, "failed", end.failure)
            estimate = lost if isinstance(event, Retrying) else estimated
            guess = estimate(reply, end, has_data=True)
            cost = None if isinstance(event, Retrying) else cost_of(reduce(reply, end))
            for added in ([Priced(end.at, cost)] if cost else []) + ([guess] if guess else []):
                reply = reduce(reply, added)
        reply = reduce(reply, event)
    return reply
