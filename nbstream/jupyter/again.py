"""Going on with a reply and asking it anew, in its place in a notebook: by a method and a click."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from nbstream.chat.again import another, start
from nbstream.client import settings
from nbstream.client.options import checked
from nbstream.jupyter import display, shown
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.presentation import OPTIONS, presentation_of
from nbstream.model.printable import one_line
from nbstream.output.audience import name_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.chat.again import Another
    from nbstream.client.continuation import Action
    from nbstream.jupyter.shown import Shown
    from nbstream.model.reply import Reply


def resume(reply: Reply, **given: Any) -> Reply:
    """Go on with a reply, show all of it while it grows, and return it; see `Reply.resume`."""
    presentation = {each.name: given.pop(each.name, None) for each in OPTIONS}
    options = checked(given, "resume")
    return display.watch(
        lambda: start(another("continue", reply, options), reply, "continue"),
        presentation_of(settings.current(), presentation, "python"),
    )


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
        found.problem = _("The reply cannot be shown here: {error}", error=one_line(str(error)) or type(error).__name__)
