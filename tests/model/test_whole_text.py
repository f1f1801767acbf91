"""Lone surrogates in what a page is sent."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.whole_text import sendable

_TEXTS = st.text(alphabet=st.sampled_from(["a", "\ud83d", "\ude00", "\U0001f600", "\ud800", "é"]))


@given(st.recursive(_TEXTS | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner)))
def test_every_value_can_be_sent_and_a_whole_one_stays(value: object) -> None:
    sent = sendable(value)
    json.dumps(sent, ensure_ascii=False).encode()
    assert sendable(sent) is sent


def test_pairs_are_joined() -> None:
    assert sendable({"a": ["\ud83d\ude00", "\ud83d"]}) == {"a": ["\U0001f600", "\ufffd"]}
