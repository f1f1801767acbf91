"""Output of users' threads beside a reply that streams."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.jupyter.test_kernels import SILENT, wait_until_streaming

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel

pytestmark = pytest.mark.kernel

CODE = f"""
import threading
over = threading.Event()
def work():
    while not over.wait(0.05):
        print("thread", flush=True)
threading.Thread(target=work).start()
get_ipython().run_cell_magic("deepseek", "", "[simulate: {SILENT}] Why?")
over.set()
"""


def test_output_is_in_the_cell_after_messages_of_the_page(kernel: Kernel, server: Simulator) -> None:
    subshell = kernel.subshell()
    cell = kernel.send(CODE)
    view = wait_until_streaming(kernel, server, cell, SILENT)
    for kind in ("mounted", "hello"):
        identifier = kernel.comm(view, kind, subshell=subshell, page="one")
        if subshell:
            kernel.until(partial(kernel.handled, identifier), "the message is handled")
        before = cell.text("stdout").count("thread")
        kernel.until(partial(_has_more, cell, before + 2), "the thread's output is seen")
    kernel.control(view, "cancel")
    kernel.finish(cell)


def _has_more(cell: Cell, count: int) -> bool:
    return cell.text("stdout").count("thread") > count
