"""What the events of a stream mean, in a few words each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.language import _, listed, marked
from nbstream.model import events
from nbstream.model.printable import one_line
from nbstream.output.failure_words import message
from nbstream.output.warning_words import warning_sentence

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
        return [_("a comment: the server is there")]
    if raw.strip().endswith(b"[DONE]"):
        return [_("the end of the stream")]
    name = raw.partition(b":")[0]
    named = {
        b"event": _("the name of the event"),
        b"id": _("its id"),
        b"retry": _("how long to wait before trying again"),
    }
    if name in named:
        return [named[name]]
    return [_("nothing new")] if raw else []


def _words(event: events.Event, request: Request) -> str:
    match event:
        case events.Reasoning():
            return _("reasoning {quoted}", quoted=_quoted(event.text))
        case events.Answer():
            return _("answer {quoted}", quoted=_quoted(event.text))
        case events.Refusal():
            return _("refusal {quoted}", quoted=_quoted(event.text))
        case events.ToolCallDelta():
            fields = {"number": event.index + 1, "arguments": _quoted(event.arguments)}
            if event.name:
                return _("tool call {number} of {name} {arguments}", name=one_line(event.name), **fields).rstrip()
            return _("tool call {number} {arguments}", **fields).rstrip()
        case events.Moved():
            return _("the text so far is {to}", to=event.to)
        case events.Scored():
            return _scored(event.tokens)
        case events.Identified():
            names = {_("model"): event.model, "id": event.id, "fingerprint": event.system_fingerprint}
            return listed([f"{name} {one_line(value)}" for name, value in names.items() if value])
        case events.UsageReported():
            return _("tokens: {counts}", counts=_counts(event.usage))
        case events.Finished():
            return _("finish reason {reason}", reason=one_line(event.reason))
        case events.Noted():
            return _("field {name}", name=one_line(event.name))
        case events.Warned():
            return one_line(warning_sentence(event.warning, request))
        case events.Waiting():
            return (
                _("a comment: {note}", note=one_line(event.note)) if event.note else _("a comment: the server is there")
            )
        case events.BlockEnded():
            return _("the end of a block of {kind}", kind=event.kind)
        case events.Ended():
            return _end(event)
    return ""


def _end(event: events.Ended) -> str:
    if event.failure is not None:
        return one_line(message(event.failure))
    return _("the response has ended") if event.outcome == "served" else _("the reply was stopped")


def _scored(tokens: Sequence[Token]) -> str:
    found = [
        f"{_quoted(each.text)} {each.probability:.0%}" for each in tokens[:_MOST_TOKENS] if each.probability is not None
    ]
    if not found:
        return ""
    if (more := len(tokens) - _MOST_TOKENS) > 0:
        return _("probability of {tokens} and {more:,} more", tokens=listed(found), more=more)
    return _("probability of {tokens}", tokens=listed(found))


def _counts(usage: Usage) -> str:
    counts = {
        marked("in {count:,}"): usage.prompt_tokens,
        marked("cached {count:,}"): usage.cache_hit_tokens,
        marked("out {count:,}"): usage.completion_tokens,
        marked("of them reasoning {count:,}"): usage.reasoning_tokens,
    }
    return listed([_(sentence, count=count) for sentence, count in counts.items() if count is not None])


def _quoted(text: str) -> str:
    if not text:
        return ""
    shown = one_line(text.replace("\n", "↵"))
    if len(shown) > _LONGEST:
        shown = shown[: _LONGEST - 1] + "…"
    # Blanks at its ends tell words apart.
    begin, end = " " * (text[:1] == " "), " " * (len(text) > 1 and text[-1:] == " ")
    return f"“{begin}{shown}{end}”"
