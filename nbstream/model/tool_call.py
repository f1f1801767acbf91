"""Tool calls: what the model asks for, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nbstream.model.text import Text
from nbstream.model.tool_result import Printed

if TYPE_CHECKING:
    from nbstream.model.events import CallChanged, CallState, DecidedBy, ToolCallDelta
    from nbstream.model.tool_result import ToolOutcome

_NOTHING = Printed()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call that the model requests, and what became of it.

    Attributes:
        id: the server's id of the call.
        name: the name of the tool.
        arguments: JSON text, as the model wrote it. It may be cut off unless the reply is complete.
        state: how far it is; at the end, how it went.
        edited: the arguments with which it ran, as JSON text, if the user changed them.
        decided_by: what decided that it may run, or may not; None before.
        reason: in words of the user or of a rule, why it may not run, or why it is asked for; may
            be empty.
        outcome: what came of it; None before.
        printed: what the tool has printed so far.
        began: when it began to run, in seconds since the run began; None before.
        asked: when the user was asked whether it may run; None if not.
        decided: when the user had decided, or it did not matter any more.
    """

    id: str
    name: str
    arguments: str
    state: CallState = "open"
    edited: str | None = None
    decided_by: DecidedBy | None = None
    reason: str = ""
    outcome: ToolOutcome | None = None
    printed: Printed = _NOTHING
    began: float | None = None
    asked: float | None = None
    decided: float | None = None

    @property
    def used(self) -> str:
        """The arguments with which it runs, as JSON text."""
        return self.arguments if self.edited is None else self.edited

    @property
    def result(self) -> str | None:
        """The text that the model reads as the result; None before there is one."""
        return None if self.outcome is None else self.outcome.content


_ARRIVING = ToolCall("", "", "", "arriving")


@dataclass(frozen=True, slots=True)
class CallDraft:
    """A tool call while its fragments arrive, and afterwards.

    Attributes:
        index: the server's number of the call.
        arguments: its arguments, which grow.
        known: everything else about it.
    """

    index: int
    arguments: Text = field(default_factory=Text)
    known: ToolCall = _ARRIVING

    def call(self) -> ToolCall:
        """Return the call so far."""
        return replace(self.known, arguments=str(self.arguments))


def name_after(known: str, said: str | None) -> str:
    """Return the name of a tool call after a fragment that says `said`: it may extend the name."""
    return said if said and said.startswith(known) else known


def with_fragment(drafts: tuple[CallDraft, ...], event: ToolCallDelta) -> tuple[CallDraft, ...]:
    """Return the calls after a fragment of one of them."""
    found = {draft.index: draft for draft in drafts}
    draft = found.get(event.index, CallDraft(event.index))
    arguments = draft.arguments.append(event.arguments) if event.arguments else draft.arguments
    known = draft.known
    if event.id or event.name:
        known = replace(known, id=known.id or event.id or "", name=name_after(known.name, event.name))
    found[event.index] = CallDraft(event.index, arguments, known)
    return tuple(found.values())


def with_change(drafts: tuple[CallDraft, ...], event: CallChanged) -> tuple[CallDraft, ...]:
    """Return the calls after something has become of one of them."""
    return tuple(
        replace(draft, known=_changed(draft.known, event)) if at == event.index else draft
        for at, draft in enumerate(drafts)
    )


def whole(drafts: tuple[CallDraft, ...]) -> tuple[CallDraft, ...]:
    """Return the calls at the end of their response."""
    return tuple(
        replace(draft, known=replace(draft.known, state="open")) if draft.known.state == "arriving" else draft
        for draft in drafts
    )


def _changed(call: ToolCall, event: CallChanged) -> ToolCall:
    state, printed = event.state or call.state, event.printed
    if event.outcome is not None:
        state, printed = event.outcome.outcome, event.outcome.printed
    return replace(
        call,
        state=state,
        edited=call.edited if event.edited is None else event.edited,
        decided_by=event.decided_by or call.decided_by,
        reason=call.reason if event.reason is None else event.reason,
        outcome=event.outcome or call.outcome,
        printed=call.printed if printed is None else printed,
        began=event.at if call.began is None and state == "running" else call.began,
        asked=event.at if call.asked is None and state == "asking" else call.asked,
        decided=event.at if call.state == "asking" and state != "asking" else call.decided,
    )
