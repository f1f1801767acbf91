"""A reply as the value of a cell: its settled output, unless the cell has just shown it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nbstream.client import settings
from nbstream.model.presentation import presentation_of
from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from nbstream.model.reply import Reply
    from nbstream.model.representation import Bundle

_DISPLAY_HOOK = "IPython.core.displayhook"
#: The reply that was shown last, and the execution that showed it.
_shown: tuple[Reply, object] | None = None


def note_shown(reply: Reply) -> None:
    """Remember that the running cell has shown `reply` live."""
    global _shown  # noqa: PLW0603  (one for each process, as there is one running cell)
    _shown = reply, _execution()


def is_repeated(reply: Reply) -> bool:
    """Return whether IPython shows the value of a cell that has just shown `reply` live.

    `display(reply)` is no repetition: it asks for the reply. Without a kernel the answer is False,
    because IPython has printed `Out[1]:` already, and nothing would follow it.
    """
    return front_ends.running_kernel() is not None and _is_shown(reply) and _is_in_display_hook()


def bundle_of(reply: Reply) -> Bundle:
    """Return the settled output of `reply`, for every front end and export, and its metadata.

    In a terminal that has just shown the reply, it is one line.
    """
    if front_ends.current().is_marimo:
        from nbstream.jupyter import marimo_notebook  # noqa: PLC0415  (marimo, only where it runs)

        return marimo_notebook.bundle_of(reply, presentation_of(settings.current(), {}, "python")), {}
    if front_ends.running_kernel() is None and _is_shown(reply):
        return {"text/plain": repr(reply)}, {}
    from nbstream.output.settled import bundle  # noqa: PLC0415  (the renderer, only where it is used)

    return bundle(reply, presentation_of(settings.current(), {}, "cell"))


def _is_shown(reply: Reply) -> bool:
    return _shown is not None and _shown[0] is reply and _shown[1] == _execution()


def _execution() -> object:
    """Return a value that differs between two executions of cells; None in a script."""
    kernel = front_ends.running_kernel()
    if kernel is not None:
        return kernel.get_parent("shell").get("header", {}).get("msg_id")
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython  # noqa: PLC0415  (only where it is running already)

    return getattr(get_ipython(), "execution_count", None)


def _is_in_display_hook() -> bool:
    frame = sys._getframe(1)  # noqa: SLF001  (IPython does not say who asks)
    while frame is not None:
        if frame.f_globals.get("__name__") == _DISPLAY_HOOK:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
