"""Shows a run while it goes on, in whatever the user sits in front of, and says when it is over.

The thread that waits does all the sending, so that output lands in the cell that asked for it. This module must not
know how a request is made.
"""

from __future__ import annotations

import contextvars
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from nbstream.client import history, settings
from nbstream.jupyter import interrupts
from nbstream.jupyter.journal import Journal
from nbstream.model.exceptions import RequestError
from nbstream.output.terminal import view
from nbstream.widgets import channels, comm_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbstream.client.run import Run
    from nbstream.model.events import Event
    from nbstream.model.reply import Reply

#: How often a sink is asked whether it has something to do while nothing arrives; and the same where messages of the
#: page wait to be read.
_TICK_SECONDS = 0.25
_READ_SECONDS = 0.02
#: A frame that took longer makes the next one wait for twice as long: drawing takes a third of the time at most.
_CHEAP_SECONDS = 0.01


class Sink(Protocol):
    """What a run is shown in."""

    def update(self, events: list[Event]) -> None:
        """Show what has arrived."""

    def tick(self) -> None:
        """Nothing has arrived for a while."""

    def acknowledge(self) -> None:
        """A wish to stop has arrived."""

    def settle(self, reply: Reply) -> None:
        """Show the whole reply; nothing more will come."""


class SettledView:
    """A sink for a notebook that nobody watches (nbconvert, papermill): only the settled output, and no widget."""

    def __init__(self, reasoning: str) -> None:
        self._reasoning = reasoning

    def update(self, events: list[Event]) -> None:
        """Show nothing yet."""

    def tick(self) -> None:
        """Show nothing yet."""

    def acknowledge(self) -> None:
        """Show nothing yet."""

    def settle(self, reply: Reply) -> None:
        """Display the static output."""
        show(reply, reasoning=self._reasoning)


class Journaled:
    """A sink that also keeps what arrives on disk until it has settled, as far as the disk lets it."""

    _has_told = False

    def __init__(self, sink: Sink, run_id: str) -> None:
        self._sink = sink
        self._journal: Journal | None = None
        self._writes = True
        with self._forgiving():
            self._journal = Journal(run_id)

    def update(self, events: list[Event]) -> None:
        """Keep and show what has arrived, in this order: drawing may be what the kernel dies of."""
        if self._journal and self._writes:
            with self._forgiving():
                self._journal.add(events)
        self._sink.update(events)

    def tick(self) -> None:
        """Keep what had to wait."""
        self._sink.tick()
        if self._journal and self._writes:
            with self._forgiving():
                self._journal.write()

    def acknowledge(self) -> None:
        """Pass it on."""
        self._sink.acknowledge()

    def settle(self, reply: Reply) -> None:
        """Show the whole; from here on the notebook keeps it."""
        self._sink.settle(reply)
        if self._journal:
            with suppress(OSError):
                self._journal.clear()

    @contextmanager
    def _forgiving(self) -> Iterator[None]:
        """Tell once what the disk refuses, and let the reply go on; a kernel without psutil has no journal either."""
        try:
            yield
        except ImportError:
            self._writes = False
        except OSError as error:
            self._writes = False
            if not Journaled._has_told:
                Journaled._has_told = True
                sys.stderr.write(
                    f"Note: {error.strerror or error}. The reply goes on, but what arrives from here on would be lost "
                    "if the kernel were killed.\n"
                )


def watch(
    start: Callable[[], Run], *, reasoning: str | None = None, done: Callable[[Reply], object] = lambda _: None
) -> Reply:
    """Start a run, show it until it ends, and return its reply.

    Args:
        start: starts the run.
        reasoning: how reasoning is shown, one of `settings.REASONING`; None leaves it to the settings.
        done: is given the reply at the end, also when the cell is interrupted.

    Raises:
        RequestError: if `reasoning` is none of these. Nothing was started then.
        KeyboardInterrupt: if ■ was pressed, after the partial reply was settled, so that queued cells are not run.
    """
    shown = settings.current().reasoning_shown(reasoning)
    runs: list[Run] = []
    with interrupts.interrupts_call(lambda: [run.cancel() for run in runs]) as interrupt:
        _load(_kernel())
        run = start()
        runs.append(run)
        if interrupt.seen:
            run.cancel()
        try:
            sink = _sink(run, shown, foreground=True)
            with comm_reader.opened(_kernel(), channels.overhear) as read:
                pump(run, sink, interrupt.holding(read) if read else None)
        finally:
            # Whatever broke the display must not leave a request running that somebody pays for.
            run.cancel()
            done(run.reply)
    if interrupt.seen:
        raise interrupts.keyboard_interrupt()
    return run.reply


def watch_in_background(
    start: Callable[[], Run], *, reasoning: str | None = None, done: Callable[[Reply], object] = lambda _: None
) -> None:
    """Start a run and show it in the current cell's output without waiting for it; the arguments are as for `watch`.

    Where nobody watches, it is waited for all the same: a notebook that is run to be saved needs its outputs in place.

    Raises:
        RequestError: if `reasoning` is none of `settings.REASONING`. Nothing was started then.
    """
    kernel = _kernel()
    shown = settings.current().reasoning_shown(reasoning)
    _load(kernel)
    run = start()
    sink = _sink(run, shown, foreground=False)

    def work() -> None:
        pump(run, sink)
        done(run.reply)

    if kernel is not None and not _somebody_watches(kernel):
        work()
        return
    # The context carries the cell that the output belongs to, on ipykernel 7.
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name=f"nbstream-{run.id[:8]}", daemon=True).start()


def pump(run: Run, sink: Sink, read: Callable[[], object] | None = None) -> None:
    """Hand everything that happens in `run` to `sink` until it ends; `read` reads what pages have said meanwhile."""
    seen, acknowledged = 0, False
    while True:
        ended = run.done
        events = run.wait(seen, cancelling=acknowledged, timeout=_READ_SECONDS if read else _TICK_SECONDS)
        seen += len(events)
        if read:
            read()
        if run.cancelling and not acknowledged:
            acknowledged = True
            sink.acknowledge()
        if events:
            began = time.monotonic()
            sink.update(events)
            cost = time.monotonic() - began
            if cost > _CHEAP_SECONDS:
                # An endless paragraph is rendered whole in every frame: then there are fewer of them.
                run.wait(sys.maxsize, cancelling=acknowledged, timeout=2 * cost)
        elif ended:
            break
        else:
            sink.tick()
    sink.settle(run.reply)


def show(reply: Reply | None = None, *, reasoning: str | None = None) -> None:
    """Show a reply, settled, in the current cell or terminal.

    Args:
        reply: what to show; the default is the last one.
        reasoning: auto or closed, open, or hidden; the default is `%config DeepSeekMagics.reasoning`.

    Raises:
        RequestError: if there is no reply yet, or `reasoning` is none of these.
    """
    shown = settings.current().reasoning_shown(reasoning)
    reply = reply or history.last_reply()
    if reply is None:
        raise RequestError("There is no reply yet.")
    if _kernel() is None:
        view.write(reply, reasoning=shown)
        return
    from IPython.display import display  # noqa: PLC0415  (a script has no IPython to import)

    from nbstream.output.bundle import bundle  # noqa: PLC0415  (as above)

    data, metadata = bundle(reply, shown)
    display(data, metadata=metadata, raw=True)


def _load(kernel: Any) -> None:
    """Load what shows that a reply is waited for, before the request loads the SDK: both at once would take as long."""
    if kernel is not None and _somebody_watches(kernel):
        from nbstream.widgets import live_view  # noqa: F401, PLC0415  (the widget, only where it is used)


def _sink(run: Run, reasoning: settings.ReasoningDisplay, *, foreground: bool) -> Sink:
    kernel = _kernel()
    if kernel is None:
        return view.TextView(run, reasoning=reasoning)
    if not _somebody_watches(kernel):
        return Journaled(SettledView(reasoning), run.id)
    from nbstream.widgets.live_view import LiveView, lost  # noqa: PLC0415  (the widget, only where it is used)

    for missed in lost():
        if (back := history.back_to(missed)) is not None:
            sys.stderr.write(
                "Note: the page was reloaded while a reply arrived and may not show it. "
                f"%deepseek show {back + 1} brings it back.\n"
            )
    return Journaled(LiveView(run, kernel, reasoning, foreground=foreground), run.id)


def _kernel() -> Any:
    """Return the ipykernel this runs in, or None in a terminal or a script."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython  # noqa: PLC0415  (only where it is running already)

    return getattr(get_ipython(), "kernel", None)


def _somebody_watches(kernel: Any) -> bool:
    """Return whether the cell was sent by a front end that somebody sits at.

    nbclient, and with it nbconvert and papermill, says that it takes no input. It also saves the state of every widget
    it sees, even of one that was closed, so there must be none.
    """
    try:
        return bool(kernel.get_parent("shell")["content"].get("allow_stdin", True))
    except (AttributeError, KeyError, LookupError, TypeError):
        return True
