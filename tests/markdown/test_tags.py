# ruff: noqa: RUF001  (texts of many scripts)
"""The few tags that are rendered, in each frame and in a terminal; everything else stays text."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.markdown.growing_blocks import GrowingBlocks
from nbstream.markdown.rendering import to_html
from nbstream.output.terminal.rows import to_rows
from tests.hostile.allowed import faults
from tests.markdown.test_specification import check, check_each_split

STYLES = re.compile(r"\x1b\[[0-9;]*m")


def plain(markdown: str) -> list[str]:
    blocks = GrowingBlocks()
    pieces = [*blocks.feed(markdown), *blocks.finish()]
    return [STYLES.sub("", row).rstrip() for piece in pieces for row in to_rows(piece.block, 60)]


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


RENDERED = [
    ("H<sub>2</sub>O", "H<sub>2</sub>O", "H₂O"),
    ("E = mc<sup>2</sup>", "E = mc<sup>2</sup>", "E = mc²"),
    ("10<sup>-3</sup> m, 1<sup>st</sup>", "10<sup>-3</sup> m, 1<sup>st</sup>", "10⁻³ m, 1ˢᵗ"),
    ("<kbd>Ctrl</kbd>+<kbd>C</kbd>", "<kbd>Ctrl</kbd>+<kbd>C</kbd>", "Ctrl+C"),
    ("a<br>b<br/>c<br />d", "a<br>\nb<br>\nc<br>\nd", "a\nb\nc\nd"),
    ("a<br>\nb <BR>  \n  c", "a<br>\nb <br>\nc", "a\nb\nc"),
    ("x<SUB>1</SUB>", "x<sub>1</sub>", "x₁"),
    ("x<sub>i<sup>2</sup></sub>", "x<sub>i<sup>2</sup></sub>", "xᵢ²"),
    ("**CO<sub>2</sub>**", "<strong>CO<sub>2</sub></strong>", "CO₂"),
    ("SO<sub>**4**</sub>", "SO<sub><strong>4</strong></sub>", "SO₄"),
    ("x<sub>max</sub> y<sub>Q</sub>", "x<sub>max</sub> y<sub>Q</sub>", "xₘₐₓ yQ"),
    ("水<sub>（冷）</sub>", "水<sub>（冷）</sub>", "水（冷）"),
    ("e<sup>iπ</sup> x<sup>[1]</sup>", "e<sup>iπ</sup> x<sup>[1]</sup>", "e^(iπ) x[1]"),
    ("<kbd>`a`</kbd>", "<kbd><code>a</code></kbd>", "a"),
    # A tag without its partner, or across another, is text.
    ("a <sub> b", "a &lt;sub&gt; b", "a <sub> b"),
    ("a </sub> b", "a &lt;/sub&gt; b", "a </sub> b"),
    ("<sub>a<sup>b</sub>c</sup>", "<sub>a&lt;sup&gt;b</sub>c&lt;/sup&gt;", "a<sup>bc</sup>"),
    ("*a <sub>b* c</sub>", "*a <sub>b* c</sub>", "*a b* c"),
    ("a <sub>b *c</sub> d*", "a <sub>b *c</sub> d*", "a b *c d*"),
    ("the <sub> and `</sub>` tags", "the &lt;sub&gt; and <code>&lt;/sub&gt;</code> tags", "the <sub> and </sub> tags"),
    ("`<sub>` makes <sub>x</sub>", "<code>&lt;sub&gt;</code> makes <sub>x</sub>", "<sub> makes ₓ"),
    ("`a<br>b`", "<code>a&lt;br&gt;b</code>", "a<br>b"),
    ("\\<br> \\<sub>a</sub>", "&lt;br&gt; &lt;sub&gt;a&lt;/sub&gt;", "<br> <sub>a</sub>"),
    # Other tags, and attributes, are text.
    ('a<br class="x">b', "a&lt;br class=&quot;x&quot;&gt;b", 'a<br class="x">b'),
    ("<sub onclick=x>a</sub>", "&lt;sub onclick=x&gt;a&lt;/sub&gt;", "<sub onclick=x>a</sub>"),
    ("<b>a</b> <u>b</u> <mark>c</mark>", None, "<b>a</b> <u>b</u> <mark>c</mark>"),
    ("<br  /> <br/ > < br> <br", None, "<br  /> <br/ > < br> <br"),
    ("</br> <sub/> <kbd />", None, "</br> <sub/> <kbd />"),
]


@pytest.mark.parametrize(("markdown", "html", "text"), RENDERED)
def test_tags(markdown: str, html: str | None, text: str) -> None:
    if html is None:
        html = markdown.replace("<", "&lt;").replace(">", "&gt;")
    assert to_html(markdown) == f"<p>{html}</p>\n"
    assert plain(markdown) == text.split("\n")
    check_each_split(markdown)


def test_a_line_break_in_a_cell() -> None:
    table = "|a|b|\n|-|-|\n|one<br>two|x<sup>2</sup>|\n|`<br>`|<br>|\n"
    html = to_html(table)
    assert ">one<br>\ntwo</td>" in html
    assert ">x<sup>2</sup></td>" in html
    assert "<code>&lt;br&gt;</code>" in html
    rows = plain(table)
    assert any(row.startswith("one ") and "x²" in row for row in rows)
    assert "two" in [row.strip() for row in rows]
    check_each_split(table)


def test_tags_in_other_blocks() -> None:
    assert to_html("# H<sub>2</sub>O<br>x") == "<h1>H<sub>2</sub>O<br>\nx</h1>\n"
    assert to_html("- a<br>b") == "<ul>\n<li>a<br>\nb</li>\n</ul>\n"
    assert "<a href=" in to_html("[H<sub>2</sub>O](http://x.y)")
    assert "&lt;br&gt;" in to_html("```\na<br>b\n```")


@pytest.mark.parametrize(
    "text",
    [
        "Water is H<sub>2</sub>O, and 10<sup>-3</sup> is small.",
        "Press <kbd>Ctrl</kbd>+<kbd>Shift</kbd>+<kbd>P</kbd>.",
        "one<br>two<br/>three<br />four",
        "**CO<sub>2</sub> and *N<sub>2</sub>* only**",
        "a &lt; b &amp;&nbsp;c &quot;d&quot;",
        "see <https://example.com/a> and <me@example.com>",
    ],
)
def test_no_frame_shows_half_a_tag_or_entity(text: str) -> None:
    whole = words(to_html(text))
    for at in range(1, len(text) + 1):
        assert whole.startswith(words(to_html(text[:at], final=False)).rstrip())


def test_a_tag_in_a_sentence_is_text_in_each_frame() -> None:
    text = "The <sub> element and the <kbd> element are old."
    for at in range(20, len(text)):
        assert "<sub>" not in to_html(text[:at], final=False)
    long = f"x<sub>{'word ' * 30}"
    assert "<sub>" not in to_html(long, final=False)
    assert "<sub>" in to_html("x<sub>word word", final=False)


pieces = st.lists(
    st.sampled_from(
        [
            *("<sub>", "</sub>", "<sup>", "</sup>", "<kbd>", "</kbd>", "<br>", "<BR />", "<sub", "</", "<"),
            *(
                "*",
                "**",
                "~~",
                "`",
                "a",
                " ",
                "[",
                "](http://x.y)",
                "\n",
                "|",
                "|-|\n",
                "$",
                "\\",
                "![",
                "<http://x.y>",
            ),
        ]
    ),
    max_size=16,
)


@settings(max_examples=400, deadline=None)
@given(pieces)
def test_tags_are_balanced_in_each_frame(parts: list[str]) -> None:
    check(parts)
    text = "".join(parts)
    for at in range(1, len(parts)):
        assert faults(to_html("".join(parts[:at]), final=False), settled=False) == []
    assert faults(to_html(text, settled=True), settled=True) == []
    plain(text)


@pytest.mark.parametrize("piece", ["<sub>", "</sub>", "<sub>a</sub>", "<sub>*", "<sub></sup>", "<br>", "`<sub>", "<"])
def test_many_tags_are_rendered_in_time(piece: str) -> None:
    # A quadratic search would run into the test's time-out.
    text = piece * 8_000
    assert to_html(text).startswith("<p>")
    assert to_html(text, final=False) is not None
