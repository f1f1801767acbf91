"""Chunks of chat completions to events, in the dialects of DeepSeek and compatible servers.

Reading is lenient. Comments name the servers that behave differently; ARCHITECTURE.md has a table
of them, "Dialects".
"""

from __future__ import annotations

import json
from typing import Any

from nbstream.model.events import Answer, Ended, Event, Finished, Identified, Reasoning, ToolCallDelta, UsageReported
from nbstream.model.printable import one_line
from nbstream.model.usage import Usage
from nbstream.wire import server_errors
from nbstream.wire.surrogates import SurrogateJoiner, join_surrogates
from nbstream.wire.think_tags import Channel, ThinkSplitter

#: A larger number is a mistake: up to here all JSON parsers agree (RFC 8259, section 6).
_MAX_SAFE_INTEGER = (1 << 53) - 1


class ChunkDecoder:
    """Turns the chunks of one response into events. Of several choices it reads the first one."""

    def __init__(self, server: str = "The server") -> None:
        self._server = server
        self.finish_reason: str | None = None
        self.failed = False
        self._identity: tuple[object, ...] = ()
        self._usage: Usage | None = None
        self._reasoning_fields: tuple[str, ...] = ("reasoning_content", "reasoning", "reasoning_details")
        self._reasoning = SurrogateJoiner()
        self._content = SurrogateJoiner()
        self._arguments: dict[int, SurrogateJoiner] = {}
        self._splitter = ThinkSplitter()
        self._call_numbers: dict[str, int] = {}
        self._last_call = 0

    def feed(self, chunk: dict[str, Any], at: float, *, named_error: bool = False) -> list[Event]:
        """Return the events of one chunk.

        Args:
            chunk: the decoded JSON object.
            at: seconds since the run began.
            named_error: whether the server-sent event was named "error".
        """
        events = self._identify(chunk, at)
        choice = _first_choice(chunk)
        # A completion that is not streamed has `message` in place of `delta`.
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            self._delta(delta, at, events)
        events += self._report_usage(chunk.get("usage"), at)
        failure = server_errors.from_chunk(chunk, self._server, named_error=named_error)
        reason = choice.get("finish_reason")
        if failure is None and reason == "error":
            failure = server_errors.from_data("finish_reason is “error”", self._server)
        if failure is not None:
            events += [*self.flush(at), Ended(at, "failed", failure)]
            self.failed = True
        elif self.finish_reason is None and (label := _label(reason)):
            # SGLang may send the finish chunk twice: the first one counts.
            self.finish_reason = label
            events.append(Finished(at, label))
        return events

    def flush(self, at: float) -> list[Event]:
        """Return the text that was held back, so that nothing received is lost."""
        events: list[Event] = []
        if reasoning := self._reasoning.flush():
            events.append(Reasoning(at, reasoning))
        if content := self._content.flush():
            events += self._split(content, at)
        events += [_event(channel, at, text) for channel, text in self._splitter.flush()]
        for index, joiner in self._arguments.items():
            if arguments := joiner.flush():
                events.append(ToolCallDelta(at, index, arguments=arguments))
        return events

    def _identify(self, chunk: dict[str, Any], at: float) -> list[Event]:
        identity = (chunk.get("id"), chunk.get("model"), chunk.get("system_fingerprint"))
        # Every chunk repeats it.
        if identity == self._identity:
            return []
        self._identity = identity
        names = [_label(value) for value in identity]
        return [Identified(at, *names)] if any(names) else []

    def _delta(self, delta: dict[str, Any], at: float, events: list[Event]) -> None:
        if thought := self._reasoning_of(delta):
            self._splitter.pass_through()
            if joined := self._reasoning.feed(thought):
                events.append(Reasoning(at, joined))
        content = delta.get("content")
        if isinstance(content, str) and content:
            if lone := self._reasoning.flush():
                events.append(Reasoning(at, lone))
            joined = self._content.feed(content)
            if not self._splitter.passes:
                events += self._split(joined, at)
            elif joined:
                events.append(Answer(at, joined))
        calls = delta.get("tool_calls")
        if isinstance(calls, list):
            events += [self._tool_call(call, at) for call in calls if isinstance(call, dict)]

    def _split(self, content: str, at: float) -> list[Event]:
        return [_event(channel, at, text) for channel, text in self._splitter.feed(content)]

    def _reasoning_of(self, delta: dict[str, Any]) -> str:
        """Return the delta's reasoning, always from the same field.

        OpenRouter and LM Studio send the same text in two fields.
        """
        for field in self._reasoning_fields:
            value = delta.get(field)
            text = _details(value) if field == "reasoning_details" else value
            if isinstance(text, str) and text:
                self._reasoning_fields = (field,)
                return text
        return ""

    def _tool_call(self, call: dict[str, Any], at: float) -> ToolCallDelta:
        call_id = _text(call.get("id"))
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        name = _text(function.get("name"))
        index = self._number(call.get("index"), call_id, name)
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            arguments = json.dumps(arguments, ensure_ascii=False)
        joiner = self._arguments.setdefault(index, SurrogateJoiner())
        joined = joiner.feed(arguments) if isinstance(arguments, str) else ""
        return ToolCallDelta(at, index, call_id, name, joined)

    def _number(self, index: object, call_id: str | None, name: str | None) -> int:
        """Return the number of a fragment's call; without an index, a new id or name begins one."""
        if (given := _count(index)) is not None:
            number = given
        elif call_id is not None and call_id in self._call_numbers:
            number = self._call_numbers[call_id]
        elif call_id or name:
            number = max(self._arguments, default=-1) + 1
        else:
            number = self._last_call
        if call_id is not None:
            self._call_numbers.setdefault(call_id, number)
        self._last_call = number
        return number

    def _report_usage(self, raw: object, at: float) -> list[Event]:
        # DeepSeek and transformers send it on the finish chunk, vLLM and OpenRouter on a chunk of
        # its own, vLLM on every chunk if asked to, LiteLLM on a chunk without a finish reason.
        if not isinstance(raw, dict) or not raw:
            return []
        usage = _usage(raw)
        # A usage without any number does not replace an earlier one.
        if usage == self._usage or (usage == Usage() and self._usage is not None):
            return []
        self._usage = usage
        return [UsageReported(at, usage)]


def _event(channel: Channel, at: float, text: str) -> Reasoning | Answer:
    return Reasoning(at, text) if channel == "reasoning" else Answer(at, text)


def _first_choice(chunk: dict[str, Any]) -> dict[str, Any]:
    """Return the choice with index 0 or without an index; empty if there is none."""
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict) and choice.get("index", 0) in (0, None):
            return choice
    return {}


def _details(value: object) -> str:
    """Return the text of OpenRouter's `reasoning_details`."""
    parts = [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
    texts = (part.get("text") or part.get("summary") for part in parts)
    return "".join(text for text in texts if isinstance(text, str))


def _usage(raw: dict[str, Any]) -> Usage:
    names = ("prompt_tokens", "prompt_cache_hit_tokens", "prompt_cache_miss_tokens")
    prompt, hit, miss = (_count(raw.get(name)) for name in names)
    if hit is None:
        hit = _detail(raw, "prompt_tokens_details", "cached_tokens")
    if prompt is not None and miss is None and hit is not None:
        miss = max(0, prompt - hit)
    elif prompt is not None and hit is None and miss is not None:
        hit = max(0, prompt - miss)
    completion, total = _count(raw.get("completion_tokens")), _count(raw.get("total_tokens"))
    reasoning = _detail(raw, "completion_tokens_details", "reasoning_tokens")
    return Usage(prompt, completion, total, hit, miss, reasoning)


def _detail(raw: dict[str, Any], field: str, name: str) -> int | None:
    details = raw.get(field)
    return _count(details.get(name)) if isinstance(details, dict) else None


def _count(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_SAFE_INTEGER:
        return value
    return None


def _text(value: object) -> str | None:
    return join_surrogates(value) if isinstance(value, str) and value else None


def _label(value: object) -> str | None:
    """Return text for display or comparison as one printable line.

    Text that goes back to a server, such as a tool call's id, stays as it is.
    """
    text = _text(value)
    return (one_line(text) or None) if text else None
