"""The scenario `flood`: more deltas, comments or bytes than any client should accept."""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING, Any

from nbstream.simulator import chunks
from nbstream.simulator.completion import Delta

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nbstream.simulator.completion import Completion
    from nbstream.simulator.message_events import MessageEvents
    from nbstream.simulator.scenarios import Plan


def stream(
    completion: Completion, plan: Plan, options: Mapping[str, Any], form: chunks.ChunkEvents | MessageEvents
) -> Iterator[chunks.Event]:
    """Yield the events of the flood, without an end if the option `times` is None."""
    kind, text = options["kind"], "x" * options["size"]
    for number in islice(count(), options["times"]):
        yield chunks.Event(_data(kind, text, number, completion, plan, form), "delta")


def _data(  # noqa: PLR0917  (as in `stream`)
    kind: Any, text: str, number: int, completion: Completion, plan: Plan, form: chunks.ChunkEvents | MessageEvents
) -> bytes:
    match kind:
        case "comment":
            return chunks.comment(text, plan)
        case "line":
            return ("" if number else "data: ").encode() + text.encode()
        case "calls":
            index, is_rest = divmod(number, 2)
            head = {} if is_rest else {"id": f"call_{index:02}_{completion.id[:8]}", "name": "flood"}
            delta = Delta("call", text if is_rest else "", index, **head)
        case "call":
            head = {"id": f"call_00_{completion.id[:8]}", "name": "flood"} if number == 0 else {}
            delta = Delta("call", text, 0, **head)
        case _:
            delta = Delta(kind, text)
    return form.delta_event(delta)
