"""Output of users' threads and child processes beside a reply that streams."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.jupyter.test_kernels import SILENT, wait_until_streaming

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel

pytestmark = pytest.mark.kernel

CODE = f"""
import logging, os, subprocess, sys, threading, time
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
while not os.path.exists({{path!r}}):
    time.sleep(0.05)
over.set()
child.kill()
"""


def test_output_is_in_the_cell_after_messages_of_the_page(kernel: Kernel, server: Simulator, tmp_path: Path) -> None:
    subshell, end = kernel.subshell(), tmp_path / "end"
    cell = kernel.send(CODE.format(path=str(end)))
    view = wait_until_streaming(kernel, server, cell, SILENT)
    for kind in ("mounted", "hello", "cancel", "hello", "unmounted"):
        if kind == "cancel":
            # The reply settles, and its cell goes on.
            kernel.control(view, kind)
            kernel.until(lambda: kernel.updates_of(cell), "it settles")
            continue
        identifier = kernel.comm(view, kind, subshell=subshell, page="one")
        if subshell:
            kernel.until(partial(kernel.handled, identifier), "the message is handled")
        for word in ("thread", "logged", "child"):
            before = cell.text("stdout").count(word)
            kernel.until(partial(_has_more, cell, word, before + 2), f"more of {word!r} is seen")
    end.touch()
    kernel.finish(cell)
    assert cell.status == "ok"
    kernel.finish(cell)


def _has_more(cell: Cell, word: str, count: int) -> bool:
    return cell.text("stdout").count(word) > count
