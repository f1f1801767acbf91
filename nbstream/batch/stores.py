"""Where the answers of a job are: a file that the user names, or a temporary one.

Answers are not kept in memory, so a job may be as large as the disk allows.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from nbstream.batch.lines import head_of
from nbstream.client import file_lock
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line

#: A temporary file is in memory until it has so many bytes.
_IN_MEMORY = 1 << 20


class Lines:
    """Lines that are appended to a file, and read again by their offset in bytes.

    Args:
        writer: the file to append to.
        reader: the same file, to read from.
        end: its size in bytes.

    Attributes:
        whole: where the last line of each request stands that need not be asked again, by key.
    """

    def __init__(self, writer: IO[bytes], reader: IO[bytes], end: int = 0) -> None:
        self._writer = writer
        self._reader = reader
        self._end = end
        self._lock = threading.Lock()
        self.whole: dict[int, int] = {}
        weakref.finalize(self, _close, writer, reader)

    def append(self, line: bytes) -> int:
        """Write a line, which reaches the operating system at once, and return its offset.

        Raises:
            OSError: for example if the disk is full. The file has no part of the line then.
        """
        with self._lock:
            at = self._end
            try:
                self._writer.seek(at)
                left = memoryview(line)
                while left:
                    left = left[self._writer.write(left) :]
            except OSError:
                with suppress(OSError):
                    self._writer.truncate(at)
                raise
            self._end = at + len(line)
            return at

    def read(self, offset: int) -> bytes:
        """Return the line at an offset."""
        with self._lock:
            self._reader.seek(offset)
            return self._reader.readline()


def _close(*files: IO[bytes]) -> None:
    for file in files:
        file.close()


def temporary() -> Lines:
    """Return lines in a file without a name, which goes away with the last reference to it."""
    file: Any = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, prefix="nbstream-")  # noqa: SIM115
    return Lines(file, file)


class AnswerFile(Lines):
    """The file of `save=`, which one job at a time writes.

    Args:
        path: the file; it is made if there is none, with the permissions of the user's umask.

    Raises:
        RequestError: if it cannot be written, if another job writes it, or if it holds anything but
            answers. Nothing in it is changed then.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.name = one_line(str(self.path))
        try:
            file = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)  # noqa: SIM115, PTH123
        except OSError as error:
            raise RequestError(
                _("`save=` {name} cannot be written: {strerror}.", name=self.name, strerror=error.strerror or error)
            ) from None
        self._file = file
        try:
            if not file_lock.acquire(file.fileno()):
                raise RequestError(  # noqa: TRY301
                    _(
                        "`save=` {name} is being written by another job: wait for its end, stop it, or name another "
                        "file. Nothing was sent.",
                        name=self.name,
                    )
                )
            super().__init__(file, self.path.open("rb"))
            self._scan()
        except BaseException:
            file.close()
            raise

    def release(self) -> None:
        """Let other jobs write the file; its lines can still be read."""
        file_lock.release(self._file.fileno())

    def _scan(self) -> None:
        """Find the answers. What a killed process was writing last is cut off."""
        with self.path.open("rb", buffering=1 << 20) as lines:
            at = 0
            for number, line in enumerate(lines, 1):
                head = head_of(line)
                if not line.endswith(b"\n"):
                    if number == 1 and not _is_beginning(line):
                        self._refuse(number)
                    self._file.truncate(at)
                    break
                if head is None:
                    self._refuse(number)
                    return
                key, is_whole = head
                if is_whole:
                    self.whole[key] = at
                at += len(line)
        self._end = at

    def _refuse(self, number: int) -> None:
        raise RequestError(
            _(
                "`save=` {name}: line {number} is no answer that nbstream has written, so the file is left as it is. "
                "Name another file. Nothing was sent.",
                name=self.name,
                number=number,
            )
        )


def _is_beginning(line: bytes) -> bool:
    """Return whether a line that was cut off may be an answer."""
    start = b'{"key": "'
    return line[: len(start)] == start[: len(line)]
