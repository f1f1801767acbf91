"""`nbstream.ReplyView` in real kernels: what its page gets, and what its page does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import kernels
from tests.jupyter.conftest import CANARY_KEY
from tests.jupyter.instruments import InstrumentPage

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel, Message

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("widgets_are_closed")]

#: A cell that keeps the kernel busy until the next control message of the test.
BUSY = "import threading; gate = threading.Event(); gate.wait(20)"


def shown(kernel: Kernel, prompt: str) -> tuple[InstrumentPage, Cell]:
    cell = kernel.run(f"view = nbstream.ReplyView(nbstream.stream({prompt!r}, thinking=False))\nview")
    assert cell.status == "ok", cell.reply
    return InstrumentPage(kernel, cell), cell


def test_a_live_reply_reaches_its_page_and_its_traits(kernel: Kernel) -> None:
    page, cell = shown(kernel, "View of a reply [simulate: normal tokens=200 rate=400]")
    page.until("complete")
    kernel.until(lambda: kernel.evaluate("view.status") == "complete", "the trait follows")
    assert kernel.evaluate("[view.answer == view.value == view.reply.answer, view.usage['completion_tokens'] > 0]") == [
        True,
        True,
    ]
    kernel.until(lambda: page.traits["status"] == "complete", "the page has the status")
    assert page.traits["value"] == kernel.evaluate("view.answer")
    assert "answer" not in page.traits
    assert page.reply()["meta"]["footer"]  # type: ignore[index]
    assert CANARY_KEY not in str(kernel.messages)
    # Below the view stands what stays in the file; it is renewed when the reply has ended.
    live, static = cell.outputs_of("display_data")
    assert "text/html" not in live["content"]["data"]
    place = static["content"]["transient"]["display_id"]
    kernel.until(
        lambda: any(
            each["content"]["transient"]["display_id"] == place and "Simulated" in each["content"]["data"]["text/html"]
            for each in kernel.messages
            if each["msg_type"] == "update_display_data"
        ),
        "the transcript has the reply",
    )


def test_one_message_a_frame_and_each_page_can_ask_for_all_of_it(kernel: Kernel) -> None:
    page, _ = shown(kernel, "View frames [simulate: normal tokens=300 rate=200]")
    page.until("answering")
    page.control("hello", page="late", seq=0)
    page.until("complete")
    assert [frame["seq"] for frame in page.frames] == list(range(1, len(page.frames) + 1))
    # 300 tokens in 1.5 s, 15 frames a second; each with all that is new.
    assert len(page.frames) < 60
    assert any(
        "keyframe" in each["content"]["data"].get("state", {})
        for each in kernel.messages
        if each["msg_type"] == "comm_msg"
    )


def test_the_state_that_a_reloaded_page_asks_for_names_its_question(kernel: Kernel) -> None:
    """JupyterLab waits for it with all widgets of the notebook, if the kernel was busy."""
    page, _ = shown(kernel, "View of a reloaded page [simulate: normal tokens=5000 rate=50]")
    page.until("answering")
    question = kernel.post("shell", "comm_msg", {"comm_id": page.view.comm_id, "data": {"method": "request_state"}})
    kernel.until(lambda: kernel.handled(question), "the kernel has answered")
    (answer,) = (
        each for each in kernel.messages if each["parent_header"].get("msg_id") == question and _is_state(each)
    )
    assert answer["content"]["data"]["state"]["keyframe"]["replies"]
    kernel.run("view.stop()")


def _is_state(message: Message) -> bool:
    return message["msg_type"] == "comm_msg" and str(message["content"]["data"]["method"]) == "update"


def test_stop_reaches_a_busy_kernel_once_by_two_channels(kernel: Kernel) -> None:
    page, _ = shown(kernel, "View stopped [simulate: normal tokens=5000 rate=50]")
    page.until("answering")
    busy = kernel.send(BUSY)
    kernel.until(lambda: busy.begun, "the cell runs")
    assert page.control("cancel", reply="reply", number=7)["known"] is True
    page.comm("cancel", reply="reply", number=7)
    page.until("cancelled")
    assert not busy.ended
    kernel.interrupt()
    kernel.finish(busy)
    kernel.until(lambda: 7 in page.answers(), "the message by comm is answered")
    assert kernel.evaluate("view.stop()") is False


def test_a_view_asks_and_stops_and_tells(kernel: Kernel, server: Simulator) -> None:
    cell = kernel.run(
        "seen, ends, kinds = [], [], []\n"
        "view = nbstream.ReplyView()\n"
        "view.observe(lambda change: seen.append(change.new), 'status')\n"
        "view.on_end(lambda reply: ends.append(reply.status))\n"
        "view.on_event(lambda event, reply: kinds.append(type(event).__name__))\n"
        "first = view.ask('View asks [simulate: normal tokens=5000 rate=50]', thinking=False)\n"
        "view"
    )
    page = InstrumentPage(kernel, cell)
    page.until("answering")
    kernel.run("second = view.ask('View asks again [simulate: normal tokens=30]')")
    page.until("complete")
    kernel.until(lambda: kernel.evaluate("ends") == ["complete"], "the end is told")
    assert kernel.evaluate("[first.reply.status, second.reply.status, seen[-1]]") == [
        "cancelled",
        "complete",
        "complete",
    ]
    assert {"Started", "Answer", "Ended"} <= set(kernel.evaluate("kinds"))
    prompts = [entry["body"]["messages"][-1]["content"] for entry in server.log()]
    assert [prompt.partition(" [")[0] for prompt in prompts] == ["View asks", "View asks again"]
    # A request that is not valid changes nothing.
    failed = kernel.run("view.ask('x', no_such_option=1)")
    assert failed.status == "error"
    assert kernel.evaluate("view.status") == "complete"


def test_a_reply_that_has_ended_is_shown_whole_at_once(kernel: Kernel) -> None:
    kernel.run("run = nbstream.stream('View of the past [simulate: normal tokens=80]'); reply = run.result()")
    cell = kernel.run("view = nbstream.ReplyView(reply, reasoning='open')\nview")
    page = InstrumentPage(kernel, cell)
    page.until("complete")
    assert "Simulated" in page.answer()
    assert page.reply()["meta"]["reasoning"] == "open"  # type: ignore[index]
    assert kernel.evaluate("[view.status, view.value == reply.answer]") == ["complete", True]
    (_, static) = cell.outputs_of("display_data")
    assert "nbstream-transcript" in static["content"]["data"]["text/html"]


def test_its_parts_bring_no_text_of_their_own_and_close_with_it(kernel: Kernel) -> None:
    page, _ = shown(kernel, "View in parts [simulate: normal tokens=40]")
    page.until("complete")
    before = len(kernel.open_comms)
    # A page that has the code.
    kernel.run("from nbstream.widgets import page_modules; page_modules._held.update(page_modules._code)")
    kernel.run("parts = [view.parts.stop, view.parts.reasoning, view.parts.answer, view.parts.usage]")
    assert kernel.evaluate("[view.parts.stop is parts[0], len({each.run_id for each in parts})]") == [True, 4]
    assert kernel.evaluate("sum(len(str(each.get_state())) for each in parts)") < 4 * 4_000
    kernel.run("view.close()")
    kernel.until(lambda: len(kernel.open_comms) < before, "the comms close")
    assert page.view.closed


def test_where_nobody_watches_only_the_transcript_is_displayed(kernel: Kernel) -> None:
    kernel.run("reply = nbstream.stream('View unwatched [simulate: normal tokens=40]').result()")
    before = set(kernel.open_comms)
    cell = kernel.run("view = nbstream.ReplyView(reply)\nview", allow_stdin=False)
    (static,) = cell.outputs_of("display_data")
    assert "Simulated" in static["content"]["data"]["text/html"]
    assert not {each for each in kernel.open_comms - before if each in kernel.views}


@pytest.mark.parametrize("shared_kernel", [kernels.NEWEST], indirect=True)
def test_an_inspector_is_closed_when_its_cell_is_run_again(kernel: Kernel) -> None:
    code = "%%deepseek --inspect\nInspected again and again [simulate: normal tokens=20 rate=0]"
    opened = "[each.model_id for each in widgets.values() if type(each).__name__ == 'Inspector']"
    kernel.run("from ipywidgets.widgets.widget import _instances as widgets")
    before = set(kernel.evaluate(opened))
    found = []
    for cell in ("inspects", "inspects", "inspects too"):
        assert kernel.finish(kernel.send(code, metadata={"cellId": cell})).status == "ok"
        found.append({*kernel.evaluate(opened)} - before)
    assert [len(each) for each in found] == [1, 1, 2]
    assert found[0] != found[1]
    assert found[1] < found[2]
    kernel.run("for each in [*widgets.values()]:\n    if type(each).__name__ == 'Inspector': each.close()")
