"""Sinks: what a run is shown in, chosen by where the code runs and whether a page is watching."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from nbstream.client import history
from nbstream.jupyter import cell_ids
from nbstream.jupyter.journal import Journal
from nbstream.language import _
from nbstream.output import sentences
from nbstream.output.terminal import view
from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbstream.client.run import Run
    from nbstream.jupyter.sink import ConfirmingSink, Sink
    from nbstream.model.events import Event
    from nbstream.model.presentation import Presentation
    from nbstream.model.reply import Reply


def sink_for(run: Run, presentation: Presentation, *, foreground: bool) -> Sink:
    """Return the sink for a run that starts now.

    Args:
        run: the run.
        presentation: how its reply is shown.
        foreground: whether a cell waits for the run.
    """
    front_end = front_ends.current()
    if front_end.shows == "text":
        return view.TextView(run, presentation)
    if front_end.shows == "static" and foreground and presentation.audience == "cell":
        from nbstream.jupyter.static_view import StaticView  # noqa: PLC0415  (the renderer, only where it is used)

        return Journaled(StaticView(run.reply, presentation), run.id)
    if front_end.shows != "widget":
        # With static output, a cell may show more, which must not be cleared.
        return Journaled(SettledView(presentation), run.id)
    from nbstream.widgets import kept_views  # noqa: PLC0415  (the widget, only where it is used)
    from nbstream.widgets.live_view import LiveView  # noqa: PLC0415  (as above)

    lost = kept_views.lost()
    kernel, presentation = front_ends.running_kernel(), replace(presentation, has_buttons=front_end.goes_on)
    is_replaced = front_end.updates_later or (foreground and cell_ids.is_of_cell(kernel))
    live = LiveView(run, kernel, presentation, foreground=foreground, is_replaced=is_replaced)
    for missed in lost:
        if (back := history.back_to(missed.run.receiver)) is not None:
            live.notify(sentences.unseen(back + 1))
    return Journaled(live, run.id)


def sink_in_place(run: Run, presentation: Presentation, place: str) -> Sink:
    """Return the sink that shows a run in an output that a page shows already.

    Args:
        run: the run.
        presentation: how its reply is shown.
        place: the display id of the output.
    """
    from nbstream.widgets.live_view import LiveView  # noqa: PLC0415  (as above)

    return Journaled(LiveView(run, front_ends.running_kernel(), presentation, foreground=False, place=place), run.id)


def preload() -> None:
    """Load the widget, if one is going to be shown, before the request loads the SDK."""
    if front_ends.current().shows in ("widget", "element"):
        from nbstream.widgets import live_view  # noqa: F401, PLC0415  (the widget, only where it is used)


def display_settled(reply: Reply, presentation: Presentation) -> None:
    """Show a settled reply in the current cell or terminal."""
    if front_ends.current().is_marimo:
        from nbstream.jupyter import marimo_notebook  # noqa: PLC0415  (marimo, only where it runs)

        marimo_notebook.append(reply, presentation)
        return
    if front_ends.running_kernel() is None:
        view.write(reply, presentation)
        return
    from IPython.display import display  # noqa: PLC0415  (a script has no IPython to import)

    from nbstream.output.settled import bundle  # noqa: PLC0415  (the renderer, only where it is used)

    data, metadata = bundle(reply, presentation)
    display(data, metadata=metadata, raw=True)


def update_settled(reply: Reply, presentation: Presentation, place: str, run_id: str) -> None:
    """Show a settled reply of a run in the output with the display id `place`."""
    from IPython.display import update_display  # noqa: PLC0415  (a script has no IPython to import)

    from nbstream.output.settled import bundle  # noqa: PLC0415  (the renderer, only where it is used)

    data, metadata = bundle(reply, presentation, run_id=run_id)
    update_display(data, metadata=metadata, raw=True, display_id=place)


class SettledView:
    """A sink for a notebook without a page (nbconvert, papermill): settled output, no widget."""

    is_for_any_thread = False

    def __init__(self, presentation: Presentation) -> None:
        self._presentation = presentation

    def update(self, events: list[Event], reply: Reply) -> None:
        """Show nothing yet."""

    def tick(self) -> None:
        """Show nothing yet."""

    def acknowledge(self) -> None:
        """Show nothing yet."""

    def settle(self, reply: Reply) -> None:
        """Display the settled output."""
        display_settled(reply, self._presentation)

    def when_confirmed(self, done: Callable[[], object]) -> None:
        """Call `done`: nobody is watching."""
        done()


class Journaled:
    """A sink that also keeps events on disk until a page shows the settled reply."""

    _has_warned = False

    def __init__(self, sink: ConfirmingSink, run_id: str) -> None:
        self._sink = sink
        self._journal: Journal | None = None
        self._writes = True
        with self._tolerating_errors():
            self._journal = Journal(run_id)

    @property
    def is_for_any_thread(self) -> bool:
        """Whether the sink is."""
        return self._sink.is_for_any_thread

    def update(self, events: list[Event], reply: Reply) -> None:
        """Keep the events, then show them: the kernel may die while it draws."""
        if self._journal and self._writes:
            with self._tolerating_errors():
                self._journal.add(events)
        self._sink.update(events, reply)

    def tick(self) -> None:
        """Keep events that had to wait."""
        self._sink.tick()
        if self._journal and self._writes:
            with self._tolerating_errors():
                self._journal.write()

    def acknowledge(self) -> None:
        """Pass it on."""
        self._sink.acknowledge()

    def settle(self, reply: Reply) -> None:
        """Show the whole reply, and delete the journal once a page keeps the reply.

        When a kernel is restarted, the page ignores all outputs from the click on, but the kernel
        is interrupted first and lives long enough to settle the reply.
        """
        if self._journal and self._writes:
            with self._tolerating_errors():
                self._journal.write(everything=True)
        self._sink.settle(reply)
        self._sink.when_confirmed(self._clear)

    def _clear(self) -> None:
        if self._journal:
            with suppress(OSError):
                self._journal.clear()

    @contextmanager
    def _tolerating_errors(self) -> Iterator[None]:
        """Let the reply continue without a journal if the disk refuses, and say so once."""
        try:
            yield
        except ImportError:
            # A kernel without psutil has no journal.
            self._writes = False
        except OSError as error:
            self._writes = False
            if not Journaled._has_warned:
                Journaled._has_warned = True
                sys.stderr.write(
                    _(
                        "Note: {strerror}. The reply continues, but what arrives from here on would be lost if the "
                        "kernel were killed.\n",
                        strerror=error.strerror or error,
                    )
                )
