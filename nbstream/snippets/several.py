"""Requests for several answers: a program prints the first one, as the others come in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbstream.model.request import Request


def note_on_several(request: Request, comment: str) -> str:
    """Return a line that says so if a request asks for several answers, or else nothing.

    Args:
        request: the request.
        comment: begins a comment in the language of the program.
    """
    count = request.parameters.get("n")
    return f"{comment} Only the first of the {count} answers is printed.\n" if _is_several(count) else ""


def _is_several(count: object) -> bool:
    return isinstance(count, int) and count > 1
