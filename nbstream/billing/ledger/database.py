"""The database of the ledger: opening it, its transactions, and what can go wrong with the file.

Several kernels have it open at once. On a disk of this machine it is in WAL mode, so that readers
and a writer do not wait for each other, and a commit costs no wait for the disk: it survives the
end of the process, and the file stays sound when the power fails. On a network, where WAL damages
the file, it has a rollback journal.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from nbstream.billing.ledger import place
from nbstream.billing.ledger.problems import LedgerError
from nbstream.billing.ledger.schema import STEPS, migrate
from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbstream.billing.ledger.problems import ProblemKind

#: How long a transaction waits for other programs, in seconds.
WAIT = 5.0
_OWNER_ONLY = 0o600
#: "nbst", by which `file` tells whose database it is.
_APPLICATION = 0x6E627374
#: The write-ahead log is put into the database when it has so many bytes; a row takes about 20,000.
_LOG_BYTES = 8 << 20

_KINDS: dict[int, ProblemKind] = {
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "closed",
    sqlite3.SQLITE_CANTOPEN: "closed",
    sqlite3.SQLITE_PERM: "closed",
    sqlite3.SQLITE_AUTH: "closed",
}
#: What a forked process must neither use nor close: https://sqlite.org/howtocorrupt.html, 2.6
_left: list[Database] = []
_known: dict[Path, Database] = {}
_lock = ProcessLock()


class Database:
    """One file, for all threads of this process.

    Args:
        path: the file. It is made, and its folder, at the first use.

    Attributes:
        path: the file.
        damage: the last damage to it, whoever came upon it; None without any.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: LedgerError | None = None
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._wait = WAIT
        self._is_shared: bool | None = None
        #: A connection for reading that nobody uses now, and the file that it has open.
        self._kept: tuple[sqlite3.Connection, tuple[int, int] | None] | None = None
        self._keeping = threading.Lock()

    @property
    def is_shared(self) -> bool:
        """Whether the file is on a network, where each commit waits for a server."""
        if self._is_shared is None:
            self._is_shared = place.is_on_network(self.path.parent)
        return self._is_shared

    def execute(self, statement: str, values: dict[str, object], wait: float = WAIT) -> None:
        """Execute one statement, and commit it.

        Args:
            statement: in SQL.
            values: of its parameters, by name.
            wait: how long to wait for other threads and programs, in seconds.

        Raises:
            LedgerError: if nothing was written.
        """
        with self._writing(wait) as connection:
            connection.execute(statement, values)

    @contextmanager
    def transaction(self, wait: float = WAIT) -> Iterator[sqlite3.Connection]:
        """Yield a connection that holds the write lock of the file; commit at the end.

        No other thread and no other process writes meanwhile. An exception undoes what was written.

        Args:
            wait: how long to wait for other threads and programs, in seconds.

        Raises:
            LedgerError: if nothing was written.
        """
        with self._writing(wait) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that sees one state of the file, while others write.

        Raises:
            LedgerError: if the file cannot be read. It is made if it is not there.
        """
        if not self.path.exists():
            with self._writing(WAIT):
                pass
        with self._translated(), self._reader() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection for reading; one is kept, as opening takes longer than a question."""
        with self._keeping:
            kept, self._kept = self._kept, None
        if kept is not None and kept[1] != _identity(self.path):
            kept[0].close()
            kept = None
        connection, identity = kept or (self._connected(WAIT), _identity(self.path))
        try:
            if kept is None:
                if _version(connection) != len(STEPS):
                    with self._writing(WAIT):
                        pass
                connection.execute("PRAGMA query_only = ON")
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._keeping:
            if self._kept is None:
                self._kept = connection, identity
                return
        connection.close()

    def tidy(self) -> None:
        """Put the write-ahead log into the database if it has grown; waits for the disk.

        Raises:
            LedgerError: if that failed.
        """
        if not self.is_shared and _size(self._beside("-wal")) > _LOG_BYTES:
            with self._translated(), closing(self._connected(WAIT)) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def shrink(self) -> None:
        """Give back the room of deleted rows, and empty the log, which may still have them.

        Raises:
            LedgerError: if that failed, as while another program reads; the rows are deleted.
        """
        with self._writing(WAIT) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            connection, self._connection, self._file = self._connection, None, None
            if connection is not None:
                connection.close()
        with self._keeping:
            kept, self._kept = self._kept, None
        if kept is not None:
            kept[0].close()

    @contextmanager
    def _writing(self, wait: float) -> Iterator[sqlite3.Connection]:
        until = time.monotonic() + wait
        if not self._lock.acquire(timeout=wait):
            raise LedgerError("busy", self.path)
        try:
            with self._translated():
                yield self._open(max(0.0, until - time.monotonic()))
        finally:
            self._lock.release()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise what SQLite and the operating system raise as a `LedgerError`."""
        try:
            yield
        except sqlite3.Error as error:
            kind = _KINDS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "broken")
            if kind == "broken" and "readonly" in str(error):
                kind = "closed"
            said = self._set_aside() if kind == "corrupt" else str(error)
            if kind != "busy":
                self.close()
            found = LedgerError(kind, self.path, said)
            if said and kind == "corrupt":
                self.damage = found
            raise found from None
        except OSError as error:
            raise LedgerError("closed", self.path, error.strerror or str(error)) from None

    def _open(self, wait: float) -> sqlite3.Connection:
        """Return the connection for writing; a new one if the file was replaced."""
        if self._connection is not None and _identity(self.path) != self._file:
            self.close()
        if self._connection is None:
            self._make_file()
            connection = self._connected(wait)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._file, self._wait = connection, _identity(self.path), wait
        elif self._wait != wait:
            self._connection.execute(f"PRAGMA busy_timeout = {round(wait * 1000)}")
            self._wait = wait
        return self._connection

    def _make_file(self) -> None:
        """Make the file before SQLite does, so that at no moment another user can read it."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives the files beside it the same mode.
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))

    def _connected(self, wait: float) -> sqlite3.Connection:
        # Not made by SQLite, which would let others read it.
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=rw",
            uri=True,
            timeout=wait,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.row_factory = sqlite3.Row
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Set how the file is written, and bring its tables up to date."""
        mode = "delete" if self.is_shared else "wal"
        with suppress(sqlite3.OperationalError):
            # Where a file system has no shared memory, SQLite refuses WAL and keeps the other mode.
            connection.execute(f"PRAGMA journal_mode = {mode}").fetchone()
        connection.execute("PRAGMA synchronous = NORMAL")
        # It waits for the disk, so `tidy` does it where nobody waits.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        # What is deleted is overwritten.
        connection.execute("PRAGMA secure_delete = ON")
        if _version(connection) == len(STEPS):
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have done it meanwhile.
            version = _version(connection)
            if version > len(STEPS):
                raise LedgerError("newer", self.path)
            if version == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise LedgerError("closed", self.path, "it is another program's database")
            if version < len(STEPS):
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                migrate(connection, version)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _set_aside(self) -> str:
        """Move a damaged file out of the way, and return where it is.

        The next use makes a new one. It is "" if another process has moved it.
        """
        self.close()
        with _only_one(self._beside(".lock")):
            if not self._is_damaged():
                return ""
            aside = self._beside(time.strftime(".damaged-%Y%m%d-%H%M%S"))
            for ending in ("-wal", "-shm", "-journal", ""):
                with suppress(FileNotFoundError):
                    self._beside(ending).replace(f"{aside}{ending}")
        return str(aside)

    def _is_damaged(self) -> bool:
        try:
            with closing(self._connected(WAIT)) as connection:
                return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
        except sqlite3.DatabaseError as error:
            return _KINDS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF) == "corrupt"

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(self.path.name + ending)


def current() -> Database | None:
    """Return the ledger's database; None if the ledger is switched off."""
    path = place.path()
    if path is None:
        return None
    with _lock:
        if path not in _known:
            _known[path] = Database(path)
        return _known[path]


def _forget() -> None:
    """Leave the databases of the process that this one was forked from."""
    _left.extend(_known.values())
    _known.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Let one process at a time pass; one that waits for long passes as well."""
    until, is_ours = time.monotonic() + WAIT, False
    while not is_ours and time.monotonic() < until:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
            is_ours = True
        except FileExistsError:
            time.sleep(0.01)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
