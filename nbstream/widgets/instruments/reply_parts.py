"""The parts of a reply's view as widgets of their own."""

from __future__ import annotations

import uuid
from functools import cached_property

import traitlets

from nbstream.widgets.page_widget import PageWidget


class ReplyPart(PageWidget):
    """A part of the view of a reply. Its page draws it from what the view has, so it costs nothing.

    Args:
        view: the view; it can be drawn wherever the part is.
        part: stop, reasoning, answer or usage.
    """

    _module = "reply_view"
    of = traitlets.Unicode().tag(sync=True)
    part = traitlets.Unicode().tag(sync=True)

    def __init__(self, view: PageWidget, part: str) -> None:
        self._view = view
        super().__init__(uuid.uuid4().hex, of=view.run_id, part=part)

    @property
    def model_id(self) -> str:
        """The id of the part, by which layouts name it: the comm of its view is open then, too."""
        _ = self._view.model_id
        return super().model_id


class Parts:
    """The parts of a view, each made when it is first asked for."""

    def __init__(self, view: PageWidget) -> None:
        self._view = view

    @cached_property
    def stop(self) -> ReplyPart:
        """The button that stops the reply; nothing once the reply has ended."""
        return ReplyPart(self._view, "stop")

    @cached_property
    def reasoning(self) -> ReplyPart:
        """What the reply waits for, and the panel of its reasoning."""
        return ReplyPart(self._view, "reasoning")

    @cached_property
    def answer(self) -> ReplyPart:
        """The answer with its tool calls, and the sentences below it."""
        return ReplyPart(self._view, "answer")

    @cached_property
    def usage(self) -> ReplyPart:
        """The footer: model, time, tokens and cost."""
        return ReplyPart(self._view, "usage")

    def close(self) -> None:
        """Close those that were made."""
        for each in vars(self).values():
            if isinstance(each, ReplyPart):
                each.close()
