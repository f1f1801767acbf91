"""Streams that are hard to read, for the exercises of lesson 4: what comes, and what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.language import marked

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_PIECE = 40


class Stream(NamedTuple):
    """A stream of server-sent events.

    Attributes:
        name: what is hard in it; as `marked`, like the hint.
        pieces: its bytes, as a network delivers them.
        events: the data of its events.
        hint: what to say to somebody whose parser does not read it.
    """

    name: str
    pieces: list[bytes]
    events: list[str]
    hint: str


class Chunks(NamedTuple):
    """The chunks of one reply.

    Attributes:
        name: the server that sends them; as `marked`, like the hint.
        chunks: the chunks.
        usage: the usage that counts.
        hint: what to say to somebody who finds another one.
    """

    name: str
    chunks: list[dict[str, Any]]
    usage: dict[str, int] | None
    hint: str


_CHUNK = '{"choices":[{"delta":{"content":"你好 👋"}}]}'
#: In the order in which a parser learns to read them.
STREAMS = (
    Stream(
        marked("one event"),
        [b"data: hello\n\n"],
        ["hello"],
        marked("Yield what follows `data:` when the empty line comes."),
    ),
    Stream(
        marked("two events in one piece"),
        [b"data: a\n\ndata: b\n\n"],
        ["a", "b"],
        marked("A piece can have several lines, and several events."),
    ),
    Stream(
        marked("an event that is cut within a line"),
        [b"da", b"ta: hel", b"lo\n", b"\n"],
        ["hello"],
        marked("Keep what follows the last line end, and put the next piece behind it."),
    ),
    Stream(
        marked("comments before and between events"),
        [b": keep-alive\n\n: keep-alive\n\ndata: a\n\n: keep-alive\n\n"],
        ["a"],
        marked("An empty line ends an event only if there is data before it."),
    ),
    Stream(
        marked("the end of a stream"),
        [b"data: a\n\ndata: [DONE]\n\n"],
        ["a", "[DONE]"],
        marked("`[DONE]` is data like any other: rule 6."),
    ),
    Stream(
        marked("no space after the colon"),
        [b"data:a\n\n"],
        ["a"],
        marked("The space after the colon may be missing: rule 2."),
    ),
    Stream(
        marked("two spaces after the colon"),
        [b"data:  a\n\n"],
        [" a"],
        marked("Only one space after the colon does not belong to the data: rule 2."),
    ),
    Stream(
        marked("a space at the end of a line"),
        [b"data: a \n\n"],
        ["a "],
        marked("A space at the end belongs to the data, and `strip()` takes it away."),
    ),
    Stream(
        marked("two lines of data in one event"),
        [b"data: a\ndata: b\n\n"],
        ["a\nb"],
        marked("Collect the lines of an event, and join them at its end: rule 3."),
    ),
    Stream(
        marked("lines that end with a carriage return and a line feed"),
        [b"data: a\r\n\r\n"],
        ["a"],
        marked("Take `\\r` away at the end of a line: rule 4."),
    ),
    Stream(
        marked("a cut between the two characters of a line end"),
        [b"data: a\r", b"\n\r", b"\ndata: b\r\n\r", b"\n"],
        ["a", "b"],
        marked("A line ends only when its `\\n` is there. Take `\\r` away from a whole line, not from a piece."),
    ),
    Stream(
        marked("lines of other kinds"),
        [b"event: message\nid: 7\nretry: 10\ndataset: x\ndata: a\n\n"],
        ["a"],
        marked("Lines that do not begin with `data:`, colon included, are ignored: rule 5."),
    ),
    Stream(
        marked("a character that is cut"),
        [bytes([byte]) for byte in f"data: {_CHUNK}\n\n".encode()],
        [_CHUNK],
        marked("Collect bytes until a line is whole, and only then decode it: rule 7."),
    ),
    Stream(
        marked("a rare character that `splitlines()` takes for a line end"),
        ["data: a\N{LINE SEPARATOR}b\N{NEXT LINE}c\n\n".encode()],
        ["a\N{LINE SEPARATOR}b\N{NEXT LINE}c"],
        marked("Lines end with `\\n` only, so split the bytes there."),
    ),
    Stream(
        marked("an event without its end"),
        [b"data: a\n\ndata: b\n"],
        ["a"],
        marked("Data without an empty line after it is no event: rule 1. The connection may have broken there."),
    ),
)

_FIRST, _LAST = {"completion_tokens": 1}, {"completion_tokens": 2}
_TEXT: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]}
_END: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}]}
USAGES = (
    Chunks("DeepSeek", [_TEXT, _TEXT, {**_END, "usage": _LAST}], _LAST, marked("Look for a usage in every chunk.")),
    Chunks(
        "OpenAI",
        [{**_TEXT, "usage": None}, {**_END, "usage": None}, {"choices": [], "usage": _LAST}],
        _LAST,
        marked("Its usage comes after the finish reason, in a chunk without choices, and is null in all others."),
    ),
    Chunks(
        marked("a server that counts in every chunk"),
        [{**_TEXT, "usage": _FIRST}, {**_TEXT, "usage": _LAST}, {**_END, "usage": None}],
        _LAST,
        marked("The last usage that is not null counts: neither the first one, nor the null after it."),
    ),
    Chunks(marked("a server that never counts"), [_TEXT, _END], None, marked("Without any usage, return `None`.")),
)


def cuts() -> Iterator[tuple[list[bytes], list[str]]]:
    """Yield one long stream in pieces of each length, with its events."""
    # The last one has no end, so nothing can follow it.
    whole = b"".join(piece for each in STREAMS[:-1] for piece in each.pieces)
    events = [event for each in STREAMS[:-1] for event in each.events]
    for size in range(1, _LONGEST_PIECE):
        yield [whole[at : at + size] for at in range(0, len(whole), size)], events
