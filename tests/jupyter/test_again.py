"""`%deepseek continue` and `retry`, `reply.resume()`, and clicks, on real ipykernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.widgets import page_state

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel

pytestmark = pytest.mark.kernel

CUT = "[simulate: truncate after=12 tokens=60]median"
#: Goes on with a reply to its end.
WHOLE = """--raw-body '{"simulate": "normal tokens=60"}'"""


def cut(kernel: Kernel, options: str = "", metadata: dict[str, Any] | None = None) -> Cell:
    """Run a cell whose reply is truncated."""
    cell = kernel.finish(kernel.send(f"%%deepseek --no-think -o reply {options}\n{CUT}", metadata=metadata))
    assert cell.status == "ok"
    return cell


def settled(cell: Cell) -> dict[str, Any]:
    """Return the content of the output that replaced the view."""
    content: dict[str, Any] = cell.outputs_of("update_display_data")[-1]["content"]
    return content


def again(cell: Cell) -> dict[str, Any]:
    """Return what the page learns for its buttons."""
    found: dict[str, Any] = settled(cell)["metadata"]["nbstream"]["again"]
    return found


def click(kernel: Kernel, run: str, action: str = "continue") -> dict[str, Any]:
    content = {"type": "again", "run_id": run, "action": action}
    return kernel.request("control", "nbstream_request", content)


def test_continue_goes_on_in_its_own_cell_and_updates_the_variable(kernel: Kernel, server: Simulator) -> None:
    first = cut(kernel)
    before = kernel.evaluate("reply.answer")
    cell = kernel.run(f"%deepseek continue {WHOLE}")
    assert cell.status == "ok"
    assert kernel.evaluate("[reply.status, reply is nbstream.last]") == ["complete", True]
    assert kernel.evaluate("reply.answer").startswith(before)
    text = settled(cell)["data"]["text/plain"]
    assert text.startswith(before)
    assert "continued" in text
    assert "again" not in settled(cell)["metadata"]["nbstream"]
    # The first output stays as it is.
    assert len(first.outputs_of("update_display_data")) == 1
    assert [entry["path"] for entry in server.log()] == ["/chat/completions", "/beta/chat/completions"]


def test_retry_asks_the_same_prompt_with_other_options(kernel: Kernel, server: Simulator) -> None:
    cut(kernel, "-s 'Be brief.'")
    assert kernel.run(f"%deepseek retry -m pro --think --effort max -o other {WHOLE}").status == "ok"
    first, second = (entry["body"] for entry in server.log())
    assert second["messages"] == first["messages"]
    assert (second["model"], second["reasoning_effort"]) == ("deepseek-v4-pro", "max")
    assert kernel.evaluate("[reply is other, reply.model, reply.status]") == [True, "deepseek-v4-pro", "complete"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("continue", "complete"),
        ("retry --system x", "--system cannot be changed"),
        ("retry --no-such", "no option --no-such"),
        ("retry -c other", "-c, -v and --as cannot be changed"),
        ("retry --file x.txt", "--file cannot be changed"),
        ("continue twice", "twice"),
    ],
)
def test_what_is_not_possible_is_one_line(kernel: Kernel, line: str, said: str) -> None:
    assert kernel.run("%%deepseek --no-think\nmedian").status == "ok"
    cell = kernel.run(f"%deepseek {line}")
    assert cell.outputs_of("error") == []
    assert said in cell.text("stderr")
    assert cell.text("stderr").count("\n") == 1


def test_resume_shows_the_joined_reply_and_returns_it(kernel: Kernel) -> None:
    cut(kernel)
    cell = kernel.run("joined = reply.resume(extra_body={'simulate': 'normal tokens=60'}, reasoning='closed')")
    assert cell.status == "ok"
    assert kernel.evaluate("[joined.status, joined.answer.startswith(reply.answer), reply.status]") == [
        "complete",
        True,
        "truncated",
    ]
    assert settled(cell)["data"]["text/plain"].startswith(kernel.evaluate("joined.answer"))


def test_complete_fills_in_text(kernel: Kernel, server: Simulator) -> None:
    cell = kernel.run("code = nbstream.complete('def fib(n):', '    return fib(n - 1)', max_tokens=100)")
    assert cell.status == "ok"
    assert kernel.evaluate("code.status") == "complete"
    assert server.log()[-1]["path"] == "/beta/completions"
    assert "Simulated" in settled(cell)["data"]["text/plain"]


def test_prefix_begins_the_answer(kernel: Kernel, server: Simulator) -> None:
    cell = kernel.run('%%deepseek --no-think --prefix "Dear Ann," -o reply\n[simulate: normal tokens=30]median')
    assert cell.status == "ok"
    assert kernel.evaluate("reply.answer").startswith("Dear Ann,")
    assert server.log()[-1]["body"]["messages"][-1] == {"role": "assistant", "content": "Dear Ann,", "prefix": True}


def test_a_prefix_may_end_with_a_line_end(kernel: Kernel, server: Simulator) -> None:
    kernel.run('%%deepseek --no-think --prefix "\\\\nabla is:\\n\\n" -o reply\n[simulate: normal tokens=30]median')
    assert server.log()[-1]["body"]["messages"][-1]["content"] == "\\nabla is:\n\n"


def test_a_click_goes_on_in_the_same_output(kernel: Kernel, server: Simulator) -> None:
    cell = cut(kernel)
    found = again(cell)
    assert found["can"] == ["continue", "retry"]
    assert click(kernel, found["run"])["known"]
    kernel.until(lambda: len(kernel.updates_of(cell)) >= 3, "it settles")
    updates = kernel.updates_of(cell)
    places = {update["content"]["transient"]["display_id"] for update in updates}
    assert len(places) == 1
    # The variable is set when the output has settled.
    kernel.until(lambda: kernel.evaluate("reply is nbstream.last"), "the variable is set")
    assert kernel.evaluate("reply.earlier.requests") == 1


def test_many_clicks_start_one_run(kernel: Kernel, server: Simulator) -> None:
    cell = cut(kernel)
    run = again(cell)["run"]
    answers = [click(kernel, run, action) for action in ("continue", "continue", "retry") for _ in range(5)]
    assert all(answer["known"] for answer in answers)
    kernel.until(lambda: click(kernel, run).get("next"), "the next run is known")
    kernel.until(lambda: kernel.evaluate("nbstream.last.ended and reply is nbstream.last"), "it settles")
    assert len(server.log()) == 2


def test_a_click_on_an_unknown_reply_is_told(kernel: Kernel, server: Simulator) -> None:
    cut(kernel)
    assert click(kernel, "no such run") == {"status": "ok", "known": False}
    assert len(server.log()) == 1


def test_a_run_that_cannot_be_shown_is_told_and_not_started_again(kernel: Kernel, server: Simulator) -> None:
    cell = cut(kernel)
    run = again(cell)["run"]
    kernel.run("from nbstream.jupyter import sinks; kept = sinks.sink_in_place; sinks.sink_in_place = None")
    try:
        assert click(kernel, run)["known"]
        answers = [click(kernel, run)]
        while "notice" not in answers[-1]:
            answers.append(click(kernel, run))
    finally:
        kernel.run("sinks.sink_in_place = kept")
    assert "cannot be shown" in answers[-1]["notice"]
    # It was ended, maybe before it was sent.
    assert len(server.log()) <= 2
    # Now it can be tried again.
    assert click(kernel, run)["known"]
    kernel.until(lambda: click(kernel, run).get("next"), "the next run is known")


def test_a_click_while_another_cell_computes_leaves_its_output_alone(kernel: Kernel, server: Simulator) -> None:
    cell = cut(kernel)
    run = again(cell)["run"]
    busy = kernel.send("import time\nprint('before')\nfor _ in range(40): time.sleep(0.05)\nprint('after')")
    kernel.until(lambda: "before" in busy.text("stdout"), "the cell runs")
    assert click(kernel, run)["known"]
    kernel.until(lambda: len(kernel.updates_of(cell)) >= 3, "it settles")
    kernel.finish(busy)
    kernel.until(lambda: kernel.evaluate("reply is nbstream.last"), "the variable is set")
    assert busy.text("stdout") == "before\nafter\n"
    assert busy.outputs_of("display_data", "error") == []
    assert kernel.evaluate("reply.earlier.requests") == 1


def test_running_the_cell_again_stops_what_a_click_began(kernel: Kernel, server: Simulator) -> None:
    # The first request is refused, and the second one does not end.
    prompt = "[simulate: 400 times=1 silence after=3]median"
    cell = kernel.finish(kernel.send(f"%%deepseek -o reply\n{prompt}", metadata={"cellId": "one"}))
    run = again(cell)["run"]
    assert again(cell)["can"] == ["retry"]
    assert click(kernel, run, "retry")["known"]
    kernel.until(lambda: kernel.evaluate("nbstream.last.status") == "reasoning", "it thinks")
    kernel.finish(kernel.send("1", metadata={"cellId": "one"}))
    kernel.until(lambda: kernel.evaluate("nbstream.last.ended and reply.status") == "cancelled", "it is stopped")


def test_a_chat_gets_the_joined_reply_and_a_new_version(kernel: Kernel, server: Simulator) -> None:
    cut(kernel, "-c joined", {"cellId": "one"})
    kernel.run(f"%deepseek continue {WHOLE}")
    kernel.run("chat = nbstream.Chat('joined')")
    state = "[len(turn.versions) for turn in chat.turns] + [chat.turns[0].reply is reply]"
    assert kernel.evaluate(state) == [1, True]
    cell = kernel.run(f"%deepseek retry {WHOLE}")
    assert kernel.evaluate(state) == [2, True]
    assert "joined · turn 1, version 2" in settled(cell)["data"]["text/plain"]
    # The next turn is sent after the whole answer, once.
    kernel.run("%%deepseek --no-think -c joined\nmedian")
    messages = server.log()[-1]["body"]["messages"]
    assert [each["role"] for each in messages] == ["user", "assistant", "user"]
    assert messages[1] == {"role": "assistant", "content": kernel.evaluate("reply.message['content']")}


def test_a_click_changes_the_turn_of_its_chat(kernel: Kernel, server: Simulator) -> None:
    cell = cut(kernel, "-c clicked", {"cellId": "two"})
    assert click(kernel, again(cell)["run"])["known"]
    kernel.until(lambda: len(kernel.updates_of(cell)) >= 3, "it settles")
    state = (
        "[len(nbstream.Chat('clicked').turns[0].versions), nbstream.Chat('clicked').turns[0].reply is nbstream.last]"
    )
    kernel.until(lambda: kernel.evaluate(state) == [1, True], "the turn has the joined reply")
    found = kernel.updates_of(cell)[-1]["content"]["metadata"]["nbstream"]["again"]
    assert click(kernel, found["run"], "retry")["known"]
    kernel.until(lambda: len(kernel.updates_of(cell)) >= 5, "it settles again")
    kernel.until(lambda: kernel.evaluate(state) == [2, True], "the turn has another version")


def test_a_view_that_goes_on_shows_the_earlier_text_at_once(kernel: Kernel) -> None:
    cut(kernel)
    before = kernel.evaluate("reply.answer")
    cell = kernel.send('%deepseek continue --raw-body \'{"simulate": "silence after=2"}\'')
    kernel.until(lambda: cell.view, "the view is there")
    assert cell.view is not None
    assert before.split()[0].strip("*") in page_state.html_of(cell.view.answer)
    kernel.control(cell.view, "cancel")
    kernel.finish(cell)
    assert kernel.evaluate("nbstream.last.status") == "cancelled"
