"""The static output beside an instrument's view: what stays in the file.

A style rule inside it hides it while the output above holds a live view, and else hides that
output, which then is "Loading widget…" or an error. In a notebook that is not trusted the rule is
removed, and both are there.
"""

from __future__ import annotations

import time
import uuid
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from IPython.display import display

if TYPE_CHECKING:
    from collections.abc import Callable

#: The data by their types, and the metadata.
Bundle: TypeAlias = tuple[dict[str, str], dict[str, "Any"]]

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


class Source(NamedTuple):
    """Makes what a transcript shows.

    Attributes:
        prepare: does a part of the work for some milliseconds; returns whether all is done.
        whole: makes the whole bundle to display, and its metadata.
        so_far: makes a bundle of what is prepared.
    """

    prepare: Callable[[], bool]
    whole: Callable[[], Bundle]
    so_far: Callable[[], Bundle]


class Transcript:
    """The transcripts of one instrument, one for each time that it was displayed.

    Args:
        name: that of the widget.
        source: makes the bundle.
        kernel: the ipykernel; None without one.
    """

    def __init__(self, name: str, source: Source, kernel: Any) -> None:
        self._name = name
        self._source = source
        self._kernel = kernel
        #: By display id: the request of the cell.
        self._places: dict[str, dict[str, Any]] = {}
        self._due: float | None = None
        #: A long one is not renewed before that, as its page draws all of it each time.
        self._rests_until = 0.0
        self._shown: Bundle | None = None

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
        can_renew = view is not None and self._kernel is not None
        # A cell that shows a long one must not wait for all of it.
        is_whole = not can_renew or self._source.prepare()
        made = self._made(self._source.whole() if is_whole else self._source.so_far())
        # Other places may show less, and are renewed with this one.
        self._shown = None if self._places else made
        data, metadata = made
        place = uuid.uuid4().hex
        display(data, metadata=metadata, raw=True, display_id=place)
        if self._kernel is not None:
            self._places[place] = getattr(self._kernel, "get_parent", lambda _: {})("shell")
        if not is_whole:
            self._due = time.monotonic()

    def renew(self) -> None:
        """Renew the transcript soon."""
        if self._places:
            due = max(time.monotonic() + _DELAY_SECONDS, self._rests_until)
            self._due = due if self._due is None else self._due

    def update_if_due(self) -> bool:
        """Renew the transcript where it is displayed, if it is due and has changed.

        Returns:
            whether there is more to prepare for it: then call this again soon.
        """
        due = self._due
        if due is None or time.monotonic() < due:
            return False
        # First, so that what fails is not tried again for ever.
        self._due = None
        if not self._source.prepare():
            self._due = due
            return True
        made = self._made(self._source.whole())
        if made == self._shown:
            return False
        self._shown = made
        data, metadata = made
        self._rests_until = time.monotonic() + sum(map(len, data.values())) / _CHARACTERS_PER_SECOND
        for place, parent in [*self._places.items()]:
            # Not by IPython, which gives what a plain thread displays to whichever cell runs.
            content = {"data": data, "metadata": metadata, "transient": {"display_id": place}}
            self._kernel.session.send(self._kernel.iopub_socket, "update_display_data", content, parent=parent)
        return False

    def _made(self, bundle: Bundle) -> Bundle:
        data, metadata = bundle
        name = self._name
        html = data.get("text/html") or f"<p>{escape(data.get('text/plain', ''))}</p>"
        style = f"<style>{_STYLE.format(name=name)}</style>"
        wrapped = f'<div class="nbstream-transcript nbstream-transcript-{name}">{html}{style}</div>'
        return {**data, "text/html": wrapped}, metadata
