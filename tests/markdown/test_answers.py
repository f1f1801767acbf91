"""Answers in the manner of the models: each has its HTML, which was checked by eye.

`tests/data/answers/NAME.md` is an answer of our own, `NAME.html` its settled HTML without styles
and colours. `python -m tests.markdown.test_answers NAME …` writes the HTML: read it before you
commit it.
"""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nbstream.markdown.growing_blocks import GrowingBlocks
from nbstream.markdown.rendering import Renderer, to_html
from nbstream.output.terminal.rows import to_rows
from nbstream.widgets.markdown_document import MarkdownDocument
from tests.hostile.allowed import faults
from tests.markdown.specification import without_style
from tests.markdown.test_portable_formulas import assert_kept

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[1] / "data" / "answers"
ANSWERS = sorted(FOLDER.glob("*.md"))
STYLES = re.compile(r"\x1b\[[0-9;]*m")
#: A line of HTML that shows nothing, such as the end of a list.
EMPTY = re.compile(r"(?:<[^>]*>)*")
#: Formulas are MathML in the live view.
FORMULA = re.compile(r'<math.*?</math>|<span class="nbstream-math[^>]*>.*?</span>', re.DOTALL)

answers = pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)


def expected(text: str) -> str:
    return without_style(to_html(text, settled=True))


def split(text: str, seed: str) -> Iterator[str]:
    """Yield `text` in random pieces, which are mostly as long as a token."""
    rng = random.Random(seed)
    at = 0
    while at < len(text):
        size = rng.choice([1, 1, 2, 3, 4, 6, 9, 40])
        yield text[at : at + size]
        at += size


@answers
def test_an_answer_has_its_html(path: Path) -> None:
    text = path.read_text("utf-8")
    assert expected(text) == path.with_suffix(".html").read_text("utf-8")
    assert faults(to_html(text), settled=False) == []
    assert faults(to_html(text, settled=True), settled=True) == []


def test_each_html_has_its_answer() -> None:
    assert [path.with_suffix(".html") for path in ANSWERS] == sorted(FOLDER.glob("*.html"))


@answers
def test_each_frame_is_a_full_rendering_and_what_was_read_keeps_its_face(path: Path) -> None:
    text, so_far = path.read_text("utf-8"), ""
    stream, renderer = MarkdownDocument(), Renderer()
    whole = _shown(to_html(text))
    for piece in split(text, path.stem):
        so_far += piece
        stream.feed(piece)
        stream.frame()
        assert stream.html == to_html(so_far, final=False, renderer=renderer)
        # All but the last lines, which may still grow.
        lines = _shown(stream.html)[:-1]
        assert lines == whole[: len(lines)], so_far
    stream.finish()
    assert stream.html == to_html(text)


def _shown(html: str) -> list[str]:
    """Return the lines of HTML that show something."""
    lines = FORMULA.sub("<formula>x", without_style(html)).split("\n")
    return [line for line in lines if not EMPTY.fullmatch(line)]


@answers
@pytest.mark.parametrize("width", [40, 100])
def test_a_terminal_shows_the_same_words_however_the_answer_is_split(path: Path, width: int) -> None:
    text = path.read_text("utf-8")
    once, blocks = GrowingBlocks(), GrowingBlocks()
    at_once = [*once.feed(text), *once.finish()]
    pieces = [piece for part in split(text, path.stem) for piece in blocks.feed(part)] + blocks.finish()
    # A loose list that comes item by item has its blank rows between the pieces.
    rows = [row for piece in pieces for row in to_rows(piece.block, width) if row]
    assert rows == [row for piece in at_once for row in to_rows(piece.block, width) if row]
    assert any(STYLES.sub("", row).strip() for row in rows)


@answers
def test_exported_markdown_does_not_change_when_it_is_exported_again(path: Path) -> None:
    assert_kept(path.read_text("utf-8"))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        source = FOLDER / f"{name}.md"
        source.with_suffix(".html").write_text(expected(source.read_text("utf-8")), "utf-8")
