"""Lists: which lines begin one, and that its items stand where they stood in their first frame."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.markdown.lists import BULLETS
from nbstream.markdown.rendering import to_html
from nbstream.widgets.markdown_document import MarkdownDocument

STYLE = re.compile(r' style="[^"]*"')


def html(text: str) -> str:
    return STYLE.sub("", to_html(text)).replace("\n", "")


@pytest.mark.parametrize("bullet", BULLETS)
def test_lines_with_a_bullet_are_a_list(bullet: str) -> None:
    expected = "<ul><li>one</li><li>two</li></ul>"
    assert html(f"{bullet} one\n{bullet} two\n") == expected
    assert html(f"Both:\n{bullet}\tone\n{bullet} two\n") == f"<p>Both:</p>{expected}"


def test_lists_with_bullets_nest_and_go_on() -> None:
    assert html("• a\n  ◦ b\n    ▪ c\n• d\n  more\n\n  text\n") == (
        "<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li><p>d<br>more</p><p>text</p></li></ul>"
    )
    assert html("•one\n•**two**\n") == "<ul><li>one</li><li><strong>two</strong></li></ul>"
    assert html("• [x] a\n") == '<ul><li class="nbstream-task">☑ a</li></ul>'


@pytest.mark.parametrize(
    "text",
    [
        "a • b\n",
        "•\n",
        "• • •\n",
        "●●●○○ good\n",
        "●o\n",
        "\N{EN DASH} said he\n",
        "○ yes\n",
        "□ todo\n",
        "`• a`\n",
        "\\• a\n",
    ],
)
def test_what_is_no_list(text: str) -> None:
    assert "<li>" not in to_html(text)


def test_a_bullet_in_a_cell_or_in_code_is_text() -> None:
    assert "<li>" not in to_html("| a |\n|---|\n| • b |\n")
    assert "<li>" not in to_html("```\n• b\n• c\n```\n")


@pytest.mark.parametrize(("text", "start"), [("So:\n2. b\n3. c\n", 2), ("So:\n10) b\n", 10), ("So:\n0. b\n", 0)])
def test_a_list_may_begin_with_any_number_after_a_text(text: str, start: int) -> None:
    assert html(text).startswith(f'<p>So:</p><ol start="{start}"><li>b</li>')


@pytest.mark.parametrize("text", ["It was built in\n1984. Then\n", "So:\n2.\n", "So:\n2.5 times\n", "So:\n2.b\n"])
def test_such_lines_go_on_with_a_text(text: str) -> None:
    assert "<ol" not in to_html(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The first two items decide.
        ("- a\n- b\n\n- c\n", "<ul><li>a</li><li>b</li><li>c</li></ul>"),
        ("- a\n\n- b\n- c\n", "<ul><li><p>a</p></li><li><p>b</p></li><li><p>c</p></li></ul>"),
        # Within an item there is a space where a blank line is.
        ("- a\n\n  b\n- c\n", "<ul><li><p>a</p><p>b</p></li><li>c</li></ul>"),
        ("- a\n  - b\n\n  c\n- d\n", "<ul><li>a<ul><li>b</li></ul><p>c</p></li><li>d</li></ul>"),
        ("1. a\n   - b\n\n2. c\n", "<ol><li>a<ul><li>b</li></ul></li><li><p>c</p></li></ol>"),
        ("> - a\n>\n> - b\n", "<blockquote><ul><li><p>a</p></li><li><p>b</p></li></ul></blockquote>"),
        ("-\n\n- b\n", "<ul><li></li><li><p>b</p></li></ul>"),
        ("- a\n  ===\n  b\n", "<ul><li><h1>a</h1>b</li></ul>"),
    ],
)
def test_the_space_between_items(text: str, expected: str) -> None:
    assert html(text) == expected


@pytest.mark.parametrize(
    "text", ["1. a\n   - b\n\n2. c\n", "1. a\n   - b\n\n   c\n", "1. a\n   - b\n2. c\n   - d\n\n   e\n"]
)
def test_a_list_in_an_item_has_a_space_below_where_a_blank_line_is(text: str) -> None:
    """Notebooks show no space below a list in a list."""
    spaced = '<ul style="margin-bottom:1em">\n'
    assert to_html(text).count(spaced) == 1
    assert spaced not in to_html("1. a\n   - b\n2. c\n\n3. d\n")


PIECES = [
    "- a\n",
    "- b\n\n",
    "  - c\n",
    "  d\n",
    "\n  e\n",
    "1. f\n",
    "   - g\n\n",
    "\n   h\n",
    "• i\n",
    "\n",
    "  ```\n  j\n  ```\n",
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_no_item_changes_once_the_next_one_has_begun(text: str) -> None:
    """The first two items stand from the second one on; the tags of the first say how far apart."""
    growing = MarkdownDocument()
    for char in text:
        growing.feed(char)
        growing.frame()
        lines = STYLE.sub("", growing.html).split("\n")
        shown = [line for line in lines if re.sub("<[^>]*>", "", line)][:-1]
        final = [line for line in STYLE.sub("", to_html(text)).split("\n") if re.sub("<[^>]*>", "", line)]
        # A paragraph may get its tags when the next block begins below it.
        unwrapped = [re.sub("</?p>|</?li>", "", line) for line in shown]
        assert unwrapped == [re.sub("</?p>|</?li>", "", line) for line in final[: len(shown)]]
