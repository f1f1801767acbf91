"""The reply as a value, and how events change it."""

from __future__ import annotations

import copy
import pickle
from typing import Literal

import pytest

from nbstream.billing.prices import cost_of
from nbstream.model.events import (
    Answer,
    Ended,
    Event,
    Finished,
    Identified,
    Noted,
    Priced,
    Reasoning,
    Retrying,
    Started,
    ToolCallDelta,
    UsageReported,
    Waiting,
    Warned,
)
from nbstream.model.failure import Failure
from nbstream.model.reduction import reduce
from nbstream.model.reply import SIMULATED_FINGERPRINT, Reply, ReplyError
from nbstream.model.request import Request
from nbstream.model.unreported import received_tokens
from nbstream.model.usage import Usage
from nbstream.model.warning import ReplyWarning
from tests.wire.test_invariants import reply_of

BROKEN = Failure("disconnected", "connection", "DeepSeek", "reset")
STARTED = Started(0, Request("deepseek-flash", "https://api.deepseek.com"), 1_795_222_800.0)  # 2026-11-21, a Saturday
SOME: list[Event] = [STARTED, Reasoning(1, "We"), Answer(2, "Yes"), ToolCallDelta(3, 0, "t", "f", "{")]


@pytest.mark.parametrize(
    ("reason", "outcome", "status"),
    [
        ("stop", "served", "complete"),
        ("tool_calls", "served", "complete"),
        ("whatever_comes_next", "served", "complete"),
        ("length", "served", "truncated"),
        ("content_filter", "served", "truncated"),
        ("insufficient_system_resource", "served", "truncated"),
        ("aborted", "served", "truncated"),
        ("stop", "cancelled", "complete"),
        ("length", "cancelled", "truncated"),
        (None, "cancelled", "cancelled"),
        (None, "failed", "failed"),
        ("stop", "failed", "failed"),
    ],
)
def test_status_follows_from_finish_reason_and_outcome_and_text_is_kept(
    reason: str | None, outcome: Literal["served", "cancelled", "failed"], status: str
) -> None:
    finished: list[Event] = [Finished(4, reason)] if reason else []
    reply = reply_of([*SOME, *finished, Ended(5, outcome, BROKEN if outcome == "failed" else None)])
    assert (reply.status, reply.finish_reason) == (status, reason)
    assert (reply.reasoning, reply.answer) == ("We", "Yes")
    assert [(call.id, call.name, call.arguments) for call in reply.tool_calls] == [("t", "f", "{")]
    assert (reply.error is not None) == (outcome == "failed")
    assert reply.timing.ended == 5


@pytest.mark.parametrize(
    "late",
    [*SOME, Waiting(9, "x"), Retrying(9, 1, 2, 1, BROKEN), Identified(9, "x"), UsageReported(9, Usage(1)),
     Finished(9, "stop"), Ended(9, "failed", BROKEN)],
)  # fmt: skip
def test_no_event_changes_an_ended_reply(late: Event) -> None:
    ended = reply_of([*SOME, Ended(5, "cancelled")])
    assert reduce(ended, late) is ended


def test_replies_that_share_a_beginning_are_independent() -> None:
    base = reply_of(SOME)
    one, two = (reduce(reduce(base, Answer(4, text)), ToolCallDelta(4, 0, arguments=text)) for text in ("1", "2"))
    again = reduce(one, Answer(5, "+"))
    assert [reply.answer for reply in (base, one, two, again)] == ["Yes", "Yes1", "Yes2", "Yes1+"]
    assert [reply.tool_calls[0].arguments for reply in (base, one, two)] == ["{", "{1", "{2"]
    assert base == reply_of(SOME)
    assert base != one
    assert hash(base) == hash(reply_of(SOME))


def test_a_reply_can_be_copied_and_pickled() -> None:
    reply = reply_of([*SOME, Ended(5, "failed", BROKEN)])
    assert copy.deepcopy(reply) == reply
    assert pickle.loads(pickle.dumps(reply)) == reply


def test_wait_holds_the_latest_event_until_the_first_delta() -> None:
    reply = reduce(Reply(), STARTED)
    for event in (Waiting(1, "keep-alive"), Retrying(2, 1, 3, 0.5, BROKEN)):
        reply = reduce(reply, event)
        assert (reply.status, reply.wait) == ("waiting", event)
    for delta in SOME[1:]:
        assert reduce(reply, delta).wait is None
    assert reduce(reply, Ended(3, "cancelled")).wait is None


def test_timing_uses_the_times_of_the_events() -> None:
    events: list[Event] = [
        STARTED,
        Waiting(0.5, ""),
        Reasoning(1, "a"),
        Reasoning(2, "b"),
        Answer(4, "c"),
        Answer(8, "d"),
    ]
    timing = reply_of([*events, Ended(16, "cancelled")]).timing
    assert (timing.first_delta, timing.reasoning_started, timing.reasoning_ended) == (1, 1, 4)
    assert (timing.answer_started, timing.ended, timing.started) == (4, 16, STARTED.instant)
    assert reply_of(events[:4]).timing.reasoning_seconds is None
    assert reply_of([*events[:4], Ended(3, "cancelled")]).timing.reasoning_seconds == 2
    only_answer = reply_of([STARTED, Answer(2, "a"), Ended(3, "cancelled")]).timing
    assert (only_answer.first_delta, only_answer.reasoning_seconds) == (2, None)


def test_later_names_replace_earlier_ones_and_none_does_not() -> None:
    reply = reply_of([STARTED, Identified(1, "c", None, "fp")])
    assert (reply.id, reply.model, reply.system_fingerprint) == ("c", "deepseek-flash", "fp")
    reply = reduce(reply, Identified(2, None, "deepseek-v4-pro"))
    assert (reply.id, reply.model, reply.request.model) == ("c", "deepseek-v4-pro", "deepseek-flash")


@pytest.mark.parametrize("fragment", [ToolCallDelta(4, 0), ToolCallDelta(4, 0, "u", "g")])
def test_a_later_fragment_does_not_rename_a_call(fragment: ToolCallDelta) -> None:
    assert reduce(reply_of(SOME), fragment).tool_calls == reply_of(SOME).tool_calls


def test_the_exception_of_raise_for_status_has_a_reason_and_the_reply() -> None:
    said = {
        "The reply failed, and this exception's `reply` has what arrived: "
        "disconnected, connection, by DeepSeek: reset": Ended(5, "failed", BROKEN),
        "The reply is cancelled.": Ended(5, "cancelled"),
    }
    for words, end in said.items():
        with pytest.raises(ReplyError) as caught:
            reply_of([*SOME, end]).raise_for_status()
        assert str(caught.value) == words
        assert caught.value.reply.answer == "Yes"
    with pytest.raises(ReplyError, match="truncated: finish_reason is 'length'"):
        reply_of([*SOME, Finished(4, "length"), Ended(5, "served")]).raise_for_status()


def test_the_repr_of_a_long_reply_is_short() -> None:
    assert repr(reply_of(SOME)) == "<Reply answering from deepseek-flash: 'Yes'>"
    assert repr(Reply()) == "<Reply pending from no model yet: ''>"
    long = repr(reduce(reply_of(SOME), Answer(4, "x\n" * 100_000)))
    assert len(long) < 200
    assert "\n" not in long


def test_cost_of_a_reply() -> None:
    usage = UsageReported(4, Usage(2200, 300, 2500, 2000, 200))
    served = reply_of([*SOME, usage, Finished(4, "stop")])
    assert str(cost_of(served)) == "$0.00022"
    assert cost_of(reply_of(SOME)) is None
    assert cost_of(reply_of([usage])) is None
    elsewhere = reply_of([Started(0, Request("deepseek-flash", "http://127.0.0.1:8000"), STARTED.instant), usage])
    elsewhere = reduce(elsewhere, Finished(4, "stop"))
    assert cost_of(elsewhere) is None
    simulated = reduce(elsewhere, Identified(5, system_fingerprint=SIMULATED_FINGERPRINT))
    assert simulated.simulated
    cost = cost_of(simulated)
    assert cost is not None
    assert cost == cost_of(served) == reduce(simulated, Priced(5, cost)).cost


def test_the_token_estimate_includes_everything_received() -> None:
    reply = reply_of([Reasoning(1, "One two "), Answer(2, "three four "), ToolCallDelta(3, 0, arguments='{"x": 1}')])
    assert received_tokens(reply) == 10


def test_pauses_do_not_count_as_reasoning() -> None:
    events: list[Event] = [STARTED, Reasoning(1, "a"), Answer(2, "b"), Reasoning(5, "c")]
    resumed = reply_of(events)
    assert resumed.timing.reasoning_seconds is None
    assert resumed.timing.reasoning_until(6) == 2
    assert reply_of([*events, Answer(8, "d")]).timing.reasoning_seconds == 4
    assert reply_of([*events, Ended(7, "cancelled")]).timing.reasoning_seconds == 3


def test_a_new_attempt_begins_without_the_warnings_of_the_last_one() -> None:
    reply = Reply()
    for event in (
        STARTED,
        Warned(0, ReplyWarning("replaced", where="messages[0].content")),
        Warned(1, ReplyWarning("unreadable", "{")),
        Noted(1, "timings", {"ms": 5}),
        Retrying(2, 1, 3, 0.5, BROKEN),
    ):
        reply = reduce(reply, event)
    assert [each.kind for each in reply.warnings] == ["replaced"]
    assert reply.extras == {}
