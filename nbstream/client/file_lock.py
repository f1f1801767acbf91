"""A lock on a file that ends with its process: only one job at a time writes an answer file."""

from __future__ import annotations

import sys

#: Windows locks bytes, also against reading, so this is one that no file reaches.
_FAR = 1 << 62

if sys.platform == "win32":
    import msvcrt
    import os

    def acquire(file: int) -> bool:
        """Lock the open file with this number, and return whether nobody else has."""
        os.lseek(file, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def release(file: int) -> None:
        """Undo `acquire`."""
        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def acquire(file: int) -> bool:
        """Lock the open file with this number, and return whether nobody else has."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            # Some network file systems have no locks.
            return True
        return True

    def release(file: int) -> None:
        """Undo `acquire`."""
        fcntl.flock(file, fcntl.LOCK_UN)
