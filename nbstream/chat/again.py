"""Going on with a reply and asking it anew; in a chat, what comes takes the reply's place."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from nbstream.client import continuation
from nbstream.client.notes import warn
from nbstream.client.request_builder import parameter_notes
from nbstream.exchange import start as exchange
from nbstream.exchange.actions import carried_on, steps_to_carry_on
from nbstream.model.retelling import events_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.chat.conversation import Chat
    from nbstream.client.continuation import Action
    from nbstream.client.options import Options
    from nbstream.client.run import Run
    from nbstream.client.sources.api import ApiSource
    from nbstream.model.events import Event, StepCause
    from nbstream.model.reply import Reply


class Another(NamedTuple):
    """What is sent to go on with a reply, or to ask it anew.

    Attributes:
        source: the request; with `before`, the one whose calls are carried on.
        options: the options that were changed.
        before: the events of the reply so far, if its tool calls are carried on.
        cause: with it, the source goes on with the last answer, after the steps of `before`.
    """

    source: ApiSource
    options: Options
    before: Sequence[Event] = ()
    cause: StepCause | None = None

    def start(self) -> Run:
        """Send it."""
        return exchange.start(self.source, self.options, self.before, self.cause)


def another(action: Action, reply: Reply, options: Options) -> Another:
    """Return what is sent to go on with a reply, or to ask it anew.

    Raises:
        RequestError: if that is not possible.
    """
    before: Sequence[Event] = ()
    cause: StepCause | None = None
    if action == "retry":
        chat = _chat_of(reply)
        first = reply.steps[0]
        request = first.request if chat is None else chat.renewed(reply)
        source = continuation.retried(replace(first, request=request), options)
    elif steps_to_carry_on(reply):
        source, before = carried_on(reply, options)
        exchange.refuse_without_tools(source, options)
    else:
        source = continuation.resumed(reply.last_step, options)
        before, cause = events_of(reply.steps[:-1]), reply.cause
    if any(value is not None for value in options.values()):
        for sentence in parameter_notes(source.request, source.endpoint):
            warn(sentence)
    return Another(source, options, before, cause)


def start(sent: Another, reply: Reply, action: Action) -> Run:
    """Start what follows a reply; in a chat, it takes the reply's place in the turn.

    A reply that is asked anew, also because no answer had begun, is a new version of its turn.
    """
    chat = _chat_of(reply)
    turn = chat.turn_of(reply) if chat is not None else None
    if chat is None or turn is None:
        return sent.start()
    earlier = sent.source.earlier
    is_anew = not sent.before and (earlier is None or not earlier.requests)
    if action == "retry" or (is_anew and turn.version.reply is reply and turn.version.edited_answer is None):
        # The reply stays beside the new one, as it was paid for.
        return chat.retry(reply, sent.start)
    run = sent.start()
    chat.continue_version(turn, reply, run)
    return run


def _chat_of(reply: Reply) -> Chat | None:
    place = reply.request.turn
    # Without chats, their module is not loaded.
    module = sys.modules.get("nbstream.chat.conversation")
    return module.chats().get(place.chat) if module is not None and place is not None else None
