"""Tools that count their calls, and a user who answers in the way of each test."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.chat import conversation
from nbstream.exchange import front_end, known_tools
from nbstream.model.decision import Decision
from nbstream.sessions.per_session import PerSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.model.tool_call import ToolCall
    from nbstream.simulator.server import Simulator


@pytest.fixture(autouse=True)
def _own_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test chats and tools of its own."""
    monkeypatch.setattr(conversation, "_chats", PerSession(dict))
    monkeypatch.setattr(known_tools, "_known", PerSession(dict))


class User:
    """Answers the questions of `input()`, and counts them.

    Attributes:
        answer: returns the decision about a call.
        asked: the calls that were asked for.
    """

    def __init__(self) -> None:
        self.answer: Callable[[ToolCall], Decision] = lambda _: Decision("allow")
        self.asked: list[ToolCall] = []

    def ask(self, call: ToolCall) -> Decision:
        self.asked.append(call)
        return self.answer(call)


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> User:
    found = User()
    monkeypatch.setattr(front_end, "ask", found.ask)
    return found


class Tools:
    """Three tools; `ran` counts the calls of each that really ran."""

    def __init__(self) -> None:
        self.ran: Counter[str] = Counter()
        self.arguments: list[Any] = []

        def weather(city: str, days: int = 1) -> str:
            """Tell the weather of a city."""
            self.ran["weather"] += 1
            self.arguments.append((city, days))
            return f"sunny in {city}"

        def add(a: int, b: int) -> int:
            """Add two numbers."""
            self.ran["add"] += 1
            return a + b

        @nbstream.tool(consent="never")
        def clock() -> str:
            """Tell the time."""
            self.ran["clock"] += 1
            return "12:00"

        self.weather, self.add, self.clock = weather, add, clock

    @property
    def all(self) -> list[Any]:
        return [self.weather, self.add, self.clock]


@pytest.fixture
def tools() -> Tools:
    return Tools()


def calls(*lines: str) -> str:
    """Return a prompt that makes the model call tools: `weather {"city": "Paris"}`, or `2 clock`.

    A number before the name is the step.
    """
    said = []
    for line in lines:
        step, _, rest = line.partition(" ")
        step, rest = (step, rest) if step.isdigit() else ("1", line)
        said.append(f"[simulate: call step={step}] {rest}")
    return "\n".join(["[simulate: tool-call tokens=20]", *said, "Go on."])


def bodies(simulator: Simulator) -> list[dict[str, Any]]:
    """Return the bodies of the chat requests, the oldest first."""
    return [entry["body"] for entry in simulator.log() if entry["method"] == "POST"]
