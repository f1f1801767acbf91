"""The journal: the events of a reply on disk until a page shows it settled, for a killed kernel.

There is one file for each run, readable by its owner only, with neither prompt nor key. Each write
reaches the operating system at once, so it survives the process, though not a loss of power.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbstream.model.events import Ended
from nbstream.model.failure import Failure
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.serialization import decode_event, encode_event
from nbstream.sessions import processes
from nbstream.sessions.processes import Process

if TYPE_CHECKING:
    from nbstream.model.events import Event

VERSION = 1

_WRITE_SECONDS = 0.25
#: A journal that nobody has recovered by then is deleted.
_KEPT_SECONDS = 7 * 86_400
#: Another machine with the same home directory may still be writing; the time of its last write
#: tells.
_ELSEWHERE_SECONDS = 60


def folder() -> Path:
    """Return the folder of the journals, beside Jupyter's own runtime files."""
    from jupyter_core.paths import jupyter_runtime_dir  # noqa: PLC0415  (a script has no Jupyter)

    return Path(jupyter_runtime_dir()) / "nbstream"


class Journal:
    """The file of one run.

    Args:
        run_id: the run's id, which names the file.

    Raises:
        OSError: if the file cannot be created.
    """

    def __init__(self, run_id: str) -> None:
        directory = folder()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _prune(directory)
        self._path = directory / f"{run_id}.jsonl"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._lines = [json.dumps({"journal": VERSION, **_owner()})]
        self._written = 0.0
        try:
            self.write()
        except OSError:
            self.clear()
            raise

    def add(self, events: list[Event]) -> None:
        """Take events; they are written by `write`, or with the next ones.

        Raises:
            OSError: for example if the disk is full.
        """
        self._lines += map(encode_event, events)
        self.write()

    def write(self, *, everything: bool = False) -> None:
        """Write the events that were added, at most four times a second.

        Args:
            everything: write them now, as no more will come.

        Raises:
            OSError: as `add`.
        """
        now = time.monotonic()
        if self._lines and (everything or now - self._written >= _WRITE_SECONDS):
            data = "".join(f"{line}\n" for line in self._lines).encode("ascii")
            self._lines, self._written = [], now
            while data:
                data = data[os.write(self._file, data) :]

    def clear(self) -> None:
        """Delete the file: the notebook keeps the reply."""
        os.close(self._file)
        self._path.unlink(missing_ok=True)


def unfinished() -> list[Path]:
    """Return the journals of ended processes: this notebook's first, newest first."""
    here = _owner()["notebook"]
    found = []
    for path in folder().glob("*.jsonl"):
        # Another kernel may delete one at this moment.
        with suppress(OSError):
            head = _head(path)
            if head is not None and not _is_being_written(head, path):
                found.append((head["notebook"] != here, -path.stat().st_mtime, path))
    return [path for _, _, path in sorted(found)]


def other_notebook(path: Path) -> str | None:
    """Return whose journal it is, or None if it is this notebook's."""
    head = _head(path)
    return None if head is None or head["notebook"] == _owner()["notebook"] else str(head["notebook"])


def recover(path: Path) -> Reply:
    """Return the reply that a journal holds; if it had not ended, it failed with its kernel.

    Raises:
        OSError: if the file cannot be read.
    """
    reply = Reply()
    at = 0.0
    for line in path.read_text("ascii", "replace").splitlines()[1:]:
        try:
            event = decode_event(line)
        except ValueError:
            # The last line was being written.
            break
        if not reply.ended:
            reply = reduce(reply, event)
        at = event.at
    return reply if reply.ended else reduce(reply, Ended(at, "failed", Failure("kernel_ended")))


def _owner() -> dict[str, Any]:
    process = processes.current()
    return {
        "pid": process.number,
        "began": process.began,
        "host": process.machine,
        # Jupyter's server tells its kernels the notebook; elsewhere the folder stands in.
        "notebook": os.environ.get("JPY_SESSION_NAME") or str(Path.cwd()),
    }


def _head(path: Path) -> dict[str, Any] | None:
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            head = json.loads(file.readline())
        return head if head["journal"] == VERSION and "notebook" in head else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_being_written(head: dict[str, Any], path: Path) -> bool:
    """Return whether the process that writes a journal is still running."""
    try:
        is_running = processes.is_running(Process(head["host"], head["pid"], head["began"]))
    except (KeyError, TypeError):
        return False
    return time.time() - path.stat().st_mtime < _ELSEWHERE_SECONDS if is_running is None else is_running


def _prune(directory: Path) -> None:
    for path in directory.glob("*.jsonl"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                path.unlink()
