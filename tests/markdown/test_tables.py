"""A bar within code or a formula belongs to its cell, and no text of a row vanishes."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.markdown.parser import inline_tokens, parse
from nbstream.markdown.rendering import to_html
from nbstream.markdown.tables import split_row
from nbstream.widgets.markdown_document import MarkdownDocument


def rows(text: str) -> list[list[str]]:
    """Return the source of each cell of the table in `text`."""
    found: list[list[str]] = []
    for block in parse(text).blocks:
        for token in block.tokens:
            if token.type == "tr_open":
                found.append([])
            elif token.type == "inline":
                found[-1].append(token.content)
    return found


def row(line: str, columns: int = 2) -> list[str]:
    head = "|".join("h" * columns)
    return rows(f"|{head}|\n|{'-|' * columns}\n{line}\n")[1]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        (r"| $P(A|B)$ | x |", ["$P(A|B)$", "x"]),
        (r"| $P(A | B)$ | x |", ["$P(A | B)$", "x"]),
        (r"| $|x|$ | $|y| + |z|$ |", ["$|x|$", "$|y| + |z|$"]),
        (r"|$a|b$|$c$|", ["$a|b$", "$c$"]),
        (r"| $$\{x | x > 0\}$$ | x |", [r"$$\{x | x > 0\}$$", "x"]),
        (r"| \(P(A|B)\) | \[|x|\] |", [r"\(P(A|B)\)", r"\[|x|\]"]),
        ("| `a | b` | x |", ["`a | b`", "x"]),
        ("| ``a ` | b`` | `||` |", ["``a ` | b``", "`||`"]),
        ("`str | None` | x", ["`str | None`", "x"]),
        # An escaped bar is one; two of them around something are TeX's norm.
        (r"| a \| b | `a \| b` |", ["a | b", "`a | b`"]),
        (r"| $P(A\|B)$ | x |", ["$P(A|B)$", "x"]),
        (r"| $P(A\|B) = P(B\|A)$ | x |", ["$P(A|B) = P(B|A)$", "x"]),
        (r"| $\|v\|_2$ | \(\|v\| + \|w\|\) |", [r"$\|v\|_2$", r"\(\|v\| + \|w\|\)"]),
        (r"| $\left\| v \right\|$ | x |", [r"$\left\| v \right\|$", "x"]),
        # Money, and signs that open nothing.
        ("| $5 | $6 |", ["$5", "$6"]),
        ("|$5|$6|", ["$5", "$6"]),
        ("| $10M | 12$ |", ["$10M", "12$"]),
        ("| $HOME | $PATH |", ["$HOME", "$PATH"]),
        ("| ` | backtick |", ["`", "backtick"]),
        (r"| \\( | \\) |", [r"\\(", r"\\)"]),
        (r"| \( | b |", [r"\(", "b"]),
        ("| `` | ` |", ["``", "`"]),
        # Too many cells, and too few.
        ("| 1 | 2 | 3 | 4 |", ["1", "2 | 3 | 4"]),
        ("| 1 | 2 |  | 4 |", ["1", "2 |  | 4"]),
        ("| 1 |", ["1", ""]),
        ("| | 2 |", ["", "2"]),
    ],
)
def test_cells(line: str, cells: list[str]) -> None:
    assert row(line) == cells


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("| $P(A|B)$ | x |\n|---|---|\n", ["$P(A|B)$", "x"]),
        ("`a | b` | x\n--- | ---\n", ["`a | b`", "x"]),
        (r"| $P(A\|B)$ |" + "\n|-|\n", ["$P(A|B)$"]),
        # The delimiters count as GitHub does.
        ("| `a | b` | x |\n|---|---|---|\n", ["`a", "b`", "x"]),
    ],
)
def test_heads(text: str, head: list[str]) -> None:
    assert rows(text) == [head]


@pytest.mark.parametrize("text", ["| a | b |\n|---|\n", "a\n---|---\n", "| a |\n| |\n", "|\n|-|\n", "| a\n- | b\n"])
def test_what_is_no_table(text: str) -> None:
    assert "<table>" not in to_html(text)


def test_the_text_beyond_the_last_column_is_shown() -> None:
    assert '<td style="text-align:left">2 | <code>3</code></td>' in to_html("|a|b|\n|-|-|\n|1|2|`3`|\n")


ROWS = [
    "| $P(A|B)$ | $|x|$ | `a | b` |",
    r"| \(a|b\) | $$|x|$$ | ``x | y`` |",
    "| $5 | $6 and $7 | 8$ |",
    r"| $\{x | x > 0\}$ | a \| b | c | d | e |",
    "|$a$|$b|c$|`d`|",
]


@pytest.mark.parametrize("line", ROWS)
def test_a_cell_that_grows_keeps_what_it_showed(line: str) -> None:
    text = f"| one | two | three |\n|-----|----:|---|\n{line}\n"
    growing = MarkdownDocument()
    shown: list[str] = []
    for char in text:
        growing.feed(char)
        growing.frame()
        # The source of formulas, since MathML moves its signs.
        cells = re.findall(r"<td[^>]*>(.*?)</td>", growing.html)
        plain = [html.unescape(re.sub("<[^>]*>", "", re.sub("<math.*?</math>", "", cell))) for cell in cells]
        for at, (before, after) in enumerate(zip(shown, plain, strict=False)):
            assert after.startswith(before) or "$" in before, (at, shown, plain)
        shown = plain


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "|", " | ", "`", "``", "$", "$$", "\\(", "\\)", "\\", "\\|", "1", " ", "("])).map(
        "".join
    )
)
def test_no_character_of_a_row_is_lost(line: str) -> None:
    text = "".join(split_row(line))
    for sign in "a`$1(":
        assert text.count(sign) == line.count(sign)
    tokens = [token for block in parse(f"|x|\n|-|\n|{line}|\n").blocks for token in block.tokens]
    shown = [inline_tokens(token, {}) for token in tokens if token.type == "inline"]
    assert shown
