"""More than anybody asked for: deltas of any size without an end, and other things that a client must not swallow.

This module must not know about sockets or time.
"""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING, Any

from nbstream.simulator import chunks
from nbstream.simulator.completion import Delta

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nbstream.simulator.completion import Completion
    from nbstream.simulator.scenarios import Plan


def stream(completion: Completion, plan: Plan, options: Mapping[str, Any]) -> Iterator[chunks.Event]:
    """Yield the events of the flood; those that follow, if it has an end, are for the caller."""
    kind, text = options["kind"], "x" * options["size"]
    for number in islice(count(), options["times"]):
        yield chunks.Event(_data(kind, text, number, completion, plan), "delta")


def _data(kind: str, text: str, number: int, completion: Completion, plan: Plan) -> bytes:
    match kind:
        case "comment":
            return chunks.comment(text, plan)
        case "line":
            return ("" if number else "data: ").encode() + text.encode()
        case "calls":
            delta = Delta("call", text, number)
        case "call":
            head = {"id": f"call_00_{completion.id[:8]}", "name": "flood"} if number == 0 else {}
            delta = Delta("call", text, 0, **head)
        case _:
            delta = Delta("reasoning" if kind == "reasoning" else "answer", text)
    return chunks.delta_event(completion, delta, plan)
