"""Events of Anthropic's Messages API to events of a reply, of Anthropic, DeepSeek and look-alikes.

Reading is lenient, and nothing is dropped, as in `openai_chat`: each text is read, kept as an extra
or in the content blocks, or reported in a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.model.events import Ended, Event, Finished, Identified, Noted, UsageReported
from nbstream.model.printable import one_line
from nbstream.wire import server_errors
from nbstream.wire.content_blocks import ContentBlocks
from nbstream.wire.content_parts import strings_in
from nbstream.wire.message_usage import MessageUsage
from nbstream.wire.other_fields import OtherFields
from nbstream.wire.surrogates import join_surrogates

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The finish reasons of a reply, which are those of chat completions, for the stop reasons that
#: Anthropic's reference names (November 2026). Any other one stays as it is.
_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
#: The stop reasons that the finish reason does not tell, so that they are kept as an extra.
_TOLD_APART = frozenset({"stop_sequence", "model_context_window_exceeded", "refusal"})
_EVENTS = frozenset(
    {"message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta"}
    | {"message_stop", "message", "ping", "error"}
)
_MESSAGE_FIELDS = frozenset({"id", "type", "role", "model", "content", "stop_reason", "usage", "system_fingerprint"})
_NOTHING = frozenset({"", "null", "none"})


class MessagesDecoder:
    """Turns the payloads of one response into events; for `ResponseDecoder`, as `ChunkDecoder`.

    Attributes:
        finish_reason: the latest finish reason.
        failed: whether a payload reported an error.
        went_on: whether text came after a finish reason, so that none can be relied on.
        has_usage: whether the server reported its token counts.
        has_choices: whether a payload was one of this API.
        is_done: whether the server said that the response is over.
        foreign: the type of the first payload of another API, or its fields.
    """

    def __init__(self, server: str = "The server") -> None:
        self._server = server
        self.finish_reason: str | None = None
        self.failed = False
        self.went_on = False
        self.has_choices = False
        self.is_done = False
        self.foreign = ""
        self._has_text_after_finish = False
        self._others = OtherFields()
        self._blocks = ContentBlocks(self._others)
        self._usage = MessageUsage()

    @property
    def is_finished(self) -> bool:
        """Whether there was a finish reason, and no text after it."""
        return self.finish_reason is not None and not self._has_text_after_finish

    @property
    def has_usage(self) -> bool:
        """Whether the server reported its token counts."""
        return self._usage.is_reported

    @property
    def kept_bytes(self) -> int:
        """The size of what is kept beside the texts of deltas: signatures, results of searches."""
        return self._blocks.kept_bytes

    @staticmethod
    def reads(value: Mapping[str, Any]) -> bool:
        """Return whether an object is a payload, and no part of one."""
        return "error" in value or any(value.get("type") == kind for kind in _EVENTS)

    def feed(self, payload: dict[str, Any], at: float, *, name: str = "message") -> list[Event]:
        """Return the events of one payload.

        Args:
            payload: the decoded JSON object.
            at: seconds since the run began.
            name: the name of the server-sent event; a payload without a type has it as its type.
        """
        given = payload.get("type", name if name in _EVENTS else None)
        kind = given if isinstance(given, str) else ""
        if kind in _EVENTS and kind != "error" and not payload.get("error"):
            self.has_choices = True
            events: list[Event] = []
            before = self._blocks.amount
            self._read(kind, payload, at, events)
            if self._blocks.amount != before and self.finish_reason is not None and kind != "message":
                self.went_on = self._has_text_after_finish = True
            return events
        failure = server_errors.from_chunk(payload, self._server, named_error="error" in (kind, name))
        if failure is not None:
            self.failed = True
            return [*self.flush(at), Ended(at, "failed", failure)]
        events = []
        label = one_line(kind or ", ".join(payload))
        self.foreign = self.foreign or label
        for field, value in payload.items():
            if field != "type":
                self._others.report(f"{label}.{field}", strings_in(value), at, events)
        return events

    def flush(self, at: float, *, is_over: bool = False) -> list[Event]:
        """Return the text that was held back, so that nothing received is lost.

        Args:
            at: seconds since the run began.
            is_over: whether the server ended the reply, so that its blocks are whole.
        """
        events: list[Event] = []
        self._blocks.flush(at, events, are_whole=is_over)
        if (usage := self._usage.begun()) is not None:
            events.append(UsageReported(at, usage))
        return events

    def _read(self, kind: str, payload: dict[str, Any], at: float, events: list[Event]) -> None:
        match kind:
            case "content_block_delta":
                self._blocks.add(payload.get("index"), payload.get("delta"), at, events)
            case "content_block_start":
                self._blocks.begin(payload.get("index"), payload.get("content_block"), at, events)
            case "content_block_stop":
                self._blocks.end(payload.get("index"), at, events)
            case "message_start":
                self._message(payload.get("message"), at, events, is_first=True)
            case "message":
                self._message(payload, at, events)
                self._report_usage(at, events)
                self.is_done = True
            case "message_delta":
                self._count(payload.get("usage"), at, events)
                self._report_usage(at, events)
                self._stop(payload.get("delta"), at, events)
                self._keep(payload, {"type", "delta", "usage"}, at, events)
            case "message_stop":
                # Bedrock puts its own counts here.
                self._keep(payload, {"type"}, at, events)
                self._report_usage(at, events)
                self.is_done = True

    def _message(self, message: Any, at: float, events: list[Event], *, is_first: bool = False) -> None:
        """Read a message: empty at the beginning of a stream, whole without a stream."""
        if not isinstance(message, dict):
            self._others.report("message_start.message", strings_in(message), at, events)
            return
        names = [_label(message.get(name)) for name in ("id", "model", "system_fingerprint")]
        if any(names):
            events.append(Identified(at, *names))
        content = message.get("content")
        for block in content if isinstance(content, list) else [content] if content else []:
            self._blocks.begin(None, block if isinstance(block, dict) else {"type": "text", "text": block}, at, events)
            self._blocks.end(None, at, events)
        self._count(message.get("usage"), at, events, is_first=is_first)
        self._keep(message, _MESSAGE_FIELDS, at, events)
        if message.get("stop_reason") is not None:
            self._stop({"stop_reason": message["stop_reason"]}, at, events)

    def _stop(self, delta: Any, at: float, events: list[Event]) -> None:
        if not isinstance(delta, dict):
            self._others.report("message_delta.delta", strings_in(delta), at, events)
            return
        # Before the finish reason, as some servers leave out the end of a block.
        reason = delta.get("stop_reason")
        self._keep(delta, {"stop_reason"}, at, events)
        if not isinstance(reason, str) or reason.lower() in _NOTHING:
            return
        self._blocks.flush(at, events, are_whole=True)
        label = one_line(join_surrogates(reason))
        if label in _TOLD_APART:
            events.append(Noted(at, "stop_reason", label))
        label = _REASONS.get(label, label)
        if self.finish_reason is None or (self.went_on and label != self.finish_reason):
            self.finish_reason = label
            self._has_text_after_finish = False
            events.append(Finished(at, label))

    def _count(self, raw: Any, at: float, events: list[Event], *, is_first: bool = False) -> None:
        if not isinstance(raw, dict):
            return
        self._usage.add(raw, has_text=bool(self._blocks.amount), is_first=is_first)
        if (details := self._usage.details) is not None:
            events.append(Noted(at, "usage", details))

    def _report_usage(self, at: float, events: list[Event]) -> None:
        if (usage := self._usage.report()) is not None:
            events.append(UsageReported(at, usage))

    def _keep(
        self, fields: Mapping[str, Any], known: frozenset[str] | set[str], at: float, events: list[Event]
    ) -> None:
        for name in sorted(fields.keys() - known):
            self._others.keep(name, fields[name], at, events)


def _label(value: object) -> str | None:
    """Return text for display or comparison as one printable line."""
    if not isinstance(value, str) or not value:
        return None
    return one_line(join_surrogates(value)) or None
