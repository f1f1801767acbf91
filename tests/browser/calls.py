"""Replies with tool calls in every state, as events."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import TYPE_CHECKING

from nbstream.model.events import (
    Answer,
    CallChanged,
    Ended,
    Event,
    Finished,
    Reasoning,
    Responded,
    Stepped,
    ToolCallDelta,
    UsageReported,
)
from nbstream.model.request import Request
from nbstream.model.tool_result import Printed, Shown, ToolOutcome
from nbstream.model.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence


def _picture() -> str:
    """Return a small PNG in base64: a blue square."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x19\x76\xd2" * 120 for _ in range(40))
    head = struct.pack(">IIBBBBB", 120, 40, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return base64.b64encode(png).decode()


def called(at: float, *calls: tuple[str, str]) -> list[Event]:
    """Return the events of a response with these calls, by name and arguments."""
    deltas = [ToolCallDelta(at, index, f"call_{index}", *call) for index, call in enumerate(calls)]
    return [*deltas, UsageReported(at, Usage(210, 40, 250)), Finished(at, "tool_calls"), Responded(at)]


_THOUGHT = (
    Reasoning(0.9, "I need the orders of last week, and the rate. **Two calls** will do."),
    Answer(3.1, "I look."),
)
_QUERY = "SELECT day, sum(total) AS total\nFROM orders\nWHERE day >= '2026-11-16'\nGROUP BY day ORDER BY day"
_ORDERS = ("read_orders", json.dumps({"query": _QUERY, "limit": 100, "explain": False}))
_RATE = ("exchange_rate", '{"from": "USD", "to": "EUR"}')
_TABLE = Shown(
    "table",
    what="pandas DataFrame, 7 rows, 2 columns",
    note="3 of 7 rows",
    is_cut=True,
    columns=("", "day", "total"),
    rows=(("0", "2026-11-16", "1,204.50"), ("1", "2026-11-17", "980.00"), ("2", "2026-11-18", "1,310.25")),
    numeric=(True, False, True),
)
_IMAGE = Shown("image", "displayed", what="matplotlib Figure", data=_picture(), media_type="image/png")
_DONE = ToolOutcome(
    "done",
    "day,total\n2026-11-16,1204.50\n2026-11-17,980.00\n2026-11-18,1310.25\n",
    printed=Printed("connected\n7 rows\n"),
    shown=(_IMAGE, _TABLE),
    seconds=1.2,
)
_RAN: list[Event] = [
    CallChanged(4.0, 0, "asking"),
    CallChanged(7.0, 0, "running", decided_by="user"),
    CallChanged(8.2, 0, outcome=_DONE),
    CallChanged(8.3, 1, "running", decided_by="never"),
    CallChanged(8.4, 1, outcome=ToolOutcome("done", "0.92", seconds=0.1)),
]
_SECOND = Stepped(8.5, Request("deepseek-v4-pro"), 1008.5)

#: What a model and a tool may write to deceive the reader.
HOSTILE_NAME = "<img src=x onerror=alert(1)>\u202etxt.exe\n\u0440\u0430y" + "_very_long" * 20
HOSTILE = {
    "path": "safe.txt\u202egpj.exe",
    "<b>name</b>": "</textarea><script>alert(1)</script>",
    "blank": "  ",
    "zero": "a\u200bb",
    "lines": "first\n" * 40 + "last",
    "number": "12",
    "long": "x" * 5_000 + "END",
}

LIVE: dict[str, Sequence[Event]] = {
    "call-arriving": [*_THOUGHT, ToolCallDelta(3.5, 0, "call_0", "read_orders", _ORDERS[1][:60])],
    "call-asking": [*_THOUGHT, *called(3.5, _ORDERS), CallChanged(4.0, 0, "asking")],
    "two-calls-asking": [
        *_THOUGHT,
        *called(3.5, _ORDERS, _RATE),
        CallChanged(4.0, 0, "asking"),
        CallChanged(4.0, 1, "asking", reason="The function `consent=` of `exchange_rate` raised KeyError: 'to'"),
    ],
    "call-running": [
        *_THOUGHT,
        *called(3.5, _ORDERS, _RATE),
        CallChanged(4.0, 0, "asking"),
        CallChanged(7.0, 0, "running", edited='{"query": "SELECT 1", "limit": 100}', decided_by="user"),
        CallChanged(7.5, 0, printed=Printed("connected\n")),
    ],
    "call-hostile": [*called(3.5, (HOSTILE_NAME, json.dumps(HOSTILE))), CallChanged(4.0, 0, "asking")],
    "second-step": [
        *_THOUGHT, *called(3.5, _ORDERS, _RATE), *_RAN, _SECOND,
        Reasoning(9.0, "Now the sum. "), Answer(11.0, "The orders of the week came to"),
    ],
}  # fmt: skip
SETTLED: dict[str, Sequence[Event]] = {
    "steps": [
        *LIVE["second-step"], Answer(12.0, " **3,215.54 EUR**."), Finished(12.0, "stop"),
        UsageReported(12.0, Usage(900, 60, 960)), Ended(12.0, "served"),
    ],
    "stopped-while-it-asked": [*LIVE["two-calls-asking"], Ended(6.0, "cancelled")],
}  # fmt: skip
