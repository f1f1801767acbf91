"""The magic and the Python functions in real ipykernels, from oldest to newest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from nbstream.markdown.rendering import to_html
from tests.jupyter.conftest import CANARY_KEY
from tests.jupyter.kernel import VIEW_MIME
from tests.widgets import page_state

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel, View

pytestmark = pytest.mark.kernel

CANARY_PROMPT = "canary-prompt-83d2"
SETTLED = {"text/html", "text/markdown", "text/plain"}

#: The server stops sending during the reasoning (SILENT) or before the first token
#: (SAYS_NOTHING), or it sends for longer than any test runs (ENDLESS).
SILENT = "silence after=20"
SAYS_NOTHING = "silence after=0"
ENDLESS = "normal tokens=20000 rate=100"


def begin(kernel: Kernel, server: Simulator, scenario: str, options: str = "") -> tuple[Cell, View]:
    """Start a cell, wait as in `wait_until_streaming`, and return the cell and its view."""
    cell = kernel.send(f"%%deepseek -o reply {options}\n[simulate: {scenario}] Why?")
    return cell, wait_until_streaming(kernel, server, cell, scenario)


def wait_until_streaming(kernel: Kernel, server: Simulator, cell: Cell, scenario: str) -> View:
    """Wait until the page shows reasoning, or with SAYS_NOTHING that it waits for the server."""
    kernel.until(lambda: cell.view and server.log() and server.log()[-1]["status"] == 200, "the cell streams")
    view = cell.view
    assert view is not None
    if scenario == SAYS_NOTHING:
        kernel.until(lambda: view.meta.get("status") == "waiting", "the page shows that it waits")
    else:
        kernel.until(lambda: page_state.html_of(view.reasoning), "reasoning is shown")
    return view


def wait_for_disconnect(kernel: Kernel, server: Simulator) -> None:
    """Wait until the server notices the disconnect."""
    kernel.until(lambda: server.log()[-1]["outcome"] is not None, "the server notices the end")
    assert server.log()[-1]["outcome"] == "disconnected"


def settled_output(cell: Cell) -> dict[str, str]:
    """Return the output that replaced the live view."""
    (shown,), (update,) = cell.outputs_of("display_data"), cell.outputs_of("update_display_data")
    assert update["content"]["transient"]["display_id"] == shown["content"]["transient"]["display_id"]
    data: dict[str, str] = update["content"]["data"]
    assert set(data) == SETTLED
    return data


def assert_partial_reply(kernel: Kernel, cell: Cell, scenario: str) -> None:
    """Assert that the received text is in `nbstream.last`, in the variable and in the output."""
    last = kernel.evaluate("[nbstream.last.status, nbstream.last.reasoning]")
    assert kernel.evaluate("[reply.status, reply.reasoning]") == last
    status, reasoning = last
    assert status == "cancelled"
    assert bool(reasoning) == (scenario != SAYS_NOTHING)
    html = settled_output(cell)["text/html"]
    assert "Stopped after" in html
    assert to_html(reasoning).strip() in html


def sent_prompt(server: Simulator) -> Any:
    """Return the prompt as the server received it."""
    return server.log()[-1]["body"]["messages"][-1]["content"]


# The live view


def test_loading_the_extension_imports_no_heavy_library(kernel: Kernel) -> None:
    assert "nbstream.jupyter.magic" in kernel.imported_by_loading
    assert not {"openai", "markdown_it"} & kernel.imported_by_loading


def test_patches_arrive_while_the_cell_blocks(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, SILENT)
    assert view.numbers
    assert not cell.ended
    assert not cell.outputs_of("update_display_data")
    kernel.control(view, "cancel")
    kernel.finish(cell)


#: Code that passes events to a view one by one after the reply has ended.
LATE_VIEW = """
from nbstream.model.presentation import Presentation
from nbstream.model.reply import Reply
from nbstream.model.reduction import reduce
from nbstream.widgets.live_view import LiveView
run = nbstream.stream({0!r})
reply = run.result()
view = LiveView(run, get_ipython().kernel, Presentation(), foreground=True)
so_far = Reply(request=reply.request)
for event in run.receiver.wait(0).events:
    so_far = reduce(so_far, event)
    view.update([event], so_far)
view.settle(reply)
"""


@pytest.mark.parametrize("code", ["%%deepseek -o reply\n{0}", LATE_VIEW], ids=["live", "late"])
def test_patches_build_the_reply_without_changing_final_html(kernel: Kernel, code: str) -> None:
    cell = kernel.run(code.format("[simulate: normal topic=en-median tokens=400 rate=1500] What is a median?"))
    view = cell.view
    assert view is not None
    assert cell.status == "ok"
    assert len(view.numbers) > 3
    assert view.numbers == list(range(1, len(view.numbers) + 1))
    answer, reasoning = kernel.evaluate("[reply.answer, reply.reasoning]")
    assert answer
    assert reasoning
    whole = page_state.html_of(view.reasoning), page_state.html_of(view.answer)
    assert whole == (to_html(reasoning), to_html(answer))
    for written in view.written:
        assert all(end.startswith(part) for part, end in zip(written, whole, strict=True))
    assert view.meta["status"] == "complete"


def test_the_settled_output_replaces_the_live_view(kernel: Kernel) -> None:
    cell = kernel.run("%%deepseek -o reply\nWhat is a median?")
    (shown,) = cell.outputs_of("display_data")
    assert set(shown["content"]["data"]) == {VIEW_MIME, "text/plain"}
    data = settled_output(cell)
    answer, reasoning = kernel.evaluate("[reply.answer, reply.reasoning]")
    assert answer in data["text/markdown"]
    assert to_html(answer).strip() in data["text/html"]
    assert to_html(reasoning).strip() in data["text/html"]
    assert not cell.outputs_of("stream", "execute_result", "error")


def test_without_a_page_the_widget_is_closed_at_the_end(kernel: Kernel) -> None:
    before = set(kernel.open_comms)
    cell = kernel.run("%%deepseek\nWhat is a median?")
    view = cell.view
    assert view is not None
    assert view.closed
    assert kernel.open_comms == before


def test_prompt_and_key_are_sent_only_to_the_server(kernel: Kernel, server: Simulator) -> None:
    kernel.run(f"%%deepseek -s {CANARY_PROMPT}\n{CANARY_PROMPT}")
    assert sent_prompt(server) == CANARY_PROMPT
    assert server.log()[-1]["key_digest"]
    said = [message for message in kernel.messages if message["msg_type"] != "execute_input"]
    assert any(message["msg_type"] == "comm_open" for message in said)
    text = json.dumps(said, default=str)
    assert CANARY_PROMPT not in text
    assert CANARY_KEY not in text


def test_the_widget_stays_open_until_the_page_removes_the_view(kernel: Kernel, server: Simulator) -> None:
    before = set(kernel.open_comms)
    cell, view = begin(kernel, server, SILENT)
    assert kernel.control(view, "hello", seq=0) == {"status": "ok", "known": True}
    # The page has missed frames, so it receives a keyframe.
    kernel.until(lambda: view.keyframes and view.keyframes[-1]["seq"] > 0, "a keyframe arrives")
    assert page_state.html_of(view.keyframes[-1]["reasoning"]) == page_state.html_of(view.reasoning)
    kernel.control(view, "cancel")
    kernel.finish(cell)
    assert not view.closed
    # A page that loads only now asks for a keyframe.
    count = len(view.keyframes)
    kernel.comm(view, "hello", seq=0, page="late")
    kernel.until(lambda: len(view.keyframes) > count, "another keyframe arrives")
    assert view.keyframes[-1]["meta"]["status"] == "cancelled"
    assert page_state.html_of(view.keyframes[-1]["reasoning"]) == page_state.html_of(view.reasoning)
    kernel.comm(view, "unmounted")
    # Widgets of earlier tests may be closed at the same time.
    kernel.until(lambda: view.closed and kernel.open_comms <= before, "the widget and its comms are closed")
    assert kernel.control(view, "cancel") == {"status": "ok", "known": False}


def test_a_page_that_misses_the_display_update_receives_it_by_comm(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, SILENT)
    kernel.control(view, "hello", seq=0, page="one")
    kernel.control(view, "mounted", page="one")
    # The page is reloaded, and a second tab is opened.
    for page in ("one again", "two"):
        kernel.control(view, "hello", seq=0, page=page)
        kernel.control(view, "mounted", page=page)
    kernel.control(view, "cancel", page="two")
    kernel.finish(cell)
    kernel.comm(view, "settle", page="two")
    kernel.until(lambda: view.settled, "the settled output arrives by comm")
    (message,) = view.settled
    (update,) = cell.outputs_of("update_display_data")
    assert message["data"] == update["content"]["data"]
    assert message["metadata"] == update["content"]["metadata"]
    assert message["model_id"] == view.comm_id
    kernel.comm(view, "unmounted", page="two")
    kernel.comm(view, "settle", page="one again")
    kernel.until(lambda: len(view.settled) == 2, "the other page receives it as well")
    kernel.comm(view, "unmounted", page="one again")
    kernel.comm(view, "unmounted", page="one")
    kernel.until(lambda: view.closed, "the widget is closed when no page shows it")


def test_an_offscreen_view_receives_fewer_patches_and_the_whole_reply(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, ENDLESS)

    def length() -> int:
        return len(page_state.html_of(view.reasoning)) + len(page_state.html_of(view.answer))

    def patches(characters: int) -> int:
        """Return the number of patches in which this many more characters arrive."""
        before, end = len(view.numbers), length() + characters
        kernel.until(lambda: length() > end, "the text grows")
        return len(view.numbers) - before

    kernel.control(view, "mounted", page="one")
    seen = patches(500)
    kernel.control(view, "visibility", page="one", visible=False, seq=1)
    patches(100)
    unseen = patches(500)
    assert 2 * unseen < seen
    kernel.control(view, "visibility", page="one", visible=True, seq=2)
    # Messages with an old or an invalid sequence number are ignored.
    for seq in (1, "three", None):
        kernel.control(view, "visibility", page="one", visible=False, seq=seq)
    patches(100)
    assert patches(500) > 2 * unseen
    # The reply ends while the view is off screen.
    kernel.control(view, "visibility", page="one", visible=False, seq=3)
    patches(300)
    kernel.control(view, "cancel")
    kernel.finish(cell)
    assert_partial_reply(kernel, cell, ENDLESS)
    assert view.meta["status"] == "cancelled"
    assert page_state.html_of(view.answer) == to_html(kernel.evaluate("reply.answer"))


def test_a_reply_that_no_page_shows_is_noted_once(kernel: Kernel, server: Simulator) -> None:
    kernel.run("from nbstream.widgets import kept_views")
    kernel.run("within, kept_views._ASKS_WITHIN_SECONDS = kept_views._ASKS_WITHIN_SECONDS, 0")
    cell, view = begin(kernel, server, SILENT)
    kernel.control(view, "hello", seq=0, page="one")
    kernel.control(view, "mounted", page="one")
    kernel.control(view, "cancel", page="one")
    kernel.finish(cell)

    def notices() -> list[str]:
        cell = kernel.run("%%deepseek\nWhy?")
        assert cell.view
        assert cell.text("stderr") == ""
        return cell.view.notices

    # Without a reloaded page there is no note: a page that was closed shows the reply when it
    # opens.
    assert notices() == []
    kernel.comm(view, "hello", seq=0, page="one again")
    assert notices() == [
        "The page was reloaded while a reply arrived, and may not show it. %deepseek show 3 shows it again."
    ]
    assert notices() == []
    assert (
        "Stopped after" in kernel.run("%deepseek show 4").outputs_of("display_data")[0]["content"]["data"]["text/html"]
    )
    kernel.run("kept_views._ASKS_WITHIN_SECONDS = within")


def test_the_number_of_open_widgets_is_limited_but_none_is_closed_that_a_page_shows(
    kernel: Kernel, server: Simulator
) -> None:
    def show() -> View:
        cell, view = begin(kernel, server, SILENT)
        kernel.control(view, "mounted", page="one")
        kernel.control(view, "cancel", page="one")
        kernel.finish(cell)
        return view

    views = [show() for _ in range(12)]
    assert not any(view.closed for view in views)
    for view in views:
        kernel.control(view, "left", page="one")
    kernel.control(show(), "left", page="one")
    kernel.until(lambda: sum(not view.closed for view in views) <= 8, "what no page shows is closed")


def test_without_stdin_only_the_settled_output_is_displayed(kernel: Kernel) -> None:
    for options in ("", "--background"):
        kernel.reset()
        cell = kernel.run(f"%%deepseek {options}\nWhat is a median?", allow_stdin=False)
        assert cell.status == "ok"
        (shown,) = cell.outputs
        assert shown["msg_type"] == "display_data"
        assert set(shown["content"]["data"]) == SETTLED
        assert not [message for message in kernel.messages if message["msg_type"].startswith("comm_")]


# Stop


@pytest.mark.parametrize("scenario", [SILENT, SAYS_NOTHING, ENDLESS])
def test_stop_by_control_message(kernel: Kernel, server: Simulator, scenario: str) -> None:
    cell, view = begin(kernel, server, scenario)
    following = kernel.send("print('next')")
    assert not cell.ended
    assert kernel.control(view, "cancel") == {"status": "ok", "known": True}
    wait_for_disconnect(kernel, server)
    kernel.finish(cell)
    assert cell.status == "ok"
    assert view.acknowledged
    assert view.meta["status"] == "cancelled"
    assert_partial_reply(kernel, cell, scenario)
    assert kernel.finish(following).text("stdout") == "next\n"


@pytest.mark.parametrize("shell", ["main", "subshell"])
@pytest.mark.parametrize("scenario", [SILENT, SAYS_NOTHING, ENDLESS])
def test_stop_by_comm(kernel: Kernel, server: Simulator, scenario: str, shell: str) -> None:
    # On the main shell a message waits until the cell ends, so nbstream reads it early. Front ends
    # without subshells and control messages send Stop in this way.
    subshell = kernel.subshell() if shell == "subshell" else None
    if shell == "subshell" and subshell is None:
        pytest.skip("this kernel has no subshells")
    cell, view = begin(kernel, server, scenario)
    following = kernel.send("print('next')")
    kernel.comm(view, "cancel", subshell=subshell)
    wait_for_disconnect(kernel, server)
    kernel.finish(cell)
    assert cell.status == "ok"
    assert view.acknowledged
    assert_partial_reply(kernel, cell, scenario)
    assert kernel.finish(following).text("stdout") == "next\n"


def test_a_late_stop_by_comm_is_ignored(kernel: Kernel) -> None:
    cell = kernel.send("%%deepseek -o reply\n[simulate: normal tokens=30 rate=200] Why?")
    kernel.until(lambda: cell.view, "the view is there")
    view = cell.view
    assert view is not None
    following = kernel.send("%%deepseek -o after\nWhat is a median?")
    kernel.finish(cell)
    # The message waits in the main shell. When it is handled, the run has ended and the widget
    # may be closed.
    kernel.comm(view, "cancel")
    assert kernel.control(view, "cancel")["status"] == "ok"
    assert kernel.finish(following).status == "ok"
    assert kernel.evaluate("[reply.status, after.status]") == ["complete", "complete"]
    assert kernel.run("print('again')").text("stdout") == "again\n"


@pytest.mark.parametrize("retry_after", ["", " retry-after=30"])
def test_retries_are_shown_live_and_can_be_stopped(kernel: Kernel, server: Simulator, retry_after: str) -> None:
    cell = kernel.send(f"%%deepseek -o reply\n[simulate: 429{retry_after}] Why, at all?")
    kernel.until(
        lambda: cell.view and cell.view.meta.get("label", "").startswith("Attempt 1 of 3 failed"),
        "the failed attempt is shown",
    )
    view = cell.view
    assert view is not None
    assert "429" in view.meta["note"]
    assert "Next attempt in" in view.meta["note"]
    assert kernel.control(view, "cancel") == {"status": "ok", "known": True}
    kernel.finish(cell)
    assert cell.status == "ok"
    assert kernel.evaluate("reply.status") == "cancelled"
    assert "Stopped after" in settled_output(cell)["text/html"]
    assert len(server.log()) < 3


# The interrupt button (■)


@pytest.mark.parametrize("scenario", [SILENT, SAYS_NOTHING, ENDLESS])
def test_interrupt_stops_the_cell_and_keeps_the_partial_reply(kernel: Kernel, server: Simulator, scenario: str) -> None:
    cell = kernel.send(f"%%deepseek -o reply\n[simulate: {scenario}] Why?")
    # Sent before the interrupt, as Run All does. A cell that arrives after the interrupt runs.
    following = kernel.send("print('next')")
    wait_until_streaming(kernel, server, cell, scenario)
    # ipykernel 7 receives it in another thread, which a loaded machine delays.
    kernel.pause(0.2)
    kernel.interrupt()
    wait_for_disconnect(kernel, server)
    kernel.finish(cell)
    assert cell.reply is not None
    assert cell.status == "error"
    assert cell.reply["content"]["ename"] == "KeyboardInterrupt"
    (error,) = cell.outputs_of("error")
    (line,) = error["content"]["traceback"]
    assert line == "KeyboardInterrupt: stopped; what arrived is kept in nbstream.last"
    assert_partial_reply(kernel, cell, scenario)
    kernel.finish(following)
    assert following.status == "aborted"
    assert not following.outputs
    assert kernel.run("print('again')").text("stdout") == "again\n"


@pytest.mark.parametrize(
    "code",
    ["await nbstream.stream({0!r})", "async for event in nbstream.stream({0!r}):\n    pass"],
    ids=["await", "async for"],
)
def test_interrupt_stops_an_async_cell(kernel: Kernel, server: Simulator, code: str) -> None:
    cell = kernel.send(code.format("[simulate: silence after=5] Why?"))
    kernel.until(lambda: server.log() and server.log()[-1]["deltas_sent"] == 5, "the run is silent")
    kernel.interrupt()
    wait_for_disconnect(kernel, server)
    assert kernel.finish(cell).status == "error"
    assert kernel.evaluate("nbstream.last.status") == "cancelled"
    assert kernel.run("print('again')").text("stdout") == "again\n"


# Background runs


def test_background_run_updates_the_output_of_its_own_cell(kernel: Kernel) -> None:
    cell = kernel.run("%%deepseek --background -o reply\n[simulate: normal tokens=30 rate=400] What is a median?")
    assert cell.status == "ok"
    view = cell.view
    assert view is not None
    kernel.until(lambda: view.meta, "the page receives the state")
    assert not view.meta["foreground"]
    other = kernel.run("print('mine')")
    assert other.text("stdout") == "mine\n"
    assert len(other.outputs_of("stream")) == len(other.outputs)
    (shown,) = cell.outputs_of("display_data")

    def updates() -> list[dict[str, Any]]:
        return [message["content"] for message in kernel.messages if message["msg_type"] == "update_display_data"]

    kernel.until(updates, "the output settles")
    (update,) = updates()
    assert update["transient"]["display_id"] == shown["content"]["transient"]["display_id"]
    assert set(update["data"]) == SETTLED
    kernel.until(lambda: view.closed, "the widget is closed")
    assert kernel.evaluate("nbstream.last.status") == "complete"
    kernel.until(lambda: kernel.evaluate("reply.status") == "complete", "the variable holds the whole reply")
    assert view.numbers == list(range(1, len(view.numbers) + 1))
    assert page_state.html_of(view.answer) == to_html(kernel.evaluate("reply.answer"))
    # In ipykernel 6 the parent of a message from a thread is the current cell. A display update
    # adds nothing to that cell.
    assert not other.outputs_of("display_data", "execute_result", "error")


@pytest.mark.parametrize("named", [{"cellId": "a"}, {"colab": {"cell_id": "a"}}])
def test_the_background_reply_of_a_cell_is_stopped_when_the_cell_runs_again(
    kernel: Kernel, server: Simulator, named: dict[str, Any]
) -> None:
    code = f"%%deepseek --background -o first\n[simulate: {SILENT}] Why?"
    kernel.finish(kernel.send(code, metadata=named))
    kernel.finish(kernel.send("kept = first", metadata={"cellId": "b"}))
    kernel.until(lambda: kernel.evaluate("len(nbstream.last.reasoning) > 20"), "the first reply arrives")
    kernel.finish(kernel.send(code.replace("first", "second"), metadata=named))
    kernel.until(lambda: server.log()[0]["outcome"] is not None, "the server notices the end")
    assert server.log()[0]["outcome"] == "disconnected"
    kernel.until(lambda: kernel.evaluate("first.status") == "cancelled", "the first reply is kept")
    assert kernel.evaluate("len(first.reasoning) > 20")
    assert kernel.evaluate("nbstream.last.ended") is False
    kernel.run("%deepseek cancel")


def test_background_run_is_stopped_while_another_cell_computes(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, SILENT, "--background")
    kernel.finish(cell)
    assert cell.status == "ok"
    assert server.log()[-1]["outcome"] is None
    # This cell ends only when the run ends.
    computing = kernel.send("print('computing')\nwhile nbstream.last.status != 'cancelled': pass\nprint('ended')")
    kernel.until(lambda: computing.text("stdout"), "the other cell computes")
    assert kernel.control(view, "cancel") == {"status": "ok", "known": True}
    wait_for_disconnect(kernel, server)
    kernel.finish(computing)
    assert computing.status == "ok"
    kernel.until(lambda: view.meta["status"] == "cancelled", "the page shows that it was stopped")
    assert computing.text("stdout") == "computing\nended\n"
    kernel.until(lambda: kernel.evaluate("reply.status") == "cancelled", "the variable holds the reply")


def test_interrupt_of_another_cell_does_not_stop_a_background_run(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, SILENT, "--background")
    kernel.finish(cell)
    computing = kernel.send("print('computing')\nwhile True: pass")
    kernel.until(lambda: computing.text("stdout"), "the other cell computes")
    kernel.interrupt()
    assert kernel.finish(computing).status == "error"
    assert kernel.evaluate("nbstream.last.status") == "reasoning"
    assert server.log()[-1]["outcome"] is None
    kernel.control(view, "cancel")
    wait_for_disconnect(kernel, server)
    kernel.until(lambda: view.meta["status"] == "cancelled", "the page shows that it was stopped")


# Options, prompts and usage errors


@pytest.mark.parametrize(
    ("line", "prompt", "fragment"),
    [
        ("--frobnicate", "Why?", "--frobnicate"),
        ("-t warm", "Why?", "warm"),
        ("-t -1", "Why?", "temperature"),
        ("--max-tokens 0", "Why?", "max-tokens"),
        ("--effort huge", "Why?", "huge"),
        ("-o 2nd", "Why?", "2nd"),
        ("-s 'unclosed", "Why?", "unclosed"),
        ("--base-url ftp://example.org", "Why?", "base URL"),
        ("", "  ", "empty"),
        ("", "", "empty"),
        ("--raw-body {", "Why?", "--raw-body"),
        ("--raw-body '[1]'", "Why?", "--raw-body"),
    ],
)
def test_a_usage_error_is_one_line(kernel: Kernel, server: Simulator, line: str, prompt: str, fragment: str) -> None:
    cell = kernel.run(f"%%deepseek {line}\n{prompt}")
    assert_usage_error(cell, fragment, lines=1)
    assert not server.log()


def assert_usage_error(cell: Cell, fragment: str, *, lines: int) -> None:
    """Assert that the cell failed with a usage error of `lines` lines that contains `fragment`."""
    assert cell.status == "error"
    text = cell.text("stderr")
    assert text.startswith("UsageError: ")
    assert fragment in text
    assert len(text.splitlines()) == lines
    assert not cell.outputs_of("error", "display_data")
    assert "Traceback" not in cell.text("stdout")


def test_a_missing_key_is_explained_in_two_lines(kernel: Kernel, server: Simulator) -> None:
    kernel.run(
        "import os; kept = dict(os.environ); del os.environ['DEEPSEEK_API_KEY'], os.environ['DEEPSEEK_BASE_URL']"
    )
    try:
        cell = kernel.run("%%deepseek\nWhy?")
    finally:
        kernel.run("os.environ.update(kept)")
    assert_usage_error(cell, "nbstream demo", lines=2)
    assert "DEEPSEEK_API_KEY" in cell.text("stderr")
    assert not server.log()


def test_a_retired_model_is_explained(kernel: Kernel) -> None:
    # Without DEEPSEEK_BASE_URL the server is DeepSeek's own. The error comes before any request.
    kernel.run("import os; kept = dict(os.environ); del os.environ['DEEPSEEK_BASE_URL']")
    try:
        cell = kernel.run("%%deepseek -m deepseek-reasoner\nWhy?")
    finally:
        kernel.run("os.environ.update(kept)")
    assert_usage_error(cell, "-m flash with --think", lines=1)


@pytest.mark.parametrize(
    "prompt",
    [
        r"\frac{1}{2} \n \\",
        "{'a': 1}",
        "100 % %s %(x)s %d",
        "$x $HOME {x} {{x}} {kernel}",
        "a lone } and {",
        "    leading spaces\n\tand a tab, and trailing  ",
        "\n\nempty lines\n\n",
        "what is it?",
        "!echo no\n%time\n%%bash\n?len",
        "naïve — 中文 🌊 \u2028 'quotes' \"\"\" '''",
    ],
)
def test_prompts_are_literal(kernel: Kernel, server: Simulator, prompt: str) -> None:
    kernel.run("x = 'expanded'")
    assert kernel.run(f"%%deepseek --no-think\n{prompt}").status == "ok"
    # The line break at the end of the cell is not part of the prompt.
    assert sent_prompt(server) == prompt.removesuffix("\n")


def test_options_reach_the_server(kernel: Kernel, server: Simulator) -> None:
    line = (
        """-m pro --no-think -s 'be "brief"' -t 0.5 --max-tokens 99 --stop END --stop "a b" --raw-body '{"seed": 1}'"""
    )
    cell = kernel.run(f"%%deepseek {line}\nWhy?")
    assert cell.status == "ok"
    body = server.log()[-1]["body"]
    assert body["messages"][0] == {"role": "system", "content": 'be "brief"'}
    assert (body["model"], body["thinking"]) == ("deepseek-v4-pro", {"type": "disabled"})
    assert (body["temperature"], body["max_tokens"], body["stop"], body["seed"]) == (0.5, 99, ["END", "a b"], 1)
    assert cell.text("stderr") == ""


def test_a_note_names_a_parameter_without_effect(kernel: Kernel, server: Simulator) -> None:
    cell = kernel.run("%%deepseek -t 0.5\nWhy?")
    assert cell.status == "ok"
    assert (
        cell.text("stderr")
        == "Note: --temperature has no effect while the model thinks; --no-think switches that off.\n"
    )
    assert server.log()[-1]["body"]["temperature"] == 0.5


def test_config_takes_effect(kernel: Kernel, server: Simulator) -> None:
    assert kernel.run('%config DeepSeekMagics.model = "pro"').status == "ok"
    try:
        kernel.run("%%deepseek\nWhy?")
        kernel.run("_ = nbstream.stream('Why?').result()")
    finally:
        kernel.run('%config DeepSeekMagics.model = "flash"')
    kernel.run("%%deepseek\nWhy?")
    assert [entry["model"] for entry in server.log()] == ["deepseek-v4-pro", "deepseek-v4-pro", "deepseek-flash"]


def test_help_on_the_magic_lists_its_options(kernel: Kernel) -> None:
    inspected = kernel.request("shell", "inspect_request", {"code": "%%deepseek", "cursor_pos": 10, "detail_level": 0})
    assert inspected["found"]
    asked = kernel.run("%%deepseek?").reply
    assert asked is not None
    for text in (inspected["data"]["text/plain"], asked["content"]["payload"][0]["data"]["text/plain"]):
        assert "--model" in text
        assert "-m" in text
        assert "--raw-body" in text


# The Python functions


def test_ask_displays_and_returns_the_reply(kernel: Kernel) -> None:
    cell = kernel.run("reply = nbstream.ask('What is a median?', thinking=False)")
    assert cell.status == "ok"
    status, answer = kernel.evaluate("[reply.status, reply.answer]")
    assert status == "complete"
    assert to_html(answer).strip() in settled_output(cell)["text/html"]


def test_a_usage_error_in_ask_is_one_line(kernel: Kernel, server: Simulator) -> None:
    cell = kernel.run("nbstream.ask('')")
    (error,) = cell.outputs_of("error")
    (line,) = error["content"]["traceback"]
    assert line.startswith("RequestError: The prompt is empty")
    assert not cell.outputs_of("display_data")
    assert not server.log()


def test_a_stream_can_be_awaited_in_a_cell(kernel: Kernel) -> None:
    cell = kernel.run("run = nbstream.stream('What is a median?')\nreply = await run\nprint(reply.status)")
    assert cell.text("stdout") == "complete\n"
    assert [message["msg_type"] for message in cell.outputs] == ["stream"]


def test_a_stream_can_be_iterated_in_a_cell(kernel: Kernel) -> None:
    code = (
        "run = nbstream.stream('[simulate: normal tokens=40 rate=300] What is a median?')\n"
        "events = [event async for event in run]\n"
        "print(type(events[0]).__name__, type(events[-1]).__name__)\n"
        "print(run.reply.answer == ''.join(event.text for event in events if type(event).__name__ == 'Answer'))\n"
    )
    assert kernel.run(code).text("stdout") == "Started Ended\nTrue\n"


def test_show_displays_the_last_reply_again(kernel: Kernel) -> None:
    kernel.run("%%deepseek\nWhat is a median?")
    cell = kernel.run("nbstream.show()")
    (shown,) = cell.outputs
    assert shown["msg_type"] == "display_data"
    assert set(shown["content"]["data"]) == SETTLED
    assert kernel.evaluate("nbstream.last.answer") in shown["content"]["data"]["text/markdown"]


@pytest.mark.parametrize(
    "wait",
    [
        "import concurrent.futures as f\nlist(f.as_completed([run.receiver.future for run in runs]))",
        "import time\ntime.sleep(60)",
        "import asyncio\nfor done in asyncio.as_completed(runs): await done",
    ],
)
def test_an_interrupted_cell_stops_the_runs_that_it_started(kernel: Kernel, server: Simulator, wait: str) -> None:
    kernel.run(f"%%deepseek --background\n[simulate: {SILENT}] Before")
    kernel.run(f"earlier = nbstream.stream('[simulate: {SILENT}] Earlier')")
    cell = kernel.send(f"runs = [nbstream.stream('[simulate: {SILENT}] Why?') for _ in range(2)]\n{wait}")
    kernel.until(lambda: [each["deltas_sent"] for each in server.log()] == [20] * 4, "the servers are silent")
    kernel.interrupt()
    kernel.finish(cell)
    kernel.until(lambda: kernel.evaluate("[run.done for run in runs]") == [True, True], "both runs are stopped")
    assert kernel.evaluate("[run.reply.status for run in runs]") == ["cancelled", "cancelled"]
    assert kernel.evaluate("earlier.done") is False

    def going_on() -> list[str]:
        return [str(entry["body"]) for entry in server.log() if entry["outcome"] is None]

    kernel.until(lambda: len(going_on()) == 2, "the server notices that two are stopped")
    assert not any("Why?" in body for body in going_on())
    kernel.run("%deepseek cancel")
