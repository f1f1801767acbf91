"""Reads failures out of whatever a server sent: every error shape of the wire, in one place.

Bodies are untrusted text: they are cut to the length of a sentence and never interpreted.
"""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

from nbstream.model.failure import Failure

_LONGEST_MESSAGE = 300
#: Nobody nests an error deeper on purpose.
_DEEPEST = 8
#: More than this many characters of a page are not read for its title, nor of anything else for a sentence.
_MOST_READ = 1 << 16
# No "<" within a tag: else each of many that never end would be looked for to the end of the page.
_TITLE = re.compile(r"<title[^<>]*>", re.IGNORECASE)
_TITLE_END = re.compile(r"</title", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_SPACE = re.compile(r"\s+")
_NOT_PRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

#: LiteLLM's generic route answers 400 to a field it does not know, transformers 422.
_UNKNOWN_FIELD = (400, 422)


def shorten(text: str) -> str:
    """Return `text` as one line of printable characters, of a sentence's length."""
    line = _SPACE.sub(" ", _NOT_PRINTABLE.sub(" ", text)).strip()
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"


def from_status(status: int, body: str, server: str) -> Failure:
    """Return the failure that an HTTP status other than 2xx means.

    Args:
        status: the HTTP status.
        body: the response's body: JSON in any of its error shapes, HTML, or anything else.
        server: the server's name in a sentence.
    """
    message, code = _read_body(body)
    is_thinking = status in _UNKNOWN_FIELD and "thinking" in message and "reasoning_content" not in message
    return Failure("refused", "unknown_thinking" if is_thinking else "", server, message, status, code)


def from_chunk(chunk: dict[str, Any], server: str, *, named_error: bool = False) -> Failure | None:
    """Return the failure that a chunk of the stream reports, or None if it reports none.

    Args:
        chunk: the decoded data of one event.
        server: the server's name in a sentence.
        named_error: the event's own name was "error", so that data of any shape is one.
    """
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict) and choice.get("error"):
            return _in_band(choice["error"], server)
    if chunk.get("error"):
        return _in_band(chunk["error"], server)
    if named_error or chunk.get("object") == "error":
        return _in_band(chunk, server)
    if "choices" not in chunk and "usage" not in chunk and (chunk.get("message") or chunk.get("detail")):
        return _in_band(chunk, server)
    return None


def from_data(data: str, server: str) -> Failure:
    """Return the failure that an event named "error" reports with data that is no JSON object; `server` is its name."""
    return _reported(server, *_read_body(data))


def from_body(body: str, server: str) -> Failure:
    """Return the failure that a 200 answer means which is neither a stream nor a completion."""
    if not body.strip():
        return Failure("not_a_stream", "empty", server)
    is_page = body.lstrip("\ufeff \t\r\n").startswith("<")
    message, code = _read_body(body)
    return Failure("not_a_stream", "page" if is_page else "", server, message, code=code)


def _in_band(error: object, server: str) -> Failure:
    return _reported(server, *_read(error))


def _reported(server: str, message: str, code: str | None) -> Failure:
    status = int(code) if code is not None and code.isdecimal() and len(code) <= 3 else None  # noqa: PLR2004
    return Failure("in_band", server=server, said=message, status_code=status, code=code)


def _read_body(body: str) -> tuple[str, str | None]:
    body = body.lstrip("\ufeff \t\r\n")
    try:
        return _read(json.loads(body))
    except (ValueError, RecursionError):
        pass
    body = body[:_MOST_READ]
    if body.startswith("<"):
        start = _TITLE.search(body)
        end = _TITLE_END.search(body, start.end()) if start else None
        return shorten(unescape(_TAG.sub(" ", body[start.end() : end.start()] if start and end else body))), None
    return shorten(body), None


def _read(value: object, depth: int = 0) -> tuple[str, str | None]:
    """Return message and code of an error in any of its shapes: an object, nested, a bare message, a string, a list."""
    if depth > _DEEPEST:
        return "", None
    if isinstance(value, list):
        return _read(value[0], depth + 1) if value else ("", None)
    if not isinstance(value, dict):
        return ("" if value is None else shorten(str(value))), None
    if value.get("error"):
        message, code = _read(value["error"], depth + 1)
        return message, code or _text(value.get("code"))
    for name in ("message", "msg", "detail"):
        if value.get(name):
            inner, _ = _read(value[name], depth + 1)
            # FastAPI, which most servers of open models are made with, names the field apart from the message.
            where = value.get("loc")
            if isinstance(where, list):
                inner = shorten(f"{'.'.join(part for part in where if isinstance(part, str))}: {inner}")
            return inner, _text(value.get("code") or value.get("status") or value.get("type"))
    try:
        said = shorten(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        said = ""
    return said, _text(value.get("code"))


def _text(value: object) -> str | None:
    return None if value is None or isinstance(value, dict | list) else shorten(str(value))
