"""What the events of a stream mean, in a few words each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model import events
from nbstream.model.printable import one_line
from nbstream.output.sentences import message, warning_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.model.probabilities import Token
    from nbstream.model.request import Request
    from nbstream.model.usage import Usage

#: A letter for each kind of line, by which the page colours it: reasoning, answer, tool call, count
#: or end, comment, failure, note of nbstream, other.
KINDS = "racuk!n."
_LONGEST = 200
_MOST_TOKENS = 3


def kind(raw: bytes, decoded: Sequence[events.Event]) -> str:
    """Return the letter of a line and what it decoded to; see `KINDS`."""
    for event in decoded:
        match event:
            case events.Answer() | events.Refusal():
                return "a"
            case events.Reasoning() | events.Moved():
                return "r"
            case events.ToolCallDelta():
                return "c"
            case events.Ended(outcome="failed"):
                return "!"
    if any(isinstance(each, events.UsageReported | events.Finished | events.Ended) for each in decoded):
        return "u"
    return "k" if raw.startswith(b":") else "."


def meaning(raw: bytes, decoded: Sequence[events.Event], request: Request) -> list[str]:
    """Return what a line means, a text for each event."""
    if found := [words for each in decoded if (words := _words(each, request))]:
        return found
    if raw.startswith(b":"):
        return ["a comment: the server is there"]
    if raw.strip().endswith(b"[DONE]"):
        return ["the end of the stream"]
    name, _, _ = raw.partition(b":")
    named = {b"event": "the name of the event", b"id": "its id", b"retry": "how long to wait before trying again"}
    if name in named:
        return [named[name]]
    return ["nothing new"] if raw else []


def _words(event: events.Event, request: Request) -> str:
    match event:
        case events.Reasoning():
            return f"reasoning {_quoted(event.text)}"
        case events.Answer():
            return f"answer {_quoted(event.text)}"
        case events.Refusal():
            return f"refusal {_quoted(event.text)}"
        case events.ToolCallDelta():
            name = f" of {one_line(event.name)}" if event.name else ""
            return f"tool call {event.index + 1}{name} {_quoted(event.arguments)}".rstrip()
        case events.Moved():
            return f"the text so far is {event.to}"
        case events.Scored():
            return _scored(event.tokens)
        case events.Identified():
            names = {"model": event.model, "id": event.id, "fingerprint": event.system_fingerprint}
            return ", ".join(f"{name} {one_line(value)}" for name, value in names.items() if value)
        case events.UsageReported():
            return f"tokens: {_counts(event.usage)}"
        case events.Finished():
            return f"finish reason {one_line(event.reason)}"
        case events.Noted():
            return f"field {one_line(event.name)}"
        case events.Warned():
            return one_line(warning_sentence(event.warning, request))
        case events.Waiting():
            return f"a comment: {one_line(event.note)}" if event.note else "a comment: the server is there"
        case events.BlockEnded():
            return f"the end of a block of {event.kind}"
        case events.Ended():
            return _end(event)
    return ""


def _end(event: events.Ended) -> str:
    if event.failure is not None:
        return one_line(message(event.failure))
    return "the response has ended" if event.outcome == "served" else "the reply was stopped"


def _scored(tokens: Sequence[Token]) -> str:
    found = [
        f"{_quoted(each.text)} {each.probability:.0%}" for each in tokens[:_MOST_TOKENS] if each.probability is not None
    ]
    more = f" and {len(tokens) - _MOST_TOKENS:,} more" if len(tokens) > _MOST_TOKENS else ""
    return f"probability of {', '.join(found)}{more}" if found else ""


def _counts(usage: Usage) -> str:
    counts = {
        "in": usage.prompt_tokens,
        "cached": usage.cache_hit_tokens,
        "out": usage.completion_tokens,
        "of them reasoning": usage.reasoning_tokens,
    }
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count is not None)


def _quoted(text: str) -> str:
    if not text:
        return ""
    shown = one_line(text.replace("\n", "↵"))
    if len(shown) > _LONGEST:
        shown = shown[: _LONGEST - 1] + "…"
    # Blanks at its ends tell words apart.
    begin, end = " " * (text[:1] == " "), " " * (len(text) > 1 and text[-1:] == " ")
    return f"“{begin}{shown}{end}”"
