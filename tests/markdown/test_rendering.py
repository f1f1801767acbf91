"""A renderer remembers the HTML of its text, for as long as the text is shown and no longer."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

from nbstream.markdown.growing_blocks import GrowingBlocks
from nbstream.markdown.highlight import takes_colours
from nbstream.markdown.parser import inline_tokens
from nbstream.markdown.rendering import Renderer, to_html
from nbstream.widgets.markdown_document import MarkdownDocument

if TYPE_CHECKING:
    import pytest
    from markdown_it.token import Token


def reply(mark: str) -> str:
    """Return a text in which `mark` stands in some of everything."""
    parts = [
        f"Text {mark}.{part} with `{mark}`, *emphasis* and $x_{{{mark}}}^{{{part}}}$ in it.\n\n"
        f"$$\ny_{{{mark}}} = \\text{{{mark}}}\n$$\n\n- an item {mark}.{part}\n\n"
        f"| {mark} |\n|---|\n| {mark}.{part} |\n\n"
        f"```python\nnumber = '{mark}'  # {part}\n```\n\n```unknown-{mark}-{part}\ncode\n```\n\n"
        for part in range(20)
    ]
    return "".join(parts)


def show(text: str) -> None:
    """Show a text as a live view and a terminal do, and drop it."""
    renderer, blocks = Renderer(), GrowingBlocks()
    document = MarkdownDocument(renderer)
    for start in range(0, len(text), 2_000):
        document.feed(text[start : start + 2_000])
        document.frame()
        blocks.feed(text[start : start + 2_000])
        blocks.in_progress()
    document.finish()
    blocks.finish()
    to_html(text, settled=True, renderer=renderer)
    takes_colours(text, "python")


def strings_with(mark: str) -> set[str]:
    """Return the strings in memory that contain `mark`, as far as a container holds them."""
    to_visit: list[object] = gc.get_objects()
    found: set[str] = set()
    for holder in to_visit:
        for held in gc.get_referents(holder):
            if isinstance(held, str):
                found |= {held} if mark in held else set()
            elif isinstance(held, tuple | dict) and not gc.is_tracked(held):
                # One that holds only strings and numbers is not among the collector's objects.
                to_visit.append(held)
    return found


def test_no_text_stays_in_memory_after_its_document() -> None:
    # The mark is made at run time, so that it is in no constant of this module.
    mark = f"{time.time_ns():x}"
    kept = [reply(mark)]
    assert strings_with(mark) == set(kept)
    show(kept.pop())
    gc.collect()
    assert strings_with(mark) == set()


def test_paragraphs_and_code_are_rendered_once_for_all_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also once for the settled output, in which only formulas differ."""
    highlighted: list[str] = []
    parsed: list[str] = []

    def highlight(code: str, language: str) -> str:
        highlighted.append(language)
        return code

    def counting(token: Token, references: dict[str, Any]) -> list[Token]:
        parsed.append(token.content)
        return inline_tokens(token, references)

    monkeypatch.setattr("nbstream.markdown.html.highlight", highlight)
    monkeypatch.setattr("nbstream.markdown.rendering.inline_tokens", counting)
    text = "> a *paragraph*\n>\n> ```py\n> x = 1\n> ```\n>\n> the end of a quote, word by word"
    renderer = Renderer()
    document = MarkdownDocument(renderer)
    for word in text.split(" "):
        document.feed(f"{word} ")
        document.frame()
    document.finish()
    to_html(text, settled=True, renderer=renderer)
    assert highlighted == ["py"]
    assert parsed.count("a *paragraph*") == 1
