"""A reply of several requests: its steps, its sums, and what becomes of its tool calls."""

from __future__ import annotations

import json
from decimal import Decimal

from nbstream.model.coalesce import coalesce
from nbstream.model.events import (
    Answer,
    CallChanged,
    Ended,
    Estimated,
    Event,
    Finished,
    Identified,
    Priced,
    Reasoning,
    Responded,
    Retrying,
    Started,
    Stepped,
    ToolCallDelta,
    UsageReported,
    Warned,
)
from nbstream.model.failure import Failure
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.retelling import events_of
from nbstream.model.saved_values import decode, encode
from nbstream.model.serialization import decode_event, encode_event
from nbstream.model.tool_result import Printed, Shown, ToolOutcome
from nbstream.model.unreported import unreported_output, unreported_prompt
from nbstream.model.usage import Cost, Usage
from nbstream.model.warning import ReplyWarning

TABLE = Shown("table", note="1 of 1 rows", columns=("city",), rows=(("Paris",),), numeric=(False,))
FIRST: list[Event] = [
    Started(0.0, Request("m", "http://x", ({"role": "user", "content": "Weather?"},)), 1000.0),
    Identified(0.1, id="a", model="m-1"),
    Reasoning(0.2, "Look it up. "),
    Answer(0.3, "I look."),
    ToolCallDelta(0.4, 0, "call_0", "weather", '{"city": '),
    ToolCallDelta(0.5, 0, arguments='"Paris"}'),
    ToolCallDelta(0.6, 1, "call_1", "clock", "{}"),
    UsageReported(0.7, Usage(10, 5, 15)),
    Finished(0.7, "tool_calls"),
    Priced(0.8, Cost(Decimal("0.10"), "USD", "", None)),
    Responded(0.8),
]
CALLS: list[Event] = [
    CallChanged(0.9, 0, "asking"),
    CallChanged(5.0, 0, "running", edited='{"city": "Bonn"}', reason="allowed once"),
    CallChanged(5.1, 0, printed=Printed("a")),
    CallChanged(5.2, 0, printed=Printed("ab")),
    CallChanged(6.0, 0, outcome=ToolOutcome("done", "sunny", printed=Printed("abc"), shown=(TABLE,), seconds=1.0)),
    CallChanged(6.0, 1, reason="no", outcome=ToolOutcome("denied", "denied: no")),
]
SECOND: list[Event] = [
    Stepped(6.1, Request("m", "http://x", ({"role": "user", "content": "2"},)), 1006.1),
    Identified(6.2, id="b"),
    Answer(6.3, "It is sunny."),
    UsageReported(6.4, Usage(20, 7, 27)),
    Finished(6.4, "stop"),
    Priced(6.5, Cost(Decimal("0.25"), "USD", "", None)),
    Ended(6.5, "served"),
]


def reply_of(*parts: list[Event]) -> Reply:
    reply = Reply()
    for part in parts:
        for event in coalesce(part):
            reply = reduce(reply, event)
    return reply


def test_a_reply_waits_for_its_tools_after_a_response() -> None:
    reply = reply_of(FIRST)
    assert (reply.status, reply.ended, reply.timing.ended) == ("calling", False, 0.8)
    assert [call.state for call in reply.tool_calls] == ["open", "open"]
    assert [call.state for call in reply_of(FIRST[:6]).tool_calls] == ["arriving"]


def test_what_became_of_a_call_is_in_it() -> None:
    running = reply_of(FIRST, CALLS[:4]).tool_calls[0]
    assert (running.state, running.began, running.printed, running.result) == ("running", 5.0, Printed("ab"), None)
    weather, clock = reply_of(FIRST, CALLS).tool_calls
    assert (weather.state, weather.used, weather.result) == ("done", '{"city": "Bonn"}', "sunny")
    assert (weather.printed, weather.reason) == (Printed("abc"), "allowed once")
    assert (weather.asked, weather.decided, weather.began) == (0.9, 5.0, 5.0)
    assert (clock.state, clock.result, clock.used, clock.began) == ("denied", "denied: no", "{}", None)


def test_the_last_step_is_the_reply_and_the_sums_are_of_all() -> None:
    reply = reply_of(FIRST, CALLS, SECOND)
    assert (reply.status, reply.answer, reply.reasoning, reply.tool_calls) == ("complete", "It is sunny.", "", ())
    assert reply.usage == Usage(30, 12, 42)
    assert reply.cost == Cost(Decimal("0.35"), "USD", "", None)
    first, last = reply.steps
    assert (first.answer, first.reasoning, first.status, first.usage) == (
        "I look.", "Look it up. ", "complete", Usage(10, 5, 15),
    )  # fmt: skip
    assert [call.name for call in first.tool_calls] == ["weather", "clock"]
    assert (last.answer, last.usage, last.cost) == (
        "It is sunny.",
        Usage(20, 7, 27),
        Cost(Decimal("0.25"), "USD", "", None),
    )
    assert (first.id, last.id) == ("a", "b")
    assert (first.cause, last.cause) == (None, "tools")
    assert last.timing.begun == 6.1
    assert reply.own.usage == Usage(20, 7, 27)


def test_names_of_two_requests_are_not_joined_in_a_frame() -> None:
    assert reply_of([*FIRST, *CALLS, *SECOND]) == reply_of(FIRST, CALLS, SECOND)


def test_a_reply_that_is_stopped_while_it_asks_is_cancelled_and_its_calls_are_pending() -> None:
    reply = reply_of(FIRST, CALLS[:1], [Ended(4.0, "cancelled")])
    assert (reply.status, reply.timing.ended) == ("cancelled", 0.8)
    assert [call.name for call in reply.pending] == ["weather", "clock"]
    assert reply_of(FIRST, CALLS[:1]).pending == ()


def test_a_stopped_second_request_costs_at_least_what_the_first_one_did() -> None:
    reply = reply_of(FIRST, CALLS, [*SECOND[:3], Ended(6.5, "cancelled")])
    assert reply.cost == Cost(Decimal("0.10"), "USD", "", None, at_least=True)
    assert reply.usage == Usage(10, 5, 15)
    assert unreported_output(reply) > 0
    nothing = reply_of(FIRST, CALLS, [SECOND[0], Ended(6.5, "cancelled")])
    assert nothing.cost == Cost(Decimal("0.10"), "USD", "", None)


def test_attempts_that_broke_stay_estimates_when_a_reply_is_told_again() -> None:
    about = Cost(Decimal("0.02"), "USD", "", None)
    attempt: list[Event] = [Estimated(0.1, Usage(90, 0), about), Retrying(0.1, 1, 3, 0.0, Failure("disconnected"))]
    unknown: list[Event] = [Estimated(0.1, Usage(10, 0)), Retrying(0.1, 2, 3, 0.0, Failure("disconnected"))]
    reply = reply_of([FIRST[0], *attempt, *unknown, *FIRST[1:]], CALLS, SECOND)
    assert str(reply.spend) == "at least $0.35 + about $0.02"
    assert (reply.spend.unknown, unreported_prompt(reply), reply.usage) == (1, 100, Usage(30, 12, 42))
    told = reply_of(events_of(reply.steps), [Ended(7.0, "served")])
    assert (told.spend, unreported_prompt(told)) == (reply.spend, 100)
    assert decode(json.loads(json.dumps(encode(reply)))) == reply


def test_warnings_of_all_steps_are_the_reply_s() -> None:
    noted = Warned(0.2, ReplyWarning("not_kept", "x", "audio"))
    reply = reply_of([*FIRST[:2], noted, *FIRST[2:]], CALLS, [*SECOND[:2], noted, *SECOND[2:]])
    assert reply.warnings == (ReplyWarning("not_kept", "x\nx", "audio", 2),)
    assert reply.steps[0].warnings == (ReplyWarning("not_kept", "x", "audio"),)


def test_a_journal_and_a_file_keep_all_steps() -> None:
    events = [*FIRST, *CALLS, *SECOND]
    lines = [encode_event(event) for event in events]
    assert not any("Weather?" in line for line in lines)
    kept = reply_of([decode_event(line) for line in lines])
    whole = reply_of(events)
    assert kept.steps[0].tool_calls == whole.steps[0].tool_calls
    assert (kept.answer, kept.usage, kept.cost) == (whole.answer, whole.usage, whole.cost)
    assert decode(json.loads(json.dumps(encode(whole)))) == whole
