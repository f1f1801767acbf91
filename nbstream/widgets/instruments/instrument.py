"""`Instrument`: what every widget has that people build with.

Its page has a state of its own and any number of replies. Everything that changes is sent by one
thread, in one message a frame, so it arrives while a cell keeps the main thread busy, and sixteen
replies cost no more messages than one.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any

import traitlets
from IPython.display import display

from nbstream.language import _, current
from nbstream.widgets import busy, cells, channels, front_ends
from nbstream.widgets.instruments.answers import Answers
from nbstream.widgets.instruments.callbacks import attempt
from nbstream.widgets.instruments.content import Content
from nbstream.widgets.instruments.frames import Frames
from nbstream.widgets.instruments.pump import Pump
from nbstream.widgets.instruments.shown_replies import ShownReplies
from nbstream.widgets.instruments.transcript import Source, Transcript
from nbstream.widgets.instruments.unattended import Unattended
from nbstream.widgets.instruments.views import Views
from nbstream.widgets.page_widget import PageWidget
from nbstream.widgets.pages import last_seq

if TYPE_CHECKING:
    from nbstream.client.run import Run
    from nbstream.model.reply import Reply

#: While a reply is under way, its work for the main thread is looked for this often.
_WORK_SECONDS = 0.05
_TICK_SECONDS = 0.25

_log = logging.getLogger("nbstream")


class Instrument(Content, PageWidget):
    """A widget with replies in it. A subclass has methods of `Content`, and a page module.

    `display(instrument)` makes two outputs: the view, and below it a static transcript, of which
    the page shows one. The transcript stays in the file.

    Any thread may call its methods.

    Attributes:
        replies: the replies that its page shows.
    """

    #: Never set: serialising the widget's state calls `_keyframe`.
    keyframe = traitlets.Dict().tag(sync=True, to_json=lambda _value, widget: widget._keyframe())  # noqa: SLF001

    def __init__(self, **traits: Any) -> None:
        """Open the widget's comm; a subclass calls it when `_own` can be called."""
        name = uuid.uuid4().hex[:16]
        #: Guards the state that the page is sent.
        self._state = threading.RLock()
        self._views = Views()
        self.replies = ShownReplies(self._state, self._wake_for_news, self._views.pages)
        self._frames = Frames(self._state, self._own)
        self._has_changed = False
        #: The number of the last frame whose state is in the file, where nobody watches.
        self._kept_seq: int | None = None
        #: Messages to the page, which the pump sends before the next frame.
        self._outbox: deque[dict[str, Any]] = deque()
        self._answers = Answers()
        self._pump = Pump(
            f"nbstream-{self._module}", self._step, self._pause, self._frames.lose, self._finish_transcript
        )
        self._kernel = front_ends.running_kernel()
        self._transcript = Transcript(name, Source(self._prepare, self._bundle, self._bundle_so_far), self._kernel)
        self._unattended = Unattended(
            self._kernel,
            self._pump,
            is_in_file=self._is_in_file,
            runs=self._runs,
            is_settled=self._is_settled,
            keep=self._keep_in_file,
        )
        channels.listen(self._kernel, name, name, self._on_message, self._answer_by_comm)
        super().__init__(name, **traits)
        self.receive(self._on_comm_message)

    # What a subclass says, besides its content.

    def _runs(self) -> list[Run]:
        """Return the runs that a cell waits for where nobody watches."""
        return [shown.run for shown in self.replies.every() if shown.run is not None]

    def _is_settled(self) -> bool:
        """Return whether all replies have ended, and the page's state is up to date."""
        return not self._has_changed and all(shown.is_over for shown in self.replies.every())

    def _must_follow(self) -> bool:
        """Return whether events are taken although no page shows them: own runs may have tools.

        It is called within locks of receivers, so it must take none.
        """
        return self.replies.has_live_run

    # What a subclass calls.

    def changed(self) -> None:
        """Send the fields of `_own` that have changed with the next frame."""
        self._has_changed = True
        self._wake_for_news()

    def transcribe(self, *, hurries: bool = True) -> None:
        """Renew the static transcript, because something has settled.

        Args:
            hurries: whether nothing else is under way; else it is renewed in a few seconds.
        """
        self._transcript.renew(hurries=hurries)
        self._wake_for_news()

    def notify(self, text: str) -> None:
        """Show the page's user a sentence for a while."""
        self._post({"type": "notice", "text": text})

    # What anybody calls.

    def close(self) -> None:
        """Close the widget. Replies that only it holds are stopped."""
        if "_pump" not in vars(self):
            # A subclass has refused its arguments.
            return
        channels.forget(self.run_id, self.run_id)
        self._unattended.close()
        self._pump.is_closed = True
        self.replies.clear()
        self._pump.close()
        super().close()

    def _ipython_display_(self, **_: Any) -> None:
        if front_ends.current().shows == "text":
            # A terminal prints each output, so there is one.
            data, _metadata = self._bundle()
            display(self.bundle(data["text/plain"]), raw=True)
            return
        self._views.expect()
        view = self.bundle(self._plain()) if front_ends.current().draws else None
        with cells.displaying() as outputs:
            self._transcript.display(view, alone=bool(outputs))
        self._wake()

    # From here on: the mechanism.

    def _keyframe(self) -> dict[str, Any]:
        return dict(self._frames.keyframe(self.replies))

    def _post(self, message: dict[str, Any]) -> None:
        self._outbox.append(message)
        self._wake()

    def _wake(self) -> None:
        """Let the pump look for news."""
        self._pump.wake()

    def _wake_for_news(self) -> None:
        """Let the pump look for news, unless nobody would learn them."""
        if not self._is_asleep:
            self._wake()

    @property
    def _is_asleep(self) -> bool:
        """Whether there is no view, and also nothing in the file and no run to care for."""
        return not (self._views.are_there or self._transcript.is_displayed or self._must_follow())

    def _pause(self) -> float | None:
        """Return after how many seconds the pump looks for news that nobody tells of."""
        live = [] if self._is_asleep else [shown for shown in self.replies.every() if not shown.is_over]
        if any(shown.has_work for shown in live):
            return _WORK_SECONDS
        is_waiting = bool(live) or self._frames.is_waiting or self._transcript.is_due
        return _TICK_SECONDS if is_waiting else None

    def _finish_transcript(self) -> None:
        """Put into the file what has settled just before the widget was closed."""
        if self._transcript.is_due:
            attempt(self._transcript.update)

    def _step(self) -> None:
        """Send one frame, and hand the work of replies to the main thread.

        Without a view no frame is made: the next one brings what has changed meanwhile.
        """
        for shown in self.replies.every():
            shown.pass_work(getattr(getattr(self._kernel, "io_loop", None), "add_callback", None))
        if not self._is_asleep:
            self._take_news()
        while self._outbox:
            self.send(self._outbox.popleft())
        frame = self._frames.next(self.replies) if self._views.are_there else None
        if frame is not None:
            self.send(dict(frame))
        if self._frames.needs_keyframe():
            self.send_state("keyframe")
        if self._transcript.update_if_due():
            self._wake()

    def _is_in_file(self) -> bool:
        """Return whether the file has it, where nobody watches: in a layout, or alone."""
        return self._transcript.is_displayed or self.comm is not None

    def _keep_in_file(self) -> None:
        """Send what stays in the file in the name of the cell that runs."""
        request = self._transcript.request
        if self.comm is not None and self._kept_seq != self._frames.seq:
            self._kept_seq = self._frames.seq
            self.send_state_for(request)
            if not self._transcript.is_displayed:
                # The layout has the view.
                self._transcript.display_below()
        if self._transcript.is_stale:
            self._transcript.update(request)

    def _take_news(self) -> None:
        self._take_change()
        self._take_events()
        if self._has_changed:
            # By these events. Others that are shown now come with theirs.
            self._take_change()
            self._take_events()

    def _take_change(self) -> None:
        """Let the subclass show and hide replies for a change, which the next frame carries."""
        if self._has_changed:
            # Before, as a change meanwhile is another one.
            self._has_changed = False
            self._frames.note_change()
            attempt(self._on_change)

    def _take_events(self) -> None:
        """Take what has happened to the replies, and tell the subclass."""
        ended: list[tuple[str, Reply]] = []
        for key, shown in self.replies.items():
            if shown.is_over:
                continue
            with self._state:
                events = shown.take()
            if events:
                attempt(self._on_events, key, events, shown.reply)
            if shown.is_over:
                ended.append((key, shown.reply))
        for key, reply in ended:
            attempt(self._on_end, key, reply)
            self.transcribe()

    def _on_comm_message(self, message: dict[str, Any]) -> None:
        if self._kernel is not None:
            busy.repeat_soon(self._kernel)
        self._answer_by_comm(message)
        cells.take_output()

    def _answer_by_comm(self, message: dict[str, Any]) -> dict[str, Any]:
        """Take a message that came by comm, which has no reply, and send the answer."""
        answer = self._on_message(message, by_control=False)
        number = message.get("number")
        if isinstance(number, int):
            self._post({"type": "answer", "page": message.get("page"), "number": number, "answer": answer})
        return answer

    def _on_message(self, message: dict[str, Any], *, by_control: bool = True) -> dict[str, Any]:
        """Take a message of a page, on any thread, and return the answer to it."""
        page, number = message.get("page"), message.get("number")
        if not isinstance(page, str) or not isinstance(number, int):
            return {}
        if self._only_asks(message):
            self._answers.note(page, number)
            return self._act(message, page, by_control=by_control) or {}
        return self._answers.answer(page, number, lambda: self._act(message, page, by_control=by_control)) or {}

    def _act(self, message: dict[str, Any], page: str, *, by_control: bool) -> dict[str, Any] | None:
        key = message.get("reply")
        try:
            match message.get("type"):
                case "resync":
                    self._frames.ask_for_keyframe()
                case "hello":
                    current.tell(message.get("language"))
                    self._frames.ask_for_keyframe(last_seq(message))
                case "transcript":
                    self._transcript.compare(message.get("lengths"))
                case "mounted" | "unmounted" | "left":
                    self._views.note(message, page, by_control=by_control)
                    if page not in self._views.pages:
                        for shown in self.replies.every():
                            shown.leave(page)
                case _ if isinstance(key, str):
                    found = self.replies.get(key)
                    # Another one may be shown in its place by now, which nobody has stopped.
                    is_it = found is not None and message.get("run", found.id) == found.id
                    return found.on_page(message) if found is not None and is_it else None
                case _:
                    return self._on_page(message)
        except Exception as error:  # noqa: BLE001  (a page must not end the kernel's threads)
            _log.exception("nbstream: a message of the page failed")
            self.notify(_("This did not work: {kind}: {error}", kind=type(error).__name__, error=error))
        finally:
            self._wake()
        return None
