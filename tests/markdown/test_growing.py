"""Growing Markdown: frames equal full renderings, splits change nothing, cost is linear."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nbstream.markdown import open_block, parser
from nbstream.markdown.rendering import to_html
from nbstream.widgets.markdown_document import MarkdownDocument
from tests.widgets.page_state import apply, empty_state, html_of

if TYPE_CHECKING:
    from nbstream.widgets.protocol import Op

PIECES = [
    *(
        "word",
        "漢字",
        "👩‍🚀",
        "é",
        "x_y",
        "$5",
        "$",
        "$$",
        "$$\n",
        "\\(",
        "\\)",
        "\\[",
        "\\]",
        "[^1]",
        "[^1]: ",
        "[x] ",
        "1",
        "23",
        " ",
        "  ",
        "    ",
        "\t",
        "\n",
        "\n",
        "\n",
        "\n\n",
        "\n\n",
        "\r\n",
        "\r",
    ),
    *(
        "- ",
        "* ",
        "+ ",
        "• ",
        "•",
        "◦ b\n",
        "-",
        "1. ",
        "2. ",
        "10) ",
        "-\n",
        "- a\n",
        "- b\n",
        "1. one\n",
        "[ ] ",
        "> ",
        ">",
        "# ",
        "## ",
        "#",
    ),
    *(
        "```",
        "```py\n",
        "```md\n",
        "~~~text\n",
        "````md\n",
        "a:```py\n",
        "a:```\n",
        "\n```\n",
        "~~~",
        "~~~\n",
        "`",
        "``",
        "*",
        "**",
        "_",
        "~~",
        "\\",
        "&amp;",
        "<b>",
        "<",
        "---",
        "===",
        "--",
    ),
    *("| a | b |\n", "|---|:-:|\n", "|-|-|", "| 1 | 2 |\n", "a | b\n", "|", "\\|", "x\n", "\x0b", "\u2028", "\0"),
    *("[", "](", ")", "]", "](http://x.org)", "[a](http://x.y)", "![", "![i](http://x.y/z)", "<http://a.b>", "!"),
]
DEFINITIONS = [
    "[a]: http://x.y\n",
    "[a]: http://x.y 'title\nmore'\n",
    "[a]:\nhttp://z\n",
    "[a]",
    "[x][a]",
    "]:",
    "'title'\n",
]

texts = (
    st.lists(st.sampled_from(PIECES), max_size=40)
    .map("".join)
    .filter(lambda text: "]:" not in text.replace("[^1]: ", ""))
)
texts_with_references = st.lists(st.sampled_from(PIECES + DEFINITIONS * 3), max_size=40).map("".join)
cuts = st.lists(st.integers(0, 200), max_size=12)


def split(text: str, cuts: list[int]) -> list[str]:
    points = sorted({cut % (len(text) + 1) for cut in cuts})
    return [text[a:b] for a, b in zip([0, *points], [*points, len(text)], strict=True)]


def check(pieces: list[str], *, each_frame: bool = True) -> None:
    growing, page, so_far = MarkdownDocument(), empty_state(), ""
    for piece in pieces:
        so_far += piece
        growing.feed(piece)
        apply(page, growing.frame())
        assert page == growing.state
        assert html_of(page) == growing.html
        if each_frame:
            assert growing.html == to_html(so_far, final=False)
    apply(page, growing.finish())
    assert page == growing.state
    assert (len(page["groups"]), page["tail"]) == (1, "")
    assert html_of(page) == to_html(so_far)


@settings(max_examples=800, deadline=None)
@given(texts, cuts)
@example("- a\n- b\n\n  c\n- d\n", [4, 8, 12, 13])
@example("1\n. b\n", [1])
@example("a\n\n|b|\n|-|\n|c|\n\n", [])
@example("```py\nx\n``` \ny", [6, 8, 11, 12])
def test_every_frame_equals_a_full_rendering(text: str, cuts: list[int]) -> None:
    check(split(text, cuts))


@settings(max_examples=300, deadline=None)
@given(texts)
# A line that ends a list or a table, until its next character takes that back.
@example("- a\n- b\n#hashtag\n- c\n")
@example("- a\n- b\n```c`d\n")
@example("1. a\n\n2. b\n\n2\n")
@example("* a\n* b\n\n**c**\n")
@example("* a\n* b\n\n* * * d\n")
@example("|a|\n|-|\n|b|\n#c\n-- |\n")
# A line that changes what the line above it was.
@example("- a\n- b\n|c|\n|-|x\n")
@example("~~~ a | b\n-|-\n")
@example("~~~ a | b\n\n-|-\n")
# What a written row opens is not closed.
@example("|a|\n|-|\n|**b|\n|c|\n")
# Items that are tables, rules or nested lists, were they to stand alone, or at another indentation.
@example("- a\n- b | c\n|---|---|\n- d\n")
@example("   1. a\n   2. b\n   3. c\n")
@example("- a\n - b\n  - c\n   - d\n    - e\n- f\n")
def test_every_character_may_be_a_frame(text: str) -> None:
    check(list(text))


@settings(max_examples=500, deadline=None)
@given(texts_with_references, cuts)
@example("[a]: http://x.y\n'title\nmore'\n\n[a]\n", [17, 20, 24, 29])
@example("- [a]: http://x.y\n- b\n- c\n\n[a]\n", [18, 22, 26])
def test_the_last_frame_has_all_references(text: str, cuts: list[int]) -> None:
    check(split(text, cuts), each_frame=False)


@pytest.mark.parametrize("definition", ["[a]: http://x.y\n'title\nmore'", "- b\n- [a]: http://x.y\n  'title'"])
def test_a_definition_may_continue_in_the_next_line(definition: str) -> None:
    assert ops(f"{definition}\n\nSee [a].\n", "reset") == []


def test_a_reference_defined_before_its_use_is_a_link_at_once() -> None:
    check(list("[a]: http://x.y 'T'\n\nSee [a].\n\n- [a]\n- ![i][a]\n\n| [a] |\n|---|\n| [b][a] |\n"))


def frames(text: str, step: int = 1) -> list[list[Op]]:
    growing = MarkdownDocument()
    result = []
    for start in range(0, len(text), step):
        growing.feed(text[start : start + step])
        result.append(growing.frame())
    return [*result, growing.finish()]


def ops(text: str, name: str, step: int = 1) -> list[Op]:
    return [op for frame in frames(text, step) for op in frame if op[0] == name]


@pytest.mark.parametrize("end", ["", "\n", "\n\nAnd [a].\n"])
def test_a_reference_defined_late_causes_one_reset_at_the_end(end: str) -> None:
    text = f"See [a].\n\nMore.\n\n[a]: http://x.y{end}"
    assert ops(text, "reset") == [("reset", to_html(text))]
    assert frames(text)[-1] == [("reset", to_html(text))]


@pytest.mark.parametrize("text", ["- a\n- b\n- c\n\n- d\n\n- e\n\nEnd.\n", "- a\n\n- b\n- c\n\n  d\n- e\n\nEnd.\n"])
def test_no_item_of_a_list_is_written_again(text: str) -> None:
    assert ops(text, "redo") == ops(text, "reset") == []
    assert len(ops(text, "open")) == 1


BOX = "margin:0 0 1em;padding:.4em .8em"
LANGUAGE = "display:block;opacity:.72;font-size:.8em;line-height:1.6"
LINES = "padding:0;background:none;white-space:pre"
PRE = "margin:0;background:none;line-height:1.31;white-space:pre;overflow-x:auto"


def test_finished_parts_are_written_within_their_group() -> None:
    growing = MarkdownDocument()
    growing.feed("```py\nif\nif\nif")
    tags = f'<div class="nbstream-code highlight" dir="ltr" style="{BOX}">'
    tags += f'<span class="nbstream-language" style="{LANGUAGE}">py</span><pre style="{PRE}">'
    assert growing.frame() == [
        ("open", f'{tags}<code class="language-py" style="{LINES}">', "</code></pre></div>\n"),
        ("add", "if\nif\n"),
        ("tail", 0, "if"),
    ]
    growing.feed("\n``")
    assert growing.frame() == [("add", "\n", 2), ("tail", 0, "")]
    growing.feed("`\n3. d\n4. e\n5. f")
    assert growing.frame() == [
        ("colour", "k.2 1k.2 1k.2"),
        ("open", '<ol start="3">\n', "</ol>\n"),
        ("add", "<li>d</li>\n"),
        ("tail", 0, "<li>e</li>\n<li>f</li>\n"),
    ]


def test_a_frame_without_new_text_and_after_the_end_is_empty() -> None:
    growing = MarkdownDocument()
    assert growing.frame() == growing.finish() == growing.finish() == []
    growing = MarkdownDocument()
    growing.feed("a")
    assert growing.frame() == [("tail", 0, "<p>a</p>\n")]
    assert growing.frame() == []
    assert growing.finish() == [("add", "", 9), ("tail", 0, "")]
    assert growing.finish() == growing.frame() == []


GROWING = {
    "fence": "```py\n" + "x = 1  # a line of code\n" * 2000,
    "tight list": "".join(f"{number}. an item *like* others\n" for number in range(1, 800)),
    "loose list": "- an item *like* others\n\n" * 800,
    "list with a late blank line": "- an item *like* others\n" * 800 + "\n- the last\n",
    "table": "| one | two |\n|-----|----:|\n" + "| a cell | another cell |\n" * 500,
    "paragraphs": "A paragraph, *like* others.\n\n" * 1000,
    "headings": "# A heading, *like* others\n" * 1000,
    "blank lines": "a\n\n" + "\n" * 3000,
    "definitions": "".join(f"[{number}]: http://example.org/{number}\n" for number in range(1000)),
}


@pytest.mark.parametrize("text", GROWING.values(), ids=GROWING)
def test_work_and_bytes_are_linear(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = 0
    original = parser.NbstreamMarkdown.parse

    def counting(self: parser.NbstreamMarkdown, src: str, env: object = None) -> object:
        nonlocal parsed
        parsed += len(src)
        return original(self, src, env)  # type: ignore[arg-type]

    monkeypatch.setattr(parser.NbstreamMarkdown, "parse", counting)
    growing, sent, per_frame = MarkdownDocument(), 0, []
    for start in range(0, len(text), 60):
        growing.feed(text[start : start + 60])
        parsed = 0
        sent += len(json.dumps(growing.frame()))
        per_frame.append(parsed)
    assert max(per_frame) < 1_000
    assert sum(per_frame) < 12 * len(text)
    assert sent < 8 * len(text)
    parsed = 0
    growing.finish()
    assert parsed <= len(text) + 1_000


def test_a_table_with_too_many_cells_is_written_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_block, "MOST_CELLS", 6)
    text = "|a|b|\n|-|-|\n" + "|c|\n" * 6 + "\nEnd.\n"
    check(list(text))
    assert ops(text, "redo") == [("redo", "")]
    check([text])


ANSWER = """\
Intro: a **bold phrase with `code_in` it**, ***both***, 2 * 3 * 4, snake_case_name, a[0] and ~~gone~~ things.

Text right before
- item **one**: `x`, [the manual](https://example.org/a_(b) "T") and more
- item two
  1. nested
  2. nested *two*

     of it
```python
x = a[0] * b  # "```" is no end
```
Setext
======

Next
---

| a | b |
|---|---|
| **x** | y `z` |
| [l](http://x.y) | ~~s~~ |

> quote *emph* 😀
> more

***

3) drei
4) 四

    indented code

**Note:** final & "quotes" — 10 000 items; x_1 + y_2 = z! Costs $5.
"""


def visible(document: str) -> str:
    return "".join(html.unescape(re.sub("<[^>]*>", "", document)).split())


def test_no_frame_shows_text_that_a_later_frame_removes() -> None:
    growing, final = MarkdownDocument(), visible(to_html(ANSWER))
    for char in ANSWER:
        growing.feed(char)
        growing.frame()
        assert final.startswith(visible(growing.html))


@pytest.mark.parametrize("line", ["\\[not a link](/foo)", "$$ no formula", "[label]: no definition"])
def test_a_line_that_looks_like_a_block_may_continue_a_long_paragraph(line: str) -> None:
    paragraph = "word " * 1_000
    check([paragraph + "end", f"\n{line}\n", "more\n", "and more"])


@pytest.mark.parametrize("marker", ["- ", "> ", ""])
def test_a_line_that_looks_like_a_definition_removes_no_shown_text(marker: str) -> None:
    check(["word " * 1_000, "`code\n" + marker + "[f", "oo]:", " bar", " and more"])


def test_a_long_text_in_brackets_may_become_a_definition() -> None:
    check(["[" + "1,\n" * 100 + "2]", ":", " http://x.y\n", "\nend"], each_frame=False)
    check(["[" + "1,\n" * 100 + "2]", ":"])
