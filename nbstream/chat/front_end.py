"""What a chat needs from the front end; `nbstream/__init__` sets it.

A script has no cells, so there the defaults hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nbstream.client.run import Run
    from nbstream.model.reply import Reply


class Cell(NamedTuple):
    """The running cell: its id, and an id of this execution of it."""

    id: str
    execution: str


def _no_cell() -> Cell | None:
    return None


def _wait(start: Callable[[], Run], _display: Mapping[str, str | None]) -> Reply:
    return start().result()


def _text(chat: object) -> str:
    return repr(chat)


#: The running cell; None where the front end does not name its cells.
cell: Callable[[], Cell | None] = _no_cell
#: Shows a run until it ends, with these display options, and returns its reply.
watch: Callable[[Callable[[], Run], Mapping[str, str | None]], Reply] = _wait
#: A chat as HTML and as Markdown.
html: Callable[[Any], str] = _text
markdown: Callable[[Any], str] = _text
