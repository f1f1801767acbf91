"""The turns of one chat, its system prompt, and their changes, each of which can be undone."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from nbstream.chat.turn import Place, Turn, TurnState, Version
from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from nbstream.client.run import Run
    from nbstream.model.reply import Reply

#: So many changes can be undone.
_MOST_CHANGES = 100


#: What began a branch.
ASKED_AGAIN = marked("turn {number} was asked again")
ASKED_OTHERWISE = marked("turn {number} was asked with another prompt")
EDITED = marked("turn {number} was edited")


class _Change(NamedTuple):
    """What was changed, the state before it, and what else has to be done to take it back."""

    what: str
    turns: tuple[tuple[Turn, TurnState], ...]
    system: str | None
    back: Callable[[], object] | None


class TurnList:
    """The turns of a chat, the oldest first, and its system prompt.

    Args:
        changed: is told the position of a turn that was changed under later turns, counted from 0.

    Attributes:
        lock: held during each change.
        every: all turns, with those that are set aside and those of other branches.
        revision: is another number after each change.
        listeners: are called after each change, on the thread that made it. They must not block.
    """

    def __init__(self, changed: Callable[[int], None]) -> None:
        self.lock = threading.RLock()
        self.every: list[Turn] = []
        self.revision = 0
        self.listeners: list[Callable[[], object]] = []
        self._system: str | None = None
        #: A revision, and the turns that were outdated then.
        self._outdated: tuple[int, frozenset[Turn]] = -1, frozenset()
        #: The same, found within a change that may not have been finished.
        self._perhaps_outdated = self._outdated
        self._changes: list[_Change] = []
        self._changed = changed

    @property
    def system(self) -> str | None:
        """The system prompt; None before the first request."""
        return self._system

    @system.setter
    def system(self, system: str | None) -> None:
        if system != self._system:
            self._system = system
            self.tell()

    @property
    def present(self) -> tuple[Turn, ...]:
        """The turns of the present branch, without those that are set aside."""
        return tuple(turn for turn in _on_branch(self.every) if not turn.state.is_aside)

    @property
    def aside(self) -> tuple[Turn, ...]:
        """The turns of the present branch that are set aside, in their order."""
        return tuple(turn for turn in _on_branch(self.every) if turn.state.is_aside)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._changes)

    def position_of(self, turn: Turn) -> int:
        """Return the position of a turn in the present branch, counted from 0.

        Raises:
            RequestError: if it is not there.
        """
        turns = self.present
        if turn not in turns:
            raise RequestError(_("This turn is not in its chat any more."))
        return turns.index(turn)

    def at(self, place: Place | None) -> Turn | None:
        """Return the turn of a place, also if it is set aside; None if this branch has none."""
        if place is None:
            return None
        return next((each for each in _on_branch(self.every) if each.state.place == place), None)

    def before(self, turn: Turn | None) -> tuple[Turn, ...]:
        """Return the present turns before `turn`; all of them, if it is None."""
        end = len(self.every) if turn is None else self.every.index(turn)
        return tuple(each for each in _on_branch(self.every[:end]) if not each.state.is_aside)

    def ask(self, turn: Turn | None, version: Version, place: Place | None) -> None:
        """Put a version that was asked into `turn`; into a new one at the end, if that is None."""
        with self._changing(_("turn {number} was asked", number=len(self.before(turn)) + 1)):
            if turn is None:
                self.every.append(self._turn(TurnState((version,), 0, place=place)))
            else:
                turn.state = turn.with_version(version)

    def branch(self, turn: Turn, version: Version, what: str = ASKED_AGAIN) -> None:
        """Put a version into `turn` that begins a branch: the later turns stay with the old one.

        Raises:
            RequestError: if the turn is gone.
        """
        with (
            self.lock,
            self._changing(_(what, number=self.position_of(turn) + 1)),
        ):
            turn.state = replace(turn.state, has_branches=True)
            self._bind(turn)
            turn.state = turn.with_version(version)

    def select(self, turn: Turn, current: int) -> None:
        """Make another version of a turn the current one.

        Raises:
            RequestError: if the turn is gone.
        """
        with self.lock:
            index = self.position_of(turn)
            with self._changing(_("use({current}) of turn {number}", current=current, number=index + 1)):
                self._bind(turn)
                turn.state = replace(turn.state, current=current)
            self._tell_changed(index)

    def change(self, turn: Turn, what: str, state: TurnState) -> None:
        """Give a turn another state.

        Args:
            turn: the turn.
            what: the sentence that names the change, with the number of the turn as `number`.
            state: the new state.

        Raises:
            RequestError: if the turn is gone.
        """
        with self.lock:
            index = self.position_of(turn)
            with self._changing(_(what, number=index + 1)):
                turn.state = state
            self._tell_changed(index)

    def continue_version(self, turn: Turn, reply: Reply, run: Run) -> None:
        """Replace a reply of a turn by the one of `run`, which continues it.

        A version with an answer of the user's own stays as it is.
        """
        with self.lock:
            versions = list(turn.versions)
            found = (at for at, each in enumerate(versions) if each.reply is reply and each.edited_answer is None)
            at = next(found, None)
            if at is None:
                return
            with self._changing(_("a reply was continued")):
                old = versions[at]
                versions[at] = new = old.with_source(run.receiver)
                turn.state = replace(turn.state, versions=tuple(versions))
                for each in self.every:
                    if old.number in each.state.follows:
                        each.state = replace(each.state, follows=each.state.follows - {old.number} | {new.number})

    def set_aside(self, is_gone: Callable[[Place], bool]) -> list[int]:
        """Set the turns of some places aside, and return their positions, counted from 0."""
        with self.lock:
            found = {
                index: turn
                for index, turn in enumerate(self.present)
                if turn.state.place is not None and is_gone(turn.state.place)
            }
            if found:
                with self._changing(_("turns were set aside")):
                    for turn in found.values():
                        turn.state = replace(turn.state, is_aside=True)
        return list(found)

    def restore(self) -> int:
        """Put back the turns that are set aside, and return how many they were."""
        with self.lock:
            back = self.aside
            if back:
                with self._changing(_("turns were restored")):
                    for turn in back:
                        # Its cell is gone.
                        turn.state = replace(turn.state, is_aside=False, place=None)
        return len(back)

    def replace(
        self, states: Iterable[TurnState], system: str | None, why: str, back: Callable[[], object] | None = None
    ) -> None:
        """Replace the system prompt, and all turns by turns of these states.

        `back` is called when that is undone.
        """
        with self._changing(why, back):
            self._system = system
            self.every = [self._turn(state) for state in states]

    def undo(self) -> str:
        """Take the latest change back, and return what it was; empty if there is none.

        A reply that is still received and that the change had brought is stopped.
        """
        with self.lock:
            if not self._changes:
                return ""
            self.revision += 1
            change = self._changes.pop()
            kept = {version.number for _, state in change.turns for version in state.versions}
            for version in self._versions():
                if version.number not in kept:
                    version.cancel()
            self.every = [turn for turn, _ in change.turns]
            for turn, state in change.turns:
                turn.state = state
            self._system = change.system
            if change.back is not None:
                change.back()
        self.tell()
        return change.what

    def tell(self) -> None:
        """Call the listeners."""
        for listener in [*self.listeners]:
            listener()

    def cancel(self) -> None:
        """Stop every reply that is still received."""
        for version in self._versions():
            version.cancel()

    def is_outdated(self, turn: Turn) -> bool:
        """Return whether a turn before `turn` has another version now than `turn` answered."""
        # A request that is being made holds the lock for a while; a panel that asks for its state
        # must not wait for that.
        if not self.lock.acquire(blocking=False):
            revision = self.revision
            found = next((each for each in (self._outdated, self._perhaps_outdated) if each[0] == revision), None)
            if found is None:
                found = self._perhaps_outdated = revision, self._all_outdated()
            return turn in found[1]
        try:
            if self._outdated[0] != self.revision:
                self._outdated = self.revision, self._all_outdated()
            return turn in self._outdated[1]
        finally:
            self.lock.release()

    def _all_outdated(self) -> frozenset[Turn]:
        """Return the turns that are outdated; all at once, as a long chat asks for each of them."""
        found, before = set(), dict[int, Turn]()
        for turn in _on_branch(self.every):
            after = turn.version.after
            others = (before[number] for number in before.keys() - after)
            if any(not after.isdisjoint(version.numbers) for each in others for version in each.versions):
                found.add(turn)
            if not turn.state.is_aside:
                before[turn.version.number] = turn
        return frozenset(found)

    def _turn(self, state: TurnState) -> Turn:
        return Turn(state, self.select, self.is_outdated)

    def _bind(self, turn: Turn) -> None:
        """Let the turns after `turn` belong to its current version, if it has branches."""
        if turn.state.has_branches:
            number = turn.version.number
            for each in _on_branch(self.every)[_on_branch(self.every).index(turn) + 1 :]:
                each.state = replace(each.state, follows=each.state.follows | {number})

    def _tell_changed(self, index: int) -> None:
        if any(index < number for number, each in enumerate(self.present) if not each.hidden):
            self._changed(index)

    def _versions(self) -> list[Version]:
        return [version for turn in self.every for version in turn.versions]

    @contextmanager
    def _changing(self, what: str, back: Callable[[], object] | None = None) -> Iterator[None]:
        """Keep the state before a change, and tell the listeners after it."""
        with self.lock:
            self.revision += 1
            state = tuple((turn, turn.state) for turn in self.every)
            self._changes = [*self._changes[1 - _MOST_CHANGES :], _Change(what, state, self.system, back)]
            yield
        self.tell()


def _on_branch(turns: Iterable[Turn]) -> list[Turn]:
    """Return the turns of the present branch, of all turns of a chat or of the first ones."""
    found: list[Turn] = []
    selected: set[int] = set()
    for turn in turns:
        if turn.state.follows <= selected:
            found.append(turn)
            selected.add(turn.version.number)
    return found
