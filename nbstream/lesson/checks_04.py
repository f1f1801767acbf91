"""Lesson 4, the wire: its exercises and predictions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.lesson.exercises import NOT_DONE, Exercise, Hint, Prediction, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: So many bytes for each byte of the answer are many, and so many are more than a few.
_MANY, _SOME = 40, 5


class _Stream(NamedTuple):
    """A stream that a parser has to read, and what to say if it does not."""

    name: str
    pieces: list[bytes]
    events: list[str]
    hint: str


_CHUNK = '{"choices":[{"delta":{"content":"你好 👋"}}]}'
_STREAMS = (
    _Stream("one event", [b"data: hello\n\n"], ["hello"], "Yield what follows data: when the empty line comes."),
    _Stream("two events in one piece", [b"data: a\n\ndata: b\n\n"], ["a", "b"], "A piece may have several events."),
    _Stream(
        "an event that is cut within a line",
        [b"da", b"ta: hel", b"lo\n", b"\n"],
        ["hello"],
        "Keep what follows the last line end, and put the next piece behind it.",
    ),
    _Stream(
        "comments before and between events",
        [b": keep-alive\n\n: keep-alive\n\ndata: a\n\n: keep-alive\n\n"],
        ["a"],
        "An empty line ends an event only if there are data before it.",
    ),
    _Stream("the end", [b"data: a\n\ndata: [DONE]\n\n"], ["a", "[DONE]"], "[DONE] is data like any other: rule 6."),
    _Stream("no space after the colon", [b"data:a\n\n"], ["a"], "The space after the colon may be missing."),
    _Stream("two spaces", [b"data:  a\n\n"], [" a"], "Only one space after the colon is no data: removeprefix(' ')."),
    _Stream("a space at the end", [b"data: a \n\n"], ["a "], "A space at the end is data: strip() takes it away."),
    _Stream(
        "two lines of data in one event",
        [b"data: a\ndata: b\n\n"],
        ["a\nb"],
        "Collect the lines of an event, and join them with \\n at its end.",
    ),
    _Stream("lines that end with \\r\\n", [b"data: a\r\n\r\n"], ["a"], "Take a \\r at the end of a line away."),
    _Stream(
        "\\r\\n that is cut in two",
        [b"data: a\r", b"\n\r", b"\ndata: b\r\n\r", b"\n"],
        ["a", "b"],
        "A line ends only when its \\n is there. Take the \\r away after that, not from a piece.",
    ),
    _Stream(
        "other lines",
        [b"event: message\nid: 7\nretry: 10\ndataset: x\ndata: a\n\n"],
        ["a"],
        "Lines that do not begin with data: and its colon are ignored.",
    ),
    _Stream(
        "a character that is cut",
        [bytes([byte]) for byte in f"data: {_CHUNK}\n\n".encode()],
        [_CHUNK],
        "Collect bytes until a line is whole, and only then decode() it.",
    ),
    _Stream(
        "a character that splitlines() takes for a line end",
        ["data: a\N{LINE SEPARATOR}b\N{NEXT LINE}c\n\n".encode()],
        ["a\N{LINE SEPARATOR}b\N{NEXT LINE}c"],
        "In this format, lines end with \\n only: split the bytes at b'\\n'. splitlines() splits at more.",
    ),
    _Stream(
        "an event without its end",
        [b"data: a\n\ndata: b\n"],
        ["a"],
        "Data without an empty line after them are no event: rule 1. The connection may have broken there.",
    ),
)


_LATE = (
    "All events are right, but the first comes out only when the stream has ended. Yield each one as soon as its "
    "empty line is there: rule 8."
)
_LONGEST_PIECE = 40


def _check_answer(value: Any) -> Hint:
    answer = value["answer"]
    if answer is ...:
        return NOT_DONE
    if not isinstance(answer, str):
        return f"The answer is one text, not {kind_of(answer)}: ''.join(…) makes one text of a list of texts."
    chunks = [json.loads(line[6:]) for _, line in value["received"] if line.startswith(b"data: {")]
    deltas = [choice["delta"].get("content") for chunk in chunks for choice in chunk["choices"]]
    expected = "".join(each or "" for each in deltas)
    if answer == expected:
        return ""
    if "data:" in answer or '"delta"' in answer:
        return "There is more in it than the answer: read each line with json.loads, and take the content of its delta."
    if "None" in answer:
        return "The content of a delta can be null, which Python calls None. It stands for no text."
    if answer.split() == expected.split() or "".join(answer.split()) == "".join(expected.split()):
        return "Nearly: the white space differs. Join with '' and do not strip, as spaces are part of the answer."
    if answer and answer in expected:
        return "A part of the answer is missing. Go through all lines, also the last ones."
    return "This is not what the deltas say, joined in their order."


def _check_parser(value: Any) -> Hint:
    if not callable(value):
        return "This is no function. It begins with: def parse(pieces):"
    if _is_empty(lambda: value(iter(_STREAMS[0].pieces))):
        return NOT_DONE
    for stream in _STREAMS:
        if problem := _problem(value, stream):
            return problem
    return _problem_with_cuts(value) or ("" if _is_prompt(value) else _LATE)


def _problem(parse: Callable[[Iterator[bytes]], Any], stream: _Stream) -> str:
    try:
        found = list(parse(iter(stream.pieces)))
    except Exception as error:  # noqa: BLE001  (the student's code may raise anything)
        return f"Not yet: {stream.name}. It raised {type(error).__name__}: {error}. {stream.hint}"
    if found == stream.events:
        return ""
    return f"Not yet: {stream.name}. It made {found!r} of it, not {stream.events!r}. {stream.hint}"


def _problem_with_cuts(parse: Callable[[Iterator[bytes]], Any]) -> str:
    """Return what is wrong with a long stream that is cut into pieces of each length."""
    whole = b"".join(piece for each in _STREAMS[:-1] for piece in each.pieces)
    events = [event for each in _STREAMS[:-1] for event in each.events]
    for size in range(1, _LONGEST_PIECE):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        if list(parse(iter(pieces))) != events:
            return f"Not yet: a long stream in pieces of {size} bytes. The cuts must not change the result: rule 7."
    return ""


def _is_prompt(parse: Callable[[Iterator[bytes]], Any]) -> bool:
    """Return whether an event comes out before the next piece is asked for."""
    asked = 0

    def pieces() -> Iterator[bytes]:
        nonlocal asked
        for piece in (b"data: a\n\n", b"data: b\n\n"):
            asked += 1
            yield piece

    return next(iter(parse(pieces()))) == "a" and asked == 1


class _Chunks(NamedTuple):
    """The chunks of a stream, the usage that counts, and what to say if it is not found."""

    name: str
    chunks: list[dict[str, Any]]
    usage: dict[str, int] | None
    hint: str


_FIRST, _LAST = {"completion_tokens": 1}, {"completion_tokens": 2}
_TEXT: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]}
_END: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}]}
_USAGES = (
    _Chunks("DeepSeek", [_TEXT, _TEXT, {**_END, "usage": _LAST}], _LAST, "Look for usage in every chunk."),
    _Chunks(
        "OpenAI",
        [{**_TEXT, "usage": None}, {**_END, "usage": None}, {"choices": [], "usage": _LAST}],
        _LAST,
        "Its usage comes after the finish reason, in a chunk without choices. It is null in all others.",
    ),
    _Chunks(
        "a usage in every chunk",
        [{**_TEXT, "usage": _FIRST}, {**_TEXT, "usage": _LAST}, {**_END, "usage": None}],
        _LAST,
        "The last one that is not null counts: neither the first, nor the null after it.",
    ),
    _Chunks("no usage", [_TEXT, _END], None, "Without any usage, return None."),
)


def _check_usage(value: Any) -> Hint:
    if not callable(value):
        return "This is no function. It begins with: def usage_of(chunks):"
    if all(_is_empty(lambda case=case: value(list(case.chunks))) for case in _USAGES):  # type: ignore[misc]
        return NOT_DONE
    for case in _USAGES:
        try:
            found = value(list(case.chunks))
        except Exception as error:  # noqa: BLE001  (the student's code may raise anything)
            return f"Not yet: {case.name}. It raised {type(error).__name__}: {error}. {case.hint}"
        if found != case.usage:
            return f"Not yet: {case.name}. It returned {found!r}, not {case.usage!r}. {case.hint}"
    return ""


def _is_empty(call: Callable[[], object]) -> bool:
    """Return whether a function of the student still does nothing."""
    try:
        return call() is None
    except Exception:  # noqa: BLE001  (the student's code may raise anything)
        return False


def _letter_of_factor(factor: Any) -> str:
    return "c" if factor > _MANY else "b" if factor > _SOME else "a"


def _letter_of_joined(joined: Any) -> str:
    return "b" if "\N{REPLACEMENT CHARACTER}" in joined else "a" if joined else "c"


EXERCISES: Sequence[Exercise] = (
    Exercise(
        "answer",
        "Join the deltas to the answer.",
        "a dict with the lines and your answer",
        _check_answer,
        "The answer is nothing but the deltas, one after the other.",
    ),
    Exercise(
        "parser",
        "Write a parser of server-sent events.",
        "a function",
        _check_parser,
        "Your parser reads what a network can do to a stream, in whatever pieces it comes.",
    ),
    Exercise(
        "usage",
        "Find the usage in the chunks of any server.",
        "a function",
        _check_usage,
        "One rule reads them all: look into every chunk, and let the last usage that is not null count.",
    ),
)

PREDICTIONS: Sequence[Prediction] = (
    Prediction(
        "bytes",
        "How many bytes does the server send for each byte of the answer?",
        "Each token travels in an event of its own, and each event repeats the id, the model and the time. So each can "
        "be read by itself. Most connections compress this well.",
        {"a": "about 1", "b": "about 10", "c": "more than 40"},
        _letter_of_factor,
    ),
    Prediction(
        "cut",
        "A piece ends within a character. What comes out if each piece is made into text by itself?",
        "Neither piece has the whole character, so its parts become signs for broken text. Collect the bytes until a "
        "line is whole, and only then make text of it.",
        {
            "a": "the same text as without the cut",
            "b": "signs that stand for broken characters",
            "c": "no text at all",
        },
        _letter_of_joined,
    ),
)
