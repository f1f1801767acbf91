"""A page's user who decides about tool calls while the cell keeps the kernel busy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from nbstream.widgets import protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.jupyter.kernel import Cell, Kernel, Message, View

#: Returns the fields of a decision about a card that asks; None leaves it open.
Decide: TypeAlias = "Callable[[Message], dict[str, Any] | None]"

ALLOW: dict[str, Any] = {"action": "allow"}
ALLOW_ALL: dict[str, Any] = {"action": "allow_all"}
DENY: dict[str, Any] = {"action": "deny", "reason": ""}


class User:
    """Answers the questions of a page by the control channel, each once.

    Args:
        kernel: the kernel.
        decide: decides about a card.

    Attributes:
        asked: the cards that asked, as they were then.
    """

    def __init__(self, kernel: Kernel, decide: Decide = lambda _: ALLOW) -> None:
        self.asked: list[Message] = []
        self._kernel = kernel
        self._decide = decide
        self._seen: set[tuple[str, str, int]] = set()

    def answer(self, view: View | None) -> None:
        """Answer what a view asks."""
        for card in list(view.cards) if view is not None else ():
            assert view is not None
            question = (view.run_id, card["key"], card["asked"])
            if card["question"] is None or question in self._seen:
                continue
            self._seen.add(question)
            self.asked.append(card)
            post(self._kernel, view, "asked", call=card["key"])
            if (decision := self._decide(card)) is not None:
                post(self._kernel, view, "decide", call=card["key"], asked=card["asked"], **decision)

    def finish(self, cell: Cell) -> Cell:
        """Answer until a cell has ended."""

        def has_ended() -> bool:
            self.answer(cell.view)
            return cell.ended

        self._kernel.until(has_ended, "the cell ends")
        return cell

    def run(self, code: str) -> Cell:
        """Run a cell, and answer its questions."""
        return self.finish(self._kernel.send(code))

    def wait_until_asked(self, cell: Cell, count: int = 1) -> View:
        """Wait until so many questions have been asked, and return the view."""

        def is_asked() -> bool:
            self.answer(cell.view)
            return len(self.asked) >= count

        self._kernel.until(is_asked, "the user is asked")
        assert cell.view is not None
        return cell.view


def post(kernel: Kernel, view: View, kind: str, page: str = "page", **fields: Any) -> None:
    """Send a message of a page by the control channel, and wait for nothing."""
    kernel.post("control", protocol.CONTROL_REQUEST, {"type": kind, "run_id": view.run_id, "page": page, **fields})


def prompt(*calls: str, scenario: str = "tool-call tokens=20 say=0", more: str = "Go on.") -> str:
    """Return a prompt that makes the model call tools: `f {"a": 1}`, or `2 f {}` in step 2."""
    lines = []
    for call in calls:
        step, _, rest = call.partition(" ")
        step, rest = (step, rest) if step.isdigit() else ("1", call)
        lines.append(f"[simulate: call step={step}] {rest}")
    return "\n".join([f"[simulate: {scenario}]", *lines, more])
