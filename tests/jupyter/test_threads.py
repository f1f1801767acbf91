"""Output of users' threads and child processes beside a reply that streams."""

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
import logging, subprocess, sys, threading
over = threading.Event()
log = logging.getLogger("theirs")
log.handlers, log.propagate = [logging.StreamHandler(sys.stdout)], False
def work():
    while not over.wait(0.05):
        print("thread", flush=True)
        log.warning("logged")
child = subprocess.Popen([sys.executable, "-uc", "import time\\nwhile True: print('child'); time.sleep(0.05)"])
threading.Thread(target=work).start()
get_ipython().run_cell_magic("deepseek", "", "[simulate: {SILENT}] Why?")
over.set()
child.kill()
"""


def test_output_is_in_the_cell_after_messages_of_the_page(kernel: Kernel, server: Simulator) -> None:
    subshell = kernel.subshell()
    cell = kernel.send(CODE)
    view = wait_until_streaming(kernel, server, cell, SILENT)
    for kind in ("mounted", "hello"):
        identifier = kernel.comm(view, kind, subshell=subshell, page="one")
        if subshell:
            kernel.until(partial(kernel.handled, identifier), "the message is handled")
        for word in ("thread", "logged", "child"):
            before = cell.text("stdout").count(word)
            kernel.until(partial(_has_more, cell, word, before + 2), f"more of {word!r} is seen")
    kernel.control(view, "cancel")
    kernel.finish(cell)


def _has_more(cell: Cell, word: str, count: int) -> bool:
    return cell.text("stdout").count(word) > count
