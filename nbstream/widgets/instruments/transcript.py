"""The static output beside an instrument's view: what stays in the file.

A style rule inside it hides it while the output above holds a live view, and else hides that
output, which then is "Loading widget…" or an error. In a notebook that is not trusted the rule is
removed, and both are there.
"""

from __future__ import annotations

import time
import uuid
from html import escape
from typing import TYPE_CHECKING, Any

from IPython.display import display

if TYPE_CHECKING:
    from collections.abc import Callable

#: It is renewed so long after something has settled, as more may settle at once.
_DELAY_SECONDS = 0.5
#: So much of it is sent on average at most.
_CHARACTERS_PER_SECOND = 100_000

#: The element of an output in JupyterLab and Notebook 7, and the way from it to the transcript.
_OUTPUT = ".jp-OutputArea-child"
_INSIDE = ">.jp-OutputArea-output>.nbstream-transcript-{name}"
#: Elsewhere only the content is hidden.
_STYLE = (
    "body:has(.nbstream-live-{name}) .nbstream-transcript-{name},"
    f".jp-OutputArea:has(.nbstream-live-{{name}})>{_OUTPUT}:has({_INSIDE}),"
    f".jp-OutputArea:not(:has(.nbstream-live-{{name}}))>{_OUTPUT}:has(+{_OUTPUT}{_INSIDE})"
    "{{display:none}}"
)


class Transcript:
    """The transcripts of one instrument, one for each time that it was displayed.

    Args:
        name: that of the widget.
        make: makes the bundle to display, and its metadata.
        kernel: the ipykernel; None without one.
    """

    def __init__(self, name: str, make: Callable[[], tuple[dict[str, str], dict[str, Any]]], kernel: Any) -> None:
        self._name = name
        self._make = make
        self._kernel = kernel
        #: By display id: the request of the cell.
        self._places: dict[str, dict[str, Any]] = {}
        self._due: float | None = None
        #: A long one is not renewed before that, as its page draws all of it each time.
        self._rests_until = 0.0
        self._shown: tuple[dict[str, str], dict[str, Any]] | None = None

    @property
    def is_due(self) -> bool:
        """Whether it is going to be renewed."""
        return self._due is not None

    def display(self, view: dict[str, Any] | None, *, alone: bool = False) -> None:
        """Display the view, if there is one, and below it the transcript.

        Args:
            view: the bundle of the view.
            alone: display the view alone, as in an Output widget, which ignores updates.
        """
        if view is not None:
            display(view, raw=True)
            if alone:
                return
        self._shown = self._made()
        data, metadata = self._shown
        place = uuid.uuid4().hex
        display(data, metadata=metadata, raw=True, display_id=place)
        if self._kernel is not None:
            self._places[place] = getattr(self._kernel, "get_parent", lambda _: {})("shell")

    def renew(self) -> None:
        """Renew the transcript soon."""
        if self._places:
            due = max(time.monotonic() + _DELAY_SECONDS, self._rests_until)
            self._due = due if self._due is None else self._due

    def update_if_due(self) -> None:
        """Renew the transcript where it is displayed, if it is due and has changed."""
        if self._due is None or time.monotonic() < self._due:
            return
        self._due = None
        made = self._made()
        if made == self._shown:
            return
        self._shown = made
        data, metadata = made
        self._rests_until = time.monotonic() + sum(map(len, data.values())) / _CHARACTERS_PER_SECOND
        for place, parent in self._places.items():
            # Not by IPython, which gives what a plain thread displays to whichever cell runs.
            content = {"data": data, "metadata": metadata, "transient": {"display_id": place}}
            self._kernel.session.send(self._kernel.iopub_socket, "update_display_data", content, parent=parent)

    def _made(self) -> tuple[dict[str, str], dict[str, Any]]:
        data, metadata = self._make()
        name = self._name
        html = data.get("text/html") or f"<p>{escape(data.get('text/plain', ''))}</p>"
        style = f"<style>{_STYLE.format(name=name)}</style>"
        wrapped = f'<div class="nbstream-transcript nbstream-transcript-{name}">{html}{style}</div>'
        return {**data, "text/html": wrapped}, metadata
