"""A sink for a page that draws no widgets: the reply so far as static output, again and again."""

from __future__ import annotations

import time
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

from IPython.display import clear_output, display

from nbstream.language import _
from nbstream.output import wording
from nbstream.output.settled import bundle

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.model.events import Event
    from nbstream.model.presentation import Presentation
    from nbstream.model.reply import Reply

#: Between two outputs; longer if one takes long, as each is rendered whole.
_SECONDS = 0.5
_TIMES_ITS_COST = 10


class StaticView:
    """Shows a reply as static output while it is received, in a cell that shows nothing else.

    jupyter-server-documents (0.3.3, in JupyterLab 4.6.6) shows the text of any widget in place of
    the widget, and adds an updated output below the old one. It does clear outputs.

    Args:
        reply: the reply at its beginning.
        presentation: how it is shown.
    """

    is_for_any_thread = False

    def __init__(self, reply: Reply, presentation: Presentation) -> None:
        self._reply = reply
        self._presentation = presentation
        self._next_at = 0.0
        self._is_behind = False
        display({"text/plain": _state(reply)}, raw=True)

    def update(self, events: list[Event], reply: Reply) -> None:  # noqa: ARG002  (the reply has all of them)
        """Show the reply so far, unless it was shown a moment ago."""
        self._reply, self._is_behind = reply, True
        self.tick()

    def tick(self) -> None:
        """Show the text that had to wait."""
        began = time.monotonic()
        if not self._is_behind or began < self._next_at:
            return
        self._is_behind = False
        presentation = self._presentation
        if presentation.reasoning == "auto" and self._reply.status == "reasoning":
            presentation = replace(presentation, reasoning="open")
        data, _ = bundle(self._reply, presentation)
        state = _state(self._reply)
        data["text/html"] += f'<div class="nbstream-state"><em>{escape(state)}</em></div>'
        self._show({**data, "text/plain": f"{data['text/plain']}\n\n{state}"}, {})
        self._next_at = time.monotonic() + max(_SECONDS, _TIMES_ITS_COST * (time.monotonic() - began))

    def acknowledge(self) -> None:
        """Show nothing: there is no button."""

    def settle(self, reply: Reply) -> None:
        """Show the whole reply."""
        self._show(*bundle(reply, self._presentation))

    def when_confirmed(self, done: Callable[[], object]) -> None:
        """Call `done`: the server keeps the output, and not the page."""
        done()

    @staticmethod
    def _show(data: dict[str, str], metadata: dict[str, Any]) -> None:
        clear_output(wait=True)
        display(data, metadata=metadata, raw=True)


def _state(reply: Reply) -> str:
    return _("{label} … ■ stops it.", label=wording.label(reply) or wording.activity(reply))
