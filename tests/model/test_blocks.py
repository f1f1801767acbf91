"""A reply keeps the content blocks of a response, so that they go back as they came."""

from __future__ import annotations

from typing import Any

from nbstream.model.events import Answer, BlockEnded, Ended, Event, Reasoning, Retrying, Started, ToolCallDelta
from nbstream.model.failure import Failure
from nbstream.model.reduction import reduce, with_answer
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.saved_values import decode, encode
from nbstream.model.serialization import decode_event, encode_event

SIGNED = {"signature": "Sig=="}
ENCRYPTED = {"type": "redacted_thinking", "data": "Abc=="}
CITED = {"citations": [{"type": "char_location", "cited_text": "x"}]}
EVENTS: list[Event] = [
    Started(0, Request("m")),
    Reasoning(1, "One. "),
    Reasoning(1, "Two."),
    BlockEnded(1, "reasoning", SIGNED),
    BlockEnded(1, "other", ENCRYPTED),
    BlockEnded(1, "reasoning", {"signature": "of nothing"}),
    Answer(2, "  Yes"),
    BlockEnded(2, "answer", CITED),
    Answer(2, ""),
    BlockEnded(2, "answer", {}),
    ToolCallDelta(3, 0, "t1", "look", '{"at"'),
    ToolCallDelta(3, 0, arguments=": 1}"),
    BlockEnded(3, "call", {}, 0),
    Reasoning(4, "Three."),
    BlockEnded(4, "reasoning", {"signature": "Third"}),
    ToolCallDelta(5, 1, "t2", "look", "{"),
    BlockEnded(5, "call", {"caller": {"type": "direct"}}, 1),
]
CONTENT = [
    {"type": "thinking", "thinking": "One. Two.", "signature": "Sig=="},
    ENCRYPTED,
    {"type": "thinking", "thinking": "", "signature": "of nothing"},
    {"type": "text", "text": "  Yes", **CITED},
    {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}},
    {"type": "thinking", "thinking": "Three.", "signature": "Third"},
    {"type": "tool_use", "id": "t2", "name": "look", "input": {"INVALID_JSON": "{"}, "caller": {"type": "direct"}},
]


def reply_of(*events: Event) -> Reply:
    reply = Reply()
    for event in events:
        reply = reduce(reply, event)
    return reply


def content(reply: Reply) -> Any:
    return reply.message["content_blocks"]


def test_blocks_go_back_in_their_order_with_everything_in_them() -> None:
    assert content(reply_of(*EVENTS, Ended(6, "served"))) == CONTENT


def test_text_after_the_last_block_has_no_signature() -> None:
    assert content(reply_of(*EVENTS[:9], Reasoning(3, "Wai"), Answer(4, "No"), Ended(5, "cancelled"))) == [
        *CONTENT[:4],
        {"type": "thinking", "thinking": "Wai"},
        {"type": "text", "text": "No"},
    ]


def test_a_reply_without_blocks_has_none() -> None:
    reply = reply_of(Answer(1, "x"), Ended(2, "served"))
    assert "content_blocks" not in reply.message
    assert "content_blocks" not in with_answer(reply_of(*EVENTS, Ended(6, "served")), "other").message


def test_another_attempt_begins_without_blocks() -> None:
    first = reply_of(BlockEnded(1, "other", ENCRYPTED))
    assert "content_blocks" not in reduce(first, Retrying(2, 1, 3, 0.5, Failure("in_band"))).message


def test_blocks_are_in_saved_chats_and_journals() -> None:
    reply = reply_of(*EVENTS, Ended(6, "served"))
    assert content(decode(encode(reply))) == CONTENT
    assert content(reply_of(*(decode_event(encode_event(event)) for event in EVENTS))) == CONTENT
