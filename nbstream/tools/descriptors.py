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

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.tools.capture import Capture

_STANDARD = (1, 2)
_SIZE = 65_536

#: Copies of the process's own stdout and stderr, made at the first call of a tool.
_own: list[int] = []


class DescriptorCapture:
    """Reads the descriptors 1 and 2 for a capture.

    A process that outlives the call keeps writing into the pipe. It is read to its end, and from
    then on passed on to where it would have gone.
    """

    def __init__(self, capture: Capture) -> None:
        self.capture = capture
        self._lock = threading.Lock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
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
    def start(cls, capture: Capture, streams: Iterable[Any]) -> DescriptorCapture | None:
        """Start, unless the process's own streams use these descriptors, as in a terminal.

        There a live view writes to them as well.
        """
        if sys.platform == "win32" or any(_descriptor_of(stream) in _STANDARD for stream in streams):
            return None
        try:
            if not _own:
                _own.extend([os.dup(each) for each in _STANDARD])
            are_back = [_put_back(*each) for each in zip(_own, _STANDARD, strict=True)]
            if not all(are_back):
                # A tool closed them, and other files of the process have their numbers.
                return None
            return cls(capture)
        except OSError:
            # A process may have closed them.
            return None

    def holds(self, descriptor: int) -> bool:
        """Whether what is written to this descriptor is still captured."""
        return _file_of(descriptor) == self._pipe

    def drain(self) -> None:
        """Read what was written until now."""
        if os.getpid() == self._pid:
            with self._lock:
                while data := self._next():
                    self._take(data)

    def stop(self) -> list[int]:
        """Put the descriptors back.

        Returns:
            those that were not, because a tool closed them and other files have their numbers.
        """
        lost = []
        with self._lock:
            for own, each in zip(_own, _STANDARD, strict=True):
                if self.holds(each):
                    # Nobody else can get this number now, except if a thread of the tool closes it.
                    os.dup2(own, each)
                elif not _put_back(own, each):
                    lost.append(each)
            while data := self._next():
                self._take(data)
            self._passes_on = True
        return lost

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
        if self._passes_on or not self.capture.is_open:
            with contextlib.suppress(OSError):
                # Number 1 may be another file's.
                os.write(_own[0], data)
        else:
            self.capture.print(self._decoder.decode(data))


def _file_of(descriptor: int) -> tuple[int, int] | None:
    """Return what tells one open file from others; None if the descriptor is closed."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _put_back(own: int, number: int) -> bool:
    """Give the process's own file its number again, if a tool closed it and nobody uses the number.

    Returns:
        whether the number is the own file's.
    """
    with contextlib.suppress(OSError):
        if _is_filler(number):
            os.dup2(own, number)
        elif _file_of(number) is None:
            # This takes the number only if it is free. `dup2` would close what another thread has
            # opened in the meantime, such as a connection of the kernel.
            taken = fcntl.fcntl(own, fcntl.F_DUPFD, number)
            if taken != number:
                os.close(taken)
    return _file_of(number) == _file_of(own)


def _is_filler(number: int) -> bool:
    """Whether SQLite, which keeps IPython's history, has filled a number, so that nobody uses it.

    It opens /dev/null for reading until no database gets a number below 3, and never closes it
    (https://sqlite.org/howtocorrupt.html). What Python opens is not inherited by programs.
    """
    found, null = _file_of(number), Path(os.devnull).stat()
    if found != (null.st_dev, null.st_ino):
        return False
    is_read_only = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    return is_read_only and os.get_inheritable(number)


def _descriptor_of(stream: Any) -> int:
    try:
        return int(stream.fileno())
    except (AttributeError, OSError, TypeError, ValueError):
        return -1
