"""`nbstream.ask`: the magic as a function, for a cell, a script and a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from nbstream.client import settings
from nbstream.client.cache.choice import problems
from nbstream.client.fill_in import filling_in
from nbstream.client.notes import warn
from nbstream.client.options import NAMES, checked, with_signature
from nbstream.client.start import start_run
from nbstream.exchange.start import stream
from nbstream.jupyter.display import show, watch
from nbstream.model.presentation import OPTIONS, presentation_of
from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nbstream.client.run import Run
    from nbstream.model.reply import Reply


def ask(prompt: str | None = None, **options: Any) -> Reply:
    """Ask, show the reply while it arrives, and return it when it has ended.

    In a notebook the reply is shown in the cell's output, in a script or a terminal it is written
    to standard output. In marimo a `LiveReply` is returned at once: an element that shows the
    reply, whose attributes wait for the end.

    Args:
        prompt: what to ask; taken literally.
        **options: what `nbstream.stream` takes, and how the reply is shown: `reasoning`, which is
            auto (open while it streams), open, closed, or hidden; the default is `%config
            DeepSeekMagics.reasoning`.

    Raises:
        RequestError: if the request cannot be made as asked.
        KeyboardInterrupt: if it was interrupted; the reply so far is in `nbstream.last`.
    """
    display = {each.name: options.pop(each.name, None) for each in OPTIONS}
    return watch_run(lambda: stream(prompt, **options), display)


def complete(prefix: str, suffix: str = "", **options: Any) -> Reply:
    """Ask for the text between `prefix` and `suffix`, show it while it arrives, and return it.

    DeepSeek's "FIM completion", below `/beta`: for code as a rule, and without thinking.

    Args:
        prefix: the text before the gap.
        suffix: the text after it.
        **options: as for `ask`, without those of a conversation and of thinking.

    Raises:
        RequestError: if the server does not fill in text, or an option has no place there.
        KeyboardInterrupt: as for `ask`.
    """
    display = {each.name: options.pop(each.name, None) for each in OPTIONS}
    return watch_run(lambda: start_run(filling_in(prefix, suffix, checked(options, "complete"))), display)


def watch_run(start: Callable[[], Run], display: Mapping[str, str | None]) -> Reply:
    """Start a run, show it until it ends, and return its reply; in marimo its element, at once.

    Args:
        start: starts the run.
        display: how the reply is shown; None is the default of the settings.
    """
    presentation = presentation_of(settings.current(), display, "python")
    if front_ends.current().shows == "element":
        from nbstream.jupyter import marimo_notebook  # noqa: PLC0415  (marimo, only where it runs)

        # It has the attributes of a reply, and waits for them.
        return cast("Reply", marimo_notebook.watch(start, presentation))
    reply = watch(start, presentation)
    if problem := problems():
        warn(problem)
    return reply


with_signature(ask, (*NAMES, *(each.name for each in OPTIONS)))
with_signature(show, [each.name for each in OPTIONS])
