"""Asks what the users of a panel want to ask: at once, or when the reply that arrives has ended."""

from __future__ import annotations

import itertools
import threading
import weakref
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from nbstream.chat import again, cells
from nbstream.client import history, notes
from nbstream.language import _, joined, marked
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.output import sentences
from nbstream.output.audience import name_options
from nbstream.widgets.chat_panel.rows import Unsent
from nbstream.widgets.chat_panel.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.chat.conversation import Chat
    from nbstream.chat.turn import Turn, Version
    from nbstream.client.run import Run
    from nbstream.widgets.chat_panel.protocol import Queued

#: So many prompts that could not be sent are kept.
_MOST_UNSENT = 20
_ALREADY_QUEUED = marked("Another prompt waits already for the end of the reply, so this one was not sent.")
_HELD = {
    "cancelled": marked("The reply was stopped, so this was not sent."),
    "failed": marked("The reply failed, so this was not sent."),
}

#: The versions that panels have asked, and the remarks on their requests. Another panel of the chat
#: says the same: the cell may be run again.
_notes: weakref.WeakKeyDictionary[Version, tuple[str, ...]] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A queued prompt.

    Attributes:
        id: its id.
        prompt: the prompt.
        after: the versions for whose end it waits.
        stops: how often the user had stopped everything when it was sent.
        stopped: the numbers of those that were being stopped already when it was sent: their end
            does not hold it.
        held: why it is not sent by itself any more; empty while it waits.
    """

    id: str
    prompt: str
    after: tuple[Version, ...]
    stops: int
    stopped: frozenset[int]
    held: str = ""


class Asking:
    """The requests of one panel.

    Everything that takes time is done by a worker: a message of a page must not block, and two
    requests must not overtake each other. Any thread may call the methods.

    Args:
        chat: the chat.
        options: returns the options that the user has chosen.
        changed: is called when something has changed.

    Attributes:
        unsent: the prompts that could not be sent, the oldest first.
        remark: the last remark that belongs to no turn.
        is_starting: whether a turn may be there already whose run is not known here yet.
        worker: does what takes time, in the order of the messages.
    """

    def __init__(self, chat: Chat, options: Callable[[], dict[str, Any]], changed: Callable[[], object]) -> None:
        self.unsent: tuple[Unsent, ...] = ()
        self.remark = ""
        self.is_starting = False
        self.worker = Worker()
        self._chat = chat
        self._options = options
        self._changed = changed
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._queue: _Waiting | None = None
        #: How often the user has stopped everything: what was sent before must not begin after it.
        self._stops = 0
        #: The runs that this panel has started, by the numbers of their versions.
        self._runs: dict[int, Run] = {}

    @property
    def queued(self) -> Queued | None:
        """The prompt that waits."""
        waiting = self._queue
        return None if waiting is None else {"id": waiting.id, "prompt": waiting.prompt, "held": waiting.held}

    def run_of(self, version: Version) -> Run | None:
        """Return the run of a version that this panel has asked and that still arrives."""
        return self._runs.get(version.number)

    @property
    def running(self) -> list[int]:
        """The numbers of the versions that this panel has asked and that still arrive."""
        return [*self._runs]

    @property
    def is_under_way(self) -> bool:
        """Whether something that this panel has asked arrives, or begins; no lock is taken."""
        return self.is_starting or bool(self._runs)

    def has_asked(self, version: Version) -> bool:
        """Return whether a panel has asked a version: this one, or one before it."""
        return version in _notes

    def notes_of(self, version: Version) -> tuple[str, ...]:
        """Return the remarks on the request of a version."""
        return _notes.get(version, ())

    # What a user does.

    def send(self, prompt: str) -> None:
        """Ask a prompt, or let it wait for the reply that arrives."""
        stops = self._stops
        stopped = frozenset(
            each.number for each in self._arriving() if (receiver := each.receiver) is not None and receiver.cancelling
        )
        self._do(lambda: self._ask_or_queue(prompt, stops, stopped), prompt)

    def stop(self, version: Version | None = None) -> None:
        """Stop a version that arrives, or everything."""
        if version is not None:
            version.cancel()
            return
        with self._lock:
            self._stops += 1
        for each in self._arriving():
            each.cancel()

    def retry(self, turn: Turn) -> None:
        """Ask a turn again; the turns after it stay with its present version.

        If nothing comes of it, the present version is shown and sent again.
        """
        self._branch(turn, None)

    def edit_prompt(self, turn: Turn, prompt: str, back: Callable[[], bool]) -> None:
        """Ask a turn with another prompt; the turns after it stay with its present version.

        `back` is called if that is refused, and returns whether it has kept the prompt.
        """
        self._branch(turn, prompt, back)

    def edit_answer(self, turn: Turn, answer: str, back: Callable[[], bool]) -> None:
        """Give a turn another answer; the turns after it stay with its present version.

        `back` is called if that is refused.
        """
        self._do(lambda: self._chat.edit(self._chat.position_of(turn), answer=answer, begins_branch=True), back=back)

    def go_on(self, turn: Turn) -> None:
        """Go on with the reply of a turn that is not whole."""

        def start() -> Run:
            self._chat.position_of(turn)
            reply = turn.reply
            run = again.another("continue", reply, {}).start()
            self._chat.continue_version(turn, reply, run)
            return run

        def work() -> None:
            # Otherwise it was pressed twice.
            if turn.version.ended:
                self._start(start, stops)

        stops = self._stops
        self._do(work)

    def change(self, work: Callable[[], object]) -> None:
        """Do something that changes the chat and asks nothing."""
        self._do(work)

    def take_back(self, queued: object) -> str | None:
        """Drop the queued prompt, and return it; None if it is not waiting any more."""
        with self._lock:
            waiting = self._queue
            if waiting is None or waiting.id != queued:
                return None
            self._queue = None
        self._changed()
        return waiting.prompt

    def send_queued(self, queued: object) -> None:
        """Send a prompt that was held."""
        prompt = self.take_back(queued)
        if prompt is not None:
            self.send(prompt)

    def take_unsent(self, key: object) -> Unsent | None:
        """Drop a prompt that could not be sent, and return it."""
        with self._lock:
            found = next((each for each in self.unsent if each.key == key), None)
            self.unsent = tuple(each for each in self.unsent if each is not found)
        self._changed()
        return found

    def advance(self) -> None:
        """Send the queued prompt if nothing arrives any more; called when a reply has ended."""
        self.worker.put(self._send_queued)

    # What the worker does.

    def _do(
        self, work: Callable[[], object], prompt: str | None = None, back: Callable[[], bool] | None = None
    ) -> None:
        """Let the worker do something; a problem is shown, and what was typed is kept."""

        def tell(problem: str, said: list[str]) -> None:
            is_kept = back is not None and back()
            self._tell(problem, None if is_kept else prompt, said)

        def job() -> None:
            self.remark = ""
            with notes.taken() as said:
                try:
                    work()
                except RequestError as error:
                    tell(str(error), said)
                except Exception as error:  # noqa: BLE001  (what was typed must not be lost)
                    tell(
                        _("This did not work: {kind}: {error}", kind=type(error).__name__, error=one_line(str(error))),
                        said,
                    )
                else:
                    self.remark = self.remark or name_options(" ".join(said), "panel")
            self._changed()

        self.worker.put(job)

    def _tell(self, problem: str, prompt: str | None, said: list[str]) -> None:
        problem = name_options(problem, "panel")
        if prompt is None:
            self.remark = problem
            return
        notes = tuple(name_options(each, "panel") for each in said)
        with self._lock:
            unsent = Unsent(f"u{next(self._numbers)}", prompt, problem, notes)
            self.unsent = (*self.unsent, unsent)[-_MOST_UNSENT:]

    def _branch(self, turn: Turn, prompt: str | None, back: Callable[[], bool] | None = None) -> None:
        stops = self._stops
        options = self._options()

        def work() -> None:
            before = turn.version
            index = self._chat.position_of(turn)
            if prompt is None and not before.ended:
                # It was pressed twice, before the page knew of the first time.
                return
            run = self._start(lambda: self._chat.branch(index, prompt, **options), stops)
            if prompt is None:
                after = turn.version
                go_back = partial(self._go_back, turn, before, after)
                run.receiver.future.add_done_callback(lambda _future: self.worker.put(go_back))

        self._do(work, prompt, back)

    def _go_back(self, turn: Turn, before: Version, after: Version) -> None:
        """Make a version the current one again if nothing came of asking anew."""
        if turn.version is not after or not after.is_empty or before.is_empty or before not in turn.versions:
            return
        with notes.taken():
            turn.use(turn.versions.index(before))
        why = sentences.alert(after.reply, "panel") or _("It was stopped.")
        self.remark = joined(_("The retry brought nothing, so the version before it is back."), why)
        self._changed()

    def _ask_or_queue(self, prompt: str, stops: int, stopped: frozenset[int]) -> None:
        arriving = self._arriving()
        if not arriving:
            try:
                self._start(lambda: self._chat.stream(prompt, **self._options()), stops)
            except RequestError:
                # A cell may have asked in the meantime.
                arriving = self._arriving()
                if not arriving:
                    raise
        if arriving:
            with self._lock:
                if self._queue is not None:
                    raise RequestError(_(_ALREADY_QUEUED))
                self._queue = _Waiting(f"q{next(self._numbers)}", prompt, arriving, stops, stopped)
            # It may have ended before this was queued.
            self.advance()

    def _arriving(self) -> tuple[Version, ...]:
        return tuple(version for _, version in arriving_in(self._chat))

    def _send_queued(self) -> None:
        with self._lock:
            waiting = self._queue
            if waiting is None or waiting.held or any(not each.ended for each in waiting.after):
                return
            ends = [each.reply.status for each in waiting.after if each.number not in waiting.stopped]
            if waiting.stops != self._stops:
                # Stop was meant for all, although nothing arrived any more.
                ends.append("cancelled")
            held = next((_HELD[end] for end in ends if end in _HELD), "")
            self._queue = replace(waiting, held=held) if held else None
        if held:
            self._changed()
        else:
            self.send(waiting.prompt)

    def _start(self, start: Callable[[], Run], stops: int) -> Run:
        """Start a run, outside of the cell that may be running."""
        self.is_starting = True
        try:
            return self._noted(start, stops)
        finally:
            self.is_starting = False

    def _noted(self, start: Callable[[], Run], stops: int) -> Run:
        with notes.taken() as said, cells.outside():
            run = start()
        # The cell that may be running has not asked it, so ■ there is not for it.
        history.spare(run.receiver)
        if stops != self._stops:
            # Stop was pressed after Send, and before there was anything to stop.
            run.cancel()
        version = next(
            (each for turn in self._chat.every_turn for each in turn.versions if each.is_of(run.receiver)), None
        )
        if version is None:
            # The turn was taken back at once.
            run.cancel()
            return run
        number = version.number
        _notes[version] = tuple(name_options(each, "panel") for each in said)
        # The reply is stopped when nobody holds its run any more.
        self._runs[number] = run
        run.receiver.future.add_done_callback(lambda _: self._runs.pop(number, None))
        return run


def arriving_in(chat: Chat) -> list[tuple[Turn, Version]]:
    """Return the versions of a chat that arrive, also in other branches, each with its turn."""
    return [(turn, version) for turn in chat.every_turn for version in turn.versions if not version.ended]
