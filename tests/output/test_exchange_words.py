"""The label, the footer and the notes of a reply of several requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from nbstream.model import rates
from nbstream.model.events import CallChanged, Ended, Stepped, Warned
from nbstream.model.tool_result import ToolOutcome
from nbstream.model.warning import ReplyWarning, WarningKind
from nbstream.output import sentences, wording
from tests.output.exchanges import ALL, CALLS, FIRST, NOON, SECOND, THIRD, WHOLE, asked, reply_of, request

if TYPE_CHECKING:
    from nbstream.model.events import Event


def test_the_footer_sums_all_requests_and_tells_whose_time_it_was() -> None:
    assert wording.footer(WHOLE) == [
        "m-1",
        "3 requests",
        "server 6.0 s",
        "tools 1.5 s",
        "consent 5.0 s",
        "in 500 (328 cached)",
        "thought 20",
        "out 83",
        "first token 0.5 s",
        "22 tok/s",
        "$0.40 (as the server says)",
    ]


def test_a_reply_of_one_request_has_the_same_footer_as_ever() -> None:
    alone = reply_of(FIRST[:1], THIRD[1:])
    assert wording.footer(alone)[:2] == ["m-1", "12 s"]
    assert not any(item.startswith(("1 request", "server", "tools", "consent")) for item in wording.footer(alone))


def test_a_question_that_nobody_could_answer_took_no_time_of_the_user() -> None:
    nobody = CallChanged(4.0, 1, decided_by="nobody", outcome=ToolOutcome("denied", "not run"))
    reply = reply_of(FIRST, CALLS[1:2], [nobody], [Ended(4.0, "cancelled")])
    assert not any("consent" in item for item in wording.footer(reply))


def test_only_the_server_s_time_is_in_the_rate() -> None:
    # Each request took a second and a half from its first token.
    assert rates.tokens_per_second(WHOLE) == pytest.approx((20 + 20 + 60) / 4.5)


def test_the_context_is_that_of_the_last_request() -> None:
    filled = replace(WHOLE, request=replace(WHOLE.request, context_window=1_000))
    assert "context 36% full" in wording.footer(filled)


def test_a_stop_while_the_user_is_asked_says_when_it_was() -> None:
    stops: list[Event] = [
        CallChanged(9.0, at, outcome=ToolOutcome("stopped", "not run: stopped by the user")) for at in (0, 1)
    ]
    stopped = reply_of(FIRST, CALLS[:2], stops, [Ended(9.0, "cancelled")])
    assert wording.footer(stopped)[:4] == ["Stopped after 9.0 s", "m-1", "server 2.0 s", "consent 7.0 s"]
    assert sentences.notes(stopped, "cell") == [
        "Not run: weather, clock. %deepseek continue goes on with the reply, and asks for them again."
    ]


@pytest.mark.parametrize(
    ("events", "label", "note", "since"),
    [
        (FIRST, "Calling weather, clock", "", 2.0),
        ([*FIRST, *CALLS[:2]], "Waiting for your decision about weather, clock", "", 2.0),
        ([*FIRST, *CALLS[:3]], "Waiting for your decision about weather", "", 2.0),
        ([*FIRST, *CALLS[:5]], "Running weather", "", 7.0),
        ([*FIRST, *CALLS[:2], *CALLS[3:5]], "Running weather", "waiting for your decision about clock", 7.0),
        ([*FIRST, *CALLS[:5], CallChanged(7.2, 0, "stopping")], "Stopping when weather has returned", "", 7.0),
        ([*FIRST, *CALLS], "Sending the results", "", 8.0),
        ([*FIRST, *CALLS, SECOND[0]], "Waiting for m", "", 8.0),
        ([*FIRST, Stepped(4.0, request(), NOON, "again")], "Asking again, waiting for m", "", 4.0),
    ],
)
def test_a_reader_sees_what_is_waited_for_and_how_long(
    events: list[Event], label: str, note: str, since: float
) -> None:
    reply = reply_of(events)
    assert (wording.label(reply), wording.note(reply)) == (label, note)
    assert wording.waited(reply, 20.0) == 20.0 - since
    assert wording.activity(reply) in (label, "Answering")


def test_of_many_tools_the_first_ones_are_named() -> None:
    reply = reply_of(FIRST[:1], asked(0.0, *[(name, {}) for name in "abcdea"]))
    assert wording.label(reply) == "Calling a, b, c and 2 more"


@pytest.mark.parametrize(
    ("kind", "where", "said"),
    [
        ("max_steps", "", "--max-steps"),
        ("repeated_call", "", "the same call three times"),
        ("denials", "", "Three calls in a row were denied"),
        ("nobody_asked", "weather", "Name it in --allow to let it run without asking, or mark it"),
    ],
)
def test_why_tools_ended_is_said_below_the_answer(kind: WarningKind, where: str, said: str) -> None:
    reply = reply_of(ALL[:-1], [Warned(12.5, ReplyWarning(kind, where=where))], ALL[-1:])
    assert said in "".join(sentences.notes(reply, "cell"))
    assert sentences.alert(reply, "cell") == ""


def test_calls_without_functions_are_said_to_be_not_run() -> None:
    notes = sentences.notes(reply_of(FIRST[:-1], [Ended(2.0, "served")]), "cell")
    assert notes == ["Nothing was run: the model asks for weather, clock. Give its functions with -T."]


def test_calls_that_were_not_decided_can_be_resumed() -> None:
    stopped = reply_of(FIRST, CALLS[:2], [Ended(4.0, "failed")])
    (note,) = sentences.notes(stopped, "python")
    assert note == "Not run: weather, clock. reply.resume() goes on with the reply, and asks for them again."
