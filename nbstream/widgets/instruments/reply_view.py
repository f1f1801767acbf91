"""`nbstream.ReplyView`: one reply as a widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from nbstream.client import settings
from nbstream.model.presentation import OPTIONS, presentation_of
from nbstream.model.reply import Reply
from nbstream.widgets.instruments.instrument import Instrument

if TYPE_CHECKING:
    from nbstream.client.run import Run
    from nbstream.model.events import Event

_KEY = "reply"


class ReplyView(Instrument):
    """One reply, live or ended, to put into a layout or to link with other widgets.

    Attributes:
        status: as `reply.status`; empty without a reply.
    """

    _module = "reply_view"
    status = traitlets.Unicode(read_only=True).tag(sync=True)
    answer = traitlets.Unicode(read_only=True)
    reasoning = traitlets.Unicode(read_only=True)

    def __init__(self, shown: Run | Reply | None = None, **display: str | None) -> None:
        self._presentation = presentation_of(
            settings.current(), {each.name: display.get(each.name) for each in OPTIONS}, "python"
        )
        self._reply = Reply()
        super().__init__()
        if shown is not None:
            self.show(shown)

    @property
    def reply(self) -> Reply:
        """The reply so far."""
        return self._reply

    def show(self, shown: Run | Reply) -> None:
        """Show a run, or a reply that has ended, instead of the present one."""
        self.replies.show(_KEY, shown, self._presentation)
        self._take(shown if isinstance(shown, Reply) else shown.reply)

    def stop(self) -> bool:
        """Stop the reply, and return whether it had not ended."""
        shown = self.replies.get(_KEY)
        return shown is not None and shown.run is not None and shown.run.cancel()

    def _on_events(self, key: str, events: list[Event], reply: Reply) -> None:  # noqa: ARG002  (there is one)
        self._take(reply)

    def _take(self, reply: Reply) -> None:
        self._reply = reply
        self.set_trait("reasoning", reply.reasoning)
        self.set_trait("answer", reply.answer)
        self.set_trait("status", reply.status)

    def _bundle(self) -> tuple[dict[str, str], dict[str, Any]]:
        from nbstream.output.settled import bundle  # noqa: PLC0415  (the renderer, loaded when it is needed)

        if self._reply.ended:
            return bundle(self._reply, self._presentation)
        return {"text/plain": "A reply that had not ended when this was written."}, {}
