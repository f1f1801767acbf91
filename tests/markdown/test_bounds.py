"""The cost of a frame does not grow with the text; work is counted, never timed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from nbstream.markdown import parser
from nbstream.markdown.rendering import to_html
from nbstream.widgets.markdown_document import MarkdownDocument
from tests.widgets.page_state import apply, empty_state, html_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

#: As many characters come between two frames.
STEP = 60
#: What a frame may read and send where lines, items or rows are finished one by one.
A_LINE = 1_000


class Cost(NamedTuple):
    """The characters that were read by the parser's parts, and the bytes of the operations."""

    read: int
    sent: int


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[Cost]]:
    """Return a function that streams a text and returns each frame's cost."""
    read = 0

    def count(owner: Any, name: str, position: int) -> None:
        original = getattr(owner, name)

        def counting(*args: Any, **options: Any) -> Any:
            nonlocal read
            read += len(args[position])
            return original(*args, **options)

        monkeypatch.setattr(owner, name, counting)

    count(parser.NbstreamMarkdown, "parse", 1)
    count(type(parser.markdown_parser().inline), "parse", 1)
    count(parser, "repair", 0)

    def stream(text: str) -> list[Cost]:
        nonlocal read
        growing, page, found = MarkdownDocument(), empty_state(), []
        for start in range(0, len(text), STEP):
            growing.feed(text[start : start + STEP])
            read = 0
            operations = growing.frame()
            found.append(Cost(read, len(json.dumps(operations, ensure_ascii=False).encode())))
            apply(page, operations)
        apply(page, growing.finish())
        assert html_of(page) == to_html(text)
        return found

    return stream


SENTENCE = "Lorem ipsum *dolor* sit amet, `consectetur` adipiscing **elit**. "
ENTRY = '{"name": "some_text", "values": [1, 2, 3], "nested": {"a": null}}, '

PARTS = {
    "fence": ("```python\n", "x = f(1)  # a line of code\n", 5_000),
    "fence without a language": ("~~~\n", "x = f(1)  # a line of code\n", 1_000),
    "tight list": ("", "- an item *like* others\n", 1_000),
    "loose list": ("", "- an item *like* others\n\n", 1_000),
    "ordered list": ("", "1. an item *like* others\n", 1_000),
    "loose ordered list": ("", "1. an item *like* others\n\n", 1_000),
    "list of tasks": ("", "- [x] an item *like* others\n", 1_000),
    "list of short nested lists": ("", "- an item\n  1. one\n  2. two\n", 1_000),
    "table": ("| one | two |\n|-----|----:|\n", "| a cell | *another* cell |\n", 500),
    "paragraphs": ("", "A paragraph, *like* others.\n\n", 1_000),
    "headings": ("", "## A heading, *like* others\n", 1_000),
    "definitions": ("", "[label]: https://example.org/page\n", 300),
    "footnotes": ("", "[^1]: A footnote, *like* others.\n\n", 1_000),
    "short quotes": ("", "> A quote, *like* others.\n\n", 1_000),
    "short formulas": ("", "$$\na + b\n$$\n", 1_000),
    "blank lines": ("a\n\n", "\n", 5_000),
}

# Each frame reads the whole paragraph, so that these are shorter.
PARAGRAPHS = {
    "one line": (SENTENCE, 200),
    "lines": (SENTENCE + "\n", 200),
    "no spaces": ("x", 12_500),
    "no spaces, wide": ("漢字かな交じり文、", 1_250),
    "formulas and money": ("$a + b$ costs $5, ", 625),
    "emphasis that never ends": ("*a ", 2_000),
    "code that never ends": ("`a ``b ", 1_500),
    "an object of JSON": ('{"all": ' + ENTRY, 165),
    "a list of JSON": ("[" + ENTRY, 180),
    "JSON in lines": ('{\n"list": [\n' + ENTRY.replace(", ", ",\n"), 80),
}

# Each of these goes on as one part, so that a frame reads all of it.
IN_ONE_PART = {
    "quote": ("", "> a line *of* a quote\n", 400),
    "quote of paragraphs": ("", "> a line *of* a quote\n>\n", 200),
    "nested list": ("- a\n", "  - an item *like* others\n", 200),
    "item of paragraphs": ("- a\n", "\n  a paragraph *of* it\n", 200),
    "item with a fence": ("- a\n  ```py\n", "  x = f(1)\n", 400),
    "footnote": ("[^1]: a\n", "a line *of* a footnote\n", 400),
    "indented code": ("", "    x = f(1)\n", 400),
    "line of code": ("```py\n", "x = f(1); ", 400),
    "heading": ("# ", "a heading *of* words ", 400),
}


@pytest.mark.parametrize(("head", "part", "count"), PARTS.values(), ids=PARTS)
def test_parts_are_parsed_once(costs: Callable[[str], list[Cost]], head: str, part: str, count: int) -> None:
    short, long = costs(head + part * (count // 2)), costs(head + part * count)
    assert max(cost.read for cost in long) <= A_LINE
    assert max(cost.sent for cost in long) <= A_LINE
    assert sum(cost.read for cost in long) <= 2.2 * sum(cost.read for cost in short)
    assert sum(cost.sent for cost in long) <= 2.2 * sum(cost.sent for cost in short)


@pytest.mark.parametrize(("part", "count"), PARAGRAPHS.values(), ids=PARAGRAPHS)
def test_a_long_paragraph_is_parsed_in_each_frame_and_sent_once(
    costs: Callable[[str], list[Cost]], part: str, count: int
) -> None:
    short, long = costs(part * (count // 2)), costs(part * count)
    # For its blocks, to repair its end, and for what is in it; when it has grown, once more for its
    # blocks.
    assert max(cost.read for cost in long) <= 4 * len(part) * count
    assert max(cost.sent for cost in long) <= A_LINE
    assert sum(cost.sent for cost in long) <= 2.2 * sum(cost.sent for cost in short)


def test_a_list_that_becomes_loose_is_parsed_as_a_whole_once(costs: Callable[[str], list[Cost]]) -> None:
    text = "- an item *like* others\n" * 1_000 + "\n- the last\n"
    *others, dearest = sorted(costs(text))
    assert dearest.read <= 2 * len(text)
    assert max(cost.read for cost in others) <= A_LINE


@pytest.mark.parametrize(("head", "part", "count"), IN_ONE_PART.values(), ids=IN_ONE_PART)
def test_a_long_part_is_parsed_in_each_frame_and_sent_once(
    costs: Callable[[str], list[Cost]], head: str, part: str, count: int
) -> None:
    text = head + part * count
    found = costs(text)
    assert max(cost.read for cost in found) <= 5 * len(text)
    assert max(cost.sent for cost in found) <= A_LINE


DEEP: dict[str, Callable[[int], str]] = {
    "lists": lambda depth: "".join("  " * level + "- a\n" for level in range(depth)),
    "lists in a line": lambda depth: "- " * depth + "a\n",
    "ordered lists": lambda depth: "".join("   " * level + "1. a\n" for level in range(depth)),
    "quotes": lambda depth: "> " * depth + "a\n",
    "quotes, one deeper in each line": lambda depth: "".join("> " * level + "a\n" for level in range(depth)),
    "quotes of lists": lambda depth: "> - " * (depth // 2) + "a\n",
    "fences in quotes": lambda depth: "".join("> " * level + "```\n" for level in range(depth)),
    "emphasis": lambda depth: "*a " * depth + "b" + " a*" * depth,
    "strong emphasis": lambda depth: "**a " * depth + "b" + " a**" * depth,
    "emphasis in a run": lambda depth: "*" * depth + "a" + "*" * depth,
    "strikethrough": lambda depth: "~~a " * depth + "b" + " a~~" * depth,
    "brackets": lambda depth: "[" * depth + "a" + "]" * depth,
    "open brackets": lambda depth: "[" * depth,
    "links": lambda depth: "[" * depth + "a" + "](http://x.y)" * depth,
    "images": lambda depth: "![" * depth + "a" + "](http://x.y)" * depth,
    "runs of backticks": lambda depth: "".join("`" * level + "a" for level in range(1, depth)),
}


@pytest.mark.parametrize("nested", DEEP.values(), ids=DEEP)
def test_200_levels_cost_no_more_for_a_character_than_100(nested: Callable[[int], str]) -> None:
    assert calls_for_a_character(nested(200)) <= 1.5 * calls_for_a_character(nested(100))


def calls_for_a_character(text: str) -> float:
    """Stream a text and return the most function calls of a frame, for each character."""
    calls = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    growing, page, most = MarkdownDocument(), empty_state(), 0
    for start in range(0, len(text), step := len(text) // 12):
        growing.feed(text[start : start + step])
        calls, before = 0, sys.getprofile()
        sys.setprofile(count)
        try:
            operations = growing.frame()
        finally:
            sys.setprofile(before)
        apply(page, operations)
        assert html_of(page) == to_html(text[: start + step], final=False)
        most = max(most, calls)
    apply(page, growing.finish())
    assert html_of(page) == to_html(text)
    return most / len(text)
