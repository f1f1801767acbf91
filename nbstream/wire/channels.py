"""Sorts the text of deltas and messages into reasoning, answer and refusal, each text once.

Servers name reasoning differently, send a text in two fields, repeat all of it in each chunk or at
the end, and put reasoning into content. On a doubt a text is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.model.events import Answer, Event, Moved, Reasoning, Refusal, Warned
from nbstream.model.warning import ReplyWarning
from nbstream.wire.content_parts import parts_of
from nbstream.wire.echo import Cumulative, Echo, beyond, repeats_all
from nbstream.wire.field_names import is_reasoning
from nbstream.wire.surrogates import SurrogateJoiner, join_surrogates
from nbstream.wire.think_tags import Channel, ThinkSplitter, raw_tool_call, without_opening_tag

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.wire.content_parts import PartKind
    from nbstream.wire.other_fields import OtherFields

_FIELDS = ("reasoning_content", "reasoning", "reasoning_details")
#: A delta with no other fields, as nearly all are, is not asked for them.
_PLAIN = frozenset({"role", "content", "reasoning_content"})
#: The source of reasoning that stands in content.
_TAGS = "content"
#: With thinking off, transformers sends reasoning of two line ends: that is none. More white space
#: than this is.
_MOST_BLANK = 64


class Channels:
    """Turns the text of one choice into events.

    Attributes:
        amount: grows with every text.
        has_deltas: whether text came in deltas, and not only in whole messages.
        reasoning_field: the first field that may hold reasoning; its text may be empty.
        latest: the texts of the present chunk.
    """

    def __init__(self, others: OtherFields) -> None:
        self.amount = 0
        self.has_deltas = False
        self.reasoning_field: str | None = None
        self.latest: list[str] = []
        self._others = others
        #: The pieces of the reasoning, of the content as it was sent, and of the answer in it.
        self._thoughts: list[str] = []
        self._contents: list[str] = []
        self._answers: list[str] = []
        self._refusals: list[str] = []
        #: The white space at the beginning of the reasoning; None once something else came.
        self._blank: str | None = ""
        self._reasoning = SurrogateJoiner()
        self._content = SurrogateJoiner()
        self._refusal = SurrogateJoiner()
        self._splitter = ThinkSplitter()
        #: The field that reasoning is read from; text of other fields counts if it is another one.
        self._source = ""
        self._echoes: dict[str, Echo] = {}
        self._whole_thoughts = Cumulative()
        self._whole_contents = Cumulative()
        #: Content that was the same as the reasoning of its chunk, from the beginning.
        self._mirror: list[str] | None = []
        #: Reasoning that a later chunk's content may repeat.
        self._ahead = ""
        #: Whether content ever repeated the reasoning of an earlier chunk.
        self._is_late = False
        self._thought = self._said = ""

    def begin(self) -> None:
        """Begin with another chunk."""
        self._thought = self._said = ""
        if self.latest:
            self.latest = []

    def delta(self, delta: dict[str, Any], at: float, events: list[Event], *, is_last: bool) -> None:
        """Read the text of a delta; `is_last` if its chunk has a finish reason."""
        is_plain = delta.keys() <= _PLAIN
        for name in _FIELDS[:1] if is_plain else _FIELDS:
            if (value := delta.get(name)) is not None:
                self.reasoning(name, value, at, events)
        content = delta.get("content")
        if self._mirror is not None and (content or self._thought) and (content is None or isinstance(content, str)):
            content = self._unmirrored(content or "")
        if content:
            self.has_deltas = True
            if isinstance(content, str):
                self._say(content, at, events, is_last=is_last)
            else:
                self.content(content, at, events)
        if is_plain:
            return
        if refusal := delta.get("refusal"):
            self.parts(parts_of(refusal, "refusal"), at, events)
        if audio := delta.get("audio"):
            self._audio(audio, at, events)

    def reasoning(self, name: str, value: Any, at: float, events: list[Event]) -> None:
        """Read a field that holds reasoning."""
        if self.reasoning_field is None and isinstance(value, str):
            self.reasoning_field = name
        if not value:
            return
        if not isinstance(value, str):
            parts = list(parts_of(value, "reasoning"))
            if any(kind == "other" for kind, _, _ in parts):
                # Opaque parts, such as a signature, to be sent back.
                self._others.keep(name, value, at, events)
            value = "".join([text for kind, text, _ in parts if kind != "other"])
        if value:
            self.has_deltas = True
            self._splitter.note_field()
            self._reason(name, value, at, events)

    def content(self, value: Any, at: float, events: list[Event]) -> None:
        """Read content of any form, such as Mistral's list of parts."""
        self._mirror = None
        self.parts(parts_of(value), at, events)

    def parts(self, parts: Iterable[tuple[PartKind, str, str]], at: float, events: list[Event]) -> None:
        """Read the parts of a field."""
        for kind, text, name in parts:
            if kind == "answer":
                self._say(text, at, events)
            elif kind == "reasoning":
                self._splitter.note_field()
                self._reason("parts", text, at, events)
            elif kind == "refusal":
                self._refuse(text, at, events)
            else:
                self._others.report(name, [text], at, events)

    def second_content(self, name: str, value: Any, at: float, events: list[Event]) -> None:
        """Read a second field that holds the answer, such as the `text` of older servers."""
        parts = list(parts_of(value))
        self.parts([each for each in parts if each[0] != "answer"], at, events)
        text = "".join([text for kind, text, _ in parts if kind == "answer"])
        if not text:
            return
        new = self._beside(name, self._contents, text, is_alone=not self._said)
        if new and self._said:
            self._others.report(name, [new], at, events)
        elif new:
            self.has_deltas = True
            self._say(new, at, events)
            self._echoes[name].skip()

    def message(self, message: dict[str, Any], at: float, events: list[Event]) -> None:
        """Read a whole message after deltas: its text counts as far as it goes beyond them."""
        self.release(at, events)
        for name, value in message.items():
            if name in _FIELDS or is_reasoning(name, value):
                self._repeat(name, parts_of(value, "reasoning"), at, events)
            elif name in ("content", "refusal"):
                self._repeat(name, parts_of(value, "refusal" if name == "refusal" else "answer"), at, events)
            elif name == "audio" and isinstance(value, dict):
                self._repeat("audio.transcript", parts_of(value.get("transcript")), at, events)
                self._audio({**value, "transcript": None}, at, events)
            elif name == "audio":
                self._audio(value, at, events)

    def takes_as_reasoning(self, name: str, value: Any, at: float, events: list[Event]) -> bool:
        """Read a field if its name says that it holds reasoning; return whether it does."""
        if not is_reasoning(name, value):
            return False
        self.reasoning(name, value, at, events)
        return True

    def note_other(self) -> None:
        """Note that a delta brought something else than text, a tool call."""
        self.amount += 1
        self.has_deltas = True

    def release(self, at: float, events: list[Event]) -> None:
        """Give out chunks that were held back because they might be cumulative."""
        if held := self._whole_thoughts.flush():
            self._think(held, at, events)
        if held := self._whole_contents.flush():
            self._answer(held, at, events)

    def flush(self, at: float, events: list[Event], *, is_answered: bool) -> None:
        """Give out everything that was held back.

        Args:
            at: seconds since the run began.
            events: get the new events.
            is_answered: whether the server says that the model finished its answer.
        """
        self.release(at, events)
        for name, echo in self._echoes.items():
            if rest := echo.finish():
                self._others.report(name, [rest], at, events)
        if lone := self._reasoning.flush():
            events.append(Reasoning(at, lone))
        pieces = self._splitter.feed(lone) if (lone := self._content.flush()) else []
        for channel, text in [*pieces, *self._splitter.flush()]:
            self._sort(channel, text, at, events)
        if lone := self._refusal.flush():
            events.append(Refusal(at, lone))
        if self._mirror and self._is_late and len(self._mirror) == 1:
            self._answer(self._mirror[0], at, events)
        elif self._mirror and is_answered and "".join(self._mirror) == "".join(self._thoughts):
            # A gateway that copies every answer into the reasoning.
            text = join_surrogates("".join(self._mirror))
            self._answers, self._thoughts = [text], []
            events.append(Moved(at, "answer", text))
        self._mirror = None
        if said := raw_tool_call("".join(self._answers)):
            self._answers = []
            events.append(Warned(at, ReplyWarning("raw_tool_call", said)))

    def _unmirrored(self, content: str) -> str:
        """Return the content of a chunk that does not repeat the chunk's reasoning."""
        thought, mirror = self._thought, self._mirror
        if mirror is None:
            return content
        if not content:
            # Content may repeat the reasoning one chunk later; more reasoning than that is none.
            if thought and not mirror and self._ahead:
                self._mirror = None
            self._ahead += thought
            return content
        if content == self._ahead + thought:
            self._is_late = self._is_late or not thought
            self._ahead = ""
            mirror.append(content)
            return ""
        self._mirror = None
        # If both go on, with different words, the content was an answer from its beginning; and an
        # answer may begin with the word of its reasoning.
        is_answer = thought or (self._is_late and len(mirror) == 1)
        return "".join([*mirror, content]) if is_answer else content

    def _say(self, text: str, at: float, events: list[Event], *, is_last: bool = False) -> None:
        self._said += text
        self.latest.append(text)
        if not self._whole_contents.passes and not (text := self._whole_contents.feed(text)):
            return
        if is_last and repeats_all(self._contents, text):
            text = beyond(self._contents, text) or ""
        if text:
            self._answer(text, at, events)

    def _answer(self, text: str, at: float, events: list[Event]) -> None:
        self.amount += 1
        self._contents.append(text)
        if self._thoughts and (lone := self._reasoning.flush()):
            events.append(Reasoning(at, lone))
        if not (joined := self._content.feed(text)):
            return
        if self._splitter.passes:
            self._answers.append(joined)
            events.append(Answer(at, joined))
            return
        for channel, piece in self._splitter.feed(joined):
            self._sort(channel, piece, at, events)

    def _sort(self, channel: Channel, text: str, at: float, events: list[Event]) -> None:
        if channel == "answer":
            self._answers.append(text)
            events.append(Answer(at, text))
        elif channel == "reasoning":
            self._reason(_TAGS, text, at, events)
        else:
            thoughts = "".join(self._answers)
            self._answers = []
            self._thoughts.append(thoughts)
            events.append(Moved(at, "reasoning", thoughts))

    def _reason(self, source: str, text: str, at: float, events: list[Event]) -> None:
        """Take reasoning of one source; of a second source only what the first one lacks."""
        self.latest.append(text)
        self._source = self._source or source
        if source == self._source:
            self._thought += text
            if not self._whole_thoughts.passes:
                text = self._whole_thoughts.feed(text)
            if text:
                self._think(text, at, events)
            return
        new = self._beside(source, self._thoughts, text, is_alone=not self._thought)
        if new and self._thought:
            self._others.report(source, [new], at, events)
        elif new:
            self._think(new, at, events)
            self._echoes[source].skip()

    def _beside(self, source: str, original: list[str], text: str, *, is_alone: bool) -> str:
        echo = self._echoes.get(source)
        if echo is None:
            echo = self._echoes[source] = Echo(original)
        new = echo.feed(text)
        return new or (echo.finish() if is_alone else "")

    def _think(self, text: str, at: float, events: list[Event]) -> None:
        self.amount += 1
        is_first = not self._thoughts
        self._thoughts.append(text)
        joined = self._reasoning.feed(text)
        if is_first and "<think" in joined:
            joined = without_opening_tag(joined)
        if self._blank is not None:
            joined = self._blank + joined
            if len(joined) <= _MOST_BLANK and (not joined or joined.isspace()):
                self._blank = joined
                return
            self._blank = None
        if joined:
            events.append(Reasoning(at, joined))

    def _refuse(self, text: str, at: float, events: list[Event]) -> None:
        self.amount += 1
        self.has_deltas = True
        self.latest.append(text)
        self._refusals.append(text)
        if joined := self._refusal.feed(text):
            events.append(Refusal(at, joined))

    def _repeat(self, name: str, parts: Iterable[tuple[PartKind, str, str]], at: float, events: list[Event]) -> None:
        """Take what the text of a message has beyond the deltas, or report it if it differs."""
        texts: dict[PartKind, str] = {}
        for kind, text, _ in parts:
            texts[kind] = texts.get(kind, "") + text
        for kind, text in texts.items():
            rest: str | None = text
            match kind:
                case "answer":
                    rest = beyond(self._contents, text)
                    rest = beyond(self._answers, text) if rest is None else rest
                    say = self._answer
                case "reasoning":
                    rest, say = beyond(self._thoughts, text), self._think
                case "refusal":
                    rest, say = beyond(self._refusals, text), self._refuse
                case _:
                    rest = None
            if rest is None:
                self._others.tell(f"message.{name}", text, (), at, events)
            elif rest:
                say(rest, at, events)

    def _audio(self, audio: Any, at: float, events: list[Event]) -> None:
        if not isinstance(audio, dict):
            self._others.tell("audio", audio, (), at, events)
            return
        if transcript := audio.get("transcript"):
            self.second_content("audio.transcript", transcript, at, events)
        for name in sorted(audio.keys() - {"transcript", "data"}):
            self._others.keep(f"audio.{name}", audio[name], at, events)
        if audio.get("data"):
            events.append(Warned(at, ReplyWarning("not_kept", where="audio.data")))
