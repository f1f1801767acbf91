"""The state of the kernel that a front end shows: busy while a cell runs, else idle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.jupyter.test_kernels import SILENT, begin

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel

pytestmark = [pytest.mark.kernel, pytest.mark.every_kernel]


def states(kernel: Kernel) -> list[str]:
    """Return the states that were reported, as JupyterLab reads them: from any message."""
    return [each["content"]["execution_state"] for each in kernel.messages if each["msg_type"] == "status"]


def test_the_kernel_is_busy_after_control_messages_and_idle_after_the_cell(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, SILENT)
    for _ in range(3):
        kernel.control(view, "resync")
        kernel.until(lambda: cell.busy and states(kernel)[-1] == "busy", "it is busy again")
    kernel.control(view, "cancel")
    kernel.finish(cell)
    kernel.until(lambda: states(kernel)[-1] == "idle", "it is idle")
    # Between two cells no message makes it busy for longer than the message takes.
    for _ in range(3):
        kernel.control(view, "resync")
    kernel.pause(0.2)
    assert states(kernel)[-1] == "idle"
    # Messages about a background reply make another cell's kernel no more idle than it is.
    kernel.reset()
    _, background = begin(kernel, server, SILENT, "--background")
    other = kernel.send("import time; time.sleep(0.8)")
    kernel.until(lambda: other.begun, "the other cell runs")
    kernel.control(background, "resync")
    kernel.until(lambda: states(kernel)[-1] == "busy", "it is busy again")
    assert not other.ended
    kernel.finish(other)
    kernel.control(background, "cancel")
    kernel.pause(0.2)
    assert states(kernel)[-1] == "idle"


def test_the_kernel_is_busy_after_a_comm_message_on_a_subshell(kernel: Kernel, server: Simulator) -> None:
    if (subshell := kernel.subshell()) is None:
        pytest.skip("this kernel has no subshells")
    cell, view = begin(kernel, server, SILENT)
    for number in range(3):
        before = len(states(kernel))
        kernel.comm(view, "visibility", subshell=subshell, visible=True, seq=number)
        kernel.until(lambda before=before: "idle" in states(kernel)[before:], "the message was handled")  # type: ignore[misc]
        kernel.until(lambda: states(kernel)[-1] == "busy", "it is busy again")
    kernel.control(view, "cancel")
    kernel.finish(cell)
    kernel.until(lambda: states(kernel)[-1] == "idle", "it is idle")
    assert cell.status == "ok"
