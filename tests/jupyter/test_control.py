"""The control channel, whatever cells and tools do to the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nbstream.widgets import protocol

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("change", ["sys.stdout = None", "sys.stdout = io.StringIO(); sys.stdout.close()"])
def test_pages_are_heard_after_a_message_that_came_without_stdout(
    kernel: Kernel, server: Simulator, change: str
) -> None:
    view = kernel.run("%%deepseek\nWhy? [simulate: normal tokens=5 rate=500]").view
    assert view is not None
    cell = kernel.send(
        f"import io, sys, time\nprint('begun')\nkept = sys.stdout\n{change}\ntime.sleep(0.5)\nsys.stdout = kept"
    )
    kernel.until(lambda: "begun" in cell.text("stdout"), "the cell has begun")
    message = {"type": "resync", "run_id": view.run_id, "page": "page", "seq": 0}
    for _ in range(3):
        kernel.post("control", protocol.CONTROL_REQUEST, message)
        kernel.pause(0.1)
    assert kernel.finish(cell).status == "ok"
    assert kernel.control(view, "resync")["status"] == "ok"
    assert kernel.run("print('usable')").text("stdout") == "usable\n"
