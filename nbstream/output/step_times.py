"""Where the time of a reply went: to the server, to tools, and to the user's decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbstream.model.reply import Reply
    from nbstream.model.tool_call import ToolCall


def server_seconds(reply: Reply) -> float | None:
    """Return how long the server took for all requests.

    None if that is not known, and if the cache has answered one of them.
    """
    if any(map(is_cached, reply.steps)):
        return None
    times = [step.timing for step in reply.steps]
    spans = [each.ended - each.begun for each in times if each.ended is not None]
    return sum(spans) if len(spans) == len(times) else None


def first_delta(reply: Reply) -> float | None:
    """Return after how many seconds the first text came; None if none has, or from the cache."""
    first = reply.steps[0]
    return None if is_cached(first) else first.timing.first_delta


def is_cached(step: Reply) -> bool:
    """Return whether the cache has answered a request, so that its times say nothing."""
    return step.recorded is not None and step.recorded.kind == "cache"


def tool_seconds(reply: Reply) -> float:
    """Return how long the tools ran that have returned."""
    return sum(call.outcome.seconds for call in _calls(reply) if call.outcome is not None)


def consent_seconds(reply: Reply) -> float:
    """Return how long the user was asked; questions that were open at the same time count once."""
    asked = [call for call in _calls(reply) if call.decided_by != "nobody"]
    spans = sorted((call.asked, call.decided) for call in asked if call.asked is not None and call.decided is not None)
    total, until = 0.0, 0.0
    for begin, end in spans:
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def last_moment(reply: Reply) -> float:
    """Return when the last thing happened to a reply, in seconds since its run began."""
    moments = [reply.timing.ended]
    for call in reply.tool_calls:
        moments += [call.began, call.asked, call.decided]
        if call.began is not None and call.outcome is not None:
            moments.append(call.began + call.outcome.seconds)
    return max((each for each in moments if each is not None), default=0.0)


def _calls(reply: Reply) -> list[ToolCall]:
    return [call for step in reply.steps for call in step.tool_calls]
