"""Text that was there before: thoughts that came as an answer, and a reply that goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.client.continued_decoder import ContinuedDecoder
from nbstream.markdown.rendering import to_html
from nbstream.model.coalesce import coalesce
from nbstream.model.earlier import Earlier
from nbstream.model.events import Continued, Started
from nbstream.model.presentation import Presentation, ReasoningDisplay
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.widgets.reply_patches import ReplyPatches
from nbstream.wire.response import ResponseDecoder
from tests.widgets.page_state import apply, empty_state, html_of
from tests.wire.test_simulator_streams import FINISH, content, stream

if TYPE_CHECKING:
    from nbstream.model.events import Event
    from nbstream.widgets.protocol import DocumentState

TEXT = "Okay, **so**:\n\n1. one\n2. two\n\n```py\nx = 1\n```\n\nThat is it.\n</think>\n\nTake *the* train."


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1))
def test_the_page_shows_thoughts_as_reasoning_however_they_come(sizes: list[int]) -> None:
    reply, page = _shown(sizes, "auto")
    assert html_of(page["reasoning"]) == to_html(reply.reasoning)
    assert html_of(page["answer"]) == to_html(reply.answer)
    assert reply.answer == "Take *the* train."


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_hidden_thoughts_leave_the_page(size: int) -> None:
    reply, page = _shown([size], "hidden")
    assert html_of(page["reasoning"]) == ""
    assert html_of(page["answer"]) == to_html(reply.answer)


def _shown(sizes: list[int], reasoning: ReasoningDisplay) -> tuple[Reply, dict[str, DocumentState]]:
    """Return the reply and the documents of the page, after one frame for each piece."""
    decoder, reply = ResponseDecoder(), Reply()
    patches = ReplyPatches(reply, Presentation(reasoning), foreground=True)
    page = {"reasoning": empty_state(), "answer": empty_state()}
    at, turn = 0, 0
    while at <= len(TEXT):
        size = sizes[turn % len(sizes)]
        is_last = at >= len(TEXT)
        data = stream(FINISH) if is_last else stream(content(TEXT[at : at + size]), done=False)
        events: list[Event] = decoder.feed(data, float(turn))
        for event in events:
            reply = reduce(reply, event)
        patches.feed(coalesce(events), reply)
        if (patch := patches.patch(float(turn), final=is_last)) is not None:
            apply(page["reasoning"], patch.get("reasoning", []))
            apply(page["answer"], patch.get("answer", []))
        keyframe = patches.keyframe(float(turn))
        assert (keyframe["reasoning"], keyframe["answer"]) == (page["reasoning"], page["answer"])
        if is_last:
            break
        at, turn = min(len(TEXT), at + size), turn + 1
    return reply, page


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1), st.booleans())
def test_a_continued_reply_shows_its_earlier_text_from_the_first_keyframe_on(
    sizes: list[int],
    ends_in_code: bool,  # noqa: FBT001  (Hypothesis gives it)
) -> None:
    before = "One *word*, then\n\n```py\nx = 1\n" if ends_in_code else "1. one\n2. tw"
    earlier = Earlier(before, "Hm, **so**", requests=1)
    start = reduce(Reply(), Continued(0, earlier))
    reply = start
    patches = ReplyPatches(start, Presentation("auto"), foreground=False)
    keyframe = patches.keyframe(0)
    page = {"reasoning": keyframe["reasoning"], "answer": keyframe["answer"]}
    assert html_of(page["reasoning"]) == to_html(earlier.reasoning)
    assert "x = 1" in html_of(page["answer"]) if ends_in_code else "tw" in html_of(page["answer"])
    decoder = ContinuedDecoder(ResponseDecoder(), earlier)
    events: list[Event] = [Started(0, Request()), Continued(0, earlier)]
    data = stream(*(content(each) for each in ("o, and\n", "y = 2\n```\n\n", "Don", "e.")), FINISH)
    at = turn = 0
    while at < len(data):
        size = sizes[turn % len(sizes)] * 20
        events += decoder.feed(data[at : at + size], 1.0)
        for event in events:
            reply = reduce(reply, event)
        patches.feed(coalesce(events), reply)
        at, turn, events = at + size, turn + 1, []
        if (patch := patches.patch(float(turn), final=at >= len(data))) is not None:
            apply(page["reasoning"], patch.get("reasoning", []))
            apply(page["answer"], patch.get("answer", []))
    assert reply.answer == (before + "o, and\ny = 2\n```\n\nDone.").strip()
    assert html_of(page["answer"]) == to_html(reply.answer)
    assert html_of(page["reasoning"]) == to_html(reply.reasoning)
