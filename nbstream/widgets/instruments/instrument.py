"""`Instrument`: what every widget has that people build with.

Its page has a state of its own and any number of replies. Everything that changes is sent by one
thread, in one message a frame, so it arrives while a cell keeps the main thread busy, and sixteen
replies cost no more messages than one.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
import uuid
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any

import traitlets

from nbstream.client import history
from nbstream.widgets import busy, cells, channels, front_ends
from nbstream.widgets.early_keyframes import EarlyKeyframes
from nbstream.widgets.instruments.shown_reply import ShownReply
from nbstream.widgets.instruments.transcript import Transcript
from nbstream.widgets.page_widget import PageWidget

if TYPE_CHECKING:
    from nbstream.client.receiver import Receiver
    from nbstream.client.run import Run
    from nbstream.model.events import Event
    from nbstream.model.presentation import Presentation
    from nbstream.model.reply import Reply
    from nbstream.widgets.instruments.protocol import Frame, InstrumentKeyframe

#: Between two frames at least. More of them cost the page and the kernel two to four times as
#: much, and nobody sees a difference.
FRAME_SECONDS = 1 / 15
#: While a reply is under way, its work for the main thread is looked for this often.
_WORK_SECONDS = 0.05
_TICK_SECONDS = 0.25
#: A thread with nothing to do ends after so long.
_LINGER_SECONDS = 2.0
#: So many answers to pages are kept, for messages that come a second time.
_MOST_ANSWERS = 500
#: A frame takes at most a third of the time.
_PAUSE_FACTOR = 2

_log = logging.getLogger("nbstream")


class Instrument(PageWidget):
    """A widget with replies in it. A subclass has its state in `_own`, and a page module.

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
        self.replies = Replies(self)
        self._seq = 0
        self._sent = self._own()
        self._has_changed = False
        self._needs_keyframe = False
        self._early = EarlyKeyframes()
        #: Messages to the page, which the pump sends before the next frame.
        self._outbox: list[dict[str, Any]] = []
        self._answers: OrderedDict[tuple[str, int], dict[str, Any] | None] = OrderedDict()
        self._answering = threading.RLock()
        self._news = threading.Condition()
        self._has_news = False
        self._pump: threading.Thread | None = None
        self._is_closed = False
        #: Carries the cell that output belongs to, on ipykernel 7.
        self._context = contextvars.copy_context()
        self._kernel = front_ends.running_kernel()
        self._is_drawn = front_ends.current().shows in ("text", "widget", "element")
        self._transcript = Transcript(name, self._bundle, self._kernel)
        channels.listen(self._kernel, name, name, self._on_message, self._answer_by_comm)
        super().__init__(name, **traits)
        self.receive(self._on_comm_message)

    # What a subclass says.

    def _own(self) -> dict[str, Any]:
        """Return the own state of the page, as JSON: fields that are sent when they change.

        It is called on any thread, with `_state` held. A field has changed if it is not equal to
        what was returned before, so values are made anew and never changed in place.
        """
        return {}

    def _on_page(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Take a message of the page, and return the answer to it.

        It is called once for each message, on any thread, often not the main one. It must not
        block, but may start a request.
        """
        raise NotImplementedError(f"{type(self).__name__} takes no message {message.get('type')!r}.")

    def _on_change(self) -> None:
        """Show and hide replies as the own state wants, before a frame with its changes.

        It is called on the pump's thread, so it may take as long as drawing does.
        """

    def _only_asks(self, message: dict[str, Any]) -> bool:  # noqa: ARG002  (for subclasses)
        """Return whether a message changes nothing. Then `_on_page` is called each time it comes.

        The answer is not kept for a second time, so it may be large.
        """
        return False

    def _on_events(self, key: str, events: list[Event], reply: Reply) -> None:
        """Note what has happened to the reply under `key`, before the page learns it.

        It is called on the pump's thread.
        """

    def _on_end(self, key: str, reply: Reply) -> None:
        """Note that the reply under `key` has ended; called on the pump's thread."""

    def _bundle(self) -> tuple[dict[str, str], dict[str, Any]]:
        """Return the static transcript that stays in the file, and its metadata.

        It has text/plain, and text/html as a rule.
        """
        return {"text/plain": self._plain()}, {}

    def _plain(self) -> str:
        """Return the short text for where the view cannot be drawn."""
        return f"<{type(self).__name__}>"

    # What a subclass calls.

    def changed(self) -> None:
        """Send the fields of `_own` that have changed with the next frame."""
        self._has_changed = True
        self._wake()

    def transcribe(self) -> None:
        """Renew the static transcript soon, because something has settled."""
        self._transcript.renew()
        self._wake()

    def notify(self, text: str) -> None:
        """Show the page's user a sentence for a while."""
        self._post({"type": "notice", "text": text})

    # What anybody calls.

    def open(self) -> None:
        """Open the comm, unless nobody draws widgets: nbclient keeps the state of all it sees."""
        if self._is_drawn:
            super().open()

    def close(self) -> None:
        """Close the widget. Replies that only it holds are stopped."""
        if "_is_closed" not in vars(self):
            # A subclass has refused its arguments.
            return
        channels.forget(self.run_id, self.run_id)
        self._is_closed = True
        self.replies.clear()
        self._wake()
        super().close()

    def _ipython_display_(self, **_: Any) -> None:
        with cells.displaying() as outputs:
            self._transcript.display(self.bundle(self._plain()) if self._is_drawn else None, alone=bool(outputs))

    # From here on: the mechanism.

    def _keyframe(self) -> dict[str, Any]:
        with self._state:
            keyframe: InstrumentKeyframe = {
                "seq": self._seq,
                "own": self._own(),
                "replies": {key: shown.state() for key, shown in self.replies.items() if shown.is_sent},
            }
        return dict(keyframe)

    def _post(self, message: dict[str, Any]) -> None:
        with self._news:
            self._outbox.append(message)
        self._wake()

    def _wake(self) -> None:
        """Let the pump look for news, and start it if it does not run."""
        with self._news:
            self._has_news = True
            self._news.notify_all()
            if self._pump is None and not self._is_closed:
                # A copy, as the thread before may not have left it yet.
                work = partial(self._context.copy().run, self._work)
                self._pump = threading.Thread(target=work, name=f"nbstream-{self._module}", daemon=True)
                self._pump.start()

    def _work(self) -> None:
        """Send what is new, until nothing is under way."""
        while True:
            live = [shown for shown in self.replies.every() if not shown.is_over]
            has_work = any(shown.has_work for shown in live)
            is_waiting = bool(live) or bool(self._early) or self._transcript.is_due
            pause = _WORK_SECONDS if has_work else _TICK_SECONDS if is_waiting else _LINGER_SECONDS
            with self._news:
                self._news.wait_for(lambda: self._has_news, pause)
                if self._is_closed or not (self._has_news or is_waiting):
                    self._pump = None
                    return
                self._has_news = False
            began = time.monotonic()
            try:
                self._step()
            except Exception:  # noqa: BLE001  (one frame must not end all others)
                _log.exception("nbstream: a frame was not sent")
            cost = time.monotonic() - began
            time.sleep(max(FRAME_SECONDS - cost, _PAUSE_FACTOR * cost if cost > FRAME_SECONDS / 2 else 0, 0))

    def _step(self) -> None:
        """Send one frame, and hand the work of replies to the main thread."""
        if self._has_changed:
            self._on_change()
        for shown in self.replies.every():
            shown.pass_work(getattr(getattr(self._kernel, "io_loop", None), "add_callback", None))
        ended: list[tuple[str, Reply]] = []
        for key, shown in self.replies.items():
            if shown.is_over:
                continue
            with self._state:
                events = shown.take()
            if events:
                self._on_events(key, events, shown.reply)
            if shown.is_over:
                ended.append((key, shown.reply))
        for key, reply in ended:
            self._on_end(key, reply)
            self.transcribe()
        with self._news:
            outbox, self._outbox = self._outbox, []
        for message in outbox:
            self.send(message)
        frame = self._frame()
        if frame is not None:
            self.send(dict(frame))
        if self._needs_keyframe or self._early.is_due():
            self._needs_keyframe = False
            self.send_state("keyframe")
        self._transcript.update_if_due()

    def _frame(self) -> Frame | None:
        frame: Frame = {"type": "frame", "seq": self._seq + 1}
        with self._state:
            if self._has_changed:
                self._has_changed = False
                own = self._own()
                changed = {name: value for name, value in own.items() if self._sent.get(name, _MISSING) != value}
                if gone := [name for name in self._sent if name not in own]:
                    frame["gone"] = gone
                if changed:
                    frame["own"] = changed
                self._sent = own
            self.replies.add_to(frame)
            if not frame.keys() > {"type", "seq"}:
                return None
            self._seq += 1
        return frame

    def _on_comm_message(self, message: dict[str, Any]) -> None:
        if self._kernel is not None:
            busy.repeat_soon(self._kernel)
        self._answer_by_comm(message)
        cells.take_output()

    def _answer_by_comm(self, message: dict[str, Any]) -> dict[str, Any]:
        """Take a message that came by comm, which has no reply, and send the answer."""
        answer = self._on_message(message)
        number = message.get("number")
        if isinstance(number, int):
            self._post({"type": "answer", "page": message.get("page"), "number": number, "answer": answer})
        return answer

    def _on_message(self, message: dict[str, Any]) -> dict[str, Any]:
        """Take a message of a page, on any thread, and return the answer to it."""
        page, number = message.get("page"), message.get("number")
        if not isinstance(page, str) or not isinstance(number, int):
            return {}
        if self._only_asks(message):
            return self._act(message, page) or {}
        with self._answering:
            if (page, number) not in self._answers:
                # Before it is acted upon, in case that leads here again.
                self._answers[page, number] = None
                self._answers[page, number] = self._act(message, page)
                while len(self._answers) > _MOST_ANSWERS:
                    self._answers.popitem(last=False)
            return self._answers[page, number] or {}

    def _act(self, message: dict[str, Any], page: str) -> dict[str, Any] | None:
        key = message.get("reply")
        try:
            match message.get("type"):
                case "resync":
                    self._needs_keyframe = True
                case "hello":
                    self._needs_keyframe |= message.get("seq", 0) < self._seq
                case "left":
                    for shown in self.replies.every():
                        shown.leave(page)
                case "mounted":
                    pass
                case _ if isinstance(key, str):
                    found = self.replies.get(key)
                    return None if found is None else found.on_page(message)
                case _:
                    return self._on_page(message)
        except Exception as error:  # noqa: BLE001  (a page must not end the kernel's threads)
            _log.exception("nbstream: a message of the page failed")
            self.notify(f"This did not work: {type(error).__name__}: {error}")
        finally:
            self._wake()
        return None


_MISSING = object()


class Replies:
    """The replies that an instrument shows, by key."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._shown: dict[str, ShownReply] = {}
        #: Those that were shown until the last frame, and are not any more.
        self._hidden: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._shown

    def show(self, key: str, shown: Run | Receiver | Reply, presentation: Presentation) -> ShownReply:
        """Show a run, or a reply that has ended, in place of what the key showed before.

        The receiver of a run is shown as well, but the run, with its tools, is somebody else's.
        """
        added = ShownReply(shown, presentation)
        if added.run is not None:
            # Its view has a Stop of its own.
            history.spare(added.run.receiver)
        with self._instrument._state:  # noqa: SLF001  (they are one thing)
            self._drop(key)
            self._shown[key] = added
        added.listen(self._wake)
        self._wake()
        return added

    def hide(self, key: str) -> None:
        """Show nothing under the key any more. A run that only the instrument holds is stopped."""
        with self._instrument._state:  # noqa: SLF001  (as above)
            self._drop(key)
        self._wake()

    def clear(self) -> None:
        """Hide all."""
        for key in dict(self.items()):
            self.hide(key)

    @property
    def keys(self) -> set[str]:
        """The keys under which something is shown."""
        with self._instrument._state:  # noqa: SLF001  (as above)
            return {*self._shown}

    def get(self, key: str) -> ShownReply | None:
        """Return what the key shows."""
        return self._shown.get(key)

    def items(self) -> list[tuple[str, ShownReply]]:
        """Return what is shown, the oldest first."""
        with self._instrument._state:  # noqa: SLF001  (as above)
            return [*self._shown.items()]

    def every(self) -> list[ShownReply]:
        """Return what is shown, without the keys."""
        return [shown for _, shown in self.items()]

    def add_to(self, frame: Frame) -> None:
        """Add what has changed to a frame; `_state` is held."""
        hidden, self._hidden = self._hidden, []
        if hidden:
            frame["hidden"] = hidden
        shown, patches = {}, {}
        for key, each in self._shown.items():
            if not each.is_sent:
                each.patch()
                shown[key] = each.state()
                each.is_sent = True
            elif (patch := each.patch()) is not None:
                patches[key] = patch
        if shown:
            frame["shown"] = shown
        if patches:
            frame["replies"] = patches
        if stopping := [key for key, each in self._shown.items() if each.begins_to_stop()]:
            frame["stopping"] = stopping

    def _drop(self, key: str) -> None:
        dropped = self._shown.pop(key, None)
        if dropped is not None:
            dropped.forget(self._wake)
            if dropped.is_sent:
                self._hidden.append(key)

    def _wake(self) -> None:
        self._instrument._wake()  # noqa: SLF001  (as above)
