"""A simulator in a process of its own, which ends with the process that started it.

So it streams at its rate whatever its user does: a loop in the kernel, or code that keeps Python's
lock, would slow down a simulator on a thread.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from nbstream.simulator.server import Simulator, run_in_loop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

_FOLDER = Path(__file__).parents[2]
#: What the child runs; -m would import the module twice.
_PROGRAM = "import sys; from nbstream.simulator import child; child.main(sys.argv[1:])"


class ChildSimulator:
    """A simulator on 127.0.0.1 in a process of its own.

    Args:
        port: the port to listen on; 0 chooses a free one.
        rate: tokens per second; 0 is as fast as possible.
        first_token: seconds before the first token.
        written: files of written replies, see `written`.
    """

    def __init__(self, *, port: int = 0, rate: float, first_token: float, written: Sequence[str] = ()) -> None:
        self._arguments = [str(port), str(rate), str(first_token), *written]
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> Self:
        """Start the process; return when it listens.

        Raises:
            OSError: if the process cannot be started, or cannot listen; says why.
        """
        folders = [str(_FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(  # noqa: S603  (the program is constant)
            [sys.executable, "-c", _PROGRAM, *self._arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            # Jupyter interrupts the whole group of a kernel.
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        atexit.register(self.stop)
        assert self._process.stdout is not None  # noqa: S101  (for mypy)
        line = self._process.stdout.readline().strip()
        if not line.startswith("http://"):
            rest = self._process.stdout.read()
            self.stop()
            raise OSError(f"the simulator did not start: {(rest.strip() or line).splitlines()[-1:] or ['no answer']}")
        self.url = line
        return self

    @property
    def is_running(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End the process; a second call does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        atexit.unregister(self.stop)
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def main(arguments: Sequence[str]) -> None:
    """Run the simulator of the child until its standard input ends."""
    port, rate, first_token, *written = arguments
    simulator = Simulator(port=int(port), rate=float(rate), first_token=float(first_token), written=written)

    def watch() -> None:
        # The pipe ends with the process that holds the other end, however that ends.
        sys.stdin.read()
        os._exit(0)

    def announce() -> None:
        sys.stdout.write(f"{simulator.url}\n")
        sys.stdout.flush()

    threading.Thread(target=watch, daemon=True).start()
    run_in_loop(simulator.run(announce))
