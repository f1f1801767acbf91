"""Meters are told of each HTTP request exactly once, however it ends, against a real server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client import metering, settings
from nbstream.client.metering import Asked, Meter, Taken
from nbstream.model.failure import Failure
from nbstream.model.origin import Origin
from nbstream.model.warning import ReplyWarning
from nbstream.tools.tool import tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.model.reply import Reply
    from nbstream.model.request import Request
    from nbstream.simulator.server import Simulator


class Told(Meter):
    """Keeps what it is told; `decide` and `look` may be replaced."""

    is_checking = True

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.taken: list[Taken] = []
        self.closings = 0
        self.decide: Callable[[Asked], Request | Failure] = lambda asked: asked.request
        self.look: Callable[[Reply], Failure | None] = lambda _: None

    async def admit(self, asked: Asked) -> Request | Failure:
        self.asked.append(asked)
        return self.decide(asked)

    def check(self, reply: Reply) -> Failure | None:
        return self.look(reply)

    def ended(self, taken: Taken) -> None:
        self.taken.append(taken)

    def closed(self) -> None:
        self.closings += 1

    @property
    def ends(self) -> list[str]:
        return [taken.step.status for taken in self.taken]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Register a meter, and a cell in which everything is asked."""
    meter = Told()
    monkeypatch.setattr(metering, "makers", [lambda _: meter])
    monkeypatch.setattr(metering, "origin_here", lambda: Origin("a.ipynb", "cell"))
    chosen = settings.Settings(retries=1)
    monkeypatch.setattr(settings, "current", lambda: chosen)
    return meter


@pytest.mark.parametrize(
    ("prompt", "ends"),
    [
        ("hello", ["complete"]),
        ("[simulate: 503 times=1 retry-after=0] hello", ["failed", "complete"]),
        ("[simulate: 503 retry-after=0] hello", ["failed", "failed"]),
        ("[simulate: 402] hello", ["failed"]),
        ("[simulate: reset after=20] hello", ["failed"]),
        ("hello --max-tokens 8", ["truncated"]),
    ],
)
def test_each_attempt_is_told_once(simulator: Simulator, told: Told, prompt: str, ends: list[str]) -> None:
    options: dict[str, Any] = {"max_tokens": 8} if "--max-tokens" in prompt else {}
    reply = nbstream.stream(prompt, **options).result(30)
    assert reply.status == ends[-1]
    assert (told.ends, told.closings) == (ends, 1)
    assert [taken.asked.attempt for taken in told.taken] == [*range(1, len(ends) + 1)]
    assert [taken.is_repeated for taken in told.taken] == [*[True] * (len(ends) - 1), False]
    last = told.taken[-1]
    assert (last.usage, last.cost, last.step.error) == (reply.usage, reply.cost, reply.error)
    assert last.asked.origin == Origin("a.ipynb", "cell")
    assert last.asked.is_sent
    assert last.seconds >= 0


@pytest.mark.parametrize("fault", ["headers-late seconds=inf", "silence after=20"])
def test_a_cancelled_request_is_told_once(simulator: Simulator, told: Told, fault: str) -> None:
    run = nbstream.stream(f"[simulate: {fault}] hello")
    while not simulator.log() or (fault.startswith("silence") and not run.reply.answer + run.reply.reasoning):
        run.receiver.wait(0, timeout=0.01)
    run.cancel()
    assert run.result(20).status == "cancelled"
    assert (told.ends, told.closings) == (["cancelled"], 1)
    assert told.taken[0].usage is None


def test_a_cancel_between_two_attempts_tells_nothing_more(simulator: Simulator, told: Told) -> None:
    run = nbstream.stream("[simulate: 503 retry-after=30] hello")
    while not told.taken:
        run.receiver.wait(0, timeout=0.01)
    run.cancel()
    run.result(20)
    assert (told.ends, told.closings) == (["failed"], 1)


def test_each_request_of_a_tool_chain_is_told(simulator: Simulator, told: Told) -> None:
    @tool(consent="never")
    def weather(city: str) -> str:
        """Return the weather.

        Args:
            city: the city.
        """
        return f"{city}: sunny"

    prompt = '[simulate: tool-call]\n[simulate: call] weather {"city": "Bern"}\nWhat is the weather?'
    reply = nbstream.stream(prompt, tools=[weather]).result(30)
    assert len(told.taken) == len(reply.steps) == 2
    assert told.closings == 1
    assert [taken.usage for taken in told.taken] == [step.usage for step in reply.steps]
    assert reply.cost is not None
    assert sum(taken.cost.amount for taken in told.taken if taken.cost) == reply.cost.amount


def test_a_refused_request_is_not_sent(simulator: Simulator, told: Told) -> None:
    told.decide = lambda _: Failure("budget", said="no")
    reply = nbstream.stream("hello").result(20)
    assert (reply.status, reply.error) == ("failed", Failure("budget", said="no"))
    assert simulator.log() == []
    assert (told.taken, told.closings) == ([], 1)


def test_a_changed_request_is_what_is_sent_and_says_so(simulator: Simulator, told: Told) -> None:
    def lower(asked: Asked) -> Request:
        request, warning = asked.request, ReplyWarning("left_out", where="x")
        return replace(request, parameters={**request.parameters, "max_tokens": 7}, warnings=(warning,))

    told.decide = lower
    reply = nbstream.stream("hello").result(20)
    assert reply.request.parameters["max_tokens"] == 7
    assert reply.status == "truncated"
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 7
    assert [warning.where for warning in reply.warnings] == ["x"]
    assert told.taken[0].asked.request is reply.request


def test_a_reply_that_must_end_keeps_what_arrived(simulator: Simulator, told: Told) -> None:
    told.look = lambda reply: Failure("budget", "line") if len(reply.reasoning) > 100 else None
    run = nbstream.stream("[simulate: normal tokens=5000 rate=500] hello")
    reply = run.result(30)
    assert (reply.status, reply.error) == ("failed", Failure("budget", "line"))
    assert 100 < len(reply.reasoning) < 5000
    assert (told.ends, told.closings) == (["failed"], 1)
    while (log := simulator.log()[-1])["outcome"] is None:
        run.receiver.wait(0, timeout=0.01)
    assert log["deltas_sent"] < 5000


def test_a_defect_of_a_meter_costs_no_reply(
    simulator: Simulator, told: Told, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Taken) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(told, "ended", fail)
    assert nbstream.stream("hello").result(20).status == "complete"
    assert "could not be noted" in caplog.text
