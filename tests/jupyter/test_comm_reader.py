"""Messages that wait in a busy kernel are read early and still handled once and in order.

This is tested for Stop and for interrupts.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.session import Session

from tests.jupyter.test_kernels import ENDLESS, SILENT, begin, wait_for_disconnect

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel

pytestmark = pytest.mark.kernel

_MESSAGES = 60


def send_all_kinds(kernel: Kernel, view: Any, source: random.Random) -> tuple[list[Any], list[str]]:
    """Send cells, requests and comm messages in random order.

    Returns:
        The cells, and the ids of the other messages.
    """
    cells, others = [], []
    for number in range(_MESSAGES):
        match source.choice(["cell", "info", "is_complete", "comm"]):
            case "cell":
                cells.append(kernel.send(f"order.append({number}); print({number})"))
            case "info":
                others.append(kernel.post("shell", "kernel_info_request", {}))
            case "is_complete":
                others.append(kernel.post("shell", "is_complete_request", {"code": "1"}))
            case "comm":
                others.append(kernel.comm(view, "hello", seq=number))
        if source.random() < 0.2:
            kernel.pause(source.uniform(0, 0.06))
    return cells, others


@pytest.mark.parametrize("end", ["stop", "interrupt"])
@pytest.mark.parametrize("scenario", [SILENT, ENDLESS])
def test_every_message_is_handled_once_and_in_order(kernel: Kernel, server: Simulator, scenario: str, end: str) -> None:
    source = random.Random(f"{scenario} {end}")
    kernel.run("order = []")
    cell, view = begin(kernel, server, scenario)
    cells, others = send_all_kinds(kernel, view, source)
    assert not any(each.reply for each in cells)
    if end == "stop":
        kernel.comm(view, "cancel")
    else:
        kernel.pause(0.1)
        kernel.interrupt()
    wait_for_disconnect(kernel, server)
    kernel.finish(cell)
    for each in cells:
        kernel.finish(each)
    kernel.until(lambda: all(kernel.handled(each) for each in others), "every message is handled")
    assert cell.status == ("ok" if end == "stop" else "error")
    assert {each.status for each in cells} == ({"ok"} if end == "stop" else {"aborted"})
    expected = [int(each.text("stdout")) for each in cells] if end == "stop" else []
    assert kernel.evaluate("order") == expected == sorted(expected)
    idle = [message for message in kernel.messages if message["content"].get("execution_state") == "idle"]
    done = [message["parent_header"]["msg_id"] for message in idle]
    assert all(done.count(each) == 1 for each in [*(each.id for each in cells), *others])
    assert kernel.run("print('again')").text("stdout") == "again\n"


def test_a_message_with_a_wrong_signature_does_not_stop_the_cell(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, ENDLESS)
    data = {"method": "custom", "content": {"type": "cancel"}}
    kernel.post("shell", "comm_msg", {"comm_id": view.comm_id, "data": data}, session=Session(key=b"another"))
    shown = len(view.numbers)
    kernel.until(lambda: len(view.numbers) > shown + 10, "the cell continues to stream")
    assert server.log()[-1]["outcome"] is None
    kernel.comm(view, "cancel")
    kernel.finish(cell)
    assert cell.status == "ok"


def test_stop_of_a_background_run_works_while_another_cell_runs(kernel: Kernel, server: Simulator) -> None:
    behind, view = begin(kernel, server, SILENT, "--background")
    kernel.finish(behind)
    cell, front = begin(kernel, server, ENDLESS)
    kernel.comm(view, "cancel")
    kernel.until(lambda: view.meta["status"] == "cancelled", "the reply in the background is stopped")
    assert not cell.ended
    assert server.log()[-1]["outcome"] is None
    kernel.comm(front, "cancel")
    kernel.finish(cell)


def test_repeated_stop_and_interrupt_end_the_cell_once(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, SILENT)
    following = kernel.send("print('next')")
    for _ in range(5):
        kernel.comm(view, "cancel")
        kernel.interrupt()
    wait_for_disconnect(kernel, server)
    # An interrupt after the end of the cell hits ipykernel's own code. Then there is no reply.
    kernel.until(lambda: cell.idle and following.idle, "both cells end")
    assert kernel.evaluate("nbstream.last.status") == "cancelled"
    assert len(cell.outputs_of("update_display_data")) == 1
    assert kernel.run("print('again')").text("stdout") == "again\n"


def test_a_reloaded_page_gets_the_state_of_all_widgets_at_once(kernel: Kernel, server: Simulator) -> None:
    kernel.run("from ipywidgets import IntSlider; slider = IntSlider(7)")
    cell, view = begin(kernel, server, SILENT)
    kernel.post("shell", "comm_msg", {"comm_id": "the page's", "data": {"method": "request_states"}})

    def answers() -> list[Any]:
        messages = [each["content"] for each in kernel.messages if each["msg_type"] == "comm_msg"]
        return [each["data"] for each in messages if each["comm_id"] == "the page's"]

    kernel.until(answers, "the states come while the cell runs")
    assert not cell.ended
    kernel.control(view, "cancel")
    kernel.finish(cell)
    (answer,) = answers()
    assert answer["method"] == "update_states"
    states = [each["state"] for each in answer["states"].values()]
    assert 7 in [each.get("value") for each in states]
    assert view.run_id in [each.get("run_id") for each in states]
    kernel.run("slider.close()")
