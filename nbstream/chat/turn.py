"""A turn of a chat: a prompt and its answer, in one or several versions."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.client import history
from nbstream.client.receiver import Receiver
from nbstream.exchange import round_trip
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.reduction import with_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbstream.client.thinking import ReasoningRule
    from nbstream.exchange.round_trip import Message
    from nbstream.model.reply import Reply

_REPR_CHARS = 40
_MOST_FORMS = 4
_numbers = itertools.count()


def new_number() -> int:
    """Return a number that no version in this process has."""
    return next(_numbers)


class Place(NamedTuple):
    """The cell that a turn belongs to, and which of the cell's turns it is, counted from 0."""

    cell: str
    ordinal: int


class Version:
    """One version of a turn: the messages that were sent, and the reply.

    Args:
        sent: the messages that were added to those before the turn.
        source: the reply, or its receiver while the reply is received.
        after: the numbers of the versions that were sent before it.
        edited: the answer that the user gave instead of the model's; None if it was not edited.
        is_prompt_edited: whether the user changed the prompt.
        continues: the numbers of the shorter versions in whose place it stands.

    Attributes:
        sent: as above.
        edited_answer: the answer that the user gave; None if the answer is the model's.
        is_prompt_edited: as above.
        number: differs from that of every other version in this process.
        numbers: its own, and those of the shorter versions in whose place it stands.
    """

    def __init__(
        self,
        sent: tuple[Message, ...],
        source: Receiver | Reply,
        after: Iterable[int],
        edited: str | None = None,
        *,
        is_prompt_edited: bool = False,
        continues: Iterable[int] = (),
    ) -> None:
        self.sent = sent
        # A tuple, as a set is ten times as large, and each version names all before it.
        self._after = tuple(after)
        self.number = new_number()
        self.numbers = (*continues, self.number)
        self.is_prompt_edited = is_prompt_edited
        self._source = source
        self.edited_answer = edited
        self._messages: dict[ReasoningRule, tuple[Message, ...]] = {}
        #: Its messages as requests have them: a server may need another form.
        self._as_sent: deque[tuple[Message, ...]] = deque(maxlen=_MOST_FORMS)

    @property
    def after(self) -> frozenset[int]:
        """The numbers of the versions that were sent before it."""
        return frozenset(self._after)

    @property
    def reply(self) -> Reply:
        """The reply so far."""
        # Each is read once, as another thread may put the reply in the receiver's place meanwhile.
        source = self._source = history.settled(self._source)
        return history.reply_of(source)

    @property
    def receiver(self) -> Receiver | None:
        """What receives the reply; None once it has ended."""
        source = history.settled(self._source)
        return source if isinstance(source, Receiver) else None

    def is_of(self, receiver: Receiver) -> bool:
        """Return whether a receiver receives the reply, or has received it."""
        return self._source is receiver or (receiver.done and self._source is receiver.reply)

    @property
    def prompt(self) -> str:
        """The text of the user's message, with everything that was inserted."""
        return next((round_trip.text_of(each["content"]) for each in self.sent if each["role"] == "user"), "")

    @property
    def answer(self) -> str:
        """The answer so far, or the user's own one."""
        return self.reply.answer if self.edited_answer is None else self.edited_answer

    @property
    def shown(self) -> Reply:
        """The reply with the user's own answer, if there is one."""
        return self.reply if self.edited_answer is None else with_answer(self.reply, self.edited_answer)

    @property
    def edited(self) -> bool:
        """Whether the user changed the prompt or the answer."""
        return self.edited_answer is not None or self.is_prompt_edited

    @property
    def ended(self) -> bool:
        """Whether the reply is over."""
        return self.reply.ended

    @property
    def is_empty(self) -> bool:
        """Whether the reply ended, by a failure or a stop, before anything arrived."""
        reply = self.reply
        text = reply.answer or reply.reasoning or reply.refusal or reply.tool_calls or len(reply.steps) > 1
        return self.edited_answer is None and reply.status in ("failed", "cancelled") and not text

    def cancel(self) -> None:
        """Stop the reply if it is still received."""
        if (receiver := self.receiver) is not None:
            receiver.cancel()

    def messages(self, rule: ReasoningRule) -> tuple[Message, ...]:
        """Return the messages that stand for this version in a later request."""
        if rule not in self._messages:
            self._messages[rule] = (*self.sent, *round_trip.messages_of(self.reply, rule, self.edited_answer))
        return self._messages[rule]

    def shared(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """Return messages of a request that stand for this version, as an earlier request has them.

        If none has equal ones, later requests may share these.
        """
        for known in (*self._messages.values(), *self._as_sent):
            if known == messages:
                return known
        self._as_sent.append(messages)
        return messages

    def changed(self, *, prompt: str | None, answer: str | None) -> Version:
        """Return a version with another prompt or answer; None keeps what there is."""
        sent = self.sent if prompt is None else tuple(_with_prompt(each, prompt) for each in self.sent)
        edited = self.edited_answer if answer is None else answer
        is_prompt_edited = self.is_prompt_edited or prompt is not None
        return Version(sent, self._source, self._after, edited, is_prompt_edited=is_prompt_edited)

    def with_source(self, source: Receiver | Reply) -> Version:
        """Return what stands in this version's place: a reply that continues its own."""
        return Version(self.sent, source, self._after, is_prompt_edited=self.is_prompt_edited, continues=self.numbers)

    def __repr__(self) -> str:
        marks = "".join([" (edited)" if self.edited else "", "" if self.ended else " (arriving)"])
        return f"<Version {_short(self.prompt)} → {_short(self.answer)}{marks}>"


@dataclass(frozen=True, slots=True)
class TurnState:
    """Everything about a turn that a user can change; kept to undo the changes.

    Attributes:
        versions: the versions, the oldest first.
        current: the index of the one that is sent.
        is_hidden: whether the turn is not sent.
        is_aside: whether it was set aside, as its cell was deleted.
        place: the cell that asks it; None without a cell.
        has_branches: whether each version has turns of its own after it.
        follows: the numbers of the versions of earlier turns that it belongs to, of turns with
            branches: it is in the chat while they are the current ones.
    """

    versions: tuple[Version, ...]
    current: int
    is_hidden: bool = False
    is_aside: bool = False
    place: Place | None = None
    has_branches: bool = False
    follows: frozenset[int] = frozenset()


class Turn:
    """A turn of a chat.

    Args:
        state: its state.
        select: makes another version the current one, so that the chat can undo it.
        mark: returns whether the turn answered an earlier version of a turn before it.

    Attributes:
        state: as above; a new value after each change.
    """

    def __init__(self, state: TurnState, select: Callable[[Turn, int], None], mark: Callable[[Turn], bool]) -> None:
        self.state = state
        self._select = select
        self._mark = mark

    @property
    def versions(self) -> tuple[Version, ...]:
        """All versions, the oldest first."""
        return self.state.versions

    @property
    def version(self) -> Version:
        """The version that is sent with later turns."""
        return self.state.versions[self.state.current]

    @property
    def prompt(self) -> str:
        """The prompt of the current version."""
        return self.version.prompt

    @property
    def answer(self) -> str:
        """The answer of the current version."""
        return self.version.answer

    @property
    def reply(self) -> Reply:
        """The reply of the current version."""
        return self.version.reply

    @property
    def hidden(self) -> bool:
        """Whether the turn is not sent."""
        return self.state.is_hidden

    @property
    def edited(self) -> bool:
        """Whether the user changed the prompt or the answer of the current version."""
        return self.version.edited

    @property
    def outdated(self) -> bool:
        """Whether a turn before it has another version now than the one that it answered."""
        return self._mark(self)

    def use(self, index: int) -> None:
        """Make version number `index` the current one, counted from 0.

        The turns after it stay, unless the turn has branches (see `Chat.branch`): then they belong
        to the version that was the current one, and those of the new one come back.

        Raises:
            RequestError: if there is no such version.
        """
        count = len(self.versions)
        if not -count <= index < count:
            raise RequestError(
                _("This turn has {count} versions, counted from 0: there is no {index}.", count=count, index=index)
            )
        self._select(self, index % count)

    def with_version(self, version: Version) -> TurnState:
        """Return the state with a new version, which is the current one; nothing is changed."""
        versions = (*self.state.versions, version)
        return replace(self.state, versions=versions, current=len(versions) - 1, is_aside=False)

    def marks(self) -> list[str]:
        """Return what a reader should know: `edited`, `hidden`, `answered an earlier version`."""
        count = len(self.versions)
        found: dict[str, Any] = {
            _("version {number} of {count}", number=self.state.current + 1, count=count): count > 1,
            _("edited"): self.edited,
            _("hidden"): self.hidden,
            _("answered an earlier version"): self.outdated,
        }
        return [mark for mark, holds in found.items() if holds]

    def __repr__(self) -> str:
        marks = ", ".join(self.marks())
        return f"<Turn {_short(self.prompt)} → {_short(self.answer)}{f' ({marks})' if marks else ''}>"


def _with_prompt(message: Message, prompt: str) -> Message:
    if message["role"] != "user":
        return message
    content = message["content"]
    if not isinstance(content, list):
        return {**message, "content": prompt}
    others = [part for part in content if part.get("type") != "text"]
    return {**message, "content": [{"type": "text", "text": prompt}, *others]}


def _short(text: str) -> str:
    return repr(text if len(text) <= _REPR_CHARS else text[: _REPR_CHARS - 1] + "…")
