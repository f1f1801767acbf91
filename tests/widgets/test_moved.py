"""Thoughts that came as an answer move into the reasoning, live as settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.markdown.rendering import to_html
from nbstream.model.coalesce import coalesce
from nbstream.model.presentation import Presentation, ReasoningDisplay
from nbstream.model.reply import Reply, reduce
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
