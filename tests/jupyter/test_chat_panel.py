"""The chat panel in real kernels: idle and busy, with cells that use the same chat."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests import kernels
from tests.jupyter.panel_page import PanelPage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.usefixtures("widgets_are_closed"),
    pytest.mark.parametrize("shared_kernel", [kernels.NAMES[0], kernels.NEWEST], indirect=True),
]

#: A cell that keeps the main thread busy until there is a file. It sleeps, so other threads run.
BUSY = "import time, pathlib\nwhile not pathlib.Path({!r}).exists():\n    time.sleep(0.01)"


def shown(kernel: Kernel, name: str, arguments: str = "", before: str = "") -> PanelPage:
    """Show a panel of a chat of this name, which is new."""
    code = f"import nbstream\n{before}\n{name}_panel = nbstream.ChatPanel({name!r}{arguments})\n{name}_panel"
    cell = kernel.run(code)
    assert cell.status == "ok", cell.outputs
    page = PanelPage(kernel, cell)
    page.control("hello", seq=page.keyframe.get("seq", 0))
    return page


@pytest.fixture
def busy(kernel: Kernel, tmp_path: Path) -> Iterator[Busy]:
    """Run a cell that keeps the kernel busy until `finish` ends it."""
    running = Busy(kernel, tmp_path / "done")
    yield running
    running.finish()


class Busy:
    def __init__(self, kernel: Kernel, done: Path) -> None:
        self._kernel = kernel
        self._done = done

    def begin(self, **metadata: str) -> Cell:
        self.cell = self._kernel.send(BUSY.format(str(self._done)), metadata=metadata)
        self._kernel.until(lambda: self.cell.begun, "the cell runs")
        return self.cell

    def finish(self) -> None:
        self._done.touch()
        self._kernel.finish(self.cell)


def settled(page: PanelPage, count: int) -> dict[str, Any]:
    return page.until(lambda own: own["count"] == count and not own["arriving"], f"{count} turns have ended")


def bodies(server: Simulator) -> list[dict[str, Any]]:
    return [entry["body"] for entry in server.log() if entry["method"] == "POST"]


def test_cells_and_the_panel_ask_in_one_chat(kernel: Kernel, server: Simulator) -> None:
    page = shown(kernel, "one")
    page.both("send", text="[simulate: echo] from the panel")
    settled(page, 1)
    assert "from the panel" in page.answer_of(page.rows[0])
    assert page.meta_of(page.rows[0])["status"] == "complete"
    cell = kernel.run("%%deepseek -c one\n[simulate: echo] from a cell")
    assert cell.status == "ok"
    settled(page, 2)
    assert "from a cell" in page.answer_of(page.rows[1])
    assert [row["origin"] for row in page.rows] == ["panel", "code"]
    # The panel's message came on two channels, and was acted upon once.
    texts = [each["content"] for each in bodies(server)[-1]["messages"] if each["role"] == "user"]
    assert texts == ["[simulate: echo] from the panel", "[simulate: echo] from a cell"]
    assert page.gaps == 0
    assert "one" not in " ".join(page.meta_of(page.rows[1])["footer"])


def test_a_turn_of_the_panel_belongs_to_no_cell(kernel: Kernel, server: Simulator, busy: Busy) -> None:
    page = shown(kernel, "placed")
    cell = busy.begin(cellId="busy-cell")
    page.control("send", text="[simulate: echo] x")
    settled(page, 1)
    assert not cell.ended
    busy.finish()
    assert kernel.evaluate("[turn.state.place for turn in nbstream.Chat('placed').turns]") == [None]


def test_send_stop_queue_and_edit_while_a_cell_keeps_the_kernel_busy(
    kernel: Kernel, server: Simulator, busy: Busy
) -> None:
    page = shown(kernel, "busy")
    cell = busy.begin()
    page.until(lambda own: own["kernel_busy"], "the panel knows that the kernel is busy")
    page.both("send", text="[simulate: echo] one")
    settled(page, 1)
    assert "one" in page.answer_of(page.rows[0])
    page.both("send", text="[simulate: silence after=3] two")
    page.until(lambda own: own["arriving"], "the second reply arrives")
    page.both("send", text="[simulate: echo] three")
    page.until(lambda own: own["queued"], "the third prompt is queued")
    page.both("stop")
    own = page.until(lambda own: own["queued"] and own["queued"]["held"], "the third prompt is held")
    page.both("send_queued", queued=own["queued"]["id"])
    settled(page, 3)
    page.both("edit", row=page.rows[1]["key"], part="prompt", text="[simulate: echo] TWO")
    settled(page, 2)
    assert "TWO" in page.answer_of(page.rows[1])
    page.both("version", row=page.rows[1]["key"], version=1)
    settled(page, 3)
    assert not cell.ended
    busy.finish()
    # Nothing of it is in the output of the cell, and what waited on the comm is not done again.
    assert cell.outputs == []
    assert kernel.evaluate("len(nbstream.Chat('busy').turns)") == 3
    page.until(lambda own: not own["kernel_busy"], "the panel knows that the kernel is free")


def test_interrupting_another_cell_does_not_stop_the_panels_reply(
    kernel: Kernel, server: Simulator, busy: Busy
) -> None:
    page = shown(kernel, "spared")
    cell = busy.begin()
    page.control("send", text="[simulate: normal tokens=60 rate=60] x")
    page.until(lambda own: own["arriving"], "the reply arrives")
    kernel.interrupt()
    kernel.finish(cell)
    assert cell.status == "error"
    settled(page, 1)
    assert page.meta_of(page.rows[0])["status"] == "complete"


def test_the_static_transcript_is_renewed_when_a_reply_has_ended(kernel: Kernel, server: Simulator) -> None:
    page = shown(kernel, "file")
    (transcript,) = [
        message["content"]["transient"]["display_id"]
        for message in kernel.messages
        if message["msg_type"] == "display_data" and "nbstream-transcript" in str(message["content"]["data"])
    ]

    def updates() -> list[dict[str, str]]:
        return [
            message["content"]["data"]
            for message in kernel.messages
            if message["msg_type"] == "update_display_data"
            and message["content"]["transient"]["display_id"] == transcript
        ]

    page.control("send", text="[simulate: echo] kept")
    settled(page, 1)
    kernel.until(lambda: any("Turn 1" in each["text/html"] and "kept" in each["text/html"] for each in updates()), "x")
    assert "## Turn 1" in updates()[-1]["text/markdown"]
    page.control("edit", row=page.rows[0]["key"], part="answer", text="my *own*")
    kernel.until(lambda: "<em>own</em>" in updates()[-1]["text/html"], "the transcript has the new answer")
    # Not one for each token.
    assert len(updates()) <= 4


def test_a_page_that_comes_late_has_the_whole_state(kernel: Kernel, server: Simulator) -> None:
    page = shown(kernel, "late", ", suggestions=['Why?'], templates={'e': 'Explain {{ x }}'}")
    page.control("send", text="[simulate: echo] one")
    settled(page, 1)
    page.control("draft", text="half a thou")
    page.control("send", text="[simulate: silence after=3] two")
    page.until(lambda own: own["arriving"], "the second reply arrives")
    page.control("draft", text="half a thought")
    page.until(lambda own: own["draft"]["text"] == "half a thought", "a frame has the draft")
    asked = kernel.post("shell", "comm_msg", {"comm_id": page.model, "data": {"method": "request_state"}})

    def keyframes() -> list[Any]:
        # JupyterLab takes no other answer.
        return [
            message["content"]["data"]["state"]["keyframe"]
            for message in kernel.messages
            if message["msg_type"] == "comm_msg" and message["parent_header"].get("msg_id") == asked
        ]

    kernel.until(keyframes, "a keyframe arrives")
    keyframe = keyframes()[-1]
    own = keyframe["own"]
    assert own["draft"]["text"] == "half a thought"
    assert (own["suggestions"], [each["name"] for each in own["templates"]]) == (["Why?"], ["e"])
    assert [row["reply"] for row in own["rows"]] == [*keyframe["replies"]]
    page.control("stop")
    settled(page, 2)


def test_a_tool_asks_in_the_panel_and_runs_when_the_kernel_is_free(
    kernel: Kernel, server: Simulator, busy: Busy
) -> None:
    setup = (
        "import threading\n@nbstream.tool\ndef where(city: str) -> str:\n"
        "    'Tell where a city lies.'\n"
        "    print('looking')\n"
        "    return f'{city} {threading.current_thread() is threading.main_thread()}'\n"
        "nbstream.Chat('tools', tools=[where], thinking=False)"
    )
    page = shown(kernel, "tools", before=setup)
    cell = busy.begin()
    page.control("send", text="[simulate: tool-call tokens=5] Where?")
    kernel.until(lambda: page.rows and page.cards_of(page.rows[0]), "the card is shown")
    kernel.until(lambda: page.cards_of(page.rows[0])[0]["state"] == "asking", "the call is asked for")
    row = page.rows[0]
    page.control("asked", reply=row["reply"], call="0.0")
    answer = page.control("decide", reply=row["reply"], call="0.0", asked=1, action="allow", reason="")
    assert answer["decider"] == page.name
    own = page.until(lambda own: own["waiting"], "the tool waits for the kernel")
    assert own["waiting"]["row"] == row["key"]
    assert "busy" in own["waiting"]["text"]
    busy.finish()
    settled(page, 1)
    assert page.own["waiting"] is None
    outcome = "nbstream.Chat('tools').turns[0].reply.steps[0].tool_calls[0].outcome.content"
    assert kernel.evaluate(outcome).endswith(" True")
    assert cell.text("stdout") == ""


def test_what_a_cell_waits_for_is_decided_in_the_panel(kernel: Kernel, server: Simulator) -> None:
    setup = "@nbstream.tool\ndef here(city: str) -> str:\n    'Tell.'\n    return city"
    page = shown(kernel, "both", before=setup)
    cell = kernel.send("%%deepseek -c both --no-think -T here\n[simulate: tool-call tokens=5] Where?")
    kernel.until(lambda: page.rows and page.cards_of(page.rows[0]), "the card is shown in the panel")
    row = page.rows[0]
    kernel.until(lambda: page.cards_of(row)[0]["state"] == "asking", "the call is asked for")
    page.control("asked", reply=row["reply"], call="0.0")
    page.control("decide", reply=row["reply"], call="0.0", asked=1, action="allow", reason="")
    kernel.finish(cell)
    settled(page, 1)
    assert kernel.evaluate("nbstream.last.status") == "complete"
    assert kernel.evaluate("nbstream.last.steps[0].tool_calls[0].decided_by") == "user"


def test_two_panels_show_one_chat(kernel: Kernel, server: Simulator) -> None:
    first = shown(kernel, "twice")
    second = PanelPage(kernel, kernel.run("second = nbstream.ChatPanel('twice')\nsecond"))
    first.control("send", text="[simulate: echo] a")
    settled(first, 1)
    settled(second, 1)
    second.control("send", text="[simulate: echo] b")
    settled(first, 2)
    kernel.until(lambda: "b" in first.answer_of(first.rows[1]), "the first panel shows the second reply")
    kernel.run("second.close()")
    first.control("send", text="[simulate: echo] c")
    settled(first, 3)
    assert "c" in first.answer_of(first.rows[2])


def test_a_panel_without_a_name_belongs_to_its_cell(kernel: Kernel, server: Simulator) -> None:
    def run(cell: str) -> list[str]:
        sent = kernel.send("import nbstream\nnbstream.ChatPanel().chat.name", metadata={"cellId": cell})
        found = kernel.finish(sent).outputs_of("execute_result")
        return [json.loads(each["content"]["data"]["text/plain"].replace("'", '"')) for each in found]

    first, second, again = run("cell-a"), run("cell-b"), run("cell-a")
    assert first == again != second
    kernel.run("%deepseek chat usual")
    assert run("cell-a") == ["usual"]
    kernel.run("%deepseek chat off")


def test_a_chat_of_500_turns_has_a_small_state(kernel: Kernel, server: Simulator, tmp_path: Path) -> None:
    setup = (
        "from nbstream.chat.turn import TurnState, Version\n"
        "from nbstream.model.events import Answer, Ended, Started\n"
        "from nbstream.model.reduction import reduce\n"
        "from nbstream.model.reply import Reply\n"
        "from nbstream.model.request import Request\n"
        "states, after = [], frozenset()\n"
        "for number in range(500):\n"
        "    reply = reduce(Reply(), Started(0, Request('m')))\n"
        "    text = f'Answer {number}. ' + 'word ' * 300\n"
        "    for event in (Answer(1, text), Ended(2, 'served')):\n"
        "        reply = reduce(reply, event)\n"
        "    version = Version(({'role': 'user', 'content': f'Prompt {number}'},), reply, after)\n"
        "    states.append(TurnState((version,), 0)); after |= {version.number}\n"
        "nbstream.Chat('long')._turns.replace(states, None, 'made')"
    )
    page = shown(kernel, "long", before=setup)
    own = page.until(lambda own: own["rows"] and all(page.answer_of(row) for row in own["rows"]), "rows are shown")
    assert (own["count"], own["first"]) == (500, 470)
    size = kernel.evaluate("len(str(long_panel.get_state('keyframe')))")
    assert size < 150_000
    transcript = kernel.evaluate("long_panel._bundle()[0]")
    assert len(transcript["text/html"]) < 200_000
    assert "Prompt 499" in transcript["text/html"]
    assert ".markdown() gives them" in transcript["text/html"]
    assert all(f"Prompt {number}" in transcript["text/markdown"] for number in (0, 499))
    page.control("window", first=100)
    own = page.until(lambda own: own["first"] == 100, "earlier turns are shown")
    assert [row["number"] for row in own["rows"]] == list(range(101, 131))
    kernel.until(lambda: "Answer 100." in page.answer_of(own["rows"][0]), "an early answer is shown")
    assert kernel.evaluate("len(str(long_panel.get_state('keyframe')))") < 150_000
    assert len(page.keyframe["replies"]) == 30
    page.control("send", text="[simulate: echo] last")
    own = settled(page, 501)
    assert own["rows"][-1]["number"] == 501


def test_a_panel_that_no_page_shows_costs_nothing(kernel: Kernel, server: Simulator, busy: Busy) -> None:
    def updates() -> list[Any]:
        return [message for message in kernel.messages if message["msg_type"] == "update_display_data"]

    ask = "%%deepseek -c gone\n[simulate: echo] {}"

    def run(code: str) -> Cell:
        return kernel.finish(kernel.send(code, metadata={"cellId": "gone"}))

    cell = run("import nbstream\npanel = nbstream.ChatPanel('gone')\npanel")
    page = PanelPage(kernel, cell)
    page.control("hello", seq=0)
    page.control("mounted")
    page.control("unmounted")
    settled(page, 0)
    frames = page.frames
    kernel.run(ask.format("unseen"))
    # The file has the turn all the same, as long as the cell shows it.
    kernel.until(lambda: any("unseen" in str(each["content"]) for each in updates()), "the transcript is renewed")
    assert (page.own["count"], page.frames) == (0, frames)
    # The page is loaded again, while a cell runs: it has an old state, and gets all.
    busy.begin()
    again = PanelPage(kernel, cell)
    again.control("hello", seq=0)
    again.control("mounted")
    settled(again, 1)
    busy.finish()
    # The cell makes another panel: the old one rests.
    again.control("unmounted")
    run("old, panel = panel, nbstream.ChatPanel('gone')\npanel")
    assert kernel.evaluate("old._is_asleep")
    assert not kernel.evaluate("panel._is_asleep")
    kernel.run(ask.format("unheard"))
    kernel.until(lambda: not kernel.evaluate("old._pump.is_running"), "its thread ends")
    assert again.own["count"] == 1


def test_without_a_page_only_the_transcript_is_shown(kernel: Kernel, server: Simulator) -> None:
    code = "nbstream.Chat('quiet', thinking=False).stream('[simulate: echo] x').result()\nnbstream.ChatPanel('quiet')"
    cell = kernel.run(f"import nbstream\n{code}", allow_stdin=False)
    (output,) = cell.outputs_of("display_data", "execute_result")
    assert {*output["content"]["data"]} == {"text/html", "text/markdown", "text/plain"}
    assert "Turn 1" in output["content"]["data"]["text/html"]


def test_a_panel_that_is_closed_stops_nothing(kernel: Kernel, server: Simulator) -> None:
    page = shown(kernel, "closed")
    page.control("send", text="[simulate: normal tokens=30 rate=100] x")
    page.until(lambda own: own["arriving"], "the reply arrives")
    kernel.run("closed_panel.close()")
    kernel.until(lambda: kernel.evaluate("nbstream.Chat('closed').turns[0].reply.ended"), "the reply ends")
    assert kernel.evaluate("nbstream.Chat('closed').turns[0].reply.status") == "complete"


def test_comm_alone_is_enough_while_the_kernel_is_idle(kernel: Kernel, server: Simulator) -> None:
    page = shown(kernel, "comm")
    number = page.comm("send", text="[simulate: echo] x")
    settled(page, 1)
    assert number in page.answers
    wrong = page.comm("send", text=" ")
    kernel.until(lambda: (page.own, wrong in page.answers)[1], "the answer arrives")
    assert "empty" in page.answers[wrong]["problem"]


def test_half_a_character_ends_no_panel(kernel: Kernel, server: Simulator) -> None:
    before = "nbstream.Chat('half', system='a \\ud800 b', thinking=False)"
    page = shown(kernel, "half", before=before)
    assert page.own["system"] == "a \ufffd b"
    kernel.run("half_panel._on_page({'type': 'draft', 'text': '\\ud83d'})")
    page.until(lambda own: own["draft"]["text"] == "\ufffd", "the draft is shown")
    kernel.run("half_panel._on_page({'type': 'send', 'text': '[simulate: echo] \\ud83d\\ude00 \\ud800'})")
    settled(page, 1)
    assert page.rows[0]["prompt"] == "[simulate: echo] \U0001f600 \ufffd"
    assert page.control("text", row=page.rows[0]["key"], part="cell")["text"].endswith(" \ufffd")


def test_the_command_shows_the_panel_of_a_chat(kernel: Kernel, server: Simulator) -> None:
    cell = kernel.run("%deepseek panel named")
    page = PanelPage(kernel, cell)
    assert page.own["chat"] == "named"
