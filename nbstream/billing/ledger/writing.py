"""Writes the rows of the ledger: before the reply's end is told, if that takes no time, else soon.

On a disk of this machine a row takes a fraction of a millisecond, so it is committed at once: it
survives a kernel that is killed right after. Where it would take longer, as another program holds
the file, or as it is on a network, a thread writes it. A row that could not be written is tried
again with the next ones.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from nbstream.billing.ledger import database
from nbstream.billing.ledger.entry import INSERT, columns
from nbstream.billing.ledger.problems import LedgerError
from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.billing.ledger.database import Database
    from nbstream.billing.ledger.entry import Entry
    from nbstream.billing.ledger.problems import ProblemKind

#: How long the end of a reply waits for other programs that write, in seconds.
_DELAY = 0.05
#: How long the thread waits for them, and how long it leaves a file alone that cannot be written.
_PATIENCE = 5.0
_PAUSE = 10.0
#: The most rows that wait for a file that cannot be written.
_MOST_WAITING = 10_000
#: After so many rows the thread sees to the write-ahead log.
_TIDY_ROWS = 200


class Writer:
    """Writes the rows of this process to one file.

    Args:
        file: the database.

    Attributes:
        is_ready: whether the file was opened, or could not be.
    """

    def __init__(self, file: Database) -> None:
        self.is_ready = False
        self._file = file
        self._changed = threading.Condition()
        self._waiting: deque[dict[str, object]] = deque(maxlen=_MOST_WAITING)
        self._is_writing = False
        self._wants_opening = False
        self._since_tidy = 0
        #: How often the thread could not write.
        self._failures = 0
        self._not_before = 0.0
        self._thread: threading.Thread | None = None
        self._told: set[ProblemKind] = set()
        self._problem: LedgerError | None = None

    def prepare(self) -> None:
        """Open the file soon, so that the first row need not wait for that."""
        if not self.is_ready:
            with self._changed:
                self._wants_opening = True
                self._wake()

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until the file was opened, or could not be; at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_ready, seconds)

    def append(self, entry: Entry) -> None:
        """Add a row. It is committed, or it will be as soon as the file can be written."""
        row = columns(entry)
        with self._changed:
            is_soon = self._is_late()
            if is_soon:
                self._waiting.append(row)
                self._wake()
        if not is_soon:
            self._write_now(row)

    def take_problem(self) -> LedgerError | None:
        """Return what is wrong with the file, once for each kind of problem; else None."""
        if (damage := self._file.damage) is not None:
            # Others use the file as well.
            self._tell(damage)
        problem, self._problem = self._problem, None
        return problem

    def flush(self, seconds: float = _PATIENCE) -> bool:
        """Wait until all rows are written, or cannot be; return whether they are.

        Args:
            seconds: how long to wait at most.
        """
        with self._changed:
            self._not_before, failures = 0.0, self._failures
            if self._waiting:
                self._wake()
            self._changed.wait_for(lambda: self._is_done() or self._failures > failures, seconds)
            return self._is_done()

    def _is_done(self) -> bool:
        return not self._waiting and not self._is_writing

    def _is_late(self) -> bool:
        return bool(self._waiting) or time.monotonic() < self._not_before or self._file.is_shared

    def _write_now(self, row: dict[str, object]) -> None:
        try:
            try:
                self._file.execute(INSERT, row, _DELAY)
            except LedgerError as error:
                if error.kind != "corrupt":
                    raise
                self._tell(error)
                self._file.execute(INSERT, row, _DELAY)
        except LedgerError as error:
            if error.kind != "busy":
                self._failed(error)
            with self._changed:
                self._waiting.append(row)
                self._wake()
            return
        self._since_tidy += 1
        if self._since_tidy >= _TIDY_ROWS:
            with self._changed:
                self._wake()

    def _tell(self, error: LedgerError) -> None:
        # Of a damaged file that another process has moved, that one has told.
        if error.kind not in self._told and (error.said or error.kind != "corrupt"):
            self._told.add(error.kind)
            self._problem = error

    def _failed(self, error: LedgerError) -> None:
        self._tell(error)
        self._not_before = time.monotonic() + _PAUSE

    def _wake(self) -> None:
        """Let the thread work, and start it if need be. The caller holds the lock."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="nbstream-ledger", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _has_work(self) -> bool:
        if self._since_tidy >= _TIDY_ROWS or self._wants_opening:
            return True
        return bool(self._waiting) and time.monotonic() >= self._not_before

    def _work(self) -> None:
        while True:
            with self._changed:
                pause = max(0.0, self._not_before - time.monotonic()) if self._waiting else None
                self._changed.wait_for(self._has_work, pause)
                if not self._has_work():
                    continue
                rows = [*self._waiting]
                self._is_writing, self._wants_opening = True, False
            is_written = self._write(rows)
            with self._changed:
                self.is_ready = True
                if is_written:
                    # Some of them may have had to make room meanwhile.
                    written = {id(each) for each in rows}
                    while self._waiting and id(self._waiting[0]) in written:
                        self._waiting.popleft()
                else:
                    self._failures += 1
                self._is_writing = False
                self._changed.notify_all()

    def _write(self, rows: list[dict[str, object]]) -> bool:
        """Write rows, and put the log into the database if it has grown."""
        try:
            # Without rows it finds out whether the file can be written.
            with self._file.transaction(_PATIENCE) as connection:
                connection.executemany(INSERT, rows)
            self._not_before = 0.0
            if self._since_tidy >= _TIDY_ROWS:
                self._since_tidy = 0
                self._file.tidy()
        except LedgerError as error:
            self._tell(error)
            self._not_before = time.monotonic() + (0.0 if error.kind == "corrupt" else _PAUSE)
            return False
        return True


_writers: dict[Path, Writer] = {}
_lock = ProcessLock()


def current() -> Writer | None:
    """Return the writer of the ledger; None if the ledger is switched off."""
    file = database.current()
    if file is None:
        return None
    with _lock:
        if file.path not in _writers:
            _writers[file.path] = Writer(file)
        return _writers[file.path]


def flush(seconds: float = _PATIENCE) -> bool:
    """Wait until all rows of this process are written, and return whether they are."""
    written = [each.flush(seconds) for each in [*_writers.values()]]
    return all(written)


def _forget() -> None:
    """Leave the writers of the process that this one was forked from, which has their threads."""
    _writers.clear()


atexit.register(flush)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
