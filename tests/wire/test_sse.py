"""Server-sent events, with any line ends and split into any pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbstream.wire.sse import Comment, Message, SseDecoder
from tests.wire.test_invariants import cut

words = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=8)
ends = st.sampled_from([b"\n", b"\r", b"\r\n"])
items = st.one_of(
    st.builds(Comment, words),
    st.builds(
        Message, st.lists(words, min_size=1, max_size=3).map("\n".join), words.map(lambda name: name or "message")
    ),
)


@st.composite
def written(draw: st.DrawFn, expected: list[Message | Comment]) -> bytes:
    """`expected` as a server may write it: mixed line ends, a byte order mark, other fields."""
    lines = []
    for item in expected:
        if isinstance(item, Comment):
            lines.append(f": {item.text}")
            continue
        lines += [f"data: {line}" for line in item.data.split("\n")]
        at = draw(st.integers(len(lines) - item.data.count("\n") - 1, len(lines)))
        lines.insert(at, f"event: {item.event}")
        lines += [*draw(st.sampled_from([[], ["id: 1"], ["retry: x"], ["data2: no"], [" data: no"]])), ""]
    out = b"\xef\xbb\xbf" if draw(st.booleans()) else b""
    for line in lines:
        end = draw(ends)
        # CR at the end of a line and LF as an empty line would be one CRLF.
        out += line.encode() + (b"\r\n" if not line and out.endswith(b"\r") else end)
    return out


@given(st.data(), st.lists(items, max_size=5), st.lists(st.integers(0, 500), max_size=10))
def test_written_events_are_read(data: st.DataObject, expected: list[Message | Comment], cuts: list[int]) -> None:
    decoder = SseDecoder()
    pieces = cut(data.draw(written(expected)), cuts)
    assert [item for piece in pieces for item in decoder.feed(piece)] + decoder.finish() == expected


def test_an_empty_piece_between_cr_and_lf_changes_nothing() -> None:
    decoder = SseDecoder()
    found = [
        item
        for piece in (b"data: a\r", b"", b"\n", b"data: b\r\n\r", b"", b"\ndata: c")
        for item in decoder.feed(piece)
    ]
    assert found + decoder.finish() == [Message("a\nb"), Message("c")]


def test_only_a_byte_order_mark_at_the_start_is_removed() -> None:
    mark = b"\xef\xbb\xbf"
    decoder = SseDecoder()
    assert decoder.feed(b"\n" + mark + b"data: a\n\n" + b"data: b" + mark + b"\n\n") == [Message("b\ufeff")]


def test_invalid_utf_8_becomes_replacement_characters() -> None:
    assert SseDecoder().feed(b"data: a\xffb\n\n") == [Message("a\ufffdb")]
