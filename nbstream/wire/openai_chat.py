"""Chunks of chat completions to events, in the dialects of DeepSeek and compatible servers.

Reading is lenient, and nothing is dropped: each text is read, kept as an extra, or reported in a
warning. Comments name the servers that behave differently; ARCHITECTURE.md has a table of them,
"Dialects".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbstream.model.events import Ended, Event, Finished, Identified, UsageReported
from nbstream.model.printable import one_line
from nbstream.wire import server_errors
from nbstream.wire.channels import Channels
from nbstream.wire.choices import index_of, unwrapped
from nbstream.wire.content_parts import strings_in
from nbstream.wire.field_names import finish_label, is_reasoning
from nbstream.wire.other_fields import OtherFields
from nbstream.wire.surrogates import join_surrogates
from nbstream.wire.token_probabilities import TokenProbabilities
from nbstream.wire.tool_calls import ToolCalls
from nbstream.wire.usage_counts import usage_of

if TYPE_CHECKING:
    from nbstream.model.usage import Usage

#: `obfuscation` is random text by which OpenAI hides the length of a token.
_CHUNK_FIELDS = frozenset(
    {"id", "object", "created", "model", "system_fingerprint", "choices", "usage", "error", "message", "detail"}
    | {"obfuscation"}
)
_CHOICE_FIELDS = frozenset(
    {"index", "delta", "message", "text", "finish_reason", "finishReason", "logprobs", "error", "usage"}
)
#: A choice with no other fields, as nearly all are, is not asked for them.
_PLAIN_CHOICE = frozenset({"index", "delta", "finish_reason", "logprobs"})
_DELTA_FIELDS = frozenset(
    {"role", "content", "reasoning_content", "reasoning", "reasoning_details", "tool_calls"}
    | {"function_call", "refusal", "audio"}
)
_CHUNK_NAMES = ("choices", "error", "usage", "data", "object")
#: Fields of a choice or delta that describe it: they are kept as extras.
_LABELS = frozenset(
    {"id", "type", "object", "status", "name", "phase", "kind", "sender", "sender_type", "stop_reason", "matched_stop"}
    | {"native_finish_reason", "finish_reason", "done_reason", "content_filter_results", "annotations", "citations"}
    | {"signature", "token_ids", "prompt_token_ids", "model", "seed", "created", "finish_details"}
)
#: A choice that the reply does not show: fields that hold no text of the model.
_NO_TEXT = frozenset(
    {"index", "role", "finish_reason", "stop_reason", "native_finish_reason", "logprobs", "id", "type"}
)


class ChunkDecoder:
    """Turns the chunks of one response into events.

    Of several choices it reads one, the first; the text of the others is reported.

    Attributes:
        finish_reason: the latest finish reason.
        failed: whether a chunk reported an error.
        went_on: whether text came after a finish reason, so that none can be relied on.
        has_usage: whether the server reported its token counts.
        has_choices: whether a chunk had choices, as every completion has.
        foreign: the type of the first chunk with other fields and without choices, or its fields.
        is_done: never true, as it is `[DONE]` that ends this stream.
        kept_bytes: none, as each text is in a delta or in a warning.
    """

    is_done = False
    kept_bytes = 0

    def __init__(self, server: str = "The server") -> None:
        self._server = server
        self.finish_reason: str | None = None
        self.failed = False
        self.went_on = False
        self.has_usage = False
        self.has_choices = False
        self.foreign = ""
        self._has_text_after_finish = False
        self._identity: tuple[object, ...] = ()
        self._usage: Usage | None = None
        #: Whether the latest usage came after all text so far.
        self._is_counted = False
        self._others = OtherFields()
        self._calls = ToolCalls(self._others)
        self._channels = Channels(self._others)
        self._tokens = TokenProbabilities(self._others)
        self._choice: int | None = None
        self._is_field_named = False

    @property
    def is_finished(self) -> bool:
        """Whether there was a finish reason, and no text after it."""
        return self.finish_reason is not None and not self._has_text_after_finish

    @staticmethod
    def reads(value: dict[str, Any]) -> bool:
        """Return whether an object in a list or in a broken event is a chunk."""
        return not value.keys().isdisjoint(_CHUNK_NAMES)

    def feed(self, payload: dict[str, Any], at: float, *, name: str = "message") -> list[Event]:
        """Return the events of one chunk.

        Args:
            payload: the decoded JSON object.
            at: seconds since the run began.
            name: the name of the server-sent event.
        """
        chunk, named_error = payload, name == "error"
        if "choices" not in chunk:
            chunk = unwrapped(chunk)
        events = self._identify(chunk, at)
        reason: str | None = None
        may_fail = "error" in chunk or "base_resp" in chunk
        choices = chunk.get("choices")
        if choices:
            self.has_choices = True
            for place, choice in enumerate(choices if isinstance(choices, list) else [choices]):
                if choice is None:
                    continue
                may_fail = may_fail or (isinstance(choice, dict) and "error" in choice)
                if self._is_shown(choice, place, choices):
                    reason = self._shown(choice, at, events) or reason
                else:
                    self._report_choice(choice, place, at, events)
        if not self._is_field_named and (field := self._channels.reasoning_field) is not None:
            self._is_field_named = True
            first = events[0] if events else None
            if isinstance(first, Identified):
                events[0] = replace(first, reasoning_field=field)
            else:
                events.insert(0, Identified(at, reasoning_field=field))
        if not chunk.keys() <= _CHUNK_FIELDS:
            if choices is None and not self.foreign:
                self.foreign = _label(chunk.get("type")) or one_line(", ".join(chunk))
            for each in sorted(chunk.keys() - _CHUNK_FIELDS):
                self._others.keep(each, chunk[each], at, events)
        usage = chunk.get("usage")
        if usage is None and reason is not None:
            usage = _usage_elsewhere(chunk)
        if usage is not None:
            self._report_usage(usage, at, events)
        failure = None
        if named_error or may_fail or "choices" not in chunk or chunk.get("object") == "error":
            failure = server_errors.from_chunk(chunk, self._server, named_error=named_error)
        if failure is None and reason == "error":
            failure = server_errors.from_data("finish_reason is “error”", self._server)
        if failure is not None:
            events += [*self.flush(at), Ended(at, "failed", failure)]
            self.failed = True
        elif reason is not None:
            self._finish(reason, at, events)
        return events

    def flush(self, at: float, *, is_over: bool = False) -> list[Event]:
        """Return the text that was held back, so that nothing received is lost.

        Args:
            at: seconds since the run began.
            is_over: whether the server ended the reply, which a stop does not.
        """
        events: list[Event] = []
        self._channels.flush(at, events, is_answered=is_over and self.finish_reason in (None, "stop"))
        self._calls.flush(at, events)
        self._tokens.flush(at, events)
        if is_over and self._usage is not None and not self._is_counted:
            # A server that counts so far, or at the beginning alone, did not count the rest.
            part = replace(self._usage, completion_tokens=None, total_tokens=None, reasoning_tokens=None, cost=None)
            events.append(UsageReported(at, part))
        return events

    def _finish(self, label: str, at: float, events: list[Event]) -> None:
        # SGLang may send the finish chunk twice: then the first one counts. Others send `stop` in
        # mid-stream, and the real reason at the end.
        if self.finish_reason is None or (self.went_on and label != self.finish_reason):
            self._channels.release(at, events)
            self.finish_reason = label
            events.append(Finished(at, label))

    def _identify(self, chunk: dict[str, Any], at: float) -> list[Event]:
        identity = (chunk.get("id"), chunk.get("model"), chunk.get("system_fingerprint"))
        # Every chunk repeats it.
        if identity == self._identity:
            return []
        self._identity = identity
        names = [_label(value) for value in identity]
        return [Identified(at, *names)] if any(names) else []

    def _is_shown(self, choice: Any, place: int, choices: Any) -> bool:
        if place == 0 and self._choice == 0 and isinstance(choice, dict) and choice.get("index") == 0:
            return True
        index = index_of(choice, place)
        if self._choice is None:
            indices = (
                [index_of(each, number) for number, each in enumerate(choices)] if isinstance(choices, list) else []
            )
            self._choice = 0 if 0 in indices or not indices else indices[0]
        elif self._choice and index == self._choice + 1 and isinstance(choices, list) and len(choices) == 1:
            # Older versions of TGI count the tokens there, from 1 on.
            self._choice = index
        return index == self._choice

    def _shown(self, choice: Any, at: float, events: list[Event]) -> str | None:
        """Read the choice that is shown, and return its finish reason."""
        before, known = self._channels.amount, len(events)
        reason = self._read(choice, at, events)
        if isinstance(choice, dict) and (probabilities := choice.get("logprobs")):
            self._tokens.feed(probabilities, at, events[known:], events)
        if self._channels.amount != before:
            self._is_counted = False
            if self.finish_reason is not None:
                self.went_on = True
                self._has_text_after_finish = reason is None
        return reason

    def _read(self, choice: Any, at: float, events: list[Event]) -> str | None:
        """Read the text of a choice, and return its finish reason."""
        channels = self._channels
        channels.begin()
        if not isinstance(choice, dict):
            channels.content(choice, at, events)
            return None
        is_plain = choice.keys() <= _PLAIN_CHOICE
        delta = choice.get("delta")
        reason = choice.get("finish_reason")
        if reason is None and not is_plain:
            # A gateway to Gemini keeps its name.
            reason = choice.get("finishReason")
        label = None if reason is None else finish_label(reason)
        if isinstance(delta, dict):
            if label is None and "finish_reason" in delta:
                label = finish_label(delta["finish_reason"])
            self._delta(delta, at, events, is_last=label is not None)
        elif delta:
            channels.content(delta, at, events)
        if not is_plain:
            if message := choice.get("message"):
                self._message(message, at, events)
            if text := choice.get("text"):
                channels.second_content("text", text, at, events)
            if others := choice.keys() - _CHOICE_FIELDS:
                self._other(choice, others, "choice", at, events)
        if reason is not None and label is None and not isinstance(reason, str):
            self._others.keep("finish_reason", reason, at, events)
        return label

    def _delta(self, delta: dict[str, Any], at: float, events: list[Event], *, is_last: bool = False) -> None:
        channels = self._channels
        # Reasoning comes before content, under whatever name.
        others: set[str] = set()
        if not delta.keys() <= _DELTA_FIELDS:
            names = sorted(delta.keys() - _DELTA_FIELDS)
            others = {name for name in names if not channels.takes_as_reasoning(name, delta[name], at, events)}
        channels.delta(delta, at, events, is_last=is_last)
        if calls := delta.get("tool_calls"):
            channels.release(at, events)
            self._calls.feed(calls, at, events)
            channels.note_other()
        if others:
            self._other(delta, others, "delta", at, events)
        if call := delta.get("function_call"):
            self._calls.legacy(call, at, events)
            channels.note_other()

    def _message(self, message: Any, at: float, events: list[Event]) -> None:
        """Read a whole message: instead of deltas, or after them, where only new text counts."""
        if not isinstance(message, dict):
            message = {"content": message}
        channels = self._channels
        if not channels.has_deltas:
            self._delta(message, at, events, is_last=True)
            channels.has_deltas = False
            return
        channels.message(message, at, events)
        if calls := message.get("tool_calls"):
            self._calls.repeat(calls, at, events)
        if call := message.get("function_call"):
            self._calls.repeat([{"function": call}], at, events)
        if others := {name for name in message.keys() - _DELTA_FIELDS if not is_reasoning(name, message[name])}:
            self._other(message, others, "message", at, events)

    def _other(self, fields: dict[str, Any], names: set[str], place: str, at: float, events: list[Event]) -> None:
        """Take fields of a choice, a delta or a message that are not known."""
        for name in sorted(names):
            value = fields[name]
            if name in _LABELS:
                self._others.keep(name, value, at, events)
            elif not self._channels.takes_as_reasoning(name, value, at, events):
                self._others.tell(f"{place}.{name}", value, self._channels.latest, at, events)

    def _report_choice(self, choice: Any, place: int, at: float, events: list[Event]) -> None:
        """Report the text of a choice that is not shown."""
        where = f"choices[{index_of(choice, place)}]"
        if isinstance(choice, dict):
            for name, value in choice.items():
                inner = value.items() if isinstance(value, dict) else [("", value)]
                for field, text in () if name in _NO_TEXT else inner:
                    if field not in _NO_TEXT:
                        path = ".".join(filter(None, (where, name, field)))
                        self._others.report(path, strings_in(text), at, events, "other_choice")
        else:
            self._others.report(where, strings_in(choice), at, events, "other_choice")

    def _report_usage(self, raw: object, at: float, events: list[Event]) -> None:
        # DeepSeek and transformers send it on the finish chunk, vLLM and OpenRouter on a chunk of
        # its own, vLLM on every chunk if asked to, LiteLLM on a chunk without a finish reason.
        usage = usage_of(raw) if isinstance(raw, dict) else None
        if usage is not None and usage.completion_tokens == 0 and self._channels.amount:
            # A server that does not count: the text that came was made of tokens.
            usage = replace(usage, completion_tokens=None)
        # A usage without any number does not replace an earlier one, nor does one without a prompt
        # replace the count of it.
        if usage is not None and usage.prompt_tokens is None and (known := self._usage) is not None:
            counts = known.prompt_tokens, known.cache_hit_tokens, known.cache_miss_tokens
            usage = replace(usage, prompt_tokens=counts[0], cache_hit_tokens=counts[1], cache_miss_tokens=counts[2])
        if usage is None:
            return
        self._is_counted = True
        if usage == self._usage:
            return
        self._usage = usage
        self.has_usage = True
        events.append(UsageReported(at, usage))


def _usage_elsewhere(chunk: dict[str, Any]) -> object:
    """Return the usage of a finish chunk that has it in its choice (Kimi) or in `x_groq`."""
    choices = chunk.get("choices")
    for each in [*(choices if isinstance(choices, list) else []), chunk.get("x_groq")]:
        if isinstance(each, dict) and each.get("usage") is not None:
            return each["usage"]
    return None


def _label(value: object) -> str | None:
    """Return text for display or comparison as one printable line.

    Text that goes back to a server, such as a tool call's id, stays as it is.
    """
    if not isinstance(value, str) or not value:
        return None
    return one_line(join_surrogates(value)) or None
