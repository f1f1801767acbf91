"""The exercises and predictions of lesson 4, the wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nbstream.language import _, marked
from nbstream.lesson.exercises import NOT_DONE, Exercise, Hint, Prediction, kind_of
from nbstream.lesson.hard_streams import STREAMS, USAGES, Stream, cuts
from nbstream.lesson.trying import is_untouched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NOTHING = marked("Your function gives nothing back. Use `yield` or `return`: what is only printed is not a result.")
#: So many bytes for each byte of the answer are many, and so many are more than a few.
_MANY, _SOME = 40, 5


def _bytes(factor: Any) -> object:
    return "c" if factor > _MANY else "b" if factor > _SOME else "a"


def _cut(joined: Any) -> object:
    return "b" if "\N{REPLACEMENT CHARACTER}" in joined else "a" if joined else "c"


PREDICTIONS = (
    Prediction(
        "bytes",
        marked("How many bytes does the server send for each byte of the answer?"),
        marked(
            "Each token travels in an event of its own, and each event repeats the id, the model and the time. So each "
            "can be read by itself. As this is nearly the same text again and again, it could be compressed well."
        ),
        {"a": marked("About 1."), "b": marked("About 10."), "c": marked("More than 40.")},
        _bytes,
    ),
    Prediction(
        "cut",
        marked("A piece ends within a character. What comes out if each piece is made into text by itself?"),
        marked(
            "Neither piece has the whole character, so its parts become signs for broken text. Collect the bytes until "
            "a line is whole, and only then make text of it."
        ),
        {
            "a": marked("The same text as without the cut."),
            "b": marked("Signs that stand for broken characters."),
            "c": marked("No text at all."),
        },
        _cut,
    ),
)


def _check_answer(value: Any) -> Hint:
    answer = value["answer"]
    if answer is ...:
        return NOT_DONE
    if not isinstance(answer, str):
        return _("The answer is one text, not {kind}: `''.join(…)` joins the texts of a list.", kind=kind_of(answer))
    chunks = [json.loads(line[6:]) for _seconds, line in value["received"] if line.startswith(b"data: {")]
    deltas = [choice["delta"].get("content") for chunk in chunks for choice in chunk["choices"]]
    expected = "".join(each or "" for each in deltas)
    if answer == expected:
        return ""
    if "data:" in answer or '"delta"' in answer:
        return _("There is more in it than the answer: read each line with `json.loads`, and take what the delta has.")
    if "None" in answer:
        return _("The content of a delta can be null, which Python calls `None`. It stands for no text.")
    if "".join(answer.split()) == "".join(expected.split()):
        return _("Nearly: the white space differs. Join with `''` and do not strip: spaces are part of the answer.")
    if answer and answer in expected:
        return _("A part of the answer is missing. Go through all lines, the last ones included.")
    return _("This is not what the deltas say, joined in their order.")


def _check_parser(value: Any) -> Hint:
    if not callable(value):
        return _("This is no function. It begins with `def parse(pieces):`.")
    if _is_empty(lambda: value(iter(STREAMS[0].pieces))):
        return NOT_DONE if is_untouched(value) else _(_NOTHING)
    for stream in STREAMS:
        if problem := _problem(value, stream):
            return problem
    for pieces, events in cuts():
        if list(value(iter(pieces))) != events:
            return _(
                "A long stream in pieces of {size} bytes is not read right. The cuts must not change the result: "
                "rule 7.",
                size=len(pieces[0]),
            )
    if _is_prompt(value):
        return ""
    return _(
        "All events are right, but the first one comes out only when the stream has ended. Yield each one as soon as "
        "its empty line is there: rule 8."
    )


def _problem(parse: Callable[[Iterator[bytes]], Any], stream: Stream) -> str:
    name, hint = _(stream.name), _(stream.hint)
    try:
        found = list(parse(iter(stream.pieces)))
    except Exception as error:  # noqa: BLE001  (the student's code may raise anything)
        return _("It raised {error} at {name}. {hint}", error=_shown(error), name=name, hint=hint)
    if found == stream.events:
        return ""
    return _(
        "It does not read this: {name}. The events are {expected}, and it found {found}. {hint}",
        name=name,
        expected=repr(stream.events),
        found=repr(found),
        hint=hint,
    )


def _is_prompt(parse: Callable[[Iterator[bytes]], Any]) -> bool:
    """Return whether an event comes out before the next piece is asked for."""
    asked = 0

    def pieces() -> Iterator[bytes]:
        nonlocal asked
        for piece in (b"data: a\n\n", b"data: b\n\n"):
            asked += 1
            yield piece

    return next(iter(parse(pieces()))) == "a" and asked == 1


def _check_usage(value: Any) -> Hint:
    if not callable(value):
        return _("This is no function. It begins with `def usage_of(chunks):`.")
    if all(_is_empty(lambda case=case: value(list(case.chunks))) for case in USAGES):  # type: ignore[misc]
        return NOT_DONE if is_untouched(value) else _(_NOTHING)
    for case in USAGES:
        name, hint = _(case.name), _(case.hint)
        try:
            found = value(list(case.chunks))
        except Exception as error:  # noqa: BLE001  (the student's code may raise anything)
            return _("It raised {error} at {name}. {hint}", error=_shown(error), name=name, hint=hint)
        if found != case.usage:
            return _(
                "It does not find the usage of {name}: that is {expected}, and it returned {found}. {hint}",
                name=name,
                expected=repr(case.usage),
                found=repr(found),
                hint=hint,
            )
    return ""


def _is_empty(call: Callable[[], object]) -> bool:
    """Return whether a function of the student still does nothing."""
    try:
        return call() is None
    except Exception:  # noqa: BLE001  (the student's code may raise anything)
        return False


def _shown(error: Exception) -> str:
    return f"{type(error).__name__} ({error})"


EXERCISES = (
    Exercise(
        "answer",
        marked("Join the deltas to the answer."),
        marked("a dict with the lines and your answer"),
        _check_answer,
        marked("The answer is nothing but the deltas, one after the other."),
    ),
    Exercise(
        "parser",
        marked("Write a parser of server-sent events."),
        marked("a function"),
        _check_parser,
        marked("Your parser reads what a network can do to a stream, however it is cut."),
    ),
    Exercise(
        "usage",
        marked("Find the usage in the chunks of any server."),
        marked("a function"),
        _check_usage,
        marked("One rule reads them all: look into every chunk, and let the last usage that is not null count."),
    ),
)
