"""Keeps complete replies in the cache."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nbstream.client.cache.compaction import compacted
from nbstream.client.recorder import taken_of

if TYPE_CHECKING:
    from nbstream.client.cache.files import Place
    from nbstream.client.trace import ResponseTrace
    from nbstream.model.reply import Reply
    from nbstream.model.usage import Cost, Usage
    from nbstream.recordings.taken import Taken

#: The reasons for which a model ends an answer by itself; None is `[DONE]` without a reason.
_ENDS = (None, "stop")


class Keeper:
    """Keeps the reply to one request, if it is complete.

    Args:
        place: where it is kept.
    """

    #: The cache answers without waits.
    has_times = False

    def __init__(self, place: Place) -> None:
        self._place = place

    def write(self, response: ResponseTrace, step: Reply | None = None, cost: Cost | None = None) -> None:
        """Keep a response that has ended, if it is complete; returns at once."""
        if step is not None and is_complete(step):
            usage = step.own.usage
            # Not here, as a long response takes a while.
            self._place.keep(lambda: _kept(response, usage, cost))


def _kept(response: ResponseTrace, usage: Usage | None, cost: Cost | None) -> Taken:
    taken = taken_of(response, usage, cost)
    if taken.end == "broken":
        # It broke behind the end of the reply, of which nothing counts.
        taken = replace(taken, end="left", failure=None)
    return compacted(taken, response.decoder) if response.decoder is not None else taken


def is_complete(step: Reply) -> bool:
    """Return whether the reply to a request can stand for it again.

    A reply that was stopped, cut off or refused, that failed, that is empty, or of which something
    could not be read cannot. Neither can one that calls tools: to run them has an effect, and their
    results are new each time.
    """
    return (
        step.status == "complete"
        and step.finish_reason in _ENDS
        and bool(step.answer.strip())
        and not (step.tool_calls or step.refusal or step.error is not None)
    )
