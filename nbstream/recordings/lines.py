"""The format of a recording: lines of JSON (docs/tasks/recordings.md describes it).

A response is a group of lines that is written at once: the request, the response's status and
headers, a line for each piece of its bytes, and the end. So a group that lacks its end was cut off.
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode, b64encode
from codecs import getincrementaldecoder
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

from nbstream.language import _
from nbstream.recordings.taken import Asked, End, Taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

#: The version of the format that is written, and the latest that is read.
VERSION = 1
#: The field of the first line.
HEADER = "nbstream_recording"
_MICRO = 6
_NAME = re.compile(r"[\w-]+", re.ASCII)


class FormatError(ValueError):
    """A line is none of a recording; the message is the rest of a sentence about the file."""


def header() -> bytes:
    """Return the first line of a new file."""
    return _line({HEADER: VERSION})


def to_lines(taken: Taken) -> bytes:
    """Return a recorded response as lines."""
    asked = taken.asked
    request: dict[str, Any] = {"request": f"{asked.method} {asked.url}"}
    request["recorded"] = datetime.fromtimestamp(taken.instant, UTC).isoformat().replace("+00:00", "Z")
    request |= {"usual": taken.usual} if taken.usual else {}
    request |= {"endpoint": taken.endpoint} if taken.endpoint else {}
    request |= {"body": asked.body} if asked.body is not None else {}
    lines = [request]
    if taken.status is not None:
        error = {"error": taken.error} if taken.error or taken.end == "refused" else {}
        lines.append({"response": taken.status, "headers": dict(taken.headers), **error})
    lines += [{"at": round(at, _MICRO), **_data(piece)} for at, piece in _whole_characters(taken.pieces)]
    end: dict[str, Any] = {"end": taken.end, "at": round(taken.seconds, _MICRO)}
    facts = {"failure": taken.failure, "usage": taken.usage, "cost": taken.cost}
    lines.append(end | {name: value for name, value in facts.items() if value is not None})
    return b"".join(map(_line, lines))


def read(lines: Iterable[bytes]) -> Iterator[Taken]:
    """Yield the recorded responses of a file. A group without its end is left out.

    Args:
        lines: the lines of the file.

    Raises:
        FormatError: if a line is none of a recording, or the file has a newer format.
    """
    group: _Group | None = None
    has_header = False
    unreadable = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if unreadable:
            raise FormatError(_("line {unreadable} cannot be read", unreadable=unreadable))
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, dict):
            # The last line may have been torn when a process was killed; but not the first one.
            unreadable = number
            if not has_header:
                raise FormatError(_("it is no recording of nbstream"))
            continue
        if HEADER in fields:
            _check_version(fields[HEADER])
            has_header = True
            continue
        if not has_header:
            raise FormatError(_("it is no recording of nbstream"))
        try:
            if "request" in fields:
                group = _Group(fields)
            elif group is not None and group.add(fields):
                yield group.taken()
                group = None
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            raise FormatError(_("line {number} cannot be read", number=number)) from None
    if not has_header:
        raise FormatError(_("it is empty") if not unreadable else _("it is no recording of nbstream"))


def _check_version(version: object) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise FormatError(_("it has no valid version"))
    if version > VERSION:
        raise FormatError(
            _(
                "it was made by a newer nbstream (format {version}; this one reads up to {version2}): update nbstream",
                version=version,
                version2=VERSION,
            )
        )


class _Group:
    """The lines of one response, as they are read."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        method, _, url = fields["request"].partition(" ")
        body = fields.get("body")
        if not (method and url) or not (body is None or isinstance(body, dict)):
            raise ValueError("no request")
        self._asked = Asked(method, url, body)
        self._instant = datetime.fromisoformat(fields["recorded"]).timestamp()
        self._usual = str(fields.get("usual", ""))
        endpoint = fields.get("endpoint")
        self._endpoint = endpoint if isinstance(endpoint, dict) else None
        self._status: int | None = None
        self._headers: dict[str, str] = {}
        self._error = ""
        self._pieces: list[tuple[float, bytes]] = []
        self._end: Mapping[str, Any] = {}

    def add(self, fields: Mapping[str, Any]) -> bool:
        """Add a line, and return whether it is the last one."""
        if "end" in fields:
            self._end = fields
            return True
        if "response" in fields:
            self._status = int(fields["response"])
            self._headers = dict(map(_header, fields.get("headers", {}).items()))
            self._error = str(fields.get("error", ""))
        elif "text" in fields or "base64" in fields:
            text = fields.get("text")
            data = text.encode("utf-8", "surrogatepass") if text is not None else b64decode(fields["base64"])
            self._pieces.append((_seconds(fields["at"]), data))
        return False

    def taken(self) -> Taken:
        """Return the response."""
        end = self._end["end"]
        if end not in get_args(End):
            raise ValueError("no end")
        return Taken(
            self._asked,
            self._instant,
            self._status,
            self._headers,
            self._error,
            self._pieces,
            end,
            _seconds(self._end["at"]),
            failure=_facts(self._end.get("failure")),
            usage=_facts(self._end.get("usage")),
            cost=_facts(self._end.get("cost")),
            usual=self._usual,
            endpoint=self._endpoint,
        )


def _header(field: tuple[str, Any]) -> tuple[str, str]:
    """Return a field of the headers in one line, as the simulator sends it; names in lower case."""
    name, value = field
    if not _NAME.fullmatch(name):
        raise ValueError("no name of a header")
    return name.lower(), " ".join(str(value).split())


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not math.isfinite(seconds):
        raise ValueError("no time")
    return seconds


def _facts(value: Any) -> Mapping[str, Any] | None:
    if value is not None and not isinstance(value, dict):
        raise ValueError("no facts")
    return value


def _line(fields: Mapping[str, Any]) -> bytes:
    try:
        text = json.dumps(fields, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair is no UTF-8.
        text = json.dumps(fields).encode()
    return text + b"\n"


def _data(piece: bytes) -> dict[str, str]:
    try:
        return {"text": piece.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(piece).decode()}


def _whole_characters(pieces: Sequence[tuple[float, bytes]]) -> Iterator[tuple[float, bytes]]:
    """Yield the pieces so that none ends within a character: its bytes begin the next piece.

    So that a person can read them.
    """
    rest, last = b"", 0.0
    for at, piece in pieces:
        data = rest + piece
        size = _beginning_of_character(data)
        rest, last = data[len(data) - size :], at
        if data := data[: len(data) - size]:
            yield at, data
    if rest:
        yield last, rest


def _beginning_of_character(data: bytes) -> int:
    """Return how many bytes at the end of `data` begin a character that they do not end."""
    decoder = getincrementaldecoder("utf-8")()
    try:
        decoder.decode(data)
    except UnicodeDecodeError:
        return 0
    return len(decoder.getstate()[0])
