"""The static output beside an instrument's view: what stays in the file.

A style rule inside it hides it while the output above holds a live view, and else hides that
output, which then is "Loading widget…" or an error. In a notebook that is not trusted the rule is
removed, and both are there.

Its headings are not in JupyterLab's table of contents: what they lead to is hidden, six answers to
one question have the same ones, and each entry costs the page some milliseconds whenever the
transcript is renewed.
"""

from __future__ import annotations

import re
import time
import uuid
import weakref
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from IPython.display import display

from nbstream.model.text import utf16_length
from nbstream.sessions.process_lock import ProcessLock
from nbstream.widgets import busy

if TYPE_CHECKING:
    from collections.abc import Callable

#: The data by their types, and the metadata.
Bundle: TypeAlias = tuple[dict[str, str], dict[str, "Any"]]

#: It is renewed so long after something has settled, as more may settle at once.
_DELAY_SECONDS = 0.5
#: The same while more is under way: JupyterLab reads all of it in one task of the page, each time.
_LATER_SECONDS = 5.0
#: So much of it is sent on average at most.
_CHARACTERS_PER_SECOND = 100_000

_HEADING = re.compile(r"<(h[1-6])(?=[\s>])")
#: JupyterLab and Notebook 7 leave out headings of this class.
_NO_ENTRY = r'<\1 class="jp-toc-ignore"'

#: The element of an output in JupyterLab and Notebook 7, and the way from it to the transcript.
_OUTPUT = ".jp-OutputArea-child"
_INSIDE = ">.jp-OutputArea-output>.nbstream-transcript-{name}"
#: Elsewhere only the content is hidden.
_HIDDEN = (
    "body:has(.nbstream-live-{name}) .nbstream-transcript-{name},"
    f".jp-OutputArea:has(.nbstream-live-{{name}})>{_OUTPUT}:has({_INSIDE})"
    "{{display:none}}"
)
_HIDING = f".jp-OutputArea:not(:has(.nbstream-live-{{name}}))>{_OUTPUT}:has(+{_OUTPUT}{_INSIDE}){{{{display:none}}}}"


@dataclass
class _Place:
    """An output that has the transcript.

    Attributes:
        request: that of its cell.
        bundle: what it was sent.
        hides_above: whether the output above is hidden while it holds no view.
        is_taken: whether it was sent by a cell that ran, which every front end takes.
    """

    request: dict[str, Any]
    bundle: Bundle
    hides_above: bool
    is_taken: bool = True

    def is_gone_with(self, request: dict[str, Any]) -> bool:
        """Return whether its cell is run again by `request`, so that its output is gone."""
        cell = self.request.get("metadata", {}).get("cellId")
        if cell is None or cell != request.get("metadata", {}).get("cellId"):
            return False
        return bool(self.request["header"]["msg_id"] != request["header"]["msg_id"])


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


#: Every transcript of the process.
_all: weakref.WeakSet[Transcript] = weakref.WeakSet()
_listing = ProcessLock()


def forget_outputs(request: dict[str, Any]) -> None:
    """Forget the outputs of the cell that is run again by `request`, of all instruments."""
    with _listing:
        every = [*_all]
    for each in every:
        each.forget_outputs(request)


def _on_cell() -> None:
    # A cell that is run again may show something else now.
    if (request := busy.request()) is not None:
        forget_outputs(request)


busy.add_listener(_on_cell)


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
        #: By display id.
        self._places: dict[str, _Place] = {}
        self._due: float | None = None
        #: A long one is not renewed before that, as its page draws all of it each time.
        self._rests_until = 0.0
        with _listing:
            _all.add(self)

    @property
    def is_displayed(self) -> bool:
        """Whether it was displayed, so that it can be renewed."""
        return bool(self._places)

    @property
    def is_due(self) -> bool:
        """Whether it is going to be renewed."""
        return self._due is not None

    @property
    def is_stale(self) -> bool:
        """Whether it is going to be renewed, or was not in the name of a running cell."""
        return self.is_due or not all(place.is_taken for place in [*self._places.values()])

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
        self._show(self._source.whole() if is_whole else self._source.so_far(), hides_above=True)
        if not is_whole:
            self._due = time.monotonic()

    def display_below(self) -> None:
        """Display the transcript below a layout that has the view; it hides nothing of it."""
        self._show(self._source.whole(), hides_above=False)

    def renew(self, *, hurries: bool = True) -> None:
        """Renew the transcript soon; in a few seconds if it does not hurry."""
        if self._places:
            due = max(time.monotonic() + (_DELAY_SECONDS if hurries else _LATER_SECONDS), self._rests_until)
            self._due = due if self._due is None else min(due, self._due)

    def compare(self, lengths: object) -> None:
        """Send a transcript again that a page does not have, as it was reloaded meanwhile.

        Args:
            lengths: those of the HTML in the page's notebook, in UTF-16 code units.
        """
        has = lengths if isinstance(lengths, list) else []
        for place in [*self._places.values()]:
            if utf16_length(place.bundle[0].get("text/html", "")) not in has:
                place.bundle = ({}, {})
                self.renew()

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
        self.update()
        return False

    def update(self, request: dict[str, Any] | None = None) -> None:
        """Renew the transcript where it is displayed and has changed.

        Args:
            request: in the name of which cell; None for each place in that of its own cell.
        """
        self._due = None
        made = self._source.whole()
        sent = 0
        # Another thread may display it meanwhile.
        for display_id, place in [*self._places.items()]:
            bundle = self._made(made, hides_above=place.hides_above)
            if place.bundle == bundle and (request is None or place.is_taken):
                continue
            place.bundle = bundle
            place.is_taken = request is not None
            data, metadata = bundle
            sent += sum(map(len, data.values()))
            # Not by IPython, which gives what a plain thread displays to whichever cell runs.
            content = {"data": data, "metadata": metadata, "transient": {"display_id": display_id}}
            parent = place.request if request is None else request
            self._kernel.session.send(self._kernel.iopub_socket, "update_display_data", content, parent=parent)
        self._rests_until = time.monotonic() + sent / _CHARACTERS_PER_SECOND

    def forget_outputs(self, request: dict[str, Any]) -> None:
        """Forget the outputs of the cell that is run again by `request`."""
        for each, place in [*self._places.items()]:
            if place.is_gone_with(request):
                self._places.pop(each, None)

    @property
    def request(self) -> dict[str, Any]:
        """The request of the cell that runs."""
        request: dict[str, Any] = getattr(self._kernel, "get_parent", lambda _: {})("shell")
        return request

    def _show(self, made: Bundle, *, hides_above: bool) -> None:
        bundle = self._made(made, hides_above=hides_above)
        data, metadata = bundle
        place = uuid.uuid4().hex
        display(data, metadata=metadata, raw=True, display_id=place)
        if self._kernel is not None:
            forget_outputs(self.request)
            self._places[place] = _Place(self.request, bundle, hides_above)

    def _made(self, bundle: Bundle, *, hides_above: bool) -> Bundle:
        data, metadata = bundle
        name = self._name
        html = data.get("text/html") or f"<p>{escape(data.get('text/plain', ''))}</p>"
        rules = [_HIDDEN, _HIDING] if hides_above else [_HIDDEN]
        style = f"<style>{''.join(rules).format(name=name)}</style>"
        html = _HEADING.sub(_NO_ENTRY, html)
        wrapped = f'<div class="nbstream-transcript nbstream-transcript-{name}">{html}{style}</div>'
        return {**data, "text/html": wrapped}, metadata
