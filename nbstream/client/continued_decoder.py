"""A decoder for a response that goes on with an earlier part of its reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.client.outer_decoder import OuterDecoder
from nbstream.model.events import Answer, Ended, Event, Finished, Moved, Reasoning, Refusal, ToolCallDelta, Warned
from nbstream.model.warning import ReplyWarning
from nbstream.wire.repetition import RepeatedBeginning

if TYPE_CHECKING:
    from nbstream.client.sources import Decoder
    from nbstream.model.earlier import Earlier
    from nbstream.model.failure import Failure


class ContinuedDecoder(OuterDecoder):
    """Takes what a server repeats of the earlier part off the events of another decoder, once.

    Args:
        decoder: the decoder of the response.
        earlier: what the response goes on with.
    """

    def __init__(self, decoder: Decoder, earlier: Earlier) -> None:
        super().__init__(decoder)
        self._told: set[type[Answer | Reasoning]] = set()
        self._texts: dict[type[Answer | Reasoning], RepeatedBeginning] = {
            Answer: RepeatedBeginning(earlier.answer),
            Reasoning: RepeatedBeginning(earlier.reasoning),
        }

    def feed(self, piece: bytes, at: float) -> list[Event]:
        """Return the events that `piece` completes; see `Decoder.feed`."""
        return self._sorted(self._decoder.feed(piece, at), at)

    def flush(self, at: float) -> list[Event]:
        """Return the text that was held back; see `Decoder.flush`."""
        return [*self._sorted(self._decoder.flush(at), at), *self._released(at)]

    def finish(self, at: float, failure: Failure | None = None) -> list[Event]:
        """Return the last events; see `Decoder.finish`."""
        return self._sorted(self._decoder.finish(at, failure), at)

    def _sorted(self, events: list[Event], at: float) -> list[Event]:
        if all(each.passes for each in self._texts.values()):
            return events
        found: list[Event] = []
        for event in events:
            if isinstance(event, Answer | Reasoning):
                found += self._grown(type(event), self._texts[type(event)].feed(event.text), event.at)
                continue
            if isinstance(event, Moved):
                # It has the text that is held back.
                for each in self._texts.values():
                    each.flush()
            elif isinstance(event, Refusal | ToolCallDelta | Finished | Ended):
                found += self._released(at)
            found.append(event)
        return found

    def _released(self, at: float) -> list[Event]:
        return [
            event
            for kind, text in self._texts.items()
            if not text.passes
            for event in self._grown(kind, text.flush(), at)
        ]

    def _grown(self, kind: type[Answer | Reasoning], added: str, at: float) -> list[Event]:
        events: list[Event] = [kind(at, added)] if added else []
        if self._texts[kind].is_repeated and kind not in self._told:
            self._told.add(kind)
            events.append(Warned(at, ReplyWarning("repeated")))
        return events
