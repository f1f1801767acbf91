"""Reads failures from error bodies, error chunks and bodies that are not a stream.

Bodies are untrusted: a message is cut to one printable line.
"""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

from nbstream.model.failure import Failure
from nbstream.model.printable import one_line

#: Deeper levels of nested errors are ignored.
_DEEPEST = 8
#: Only this many characters of a web page or other text are read.
_MOST_READ = 1 << 16
# No "<" within a tag, so that a page of unclosed tags is read in linear time.
_TITLE = re.compile(r"<title[^<>]*>", re.IGNORECASE)
_TITLE_END = re.compile(r"</title", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
#: The status for an unknown field: 400 from LiteLLM's generic route, 422 from transformers.
_UNKNOWN_FIELD = (400, 422)


def from_status(status: int, body: str, server: str) -> Failure:
    """Return the failure for an HTTP status other than 2xx.

    Args:
        status: the HTTP status.
        body: the response's body, of any form.
        server: the server's name in a sentence.
    """
    message, code = _read_body(body)
    is_thinking = status in _UNKNOWN_FIELD and "thinking" in message and "reasoning_content" not in message
    return Failure("refused", "unknown_thinking" if is_thinking else "", server, message, status, code)


def from_chunk(chunk: dict[str, Any], server: str, *, named_error: bool = False) -> Failure | None:
    """Return the failure that a chunk reports, or None.

    Args:
        chunk: the decoded data of one event.
        server: the server's name in a sentence.
        named_error: whether the event is named "error", so that any data is an error.
    """
    choices = chunk.get("choices")
    parts = [*choices, chunk] if isinstance(choices, list) else [chunk]
    error = next((part["error"] for part in parts if isinstance(part, dict) and part.get("error")), None)
    has_message = "choices" not in chunk and "usage" not in chunk and (chunk.get("message") or chunk.get("detail"))
    if error is None and (named_error or chunk.get("object") == "error" or has_message):
        error = chunk
    return None if error is None else _reported(server, *_read(error))


def from_data(data: str, server: str) -> Failure:
    """Return the failure for an event named "error" whose data is not a JSON object."""
    return _reported(server, *_read_body(data))


def from_body(body: str, server: str) -> Failure:
    """Return the failure for a response with status 200 that is neither stream nor completion."""
    if not body.strip():
        return Failure("not_a_stream", "empty", server)
    is_page = body.lstrip("\ufeff \t\r\n").startswith("<")
    message, code = _read_body(body)
    return Failure("not_a_stream", "page" if is_page else "", server, message, code=code)


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
        return one_line(unescape(_TAG.sub(" ", body[start.end() : end.start()] if start and end else body))), None
    return one_line(body), None


def _read(value: object, depth: int = 0) -> tuple[str, str | None]:
    """Return message and code of an error: an object, maybe nested, a list, or a string."""
    if depth > _DEEPEST:
        return "", None
    if isinstance(value, list):
        return _read(value[0], depth + 1) if value else ("", None)
    if not isinstance(value, dict):
        return ("" if value is None else one_line(str(value))), None
    if value.get("error"):
        message, code = _read(value["error"], depth + 1)
        return message, code or _text(value.get("code"))
    for name in ("message", "msg", "detail"):
        if value.get(name):
            inner, _ = _read(value[name], depth + 1)
            # FastAPI, on which most servers of open models are built, puts the field apart.
            where = value.get("loc")
            if isinstance(where, list):
                inner = one_line(f"{'.'.join(part for part in where if isinstance(part, str))}: {inner}")
            return inner, _text(value.get("code") or value.get("status") or value.get("type"))
    try:
        said = one_line(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        said = ""
    return said, _text(value.get("code"))


def _text(value: object) -> str | None:
    return None if value is None or isinstance(value, dict | list) else one_line(str(value))
