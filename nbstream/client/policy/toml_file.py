"""One file of rules: its text as TOML, and errors that name the file and the line."""

from __future__ import annotations

import errno
import re
import stat
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbstream.language import _
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_HEADER = re.compile(r"\s*\[\[?\s*(.+?)\s*\]\]?\s*(?:#.*)?")
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*""")
_AT = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The text of a file, and what it says.

    Attributes:
        path: the path of the file.
        text: the whole file.
        document: the text as TOML.
    """

    path: Path
    text: str = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)

    def line_of(self, *keys: str) -> int:
        """Return the line, counted from 1, of a key in its tables; the nearest one that is found.

        `tomllib` tells no lines. Keys within a text of several lines may be taken for it.
        """
        return _line_of(self.text, keys)

    def error(self, reason: str, *keys: str) -> RequestError:
        """Return an error about a key, which names the file and the line."""
        return RequestError(
            _("{path}, line {line_of}: {reason}.", path=self.path, line_of=self.line_of(*keys), reason=reason)
        )


def read(path: Path) -> TomlFile:
    """Return a file.

    Raises:
        OSError: if it cannot be read.
        RequestError: if it is not UTF-8, or not TOML; names the file and the line.
    """
    if stat.S_ISFIFO(path.stat().st_mode):
        # To open it would wait for somebody who writes into it.
        raise OSError(errno.EINVAL, _("it is a pipe"))
    try:
        text = path.read_text("utf-8-sig")
        return TomlFile(path, text, tomllib.loads(text))
    except UnicodeDecodeError:
        raise RequestError(_("{path} is not UTF-8.", path=path)) from None
    except tomllib.TOMLDecodeError as error:
        found = _AT.search(str(error))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        reason = str(error)[: found.start()].strip() if found else str(error)
        raise RequestError(_("{path}, line {line}: {reason}.", path=path, line=line, reason=reason)) from None
    except RecursionError:
        raise RequestError(_("{path} has too many brackets within one another.", path=path)) from None


def _line_of(text: str, keys: Sequence[str]) -> int:
    best, line_of_best = 0, 1
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = found = _parts(header[1])
        elif "=" in line and not line.lstrip().startswith("#"):
            found = (*table, *_parts(line.partition("=")[0]), *_inline(line, keys))
        else:
            continue
        shared = _shared(found, keys)
        if shared > best:
            best, line_of_best = shared, number
        if best == len(keys):
            break
    return line_of_best


def _inline(line: str, keys: Sequence[str]) -> tuple[str, ...]:
    """Return the last key if a table in braces on this line has it."""
    value = line.partition("=")[2]
    is_there = value.lstrip().startswith("{") and re.search(rf"\b{re.escape(keys[-1])}\b[\"']?\s*[=.]", value)
    return (keys[-1],) if keys and is_there else ()


def _parts(name: str) -> tuple[str, ...]:
    return tuple(next(filter(None, found.groups()), "") for found in _PART.finditer(name))


def _shared(found: Sequence[str], keys: Sequence[str]) -> int:
    """Return how many keys agree from the beginning."""
    for at, (one, other) in enumerate(zip(found, keys, strict=False)):
        if one != other:
            return at
    return min(len(found), len(keys))
