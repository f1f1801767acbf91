"""A reply that an instrument shows: a run, or a reply that has ended."""

from __future__ import annotations

import time
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from nbstream.client.receiver import Receiver
from nbstream.client.run import Run
from nbstream.model.reply import Reply
from nbstream.model.retelling import events_of
from nbstream.widgets.consents import Consents
from nbstream.widgets.reply_patches import ReplyPatches
from nbstream.widgets.screens import Screens

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from nbstream.model.events import Event
    from nbstream.model.presentation import Presentation
    from nbstream.widgets.instruments.protocol import ShownReply as ShownState
    from nbstream.widgets.protocol import Patch


class ShownReply:
    """A reply under a key of an instrument.

    Only the instrument's pump calls `take`, `patch` and `pass_work`. The lock of the instrument
    guards all else but `on_page`.

    Args:
        shown: the run; the receiver of a run that is somebody else's; or a reply that has ended.
        presentation: how it is shown.
        drawing: the pages that draw the instrument; any thread may change it.

    Attributes:
        id: names the run, or the reply.
        is_over: whether it has ended, and all of its events were taken.
        is_sent: whether pages know that it is shown.
    """

    def __init__(self, shown: Run | Receiver | Reply, presentation: Presentation, drawing: Collection[str]) -> None:
        self.run = shown if isinstance(shown, Run) else None
        self.id = uuid.uuid4().hex[:12]
        self.is_over = self.is_sent = False
        self._receiver = shown.receiver if isinstance(shown, Run) else shown if isinstance(shown, Receiver) else None
        self._consents = Consents(self._receiver)
        self._reply = shown if isinstance(shown, Reply) else Reply(request=shown.reply.request)
        self._patches = ReplyPatches(
            Reply(request=self._reply.request), presentation, foreground=False, deciders=self._consents.deciders
        )
        self._seen = 0
        self._is_stopping = False
        self._sent_at = 0.0
        self._listener: Callable[[], None] | None = None
        self._screens = Screens(drawing)
        if self._receiver is None:
            self._patches.feed(events_of(self._reply.steps), self._reply)
            self._patches.patch(self.elapsed, final=True)
            self.is_over = True

    @property
    def reply(self) -> Reply:
        """The reply after the events that were taken."""
        return self._reply

    @property
    def elapsed(self) -> float:
        """Seconds since the request was sent."""
        return self._receiver.elapsed if self._receiver is not None else self._reply.timing.ended or 0.0

    @property
    def has_work(self) -> bool:
        """Whether the reply may have work for the main thread, such as tools."""
        return self.run is not None and self.run.receiver.has_following

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` on another thread when there are new events."""
        # Its own, as the receiver may be shown twice, and calls each listener once.
        self._listener = partial(listener)
        if self._receiver is not None:
            self._receiver.add_listener(self._listener)

    def forget(self) -> None:
        """Stop calling the listener."""
        if self._receiver is not None and self._listener is not None:
            self._receiver.remove_listener(self._listener)

    def pass_work(self, call_later: Callable[[Callable[[], object]], object] | None) -> None:
        """Let the main thread do the run's work when it is idle; see `Jobs.pass_to`."""
        if self.run is not None:
            self.run.receiver.jobs.pass_to(call_later)

    def take(self) -> list[Event]:
        """Take the new events, and return them."""
        if self._receiver is None or self.is_over:
            return []
        is_done = self._receiver.done
        events, self._reply = self._receiver.wait(self._seen, timeout=0)
        self._seen += len(events)
        self._patches.feed(events, self._reply)
        self.is_over = is_done and not self._receiver.wait(self._seen, timeout=0).events
        return events

    def patch(self) -> Patch | None:
        """Return the next patch; None if nothing has changed, or if what changed may wait."""
        if not self.is_over and self._may_wait():
            return None
        self._sent_at = time.monotonic()
        return self._patches.patch(self.elapsed, final=self.is_over)

    def begins_to_stop(self) -> bool:
        """Return, once, that the reply is being stopped."""
        is_new = self._receiver is not None and self._receiver.cancelling and not self._is_stopping
        self._is_stopping |= is_new
        return is_new

    def state(self) -> ShownState:
        """Return the state after every patch so far."""
        return {"run": self.id, "state": self._patches.keyframe(self.elapsed)}

    def on_page(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Take a message of a page about this reply, on any thread."""
        match message.get("type"):
            case "asked":
                self._consents.note_asked(message)
            case "decide":
                return {"decider": self._consents.decide(message)}
            case "cancel" if self._receiver is not None:
                self._receiver.cancel()
            case "visibility":
                self._screens.note(message)
        return None

    def leave(self, page: str) -> None:
        """Note that a page was closed."""
        self._screens.leave(page)

    def _may_wait(self) -> bool:
        return not self._patches.changes_status and self._screens.may_wait(self._sent_at)
