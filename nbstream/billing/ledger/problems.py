"""Why the ledger cannot be used, in a word for programs and in words for readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from nbstream.language import _

if TYPE_CHECKING:
    from pathlib import Path

#: Why the ledger cannot be used.
ProblemKind: TypeAlias = Literal[
    "busy",  # another program holds the file for longer than the wait
    "corrupt",  # the file was damaged, or is no database; it was moved aside
    "full",  # the disk is full, or a quota is used up
    "newer",  # a newer version of nbstream has made the file
    "closed",  # it can be neither written nor made
    "broken",  # reading or writing failed in another way
]


class LedgerError(Exception):
    """The ledger cannot be read or written.

    Attributes:
        kind: why.
        path: the file.
        said: the words of SQLite or of the operating system; of a corrupt file, where it is now.
    """

    def __init__(self, kind: ProblemKind, path: Path, said: str = "") -> None:
        super().__init__(kind, path, said)
        self.kind = kind
        self.path = path
        self.said = said

    def __str__(self) -> str:
        """Which file, and why, for a reader."""
        return f"{self.path}: {self.reason}"

    @property
    def reason(self) -> str:
        """Why, as the end of a sentence for a reader."""
        match self.kind:
            case "corrupt" if self.said:
                return _("it was damaged, and is now at {path}; the next request begins a new one", path=self.said)
            case "corrupt":
                return _("it was damaged")
            case "busy":
                return _("another program holds it")
            case "newer":
                return _("a newer version of nbstream made it")
        return self.said or self.kind
