"""The live view of one run: a widget gets patches, and static output replaces it at the end."""

from __future__ import annotations

import threading
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from IPython.display import display, update_display

from nbstream.language import current
from nbstream.widgets import busy, cells, channels, kept_views
from nbstream.widgets.consents import Consents
from nbstream.widgets.early_keyframes import EarlyKeyframes
from nbstream.widgets.pages import Pages, last_seq
from nbstream.widgets.reply_patches import ReplyPatches
from nbstream.widgets.reply_widget import ReplyWidget

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.model.events import Event
    from nbstream.model.presentation import Presentation
    from nbstream.model.reply import Reply
    from nbstream.widgets.protocol import Acknowledgement, Notice, Settled
    from nbstream.widgets.shown import Patches, Watched

#: A kernel that is being restarted does not live so long.
_CONFIRMED_AFTER_SECONDS = 60.0


class LiveView:
    """A sink that shows a run in the page while it is received.

    Args:
        run: the run.
        kernel: the ipykernel it runs in.
        presentation: how the reply is shown.
        foreground: whether a cell waits for the run, so that ■ would stop it.
        place: the display id of an output to show it in; None for a new output of the cell.
        patches: the content of the view; the default is the run's reply.
        is_replaced: whether the settled output takes the widget's place; if not, the widget stays.

    Attributes:
        run: the run.
        pages: the pages that show the widget.
        settled_at: when the settled output was displayed, in seconds of the monotonic clock; None
            before.
        is_reported_lost: whether the user was told that no page may show the settled output.
    """

    is_for_any_thread = True

    def __init__(
        self,
        run: Watched,
        kernel: Any,
        presentation: Presentation,
        *,
        foreground: bool,
        place: str | None = None,
        patches: Patches | None = None,
        is_replaced: bool = True,
    ) -> None:
        self.run = run
        self.pages = Pages()
        self.settled_at: float | None = None
        self.is_reported_lost = False
        self._consents = Consents(run.receiver if patches is None else None)
        self._patches = patches or ReplyPatches(
            run.reply, presentation, foreground=foreground, deciders=self._consents.deciders
        )
        #: A page may ask for a keyframe on another thread than the one that sends patches.
        self._patching = threading.RLock()
        self._sent_at = 0.0
        self._needs_keyframe = False
        self._early = EarlyKeyframes()
        self._display_id = run.id if place is None else place
        self._is_replaced = is_replaced
        self._widget = ReplyWidget(run.id, self._keyframe, lasts=not is_replaced)
        self._widget.receive(self._on_comm_message)
        #: The widget forgets it when somebody else closes it.
        self._model_id = self._widget.model_id
        self._loop = getattr(kernel, "io_loop", None)
        self._kernel = kernel
        self._confirmed = False
        self._when_confirmed: Callable[[], object] | None = None
        channels.listen(kernel, run.id, self._model_id, self._on_message)
        self._outputs: list[str] = []
        self._display(self._widget.bundle(self._patches.unfinished), is_new=place is None)
        _preload()

    def update(self, events: list[Event], reply: Reply) -> None:
        """Take new events and the reply after them, and send a patch."""
        with self._patching:
            self._patches.feed(events, reply)
        self.tick()

    def tick(self) -> None:
        """Send what a page asked for, and a patch that had to wait."""
        if self._patches.is_behind and not self._may_wait():
            self._send()
        if self._needs_keyframe or self._early.is_due():
            self._needs_keyframe = False
            self._widget.send_keyframe()

    def acknowledge(self) -> None:
        """Tell the page that its Stop has arrived, before anything slower happens."""
        acknowledgement: Acknowledgement = {"type": "ack"}
        self._widget.send(dict(acknowledgement))

    def notify(self, text: str) -> None:
        """Tell the user something that belongs to no cell and is not saved."""
        notice: Notice = {"type": "notice", "text": text}
        self._widget.send(dict(notice))

    def settle(self, reply: Reply) -> None:
        """Put the settled output in the widget's place."""
        with self._patching:
            self._patches.feed([], reply)
            self._send(final=True)
        if not self._is_replaced:
            # For a page that is loaded later, where a front end keeps the states of widgets.
            self._widget.send_keyframe()
            return
        data, metadata = self._bundle()
        update_display(data, metadata=metadata, raw=True, display_id=self._display_id)
        if self._outputs:
            # An Output widget ignores updates; its page replaces the view.
            self._send_settled()
        self.settled_at = time.monotonic()
        if self.pages.known:
            kept_views.keep(self)
        else:
            self.close()

    def _display(self, view: dict[str, Any], *, is_new: bool) -> None:
        """Show the widget, in an output of its own or in the place of another one."""
        if is_new:
            with cells.displaying() as self._outputs:
                display(view, raw=True, display_id=self._display_id)
        else:
            update_display(view, raw=True, display_id=self._display_id)

    def when_confirmed(self, done: Callable[[], object]) -> None:
        """Call `done` once a page shows the settled output, at once if no page is watching.

        A page that scrolled the cell away, or was closed, confirms nothing; `done` is called after
        a minute then. `done` may be called on any thread.
        """
        with self._patching:
            if self.pages.known and not self._confirmed:
                self._when_confirmed = done
                done = self._confirm_later
        done()

    def close(self) -> None:
        """Close the widget; the settled output does not need it."""
        channels.forget(self.run.id, self._model_id)
        self._widget.close()

    def _on_message(self, message: dict[str, Any]) -> dict[str, Any]:
        """Take a message of a page, on any thread; return fields for a control reply."""
        self.pages.note(message)
        current.tell(message.get("language"))
        match message.get("type"):
            case "asked":
                self._consents.note_asked(message)
            case "decide":
                return {"decider": self._consents.decide(message)}
            case "cancel":
                self.run.cancel()
            case "unmounted" if self.run.done:
                # The settled output has taken the widget's place.
                self._confirm()
            case "resync":
                self._need_keyframe()
            case "hello" if last_seq(message) < self._patches.seq:
                self._need_keyframe()
        return {}

    def _need_keyframe(self) -> None:
        self._needs_keyframe = True
        self.run.wake()

    def _confirm_later(self) -> None:
        if self._loop is not None:
            self._loop.add_callback(self._loop.call_later, _CONFIRMED_AFTER_SECONDS, self._confirm)

    def _confirm(self) -> None:
        with self._patching:
            self._confirmed = True
            done, self._when_confirmed = self._when_confirmed, None
        if done is not None:
            done()

    def _on_comm_message(self, message: dict[str, Any]) -> None:
        busy.repeat_soon(self._kernel)
        self._on_message(message)
        cells.take_output()
        is_lasting = self.run.done and not self._is_replaced
        if not (is_lasting or kept_views.is_kept(self)):
            return
        # Only here: the control channel's thread is the wrong one to send or to close on.
        self.tick()
        match message.get("type"):
            case "settle":
                self._send_settled()
            case "unmounted" if self._loop is not None:
                self._loop.add_callback(self._loop.call_later, kept_views.GRACE_SECONDS, kept_views.release, self)
            case "unmounted":
                kept_views.release(self)

    def _may_wait(self) -> bool:
        """Whether there is only text to send, and no page has its end on the screen."""
        return not self._patches.changes_status and self.pages.screens.may_wait(self._sent_at)

    def _send(self, *, final: bool = False) -> None:
        with self._patching:
            self._sent_at = time.monotonic()
            patch = self._patches.patch(self.run.elapsed, final=final)
            if patch is not None:
                self._widget.send(dict(patch))

    def _send_settled(self) -> None:
        data, metadata = self._bundle()
        settled: Settled = {
            "type": "settled",
            "model_id": self._model_id,
            "outputs": self._outputs,
            "data": data,
            "metadata": metadata,
        }
        self._widget.send(dict(settled))

    def _keyframe(self) -> dict[str, Any]:
        with self._patching:
            return dict(self._patches.keyframe(self.run.elapsed))

    def _bundle(self) -> tuple[dict[str, str], dict[str, Any]]:
        return self._patches.settled(self.run.id)


@cache
def _preload() -> None:
    """Load what rendering needs, a tenth of a second, while the server is still silent."""

    def load() -> None:
        from nbstream.markdown.rendering import preload  # noqa: PLC0415  (as above)

        preload()

    threading.Thread(target=load, name="nbstream-preload", daemon=True).start()
