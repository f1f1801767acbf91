"""A decoder whose events have no key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from nbstream.client.outer_decoder import OuterDecoder
from nbstream.client.redacted_tokens import GrowingTokens
from nbstream.client.redaction import GrowingText
from nbstream.model.events import (
    Answer,
    Ended,
    Event,
    Finished,
    Identified,
    Moved,
    Noted,
    Reasoning,
    Refusal,
    Scored,
    ToolCallDelta,
    UsageReported,
    Waiting,
    Warned,
)
from nbstream.model.warning import GROWING, ReplyWarning

if TYPE_CHECKING:
    from nbstream.client.redaction import KeyRedactor
    from nbstream.client.sources import Decoder
    from nbstream.model.failure import Failure
    from nbstream.model.probabilities import Channel, Token
    from nbstream.model.warning import WarningKind

_Delta: TypeAlias = Reasoning | Answer | Refusal | ToolCallDelta


class RedactedDecoder(OuterDecoder):
    """Removes keys from the events of another decoder.

    A key may be split over deltas. So the end of a text is kept until it is clear that no key
    begins there.
    """

    def __init__(self, decoder: Decoder, redactor: KeyRedactor) -> None:
        super().__init__(decoder)
        self._redactor = redactor
        #: Reasoning, answer and the arguments of each tool call, by class or index.
        self._texts: dict[object, GrowingText] = {}
        self._warnings: dict[tuple[WarningKind, str], GrowingText] = {}
        self._tokens: dict[Channel, GrowingTokens] = {}
        #: The text of the last delta, and that delta; of no other text an end is kept.
        self._channel: object = None
        self._text = GrowingText(redactor)
        self._last: _Delta | None = None

    def feed(self, piece: bytes, at: float) -> list[Event]:
        """Return the events that `piece` completes, without the key; see `Decoder.feed`."""
        return self._redacted(self._decoder.feed(piece, at), at)

    def flush(self, at: float) -> list[Event]:
        """Return the text that was held back, without the key; see `Decoder.flush`."""
        found = self._redacted(self._decoder.flush(at), at)
        return [*found, *self._kept(at), *self._kept_tokens(at), *self._kept_warnings(at)]

    def finish(self, at: float, failure: Failure | None = None) -> list[Event]:
        """Return the last events, without the key; see `Decoder.finish`."""
        return self._redacted(self._decoder.finish(at, failure), at)

    def _redacted(self, events: list[Event], at: float) -> list[Event]:
        found: list[Event] = []
        for event in events:
            kind = type(event)
            # Nearly every event; the rest of this function would take three times as long.
            if kind is self._channel and self._text.begins_no_key(event.text):  # type: ignore[union-attr]
                found.append(event)
                continue
            match event:
                case Reasoning() | Answer() | Refusal():
                    self._add(type(event), event, event.text, found)
                case ToolCallDelta():
                    self._add(event.index, self._named(event), event.arguments, found)
                case Warned() if event.warning.kind in GROWING:
                    found.append(self._warned(event))
                case UsageReported():
                    found.append(event)
                case Scored():
                    found += self._scored(event)
                case Moved():
                    found += [*self._kept(at), *self._kept_tokens(at), self._moved(event)]
                case Finished() | Identified() | Noted() | Waiting() | Warned():
                    # Like usage, they may come between two pieces of one text.
                    found.append(self._redactor.redact_fields(event))
                case _:
                    found += self._kept(at)
                    if isinstance(event, Ended):
                        found += [*self._kept_tokens(at), *self._kept_warnings(at)]
                    found.append(self._redactor.redact_fields(event))
        return found

    def _add(self, channel: object, event: _Delta, text: str, found: list[Event]) -> None:
        """Add a delta to `found` with what may be shown of its text."""
        if not self._redactor.answer_forms:
            found.append(event)
            return
        if channel != self._channel:
            found += self._kept(event.at)
            self._channel = channel
            self._text = self._texts.setdefault(channel, GrowingText(self._redactor))
        self._last = event
        added = self._text.feed(text)
        if added is text:
            found.append(event)
        elif added or (isinstance(event, ToolCallDelta) and (event.id or event.name)):
            found.append(_with_text(event, added))

    def _kept(self, at: float) -> list[Event]:
        """Return the end of the current text, which begins no key."""
        kept = self._text.flush()
        if not kept or self._last is None:
            return []
        last = replace(self._last, at=at)
        return [_with_text(replace(last, id=None, name=None) if isinstance(last, ToolCallDelta) else last, kept)]

    def _scored(self, event: Scored) -> list[Event]:
        if not self._redactor.answer_forms:
            return [event]
        found: list[Token] = []
        for token in event.tokens:
            found += self._tokens.setdefault(token.channel, GrowingTokens(self._redactor)).feed((token,))
        return [Scored(event.at, tuple(found))] if found else []

    def _kept_tokens(self, at: float) -> list[Event]:
        kept = tuple(token for tokens in self._tokens.values() for token in tokens.flush())
        return [Scored(at, kept)] if kept else []

    def _moved(self, event: Moved) -> Moved:
        """Return the event without the key; the texts begin anew."""
        self._texts.clear()
        self._channel, self._text, self._last = None, GrowingText(self._redactor), None
        return replace(event, text=self._redactor.redact_answer(event.text))

    def _named(self, event: ToolCallDelta) -> ToolCallDelta:
        if not (event.id or event.name):
            return event
        redact = self._redactor.redact
        return replace(event, id=redact(event.id or "") or None, name=redact(event.name or "") or None)

    def _warned(self, event: Warned) -> Warned:
        warning = event.warning
        text = self._warnings.setdefault((warning.kind, warning.where), GrowingText(self._redactor))
        return replace(event, warning=replace(warning, said=text.feed(warning.said)))

    def _kept_warnings(self, at: float) -> list[Event]:
        kept = ((key, text.flush()) for key, text in self._warnings.items())
        return [Warned(at, ReplyWarning(kind, said, where, 0)) for (kind, where), said in kept if said]


def _with_text(event: _Delta, text: str) -> _Delta:
    # Not `replace`, which takes five times as long.
    if isinstance(event, ToolCallDelta):
        return ToolCallDelta(event.at, event.index, event.id, event.name, text)
    return type(event)(event.at, text)
