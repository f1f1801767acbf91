"""Each text that a server sends is in the reply or in its warnings, in whatever field it comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.faults.losses import Stream, lost_words, reply_of
from tests.wire.test_invariants import cut

if TYPE_CHECKING:
    from random import Random

_NAMES = ["content", "text", "thinking", "reasoning", "reasoning_content", "reasoning_details", "summary", "refusal"]
_MORE = ["tool_calls", "function_call", "function", "arguments", "name", "audio", "transcript", "aside", "x-y", "parts"]
_TYPES = ["text", "thinking", "refusal", "image", "reasoning.text"]
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.just("WORD"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.builds(
            lambda fields, kind: fields | ({"type": kind} if kind else {}),
            st.dictionaries(st.sampled_from(_NAMES + _MORE), inner, max_size=3),
            st.sampled_from([None, *_TYPES]),
        )
    ),
    max_leaves=8,
)
deltas = st.dictionaries(st.sampled_from(_NAMES + _MORE), values, max_size=4)
choices = st.fixed_dictionaries(
    {},
    optional={"index": st.sampled_from([0, 0, 1, "0", None]), "delta": deltas, "message": deltas, "text": values}
    | {"note": values, "finish_reason": st.sampled_from([None, "stop", "null", "length"])},
)


@settings(max_examples=250, deadline=None)
@given(
    st.lists(st.lists(choices | values, min_size=1, max_size=2), min_size=1, max_size=4), st.lists(st.integers(0, 999))
)
@example([[{"delta": {"tool_calls": {"function": ["WORD"]}}}]], [])
@example([[{"delta": {"content": "WORD"}}, {"message": {"audio": {"transcript": "WORD"}}}]], [3])
def test_text_in_any_place_is_kept(chunks: list[list[Any]], points: list[int]) -> None:
    words: list[str] = []
    data = b": hello\n\n"
    for each in chunks:
        data += b"data: " + json.dumps({"choices": _with_words(each, words)}).encode() + b"\n\n"
    data += b"data: [DONE]\n\n"
    reply = reply_of([data])
    held = json.dumps([reply.message, reply.extras]) + "".join(each.said for each in reply.warnings)
    assert [word for word in words if word not in held + reply.reasoning] == []
    assert reply_of(cut(data, points)) == reply


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False))
def test_text_of_a_random_stream_is_kept(chance: Random) -> None:
    stream = Stream(chance)
    assert lost_words(stream, reply_of([stream.data])) == []


def _with_words(value: Any, words: list[str]) -> Any:
    """Return `value` with another word in each place of a text."""
    if value == "WORD":
        words.append(f"q{len(words)}z")
        return words[-1]
    if isinstance(value, list):
        return [_with_words(each, words) for each in value]
    if isinstance(value, dict):
        return {name: _with_words(each, words) for name, each in value.items()}
    return value
