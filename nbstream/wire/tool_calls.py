"""Fragments of tool calls to calls, however a server numbers them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbstream.model.events import Event, ToolCallDelta
from nbstream.wire.echo import beyond
from nbstream.wire.surrogates import SurrogateJoiner, join_surrogates
from nbstream.wire.usage_counts import count

if TYPE_CHECKING:
    from nbstream.wire.other_fields import OtherFields

_FIELDS = frozenset({"index", "id", "type", "function", "custom"})
_FUNCTION_FIELDS = frozenset({"name", "arguments", "input"})


@dataclass(slots=True)
class _Call:
    number: int
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    joiner: SurrogateJoiner = field(default_factory=SurrogateJoiner)

    @property
    def is_whole(self) -> bool:
        """Whether the arguments are complete JSON."""
        try:
            json.loads("".join(self.arguments))
        except (ValueError, RecursionError):
            return False
        return True


class ToolCalls:
    """Numbers the calls of one reply in the order in which they begin.

    Ollama sends parallel calls all under index 0, told apart by their ids; others send no index,
    no id, or indices that begin at 7.
    """

    def __init__(self, others: OtherFields) -> None:
        self._others = others
        self._calls: list[_Call] = []
        #: The call that a given index or id last belonged to.
        self._by_index: dict[int, _Call] = {}
        self._by_id: dict[str, _Call] = {}

    def feed(self, value: Any, at: float, events: list[Event]) -> None:
        """Take the `tool_calls` of a delta."""
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                self._fragment(each, at, events)
            elif each is not None:
                self._others.tell("tool_calls", each, (), at, events)

    def legacy(self, value: Any, at: float, events: list[Event]) -> None:
        """Take the `function_call` of a delta, of which there is only one in a reply."""
        if isinstance(value, dict):
            self._fragment({"function": value}, at, events)
        else:
            self._others.tell("function_call", value, (), at, events)

    def repeat(self, value: Any, at: float, events: list[Event]) -> None:
        """Take the calls of a whole message after those of its deltas; only new ones count."""
        for place, each in enumerate(value if isinstance(value, list) else [value]):
            call = self._known(each, place) if isinstance(each, dict) else None
            if call is None:
                self.feed([each], at, events)
                continue
            call_id, name, arguments = _read(each)
            self._others.tell("message.tool_calls", each, (call_id, name, arguments), at, events)
            rest = beyond(call.arguments, arguments)
            if rest is None:
                self._others.tell("message.tool_calls", arguments, (), at, events)
            elif rest:
                events.append(self._add(call, None, None, rest, at))

    def flush(self, at: float, events: list[Event]) -> None:
        """Give out the pieces that were held back."""
        held = [(call.number, call.joiner.flush()) for call in self._calls]
        events += [ToolCallDelta(at, number, arguments=rest) for number, rest in held if rest]

    def _known(self, raw: dict[str, Any], place: int) -> _Call | None:
        call_id, name, _ = _read(raw)
        if call_id and call_id in self._by_id:
            return self._by_id[call_id]
        if place < len(self._calls):
            call = self._calls[place]
            if (not call_id or not call.id or call_id == call.id) and name in ("", call.name):
                return call
        return None

    def _fragment(self, raw: dict[str, Any], at: float, events: list[Event]) -> None:
        call_id, name, arguments = _read(raw)
        call = self._call_of(_index(raw.get("index")), call_id, name)
        if name and call.name and name != call.name and call.arguments:
            self._others.tell("tool_calls.function.name", name, (), at, events)
        events.append(self._add(call, call_id, name, arguments, at))
        function = raw.get("function") or raw.get("custom")
        inner = function if isinstance(function, dict) else {}
        if not isinstance(named := inner.get("name"), str):
            self._others.tell("tool_calls.function.name", named, (), at, events)
        if function and not isinstance(function, dict):
            self._others.tell("tool_calls.function", function, (name, call_id), at, events)
        for fields, known in ((raw, _FIELDS), (inner, _FUNCTION_FIELDS)):
            for other in () if fields.keys() <= known else sorted(fields.keys() - known):
                # Gemini's signature of its thoughts comes here: opaque, but to be sent back.
                self._others.keep(f"tool_calls[{call.number}].{other}", fields[other], at, events)

    def _add(self, call: _Call, call_id: str | None, name: str | None, arguments: str, at: float) -> ToolCallDelta:
        if name and not call.arguments and name != call.name:
            # A name may come in pieces, or each time longer.
            call.name = name if name.startswith(call.name) else call.name + name
        elif name:
            call.name = call.name or name
        if arguments:
            call.arguments.append(arguments)
        if call_id:
            call.id = call.id or call_id
            self._by_id.setdefault(call_id, call)
        shown_id, shown_name = (join_surrogates(each) if each else None for each in (call_id, name and call.name))
        return ToolCallDelta(at, call.number, shown_id, shown_name, call.joiner.feed(arguments))

    def _call_of(self, index: int | None, call_id: str, name: str) -> _Call:
        call = self._current(index, call_id, name)
        if call is not None and self._begins_another(call, call_id, name, is_indexed=index is not None):
            call = None
        is_new = call is None
        if call is None:
            call = _Call(len(self._calls))
            self._calls.append(call)
        # Of a call, only the fragment that begins it may have the call's index.
        if index is not None and (is_new or call_id or name):
            self._by_index[index] = call
        return call

    def _current(self, index: int | None, call_id: str, name: str) -> _Call | None:
        if index is not None:
            found = self._by_index.get(index)
            # Nebius and Cerebras number fragments: a call begins with an id or a name.
            return self._last if found is None and not (call_id or name) else found
        if call_id in self._by_id:
            return self._by_id[call_id]
        return self._last

    @property
    def _last(self) -> _Call | None:
        return self._calls[-1] if self._calls else None

    @staticmethod
    def _begins_another(call: _Call, call_id: str, name: str, *, is_indexed: bool) -> bool:
        if call_id and call.id:
            # vLLM may send a new id with every fragment, but the name only with the first.
            return call_id != call.id and (bool(name) or not is_indexed or call.is_whole)
        if call_id and not is_indexed:
            # Without an index, a new id begins a call, unless the last one waits for its id.
            return bool(call.name or call.arguments)
        if call.id and is_indexed and not call.arguments:
            # The rest of the name.
            return False
        # A call without an id: its name comes once, so that another name, or the same one after
        # whole arguments, begins another call.
        return bool(name and call.name) and (name != call.name or call.is_whole) and not call_id


def _read(raw: dict[str, Any]) -> tuple[str, str, str]:
    """Return id, name and arguments of a fragment, each as text."""
    function = raw.get("function") or raw.get("custom")
    function = function if isinstance(function, dict) else {}
    arguments = function.get("arguments", function.get("input"))
    if arguments is None:
        arguments = ""
    elif not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return _text(raw.get("id")), _text(function.get("name")), arguments


def _text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _index(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:  # noqa: PLR2004
        return int(value)
    return count(value)
