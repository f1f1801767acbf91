"""The end of what a server writes to its error output: it tells why the server did not start."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TextIO

from nbstream.prompt.plain_output import plain_output

_KEPT = 8_000


class ErrorOutput:
    """A pipe for the error output of a process, of which the end is kept.

    Attributes:
        file: where the process writes to.
    """

    def __init__(self) -> None:
        reader, writer = os.pipe()
        self.file: TextIO = os.fdopen(writer, "w")
        self._tail = b""
        self._ended = threading.Event()
        threading.Thread(target=self._read, args=(reader,), name="nbstream-server-errors", daemon=True).start()

    def last_line(self) -> str:
        """Return the last line that is not empty, once nobody writes any more."""
        with contextlib.suppress(OSError):
            self.file.close()
        self._ended.wait(1)
        lines = [line.strip() for line in plain_output(self._tail.decode("utf-8", "replace")).split("\n")]
        return next((line for line in reversed(lines) if line), "")

    def close(self) -> None:
        """Close our end; the reading ends when the process has ended."""
        with contextlib.suppress(OSError):
            self.file.close()

    def _read(self, reader: int) -> None:
        with os.fdopen(reader, "rb", buffering=0) as file:
            while data := file.read(65_536):
                self._tail = (self._tail + data)[-_KEPT:]
        self._ended.set()
