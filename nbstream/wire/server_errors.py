"""Reads what went wrong out of whatever a server sent: every error shape of the wire, in one place.

Bodies are untrusted text: they are cut to a sentence's length and never interpreted. This module must not know how the
body was received.
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

_HINTS = {
    400: "The request was not accepted as it is; change it and run the cell again.",
    401: "Check DEEPSEEK_API_KEY, and that it belongs to this server.",
    402: "Top up the account, then run the cell again.",
    403: "The key may not use this model or this server.",
    404: "Check the model's name and the base URL; many servers need it to end in /v1.",
    408: "The server did not wait any longer; run the cell again.",
    409: "Something else was in the way on the server; run the cell again.",
    413: "The prompt is larger than the server takes.",
    422: "A parameter is out of the range that the server takes.",
    429: "The server takes no more requests at the moment; wait, then run the cell again.",
}
_SERVER_HINT = "The fault is on the server's side; run the cell again later."


def shorten(text: str) -> str:
    """Return `text` as one line of printable characters, of a sentence's length."""
    line = _SPACE.sub(" ", _NOT_PRINTABLE.sub(" ", text)).strip()
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"


def from_status(status: int, body: str, server: str) -> Failure:
    """Return the failure that an HTTP status other than 2xx means.

    Args:
        status: the HTTP status.
        body: the response's body: JSON in any of its error shapes, HTML, or anything else.
        server: how to call the server in a sentence.
    """
    message, code = _read_body(body)
    said = f"{server} answered {status}: {message}" if message else f"{server} answered {status}"
    hint = _hint(status)
    if status in _UNKNOWN_FIELD and "thinking" in message and "reasoning_content" not in message:
        hint = "If it does not know `thinking`, leave out --think and --no-think, or set DeepSeekMagics.thinking_field."
    return Failure("refused", _sentence(said), hint, status, code)


def from_chunk(chunk: dict[str, Any], *, named_error: bool = False) -> Failure | None:
    """Return the failure that a chunk of the stream reports, or None if it reports none.

    Args:
        chunk: the decoded data of one event.
        named_error: the event's own name was "error", so that data of any shape is one.
    """
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict) and choice.get("error"):
            return _in_band(choice["error"])
    if chunk.get("error"):
        return _in_band(chunk["error"])
    if named_error or chunk.get("object") == "error":
        return _in_band(chunk)
    if "choices" not in chunk and "usage" not in chunk and (chunk.get("message") or chunk.get("detail")):
        return _in_band(chunk)
    return None


def from_data(data: str) -> Failure:
    """Return the failure that an event named "error" reports with data that is no JSON object."""
    return _reported(*_read_body(data))


def from_body(body: str, server: str) -> Failure:
    """Return the failure that a 200 answer means which is neither a stream nor a completion."""
    if not body.strip():
        return Failure("not_a_stream", _sentence(f"{server} answered 200 with nothing in it"), "Run the cell again.")
    page = body.lstrip("\ufeff \t\r\n").startswith("<")
    message, code = _read_body(body)
    if page:
        named = f" titled “{message}”" if message else ""
        said = f"{server} answered with a web page{named} instead of a stream"
        hint = (
            "Check the base URL: it ends where /chat/completions begins, often in /v1. A proxy may also be in between."
        )
        return Failure("not_a_stream", _sentence(said), hint)
    said = f"{server} answered 200 with something that is not a stream: {message}"
    return Failure("not_a_stream", _sentence(said), "Check the base URL and the model.", code=code)


def _in_band(error: object) -> Failure:
    return _reported(*_read(error))


def _reported(message: str, code: str | None) -> Failure:
    status = int(code) if code is not None and code.isdecimal() and len(code) <= 3 else None  # noqa: PLR2004
    said = f"The server reported an error: {message or 'without a message'}"
    return Failure("in_band", _sentence(said), _hint(status or 0), status, code)


def _hint(status: int) -> str:
    return _HINTS.get(status, _SERVER_HINT if status >= 500 else "")  # noqa: PLR2004  (HTTP's own class of server errors)


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


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else text + "."
