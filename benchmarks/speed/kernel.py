"""The cost of a way in the kernel: CPU time, and messages on the socket to the page. No browser."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.speed.recording import Plan
    from benchmarks.speed.ways import Way

_WARM_UP = "300-0-100-0"


@dataclass(slots=True)
class Cost:
    """The cost of one answer.

    Attributes:
        cpu: CPU seconds of all threads of the kernel.
        seconds: wall-clock seconds.
        messages: number of messages on the IOPub socket.
        bytes: their size.
    """

    cpu: float = 0.0
    seconds: float = 0.0
    messages: int = 0
    bytes: int = 0


class Kernel:
    """A kernel that runs cells, with its messages counted."""

    def __init__(self, manager: KernelManager) -> None:
        self._manager = manager
        self._shell = manager.connect_shell()
        self._iopub = manager.connect_iopub()
        self._poller = zmq.Poller()
        for socket in (self._shell, self._iopub):
            self._poller.register(socket, zmq.POLLIN)
        time.sleep(0.5)

    def run(self, code: str) -> Cost:
        """Run a cell to its end and return its cost.

        Raises:
            RuntimeError: if the cell failed; the message is the traceback.
        """
        session = self._manager.session
        process = psutil.Process(self._manager.provisioner.process.pid)  # type: ignore[union-attr]
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": True, "stop_on_error": True}
        cost, before, began = Cost(), process.cpu_times(), time.monotonic()
        identifier = session.send(self._shell, "execute_request", content)["header"]["msg_id"]
        is_idle = reply = None
        while not (is_idle and reply):
            for socket, _ in self._poller.poll():
                parts = socket.recv_multipart()
                if socket is self._shell:
                    reply = self._read(parts)
                else:
                    cost.messages += 1
                    cost.bytes += sum(map(len, parts))
                    # Only status messages are parsed: more parsing would take CPU from the kernel.
                    if parts[0].endswith(b"status"):
                        status = self._read(parts)
                        is_own = status["parent_header"].get("msg_id") == identifier
                        is_idle = is_own and status["content"]["execution_state"] == "idle"
        cost.seconds = time.monotonic() - began
        after = process.cpu_times()
        cost.cpu = after.user + after.system - before.user - before.system
        if reply["content"]["status"] != "ok":
            raise RuntimeError("\n".join(reply["content"].get("traceback", [])))
        return cost

    def _read(self, parts: list[bytes]) -> dict[str, Any]:
        _, frames = self._manager.session.feed_identities(parts)
        message: dict[str, Any] = self._manager.session.deserialize(frames)
        return message

    def close(self) -> None:
        """Stop the kernel."""
        self._shell.close()
        self._iopub.close()
        self._manager.shutdown_kernel(now=True)


@contextmanager
def running(way: Way, folder: Path, specs: Path, server: str) -> Iterator[Kernel]:
    """Start the kernel of `way` in `folder`, import everything and show one short answer."""
    finder = KernelSpecManager(kernel_dirs=[str(specs / "kernels")])
    manager = KernelManager(kernel_name=way.kernel, kernel_spec_manager=finder)
    manager.start_kernel(cwd=str(folder), env=dict(os.environ), stdout=-3, stderr=-3)
    kernel = Kernel(manager)
    try:
        kernel.run(f"SERVER = {server!r}\n{way.setup}")
        kernel.run(f"go({_WARM_UP!r})")
        yield kernel
    finally:
        kernel.close()


@contextmanager
def counting_messages(connection: Path) -> Iterator[Cost]:
    """Count the messages of a kernel while the body runs, by one more subscription to its socket.

    Args:
        connection: the kernel's connection file.
    """
    client = BlockingKernelClient(connection_file=str(connection))
    client.load_connection_file()
    cost, has_ended = Cost(), threading.Event()

    def count() -> None:
        socket = client.connect_iopub()
        while not has_ended.is_set():
            if socket.poll(100):
                cost.messages += 1
                cost.bytes += sum(map(len, socket.recv_multipart()))
        socket.close()

    thread = threading.Thread(target=count)
    thread.start()
    try:
        # A socket receives nothing before it is connected.
        time.sleep(0.5)
        yield cost
    finally:
        has_ended.set()
        thread.join()


def measure(way: Way, plan: Plan, folder: Path, specs: Path, server: str) -> Cost:
    """Show one answer in a new kernel and return its cost."""
    with running(way, folder, specs, server) as kernel:
        return kernel.run(f"go({plan.name!r})")
