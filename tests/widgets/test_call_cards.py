"""Replies with tool calls in the page protocol: steps, cards, and what they cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.model.coalesce import coalesce
from nbstream.model.events import (
    Answer,
    CallChanged,
    Ended,
    Event,
    Finished,
    Reasoning,
    Responded,
    Started,
    Stepped,
    ToolCallDelta,
)
from nbstream.model.presentation import Presentation
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.tool_result import Printed, Shown, ToolOutcome
from nbstream.output.cards import card_html
from nbstream.output.steps import step_html
from nbstream.widgets.reply_patches import ReplyPatches
from tests.browser.calls import HOSTILE, HOSTILE_NAME
from tests.widgets.page_state import apply_patch, card_html_of, html_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.widgets.protocol import Card, Keyframe, Patch

PRESENTATION = Presentation(audience="cell")
DONE = ToolOutcome(
    "done",
    "sunny",
    printed=Printed("a😀b"),
    shown=(Shown("table", columns=("x",), rows=(("1",),), numeric=(True,)),),
    seconds=1.5,
)

text = st.text("ab*`\n <&😀", min_size=1, max_size=12)
arguments = st.sampled_from(['{"a": 1}', json.dumps(HOSTILE), "{", "", '{"a": {"b": [1, 2]}, "c": "x"}'])
name = st.sampled_from(["weather", HOSTILE_NAME, "clock"])


@st.composite
def step_events(draw: st.DrawFn) -> list[Event]:
    """Return the events of a response with calls, and of what becomes of them."""
    events: list[Event] = [Reasoning(1, draw(text)), Answer(2, draw(text))]
    calls = draw(st.lists(st.tuples(name, arguments), min_size=1, max_size=3))
    for index, (called, whole) in enumerate(calls):
        half = draw(st.integers(0, len(whole)))
        # The server numbers its calls as it likes.
        events.append(ToolCallDelta(3, 7 * index, f"call_{index}", called, whole[:half]))
        events.append(ToolCallDelta(3, 7 * index, arguments=whole[half:]))
    events += [Finished(4, "tool_calls"), Responded(4)]
    for index in range(len(calls)):
        events += draw(st.sampled_from([*_outcomes(index)]))
    return events


def _outcomes(index: int) -> Iterator[list[Event]]:
    asked = CallChanged(5, index, "asking")
    yield [CallChanged(5, index, outcome=ToolOutcome("invalid", "no", error="no such tool"))]
    yield [asked, CallChanged(6, index, decided_by="user", reason="<b>", outcome=ToolOutcome("denied", "denied"))]
    yield [
        asked,
        CallChanged(6, index, "running", edited='{"a": "<i>"}', decided_by="user"),
        *(CallChanged(7, index, printed=Printed("a😀" * count)) for count in (1, 2, 500)),
        CallChanged(8, index, outcome=DONE),
    ]
    yield [asked, CallChanged(6, index, "asking", reason="they do not fit"), CallChanged(7, index, "running")]


@settings(deadline=None)
@given(st.lists(step_events(), min_size=1, max_size=3), st.lists(st.integers(1, 6), min_size=1), st.booleans())
def test_the_page_equals_the_kernel_however_events_come(
    steps: list[list[Event]],
    sizes: list[int],
    is_over: bool,  # noqa: FBT001  (Hypothesis gives it)
) -> None:
    request = Request("m")
    events: list[Event] = [Started(0, request)]
    for step in steps:
        events += [*step, Stepped(9, request, 9.0)]
    if is_over:
        events += [Answer(10, "Done."), Finished(10, "stop"), Ended(10, "served")]
    else:
        events.pop()
    for page, patches in _frames(events, sizes):
        reply = patches.reply
        assert page == patches.keyframe(0) | {"meta": page["meta"]}
        assert html_of(page["earlier"]) == "".join(
            step_html(each, PRESENTATION, settled=False) for each in reply.steps[:-1]
        )
        assert len(page["cards"]) == len(reply.tool_calls)
        for position, (card, call) in enumerate(zip(page["cards"], reply.tool_calls, strict=True)):
            assert card["key"] == f"{len(reply.steps) - 1}.{position}"
            assert card_html_of(card) == card_html(call, ended=reply.ended)
            assert (card["question"] is not None) == (call.state == "asking" and not reply.ended)
            assert card["state"] == call.state


def _frames(events: list[Event], sizes: list[int]) -> Iterator[tuple[Keyframe, ReplyPatches]]:
    """Yield the page and the kernel after each frame."""
    reply, at, turn = Reply(), 0, 0
    patches = ReplyPatches(reply, PRESENTATION, foreground=True)
    page = patches.keyframe(0)
    while at < len(events):
        some = coalesce(events[at : at + sizes[turn % len(sizes)]])
        at, turn = at + sizes[turn % len(sizes)], turn + 1
        for event in some:
            reply = reduce(reply, event)
        patches.feed(some, reply)
        if (patch := patches.patch(0, final=reply.ended)) is not None:
            apply_patch(page, patch)
        yield page, patches


def test_nothing_of_a_card_is_sent_twice() -> None:
    small, large = _cost_of_arriving(100_000), _cost_of_arriving(1_000_000)
    assert large < 11 * small
    # While they arrive at most their end, then the table, and the text to be edited.
    assert large < 1_000 * 1_500 + 4_000_000


def _cost_of_arriving(length: int) -> int:
    """Return how many characters are sent for a call with arguments of so many characters."""
    whole, pieces = json.dumps({"text": "word " * (length // 5)}), length // 1_000
    size = -(-len(whole) // pieces)
    events: list[Event] = [
        ToolCallDelta(1, 0, "call_0", "write", whole[at : at + size]) for at in range(0, len(whole), size)
    ]
    events += [Finished(2, "tool_calls"), Responded(2), CallChanged(3, 0, "asking"), CallChanged(4, 0, "running")]
    events += [CallChanged(5, 0, printed=Printed("line\n" * count)) for count in range(100)]
    events.append(CallChanged(6, 0, outcome=DONE))
    reply = Reply()
    patches = ReplyPatches(reply, PRESENTATION, foreground=True)
    total = 0
    for event in events:
        reply = reduce(reply, event)
        patches.feed([event], reply)
        total += len(json.dumps(patches.patch(0)))
    return total


def test_a_question_has_all_of_the_arguments_and_what_may_deceive() -> None:
    call = ToolCallDelta(1, 0, "c", HOSTILE_NAME, json.dumps(HOSTILE))
    (card,) = _cards([call, Responded(2), CallChanged(3, 0, "asking")])
    question = card["question"]
    assert question is not None
    assert json.loads(question["arguments"]) == HOSTILE
    assert "\u202e" not in question["arguments"]
    assert "\u200b" not in question["arguments"]
    assert "x" * 5_000 + "END" in card["arguments"]
    for hidden in ("\u202e", "\u200b", "<img", "<script", "<b>name"):
        assert hidden not in card_html_of(card)
    (note,) = question["notes"]
    assert "U+0430, CYRILLIC SMALL LETTER A" in note
    assert len(question["name"]) <= 40


def test_a_call_that_is_asked_for_again_has_another_question() -> None:
    start: list[Event] = [ToolCallDelta(1, 0, "c", "f", "{}"), Responded(2), CallChanged(3, 0, "asking")]
    again: list[Event] = [*start, CallChanged(4, 0, "asking", reason="they do not fit")]
    (card,) = _cards(again)
    assert (card["asked"], card["state"]) == (2, "asking")
    assert "they do not fit" in card["head"]
    (card,) = _cards([*start, CallChanged(4, 0, "open", decided_by="user")])
    assert (card["asked"], card["question"]) == (1, None)


def _cards(events: list[Event]) -> list[Card]:
    (*_, (page, _)) = _frames(events, [1])
    return page["cards"]


def test_a_change_of_a_call_does_not_wait_for_a_reader() -> None:
    patches, reply = ReplyPatches(Reply(), PRESENTATION, foreground=True), Reply()

    def feed(event: Event) -> Patch | None:
        nonlocal reply
        reply = reduce(reply, event)
        patches.feed([event], reply)
        return None

    feed(ToolCallDelta(1, 0, "c", "f", "{"))
    patches.patch(1)
    feed(ToolCallDelta(1, 0, arguments="}"))
    assert not patches.changes_status
    feed(Responded(2))
    assert patches.changes_status
    patches.patch(2)
    assert not patches.changes_status
    feed(CallChanged(3, 0, "asking"))
    assert patches.changes_status
