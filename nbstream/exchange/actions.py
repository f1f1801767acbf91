"""What can be done about a reply in the place where it is: go on with it, or ask it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.client import continuation
from nbstream.model.retelling import events_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.client.continuation import Action
    from nbstream.client.options import Options
    from nbstream.client.sources.api import ApiSource
    from nbstream.model.events import Event
    from nbstream.model.reply import Reply


def actions(reply: Reply) -> list[Action]:
    """Return what a user can do about a reply: continue, retry."""
    found = continuation.actions(reply)
    if "continue" in found or not steps_to_carry_on(reply) or not continuation.is_known(reply.request):
        return found
    from nbstream.exchange import known_tools  # noqa: PLC0415  (without tools, none of this is loaded)

    return ["continue", *found] if known_tools.declared(reply.request) else found


def steps_to_carry_on(reply: Reply) -> tuple[Reply, ...]:
    """Return the steps of a reply after which its calls, or their results, wait to be sent.

    Empty if it is not its tool calls that it ended with.
    """
    if not reply.ended or (reply.status == "complete" and not reply.pending):
        return ()
    if reply.tool_calls and reply.finish_reason is not None and reply.last_step.error is None:
        return reply.steps
    # The last request brought no whole response; it is sent again with the results before it.
    return reply.steps[:-1] if not reply.answer else ()


def carried_on(reply: Reply, options: Options) -> tuple[ApiSource, Sequence[Event]]:
    """Return the last request of a reply whose calls are carried on, and the events before that.

    Raises:
        RequestError: if the request is not known, or an option is not valid.
    """
    steps = steps_to_carry_on(reply)
    return continuation.retried(steps[-1], options), events_of(steps)
