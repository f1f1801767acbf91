"""Tools in jobs: they run on the thread that works, and none without consent."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.model.exceptions import RequestError
from tests.batch.jobs import run, sent

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator

PROMPTS = [f"{at} [simulate: tool-call calls=2]" for at in range(6)]
CALLS: list[threading.Thread] = []


@nbstream.tool(consent="never")
def weather(city: str) -> str:
    """The weather of a city."""
    CALLS.append(threading.current_thread())
    return f"sunny in {city}"


@nbstream.tool
def send_mail(city: str) -> str:
    """Something that has to be asked for."""
    CALLS.append(threading.current_thread())
    return "sent"


@nbstream.tool(consent=lambda _call: "ask")
def by_rule(city: str) -> str:
    """Something whose rule wants to ask."""
    CALLS.append(threading.current_thread())
    return "done"


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    CALLS.clear()


def options(tool: Any, **more: Any) -> Any:
    return {"tools": [tool], "thinking": False, **more}


def test_a_tool_that_only_reads_runs_on_the_thread_that_works(simulator: Simulator) -> None:
    replies, _ = run(PROMPTS, options=options(weather))
    assert [(reply.status, len(reply.steps)) for reply in replies] == [("complete", 2)] * 6
    assert [threading.current_thread()] * 12 == CALLS
    assert sent(simulator) == 12


def test_a_tool_that_must_be_asked_for_is_refused_before_anything_is_sent(simulator: Simulator) -> None:
    with pytest.raises(RequestError, match="send_mail would ask"):
        run(PROMPTS, options=options(send_mail))
    assert sent(simulator) == 0
    replies, _ = run(PROMPTS, options=options(send_mail, allow=["send_mail"]))
    assert {reply.status for reply in replies} == {"complete"}
    assert len(CALLS) == 12


def test_what_a_rule_wants_to_ask_is_denied_and_said(simulator: Simulator) -> None:
    replies, _ = run(PROMPTS, options=options(by_rule))
    assert CALLS == []
    for reply in replies:
        calls = [call for step in reply.steps for call in step.tool_calls]
        assert {call.outcome.outcome for call in calls if call.outcome is not None} == {"denied"}
        assert any(warning.kind == "nobody_asked" for warning in reply.warnings)


def test_an_executor_takes_no_tools(simulator: Simulator) -> None:
    import concurrent.futures

    with concurrent.futures.ThreadPoolExecutor(1) as executor, pytest.raises(RequestError, match="`tools=`"):
        run(PROMPTS, options=options(weather), executor=executor)
    assert sent(simulator) == 0
