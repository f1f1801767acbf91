"""Starts kernels as forks of a process that has imported what they need.

The site needs some forty kernels, and each would take a second of a core to import ipykernel,
OpenAI's SDK and others. Run as a script, this module is the process that is forked.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Self

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What other libraries a page with a reply imports. Not nbstream, some modules of which note when
#: and in which folder they were imported.
_IMPORTED = (
    "ipykernel.kernelapp",
    "IPython.core.magic_arguments",
    "anywidget",
    "openai.resources.chat",
    "anyio._backends._asyncio",
    "markdown_it",
    "pygments.lexers.python",
    "sqlite3",
    "xml.etree.ElementTree",
)


class KernelStarter:
    """Starts kernels; on exit, ends those that still run.

    As each is a fork, it shares nothing with the others but the code that was imported.
    """

    def __init__(self) -> None:
        # In a session of its own, it does not get Ctrl-C.
        self._process = subprocess.Popen(
            # -P: the modules beside this one are not for cells. -X: as ipykernel's own kernel spec
            # says, or the debugger writes a warning into the first cell.
            [sys.executable, "-P", "-Xfrozen_modules=off", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def start(self, connection_file: str, folder: str, environment: Mapping[str, str]) -> psutil.Process:
        """Start a kernel.

        Args:
            connection_file: where it is reached.
            folder: where it runs.
            environment: its variables.
        """
        asked, answered = self._process.stdin, self._process.stdout
        if asked is None or answered is None:
            raise RuntimeError("the process has no pipes")
        with self._lock:
            print(json.dumps([connection_file, folder, dict(environment)]), file=asked, flush=True)
            return psutil.Process(int(answered.readline()))


def _serve() -> None:
    for each in _IMPORTED:
        import_module(each)
    # Without it, the first collection of garbage in each fork copies all pages of memory.
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _be_kernel(*json.loads(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _be_kernel(connection_file: str, folder: str, environment: dict[str, str]) -> None:
    from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415  (for the forked process only)

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for each in (0, 1, 2):
        os.dup2(nothing, each)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    IPKernelApp.launch_instance(["-f", connection_file])
    os._exit(0)


if __name__ == "__main__":
    _serve()
