"""The turns of a chat as its user sees and changes them; nothing of this sends a request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nbstream.chat.turn_list import EDITED
from nbstream.client.notes import say
from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbstream.chat.cells import AskingCells
    from nbstream.chat.front_end import Cell
    from nbstream.chat.turn import Turn
    from nbstream.chat.turn_list import TurnList
    from nbstream.client.run import Run
    from nbstream.model.reply import Reply


#: What was done to a turn.
_HIDDEN = marked("hide of turn {number}")
_SHOWN = marked("show of turn {number}")
_EDITED = marked("edit of turn {number}")
#: Why a turn is set aside.
_DELETED = marked(
    "Turn {number} of the chat {name} is set aside and not sent any more, as its cell was deleted. To have it back: "
    "nbstream.Chat({name!r}).restore()"
)
_FEWER = marked(
    "Turn {number} of the chat {name} is set aside and not sent any more, as its cell asks fewer turns now. To have it "
    "back: nbstream.Chat({name!r}).restore()"
)


class EditableTurns:
    """The base of a chat: its turns, and every change of them.

    Attributes:
        name: the chat's name.
    """

    name: str
    _turns: TurnList
    _cells: AskingCells
    #: Sentences for the next cell that uses the chat.
    _notes: list[str]

    @property
    def system(self) -> str | None:
        """The system prompt; None until the first request, which takes it from the settings."""
        return self._turns.system

    @system.setter
    def system(self, system: str | None) -> None:
        self._turns.system = system

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns, the oldest first, hidden ones included."""
        return self._turns.present

    @property
    def aside(self) -> tuple[Turn, ...]:
        """The turns that are set aside because their cells were deleted; see `restore`."""
        return self._turns.aside

    @property
    def every_turn(self) -> tuple[Turn, ...]:
        """All turns, with those that are set aside and those of other branches."""
        return tuple(self._turns.every)

    @property
    def can_undo(self) -> bool:
        """Whether `undo` has something to take back."""
        return self._turns.can_undo

    def add_listener(self, listener: Callable[[], object]) -> None:
        """Call `listener` after each change of the turns, on the thread that made it."""
        self._turns.listeners.append(listener)

    def remove_listener(self, listener: Callable[[], object]) -> None:
        """Stop calling `listener`."""
        if listener in self._turns.listeners:
            self._turns.listeners.remove(listener)

    @property
    def revision(self) -> int:
        """Another number after each change of the turns."""
        return self._turns.revision

    def turn_of(self, reply: Reply) -> Turn | None:
        """Return the turn of which a version has this reply, or None."""
        return next((turn for turn in self.turns if any(each.reply is reply for each in turn.versions)), None)

    def position_of(self, turn: Turn) -> int:
        """Return the position of a turn in `turns`.

        Raises:
            RequestError: if it is not there any more.
        """
        return self._turns.position_of(turn)

    def continue_version(self, turn: Turn, reply: Reply, run: Run) -> None:
        """Replace a reply of a turn by the one of `run`, which continues it.

        A version with an answer of the user's own stays as it is.
        """
        self._turns.continue_version(turn, reply, run)

    def undo(self) -> None:
        """Take back the latest change: a turn that was asked, or what a method of the chat did.

        A reply that still arrives is stopped.
        """
        what = self._turns.undo()
        if not what:
            raise RequestError(_("There is nothing to undo in the chat {name}.", name=self.name))
        say(_("Undone in the chat {name}: {what}.", name=self.name, what=what))

    def hide(self, index: int, hidden: bool = True) -> None:  # noqa: FBT001, FBT002  (a switch with a name of its own)
        """Send a turn no more, or again; it stays in the chat.

        Args:
            index: the turn's position in `turns`, counted from 0.
            hidden: False sends it again.
        """
        turn = self._at(index)
        self._turns.change(turn, _HIDDEN if hidden else _SHOWN, replace(turn.state, is_hidden=hidden))

    def edit(
        self, index: int, answer: str | None = None, prompt: str | None = None, *, begins_branch: bool = False
    ) -> None:
        """Put a new version with another answer or prompt into a turn, and send nothing.

        Args:
            index: the turn's position in `turns`, counted from 0.
            answer: the new answer.
            prompt: the new prompt.
            begins_branch: whether the turns after it stay with its present version, as after
                `Chat.branch`.

        Raises:
            RequestError: if there is no new text, or the reply is still arriving.
        """
        if answer is None and prompt is None:
            raise RequestError(_("edit needs the new text: answer=… or prompt=…."))
        turn = self._at(index)
        if not turn.version.ended:
            raise RequestError(
                _("This turn of the chat {name} is still arriving: wait for its end, or stop it.", name=self.name)
            )
        version = turn.version.changed(prompt=prompt, answer=answer)
        if begins_branch:
            self._turns.branch(turn, version, EDITED)
        else:
            self._turns.change(turn, _EDITED, turn.with_version(version))

    def clear(self) -> None:
        """Remove every turn; `undo` brings them back."""
        self._turns.cancel()
        self._turns.replace([], self.system, _("the chat was cleared"))
        say(_("The chat {name} is empty now; undo() brings its turns back.", name=self.name))

    def restore(self) -> int:
        """Put back the turns that were set aside, in their old places, and return their number."""
        return self._turns.restore()

    def set_aside(self, cells: Iterable[str]) -> None:
        """Set the turns of deleted cells aside; the next cell that uses the chat says so."""
        gone = set(cells)
        self._note_aside(self._turns.set_aside(lambda place: place.cell in gone), _DELETED)

    def end_cell(self, cell: Cell) -> None:
        """Set the turns aside that a cell had asked before, but not in the execution that ends."""
        if count := self._cells.count(cell):
            gone = self._turns.set_aside(lambda place: place.cell == cell.id and place.ordinal >= count)
            self._note_aside(gone, _FEWER)

    def _at(self, index: int) -> Turn:
        return self.turns[self._checked(index, len(self.turns))]

    def _checked(self, index: int, count: int) -> int:
        """Return a position in `turns`, which may be counted from the end."""
        if not -count <= index < count:
            raise RequestError(
                _(
                    "The chat {name} has {count} turns, counted from 0: there is no {index!r}.",
                    name=self.name,
                    count=len(self.turns),
                    index=index,
                )
            )
        return index % count

    def _note_aside(self, indices: list[int], why: str) -> None:
        for index in indices:
            self._notes.append(_(why, number=index + 1, name=self.name))

    def _tell_cache_lost(self, index: int) -> None:
        say(
            _(
                "From turn {index} on, the chat {name} differs from what was sent: the server's cache is lost.",
                index=index + 1,
                name=self.name,
            )
        )
