"""Notebooks of marimo: a reply is an element, which a cell returns while the reply arrives.

A page of marimo is heard only between two cells, so a cell that waited could not be stopped by our
button. marimo has cells that depend on each other: those that need the whole reply await it.
"""

from __future__ import annotations

import time
import weakref
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import marimo as mo

# marimo has no public way to the running cell, its execution, and what belongs to a session.
from marimo._messaging.context import EXECUTION_CTX
from marimo._runtime.context import get_context

from nbstream.chat.front_end import Cell
from nbstream.jupyter.marimo_html import html_for_marimo
from nbstream.jupyter.pumping import Pump
from nbstream.language import _
from nbstream.model.reply import Reply
from nbstream.output import progress as wording
from nbstream.output.settled import bundle
from nbstream.sessions.per_session import PerSession
from nbstream.sessions.process_lock import ProcessLock
from nbstream.widgets.live_view import LiveView

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from nbstream.batch.progress import Progress
    from nbstream.client.run import Run
    from nbstream.model.events import Event
    from nbstream.model.presentation import Audience, Presentation
    from nbstream.sessions.per_session import Store

#: Between two looks at whether a cell has ended.
_LOOK_SECONDS = 0.05
_JOB_SECONDS = 0.4
_STORE = "_nbstream_values"

#: Not empty once a page has sent a request: a thread does not know of it.
_pages: PerSession[list[bool]] = PerSession(list)
#: The replies of a session whose elements may stand in outputs.
_elements: PerSession[weakref.WeakSet[LiveReply]] = PerSession(weakref.WeakSet)
#: Held while they are listed, on the thread of a reply that settles, and while a cell adds one.
_listing = ProcessLock()


def mode() -> Literal["edit", "run", "export"] | None:
    """Return how marimo runs the notebook of this thread; None if it runs none.

    An export runs it as the editor does, but no page has ever sent a request.
    """
    if not mo.running_in_notebook():
        return None
    if mo.app_meta().mode == "run":
        return "run"
    pages = _pages.get()
    if not pages and mo.app_meta().request is not None:
        pages.append(True)
    return "edit" if pages else "export"


def store() -> Store | None:
    """Return the store of this thread's session; None where no notebook runs.

    It hangs on an object of the session, and so ends with it.
    """
    if not mo.running_in_notebook():
        return None
    context = get_context()
    while context.parent is not None:
        context = context.parent
    found: Store = vars(context.ui_element_registry).setdefault(_STORE, {})
    return found


def cell() -> Cell | None:
    """Return the running cell and its execution; None where no cell runs."""
    found, tag = get_context().cell_id, EXECUTION_CTX.get()
    return None if found is None or tag is None else Cell(str(found), tag.id)


def path() -> str:
    """Return the path of the notebook; empty if it has none yet, or where none runs."""
    return str(get_context().filename or "") if mo.running_in_notebook() else ""


def append(reply: Reply, presentation: Presentation) -> None:
    """Show a settled reply below what the running cell shows."""
    mo.output.append(_settled(reply, presentation))


def bundle_of(reply: Reply, presentation: Presentation) -> dict[str, str]:
    """Return a settled reply as the value of a cell: marimo would show each type in a tab."""
    return {"text/html": _settled(reply, presentation).text}


def watch(start: Callable[[], Run], presentation: Presentation) -> LiveReply:
    """Start a run, show it in the running cell, and return its element at once."""
    return LiveReply(start(), presentation)


class LiveReply:
    """A reply that a cell shows while it arrives; what `nbstream.ask` returns in marimo.

    A cell that needs the whole reply awaits it: `(await reply).answer`. Every attribute of a
    `Reply` is there, too: it waits for the end. The cell that asked ends the reply when it runs
    again.

    Attributes:
        run: the run, with the reply so far: `live.run.reply`.
    """

    def __init__(self, run: Run, presentation: Presentation) -> None:
        self.run = run
        self._presentation = presentation
        self._view = _View(run, None, presentation, foreground=False, is_replaced=False)
        self._element = self._view.element()
        #: What stands in an output while the reply arrives.
        self._live_text = self._element.text
        self._settled: mo.Html | None = None
        #: The cells that show it, which get the settled output.
        self._cells: set[object] = set()
        with _listing:
            _elements.get().add(self)
        self._pump = mo.Thread(target=self._work, name=f"nbstream-{run.id[:8]}", daemon=True)
        self._view.is_outdated = lambda: self._pump.should_exit
        mo.output.append(self)
        self._pump.start()

    @property
    def done(self) -> bool:
        """Whether the reply has ended."""
        return self.run.done

    def cancel(self) -> bool:
        """Stop the reply, and return whether it had not ended."""
        return self.run.cancel()

    def result(self, timeout: float | None = None) -> Reply:
        """Wait for the end, and return the reply; see `Run.result`."""
        return self.run.result(timeout)

    def __await__(self) -> Generator[Any, None, Reply]:
        return self.run.__await__()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or (not hasattr(Reply, name) and name not in Reply.__dataclass_fields__):
            raise AttributeError(f"a reply has no attribute {name!r}")
        return getattr(self.result(), name)

    def __str__(self) -> str:
        return str(self.result())

    def __repr__(self) -> str:
        return repr(self.run.reply)

    def settle_in_text(self, text: str) -> str:
        """Return the HTML of an output with the settled reply in the place of its element."""
        return text if self._settled is None else text.replace(self._live_text, self._settled.text)

    def _display_(self) -> mo.Html:
        """Return what a cell shows; marimo calls it for each cell."""
        if self._settled is not None:
            return self._settled
        self._settle_in(get_context().cell_id)
        return self._element

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        # marimo keeps the value of a cell that has this method, by which `_shown_by` finds it.
        return {"text/plain": repr(self)}

    def _work(self) -> None:
        try:
            Pump(self.run, self._view).work_here()
        finally:
            self.run.cancel()
            self._settled = _settled(self.run.result(), self._presentation)

    def _settle_in(self, cell_id: object) -> None:
        """Put the settled output in the element's place, once both reply and cell have ended."""
        if cell_id is None or cell_id in self._cells:
            return
        self._cells.add(cell_id)

        def settle() -> None:
            while not (self._settled is not None and self._has_ended(cell_id)):
                if mo.current_thread().should_exit:
                    return
                time.sleep(_LOOK_SECONDS)
            # Where marimo keeps its cells elsewhere, the element stays, which shows the same.
            with suppress(AttributeError, KeyError):
                shown = self._shown_by(cell_id)
                if shown is not None and not mo.current_thread().should_exit:
                    mo.output.replace(shown)

        mo.Thread(target=settle, name="nbstream-settle", daemon=True).start()

    @staticmethod
    def _has_ended(cell_id: object) -> bool:
        cells = get_context().graph.cells
        return cell_id not in cells or cells[cell_id].runtime_state != "running"

    def _shown_by(self, cell_id: object) -> mo.Html | None:
        """Return what a cell shows, with settled replies; None if that is not known.

        marimo does not keep what a cell shows if its last expression has other elements in it.
        """
        code, appended = get_context().graph.cells[cell_id], get_context().execution_context.output.stack()
        if code.output is self:
            return self._settled
        if code.output is not None or code.last_expr.co_names or code.last_expr.co_consts != (None,):
            return None
        text = appended.text if appended is not None else ""
        with _listing:
            elements = [*_elements.get()]
        for each in elements:
            text = each.settle_in_text(text)
        return mo.Html(text)


class _View(LiveView):
    """The live view of a reply in an element of marimo."""

    is_outdated: Callable[[], bool] = staticmethod(lambda: False)

    def element(self) -> Any:
        """Return the element."""
        return mo.ui.anywidget(self._widget)

    def update(self, events: list[Event], reply: Reply) -> None:
        """Send a patch, or end the reply of a cell that runs again."""
        super().update(events, reply)
        self._end_if_outdated()

    def tick(self) -> None:
        """Send what had to wait, or end the reply of a cell that runs again."""
        super().tick()
        self._end_if_outdated()

    def _display(self, view: dict[str, Any], *, is_new: bool) -> None:
        """Display nothing: the element is the value of the cell."""

    def _end_if_outdated(self) -> None:
        if self.is_outdated():
            self.run.cancel()


class JobOutput:
    """Shows how far `nbstream.map` has come, in the cell that waits for it."""

    seconds = _JOB_SECONDS

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        context = get_context().execution_context
        self._place = len(context.output) if context is not None else 0

    def show(self, progress: Progress) -> None:
        """Show how far the job has come."""
        self._put(escape(_("{line} … ■ stops it.", line=wording.line(progress))))

    def tick(self) -> None:
        """Do nothing: the page is not heard while a cell runs."""

    def acknowledge(self) -> None:
        """Do nothing."""

    def end(self, progress: Progress) -> None:
        """Show how the job ended."""
        data, _ = wording.bundle(progress, self._audience)
        self._put(data["text/html"])

    def _put(self, html: str) -> None:
        mo.output.replace_at_index(mo.Html(html), self._place)


def _settled(reply: Reply, presentation: Presentation) -> mo.Html:
    data, _ = bundle(reply, presentation)
    return mo.Html(html_for_marimo(data["text/html"]))
