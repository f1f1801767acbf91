"""Messages for reading: what was inserted is marked, and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbstream
from nbstream.model.request import CHAT, FIM, Address, Inserted, Request
from nbstream.output.sent_messages import others, segments, sent_messages

pytestmark = pytest.mark.usefixtures("simulator")


def test_values_stand_out_from_the_words_around_them() -> None:
    reply = nbstream.stream(
        "Why is {{ total }} so high?\n", values={"rows": [1, 2, 3]}, fill={"total": 926}, system="Be brief."
    ).result(20)
    system, user = sent_messages(reply.request)
    assert (system.role, [each.text for each in system.segments]) == ("system", ["Be brief."])
    assert user.title.startswith("2 · user · ")
    assert [each.name for each in user.segments] == ["", "total", "", "rows", ""]
    assert user.segments[1].text == "926"
    assert "list" in user.segments[3].facts
    assert "".join(each.text for each in user.segments) == reply.request.messages[-1]["content"]


def test_every_part_of_a_message_is_shown_and_only_the_last_question_is_marked() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    request = Request(
        messages=(
            {"role": "user", "content": "x = 5"},
            {"role": "assistant", "content": "", "reasoning_content": "Hm", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": "x" * 50_000},
            {
                "role": "user",
                "content": [{"type": "text", "text": "x = 5"}, {"type": "image_url", "image_url": {"url": "u"}}],
            },
        ),
        inserted=(Inserted("x", "int", "5"), Inserted("p.png", "picture", media_type="image/png")),
    )
    found = sent_messages(request)
    assert [each.title for each in found] == [
        "1 · user · 5 characters",
        "2 · assistant · reasoning_content · 2 characters",
        "2 · assistant · 0 characters",
        "2 · assistant · calls f",
        "3 · tool · 50,000 characters · result of f · tool_call_id: c",
        "4 · user · 5 characters · image at u",
    ]
    assert found[4].size == 50_000
    assert [[each.name for each in message.segments] for message in (found[0], found[-1])] == [[""], ["", "x"]]
    assert others(request) == [("p.png", "picture")]


def test_the_texts_of_a_completion() -> None:
    request = Request(parameters={"prompt": "def f():", "suffix": "\n"}, address=Address(call=FIM))
    assert [(each.role, each.size) for each in sent_messages(request)] == [("prompt", 8), ("suffix", 1)]
    assert request.address.call != CHAT


INSERTED = st.lists(
    st.builds(
        Inserted,
        st.sampled_from("xyz"),
        text=st.text("ab{}", max_size=3),
        place=st.sampled_from(["above", "in the prompt", "below"]),
    ),
    max_size=4,
)


@given(st.text("ab{} ", max_size=12), INSERTED)
def test_the_segments_are_the_text(text: str, inserted: list[Inserted]) -> None:
    assert "".join(each.text for each in segments(text, inserted)) == text
