"""The widget of a cell's live reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from nbstream.widgets.page_widget import PageWidget, shared_layout

if TYPE_CHECKING:
    from collections.abc import Callable


class ReplyWidget(PageWidget):
    """Carries a reply to the page. Its traits hold neither prompt nor key."""

    #: Whether no settled output takes the widget's place, so that a page does not ask for it.
    lasts = traitlets.Bool(False).tag(sync=True)  # noqa: FBT003  (a default)
    #: Never set: serialising the widget's state calls `current`.
    keyframe = traitlets.Dict().tag(sync=True, to_json=lambda _value, widget: widget.current())

    def __init__(self, run_id: str, current: Callable[[], dict[str, Any]], *, lasts: bool = False) -> None:
        """Open the widget's comm.

        Args:
            run_id: names the run that it shows; see `PageWidget`.
            current: returns the present keyframe; called on any thread.
            lasts: whether no settled output takes the widget's place.
        """
        self.current = current
        super().__init__(run_id, **shared_layout(), lasts=lasts)

    def send_keyframe(self) -> None:
        """Send the present keyframe to every page."""
        self.send_state("keyframe")
