"""Consent on real kernels while a cell keeps the main thread busy: each way a page can answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.exchange.conftest import bodies, calls

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel, View

pytestmark = pytest.mark.kernel

TOOLS = """
import nbstream
ran = []
def weather(city: str) -> str:
    \"\"\"Tell the weather of a city.\"\"\"
    ran.append(city)
    print("asked", city)
    return f"sunny in {city}"
"""
PARIS, ROME = 'weather {"city": "Paris"}', 'weather {"city": "Rome"}'


def begin(kernel: Kernel, *lines: str, allow_stdin: bool = True) -> tuple[Cell, View]:
    """Run a cell whose reply calls tools, and wait for the question of its first call."""
    assert kernel.run(TOOLS).status == "ok"
    cell = kernel.send(f"%%deepseek -T weather -o reply\n{calls(*lines)}", allow_stdin=allow_stdin)
    kernel.until(lambda: cell.view is not None, "the view is displayed")
    assert cell.view is not None
    return cell, cell.view


def wait_until_asked(kernel: Kernel, view: View, key: str = "0.0", asked: int = 1) -> None:
    """Wait until the page shows the question, and say so."""

    def is_asked() -> bool:
        return any((card["key"], card["state"], card["asked"]) == (key, "asking", asked) for card in view.cards)

    kernel.until(is_asked, f"{key} is asked for the {asked}. time")
    kernel.control(view, "asked", call=key, page="one")


def decision(key: str = "0.0", action: str = "allow", asked: int = 1, page: str = "one", **fields: Any) -> Any:
    return {"call": key, "action": action, "asked": asked, "page": page, **fields}


def ran(kernel: Kernel) -> list[str]:
    found: list[str] = kernel.evaluate("ran")
    return found


def result_of(kernel: Kernel, index: int = 0) -> list[Any]:
    found: list[Any] = kernel.evaluate(
        f"[getattr(reply.steps[0].tool_calls[{index}], name) for name in ('state', 'decided_by', 'edited', 'result')]"
    )
    return found


def test_a_decision_by_the_control_channel(kernel: Kernel) -> None:
    cell, view = begin(kernel, PARIS)
    wait_until_asked(kernel, view)
    assert not cell.ended
    assert kernel.control(view, "decide", **decision()) == {"status": "ok", "known": True, "decider": "one"}
    kernel.finish(cell)
    assert result_of(kernel) == ["done", "user", None, "sunny in Paris"]
    assert ran(kernel) == ["Paris"]
    # The finished step is as it is settled.
    earlier = view.earlier["groups"][0]["html"]
    assert "allowed by the user" in earlier
    assert "asked Paris" in earlier
    assert earlier in kernel.updates_of(cell)[-1]["content"]["data"]["text/html"]
    assert view.cards == []


@pytest.mark.parametrize("on_subshell", [False, True])
def test_a_decision_by_comm_alone(kernel: Kernel, on_subshell: bool) -> None:  # noqa: FBT001  (a parameter of pytest)
    subshell = kernel.subshell() if on_subshell else None
    if on_subshell and subshell is None:
        pytest.skip("this kernel has no subshells")
    cell, view = begin(kernel, PARIS, ROME)
    kernel.until(lambda: sum(card["state"] == "asking" for card in view.cards) == 2, "both calls are asked for")
    kernel.comm(view, "asked", subshell=subshell, call="0.0", page="one")
    kernel.comm(view, "decide", subshell=subshell, **decision("0.1", "deny", reason="too far"))
    kernel.until(lambda: view.cards[1]["state"] == "denied", "the second call is denied")
    assert (view.cards[1]["decider"], view.cards[0]["state"], cell.ended) == ("one", "asking", False)
    kernel.comm(view, "decide", subshell=subshell, **decision("0.0"))
    kernel.finish(cell)
    assert ran(kernel) == ["Paris"]
    assert result_of(kernel, 1)[:2] == ["denied", "user"]
    assert "too far" in result_of(kernel, 1)[3]


def test_only_the_first_decision_counts_however_often_and_from_wherever_it_comes(kernel: Kernel) -> None:
    cell, view = begin(kernel, PARIS)
    wait_until_asked(kernel, view)
    kernel.comm(view, "decide", **decision(action="deny"))
    kernel.until(lambda: view.cards == [] or view.cards[0]["decider"] == "one", "the decision is taken")
    told = [kernel.control(view, "decide", **decision(page=page)) for page in ("two", "one", "two")]
    assert {each.get("decider") for each in told if each["known"]} <= {"one"}
    kernel.finish(cell)
    assert (ran(kernel), result_of(kernel)[:2]) == ([], ["denied", "user"])


def test_arguments_that_do_not_fit_are_asked_for_again(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, PARIS)
    wait_until_asked(kernel, view)
    wrong = decision(edited='{"town": "Bonn"}')
    kernel.comm(view, "decide", **wrong)
    kernel.control(view, "decide", **wrong)
    wait_until_asked(kernel, view, asked=2)
    assert "town" in view.cards[0]["head"]
    # A copy that comes late is of the question before.
    assert kernel.control(view, "decide", **wrong)["decider"] == "one"
    kernel.pause(0.2)
    assert view.cards[0]["asked"] == 2
    kernel.control(view, "decide", **decision(asked=2, edited='{"city": "Bonn"}'))
    kernel.finish(cell)
    assert ran(kernel) == ["Bonn"]
    assert result_of(kernel)[:3] == ["done", "user", '{"city": "Bonn"}']
    assert "Bonn" in bodies(server)[-1]["messages"][-1]["content"]


def test_a_decision_for_the_reply_is_for_all_of_its_calls_of_the_tool(kernel: Kernel) -> None:
    cell, view = begin(kernel, PARIS, ROME, '2 weather {"city": "Oslo"}')
    wait_until_asked(kernel, view)
    kernel.control(view, "decide", **decision(action="allow_all"))
    kernel.finish(cell)
    assert ran(kernel) == ["Paris", "Rome", "Oslo"]


def test_a_decision_has_no_effect_after_stop_or_after_the_end(kernel: Kernel) -> None:
    cell, view = begin(kernel, PARIS)
    wait_until_asked(kernel, view)
    kernel.control(view, "cancel")
    assert kernel.control(view, "decide", **decision()).get("decider", "") == ""
    kernel.finish(cell)
    assert kernel.control(view, "decide", **decision()).get("decider", "") == ""
    kernel.pause(0.2)
    assert (ran(kernel), kernel.evaluate("reply.status")) == ([], "cancelled")


def test_a_page_that_comes_later_gets_the_open_question(kernel: Kernel) -> None:
    cell, view = begin(kernel, PARIS)
    wait_until_asked(kernel, view)
    kernel.control(view, "hello", page="two", seq=0)
    kernel.until(lambda: view.keyframes, "a keyframe comes")
    (card,) = view.keyframes[-1]["cards"]
    assert card["question"]["name"] == "weather"
    assert card == view.cards[0]
    assert kernel.control(view, "decide", **decision(page="two"))["decider"] == "two"
    kernel.finish(cell)
    assert ran(kernel) == ["Paris"]


def test_input_asks_where_no_page_shows_the_question(kernel: Kernel) -> None:
    cell, view = begin(kernel, PARIS)

    def requests() -> list[Any]:
        return [each for each in kernel.messages if each["msg_type"] == "input_request"]

    for answer, count in (("what?", 1), ("n", 2), ("not today", 3)):
        kernel.until(lambda count=count: len(requests()) == count, f"input() asks {count} times")  # type: ignore[misc]
        # A page that is slow can change nothing: the thread that would go on waits for input.
        assert kernel.control(view, "decide", **decision())["decider"] == "input()"
        kernel.post("stdin", "input_reply", {"value": answer})
    kernel.finish(cell)
    assert "city = Paris" in cell.text("stdout")
    assert (ran(kernel), result_of(kernel)[:2]) == ([], ["denied", "user"])
    assert "not today" in result_of(kernel)[3]
    assert view.cards == []


def test_an_interrupt_of_the_question_stops_the_reply(kernel: Kernel) -> None:
    cell, _ = begin(kernel, PARIS)
    kernel.until(lambda: any(each["msg_type"] == "input_request" for each in kernel.messages), "input() asks")
    kernel.interrupt()
    kernel.finish(cell)
    assert cell.status == "error"
    assert (ran(kernel), kernel.evaluate("nbstream.last.status")) == ([], "cancelled")
    assert kernel.run("1 + 1").status == "ok"


def test_without_anybody_to_ask_the_call_is_denied(kernel: Kernel) -> None:
    assert kernel.run(TOOLS).status == "ok"
    cell = kernel.run(f"%%deepseek -T weather -o reply\n{calls(PARIS)}", allow_stdin=False)
    assert cell.status == "ok"
    assert (ran(kernel), result_of(kernel)[:2]) == ([], ["denied", "nobody"])
