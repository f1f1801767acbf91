"""Going on with a reply and asking it anew: as a method, by a command, and by a click."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.client import continuation, settings
from nbstream.client.notes import warn
from nbstream.client.options import checked
from nbstream.client.request_builder import parameter_notes
from nbstream.exchange import start as exchange
from nbstream.exchange.actions import carried_on, steps_to_carry_on
from nbstream.jupyter import display, shown
from nbstream.model.exceptions import RequestError
from nbstream.model.presentation import OPTIONS, presentation_of
from nbstream.model.printable import one_line
from nbstream.model.retelling import events_of
from nbstream.output.audience import name_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nbstream.chat.conversation import Chat
    from nbstream.client.continuation import Action
    from nbstream.client.options import Options
    from nbstream.client.run import Run
    from nbstream.client.sources.api import ApiSource
    from nbstream.jupyter.shown import Shown
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


def resume(reply: Reply, **given: Any) -> Reply:
    """Go on with a reply, show all of it while it grows, and return it; see `Reply.resume`."""
    presentation = {each.name: given.pop(each.name, None) for each in OPTIONS}
    options = checked(given, "resume")
    return display.watch(
        lambda: start(another("continue", reply, options), reply, "continue"),
        presentation_of(settings.current(), presentation, "python"),
    )


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

    A reply that was asked anew is a new version of its turn.
    """
    chat = _chat_of(reply)
    turn = chat.turn_of(reply) if chat is not None else None
    if chat is None or turn is None:
        return sent.start()
    if action == "retry":
        return chat.retry(reply, sent.start)
    run = sent.start()
    if turn.version.reply is reply:
        chat.continue_version(turn, run)
    return run


def _chat_of(reply: Reply) -> Chat | None:
    place = reply.request.turn
    # Without chats, their module is not loaded.
    module = sys.modules.get("nbstream.chat.conversation")
    return module.chats().get(place.chat) if module is not None and place is not None else None


def answer(message: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a click on *Continue* or *Retry*, on the control channel's thread.

    What is asked for is started on another thread, once for all clicks: the page repeats its
    question until it learns which run has taken the place of the reply.

    Returns:
        `known`: whether this kernel has the reply; `notice`: why it is not possible; `next`: the id
        of the run in its place.
    """
    action: Action = "continue" if message.get("action") == "continue" else "retry"
    found = shown.by_id(str(message.get("run_id")))
    if found is None:
        return {"known": False}
    if found.problem:
        # Not tried again by itself: each request costs money.
        return {"known": True, "notice": found.release()}
    if found.claim():
        try:
            sent = another(action, found.reply, {})
        except RequestError as error:
            found.release()
            return {"known": True, "notice": name_options(str(error), "cell")}
        work = threading.Thread(
            target=found.context.copy().run, args=(_begin, found, sent, action), name="nbstream-again", daemon=True
        )
        work.start()
    return {"known": True, "next": found.next}


def _begin(found: Shown, sent: Another, action: Action) -> None:
    try:
        display.watch_in_place(lambda: start(sent, found.reply, action), found)
    except Exception as error:  # noqa: BLE001  (on a thread nobody would see it)
        found.problem = f"The reply cannot be shown here: {one_line(str(error)) or type(error).__name__}"
