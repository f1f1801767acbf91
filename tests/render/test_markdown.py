"""The laws of the growing renderer: every frame equals a full rendering, and cost is linear."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nbstream.render import protocol
from nbstream.render.markdown import MarkdownStream, to_html

PIECES = [
    "word", " ", "\n", "\n\n", "- ", "* ", "+ ", "1. ", "2. ", "3) ", "  ", "    ", "> ", "# ", "## ", "```", "```py\n",
    "\n```\n", "~~~\n", "`", "``", "*", "**", "_", "~~", "| a | b |\n", "|---|:-:|\n", "| 1 | 2 |\n", "|", "[", "](", ")",
    "](http://x.org)", "![", "---\n", "===\n", "<b>", "&amp;", "\\", "$5", "é", "漢字", "👩‍🚀", "\t", "x\n", "- a\n", "- b\n",
    "1. one\n", "\r\n", "\r", "<", "0",
]  # fmt: skip

markdown = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


def split(text: str, cuts: list[int]) -> list[str]:
    points = sorted({cut % (len(text) + 1) for cut in cuts})
    return [text[a:b] for a, b in zip([0, *points], [*points, len(text)], strict=True)]


def check(text: str, cuts: list[int]) -> None:
    stream = MarkdownStream()
    page = protocol.empty_state()
    so_far = ""
    for piece in split(text, cuts):
        so_far += piece
        stream.feed(piece)
        protocol.apply(page, stream.frame())
        # A carriage return at the end may be half a line end.
        assert protocol.html_of(page) == to_html(so_far.removesuffix("\r"), final=False)
    protocol.apply(page, stream.finish())
    assert protocol.html_of(page) == to_html(text)
    assert page == stream.state


@settings(max_examples=600, deadline=None)
@given(markdown, st.lists(st.integers(0, 200), max_size=12))
@example("- a\n- b\n\n  c\n- d\n", [4, 8, 12, 13])
@example("1\n. b\n", [1])
@example("```py\nx\n``` \ny", [6, 8, 11, 12])
def test_every_frame_equals_a_full_rendering(text: str, cuts: list[int]) -> None:
    check(text, cuts)


@settings(max_examples=150, deadline=None)
@given(markdown)
def test_character_by_character(text: str) -> None:
    check(text, list(range(len(text))))
