"""A chat: turns that are sent again with each new one.

A chat is known by its name: `Chat("plan")` is the same object each time. A turn belongs to a cell
where the front end names its cells, so running the cell again puts a new version into its turn.
"""

from __future__ import annotations

import dataclasses
from functools import wraps
from typing import TYPE_CHECKING, Any, Self

from nbstream.chat import front_end, names, saved
from nbstream.chat.cells import AskingCells
from nbstream.chat.chat_options import ChatOptions
from nbstream.chat.editing import EditableTurns
from nbstream.chat.own_keys import with_own
from nbstream.chat.turn import Version
from nbstream.chat.turn_list import ASKED_AGAIN, ASKED_OTHERWISE, TurnList
from nbstream.chat.turn_requests import TurnsBefore, added, numbers, sent
from nbstream.client import continuation, options, settings
from nbstream.client.notes import warn
from nbstream.client.request_builder import parameter_notes
from nbstream.client.start import source_of
from nbstream.exchange.start import start
from nbstream.language import _, marked, plural
from nbstream.model.exceptions import RequestError
from nbstream.model.presentation import OPTIONS
from nbstream.sessions.per_session import PerSession
from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from nbstream.chat.turn import Turn, TurnState
    from nbstream.client.run import Run
    from nbstream.client.sources.api import ApiSource
    from nbstream.exchange.round_trip import Message
    from nbstream.model.reply import Reply
    from nbstream.model.request import Request

#: In the order of their creation.
_chats: PerSession[dict[str, Chat]] = PerSession(dict)
_creating = ProcessLock()


_NOT_FORKED = marked("The chat {name} was not forked, as a reply of it still arrives: wait for its end, or stop it.")
_NOT_WRITTEN = marked("The chat {name} was not written, as a reply of it still arrives: wait for its end, or stop it.")


class _on_class_or_object:  # noqa: N801  (a decorator)
    """Makes a method that gets the object it is called on, or None if that is the class."""

    def __init__(self, method: Callable[..., Chat]) -> None:
        self._method = method

    def __get__(self, chat: Chat | None, _owner: type[Chat]) -> Callable[..., Chat]:
        @wraps(self._method)
        def call(*arguments: Any, **named: Any) -> Chat:
            return self._method(chat, *arguments, **named)

        return call


class Chat(EditableTurns):
    """A conversation: each prompt is sent with the turns before it.

    `Chat("plan")` is the same object each time, also the one of `%%deepseek -c plan`.

    Args:
        name: the name, one word.
        system: the system prompt; None keeps the one there is.
        **defaults: options for each request, as of `nbstream.stream`.

    Raises:
        RequestError: if the name is none.
    """

    _options: ChatOptions

    def __new__(cls, name: str, system: str | None = None, **defaults: Any) -> Self:  # noqa: ARG004  (see __init__)
        """Return the chat of this name, or a new one."""
        names.checked_name(name)
        with _creating:
            known = _chats.get()
            found = known.get(name)
            if found is None:
                found = super().__new__(cls)
                found.name, found._options = name, ChatOptions()
                found._notes, found._cells, found._turns = [], AskingCells(), TurnList(found._tell_cache_lost)
                # Only whole, as other threads look at all chats.
                known[name] = found
        return found  # type: ignore[return-value]

    def __init__(self, name: str, system: str | None = None, **defaults: Any) -> None:  # noqa: ARG002  (see __new__)
        if system is not None:
            self.system = system
        if defaults:
            self._options = ChatOptions.of(_own(defaults, "Chat"))
            self._turns.tell()

    @property
    def defaults(self) -> Mapping[str, Any]:
        """The options for each request, without a key and a base URL with a query."""
        return dict(self._options.shown)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages that the next turn is sent after, in a request without tools."""
        system: list[Message] = [{"role": "system", "content": self.system}] if self.system else []
        turns = [message for turn in sent(self.turns) for message in turn.version.messages("never")]
        return [dict(each) for each in (*system, *turns)]

    def ask(self, prompt: str, **given: Any) -> Reply:
        """Ask the next turn, show the reply while it arrives, and return it when it has ended.

        Args:
            prompt: what to ask; taken literally.
            **given: as for `nbstream.ask`; they go before the chat's defaults.

        Raises:
            RequestError: if the request cannot be made as asked, or a turn before it still arrives.
            KeyboardInterrupt: if it was interrupted; the turn keeps the reply so far.
        """
        display = {each.name: given.pop(each.name, None) for each in OPTIONS}
        return front_end.watch(lambda: self.stream(prompt, **given), display)

    def stream(self, prompt: str, **given: Any) -> Run:
        """Ask the next turn, and return its `Run` at once, without showing anything.

        Arguments and exceptions are as for `ask`.
        """
        with self._turns.lock:
            chosen = self._chosen(prompt, given)
            place = self._cells.next_place()
            turn = self._turns.at(place)
            run, version = self._start(prompt, chosen, turn)
            # Only now, as a prompt that was refused takes no turn.
            self._cells.note(place)
            self._turns.ask(turn, version, place)
        return run

    def question(self, prompt: str, given: Mapping[str, Any]) -> tuple[ApiSource, options.Options]:
        """Return the request that would ask the next turn, and its options; no turn is taken.

        Args:
            prompt: what would be asked.
            given: options, which go before the chat's defaults.

        Raises:
            RequestError: if the request cannot be made as asked, or a turn still arrives.
        """
        chosen, before = self._chosen(prompt, given), TurnsBefore(self.name, self.turns)
        if chosen.get("system") is None:
            chosen["system"] = self._default_system()
        return source_of(prompt, chosen, before), chosen

    def renewed(self, reply: Reply) -> Request:
        """Return the request of a turn's reply as it would be asked now, after the present turns.

        Raises:
            RequestError: if a turn before it still arrives.
        """
        request, turn = reply.steps[0].request, self.turn_of(reply)
        return request if turn is None else self._before(turn).renewed(turn, request)

    def branch(self, index: int, prompt: str | None = None, **given: Any) -> Run:
        """Ask a turn again, and return its `Run` at once: a new version, which begins a branch.

        The turns after it stay with its present version, and come back when that is used again (see
        `Turn.use`). A reply that arrives in them, or in the turn itself, is stopped.

        Args:
            index: the turn's position in `turns`, counted from 0.
            prompt: another prompt; None asks the same. Values and files that were put into the old
                prompt are a part of its text; images are sent again.
            **given: options that replace those of the turn's request, such as `model` and
                `thinking`. The messages cannot be changed.

        Raises:
            RequestError: if the request cannot be made, or a turn before it still arrives.
        """
        if prompt is not None and not str(prompt).strip():
            raise RequestError(_("The prompt is empty, so nothing was sent."))
        chosen = _own({name: value for name, value in given.items() if value is not None}, "branch")
        with self._turns.lock:
            turn = self._at(index)
            first = turn.version.reply.steps[0]
            edited = turn.version if prompt is None else turn.version.changed(prompt=prompt, answer=None)
            if not (continuation.is_known(first.request) and edited.sent):
                raise RequestError(_("The request of this turn is not known, so it cannot be sent again."))
            before = self._before(turn)
            request = before.renewed(turn, first.request, edited.sent[-1])
            source = continuation.retried(dataclasses.replace(first, request=request), chosen)
            for sentence in parameter_notes(source.request, source.endpoint):
                warn(sentence)
            run = start(source, chosen)
            for each in self.turns[self.turns.index(turn) :]:
                each.version.cancel()
            is_edited = turn.version.is_prompt_edited or prompt is not None
            version = Version(edited.sent, run.receiver, before.numbers, is_prompt_edited=is_edited)
            self._turns.branch(turn, version, ASKED_AGAIN if prompt is None else ASKED_OTHERWISE)
        return run

    def retry(self, reply: Reply, start: Callable[[], Run]) -> Run:
        """Put a new version into the turn of a reply; `start` sends its request anew."""
        with self._turns.lock:
            turn = self.turn_of(reply)
            run = start()
            if turn is not None:
                after = numbers(sent(self._turns.before(turn)))
                self._turns.ask(turn, Version(turn.version.sent, run.receiver, after), None)
        return run

    def fork(self, name: str, at: int | None = None) -> Chat:
        """Return a new chat with the first `at` turns of this one; all of them, if it is None.

        The turns that a chat of that name has already are replaced; its `undo` brings them back. A
        reply that arrives there is stopped.

        Raises:
            RequestError: if there is no such turn, the name is this chat's or none, or a reply of
                these turns still arrives.
        """
        kept = self.turns if at is None else self.turns[: self._checked(at, len(self.turns) + 1)]
        if name == self.name:
            raise RequestError(_("A fork of the chat {name} needs another name.", name=self.name))
        # Undone in one chat, the reply would be stopped in both.
        self._refuse_unfinished([turn.state for turn in kept], _NOT_FORKED)
        chat = Chat(name)
        # A turn that is set aside stays behind, and with it what the turns after it follow.
        known = {version.number for turn in kept for version in turn.versions}
        states = [dataclasses.replace(turn.state, follows=turn.state.follows & known) for turn in kept]
        chat._replace(states, self.system, _("it was forked from {name}", name=self.name), self._options)
        return chat

    def markdown(self) -> str:
        """Return the conversation as Markdown."""
        return front_end.markdown(self)

    def to_json(self) -> str:
        """Return the chat as JSON: all turns with all their versions, and never a key.

        Functions, as of `tools=`, are left out. A reply that asks whether a tool may run is kept
        with its calls pending.

        Raises:
            RequestError: if a reply is still arriving, also in another branch.
        """
        with self._turns.lock:
            states = [turn.state for turn in self._turns.every]
        # Of a reply that arrives, a part would be kept for the whole, in whichever branch it is.
        self._refuse_unfinished(states, _NOT_WRITTEN, besides="calling")
        defaults = {name: value for name, value in self._options.shown.items() if name not in options.OF_PYTHON}
        return saved.to_json(self.name, self.system, defaults, states)

    def save(self, path: str | Path) -> None:
        """Write the chat to a file, as `to_json` gives it.

        Raises:
            RequestError: if a reply is still arriving, or the file cannot be written.
        """
        saved.write(self.to_json(), path)

    @_on_class_or_object
    def load(self: Chat | None, path: str | Path, name: str | None = None) -> Chat:
        """Return the chat of a file that `save` has written.

        `Chat.load(path)` gives it the name in the file, `chat.load(path)` loads it into `chat`. The
        turns and the defaults that the chat of that name has already are replaced; its `undo`
        brings them back. A reply that arrives there is stopped. It keeps its key if the file names
        the same server.

        Args:
            path: the file.
            name: another name.

        Raises:
            RequestError: if the file cannot be read, or does not hold a chat.
        """
        content = saved.read(path)
        chat = self if self is not None and name is None else Chat(name or content.name)
        chosen, note = chat._options.replaced(content.defaults)  # noqa: SLF001  (of a chat, too)
        if note:
            warn(note)
        chat._replace(content.states, content.system, _("it was loaded"), chosen)
        return chat

    def _repr_html_(self) -> str:
        return front_end.html(self)

    def _repr_markdown_(self) -> str:
        return front_end.markdown(self)

    def __reduce__(self) -> tuple[type[Chat], tuple[str]]:
        # A copy is the same chat; another process has its own chat of this name.
        return type(self), (self.name,)

    def __len__(self) -> int:
        return len(self.turns)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        count = len(self.turns)
        return f"<Chat {self.name}: {count} {'turn' if count == 1 else 'turns'}>"

    def _chosen(self, prompt: str, given: Mapping[str, Any]) -> options.Options:
        """Return the options of a turn: the chat's, and the given ones before them."""
        if not isinstance(prompt, str):
            raise RequestError(_("The prompt must be text, not {kind}.", kind=type(prompt).__name__))
        own = {name: value for name, value in given.items() if value is not None}
        given, note = with_own(self._options.whole(), own)
        if note:
            warn(note)
        return _own(given, "ask")

    def _start(self, prompt: str, chosen: options.Options, turn: Turn | None) -> tuple[Run, Version]:
        """Send a prompt after the turns before `turn`; return its run and its version."""
        before = self._before(turn)
        given = chosen.get("system")
        chosen["system"] = system = self._default_system() if given is None else given
        source = source_of(prompt, chosen, before, before.place(turn))
        if self.system is not None and system != self.system and self.turns:
            self._notes.append(
                _(
                    "The chat {name} has another system prompt from here on, so the server's cache of its turns is "
                    "lost.",
                    name=self.name,
                )
            )
        self.system = system
        notes, self._notes = self._notes, []
        for note in notes:
            warn(note)
        run = start(source, chosen)
        return run, Version(added(source), run.receiver, before.numbers)

    def _before(self, turn: Turn | None) -> TurnsBefore:
        """Return the turns before `turn`; all of them, if it is None."""
        return TurnsBefore(self.name, self._turns.before(turn))

    def _default_system(self) -> str:
        return settings.current().system if self.system is None else self.system

    def _refuse_unfinished(self, states: Iterable[TurnState], what: str, besides: str = "") -> None:
        replies = [version.reply for state in states for version in state.versions]
        if any(not each.ended and each.status != besides for each in replies):
            raise RequestError(_(what, name=self.name))

    def _replace(self, states: Sequence[TurnState], system: str | None, why: str, chosen: ChatOptions) -> None:
        """Replace everything."""
        if count := len(self.turns):
            warn(
                plural(
                    "The {n} turn of the chat {name} are replaced; nbstream.Chat({name!r}).undo() brings them back.",
                    "The {n} turns of the chat {name} are replaced; nbstream.Chat({name!r}).undo() brings them back.",
                    count,
                    name=self.name,
                )
            )
        before = self._options

        def back() -> None:
            self._options = before

        # Turns and server belong together, also for a request that another thread makes.
        with self._turns.lock:
            # Nobody would see it, or could stop it.
            self._turns.cancel()
            self._options = chosen
            self._turns.replace(states, system, why, back)


def chats() -> dict[str, Chat]:
    """Return every chat of this session by its name, in the order of their creation."""
    return dict(_chats.get())


def _own(given: Mapping[str, Any], function: str) -> options.Options:
    """Return options for the requests of a chat."""
    if given.get("messages") is not None:
        raise RequestError(_("A chat has its own messages: give a prompt, and no `messages=`."))
    return options.checked(given, function)


for _function in (Chat.ask, Chat.stream, Chat.branch):
    options.with_signature(_function)
