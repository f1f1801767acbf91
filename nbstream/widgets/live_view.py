"""The live view of one run: renders what arrives, sends it to the page as patches, and settles it into the file.

The widget is scaffolding: when the reply ends, static output takes its place. This module must not know the network,
nor which thread it is called from.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from functools import cache
from typing import TYPE_CHECKING, Any

from IPython.display import display, update_display

from nbstream.model.events import Answer, Event, Reasoning
from nbstream.output import wording
from nbstream.widgets import channels
from nbstream.widgets.protocol import Acknowledgement, Keyframe, Meta, Patch, Settled, empty_state
from nbstream.widgets.reply_widget import ReplyWidget

if TYPE_CHECKING:
    from nbstream.client.run import Run
    from nbstream.model.reply import Reply
    from nbstream.widgets.markdown_document import MarkdownDocument
    from nbstream.widgets.protocol import DocumentState, Op

#: A page that was reloaded in mid-stream shows the reply from its widget, if that is still there: this many are kept.
_KEPT_WIDGETS = 8

#: JupyterLab and Notebook 7 save by themselves every two minutes. Until then a file saved in mid-stream has only the
#: widget, and that is what the page draws if it is reloaded, or opened once more.
_GRACE_SECONDS = 130.0
#: What no reader sees grow is sent less often.
_UNSEEN_FRAME_SECONDS = 0.25
#: A page that draws the reply asks for its settled output well before.
_ASKS_WITHIN_SECONDS = 5.0

_kept: deque[LiveView] = deque()


def lost() -> list[Run]:
    """Return the runs whose replies no page may show any more, each once: their pages were reloaded meanwhile."""
    found = []
    for view in _kept:
        has_had_time = view.settled_at is not None and time.monotonic() - view.settled_at > _ASKS_WITHIN_SECONDS
        if has_had_time and len(view.pages) > 1 and not (view.arrived or view.told):
            view.told = True
            found.append(view.run)
    return found


class LiveView:
    """A sink that shows a run in the page while it goes on.

    Args:
        run: what is shown.
        kernel: the ipykernel it runs in.
        reasoning: how reasoning is shown, one of `settings.REASONING`.
        foreground: whether a cell waits for the run, so that ■ would stop it.
    """

    def __init__(self, run: Run, kernel: Any, reasoning: str, *, foreground: bool) -> None:
        self.run = run
        self._shown = reasoning
        self._foreground = foreground
        #: Reasoning and answer, once there is any: what renders them is loaded when the view is there.
        self._texts: tuple[MarkdownDocument, MarkdownDocument] | None = None
        self._seq = 0
        self._meta: Meta | None = None
        #: A page may ask for the whole on another thread than the one that writes.
        self._writing = threading.RLock()
        #: Every page that spoke, and those that draw the widget.
        self.pages: set[str] = set()
        self._showing: set[str] = set()
        #: Whether each has the end of the text on the screen, and by which of its messages that is known.
        self._sights: dict[str, tuple[int, bool]] = {}
        self._sent_at = 0.0
        self._is_behind = False
        #: Some page shows the settled output.
        self.arrived = False
        #: The user knows that none may.
        self.told = False
        self._keyframe_wanted = False
        self.settled_at: float | None = None
        self._display_id = uuid.uuid4().hex
        self._widget = ReplyWidget(run.id, self._keyframe)
        self._widget.receive(self._from_comm)
        self._loop = getattr(kernel, "io_loop", None)
        self._comm_id = self._widget.model_id
        channels.listen(kernel, run.id, self._comm_id, self._from_page)
        view = self._widget.bundle(f"A reply from {run.reply.model} is on its way. Press ■ to stop it.")
        display(view, raw=True, display_id=self._display_id)
        _preload()

    def update(self, events: list[Event]) -> None:
        """Send one frame: what `events` added, and what is said around it."""
        with self._writing:
            for event in events:
                if isinstance(event, Reasoning):
                    if self._shown != "hidden":
                        self._streams()[0].feed(event.text)
                elif isinstance(event, Answer):
                    self._streams()[1].feed(event.text)
            self._is_behind = True
        self.tick()

    def tick(self) -> None:
        """Do what a page asked for, and send what had to wait."""
        if self._is_behind and not self._may_wait():
            with self._writing:
                self._send(final=False)
        if self._keyframe_wanted:
            self._keyframe_wanted = False
            self._widget.send_keyframe()

    def acknowledge(self) -> None:
        """Tell the page that its Stop has arrived, before anything slower happens."""
        acknowledgement: Acknowledgement = {"type": "ack"}
        self._widget.send(dict(acknowledgement))

    def settle(self, reply: Reply) -> None:
        """Put the static output in the widget's place."""
        with self._writing:
            self._send(final=True)
        data, metadata = _bundle(reply, self._shown)
        update_display(data, metadata=metadata, raw=True, display_id=self._display_id)
        self.settled_at = time.monotonic()
        if self.pages:
            _kept.append(self)
            while len(_kept) > _KEPT_WIDGETS:
                _kept.popleft().close()
        else:
            self.close()

    def close(self) -> None:
        """Let go of the widget; the output does not need it any more."""
        channels.forget(self.run.id, self._comm_id)
        self._widget.close()

    def _from_page(self, content: dict[str, Any]) -> None:
        """Take a message of the page, on any thread, so without answering it here."""
        page = str(content.get("page", ""))
        self.pages.add(page)
        match content.get("type"):
            case "shown":
                self._showing.add(page)
            case "sight":
                nth = content.get("nth")
                if isinstance(nth, int) and nth > self._sights.get(page, (0, True))[0]:
                    self._sights[page] = nth, content.get("seen") is not False
            case "cancel":
                self.run.cancel()
            case "resync":
                self._keyframe_wanted = True
            case "hello" if content.get("seq", 0) < self._seq:
                self._keyframe_wanted = True

    def _from_comm(self, content: dict[str, Any]) -> None:
        self._from_page(content)
        if self.settled_at is None or self not in _kept:
            return
        # The control channel's thread would be the wrong one to send or to close on.
        self.tick()
        match content.get("type"):
            case "settle":
                data, metadata = _bundle(self.run.reply, self._shown)
                message: Settled = {"type": "settled", "model_id": self._comm_id, "data": data, "metadata": metadata}
                self._widget.send(dict(message))
            case "gone":
                self.arrived = True
                self._showing.discard(str(content.get("page", "")))
                if self._loop is None:
                    self._release()
                else:
                    self._loop.add_callback(self._loop.call_later, _GRACE_SECONDS, self._release)

    def _release(self) -> None:
        """Let go of the widget, unless a page still draws it."""
        if self in _kept and not self._showing:
            _kept.remove(self)
            self.close()

    def _streams(self) -> tuple[MarkdownDocument, MarkdownDocument]:
        if self._texts is None:
            from nbstream.widgets.markdown_document import MarkdownDocument  # noqa: PLC0415  (a tenth of a second; see _texts)

            self._texts = MarkdownDocument(), MarkdownDocument()
        return self._texts

    def _frame(self, *, final: bool) -> tuple[list[Op], list[Op]]:
        """Return what there is to write, of reasoning and answer."""
        if self._texts is None:
            return [], []
        reasoning, answer = self._texts
        return (
            reasoning.finish() if final else reasoning.frame(),
            answer.finish() if final else answer.frame(),
        )

    def _may_wait(self) -> bool:
        """Whether there is only text to send, and no page has its end on the screen."""
        pages = tuple(self._showing)
        is_seen = not pages or any(self._sights.get(page, (0, True))[1] for page in pages)
        is_new = self._meta is None or self._meta["status"] != self.run.reply.status
        return not is_seen and not is_new and time.monotonic() - self._sent_at < _UNSEEN_FRAME_SECONDS

    def _send(self, *, final: bool) -> None:
        self._sent_at, self._is_behind = time.monotonic(), False
        reasoning, answer = self._frame(final=final)
        meta = self._meta_of(self.run.reply)
        patch: Patch = {"type": "patch", "seq": self._seq + 1}
        if reasoning:
            patch["reasoning"] = reasoning
        if answer:
            patch["answer"] = answer
        if self._meta is None or _without_clocks(meta) != _without_clocks(self._meta):
            patch["meta"] = self._meta = meta
        if len(patch) > 2:  # noqa: PLR2004  (there is more in it than type and number)
            self._seq += 1
            self._widget.send(dict(patch))

    def _meta_of(self, reply: Reply) -> Meta:
        elapsed, started = self.run.elapsed, reply.timing.reasoning_started
        return {
            "status": reply.status,
            "elapsed": elapsed,
            "reasoning_elapsed": elapsed - started if started is not None and reply.status == "reasoning" else None,
            "reasoning": self._shown,
            "label": wording.label(reply),
            "note": wording.note(reply),
            "thought": wording.thought(reply),
            "tool_calls": _tool_calls(reply),
            "alert": wording.alert(reply),
            "footer": wording.footer(reply),
            "foreground": self._foreground,
        }

    def _keyframe(self) -> dict[str, Any]:
        """Return all that a page has that took in every patch so far."""
        with self._writing:
            reasoning, answer = (text.state for text in self._texts) if self._texts else _nothing()
            keyframe: Keyframe = {
                "seq": self._seq,
                "reasoning": reasoning,
                "answer": answer,
                "meta": self._meta_of(self.run.reply),
            }
        return dict(keyframe)


@cache
def _preload() -> None:
    """Load what rendering needs while the server is still silent."""

    def load() -> None:
        from nbstream.markdown.rendering import preload  # noqa: PLC0415  (as in _streams)

        preload()

    threading.Thread(target=load, name="nbstream-preload", daemon=True).start()


def _bundle(reply: Reply, reasoning: str) -> tuple[dict[str, str], dict[str, Any]]:
    from nbstream.output.bundle import bundle  # noqa: PLC0415  (as in _streams)

    return bundle(reply, reasoning)


def _nothing() -> tuple[DocumentState, DocumentState]:
    return empty_state(), empty_state()


def _without_clocks(meta: Meta) -> dict[str, object]:
    return {name: value for name, value in meta.items() if name not in ("elapsed", "reasoning_elapsed")}


def _tool_calls(reply: Reply) -> list[str]:
    """Return the lines of the tool calls; while their arguments grow, only the names, which do not."""
    if reply.ended:
        return wording.tool_calls(reply)
    return [f"{call.name or 'a tool'}(…)" for call in reply.tool_calls]
