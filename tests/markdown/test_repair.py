"""Half-written Markdown is completed, or its end is withheld."""

from __future__ import annotations

import pytest

from nbstream.markdown.repair import is_withheld, may_define, repair


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain", "plain"),
        ("**bold", "**bold**"),
        ("**bold ", "**bold**"),
        ("**bold*", "**bold**"),
        ("**bold** and *more", "**bold** and *more*"),
        ("***both", "***both***"),
        ("*a **bc", "*a **bc***"),
        ("*a **b", "*a*"),
        ("__ready", "__ready__"),
        ("__init", ""),
        ("snake_case_name", "snake_case_name"),
        ("2 * 3", "2 * 3"),
        ("2 *", "2 "),
        (r"\*not", r"\*not"),
        ("back\\", "back"),
        ("~~gone", "~~gone~~"),
        ("~ten", "~ten"),
        ("`code", "`code`"),
        ("``a`b", "``a`b``"),
        ("``a`", "``a``"),
        ("text `", "text "),
        ("`a*` and **`b", "`a*` and **`b`**"),
        ("see [label", "see label"),
        ("see [label]", "see label"),
        ("see [label](http://x.y/a_(b", "see label"),
        ("see [label](http://x.y 'ti", "see label"),
        ("see [label](http://x.y 'title'", "see label"),
        ("see [label][re", "see label"),
        ("see [label](http://x.y/a_b) *now", "see [label](http://x.y/a_b) *now*"),
        ("**see [label](ht", "**see label**"),
        ("**[", ""),
        ("[**label", "**label**"),
        ("[a] but", "[a] but"),
        ("[x](no link", "[x](no link"),
        ("a[0", "a[0"),
        ("[0, 1) " + "and on " * 20, "[0, 1) " + "and on " * 20),
        ("a ![alt", "a "),
        ("a ![alt](http://x.y/i.p", "a "),
        ("*a ![alt](ht", "*a*"),
        ("[![alt](http://x.y/i.png", ""),
        ("<http://x.y/a_b> _c", "<http://x.y/a_b> _c_"),
        ("text\n| a | b", "text"),
        ("| a |", ""),
    ],
)
def test_repair(written: str, shown: str) -> None:
    assert repair(written).text == shown


@pytest.mark.parametrize(
    "line",
    [
        *(
            "",
            "  ",
            "-",
            "- ",
            "- - -",
            "--",
            "===",
            "**",
            "* *",
            "#",
            "##",
            "1",
            "12.",
            "3) ",
            "- 1.",
            "> -",
            "|",
            "|--|:-",
        ),
        *("`", "```", "```py", "~~~ js", "- ```py", "[a]:", "[a]: http://x.y", "[a]: http://x.y 'ti"),
    ],
)
def test_a_line_of_markers_is_withheld(line: str) -> None:
    assert is_withheld(line, may_define=True)


@pytest.mark.parametrize(
    "line", ["a", "- a", "-a", "1.5", "1. a", "# a", "#a", "**a", "| a", "> a", "`a", "[a]", "[a]: b c"]
)
def test_other_lines_are_not_withheld(line: str) -> None:
    assert not is_withheld(line, may_define=True)


@pytest.mark.parametrize("lines", [[], ["a", ""], ["[a]: http://x.y"], ["a", " ", "[a]: b", "[b]:"]])
def test_a_definition_may_stand_there(lines: list[str]) -> None:
    assert may_define(lines)


@pytest.mark.parametrize("lines", [["a"], ["a", "[a]: http://x.y"], ["- [a]: http://x.y"]])
def test_a_definition_may_not_stand_there(lines: list[str]) -> None:
    assert not may_define(lines)
    assert not is_withheld("[a]:", may_define=False)


@pytest.mark.parametrize(
    "piece", ["[", "![", "*a _b ", "*_", "*a[", "`", "- ", "[a](", "(", "\\", "~", "1. ", "[a]: ", "` "]
)
def test_repair_of_a_long_text_ends_in_time(piece: str) -> None:
    # A quadratic one would run into the test's time-out.
    text = piece * 20_000
    assert len(repair(text).text) <= 2 * len(text)
    assert is_withheld(text, may_define=True) in (True, False)


def test_closers_without_an_opener_of_their_own_are_repaired_in_time() -> None:
    # Each of them looks for its opener; a quadratic search would run into the test's time-out.
    text = "_a " * 40_000 + "b* " * 40_000
    assert repair(text).text.startswith("_a ")


def test_only_the_last_open_marks_are_closed() -> None:
    # Else each frame would send the end of each mark again.
    assert repair("*an " * 100).text == "*an " * 99 + "*an" + "*" * 32
