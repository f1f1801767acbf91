"""Markdown as rows of a terminal: layout, width, and control characters."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from nbstream.markdown.parser import parse
from nbstream.output.terminal import rows as text_module
from nbstream.output.terminal.rows import LONGEST_ROW, to_rows, wrap

STYLE = re.compile(r"\x1b\[[0-9;]*m")

#: Control sequences and direction controls, as such or as HTML character references.
CONTROLS = [
    "\x1b]8;;https://evil.example\x1b\\",
    "\x1b[2J",
    "\x9b31m",
    "\x07",
    "\x08",
    "\u202e",
    "\u2066",
    "\u2028",
    "\ud800",
    "&#27;[2J",
    "&#x9b;31m",
    "&#8238;",
]
#: Every place in Markdown where a control sequence may stand, marked by {} or {0}.
PLACES = [
    "{}",
    "# {}",
    "*{}* [{}](https://example.org/{}) ![{}](https://example.org/{})",
    "`{}`",
    "```{}\n{}\n```",
    "```python\n'{}'\n```",
    "    {}",
    "- {}",
    "> {}",
    "|{}|\n|-|\n|{}|",
    "$a{}$",
    "$$\na{}\n$$",
    "a[^{0}]\n\n[^{0}]: {0}",
    "[a]\n\n[a]: https://example.org/{} '{}'",
]
MIXED = """Words and 中文字符、以及标点。还有 `code` and 🌊👩‍👩‍👧.
And a_very_long_word_that_does_not_fit_anywhere_at_all_not_even_in_a_terminal_of_the_usual_width_or_one_that_is_wider.

- item with several words in it
  1. nested item with several words in it

> quote that goes on for some time

| head | 表格 |
|:-|-:|
| several words in a cell | 中文中文中文 |

***
"""


@pytest.fixture(autouse=True)
def keep_tex(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw a formula as its TeX source in angle brackets; tests/markdown tests its text form."""
    monkeypatch.setattr(text_module, "to_text", lambda tex: f"<{tex}>")


def draw(markdown: str, width: int = 80, *, fit: bool = False) -> list[str]:
    """Return the rows of `markdown` with their styles."""
    return [row for block in parse(markdown).blocks for row in to_rows(block, width, fit=fit)]


def plain(markdown: str, width: int = 80, *, fit: bool = False) -> list[str]:
    """Return the rows of `markdown` without styles."""
    return [STYLE.sub("", row) for row in draw(markdown, width, fit=fit)]


@pytest.mark.parametrize(
    ("markdown", "rows"),
    [
        ("# a *b*", ["a b"]),
        ("a *b* **c** `d` ~~e~~\nf\\\ng", ["a b c d e", "f", "g"]),
        ("[a *b*](https://example.org/x)", ["a b (https://example.org/x)"]),
        ("<https://example.org> <me@example.org>", ["https://example.org me@example.org"]),
        ("[a](javascript:b) <i>c</i>", ["a <i>c</i>"]),
        ("[a][1]\n\n[1]: https://example.org", ["a (https://example.org)"]),
        ("![a *b*](https://example.org/c)", ["Image from example.org not loaded: a b (https://example.org/c)"]),
        ("![a](data:b)", ["Image not loaded: a"]),
        ("- a\n- b\n  - c", ["• a", "• b", "  • c"]),
        ("- a\n\n- b\n\n  c", ["• a", "", "• b", "", "  c"]),
        ("9. a\n10. b\n    - c", [" 9. a", "10. b", "    • c"]),
        ("3) a", ["3) a"]),
        ("- [ ] a\n- [x] b\n- c", ["☐ a", "☑ b", "• c"]),
        ("-\n- a", ["•", "• a"]),
        ("> a\n>\n> - b", ["│ a", "│", "│ • b"]),
        ("a[^1]\n\n[^1]: b", ["a[1]", "[1] b"]),
        ("a $b$ $5 and $6\n\n$$\nc\n$$", ["a <b> $5 and $6", "    <c>"]),
        ("&lt;&amp; \\*a\\*", ["<& *a*"]),
        ("| a | b |\n|:-|-:|\n| 中 | 1 |\n| c | 10 |", ["a     b", "───────", "中    1", "c    10"]),
    ],
)
def test_markdown_is_drawn_as_rows(markdown: str, rows: list[str]) -> None:
    assert plain(markdown) == rows


@pytest.mark.parametrize(
    ("markdown", "code"),
    [("# a", "1;4"), ("**a**", "1"), ("*a*", "3"), ("~~a~~", "9"), ("`a`", "36"), ("[a](https://b.example)", "4")],
)
def test_inline_markup_is_styled(markdown: str, code: str) -> None:
    assert f"\x1b[{code}ma\x1b[0m" in draw(markdown)[0]


def test_code_is_highlighted_between_two_rules() -> None:
    first, *code, last = draw("```python x\nif a:\n\n\treturn 'b'\n```", 40)
    assert STYLE.sub("", first) == "── python " + "─" * 30
    assert STYLE.sub("", last) == "─" * 40
    assert [STYLE.sub("", row) for row in code] == ["if a:", "", "    return 'b'"]
    assert code[0].startswith("\x1b[35mif\x1b[0m")
    assert "\x1b[32m" in code[2]


@pytest.mark.parametrize("language", ["", "no-such-language", "text"])
def test_code_in_an_unknown_language_is_not_highlighted(language: str) -> None:
    assert draw(f"```{language}\nif\n```")[1:-1] == ["if"]


@pytest.mark.parametrize("code", ["a", "\na\n\n", "  a  "])
def test_blank_lines_and_indents_of_code_are_kept(code: str) -> None:
    drawn = plain(f"```python\n{code}\n```")[1:-1]
    assert [row.rstrip() for row in drawn] == [row.rstrip() for row in code.split("\n")]


def test_a_wide_line_of_code_is_cut_only_with_fit() -> None:
    markdown = f"```python\n{'x' * 60}\n```"
    assert plain(markdown, 40)[1] == "x" * 60
    assert plain(markdown, 40, fit=True)[1] == "x" * 39 + "…"


def test_a_long_language_name_is_cut_only_with_fit() -> None:
    markdown = f"```{'x' * 60}\na\n```"
    assert plain(markdown, 40)[0] == f"── {'x' * 60} ──"
    assert plain(markdown, 40, fit=True)[0] == "── " + "x" * 36 + "…"


@pytest.mark.parametrize("width", [24, 40, 80, 200])
def test_no_row_is_wider_than_the_terminal_or_the_longest_row(width: int) -> None:
    rows = plain(MIXED, width)
    assert max(map(cell_len, rows)) <= min(width, LONGEST_ROW)
    drawn = "".join(rows)
    assert all(char in drawn for char in unicodedata.normalize("NFC", MIXED) if char.isalnum())


@pytest.mark.parametrize("nesting", [">", "- ", "1. "])
def test_text_in_very_deep_nesting_is_drawn(nesting: str) -> None:
    assert "a word" in " ".join(plain(nesting * 8 + "a word and another word and another", 20))


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("place", PLACES)
def test_control_characters_are_not_drawn(place: str, control: str) -> None:
    for row in plain(place.replace("{0}", control).replace("{}", control)):
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl") for char in row), row
        assert not any(char in row for char in "\u202e\u2066")


def test_a_huge_table_is_drawn_as_plain_rows() -> None:
    rows = plain("|a|b|\n|-|-|\n" + "|c|d|\n" * 3000)
    assert rows[0] == "a | b"
    assert rows[-1] == "c | d"
    assert len(rows) == 3001


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("", 9, [""]),
        ("a bc def", 4, ["a bc ", "def"]),
        ("  a bc", 4, ["  a ", "bc"]),
        ("abcdefghij k", 4, ["abcd", "efgh", "ij k"]),
        ("中文字符", 5, ["中文", "字符"]),
        # No row begins with a full stop or ends with an opening bracket.
        ("中文字。符", 6, ["中文", "字。符"]),
        ("中文「字」", 7, ["中文", "「字」"]),
        ("中文「ab」", 7, ["中文", "「ab」"]),
        ("ab 「cd」", 6, ["ab ", "「cd」"]),
        ("中「「", 4, ["中", "「「"]),
        ("a中b文c", 4, ["a中b", "文c"]),
    ],
)
def test_text_is_wrapped(text: str, width: int, rows: list[str]) -> None:
    assert wrap(text, width) == rows


@given(st.text("ab 中。「🌊", max_size=60), st.integers(0, 60), st.integers(2, 12))
def test_appending_text_changes_only_the_last_row(text: str, at: int, width: int) -> None:
    rows = wrap(text, width)
    assert "".join(rows) == text
    *before, last = wrap(text[:at], width)
    assert [*before, *wrap(last + text[at:], width)] == rows
