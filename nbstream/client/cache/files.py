"""The files of the cache: one for each reply, in the format of a recording, with a seal."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nbstream.client import writer
from nbstream.client.cache.choice import folder_of
from nbstream.client.cache.identity import identity, without_asker
from nbstream.language import _
from nbstream.model.printable import one_line
from nbstream.recordings import seal
from nbstream.recordings.lines import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from nbstream.client.redaction import KeyRedactor
    from nbstream.model.caching import Caching
    from nbstream.model.request import Request
    from nbstream.recordings.taken import Taken

ENDING = ".jsonl"
UNFINISHED = ".part"
#: The most seconds to wait for a file that this process is writing.
_WRITE_SECONDS = 5.0
_SUCCESS = range(200, 300)

#: The files that are being written, and the problems of those that could not be.
_writing: dict[Path, Future[None]] = {}
_problems: dict[str, str] = {}
#: The files that this process has used.
used: set[Path] = set()


class UnusableError(Exception):
    """A file cannot be used; the message is the rest of a sentence about it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reply to one request is kept.

    Attributes:
        path: the file.
        digest: the identity of the request.
    """

    path: Path
    digest: str

    @property
    def name(self) -> str:
        """The name of the file in a sentence, with its folder's."""
        return one_line(f"{self.path.parent.name}/{self.path.name}")

    def taken(self) -> Taken | None:
        """Return the response that is kept; None if there is none.

        Raises:
            UnusableError: if there is a file, which cannot be used.
        """
        if (writing := _writing.get(self.path)) is not None:
            # Its failure is told by `problems`.
            with contextlib.suppress(Exception):
                writing.result(_WRITE_SECONDS)
        try:
            found = seal.unsealed(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnusableError(_("it cannot be read: {strerror}", strerror=error.strerror or error)) from None
        except FormatError as error:
            raise UnusableError(str(error)) from None
        if found.status not in _SUCCESS or identity(found.asked.url, found.asked.body or {}) != self.digest:
            raise UnusableError(_("it belongs to another request"))
        note_use(self.path)
        return found

    def keep(self, made: Callable[[], Taken]) -> None:
        """Make a response and write it, on another thread. A problem is told by `problems`."""
        _writing[self.path] = writer.submit(self._write, made)

    def _write(self, made: Callable[[], Taken]) -> None:
        try:
            taken = made()
            body = without_asker(taken.asked.body or {})
            taken = replace(taken, asked=replace(taken.asked, body=body))
            _written(self.path, seal.sealed(taken))
            note_use(self.path)
        except OSError as error:
            _problems[one_line(self.path.parent.name)] = one_line(str(error.strerror or error))
        finally:
            _writing.pop(self.path, None)


def place_of(request: Request, caching: Caching, redactor: KeyRedactor) -> Place:
    """Return where the reply to a request is kept."""
    digest = identity(redactor.redact(request.url), redactor.redact_json(request.body()))
    number = f"-{caching.sample}" if caching.sample > 1 else ""
    return Place(folder_of(caching) / f"{digest}{number}{ENDING}", digest)


def obstacle(folder: Path) -> str:
    """Return why nothing can be written into a folder, which may not exist yet; or nothing."""
    try:
        there = folder
        while not there.exists() and there != there.parent:
            there = there.parent
    except OSError as error:
        return one_line(str(error.strerror or error))
    if not there.is_dir():
        return _("{name} is no folder", name=one_line(there.name))
    return "" if os.access(there, os.W_OK | os.X_OK) else _("the folder is read-only")


def problems() -> str:
    """Wait until all is written; return a sentence about what could not be since, or nothing."""
    for writing in [*_writing.values()]:
        with contextlib.suppress(Exception):
            writing.result(_WRITE_SECONDS)
    found = [
        _("A reply could not be kept in {folder}: {said}.", folder=folder, said=said)
        for folder, said in _problems.items()
    ]
    _problems.clear()
    return " ".join(found)


def note_use(path: Path) -> None:
    """Note that a file was used: for this process, and by its time for others."""
    used.add(path)
    # The folder may be read-only.
    with contextlib.suppress(OSError):
        os.utime(path)


def _written(path: Path, data: bytes) -> None:
    """Write a file at once: others see the old one, the new one, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.parent / f".{path.stem[:16]}-{secrets.token_hex(6)}{UNFINISHED}"
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
