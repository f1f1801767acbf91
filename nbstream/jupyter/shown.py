"""The replies that cells have shown, with the values for continuing them in the same place."""

from __future__ import annotations

import contextvars
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from nbstream.client import history
from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.client.receiver import Receiver
    from nbstream.client.run import Run
    from nbstream.model.presentation import Presentation
    from nbstream.model.reply import Reply

Keep: TypeAlias = "Callable[[Reply], object]"

#: As many as `client.history` keeps.
_MOST = 50
_shown: dict[str, Shown] = {}
_lock = ProcessLock()


@dataclass(slots=True)
class Shown:
    """A reply that a cell shows.

    Attributes:
        source: the reply, or its receiver while it is received.
        presentation: how it is shown.
        keep: is given a reply that takes its place, for the variable of `-o`.
        cell: the id of the cell; None where the front end names none.
        place: the display id of the output.
        run: the id of its run.
        context: carries the cell that the output belongs to, on ipykernel 7.
        next: the id of the run that has taken its place; None while there is none.
        is_used: whether there is one, or is going to be.
        problem: why there is none after all, to be told once.
    """

    source: Receiver | Reply
    presentation: Presentation
    keep: Keep
    cell: str | None
    place: str
    run: str
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    next: str | None = None
    is_used: bool = False
    problem: str = ""

    @property
    def reply(self) -> Reply:
        """The reply so far."""
        # Each is read once, as another thread may put the reply in the receiver's place meanwhile.
        source = self.source = history.settled(self.source)
        return history.reply_of(source)

    def claim(self) -> bool:
        """Return whether nothing has taken the reply's place yet; from now on something has."""
        with _lock:
            was_free, self.is_used = not self.is_used, True
        return was_free

    def release(self) -> str:
        """Undo `claim`, and return the problem."""
        problem, self.problem = self.problem, ""
        self.is_used = False
        return problem


def note(run: Run, presentation: Presentation, keep: Keep, cell: str | None) -> None:
    """Remember that the running cell shows a run in an output of its own."""
    _add(run, Shown(run.receiver, presentation, keep, cell, run.id, run.id))


def note_successor(run: Run, shown: Shown) -> None:
    """Remember that a run is shown in the place of an earlier one."""
    _add(run, replace(shown, source=run.receiver, run=run.id, next=None, is_used=False))
    shown.next = run.id


def by_id(run_id: str) -> Shown | None:
    """Return what shows a run, or None if it is not known any more."""
    return _shown.get(run_id)


def of(reply: Reply) -> Shown | None:
    """Return what shows a reply, or None if it is not known any more."""
    with _lock:
        newest_first = [*_shown.values()][::-1]
    return next((each for each in newest_first if each.reply is reply), None)


def keeper_of(reply: Reply) -> Keep:
    """Return the function that is given the reply that takes the place of `reply`."""
    found = of(reply)
    return found.keep if found is not None else lambda _: None


def _add(run: Run, shown: Shown) -> None:
    with _lock:
        _shown[run.id] = shown
        ended = [key for key, each in _shown.items() if each.reply.ended]
        for key in ended[: max(0, len(_shown) - _MOST)]:
            del _shown[key]
