"""A reply of three requests with tool calls, and parts of it, as events."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from nbstream.model.events import (
    Answer,
    CallChanged,
    Ended,
    Finished,
    Identified,
    Priced,
    Reasoning,
    Responded,
    Started,
    Stepped,
    ToolCallDelta,
    UsageReported,
)
from nbstream.model.reduction import reduced
from nbstream.model.request import Request
from nbstream.model.tool_result import Printed, Shown, ToolOutcome
from nbstream.model.usage import Cost, Usage

if TYPE_CHECKING:
    from nbstream.model.events import Event
    from nbstream.model.reply import Reply

NOON = 1_795_262_400.0
#: A transparent image of one pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
TABLE = Shown(
    "table",
    what="pandas DataFrame, 3 rows, 2 columns",
    note="2 of 3 rows",
    is_cut=True,
    columns=("", "city", "degrees"),
    rows=(("0", "Bonn", "17.5"), ("1", "Paris | Lyon", "21")),
    numeric=(True, False, True),
)
IMAGE = Shown("image", "displayed", what="matplotlib Figure", data=PIXEL, media_type="image/png")


def request(**parameters: object) -> Request:
    """Return a request of the model `m`."""
    return Request("m", "http://x", ({"role": "user", "content": "Weather?"},), parameters)


def cost(amount: str) -> Cost:
    """Return a cost in US dollars."""
    return Cost(Decimal(amount), "USD", "", None)


def asked(at: float, *calls: tuple[str, object], reasoning: str = "", answer: str = "") -> list[Event]:
    """Return a response with tool calls that begins at the time `at` and takes two seconds."""
    texts = [(name, given if isinstance(given, str) else json.dumps(given)) for name, given in calls]
    deltas = [ToolCallDelta(at + 1.5, index, f"call_{index}", *call) for index, call in enumerate(texts)]
    return [
        Identified(at + 0.4, model="m-1"),
        *([Reasoning(at + 0.5, reasoning)] if reasoning else []),
        *([Answer(at + 1.0, answer)] if answer else []),
        *deltas,
        UsageReported(at + 2.0, Usage(100, 21, 121, 64, 36, 10)),
        Finished(at + 2.0, "tool_calls"),
        Priced(at + 2.0, cost("0.10")),
        Responded(at + 2.0),
    ]


STARTED = Started(0.0, request(), NOON)
#: Two seconds of the server; five of the user, while the tool `clock` waits; one of the tool.
FIRST: list[Event] = [
    STARTED,
    *asked(0.0, ("weather", {"city": "Bonn"}), ("clock", {}), reasoning="Look it up.", answer="I look."),
]
DENIED = ToolOutcome("denied", "not run: denied by the user: not now")
DONE = ToolOutcome("done", "sunny", printed=Printed("asking the station\n"), shown=(IMAGE, TABLE), seconds=1.0)
_ERROR = "ValueError: no such town"
FAILED = ToolOutcome("failed", _ERROR, error=_ERROR, traceback="cell 3, line 2\n", seconds=0.5)
CALLS: list[Event] = [
    CallChanged(2.0, 0, "asking"),
    CallChanged(2.0, 1, "asking"),
    CallChanged(6.0, 1, reason="not now", decided_by="user", outcome=DENIED),
    CallChanged(7.0, 0, "open", edited='{"city": "Bonn am Rhein"}', decided_by="user"),
    CallChanged(7.0, 0, "running"),
    CallChanged(7.5, 0, printed=Printed("asking the station\n")),
    CallChanged(8.0, 0, outcome=DONE),
]
#: Two more seconds of the server; a call that fails.
SECOND: list[Event] = [
    Stepped(8.0, request(), NOON + 8),
    *asked(8.0, ("weather", {"city": "Rom"}), reasoning="Once more."),
    CallChanged(10.0, 0, "running", decided_by="user_all"),
    CallChanged(10.5, 0, outcome=FAILED),
]
#: Two seconds, with an answer.
THIRD: list[Event] = [
    Stepped(10.5, request(), NOON + 10.5),
    Identified(10.9, model="m-1"),
    Answer(11.0, "It is **sunny**"),
    Answer(12.5, " in Bonn."),
    UsageReported(12.5, Usage(300, 61, 361, 200, 100, 0)),
    Finished(12.5, "stop"),
    Priced(12.5, cost("0.20")),
    Ended(12.5, "served"),
]
ALL: list[Event] = [*FIRST, *CALLS, *SECOND, *THIRD]


def reply_of(*parts: list[Event]) -> Reply:
    """Return the reply after these events."""
    return reduced([event for part in parts for event in part])


WHOLE = reply_of(ALL)
