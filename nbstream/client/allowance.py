"""How many requests one visit may send, where others than the owner of the key can start them.

It is the smallest thing that keeps a visitor from spending without an end; budgets in money are to
take its place. It bounds each visit, and not all of them together: who loads the page again begins
another visit.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.sessions.per_session import PerSession
from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from collections.abc import Callable

#: The variable of the environment that names the most requests of a visit.
VARIABLE = "NBSTREAM_REQUESTS_PER_VISIT"


class Visited(NamedTuple):
    """A front end whose visitors can start requests, and whether it needs a number for it."""

    name: str
    needs_number: bool


def _none() -> Visited | None:
    return None


#: Returns the front end that is visited; None elsewhere. `import nbstream` sets it.
visited: Callable[[], Visited | None] = _none

_sent: PerSession[list[int]] = PerSession(lambda: [0])
#: The front end of the session, once it is known: the loop of the requests is on a thread that
#: belongs to none.
_front_end: PerSession[list[Visited]] = PerSession(list)
_lock = ProcessLock()


def note() -> Visited | None:
    """Note the front end of this session on a thread of it, and return it."""
    noted = _front_end.get()
    if (found := visited()) is not None:
        noted[:] = [found]
    return noted[0] if noted else None


def check() -> None:
    """Refuse a reply that a visit may not begin.

    Raises:
        RequestError: if it may send no request.
    """
    if said := _refusal():
        raise RequestError(_("Nothing was sent: {said}.", said=said))


def take() -> str:
    """Count a request that is about to be sent, and return why it must not be; "" if it may."""
    with _lock:
        if not (said := _refusal()):
            _sent.get()[0] += 1
    return said


def _refusal() -> str:
    front_end = note()
    if front_end is None:
        return ""
    value = os.environ.get(VARIABLE, "").strip()
    if value and not value.isdecimal():
        return _("{variable} is {value!r}, and must be a whole number, as 20", variable=VARIABLE, value=value)
    if value:
        is_over = _sent.get()[0] >= int(value)
        return _("this visit has used its {number} requests", number=value) if is_over else ""
    if not front_end.needs_number:
        return ""
    return _(
        "in {front_end} every visitor spends the money of the key's owner, who has to set the variable {variable} to "
        "the most requests of a visit, as 20",
        front_end=front_end.name,
        variable=VARIABLE,
    )
