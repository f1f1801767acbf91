"""Content blocks of a message, and their deltas, to events.

Text, thoughts and tool calls become parts of the reply. All other blocks, such as encrypted
thoughts and searches that the server makes itself, are kept as they are, to be sent back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbstream.model.events import Answer, BlockEnded, Event, Noted, Reasoning, ToolCallDelta
from nbstream.model.printable import one_line
from nbstream.wire.content_parts import strings_in
from nbstream.wire.other_fields import storable
from nbstream.wire.surrogates import SurrogateJoiner, join_surrogates

if TYPE_CHECKING:
    from nbstream.model.blocks import BlockKind
    from nbstream.wire.other_fields import OtherFields

#: What a block of each type adds to the reply.
_KINDS: dict[str, BlockKind] = {"text": "answer", "thinking": "reasoning", "tool_use": "call"}
#: The fields of a block whose values stand in the reply.
_SHOWN = {
    "answer": frozenset({"type", "text"}),
    "reasoning": frozenset({"type", "thinking"}),
    "call": frozenset({"type", "id", "name", "input"}),
    "other": frozenset[str](),
}
#: Further fields of such a block, which are no text of the model.
_KNOWN = frozenset({"signature", "citations", "caller", "cache_control"})
#: The type of the block that a delta belongs to, if the block did not begin.
_TYPES = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "input_json_delta": "tool_use",
}
#: The field of a delta that is read.
_READ = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
    "citations_delta": "citation",
}
_LONGEST_TYPE = 80
_GAP = "\n\n"
#: What a block takes besides its fields, and one that is nested too deeply, in bytes.
_OF_BLOCK, _OF_DEEP = 512, 1 << 20
#: A field of a delta that describes it.
_LABELS = frozenset({"type", "index", "estimated_tokens"})


@dataclass(slots=True)
class _Block:
    kind: BlockKind
    fields: dict[str, Any]
    has_text: bool = False
    #: The number of its tool call.
    call: int = 0
    #: JSON text of its `input`.
    pieces: list[str] = field(default_factory=list)
    joiner: SurrogateJoiner = field(default_factory=SurrogateJoiner)
    #: The sources of its text that arrived in deltas.
    citations: list[Any] = field(default_factory=list)
    #: Texts of other fields that arrive in deltas, by name.
    grown: dict[str, list[str]] = field(default_factory=dict)

    @property
    def type(self) -> str:
        kind = self.fields.get("type")
        return one_line(join_surrogates(kind))[:_LONGEST_TYPE] if isinstance(kind, str) and kind else "block"


class ContentBlocks:
    """Reads the blocks of one message.

    Attributes:
        amount: grows with every text and every tool call.
        kept_bytes: about the size of what is kept, and is in no delta.
    """

    def __init__(self, others: OtherFields) -> None:
        self.amount = 0
        self.kept_bytes = 0
        self._others = others
        #: The block that the last text belongs to, and the kinds of text that came so far.
        self._last: _Block | None = None
        self._kinds: set[BlockKind] = set()
        #: The open blocks by index, in their order.
        self._open: dict[object, _Block] = {}
        self._calls = 0
        self._citations: list[Any] = []
        #: The blocks that are not shown, by type.
        self._kept: dict[str, list[Any]] = {}

    def begin(self, index: Any, value: Any, at: float, events: list[Event]) -> None:
        """Begin a block; its text may be in it already."""
        self.end(index, at, events)
        fields = dict(value) if isinstance(value, dict) else {"type": "text", "text": value}
        block = self._new(index, fields)
        match block.kind:
            case "answer" | "reasoning":
                name = "text" if block.kind == "answer" else "thinking"
                self._text(block, block.kind, fields.get(name), at, events)
            case "call":
                self._name(block, at, events)

    def add(self, index: Any, delta: Any, at: float, events: list[Event]) -> None:
        """Add a delta to a block."""
        if not isinstance(delta, dict):
            self._others.report("content_block_delta.delta", strings_in(delta), at, events)
            return
        kind = delta.get("type")
        block = self._found(index, kind, at, events)
        match kind:
            case "text_delta":
                block = self._of_kind(block, index, "text", at, events)
                self._text(block, "answer", delta.get("text"), at, events)
            case "thinking_delta":
                block = self._of_kind(block, index, "thinking", at, events)
                self._text(block, "reasoning", delta.get("thinking"), at, events)
            case "input_json_delta":
                self._input(block, delta.get("partial_json"), at, events)
            case "citations_delta":
                block.citations.append(delta.get("citation"))
                self._note_kept(delta)
            case _:
                # A signature, or a delta that is not known.
                self._grow(block, delta, at, events)
                return
        for name in sorted(delta.keys() - _LABELS - {_READ[kind]}):
            self._others.tell(f"{kind}.{name}", delta[name], (), at, events)

    def end(self, index: Any, at: float, events: list[Event]) -> None:
        """End a block; without an index, the last one."""
        key = index if _is_index(index) else next(reversed(self._open), None)
        block = self._open.pop(key, None)
        if block is not None:
            self._end(block, at, events)

    def flush(self, at: float, events: list[Event], *, are_whole: bool) -> None:
        """Give out what was held back; end the open blocks if they are whole."""
        for key in list(self._open):
            block = self._open[key]
            if are_whole:
                self._end(self._open.pop(key), at, events)
            else:
                self._release(block, at, events)

    def _found(self, index: Any, kind: Any, at: float, events: list[Event]) -> _Block:
        """Return the block of a delta, which begins here if its beginning did not come."""
        block = self._open.get(index) if _is_index(index) else None
        if block is None and not _is_index(index) and self._open:
            block = self._open[next(reversed(self._open))]
        if block is None:
            block = self._new(index, {"type": _TYPES.get(kind, kind) if isinstance(kind, str) else "block"})
            if block.kind == "call":
                self._name(block, at, events)
        return block

    def _of_kind(self, block: _Block, index: Any, kind: str, at: float, events: list[Event]) -> _Block:
        """Return a block for a text of this type.

        Gateways that translate put thoughts into a block that began as text, or the other way
        round.
        """
        if block.kind == _KINDS[kind] or block.kind in ("call", "other"):
            return block
        if block.has_text:
            self.end(index, at, events)
            return self._new(index, {"type": kind})
        block.kind, block.fields = _KINDS[kind], {**block.fields, "type": kind}
        # The empty text of the other type.
        for name in ("text", "thinking"):
            block.fields.pop(name, None)
        return block

    def _new(self, index: Any, fields: dict[str, Any]) -> _Block:
        kind = fields.get("type")
        block = _Block(_KINDS.get(kind, "other") if isinstance(kind, str) else "other", fields)
        if block.kind == "other":
            self._last = block
        key = index if _is_index(index) else ("unnumbered", len(self._open))
        self._open[key] = block
        self.kept_bytes += _OF_BLOCK
        self._note_kept({name: value for name, value in fields.items() if name not in _SHOWN[block.kind]})
        if block.kind == "call":
            block.call, self._calls = self._calls, self._calls + 1
        return block

    def _text(self, block: _Block, kind: BlockKind, value: Any, at: float, events: list[Event]) -> None:
        if not isinstance(value, str):
            self._others.report(f"content_block.{block.type}", strings_in(value), at, events)
            return
        if not value:
            return
        self.amount += 1
        block.has_text = True
        self._separate(block, kind, value, at, events)
        if joined := block.joiner.feed(value):
            events.append(Answer(at, joined) if kind == "answer" else Reasoning(at, joined))

    def _separate(self, block: _Block, kind: BlockKind, value: str, at: float, events: list[Event]) -> None:
        """Set the text of a block apart from the same kind of text before it.

        An answer goes on in the next block where only its sources differ.
        """
        last, self._last = self._last, block
        is_apart = last is not block and kind in self._kinds
        self._kinds.add(kind)
        if is_apart and (kind == "reasoning" or (last is not None and last.kind != "answer")) and value.strip():
            events.append(Answer(at, _GAP) if kind == "answer" else Reasoning(at, _GAP))
            events.append(BlockEnded(at, "gap", {}))

    def _name(self, block: _Block, at: float, events: list[Event]) -> None:
        self.amount += 1
        self._last = block
        names = [
            join_surrogates(value) for name in ("id", "name") if isinstance(value := block.fields.get(name, ""), str)
        ]
        shown = names if len(names) == 2 else ["", ""]  # noqa: PLR2004  (both are text)
        if shown is not names:
            self._others.report("tool_use", [str(block.fields.get(name)) for name in ("id", "name")], at, events)
        events.append(ToolCallDelta(at, block.call, shown[0] or None, shown[1] or None))

    def _input(self, block: _Block, value: Any, at: float, events: list[Event]) -> None:
        if not isinstance(value, str):
            value = _written(value) if value else ""
        if not value:
            return
        if block.kind in ("answer", "reasoning"):
            self._others.report(f"content.{block.type}.partial_json", [value], at, events)
            return
        self.amount += 1
        block.pieces.append(value)
        if block.kind != "call":
            self.kept_bytes += len(value)
        elif joined := block.joiner.feed(value):
            events.append(ToolCallDelta(at, block.call, arguments=joined))

    def _grow(self, block: _Block, delta: dict[str, Any], at: float, events: list[Event]) -> None:
        for name in sorted(delta.keys() - _LABELS):
            value = delta[name]
            if not isinstance(value, str):
                self._others.tell(f"{delta.get('type')}.{name}", value, (), at, events)
            elif value:
                block.grown.setdefault(name, []).append(value)
                self.kept_bytes += len(value)
                if name not in ("signature", "data"):
                    self._others.report(f"content.{block.type}.{name}", [value], at, events)

    def _note_kept(self, value: Any) -> None:
        try:
            self.kept_bytes += len(json.dumps(value))
        except RecursionError:
            self.kept_bytes += _OF_DEEP

    def _release(self, block: _Block, at: float, events: list[Event]) -> None:
        """Give out half a surrogate pair that was held back."""
        if not (rest := block.joiner.flush()):
            return
        match block.kind:
            case "reasoning":
                events.append(Reasoning(at, rest))
            case "call":
                events.append(ToolCallDelta(at, block.call, arguments=rest))
            case _:
                events.append(Answer(at, rest))

    def _end(self, block: _Block, at: float, events: list[Event]) -> None:
        self._release(block, at, events)
        given = block.fields.get("input")
        if block.kind == "call" and not block.pieces:
            # Some servers send all arguments at the beginning of the block.
            written = _written(given if given is not None else {})
            events.append(ToolCallDelta(at, block.call, arguments=join_surrogates(written)))
        elif block.pieces and given:
            self._others.tell("tool_use.input", given, ("".join(block.pieces),), at, events)
        fields = {name: value for name, value in block.fields.items() if name not in _SHOWN[block.kind]}
        if block.citations:
            found = fields.get("citations")
            fields["citations"] = [*(found if isinstance(found, list) else []), *block.citations]
        fields |= {name: _before(fields.get(name)) + "".join(texts) for name, texts in block.grown.items()}
        fields = self._stored(block, fields, at, events)
        if cited := fields.get("citations"):
            self._citations += cited if isinstance(cited, list) else [cited]
            events.append(Noted(at, "citations", list(self._citations)))
        if block.kind != "other":
            for name in sorted(fields.keys() - _KNOWN):
                self._others.tell(f"content.{block.type}.{name}", fields[name], (), at, events)
        else:
            if block.pieces:
                fields["input"] = _parsed(join_surrogates("".join(block.pieces)))
            self._kept.setdefault(block.type, []).append(fields)
            events.append(Noted(at, block.type, list(self._kept[block.type])))
        events.append(BlockEnded(at, block.kind, fields, block.call))

    def _stored(self, block: _Block, fields: dict[str, Any], at: float, events: list[Event]) -> dict[str, Any]:
        """Return the fields that can be kept and sent; of the others, the texts are reported."""
        found: dict[str, Any] = {}
        for name, value in fields.items():
            kept, fits = storable(value, None)
            if fits:
                found[join_surrogates(name)] = kept
            else:
                self._others.report(f"content.{block.type}.{name}", strings_in(value), at, events)
        return found


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _before(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _written(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "".join(strings_in(value))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
