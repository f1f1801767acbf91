"""Where others than the owner of the key can start requests, a visit has so many and no more."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher

import nbstream
from nbstream.client import allowance
from nbstream.jupyter.many import map as map_prompts
from nbstream.model.exceptions import RequestError
from nbstream.output import sentences
from nbstream.recordings.recording import load
from nbstream.sessions.per_session import PerSession
from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator


@pytest.fixture(autouse=True)
def _visitors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "visited", lambda: allowance.Visited("Voilà", needs_number=True))
    monkeypatch.setattr(allowance, "_sent", PerSession(lambda: [0]))
    monkeypatch.setattr(allowance, "_front_end", PerSession(list))


def test_without_a_number_nothing_is_sent(simulator: Simulator) -> None:
    with pytest.raises(RequestError, match=r"Nothing was sent: in Voilà every visitor .* NBSTREAM_REQUESTS_PER_VISIT"):
        nbstream.stream("Hello")
    assert simulator.log() == []


def test_a_front_end_that_needs_no_number_asks_for_none(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "visited", lambda: allowance.Visited("marimo run", needs_number=False))
    assert nbstream.stream("Hello").result().status == "complete"


@pytest.mark.parametrize("value", ["many", "-1", "1.5"])
def test_a_number_that_is_none_is_refused(value: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(allowance.VARIABLE, value)
    with pytest.raises(RequestError, match="must be a whole number"):
        nbstream.stream("Hello")


def test_a_visit_has_its_number_of_requests(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(allowance.VARIABLE, "2")
    for _ in range(2):
        assert nbstream.stream("Hello").result().status == "complete"
    with pytest.raises(RequestError, match="Nothing was sent: this visit has used its 2 requests"):
        nbstream.stream("Hello")
    assert len(simulator.log()) == 2


def test_the_requests_of_tools_count(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(allowance.VARIABLE, "1")

    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    reply = nbstream.stream('[simulate: call] add {"a": 1, "b": 2}', tools=[add], allow="add").result()
    assert reply.status == "failed"
    assert "Nothing was sent: this visit has used its 1 requests" in sentences.alert(reply, "python")
    assert len(simulator.log()) == 1


def test_the_requests_of_a_job_count(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(allowance.VARIABLE, "3")
    replies = map_prompts([f"Prompt {each}" for each in range(6)], concurrency=1)
    assert sum(reply.status == "complete" for reply in replies) == 3
    assert len(simulator.log()) == 3


def test_the_loop_of_the_requests_belongs_to_a_visit_too(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    # In marimo, only the threads of a session know of it.
    session = threading.current_thread()
    told = allowance.Visited("marimo run", needs_number=False)
    monkeypatch.setattr(allowance, "visited", lambda: told if threading.current_thread() is session else None)
    monkeypatch.setenv(allowance.VARIABLE, "2")
    replies = map_prompts([f"Prompt {each}" for each in range(4)], concurrency=1)
    assert sum(reply.status == "complete" for reply in replies) == 2
    assert len(simulator.log()) == 2


def test_a_request_that_was_not_sent_is_not_recorded(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(allowance.VARIABLE, "1")
    with nbstream.record(tmp_path / "lesson.jsonl"):
        map_prompts(["one", "two"], concurrency=1)
    assert len(load(tmp_path / "lesson.jsonl").taken) == len(simulator.log()) == 1


def test_capturing_the_output_of_a_cell_is_no_way_around(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = SimpleNamespace(display_pub=CapturingDisplayPublisher())
    monkeypatch.setattr(front_ends, "running_kernel", lambda: SimpleNamespace(shell=shell))
    assert front_ends.current() is front_ends.NOBODY
    assert front_ends.visited() is None
    monkeypatch.setenv("VOILA_PREHEAT", "False")
    assert front_ends.visited() is front_ends.VOILA
