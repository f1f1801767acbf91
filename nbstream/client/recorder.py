"""Appends responses to a recording, on a thread of its own.

Several cells and kernels may append to one file: each response is one write, under a lock.
"""

from __future__ import annotations

import copy
import json
import os
import time
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbstream.client import file_lock, writer
from nbstream.language import _, plural
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.recordings import lines
from nbstream.recordings.lines import FormatError
from nbstream.recordings.taken import Asked, Taken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future
    from typing import BinaryIO

    from nbstream.client.trace import ResponseTrace
    from nbstream.model.failure import Failure
    from nbstream.model.reply import Reply
    from nbstream.model.usage import Cost, Usage

#: Other headers of a response are not needed, and may tell something about the account.
_HEADERS = ("content-type", "retry-after", "retry-after-ms", "location")
_LOCK_SECONDS, _TICK_SECONDS = 20.0, 0.01


class Recorder:
    """Appends responses to a file.

    Args:
        path: the file; it is made if there is none.

    Raises:
        RequestError: if it cannot be written, or holds anything but a recording.
    """

    has_times = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser().absolute()
        self.name = one_line(str(path))
        #: The base URL of the usual server, if that is not DeepSeek's own.
        self.usual = ""
        #: The user's own endpoint that is asked.
        self.endpoint: Mapping[str, Any] | None = None
        self._pending: list[Future[None]] = []
        try:
            self._check()
        except FormatError as error:
            raise RequestError(
                _(
                    "{name} is left as it is: {error}. Name another file for the recording. Nothing was sent.",
                    name=self.name,
                    error=error,
                )
            ) from None
        except OSError as error:
            raise RequestError(
                _(
                    "{name} cannot be written: {strerror}. Nothing was sent.",
                    name=self.name,
                    strerror=error.strerror or error,
                )
            ) from None

    def __repr__(self) -> str:
        return f"<Recorder of {self.name}>"

    def bound(self, usual: str, endpoint: Mapping[str, Any] | None) -> Recorder:
        """Return the recorder for requests to one server.

        Args:
            usual: the base URL of the usual server, if that is not DeepSeek's own.
            endpoint: the user's own endpoint that is asked; see `Taken`.
        """
        made = copy.copy(self)
        made.usual, made.endpoint = usual, endpoint
        return made

    def write(self, response: ResponseTrace, step: Reply | None = None, cost: Cost | None = None) -> None:
        """Append a response that has ended; returns at once.

        Args:
            response: the response.
            step: the reply to its request; None if there was none.
            cost: what it cost.
        """
        usage = step.own.usage if step is not None else None
        usual, endpoint = self.usual, self.endpoint
        self._pending.append(writer.submit(lambda: self._append(taken_of(response, usage, cost, usual, endpoint))))

    def add(self, taken: Taken) -> None:
        """Append a response of the cache, as it is kept there; returns at once."""
        self._pending.append(writer.submit(self._append, replace(taken, usual=self.usual, endpoint=self.endpoint)))

    def flush(self) -> str:
        """Wait until all is written; return a sentence about what could not be, or nothing."""
        problems = []
        while self._pending:
            error = self._pending.pop(0).exception()
            if error is not None:
                problems.append(str(error.strerror if isinstance(error, OSError) and error.strerror else error))
        if not problems:
            return ""
        return plural(
            "A response could not be recorded in {name}: {reason}.",
            "{n} responses could not be recorded in {name}: {reason}.",
            len(problems),
            name=self.name,
            reason=one_line(problems[0]),
        )

    def _append(self, taken: Taken) -> None:
        data = lines.to_lines(taken)
        with open(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0) as file:  # noqa: PTH123
            _locked(file)
            try:
                end, missing = _end(file)
                data = missing + data if end else lines.header() + data
                file.seek(end)
                file.truncate()
                left = memoryview(data)
                try:
                    while left:
                        left = left[file.write(left) :]
                except OSError:
                    # No part of a response is left, as after a full disk.
                    file.truncate(end)
                    raise
            finally:
                file_lock.release(file.fileno())

    def _check(self) -> None:
        with open(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666), "r+b") as file:  # noqa: PTH123
            if file.read(1):
                file.seek(0)
                # Its first lines tell what it is.
                for _ in lines.read([file.readline()]):
                    pass


def taken_of(
    response: ResponseTrace,
    usage: Usage | None,
    cost: Cost | None,
    usual: str = "",
    endpoint: Mapping[str, Any] | None = None,
) -> Taken:
    """Return a response as it is recorded, without keys."""
    asked = Asked(response.method, response.url, response.body)
    return Taken(
        asked,
        response.instant,
        response.status,
        {name: value for name, value in response.headers.items() if name in _HEADERS},
        response.error,
        response.pieces,
        response.end or "stopped",
        response.ended or 0.0,
        failure=_failure(response.failure) if response.end == "broken" else None,
        usage={name: each for name, each in asdict(usage).items() if each is not None} if usage is not None else None,
        cost=_cost(cost) if cost is not None else None,
        usual=usual,
        endpoint=endpoint,
    )


def _failure(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    found = {each.name: getattr(failure, each.name) for each in fields(failure)}
    return {name: value for name, value in found.items() if value not in (None, "")}


def _cost(cost: Cost) -> dict[str, Any]:
    bounds = {name: True for name in ("at_most", "at_least") if getattr(cost, name)}
    source = {"source": cost.source} if cost.source else {}
    parts = {"parts": {name: str(each) for name, each in asdict(cost.parts).items()}} if cost.parts else {}
    return {"amount": str(cost.amount), "currency": cost.currency, **bounds, **source, **parts}


def _locked(file: BinaryIO) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while not file_lock.acquire(file.fileno()):
        if time.monotonic() > deadline:
            raise OSError(_("another kernel keeps it locked"))
        time.sleep(_TICK_SECONDS)


def _end(file: BinaryIO) -> tuple[int, bytes]:
    """Return where to go on, and what is missing before it.

    A killed process may have torn the last line, which is left out; and an editor may have left out
    the end of the last line, which is whole.
    """
    at = file.seek(0, os.SEEK_END)
    step, last = 1 << 16, b""
    while at > 0 and b"\n" not in last:
        start = max(0, at - step)
        file.seek(start)
        last, at, step = file.read(at - start) + last, start, 2 * step
    before, newline, rest = last.rpartition(b"\n")
    size = at + len(before) + len(newline)
    try:
        is_whole = isinstance(json.loads(rest), dict)
    except (ValueError, RecursionError):
        is_whole = False
    return (size + len(rest), b"\n") if is_whole else (size, b"")
