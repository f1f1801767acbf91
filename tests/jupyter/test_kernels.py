"""The magic and its functions on real ipykernels, from the oldest that is served to the newest: what a page is sent."""

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

#: The server falls silent in mid-reasoning, or before it has said anything, or goes on for longer than any test lasts.
SILENT = "silence after=20"
SAYS_NOTHING = "silence after=0"
ENDLESS = "normal tokens=20000 rate=100"


def begin(kernel: Kernel, server: Simulator, scenario: str, options: str = "") -> tuple[Cell, View]:
    """Start a cell and wait until the page shows what the scenario has to show before it is stopped."""
    cell = kernel.send(f"%%deepseek -o reply {options}\n[simulate: {scenario}] Why?")
    return cell, until_streaming(kernel, server, cell, scenario)


def until_streaming(kernel: Kernel, server: Simulator, cell: Cell, scenario: str) -> View:
    """Wait until the page shows what the scenario has to show before it is stopped."""
    kernel.until(lambda: cell.view and server.log() and server.log()[-1]["status"] == 200, "the cell streams")
    view = cell.view
    assert view is not None
    if scenario == SAYS_NOTHING:
        kernel.until(lambda: view.meta.get("status") == "waiting", "the page says that it waits")
    else:
        kernel.until(lambda: page_state.html_of(view.reasoning), "reasoning is shown")
    return view


def disconnected(kernel: Kernel, server: Simulator) -> None:
    """Wait until the server has seen that the client left."""
    kernel.until(lambda: server.log()[-1]["outcome"] is not None, "the server sees the end")
    assert server.log()[-1]["outcome"] == "disconnected"


def settled(cell: Cell) -> dict[str, str]:
    """Return the output that took the live view's place."""
    (shown,), (update,) = cell.of("display_data"), cell.of("update_display_data")
    assert update["content"]["transient"]["display_id"] == shown["content"]["transient"]["display_id"]
    data: dict[str, str] = update["content"]["data"]
    assert set(data) == SETTLED
    return data


def assert_partial_reply(kernel: Kernel, cell: Cell, scenario: str) -> None:
    """What arrived before the end is in Python, in VAR and in the output."""
    last = kernel.evaluate("[nbstream.last.status, nbstream.last.reasoning]")
    assert kernel.evaluate("[reply.status, reply.reasoning]") == last
    status, reasoning = last
    assert status == "cancelled"
    assert bool(reasoning) == (scenario != SAYS_NOTHING)
    html = settled(cell)["text/html"]
    assert "Stopped after" in html
    assert to_html(reasoning).strip() in html


def sent_prompt(server: Simulator) -> Any:
    """Return the prompt as the server received it."""
    return server.log()[-1]["body"]["messages"][-1]["content"]


# The live view.


def test_loading_the_extension_imports_nothing_heavy(kernel: Kernel) -> None:
    assert "nbstream.jupyter.magic" in kernel.imported_by_loading
    assert not {"openai", "markdown_it"} & kernel.imported_by_loading


def test_patches_arrive_while_the_cell_blocks(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, SILENT)
    assert view.numbers
    assert not cell.ended
    assert not cell.of("update_display_data")
    kernel.control(view, "cancel")
    kernel.finish(cell)


#: A view that is given its events one by one, after the reply has ended.
LATE_VIEW = """
from nbstream.model.presentation import Presentation
from nbstream.model.reply import Reply, reduce
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
def test_patches_build_exactly_the_reply_front_to_back(kernel: Kernel, code: str) -> None:
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


def test_the_settled_output_takes_the_views_place(kernel: Kernel) -> None:
    cell = kernel.run("%%deepseek -o reply\nWhat is a median?")
    (shown,) = cell.of("display_data")
    assert set(shown["content"]["data"]) == {VIEW_MIME, "text/plain"}
    data = settled(cell)
    answer, reasoning = kernel.evaluate("[reply.answer, reply.reasoning]")
    assert answer in data["text/markdown"]
    assert to_html(answer).strip() in data["text/html"]
    assert to_html(reasoning).strip() in data["text/html"]
    assert not cell.of("stream", "execute_result", "error")


def test_without_a_page_nothing_of_the_widget_is_left(kernel: Kernel) -> None:
    before = set(kernel.open_comms)
    cell = kernel.run("%%deepseek\nWhat is a median?")
    view = cell.view
    assert view is not None
    assert view.closed
    assert kernel.open_comms == before


def test_neither_prompt_nor_key_leaves_the_kernel_but_to_the_server(kernel: Kernel, server: Simulator) -> None:
    kernel.run(f"%%deepseek -s {CANARY_PROMPT}\n{CANARY_PROMPT}")
    assert sent_prompt(server) == CANARY_PROMPT
    assert server.log()[-1]["key_digest"]
    said = [message for message in kernel.messages if message["msg_type"] != "execute_input"]
    assert any(message["msg_type"] == "comm_open" for message in said)
    text = json.dumps(said, default=str)
    assert CANARY_PROMPT not in text
    assert CANARY_KEY not in text


def test_a_page_that_drew_the_view_keeps_it_until_the_view_is_gone(kernel: Kernel, server: Simulator) -> None:
    before = set(kernel.open_comms)
    cell, view = begin(kernel, server, SILENT)
    assert kernel.control(view, "hello", seq=0) == {"status": "ok", "known": True}
    # It has missed frames, so it is given the whole.
    kernel.until(lambda: view.keyframes and view.keyframes[-1]["seq"] > 0, "a keyframe comes")
    assert page_state.html_of(view.keyframes[-1]["reasoning"]) == page_state.html_of(view.reasoning)
    kernel.control(view, "cancel")
    kernel.finish(cell)
    assert not view.closed
    # A page that comes only now asks for the whole: of the widget, or by its own word.
    count = len(view.keyframes)
    kernel.comm(view, "hello", seq=0, page="late")
    kernel.until(lambda: len(view.keyframes) > count, "it is given the whole")
    assert view.keyframes[-1]["meta"]["status"] == "cancelled"
    assert page_state.html_of(view.keyframes[-1]["reasoning"]) == page_state.html_of(view.reasoning)
    kernel.comm(view, "unmounted")
    # Of what earlier tests left, some may have been let go as well.
    kernel.until(lambda: view.closed and kernel.open_comms <= before, "the widget is closed, and all that it had")
    assert kernel.control(view, "cancel") == {"status": "ok", "known": False}


def test_a_page_that_the_output_does_not_come_to_is_given_it(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, SILENT)
    kernel.control(view, "hello", seq=0, page="one")
    kernel.control(view, "mounted", page="one")
    # It was reloaded, and a second tab was opened.
    for page in ("one again", "two"):
        kernel.control(view, "hello", seq=0, page=page)
        kernel.control(view, "mounted", page=page)
    kernel.control(view, "cancel", page="two")
    kernel.finish(cell)
    kernel.comm(view, "settle", page="two")
    kernel.until(lambda: view.settled, "the settled output comes by the widget")
    (message,) = view.settled
    (update,) = cell.of("update_display_data")
    assert message["data"] == update["content"]["data"]
    assert message["metadata"] == update["content"]["metadata"]
    assert message["model_id"] == view.comm_id
    kernel.comm(view, "unmounted", page="two")
    kernel.comm(view, "settle", page="one again")
    kernel.until(lambda: len(view.settled) == 2, "the other page is given it as well")
    kernel.comm(view, "unmounted", page="one again")
    kernel.comm(view, "unmounted", page="one")
    kernel.until(lambda: view.closed, "the widget is closed when no page draws it")


def test_what_no_page_has_on_its_screen_is_sent_less_often_and_in_whole(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, ENDLESS)

    def length() -> int:
        return len(page_state.html_of(view.reasoning)) + len(page_state.html_of(view.answer))

    def patches(characters: int) -> int:
        """Return how many patches so many more characters came in."""
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
    # The same by the comm, late; and what no page of ours says.
    for seq in (1, "three", None):
        kernel.control(view, "visibility", page="one", visible=False, seq=seq)
    patches(100)
    assert patches(500) > 2 * unseen
    # It ends out of sight.
    kernel.control(view, "visibility", page="one", visible=False, seq=3)
    patches(300)
    kernel.control(view, "cancel")
    kernel.finish(cell)
    assert_partial_reply(kernel, cell, ENDLESS)
    assert view.meta["status"] == "cancelled"
    assert page_state.html_of(view.answer) == to_html(kernel.evaluate("reply.answer"))


def test_a_reply_that_no_page_shows_is_told_of_once(kernel: Kernel, server: Simulator) -> None:
    kernel.run("from nbstream.widgets import kept_views")
    kernel.run("within, kept_views._ASKS_WITHIN_SECONDS = kept_views._ASKS_WITHIN_SECONDS, 0")
    cell, view = begin(kernel, server, SILENT)
    kernel.control(view, "hello", seq=0, page="one")
    kernel.control(view, "mounted", page="one")
    kernel.control(view, "cancel", page="one")
    kernel.finish(cell)
    # A page that was only closed shows it when it is opened: nothing has been lost as far as can be told.
    assert kernel.run("%%deepseek\nWhy?").text("stderr") == ""
    kernel.comm(view, "hello", seq=0, page="one again")
    told = kernel.run("%%deepseek\nWhy?").text("stderr")
    assert told == (
        "Note: the page was reloaded while a reply arrived and may not show it. %deepseek show 3 shows it again.\n"
    )
    assert kernel.run("%%deepseek\nWhy?").text("stderr") == ""
    assert "Stopped after" in kernel.run("%deepseek show 4").of("display_data")[0]["content"]["data"]["text/html"]
    kernel.run("kept_views._ASKS_WITHIN_SECONDS = within")


def test_widgets_do_not_pile_up(kernel: Kernel, server: Simulator) -> None:
    for _ in range(12):
        cell, view = begin(kernel, server, SILENT)
        kernel.control(view, "mounted", page="closed for ever")
        kernel.control(view, "cancel", page="closed for ever")
        kernel.finish(cell)
    assert len(kernel.open_comms) == 2 * 8  # each with its layout


def test_nobody_watches(kernel: Kernel) -> None:
    for options in ("", "--background"):
        kernel.forget()
        cell = kernel.run(f"%%deepseek {options}\nWhat is a median?", watched=False)
        assert cell.status == "ok"
        (shown,) = cell.outputs
        assert shown["msg_type"] == "display_data"
        assert set(shown["content"]["data"]) == SETTLED
        assert not [message for message in kernel.messages if message["msg_type"].startswith("comm_")]


# Stop.


@pytest.mark.parametrize("scenario", [SILENT, SAYS_NOTHING, ENDLESS])
def test_stop_by_control_message(kernel: Kernel, server: Simulator, scenario: str) -> None:
    cell, view = begin(kernel, server, scenario)
    following = kernel.send("print('next')")
    assert not cell.ended
    assert kernel.control(view, "cancel") == {"status": "ok", "known": True}
    disconnected(kernel, server)
    kernel.finish(cell)
    assert cell.status == "ok"
    assert view.acknowledged
    assert view.meta["status"] == "cancelled"
    assert_partial_reply(kernel, cell, scenario)
    assert kernel.finish(following).text("stdout") == "next\n"


@pytest.mark.parametrize("shell", ["main", "subshell"])
@pytest.mark.parametrize("scenario", [SILENT, SAYS_NOTHING, ENDLESS])
def test_stop_by_comm(kernel: Kernel, server: Simulator, scenario: str, shell: str) -> None:
    # On the main shell a message waits for the end of the cell, as on front ends that know neither subshells nor the
    # control channel: it is read while it waits.
    subshell = kernel.subshell() if shell == "subshell" else None
    if shell == "subshell" and subshell is None:
        pytest.skip("this kernel has none")
    cell, view = begin(kernel, server, scenario)
    following = kernel.send("print('next')")
    kernel.comm(view, "cancel", subshell=subshell)
    disconnected(kernel, server)
    kernel.finish(cell)
    assert cell.status == "ok"
    assert view.acknowledged
    assert_partial_reply(kernel, cell, scenario)
    assert kernel.finish(following).text("stdout") == "next\n"


def test_a_stop_by_comm_that_comes_too_late_does_no_harm(kernel: Kernel) -> None:
    cell = kernel.send("%%deepseek -o reply\n[simulate: normal tokens=30 rate=200] Why?")
    kernel.until(lambda: cell.view, "the view is there")
    view = cell.view
    assert view is not None
    following = kernel.send("%%deepseek -o after\nWhat is a median?")
    kernel.finish(cell)
    # On the main shell it waits for its turn; by then the run is over, and the widget perhaps closed.
    kernel.comm(view, "cancel")
    assert kernel.control(view, "cancel")["status"] == "ok"
    assert kernel.finish(following).status == "ok"
    assert kernel.evaluate("[reply.status, after.status]") == ["complete", "complete"]
    assert kernel.run("print('still here')").text("stdout") == "still here\n"


@pytest.mark.parametrize("retry_after", ["", " retry-after=30"])
def test_attempts_are_shown_while_they_happen_and_can_be_stopped(
    kernel: Kernel, server: Simulator, retry_after: str
) -> None:
    cell = kernel.send(f"%%deepseek -o reply\n[simulate: 429{retry_after}] Why, at all?")
    kernel.until(
        lambda: cell.view and cell.view.meta.get("label", "").startswith("Attempt 1 of 3 failed"), "it is shown"
    )
    view = cell.view
    assert view is not None
    assert "429" in view.meta["note"]
    assert "Next attempt in" in view.meta["note"]
    assert kernel.control(view, "cancel") == {"status": "ok", "known": True}
    kernel.finish(cell)
    assert cell.status == "ok"
    assert kernel.evaluate("reply.status") == "cancelled"
    assert "Stopped after" in settled(cell)["text/html"]
    assert len(server.log()) < 3


# ■.


@pytest.mark.parametrize("scenario", [SILENT, SAYS_NOTHING, ENDLESS])
def test_interrupt(kernel: Kernel, server: Simulator, scenario: str) -> None:
    cell = kernel.send(f"%%deepseek -o reply\n[simulate: {scenario}] Why?")
    # As Run All sends it: one sent beside the signal may reach the kernel after it, and is then rightly run.
    following = kernel.send("print('next')")
    until_streaming(kernel, server, cell, scenario)
    kernel.interrupt()
    disconnected(kernel, server)
    kernel.finish(cell)
    assert cell.reply is not None
    assert cell.status == "error"
    assert cell.reply["content"]["ename"] == "KeyboardInterrupt"
    (error,) = cell.of("error")
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
def test_interrupt_in_an_async_cell(kernel: Kernel, server: Simulator, code: str) -> None:
    cell = kernel.send(code.format("[simulate: silence after=5] Why?"))
    kernel.until(lambda: server.log() and server.log()[-1]["deltas_sent"] == 5, "the run is silent")
    kernel.interrupt()
    disconnected(kernel, server)
    assert kernel.finish(cell).status == "error"
    assert kernel.evaluate("nbstream.last.status") == "cancelled"
    assert kernel.run("print('again')").text("stdout") == "again\n"


# In the background.


def test_background_run_updates_the_output_of_its_own_cell(kernel: Kernel) -> None:
    cell = kernel.run("%%deepseek --background -o reply\n[simulate: normal tokens=30 rate=400] What is a median?")
    assert cell.status == "ok"
    view = cell.view
    assert view is not None
    kernel.until(lambda: view.meta, "the page is told")
    assert not view.meta["foreground"]
    other = kernel.run("print('mine')")
    assert other.text("stdout") == "mine\n"
    assert len(other.of("stream")) == len(other.outputs)
    (shown,) = cell.of("display_data")

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
    # ipykernel 6 names the current cell as the parent of what a thread sends, but an update adds nothing to that cell.
    assert not other.of("display_data", "execute_result", "error")


def test_background_run_is_stopped_while_another_cell_computes(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, SILENT, "--background")
    kernel.finish(cell)
    assert cell.status == "ok"
    assert server.log()[-1]["outcome"] is None
    # It ends only when the run does.
    computing = kernel.send("print('computing')\nwhile nbstream.last.status != 'cancelled': pass\nprint('ended')")
    kernel.until(lambda: computing.text("stdout"), "the other cell computes")
    assert kernel.control(view, "cancel") == {"status": "ok", "known": True}
    disconnected(kernel, server)
    kernel.finish(computing)
    assert computing.status == "ok"
    kernel.until(lambda: view.meta["status"] == "cancelled", "the page says that it was stopped")
    assert computing.text("stdout") == "computing\nended\n"
    kernel.until(lambda: kernel.evaluate("reply.status") == "cancelled", "the variable holds the reply")


def test_interrupt_of_another_cell_leaves_a_background_run_alone(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, SILENT, "--background")
    kernel.finish(cell)
    computing = kernel.send("print('computing')\nwhile True: pass")
    kernel.until(lambda: computing.text("stdout"), "the other cell computes")
    kernel.interrupt()
    assert kernel.finish(computing).status == "error"
    assert kernel.evaluate("nbstream.last.status") == "reasoning"
    assert server.log()[-1]["outcome"] is None
    kernel.control(view, "cancel")
    disconnected(kernel, server)
    kernel.until(lambda: view.meta["status"] == "cancelled", "the page says that it was stopped")


# What is sent, and what is refused.


@pytest.mark.parametrize(
    ("line", "prompt", "said"),
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
def test_a_mistake_is_one_clear_line(kernel: Kernel, server: Simulator, line: str, prompt: str, said: str) -> None:
    cell = kernel.run(f"%%deepseek {line}\n{prompt}")
    assert_usage_error(cell, said, lines=1)
    assert not server.log()


def assert_usage_error(cell: Cell, said: str, *, lines: int) -> None:
    assert cell.status == "error"
    text = cell.text("stderr")
    assert text.startswith("UsageError: ")
    assert said in text
    assert len(text.splitlines()) == lines
    assert not cell.of("error", "display_data")
    assert "Traceback" not in cell.text("stdout")


def test_without_a_key_two_lines_say_what_to_do(kernel: Kernel, server: Simulator) -> None:
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
    # DeepSeek itself is named, but nothing is sent.
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
    # The line break that ends the cell is the editor's.
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


def test_a_parameter_without_effect_is_noted(kernel: Kernel, server: Simulator) -> None:
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


def test_the_magic_documents_itself(kernel: Kernel) -> None:
    inspected = kernel.request("shell", "inspect_request", {"code": "%%deepseek", "cursor_pos": 10, "detail_level": 0})
    assert inspected["found"]
    asked = kernel.run("%%deepseek?").reply
    assert asked is not None
    for text in (inspected["data"]["text/plain"], asked["content"]["payload"][0]["data"]["text/plain"]):
        assert "--model" in text
        assert "-m" in text
        assert "--raw-body" in text


# The functions.


def test_ask_shows_and_returns(kernel: Kernel) -> None:
    cell = kernel.run("reply = nbstream.ask('What is a median?', thinking=False)")
    assert cell.status == "ok"
    status, answer = kernel.evaluate("[reply.status, reply.answer]")
    assert status == "complete"
    assert to_html(answer).strip() in settled(cell)["text/html"]


def test_a_mistake_in_ask_is_one_line(kernel: Kernel, server: Simulator) -> None:
    cell = kernel.run("nbstream.ask('')")
    (error,) = cell.of("error")
    (line,) = error["content"]["traceback"]
    assert line.startswith("RequestError: The prompt is empty")
    assert not cell.of("display_data")
    assert not server.log()


def test_stream_is_awaited_in_a_cell(kernel: Kernel) -> None:
    cell = kernel.run("run = nbstream.stream('What is a median?')\nreply = await run\nprint(reply.status)")
    assert cell.text("stdout") == "complete\n"
    assert [message["msg_type"] for message in cell.outputs] == ["stream"]


def test_stream_is_iterated_in_a_cell(kernel: Kernel) -> None:
    code = (
        "run = nbstream.stream('[simulate: normal tokens=40 rate=300] What is a median?')\n"
        "events = [event async for event in run]\n"
        "print(type(events[0]).__name__, type(events[-1]).__name__)\n"
        "print(run.reply.answer == ''.join(event.text for event in events if type(event).__name__ == 'Answer'))\n"
    )
    assert kernel.run(code).text("stdout") == "Started Ended\nTrue\n"


def test_show_brings_the_last_reply_back(kernel: Kernel) -> None:
    kernel.run("%%deepseek\nWhat is a median?")
    cell = kernel.run("nbstream.show()")
    (shown,) = cell.outputs
    assert shown["msg_type"] == "display_data"
    assert set(shown["content"]["data"]) == SETTLED
    assert kernel.evaluate("nbstream.last.answer") in shown["content"]["data"]["text/markdown"]
