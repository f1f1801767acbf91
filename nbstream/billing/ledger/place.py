"""Where the ledger is, and whether its folder is on a network."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

#: Names the ledger's file, or switches the ledger off.
VARIABLE = "NBSTREAM_LEDGER"
OFF = "off"
_NAME = "ledger.sqlite"
#: Names of file systems that several machines share, as the operating system gives them. A database
#: in WAL mode is damaged there, as its shared memory is that of one machine:
#: https://sqlite.org/wal.html, "WAL does not work over a network filesystem".
_NETWORK = frozenset({
    *("9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "cvmfs", "davfs", "gfs2", "glusterfs", "gpfs", "lustre"),
    *("nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "panfs", "prl_fs", "pvfs2", "smb2", "smb3", "smbfs", "vboxsf"),
    *("virtiofs", "vmhgfs", "webdav", "wekafs"),
})  # fmt: skip
#: In the names of file systems that are programs, such as `fuse.sshfs`: most of them are networks.
_PROGRAM = "fuse"
#: A disk of this machine, though a program reads it.
_DISK = "fuseblk"


def path() -> Path | None:
    """Return where the ledger is; None if it is switched off."""
    chosen = os.environ.get(VARIABLE, "").strip()
    if chosen.lower() == OFF:
        return None
    return Path(chosen).expanduser().absolute() if chosen else _own_path()


def is_own(place: Path) -> bool:
    """Return whether `place` is where the ledger is unless the user chose another file."""
    return place == _own_path()


def is_on_network(folder: Path) -> bool:
    """Return whether other machines may have the same folder open.

    It is false where the operating system does not say what the file system is.
    """
    import psutil  # noqa: PLC0415  (at the first request)

    try:
        mounts = {each.mountpoint: each.fstype for each in psutil.disk_partitions(all=True)}
    except (psutil.Error, OSError, RuntimeError):
        return False
    place = Path(os.path.realpath(folder))
    kind = next((mounts[str(each)] for each in (place, *place.parents) if str(each) in mounts), "").lower()
    return kind in _NETWORK or (_PROGRAM in kind and kind != _DISK)


@lru_cache(maxsize=1)
def _own_path() -> Path:
    from platformdirs import user_data_path  # noqa: PLC0415  (at the first request)

    return user_data_path("nbstream", appauthor=False) / _NAME
