"""What users decide in pages about the tool calls of one run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast, get_args

from nbstream.model import decision
from nbstream.model.decision import Decision
from nbstream.widgets.call_cards import question_key
from nbstream.widgets.protocol import BY_INPUT

if TYPE_CHECKING:
    from nbstream.client.receiver import Receiver
    from nbstream.model.decision import Consent

_ACTIONS = get_args(decision.Consent)


class Consents:
    """Hands decisions to the questions of a run. Messages may come on any thread, and twice.

    Args:
        receiver: the run's receiver; None for what asks nothing.

    Attributes:
        deciders: the page whose user decided about a call, by the question.
    """

    def __init__(self, receiver: Receiver | None) -> None:
        self.deciders: dict[str, str] = {}
        self._receiver = receiver
        self._deciding = threading.Lock()
        if receiver is not None:
            receiver.questions.has_view = True

    def note_asked(self, message: dict[str, Any]) -> None:
        """Take a page's message that it shows a question."""
        if self._receiver is not None:
            self._receiver.questions.note_seen(str(message.get("call", "")))

    def decide(self, message: dict[str, Any]) -> str:
        """Take a page's decision, and return the page whose decision counts.

        It is "" if none does, and `input()` if what is typed there counts. What is no decision
        changes nothing.
        """
        call, page, asked = str(message.get("call", "")), str(message.get("page", "")), message.get("asked")
        made, receiver = _decision(message), self._receiver
        if receiver is None or made is None or not page or not isinstance(asked, int):
            return ""
        if call in receiver.questions.by_input:
            return BY_INPUT
        question = question_key(call, asked)
        with self._deciding:
            if question not in self.deciders and not receiver.cancelling:
                # Before the answer, because the patch that follows it names the page.
                self.deciders[question] = page
                if not receiver.questions.answer(call, made, asked):
                    # The question is closed, or was never asked.
                    del self.deciders[question]
            return self.deciders.get(question, "")


def _decision(message: dict[str, Any]) -> Decision | None:
    action, edited, reason = (message.get(name) for name in ("action", "edited", "reason"))
    if action not in _ACTIONS or not isinstance(edited, str | None) or not isinstance(reason, str | None):
        return None
    return Decision(cast("Consent", action), edited if action == "allow" else None, reason or "")
