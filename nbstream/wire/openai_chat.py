"""Chunks to events: the dialects of DeepSeek and its look-alikes live here and nowhere else.

Lenient in reading, strict about the outcome. Where a dialect comes from is said beside it; the table of servers is in
ARCHITECTURE.md, "Dialects". This module must not know bytes, sockets or time.
"""

from __future__ import annotations

import json
from typing import Any, Literal, TypeAlias

from nbstream.model.events import Answer, Ended, Event, Finished, Identified, Reasoning, ToolCallDelta, UsageReported
from nbstream.model.usage import Usage
from nbstream.wire import server_errors

Channel: TypeAlias = Literal["reasoning", "answer"]

_OPEN_TAG = "<think>"
_CLOSE_TAG = "</think>"
#: More white space than this at the start is an answer: JSON mode sends it for ever if the prompt lacks the word json.
_MOST_SPACE = 64
#: A larger number is a mistake: JSON's are only the same for everybody up to here (RFC 8259, section 6).
_MOST = (1 << 53) - 1
_FIRST_HIGH, _FIRST_LOW, _LAST_LOW = "\ud800", "\udc00", "\udfff"


class Healer:
    """Joins a surrogate pair that two deltas share; a half without its other half becomes U+FFFD."""

    def __init__(self) -> None:
        self._high = ""

    def feed(self, text: str) -> str:
        """Return `text` with every pair whole, holding back a last half that the next delta may complete."""
        text = self._high + text
        self._high = ""
        if text and _FIRST_HIGH <= text[-1] < _FIRST_LOW:
            self._high = text[-1]
            text = text[:-1]
        return text if _is_whole(text) else _repair(text)

    def flush(self) -> str:
        """Return what stands for a half that was never completed."""
        held, self._high = self._high, ""
        return "\ufffd" if held else ""


class ThinkSplitter:
    """Separates `<think>…</think>` at the start of content from the answer; the tags may be split over deltas.

    Azure's R1, and llama.cpp without a reasoning parser, send reasoning this way.
    """

    def __init__(self) -> None:
        self._state: Literal["start", "opened", "think", "gap", "answer"] = "start"
        self._held = ""

    @property
    def passes(self) -> bool:
        """Whether all that comes is the answer, as it is."""
        return self._state == "answer" and not self._held

    def pass_through(self) -> None:
        """Treat tags as plain text from here on: the reasoning came in a field of its own."""
        if self._state == "start":
            self._state = "answer"

    def feed(self, text: str) -> list[tuple[Channel, str]]:
        """Return the pieces of `text` with the channel that each belongs to."""
        pieces: list[tuple[Channel, str]] = []
        text = self._held + text
        self._held = ""
        if self._state == "start":
            stripped = text.lstrip()
            if len(text) - len(stripped) > _MOST_SPACE:
                self._state = "answer"
            elif stripped.startswith(_OPEN_TAG):
                self._state = "opened"
                text = stripped[len(_OPEN_TAG) :]
            elif _OPEN_TAG.startswith(stripped):
                self._held = text
                return pieces
            else:
                self._state = "answer"
        if self._state == "opened" and (text := text.lstrip("\r\n")):
            self._state = "think"
        if self._state == "think":
            thought, tag, rest = text.partition(_CLOSE_TAG)
            if tag:
                self._state = "gap"
                text = rest
            else:
                keep = _overlap(thought, _CLOSE_TAG)
                self._held = thought[len(thought) - keep :]
                thought = thought[: len(thought) - keep]
                text = ""
            if thought:
                pieces.append(("reasoning", thought))
        if self._state == "gap" and (text := text.lstrip("\r\n")):
            self._state = "answer"
        if self._state == "answer" and text:
            pieces.append(("answer", text))
        return pieces

    def flush(self) -> list[tuple[Channel, str]]:
        """Return what was held back because it might have become a tag."""
        held, self._held = self._held, ""
        if not held:
            return []
        return [("reasoning" if self._state == "think" else "answer", held)]


class ChunkDecoder:
    """Turns the chunks of one response into events; of several choices it reads the first."""

    def __init__(self, server: str = "The server") -> None:
        self._server = server
        self.finish_reason: str | None = None
        self.failed = False
        self._identity: tuple[object, ...] = ()
        self._usage: Usage | None = None
        self._reasoning_fields: tuple[str, ...] = ("reasoning_content", "reasoning", "reasoning_details")
        self._reasoning_healer = Healer()
        self._content_healer = Healer()
        self._splitter = ThinkSplitter()
        self._argument_healers: dict[int, Healer] = {}
        self._call_numbers: dict[str, int] = {}
        self._last_call = 0

    def feed(self, chunk: dict[str, Any], at: float, *, named_error: bool = False) -> list[Event]:
        """Return the events of one chunk.

        Args:
            chunk: the decoded JSON object.
            at: seconds since the run began.
            named_error: the server-sent event was named "error".
        """
        events: list[Event] = []
        self._identify(chunk, at, events)
        choice = _first_choice(chunk)
        if choice is not None:
            # A completion that was not streamed carries `message` where a chunk carries `delta`.
            delta = choice.get("delta") or choice.get("message")
            if isinstance(delta, dict):
                self._delta(delta, at, events)
        self._report_usage(chunk.get("usage"), at, events)
        failure = server_errors.from_chunk(chunk, self._server, named_error=named_error)
        reason = choice.get("finish_reason") if choice is not None else None
        if failure is None and reason == "error":
            failure = server_errors.from_data("finish_reason is “error”", self._server)
        if failure is not None:
            events += self.flush(at)
            events.append(Ended(at, "failed", failure))
            self.failed = True
        elif self.finish_reason is None and (named := _label(reason)):
            # SGLang has been seen to send the finish chunk twice: the first one holds.
            self.finish_reason = named
            events.append(Finished(at, named))
        return events

    def flush(self, at: float) -> list[Event]:
        """Return the text that was held back, so that nothing received is lost however the stream ended."""
        events: list[Event] = []
        if reasoning := self._reasoning_healer.flush():
            events.append(Reasoning(at, reasoning))
        if content := self._content_healer.flush():
            events += [_event(channel, at, text) for channel, text in self._splitter.feed(content)]
        events += [_event(channel, at, text) for channel, text in self._splitter.flush()]
        for index, healer in self._argument_healers.items():
            if arguments := healer.flush():
                events.append(ToolCallDelta(at, index, arguments=arguments))
        return events

    def _identify(self, chunk: dict[str, Any], at: float, events: list[Event]) -> None:
        identity = (chunk.get("id"), chunk.get("model"), chunk.get("system_fingerprint"))
        # Every chunk repeats it.
        if identity != self._identity:
            self._identity = identity
            names = [_label(value) for value in identity]
            if any(names):
                events.append(Identified(at, *names))

    def _delta(self, delta: dict[str, Any], at: float, events: list[Event]) -> None:
        if thought := self._reasoning_of(delta):
            self._splitter.pass_through()
            if healed := self._reasoning_healer.feed(thought):
                events.append(Reasoning(at, healed))
        content = delta.get("content")
        if isinstance(content, str) and content:
            if half := self._reasoning_healer.flush():
                events.append(Reasoning(at, half))
            healed = self._content_healer.feed(content)
            if not self._splitter.passes:
                events += [_event(channel, at, text) for channel, text in self._splitter.feed(healed)]
            elif healed:
                events.append(Answer(at, healed))
        calls = delta.get("tool_calls")
        if isinstance(calls, list):
            events += [self._tool_call(call, at) for call in calls if isinstance(call, dict)]

    def _reasoning_of(self, delta: dict[str, Any]) -> str:
        """Return the delta's reasoning, from one field only: OpenRouter and LM Studio send the same text in two."""
        for field in self._reasoning_fields:
            value = delta.get(field)
            text = _details(value) if field == "reasoning_details" else value
            if isinstance(text, str) and text:
                self._reasoning_fields = (field,)
                return text
        return ""

    def _tool_call(self, call: dict[str, Any], at: float) -> ToolCallDelta:
        call_id = _name(call.get("id"))
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        name = _name(function.get("name"))
        index = self._number(call.get("index"), call_id, name)
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            arguments = json.dumps(arguments, ensure_ascii=False)
        healer = self._argument_healers.setdefault(index, Healer())
        healed = healer.feed(arguments) if isinstance(arguments, str) else ""
        return ToolCallDelta(at, index, call_id, name, healed)

    def _number(self, index: object, call_id: str | None, name: str | None) -> int:
        """Return which call a fragment belongs to; without a number, a new id or a bare name begins the next one."""
        if (given := _count(index)) is not None:
            number = given
        elif call_id is not None and call_id in self._call_numbers:
            number = self._call_numbers[call_id]
        elif call_id or name:
            number = max(self._argument_healers, default=-1) + 1
        else:
            number = self._last_call
        if call_id is not None:
            self._call_numbers.setdefault(call_id, number)
        self._last_call = number
        return number

    def _report_usage(self, raw: object, at: float, events: list[Event]) -> None:
        # DeepSeek and transformers put it on the finish chunk, vLLM and OpenRouter on one of its own, vLLM if asked on
        # every chunk, LiteLLM on one without a finish reason: the latest one that is not null holds.
        if not isinstance(raw, dict) or not raw:
            return
        usage = _usage(raw)
        # A count without a number in it takes nothing away.
        if usage != self._usage and (usage != Usage() or self._usage is None):
            self._usage = usage
            events.append(UsageReported(at, usage))


def _event(channel: Channel, at: float, text: str) -> Reasoning | Answer:
    return Reasoning(at, text) if channel == "reasoning" else Answer(at, text)


def _first_choice(chunk: dict[str, Any]) -> dict[str, Any] | None:
    choices = chunk.get("choices")
    if not isinstance(choices, list):
        return None
    for choice in choices:
        if isinstance(choice, dict) and choice.get("index", 0) in (0, None):
            return choice
    return None


def _details(value: object) -> str:
    if not isinstance(value, list):
        return ""
    parts = (part.get("text") or part.get("summary") for part in value if isinstance(part, dict))
    return "".join(part for part in parts if isinstance(part, str))


def _usage(raw: dict[str, Any]) -> Usage:
    details = raw.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    output = raw.get("completion_tokens_details")
    prompt = _count(raw.get("prompt_tokens"))
    hit = _count(raw.get("prompt_cache_hit_tokens"))
    hit = cached if hit is None else hit
    miss = _count(raw.get("prompt_cache_miss_tokens"))
    if prompt is not None and miss is None and hit is not None:
        miss = max(0, prompt - hit)
    elif prompt is not None and hit is None and miss is not None:
        hit = max(0, prompt - miss)
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=_count(raw.get("completion_tokens")),
        total_tokens=_count(raw.get("total_tokens")),
        cache_hit_tokens=hit,
        cache_miss_tokens=miss,
        reasoning_tokens=_count(output.get("reasoning_tokens")) if isinstance(output, dict) else None,
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def _name(value: object) -> str | None:
    return _repair(value) if isinstance(value, str) and value else None


def _label(value: object) -> str | None:
    """Return what is only ever shown or compared, as one printable line; what goes back to a server stays verbatim."""
    name = _name(value)
    return (server_errors.shorten(name) or None) if name else None


def _overlap(text: str, tag: str) -> int:
    """Return how many characters at the end of `text` might begin `tag`."""
    return next((size for size in range(min(len(text), len(tag) - 1), 0, -1) if text.endswith(tag[:size])), 0)


def _is_whole(text: str) -> bool:
    return text.isascii() or not any(_FIRST_HIGH <= char <= _LAST_LOW for char in text)


def _repair(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
