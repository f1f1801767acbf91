"""Servers of front ends that are not Jupyter's own, each in an environment of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests import kernels

if TYPE_CHECKING:
    from pathlib import Path

_START_SECONDS = 60


def needs(name: str) -> pytest.MarkDecorator:
    """Skip where the environment of a front end was not made."""
    is_there = (kernels.HOME / name / "made-with.txt").is_file()
    return pytest.mark.skipif(not is_there, reason=f"needs {name}: run `python -m tests.kernels`")


class Server:
    """A server that runs as a process.

    Args:
        name: its environment.
        arguments: what follows Python; `{port}` is its port.
        folder: where it runs and writes its log.
        environment: further variables.
        path: what it answers as soon as it is there.
        seconds: how long it may take until then.
    """

    def __init__(
        self,
        name: str,
        arguments: list[str],
        folder: Path,
        environment: dict[str, str],
        path: str = "",
        *,
        seconds: float = _START_SECONDS,
    ) -> None:
        self._path = path
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        own = {each: str(folder / each.lower()) for each in ("HOME", "XDG_CONFIG_HOME", "IPYTHONDIR")}
        own |= {f"JUPYTER_{each}_DIR": str(folder / each.lower()) for each in ("CONFIG", "DATA", "RUNTIME")}
        own["JUPYTER_PATH"] = str(kernels.HOME / "share")
        self.log = folder / "server.log"
        command = [str(kernels.python(name)), *(each.format(port=self.port) for each in arguments)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env={**os.environ, **own, **environment}, cwd=folder, stdout=log, stderr=log
            )
        try:
            self._wait(seconds)
        except BaseException:
            self.stop()
            raise

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._answers():
            is_alive = self._process.poll() is None
            assert is_alive, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/{self._path}", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End the server and its kernels."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
