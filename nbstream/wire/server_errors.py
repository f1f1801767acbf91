"""Reads failures from error bodies, error chunks and bodies that are not a stream.

Bodies are untrusted: a message is cut to one printable line.
"""

from __future__ import annotations

import ast
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any

from nbstream.model.failure import Failure
from nbstream.model.printable import one_line
from nbstream.wire.error_causes import cause_of

if TYPE_CHECKING:
    from nbstream.model.failure import FailureKind

#: Deeper levels of nested errors are ignored.
_DEEPEST = 8
#: Only this many characters of a web page, of other text or of a message are read.
_MOST_READ = 1 << 16
# No "<" within a tag, so that a page of unclosed tags is read in linear time.
#: Only the beginning of a message is searched for its cause.
_MOST_WORDS = 2_000
_TITLE = re.compile(r"<title[^<>]*>", re.IGNORECASE)
_TITLE_END = re.compile(r"</title", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_MESSAGES = ("message", "msg", "detail", "error_msg", "errorMessage", "reason")
_CODES = ("code", "status", "type")
#: The beginning of an error within a message.
_NESTED = re.compile(r"""\{\s*['"](?:error|message|msg|detail|code|status|type|object|errors)['"]""")
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_WAIT_PART = re.compile(rf"({_NUMBER}) ?(ms|h|m|s)")
_WAIT = re.compile(
    rf"\b(?:try again|retry|wait)(?: in| after| for)? ((?:{_NUMBER} ?(?:ms|h|m|s)[a-z]{{0,7}} ?){{1,4}})", re.IGNORECASE
)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_HTTP_STATUS = range(400, 600)
#: What LiteLLM writes where there is nothing.
_NOTHING = ("", "none", "null")


@dataclass(slots=True)
class _Said:
    """What an error says.

    Attributes:
        message: its message; of a nested error, the inner one in place of its JSON.
        codes: its codes and types, the outer ones first.
    """

    message: str = ""
    codes: list[str] = field(default_factory=list)

    @property
    def code(self) -> str | None:
        """The code that says most: a word before a number."""
        return next((code for code in self.codes if not code.isdecimal()), self.codes[0] if self.codes else None)

    @property
    def status(self) -> int | None:
        """The first code that is an HTTP status."""
        numbers = (int(code) for code in self.codes if code.isascii() and code.isdecimal() and len(code) == 3)  # noqa: PLR2004
        return next((number for number in numbers if number in _HTTP_STATUS), None)


def from_status(status: int, body: str, server: str) -> Failure:
    """Return the failure for an HTTP status other than 2xx.

    Args:
        status: the HTTP status.
        body: the response's body, of any form.
        server: the server's name in a sentence.
    """
    return _failure("refused", server, _read_body(body), status)


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
    base = chunk.get("base_resp")
    if error is None and isinstance(base, dict) and base.get("status_code"):
        # MiniMax: 0 is success.
        error = {"message": base.get("status_msg"), "code": base["status_code"]}
    if error is None and (named_error or chunk.get("object") == "error" or has_message):
        error = chunk
    return None if error is None else _reported(server, _read(error))


def from_data(data: str, server: str) -> Failure:
    """Return the failure for an event named "error" whose data is not a JSON object."""
    return _reported(server, _read_body(data))


def from_body(body: str, server: str) -> Failure:
    """Return the failure for a response with status 200 that is neither stream nor completion."""
    if not body.strip():
        return Failure("not_a_stream", "empty", server)
    is_page = body.lstrip("\ufeff \t\r\n").startswith("<")
    said = _read_body(body)
    if is_page:
        return Failure("not_a_stream", "page", server, one_line(said.message), code=said.code)
    return _failure("not_a_stream", server, said, None)


def _reported(server: str, said: _Said) -> Failure:
    return _failure("in_band", server, said, said.status)


def _failure(kind: FailureKind, server: str, said: _Said, status: int | None) -> Failure:
    words = said.message[:_MOST_WORDS]
    cause = cause_of(status, "\n".join([*said.codes, words]))
    wait = _wait_in(words) if cause in ("", "rate", "loading") else None
    return Failure(kind, cause, server, one_line(said.message), status, said.code, retry_after=wait)


def _wait_in(message: str) -> float | None:
    """Return the seconds that a message asks to wait, as in `Please try again in 1m30.5s`."""
    found = _WAIT.search(message)
    if found is None:
        return None
    parts = _WAIT_PART.findall(found[1])
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _read_body(body: str) -> _Said:
    body = body.lstrip("\ufeff \t\r\n")
    try:
        return _read(json.loads(body))
    except (ValueError, RecursionError):
        pass
    body = body[:_MOST_READ]
    if body.startswith("<"):
        start = _TITLE.search(body)
        end = _TITLE_END.search(body, start.end()) if start else None
        return _Said(unescape(_TAG.sub(" ", body[start.end() : end.start()] if start and end else body)))
    return _read(body)


def _read(value: object, depth: int = 0) -> _Said:
    """Return what an error says: an object, maybe nested, a list, or a string."""
    if depth > _DEEPEST or value is None:
        return _Said()
    if isinstance(value, list):
        return _read(value[0], depth + 1) if value else _Said()
    if isinstance(value, dict):
        return _read_object(value, depth)
    return _read_text(str(value)[:_MOST_READ], depth)


def _read_object(value: dict[str, Any], depth: int) -> _Said:
    own = [code for code in (_text(value.get(name)) for name in _CODES) if code is not None]
    if value.get("error"):
        inner = _read(value["error"], depth + 1)
        # Some proxies put a message beside a short error: {"error": "not_found", "message": …}.
        beside = next((value[name] for name in _MESSAGES if isinstance(value.get(name), str)), "")
        if beside and isinstance(value["error"], str):
            return _Said(f"{inner.message}: {beside}", [*inner.codes, *own])
        return _Said(inner.message, [*inner.codes, *own])
    for name in _MESSAGES:
        if value.get(name):
            inner = _read(value[name], depth + 1)
            return _Said(_with_place(value, _with_original(value, inner, depth)), [*own, *inner.codes])
    try:
        return _Said(json.dumps(value, ensure_ascii=False), own)
    except (ValueError, RecursionError):
        return _Said("", own)


def _with_place(value: dict[str, Any], message: str) -> str:
    """Return a message with the field that it is about.

    FastAPI, on which most servers of open models are built, puts the field apart.
    """
    where = value.get("loc")
    if not isinstance(where, list):
        return message
    return f"{'.'.join(part for part in where if isinstance(part, str))}: {message}"


def _with_original(value: dict[str, Any], said: _Said, depth: int) -> str:
    """Return a message with the error of the provider behind OpenRouter, which puts it apart."""
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or not metadata.get("raw"):
        return said.message
    original = _read(metadata["raw"], depth + 1)
    said.codes += original.codes
    return f"{said.message}: {original.message}"


def _read_text(text: str, depth: int) -> _Said:
    """Return what a message says.

    Gateways pass on the error of the server behind them as JSON, or as a Python dictionary, within
    the message: `litellm.BadRequestError: DeepseekException - {"error": {"message": …}}`.
    """
    begun = _NESTED.search(text)
    start = begun.start() if begun else 0
    nested, end = _parse_nested(text, start) if begun else (None, 0)
    if not isinstance(nested, dict) or not (nested.get("error") or any(nested.get(name) for name in _MESSAGES)):
        return _Said(text)
    inner = _read(nested, depth + 1)
    before, after = text[:start].rstrip().removesuffix("b'").rstrip(), text[end:].strip("'\" ")
    return _Said(" ".join(filter(None, (before, inner.message, after))), inner.codes)


def _parse_nested(text: str, start: int) -> tuple[object, int]:
    """Return the object that begins at `start`, or None, and where it ends."""
    with suppress(ValueError, RecursionError):
        nested, end = json.JSONDecoder().raw_decode(text, start)
        return nested, end
    end = text.rfind("}") + 1
    try:
        return ast.literal_eval(text[start:end]), end
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None, start


def _text(value: object) -> str | None:
    if value is None or isinstance(value, bool | dict | list):
        return None
    text = one_line(str(value))
    return None if text.lower() in _NOTHING else text
