"""A growing text gives each block once, in order, as in the whole text, with linear work."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from nbstream.markdown import growing_blocks, growing_text
from nbstream.markdown.growing_blocks import GrowingBlocks, Piece
from nbstream.markdown.growing_text import LARGE
from nbstream.markdown.parser import Block, parse
from nbstream.markdown.rendering import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXT = """# Title
First *paragraph*
goes on

1. one
   - nested

     ```python
     x = 1
     ```
2. two
3. three

| a | b |
|---|---|
| 1 | 2 |

> quote

- [ ] task

- loose

[ref]: https://example.org

See [ref]. $$x
$$

$$
a + b
$$
***
```
code

more
```
after[^1]

[^1]: note

    of two paragraphs

    indented
~~~
unfinished
"""


def html(blocks: Iterable[Block]) -> str:
    """Return the HTML of blocks, with each item in a list of its own."""
    single = []
    for block in blocks:
        if not block.is_list:
            single.append(block)
            continue
        start, *_, end = block.tokens
        for number, item in enumerate(block.parts, int(start.attrs.get("start", 1))):
            attrs = {"start": number} if start.type.startswith("ordered") else {}
            single.append(replace(item, tokens=[start.copy(attrs=attrs), *item.tokens, end]))
    return Renderer().render(single)


@pytest.mark.parametrize("seed", range(20))
def test_any_split_gives_the_blocks_of_the_whole_text(seed: int) -> None:
    chance = random.Random(seed)
    text = TEXT if seed % 2 else TEXT.replace("\n", "\r\n")
    growing = GrowingBlocks()
    pieces: list[Piece] = []
    at = 0
    while at < len(text):
        size = chance.choice([1, 3, 20, 200])
        pieces += growing.feed(text[at : at + size])
        at += size
    assert len(pieces) > 12
    pieces += growing.finish()
    assert html(piece.block for piece in pieces) == html(parse(TEXT).blocks)


@pytest.mark.parametrize(
    ("text", "joins"),
    [
        ("- a\n- b\n- c\n\nd\n\n", [False, True, True, False]),
        ("- a\n\n- b\n- c\n\nd\n\n", [False, False, False, False]),
        # The first two items decide.
        ("- a\n- b\n- c\n\n- d\n\ne\n\n", [False, True, True, True, False]),
        ("1. a\n2. b\n\n- c\n- d\n\n# e\n", [False, True, False, True, False]),
    ],
)
def test_no_blank_line_separates_the_items_of_a_tight_list(text: str, joins: list[bool]) -> None:
    growing = GrowingBlocks()
    pieces = [piece for line in text.splitlines(keepends=True) for piece in growing.feed(line)]
    assert [piece.joins for piece in pieces] == joins


@pytest.mark.parametrize(
    "text",
    ["a\n\n", "# a\n", "***\n", "```\na\n\nb\n```\n", "$$\na\n$$\n", "> a\n\n", "|a|\n|-|\n|b|\n\n", "- a\n\nb\n"],
)
def test_a_block_is_returned_as_soon_as_nothing_can_change_it(text: str) -> None:
    growing = GrowingBlocks()
    *before, last = text.splitlines(keepends=True)
    assert not any(growing.feed(line) for line in before)
    assert growing.feed(last[:-1]) == []
    assert len(growing.feed(last[-1:])) == 1


def test_the_unfinished_end_is_completed_and_stays_unfinished() -> None:
    growing = GrowingBlocks()
    growing.feed("1. a\n2. b\n3. **cc")
    in_progress = growing.in_progress()
    assert not isinstance(in_progress, str)
    assert (
        html(piece.block for piece in in_progress)
        == '<ol start="2">\n<li>b</li>\n</ol>\n<ol start="3">\n<li><strong>cc</strong></li>\n</ol>\n'
    )
    assert in_progress == growing.in_progress()
    assert len(growing.feed("**\n")) == 1
    assert len(growing.finish()) == 1


def test_a_large_unfinished_block_is_shown_as_the_end_of_its_source() -> None:
    growing = GrowingBlocks()
    growing.feed("```\n" + "x\n" * LARGE + "last")
    assert growing.in_progress() == ("x\n" * LARGE + "last")[-LARGE:]


@pytest.mark.parametrize(
    ("line", "end"),
    [
        ("word *word* word\n", ""),
        ("word\n\n", ""),
        ("- item\n", ""),
        ("- item\n\n", ""),
        ("1. a\n\n   b\n", ""),
        ("> quote\n", ""),
        ("| a | b |\n", ""),
        ("  - nested\n\n", ""),
        ("    code\n\n", ""),
        ("```\n", ""),
        ("[ref]: https://example.org\n", ""),
        ("code\n\n", "```\n"),
        ("~~~\n", "```\n"),
    ],
)
def test_the_work_is_linear(line: str, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = 0

    def counting(text: str, *arguments: Any) -> Any:
        nonlocal parsed
        parsed += len(text)
        return parse(text, *arguments)

    monkeypatch.setattr(growing_text, "parse", counting)
    monkeypatch.setattr(growing_blocks, "parse", counting)

    def work(lines: int) -> int:
        nonlocal parsed
        parsed = 0
        growing = GrowingBlocks()
        growing.feed(end or "- first\n")
        for _ in range(lines):
            growing.feed(line)
        growing.feed(end)
        growing.finish()
        return parsed

    assert work(1600) < 2.6 * work(800)
