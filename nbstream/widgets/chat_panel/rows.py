"""The rows of a chat panel: its turns, and the prompts that could not be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nbstream.chat.written import written
from nbstream.client.continuation import is_known
from nbstream.exchange.actions import actions as actions_of
from nbstream.language import _
from nbstream.model.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.chat.turn import Turn, Version
    from nbstream.chat.written import Written
    from nbstream.model.request import Inserted
    from nbstream.widgets.chat_panel.protocol import ChatRow, Origin, RowAction

#: So many characters of a prompt are in the state of a page; the rest comes when it is wanted.
SHOWN_CHARACTERS = 4_000
_MOST_ATTACHED = 20


@dataclass(frozen=True, slots=True)
class Unsent:
    """A prompt that could not be sent.

    Attributes:
        key: names the row.
        prompt: the prompt.
        problem: why it could not be sent, and what to do.
    """

    key: str
    prompt: str
    problem: str
    notes: tuple[str, ...] = field(default=())


def reply_key(version: Version) -> str:
    """Return the key of a version's reply in the instrument."""
    return f"v{version.number}"


def written_of(turn: Turn) -> Written:
    """Return the prompt of a turn in its parts."""
    return written(turn.prompt, turn.reply.steps[0].request.inserted)


def turn_row(turn: Turn, number: int, key: str, origin: Origin, notes: Sequence[str] = ()) -> ChatRow:
    """Return the row of a turn.

    Args:
        turn: the turn.
        number: its place in the chat, counted from 1.
        key: names the row.
        origin: who asked it.
        notes: remarks on its request.
    """
    version, prompt = turn.version, written_of(turn).text
    return {
        "key": key,
        "kind": "turn",
        "number": number,
        "origin": origin,
        "prompt": prompt[:SHOWN_CHARACTERS],
        "prompt_left_out": max(0, len(prompt) - SHOWN_CHARACTERS),
        "attached": [_attached(each) for each in version.reply.request.inserted[:_MOST_ATTACHED]],
        "reply": reply_key(version),
        "arriving": not version.ended,
        "version": turn.state.current + 1,
        "versions": len(turn.versions),
        "hidden": turn.hidden,
        "edited": turn.edited,
        "outdated": turn.outdated,
        "problem": "",
        "notes": list(notes),
        "actions": _actions(turn),
    }


def unsent_row(unsent: Unsent) -> ChatRow:
    """Return the row of a prompt that could not be sent."""
    return {
        "key": unsent.key,
        "kind": "unsent",
        "number": 0,
        "origin": "panel",
        "prompt": unsent.prompt[:SHOWN_CHARACTERS],
        "prompt_left_out": max(0, len(unsent.prompt) - SHOWN_CHARACTERS),
        "attached": [],
        "reply": "",
        "arriving": False,
        "version": 1,
        "versions": 1,
        "hidden": False,
        "edited": False,
        "outdated": False,
        "problem": unsent.problem,
        "notes": list(unsent.notes),
        "actions": ["send", "edit", "dismiss"],
    }


def _actions(turn: Turn) -> list[RowAction]:
    version = turn.version
    can_ask = is_known(version.reply.steps[0].request) and bool(version.sent)
    ask: list[RowAction] = ["edit"] if can_ask else []
    others: list[RowAction] = ["show" if turn.hidden else "hide", "cell"]
    if not version.ended:
        return ["stop", *ask, "cell"]
    if can_ask:
        ask.insert(0, "retry")
    if not version.edited and "continue" in actions_of(version.reply):
        ask.insert(0, "continue")
    return [*ask, "edit_answer", *others]


def _attached(inserted: Inserted) -> str:
    what = "; ".join(filter(None, (inserted.kind, inserted.shown)))
    return one_line(_("{name} ({facts})", name=inserted.name, facts=what) if what else inserted.name)
