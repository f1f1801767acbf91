"""A recording of one response with a seal: a last line from which any change of the file is seen.

The seal is a SHA-256 of the JSON values of all other lines. So other line ends, as git may make
them, change nothing.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from nbstream.language import _
from nbstream.recordings import lines
from nbstream.recordings.lines import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.recordings.taken import Taken

#: The field of the last line.
SEAL = "sealed"
_WHOLE = ("whole", "left")


def sealed(taken: Taken) -> bytes:
    """Return the file of one response."""
    data = lines.header() + lines.to_lines(taken)
    return data + json.dumps({SEAL: _digest(data.splitlines())}).encode() + b"\n"


def unsealed(data: bytes) -> Taken:
    """Return the response of a file.

    Raises:
        FormatError: if it is no such file, was cut off, or was changed; the message is the rest of
            a sentence about it.
    """
    rows = [line for line in data.split(b"\n") if line.strip()]
    if not rows:
        raise FormatError(_("it is empty"))
    try:
        responses = [*lines.read(rows)]
        seal = json.loads(rows[-1])
        digest = _digest(rows[:-1])
    except FormatError:
        raise
    except (RecursionError, ValueError):
        raise FormatError(_("it was cut off, or changed")) from None
    if not isinstance(seal, dict) or SEAL not in seal:
        raise FormatError(_("it was cut off, or changed"))
    if seal[SEAL] != digest:
        raise FormatError(_("it was changed after it had been written"))
    if len(responses) != 1 or responses[0].end not in _WHOLE:
        raise FormatError(_("it does not hold one whole response"))
    return responses[0]


def _digest(rows: Iterable[bytes]) -> str:
    found = hashlib.sha256()
    for row in rows:
        found.update(json.dumps(json.loads(row), sort_keys=True).encode() + b"\n")
    return found.hexdigest()
