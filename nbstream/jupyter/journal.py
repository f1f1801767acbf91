"""What a reply in a cell has received, on disk until it has settled: a kernel that is killed takes nothing along.

One file a run, readable by its owner only, with the reply's events and neither prompt nor key. Each write goes to the
operating system at once, which a killed process does not take back; a machine that loses its power may. This module
must not know how a reply is shown.
"""

from __future__ import annotations

import json
import os
import platform
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbstream.model.events import Ended
from nbstream.model.failure import Failure
from nbstream.model.reply import Reply, reduce
from nbstream.model.serialization import decode_event, encode_event

if TYPE_CHECKING:
    from nbstream.model.events import Event

VERSION = 1

_WRITE_SECONDS = 0.25
#: What nobody has asked for by then is deleted.
_KEPT_SECONDS = 7 * 86_400
#: Whether a process of another machine with the same home still writes can only be told by when it last did.
_ELSEWHERE_SECONDS = 60


def folder() -> Path:
    """Return where journals are: beside Jupyter's own running state."""
    from jupyter_core.paths import jupyter_runtime_dir  # noqa: PLC0415  (a script has no Jupyter)

    return Path(jupyter_runtime_dir()) / "nbstream"


class Journal:
    """The file of one run.

    Args:
        run_id: the run's, and the file's name.

    Raises:
        OSError: if it cannot be begun.
    """

    def __init__(self, run_id: str) -> None:
        home = folder()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _prune(home)
        self._path = home / f"{run_id}.jsonl"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._lines = [json.dumps({"journal": VERSION, **_whose()})]
        self._written = 0.0
        try:
            self.write()
        except OSError:
            self.clear()
            raise

    def add(self, events: list[Event]) -> None:
        """Take events; they are written by `write`, or with the next ones.

        Raises:
            OSError: if the disk is full, for one.
        """
        self._lines += map(encode_event, events)
        self.write()

    def write(self) -> None:
        """Write what was added, unless something was written only just now.

        Raises:
            OSError: as `add`.
        """
        now = time.monotonic()
        if self._lines and now - self._written >= _WRITE_SECONDS:
            data = "".join(f"{line}\n" for line in self._lines).encode("ascii")
            self._lines, self._written = [], now
            while data:
                data = data[os.write(self._file, data) :]

    def clear(self) -> None:
        """Delete the file: the reply has settled."""
        os.close(self._file)
        self._path.unlink(missing_ok=True)


def unfinished() -> list[Path]:
    """Return the journals of processes that ended before their replies settled: this notebook's first, newest first."""
    here = _whose()["notebook"]
    found = []
    for path in folder().glob("*.jsonl"):
        # One that another kernel clears at this moment is not there any more.
        with suppress(OSError):
            head = _head(path)
            if head is not None and not _goes_on(head, path):
                found.append((head["notebook"] != here, -path.stat().st_mtime, path))
    return [path for _, _, path in sorted(found)]


def recover(path: Path) -> Reply:
    """Return the reply that a journal holds; one that had not ended has failed, for the kernel's end.

    Raises:
        OSError: if the file cannot be read.
    """
    reply = Reply()
    at = 0.0
    for line in path.read_text("ascii", "replace").splitlines()[1:]:
        try:
            event = decode_event(line)
        except ValueError:
            # The end of a last line that was being written.
            break
        if not reply.ended:
            reply = reduce(reply, event)
        at = event.at
    return reply if reply.ended else reduce(reply, Ended(at, "failed", Failure("kernel_ended")))


def _whose() -> dict[str, Any]:
    import psutil  # noqa: PLC0415  (ipykernel has loaded it; a script may not have it)

    return {
        "pid": os.getpid(),
        "began": psutil.Process().create_time(),
        "host": platform.node(),
        # Jupyter's server names the notebook to its kernels; elsewhere the folder has to do.
        "notebook": os.environ.get("JPY_SESSION_NAME") or str(Path.cwd()),
    }


def _head(path: Path) -> dict[str, Any] | None:
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            head = json.loads(file.readline())
        return head if head["journal"] == VERSION and "notebook" in head else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _goes_on(head: dict[str, Any], path: Path) -> bool:
    """Whether the process that writes a journal is still there; a later one may have been given its number."""
    import psutil  # noqa: PLC0415  (as above)

    if head.get("host") != platform.node():
        return time.time() - path.stat().st_mtime < _ELSEWHERE_SECONDS
    try:
        return bool(abs(psutil.Process(head["pid"]).create_time() - head["began"]) < 1)
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False


def _prune(home: Path) -> None:
    for path in home.glob("*.jsonl"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                path.unlink()
