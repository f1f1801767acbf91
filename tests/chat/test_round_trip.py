"""From replies to messages: DeepSeek's rule for reasoning, and the law of the growing history."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbstream
from nbstream.chat import conversation
from nbstream.exchange.round_trip import NOT_RUN, messages_of
from nbstream.model.events import Answer, Ended, Finished, Identified, Reasoning, Refusal, ToolCallDelta
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from tests.chat.conftest import bodies

if TYPE_CHECKING:
    from nbstream.model.events import Event
    from nbstream.simulator.server import Simulator

TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]


def reply_of(*events: Event) -> Reply:
    reply = Reply()
    for event in (*events, Finished(1.0, "stop"), Ended(1.0, "served")):
        reply = reduce(reply, event)
    return reply


@pytest.mark.parametrize("thinking", [True, False])
def test_the_messages_of_the_next_request_are_those_of_the_last_and_what_was_received(
    simulator: Simulator, *, thinking: bool
) -> None:
    chat = nbstream.Chat(
        "plan", system="Be brief.", thinking=thinking, extra_body={"tools": TOOLS, "tool_choice": "none"}
    )
    for _ in range(4):
        reply = chat.stream("[simulate: normal tokens=20] x").result()
        assert reply.status == "complete"
    requests = [each["messages"] for each in bodies(simulator)]
    for before, after in pairwise(requests):
        assert after[: len(before)] == before
        assert [each["role"] for each in after[len(before) :]] == ["assistant", "user"]
        assert isinstance(after[len(before)]["reasoning_content"], str)
    assert bool(requests[-1][-2]["reasoning_content"]) is thinking
    assert requests[-1][-2]["reasoning_content"] == chat.turns[-2].reply.reasoning


def test_without_tools_no_reasoning_is_sent(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    for _ in range(3):
        chat.stream("[simulate: normal tokens=20] x").result()
    assert all("reasoning_content" not in each for each in bodies(simulator)[-1]["messages"])


def test_earlier_turns_get_their_reasoning_once_tools_are_given(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    chat.stream("[simulate: normal tokens=20] x").result()
    chat.stream("[simulate: normal tokens=20] x", thinking=False).result()
    last = chat.stream("[simulate: normal tokens=20] x", extra_body={"tools": TOOLS, "tool_choice": "none"}).result()
    assert last.status == "complete"
    sent = [each for each in bodies(simulator)[-1]["messages"] if each["role"] == "assistant"]
    assert [each["reasoning_content"] for each in sent] == [chat.turns[0].reply.reasoning, ""]


def test_a_call_without_a_result_keeps_the_chat_valid(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan", extra_body={"tools": TOOLS})
    asked = chat.stream("[simulate: tool-call] x").result()
    assert asked.tool_calls
    reply = chat.stream("[simulate: normal tokens=5] y", extra_body={"tools": TOOLS, "tool_choice": "none"}).result()
    assert reply.status == "complete"
    message, result, _ = bodies(simulator)[-1]["messages"][1:]
    assert message["tool_calls"][0]["id"] == result["tool_call_id"]
    assert result["content"] == NOT_RUN


@pytest.mark.parametrize(("arguments", "kept"), [('{"a": 1}', True), ("", True), ('{"a": ', False)])
def test_a_call_that_was_cut_off_is_left_out(arguments: str, *, kept: bool) -> None:
    call = ToolCallDelta(0.5, 0, "call_1", "look", arguments)
    messages = messages_of(reply_of(Answer(0.1, "So:"), call), "never")
    assert len(messages) == (2 if kept else 1)
    assert ("tool_calls" in messages[0]) is kept


def test_another_server_gets_only_the_field_that_it_sent() -> None:
    silent, named = reply_of(Answer(0.1, "a")), reply_of(Identified(0.0, reasoning_field="reasoning"), Answer(0.1, "a"))
    thought = reply_of(Identified(0.0, reasoning_field="reasoning"), Reasoning(0.1, "t"), Answer(0.2, "a"))
    assert messages_of(silent, "as_received") == ({"role": "assistant", "content": "a"},)
    assert messages_of(named, "as_received") == ({"role": "assistant", "content": "a", "reasoning": ""},)
    assert messages_of(thought, "as_received") == ({"role": "assistant", "content": "a", "reasoning": "t"},)
    assert messages_of(thought, "always")[0]["reasoning_content"] == "t"


pieces = st.lists(
    st.one_of(
        st.builds(Reasoning, st.just(0.1), st.text(max_size=9)),
        st.builds(Answer, st.just(0.1), st.text(max_size=9)),
        st.builds(Refusal, st.just(0.1), st.text(max_size=9)),
    ),
    max_size=8,
)


@given(pieces)
def test_a_message_has_every_text_byte_for_byte(events: list[Event]) -> None:
    (message,) = messages_of(reply_of(*events), "always")
    texts = {kind: "".join(each.text for each in events if isinstance(each, kind)) for kind in (Answer, Reasoning)}
    assert message["content"] == texts[Answer]
    assert message["reasoning_content"] == texts[Reasoning]
    # Whether it is a string of JSON is the server's business; null is not allowed.
    assert json.loads(json.dumps(message))["content"] is not None


@given(pieces, st.text(max_size=5))
def test_an_edited_answer_replaces_what_was_received(events: list[Event], edited: str) -> None:
    assert messages_of(reply_of(*events), "never", edited) == ({"role": "assistant", "content": edited},)


def test_the_registry_hands_out_a_copy() -> None:
    conversation.chats()["x"] = nbstream.Chat("plan")
    assert list(conversation.chats()) == ["plan"]
