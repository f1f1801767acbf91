"""■ pressed several times: ipykernel still sends the reply of the cell, and the kernel lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.jupyter.test_kernels import SILENT, begin

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel

pytestmark = [pytest.mark.kernel, pytest.mark.every_kernel]

#: ■ is pressed while ipykernel prepares the reply of the next cell that is interrupted.
_PRESS_IN_IPYKERNEL = """
import os, signal, nbstream
kernel = get_ipython().kernel
finish = kernel.finish_metadata
def press(parent, metadata, reply_content):
    if reply_content["status"] == "error":
        del kernel.finish_metadata
        os.kill(os.getpid(), signal.SIGINT)
    return finish(parent, metadata, reply_content)
kernel.finish_metadata = press
"""
#: Each asks once, and is silent after some tokens.
_CELLS = {
    "magic": f"%%deepseek\n[simulate: {SILENT}] Why?",
    "ask": f"nbstream.ask('[simulate: {SILENT}] Why?')",
    "map": f"nbstream.map(['[simulate: {SILENT}] Why?'])",
    "stream": f"import time\nrun = nbstream.stream('[simulate: {SILENT}] Why?')\ntime.sleep(60)",
    "compare": f"%%deepseek --compare flash,pro\n[simulate: {SILENT}] Why?",
}


@pytest.mark.parametrize("code", _CELLS.values(), ids=_CELLS)
def test_a_second_interrupt_does_not_lose_the_reply_of_the_cell(kernel: Kernel, server: Simulator, code: str) -> None:
    assert kernel.run(_PRESS_IN_IPYKERNEL).status == "ok"
    cell = kernel.send(code)
    following = kernel.send("print('next')")
    kernel.until(lambda: server.log() and all(each["deltas_sent"] == 20 for each in server.log()), "it is silent")
    kernel.pause(0.1)
    kernel.interrupt()
    assert kernel.finish(cell).status == "error"
    assert cell.reply is not None
    assert cell.reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.finish(following).status == "aborted"
    assert kernel.evaluate("'finish_metadata' in vars(kernel)") is False
    assert kernel.run("print('again')").text("stdout") == "again\n"


def test_interrupts_raise_again_a_second_later_in_the_same_cell(kernel: Kernel, server: Simulator) -> None:
    kernel.run("import nbstream")
    cell = kernel.send(
        "import time\ntry:\n"
        f"    nbstream.ask('[simulate: {SILENT}] Why?')\n"
        "except KeyboardInterrupt:\n    print('first')\n"
        "try:\n    time.sleep(0.3)\nexcept KeyboardInterrupt:\n    print('twice')\n"
        "time.sleep(1)\nprint('ready')\ntime.sleep(60)"
    )
    kernel.until(lambda: server.log() and server.log()[-1]["deltas_sent"] == 20, "it is silent")
    kernel.interrupt()
    kernel.until(lambda: "first" in cell.text("stdout"), "the reply has ended")
    kernel.interrupt()
    kernel.until(lambda: "ready" in cell.text("stdout"), "a second has passed")
    kernel.interrupt()
    assert kernel.finish(cell).status == "error"
    assert cell.text("stdout") == "first\nready\n"


def test_an_interrupt_of_the_next_cell_raises_at_once(kernel: Kernel, server: Simulator) -> None:
    cell, _ = begin(kernel, server, SILENT)
    kernel.interrupt()
    assert kernel.finish(cell).status == "error"
    following = kernel.send("import time\nprint('sleeps')\ntime.sleep(60)")
    kernel.until(lambda: following.text("stdout"), "the next cell runs")
    kernel.interrupt()
    assert kernel.finish(following).status == "error"
