"""One answer of a job as a line of JSON, and back.

People read these lines with other programs, so the prompt and the answer stand in fields of their
own. The rest of the reply is in the field `reply`, exactly, so that it can be made again.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import Any

from nbstream.model import representation
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.saved_values import decode, encode

_ANSWER = "_answer"
_USER = "user"
#: The beginning of each line; of a file, only this is read before a job.
_HEAD = re.compile(rb'\{"key": "(?P<key>[0-9a-f]{32})(?::(?P<number>\d{1,18}))?", "whole": (?P<whole>true|false), ')
_KEY_BITS = 128


def key_of(request: Request) -> int:
    """Return a number for exactly this request: server, model, messages and parameters."""
    text = json.dumps([request.url, request.body()], sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[: _KEY_BITS // 8], "big")


def repeated(key: int, number: int) -> int:
    """Return the key of a request that is asked for the `number`-th time in one job, from 1."""
    return key | (number - 1) << _KEY_BITS


def number_of(key: int) -> int:
    """Return how many times the request of a key was asked for in its job, from 1."""
    return (key >> _KEY_BITS) + 1


def head_of(line: bytes) -> tuple[int, bool] | None:
    """Return the key of a line, and whether its reply is whole; None if it is no such line."""
    found = _HEAD.match(line)
    if found is None:
        return None
    return repeated(int(found["key"], 16), int(found["number"] or 1)), found["whole"] == b"true"


def to_line(key: int, reply: Reply, prompt: str | None, *, whole: bool) -> bytes:
    """Return a reply as a line, with its line end.

    Args:
        key: as of `repeated`.
        reply: the reply, which has ended.
        prompt: the prompt; None if the messages are not just a prompt.
        whole: whether the prompt need not be asked again.
    """
    messages = reply.request.messages
    if prompt is not None and messages and messages[-1] == {"role": _USER, "content": prompt}:
        # It stands in a field of its own.
        messages = messages[:-1]
    # What was inserted stands in the messages.
    request = replace(reply.request, messages=messages, inserted=())
    rest = encode(replace(reply, request=request))
    answer = rest.pop(_ANSWER, None)
    number = (key >> _KEY_BITS) + 1
    name = f"{key & ((1 << _KEY_BITS) - 1):032x}"
    fields: dict[str, Any] = {
        "key": name if number == 1 else f"{name}:{number}",
        "whole": whole,
        "prompt": prompt,
        "answer": answer["value"] if answer is not None else "",
        "status": reply.status,
    }
    if reply.error is not None:
        fields["error"] = str(reply.error)
    if reply.request.structure is not None:
        reading = representation.reading_of(reply)
        fields["data"] = reading.plain
        if reading.problems:
            fields["problems"] = [str(each) for each in reading.problems]
    fields["reply"] = rest
    try:
        text = json.dumps(fields, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # A lone surrogate is no UTF-8.
        text = json.dumps(fields).encode()
    return text + b"\n"


def from_line(line: bytes) -> Reply:
    """Return the reply of a line.

    Raises:
        ValueError: if it is none.
    """
    try:
        fields = json.loads(line)
        rest = fields["reply"]
        if fields["answer"]:
            rest[_ANSWER] = {"_": "Text", "value": fields["answer"]}
        reply = decode(rest)
        if not isinstance(reply, Reply):
            raise TypeError("no reply")  # noqa: TRY301  (as for any other content)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not an answer: {error}") from None
    messages, prompt = reply.request.messages, fields["prompt"]
    if prompt is not None and not (messages and messages[-1].get("role") == _USER):
        request = replace(reply.request, messages=(*messages, {"role": _USER, "content": prompt}))
        reply = replace(reply, request=request)
    return reply


def pack(reply: Reply) -> bytes:
    """Return a reply for `unpack`, without its request: what a worker sends back is small."""
    return json.dumps(encode(replace(reply, request=Request()))).encode()


def unpack(packed: bytes, request: Request) -> Reply:
    """Return the reply of `pack`, with the request that it answers."""
    reply: Reply = decode(json.loads(packed))
    return replace(reply, request=request)
