"""What child processes, and libraries in C, write to the descriptors of stdout and stderr."""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.tools.recording import Recording

_STANDARD = (1, 2)
_SIZE = 65_536

#: The files behind the descriptors at the first call of a tool.
_usual: list[tuple[int, int]] = []


class DescriptorCapture:
    """Reads the descriptors 1 and 2 for a recording.

    A process that outlives the call keeps writing into the pipe. It is read to its end, and from
    then on passed on to where it would have gone.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._lock = threading.Lock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._saved = [os.dup(each) for each in _STANDARD]
        self._pid = os.getpid()
        self._passes_on = False
        self._ended = False
        self._reader, writer = os.pipe()
        self._pipe = _file_of(writer)
        os.set_blocking(self._reader, False)
        for each in _STANDARD:
            os.dup2(writer, each)
        os.close(writer)
        threading.Thread(target=self._read, name="nbstream-tool-output", daemon=True).start()

    @classmethod
    def start(cls, recording: Recording, streams: Iterable[Any]) -> DescriptorCapture | None:
        """Start, unless the process's own streams use these descriptors, as in a terminal.

        There a live view writes to them as well.
        """
        if sys.platform == "win32" or any(_descriptor_of(stream) in _STANDARD for stream in streams):
            return None
        now = [_file_of(each) for each in _STANDARD]
        if None in now:
            # A process may have closed them.
            return None
        if not _usual:
            _usual.extend(each for each in now if each is not None)
        if now != _usual:
            # A tool closed them, and a socket of the process got their numbers.
            return None
        try:
            return cls(recording)
        except OSError:
            return None

    def drain(self) -> None:
        """Read what was written until now."""
        if os.getpid() == self._pid:
            with self._lock:
                while data := self._next():
                    self._take(data)

    def stop(self) -> None:
        """Put the descriptors back."""
        with self._lock:
            for saved, each in zip(self._saved, _STANDARD, strict=True):
                # If a tool closed it, the number may be another file's by now. SQLite, which keeps
                # IPython's history, opens /dev/null so that no database gets a number below 3
                # (https://sqlite.org/howtocorrupt.html); nobody uses that file.
                if _file_of(each) in (self._pipe, None, _file_at(os.devnull)):
                    os.dup2(saved, each)
                os.close(saved)
            while data := self._next():
                self._take(data)
            self._passes_on = True

    def _read(self) -> None:
        """Read until nobody can write any more: a tool may close the descriptors, too."""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        while not self._ended:
            poll.poll()
            with self._lock:
                data = self._next()
                if data:
                    self._take(data)
                elif data == b"":
                    # The number may be another file's from now on.
                    self._ended = True
                    os.close(self._reader)

    def _next(self) -> bytes | None:
        """Return what was written, None if nothing was, and nothing at the end."""
        if self._ended:
            return None
        try:
            return os.read(self._reader, _SIZE)
        except BlockingIOError:
            return None

    def _take(self, data: bytes) -> None:
        if self._passes_on or not self.recording.is_open:
            with contextlib.suppress(OSError):
                os.write(1, data)
        else:
            self.recording.print(self._decoder.decode(data))


def _file_of(descriptor: int) -> tuple[int, int] | None:
    """Return what tells one open file from others; None if the descriptor is closed."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _file_at(path: str) -> tuple[int, int]:
    """Return what `_file_of` returns for a file that is open."""
    found = Path(path).stat()
    return found.st_dev, found.st_ino


def _descriptor_of(stream: Any) -> int:
    try:
        return int(stream.fileno())
    except (AttributeError, OSError, TypeError, ValueError):
        return -1
