# ruff: noqa: RUF001  (texts of many scripts)
"""Single line ends within a paragraph are kept: live, settled, in a terminal and in exports."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from nbstream.markdown.portable import portable
from nbstream.markdown.rendering import to_html
from nbstream.widgets.markdown_document import MarkdownDocument

HAIKU = "古池や\n蛙飛びこむ\n水の音"


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        (HAIKU, "<p>古池や<br>\n蛙飛びこむ<br>\n水の音</p>\n"),
        ("Anna: Hi.  \nBen: *Well\\\nwell.*", "<p>Anna: Hi.<br>\nBen: <em>Well<br>\nwell.</em></p>\n"),
        ("> a\nb\n> c", "<blockquote>\n<p>a<br>\nb<br>\nc</p>\n</blockquote>\n"),
        ("- a\n  b\nc", "<ul>\n<li>a<br>\nb<br>\nc</li>\n</ul>\n"),
        ("a\nb\n===", "<h1>a<br>\nb</h1>\n"),
        ("`a\nb`", "<p><code>a b</code></p>\n"),
        ("a\n\n\nb", "<p>a</p>\n<p>b</p>\n"),
    ],
)
def test_line_ends_are_line_breaks(markdown: str, html: str) -> None:
    assert to_html(markdown) == to_html(markdown, settled=True) == html


def test_a_displayed_formula_needs_no_line_break_beside_it() -> None:
    html = to_html("so\n$$x$$, and\n\\[y\\]\nis", settled=True)
    assert "<br>" not in html
    assert "\n" in html.removesuffix("</p>\n")


def test_no_frame_ends_in_a_line_break() -> None:
    text, stream = f"{HAIKU}\n\n{HAIKU}\n", MarkdownDocument()
    for char in text:
        stream.feed(char)
        stream.frame()
        assert "<br>\n</p>" not in stream.html
        assert not re.search(r"<br>\s*<br>", stream.html)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (HAIKU, "古池や  \n蛙飛びこむ  \n水の音"),
        ("a \nb\\\nc   \nd\n", "a  \nb\\\nc   \nd\n"),
        ("> a\nb\n>\n> c\n> d", "> a  \nb\n>\n> c  \n> d"),
        ("1. [x] a\n   b\n\n   c\n   d", "1. [x] a  \n   b\n\n   c  \n   d"),
        ("a\nb\n===\n# c\nd\ne", "a  \nb\n===\n# c\nd  \ne"),
        ("a\n`b\nc`\n[d\ne](http://f.g)", "a  \n`b\nc`  \n[d  \ne](http://f.g)"),
        ("```\na\nb\n```\n    c\n    d\n", "```\na\nb\n```\n    c\n    d\n"),
        ("|a|\n|-|\n|b|\nc\n\nd\ne", "|a|\n|-|\n|b|\nc\n\nd  \ne"),
        ("a[^1]\nb\n\n[^1]: c\n    d", "a[^1]  \nb\n\n[^1]: c  \n    d"),
        ("a\n\n[b]: http://c.d\ne\nf", "a\n\n[b]: http://c.d\ne  \nf"),
        ("a\r\nb\rc", "a  \nb  \nc"),
        ("- 2*3*4 and *a*\n  > x**2 + y**2", "- 2\\*3\\*4 and *a*\n  > x\\*\\*2 + y\\*\\*2"),
        ("`2*3*4` $2*3*4$ \\(2*3*4\\)", "`2*3*4` $2*3*4$ $2*3*4$"),
        ("# 2*3*4 #\n|a|\n|-|\n|2*3*4|", "# 2\\*3\\*4 #\n|a|\n|-|\n|2\\*3\\*4|"),
        ("见https://a.b/c，**https://d.e**", "见<https://a.b/c>，**<https://d.e>**"),
        ("https://a.b\n  https://a.b", "<https://a.b>  \n  <https://a.b>"),
    ],
)
def test_exported_markdown_has_hard_breaks(text: str, written: str) -> None:
    assert portable(text) == written


pieces = st.lists(
    st.sampled_from(
        [
            "a",
            " *b",
            "c* ",
            " ",
            "  ",
            "\n",
            "\n\n",
            "> ",
            "- ",
            "1. ",
            "`",
            "```\n",
            "# ",
            "===",
            "\\",
        ]
    ),
    max_size=20,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(pieces)
def test_exported_markdown_looks_the_same_to_commonmark(text: str) -> None:
    kept = MarkdownIt("commonmark", {"html": False, "breaks": True})
    exported = portable(text)
    assert MarkdownIt("commonmark", {"html": False}).render(exported) == kept.render(text)
    assert portable(exported) == exported


exported = st.sampled_from(
    ["2*3", "x**2", "*a*", "https://a.b/c", "，", "\n", "\n\n", "- ", "> ", "|", "|-|\n", "`", " "]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(exported, max_size=16).map("".join))
def test_exported_markdown_looks_the_same_here(text: str) -> None:
    assert to_html(portable(text)) == to_html(text)
    assert portable(portable(text)) == portable(text)
