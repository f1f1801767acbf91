"""`%%deepseek --compare flash,pro`: the prompt of the cell to several columns, side by side."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from nbstream.chat import names
from nbstream.client import history
from nbstream.comparison.one_line import specs_of
from nbstream.jupyter import interrupts
from nbstream.jupyter.pumping import Pump
from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError
from nbstream.output.compared import settled
from nbstream.output.terminal import view
from nbstream.widgets import channels, comm_reader, front_ends
from nbstream.widgets.compare.compare import Compare

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping

    from nbstream.jupyter.interrupts import Interrupt
    from nbstream.model.presentation import Presentation

#: Options that no comparison has, by their names in the arguments.
_NOT_WITH_COMPARE = {"each": "--each", "save": "--save", "inspect": "--inspect"}
_READ_SECONDS = 0.02
_TICK_SECONDS = 0.1
_STOPPED = marked("stopped; what arrived is kept in the comparison")


def ask_compared(
    prompt: str,
    arguments: Namespace,
    options: Mapping[str, Any],
    variables: dict[str, Any],
    *,
    presentation: Presentation,
    made: Callable[[Callable[[], Compare]], Compare],
) -> None:
    """Ask the prompt in every column, and show the columns until all have ended.

    Args:
        prompt: the prompt.
        arguments: the arguments of the magic.
        options: the options of every column.
        variables: the variables of the session; that of `-o` gets the comparison.
        presentation: how replies are shown.
        made: calls a function, and writes the notes on the options.

    Raises:
        RequestError: if an argument is not valid. Nothing was sent then.
        KeyboardInterrupt: if ■ was pressed, after all columns were stopped.
    """
    if arguments.compare is None:
        raise RequestError(_("--blind needs --compare: it hides the names of what is compared."))
    if given := [flag for name, flag in _NOT_WITH_COMPARE.items() if getattr(arguments, name)]:
        raise RequestError(_("{given} cannot be used with --compare.", given=" and ".join(given)))
    specs = specs_of(arguments.compare)
    common = {name: value for name, value in options.items() if value is not None}
    chat = names.default if arguments.chat is None else arguments.chat
    if chat not in ("", names.OFF) and not any("chat" in spec for spec in specs):
        common["chat"] = chat
    if doubled := sorted({name for spec in specs for name in spec if name in common}):
        raise RequestError(
            _("`{doubled}=` is given for all columns, and in --compare for each: leave one out.", doubled=doubled[0])
        )
    started: list[Compare] = []

    def start() -> Compare:
        blind, audience = bool(arguments.blind), presentation.audience
        display = {"reasoning": presentation.reasoning, "concurrency": arguments.concurrency}
        return Compare(prompt, specs, blind=blind, audience=audience, **display, **common)

    def stop() -> None:
        for each in started:
            each.stop()

    with interrupts.interrupts_call(stop) as interrupt:
        compare = made(start)
        started.append(compare)
        if arguments.out is not None:
            variables[arguments.out] = compare
        if interrupt.seen:
            compare.stop()
        if arguments.background:
            for column in compare.columns:
                if column.run is not None:
                    history.spare(column.run.receiver)
            _display(compare)
            return
        show(compare, interrupt)
    if interrupt.seen:
        raise interrupts.keyboard_interrupt(_(_STOPPED))


def show(compare: Compare, interrupt: Interrupt) -> None:
    """Show a comparison in the cell or the terminal until all columns have ended."""
    front_end = front_ends.current()
    if front_end.shows == "text":
        _write(compare, interrupt)
        return
    if front_end.has_page:
        _display(compare)
    news = threading.Event()
    with comm_reader.opened(front_ends.running_kernel(), channels.overhear, news.set) as reader:
        read = interrupt.holding(reader.read) if reader is not None else None
        while not compare.done:
            news.wait(_TICK_SECONDS if reader is None else min(reader.seconds, _TICK_SECONDS))
            news.clear()
            if read is not None:
                read()
    if not front_end.has_page:
        _display(compare)


def _display(compare: Compare) -> None:
    from IPython.display import display  # noqa: PLC0415  (a script has no IPython to import)

    display(compare)


def _write(compare: Compare, interrupt: Interrupt) -> None:
    """Write the columns to a terminal: all are asked at once, and each is shown in its turn."""
    for key, name in zip(compare.letters, compare.shown_names, strict=True):
        while (shown := compare.replies.get(key)) is None and not compare.done:
            time.sleep(_READ_SECONDS)
        if shown is not None and shown.run is not None:
            sys.stdout.write(f"{settled.heading(name)}\n")
            sys.stdout.flush()
            Pump(shown.run, view.TextView(shown.run, compare.presentation)).work_here(interrupt)
            sys.stdout.write("\n")
    sys.stdout.write(f"{compare.summary()}\n")
