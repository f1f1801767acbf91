"""Shows a run until it ends, in a cell that waits or in the background."""

from __future__ import annotations

import contextvars
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nbstream.client import history, settings
from nbstream.jupyter import cell_ids, cell_value, interrupts, rerun, shown, sinks
from nbstream.jupyter.pumping import Pump
from nbstream.language import _, listed
from nbstream.model.exceptions import RequestError
from nbstream.model.presentation import OPTIONS, presentation_of
from nbstream.widgets import channels, comm_reader, front_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbstream.client.run import Run
    from nbstream.jupyter.shown import Shown
    from nbstream.model.presentation import Presentation
    from nbstream.model.reply import Reply


def watch(
    start: Callable[[], Run],
    presentation: Presentation,
    done: Callable[[Reply], object] = lambda _: None,
    below: Callable[[Run], object] = lambda _: None,
) -> Reply:
    """Start a run, show it until it ends, and return its reply.

    Args:
        start: starts the run.
        presentation: how the reply is shown.
        done: is given the reply at the end, also when the cell is interrupted.
        below: is given the run, to show more below its reply.

    Raises:
        KeyboardInterrupt: if ■ was pressed, after the partial reply was settled, so that queued
            cells are not run.
    """
    runs: list[Run] = []
    with interrupts.interrupts_call(lambda: [run.cancel() for run in runs]) as interrupt:
        sinks.preload()
        run = _started(start)
        runs.append(run)
        if interrupt.seen:
            run.cancel()
        with _ending(run, done):
            shown.note(run, presentation, done, cell_ids.running(front_ends.running_kernel()))
            sink = sinks.sink_for(run, presentation, foreground=True)
            below(run)
            kernel = front_ends.running_kernel()
            with comm_reader.opened(kernel, channels.overhear, run.receiver.wake) as reader:
                Pump(run, sink).work_here(interrupt, reader)
            cell_value.note_shown(run.reply)
    if interrupt.seen:
        raise interrupts.keyboard_interrupt()
    return run.reply


def watch_in_background(
    start: Callable[[], Run],
    presentation: Presentation,
    done: Callable[[Reply], object] = lambda _: None,
    below: Callable[[Run], object] = lambda _: None,
) -> None:
    """Start a run and show it in the current cell without waiting; arguments are as for `watch`.

    Where no page is watching, it waits all the same: a notebook that is run to be saved needs its
    outputs in place.
    """
    sinks.preload()
    run = _started(start)
    kernel = front_ends.running_kernel()
    cell = cell_ids.running(kernel)
    rerun.replace_when_rerun(run, cell)
    history.spare(run.receiver)
    shown.note(run, presentation, done, cell)
    try:
        sink = sinks.sink_for(run, presentation, foreground=False)
        below(run)
    except BaseException:
        with _ending(run, done):
            raise

    if kernel is not None and not front_ends.current().has_page:
        with _ending(run, done):
            Pump(run, sink).work_here()
        return

    def work() -> None:
        with _ending(run, done):
            Pump(run, sink).work_elsewhere(kernel)

    # The context carries the cell that the output belongs to, on ipykernel 7.
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name=f"nbstream-{run.id[:8]}", daemon=True).start()


def watch_in_place(start: Callable[[], Run], place: Shown) -> None:
    """Start a run, and show it until it ends where an earlier reply is shown.

    It may be called on any thread, also while a cell runs.
    """
    run = start()
    rerun.replace_when_rerun(run, place.cell)
    history.spare(run.receiver)
    place.keep(run.reply)
    with _ending(run, place.keep):
        sink = sinks.sink_in_place(run, place.presentation, place.place)
        shown.note_successor(run, place)
        Pump(run, sink).work_elsewhere(front_ends.running_kernel())


def _started(start: Callable[[], Run]) -> Run:
    """Start a run; say why it cannot start where the page does not show errors.

    Raises:
        RequestError: if it cannot start.
    """
    try:
        return start()
    except RequestError as error:
        if front_ends.current().hides_errors:
            from IPython.display import display  # noqa: PLC0415  (a script has no IPython to import)

            display({"text/plain": str(error)}, raw=True)
        raise


@contextmanager
def _ending(run: Run, done: Callable[[Reply], object]) -> Iterator[None]:
    """Whatever fails in the context, end the request and hand its reply to `done`."""
    try:
        yield
    finally:
        run.cancel()
        done(run.result())


def show(reply: Reply | None = None, **display: str | None) -> None:
    """Show a reply, settled, in the current cell or terminal.

    Args:
        reply: what to show; the default is the last one.
        **display: how it is shown: `reasoning`, which is auto or closed, open, or hidden; the
            default is `%config DeepSeekMagics.reasoning`.

    Raises:
        RequestError: if there is no reply yet, or an option is not known.
    """
    if unknown := display.keys() - {each.name for each in OPTIONS}:
        raise RequestError(_("show has no option {unknown}.", unknown=listed(sorted(unknown))))
    show_settled(reply, presentation_of(settings.current(), display, "python"))


def show_settled(reply: Reply | None, presentation: Presentation) -> None:
    """Show a reply, settled, in the current cell or terminal; the last one if it is None.

    Raises:
        RequestError: if there is no reply yet.
    """
    reply = reply or history.last_reply()
    if reply is None:
        raise RequestError(_("There is no reply yet."))
    sinks.display_settled(reply, presentation)
