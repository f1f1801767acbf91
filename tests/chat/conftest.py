"""A registry of chats and a cell of each test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nbstream.chat import conversation, front_end
from nbstream.sessions.per_session import PerSession

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator


@pytest.fixture(autouse=True)
def _own_chats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_chats", PerSession(dict))


class Cells:
    """Says which cell is running; each call of `run` is another execution."""

    def __init__(self) -> None:
        self.running: front_end.Cell | None = None
        self._executions = 0

    def run(self, cell: str) -> front_end.Cell:
        self._executions += 1
        self.running = front_end.Cell(cell, str(self._executions))
        return self.running


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch) -> Cells:
    found = Cells()
    monkeypatch.setattr(front_end, "cell", lambda: found.running)
    return found


def bodies(simulator: Simulator) -> list[dict[str, Any]]:
    """Return the bodies of the chat requests, the oldest first."""
    return [entry["body"] for entry in simulator.log() if entry["method"] == "POST"]
