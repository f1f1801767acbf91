"""The events that come from no server: how a request begins, and what only its end tells."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nbstream.billing import prices
from nbstream.client.thinking import field_that_switches_off
from nbstream.client.trace import remember
from nbstream.model.events import Continued, Event, Started, Stepped, Warned
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.warning import ReplyWarning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.client.sources import Source
    from nbstream.client.trace import Trace
    from nbstream.model.events import StepCause
    from nbstream.model.request import Request


def beginning(source: Source) -> Reply:
    """Return the reply before its first event, with the text that it goes on with."""
    reply = Reply(request=source.request)
    return reply if source.earlier is None else reduce(reply, Continued(0.0, source.earlier))


def seconds_before(source: Source, before: Sequence[Event] = ()) -> float:
    """Return how long the earlier part of a reply took, in seconds.

    Args:
        source: the source of the next request.
        before: the events of the earlier part, if it is told by events.
    """
    earlier = (source.earlier.timing.ended or 0.0) if source.earlier is not None else 0.0
    return max([earlier, *(event.at for event in before)])


def first_events(source: Source, trace: Trace) -> list[Event]:
    """Return the events with which a reply begins; its responses will be in `trace`."""
    at, request = seconds_before(source), source.request
    events: list[Event] = [Started(at, request, remember(time.time(), trace))]
    return [*events, *_continuing(source, at), *_warned(request, at)]


def step_events(source: Source, at: float, cause: StepCause) -> list[Event]:
    """Return the events with which another request of a reply begins.

    Args:
        source: its source.
        at: seconds since the reply began.
        cause: why there is another request.
    """
    request = source.request
    return [Stepped(at, request, time.time(), cause), *_continuing(source, at), *_warned(request, at)]


def ending_warnings(reply: Reply, at: float) -> list[Event]:
    """Return what only the whole reply tells about its request."""
    field = field_that_switches_off(reply.request.parameters)
    warnings = [ReplyWarning("thought_anyway", where=field)] if field and reply.reasoning.strip() else []
    if reply.own.usage is not None and reply.recorded is None and (problem := prices.problem()):
        warnings.append(ReplyWarning("bad_prices", problem))
    return [Warned(at, each) for each in warnings]


def _continuing(source: Source, at: float) -> list[Event]:
    return [] if source.earlier is None else [Continued(at, source.earlier)]


def _warned(request: Request, at: float) -> list[Event]:
    return [Warned(at, each) for each in request.warnings]
