"""The ends of link labels: the same as markdown-it finds, in linear time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt, helpers

from nbstream.markdown.parser import markdown_parser
from nbstream.markdown.rendering import to_html

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = [
    "[",
    "![",
    "[^",
    "]",
    "](http://x.y)",
    "](",
    "][",
    "][a]",
    "[a]",
    "[^1]",
    "\\[",
    "`",
    "*",
    "<http://a.b>",
    "a ",
]


def html_with(find_end: Callable[..., int], text: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(markdown_parser().helpers, "parseLinkLabel", find_end)
        return to_html(text)


@settings(max_examples=1_000, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join), st.booleans())
@example("[" * 120 + "a" + "](http://x.y)" * 120, False)  # noqa: FBT003  (Hypothesis takes them so)
@example("![" * 120 + "a" + "](http://x.y)" * 120, False)  # noqa: FBT003
@example("[a [b ](http://x.y) c](http://x.y)", True)  # noqa: FBT003
def test_links_are_those_that_markdown_it_finds(text: str, defines: bool) -> None:  # noqa: FBT001
    text = f"{text}\n\n[a]: http://z.w\n" if defines else text
    assert to_html(text) == html_with(helpers.parseLinkLabel, text)


@pytest.mark.parametrize("unit", ["[", "![", "[[]", "[a", "[a][", "[`a", "[^", "*[a", "[[a]"])
def test_unmatched_brackets_cost_no_more_in_a_long_text(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    parser: MarkdownIt = markdown_parser()
    skip = parser.inline.skipToken

    def counting(state: object) -> None:
        nonlocal steps
        steps += 1
        skip(state)  # type: ignore[arg-type]

    monkeypatch.setattr(parser.inline, "skipToken", counting)

    def cost(length: int) -> int:
        nonlocal steps
        steps = 0
        to_html("a" + unit * length)
        return steps

    # markdown-it itself reads each of them a hundred times, as deep as it nests.
    assert cost(2_000) <= 5 * 2_000 * len(unit)
    assert cost(2_000) <= 2.2 * cost(1_000)
