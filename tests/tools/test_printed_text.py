"""Printed text in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbstream.prompt.plain_output import plain_output
from nbstream.tools import printed_text
from nbstream.tools.printed_text import KEPT, PrintedText


@given(st.lists(st.text(st.sampled_from("ab \n\r\b\x1b[1mé"), max_size=20), max_size=20))
def test_pieces_read_as_the_whole(pieces: list[str]) -> None:
    text = PrintedText()
    for piece in pieces:
        text.append(piece)
    whole = plain_output("".join(pieces).removesuffix("\r"))
    assert text.snapshot().head == whole
    assert text.snapshot().left_out == 0


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 5 * KEPT)), max_size=12), st.booleans())
def test_beginning_end_and_length_of_a_long_text_are_right(parts: list[tuple[str, int]], lines: bool) -> None:  # noqa: FBT001
    text = PrintedText()
    for letter, count in parts:
        text.append(letter * count + "\n" * lines)
    whole = "".join(letter * count + "\n" * lines for letter, count in parts)
    found = text.snapshot()
    assert found.length == len(whole)
    assert whole.startswith(found.head)
    assert whole.endswith(found.tail)
    assert len(found.head) + len(found.tail) <= 2 * KEPT
    assert found.left_out == 0 or len(found.tail) >= min(KEPT, len(whole)) // 2


def test_memory_stays_bounded() -> None:
    text = PrintedText()
    for _ in range(1_000):
        text.append("x" * 10_000)
    kept = sum(len(each) for each in vars(text).values() if isinstance(each, str))
    assert kept <= 4 * KEPT + printed_text._LONGEST_LINE
