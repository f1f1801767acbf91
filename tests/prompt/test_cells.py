"""Cells as a part of a prompt: complete where there is room, bounded, and visibly shortened."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.client.start import source_of
from nbstream.model.exceptions import RequestError
from nbstream.model.notebook import CellOutput, CellsAbove, FailedCell, NotebookCell
from nbstream.prompt import cells, session
from nbstream.prompt.redaction import Redaction
from nbstream.prompt.shortening import without_middle
from nbstream.wire.surrogates import join_surrogates

TEXT = st.text(st.sampled_from(list("ab `~\n🚀\r\x1b")), max_size=200)
OUTPUTS = st.builds(CellOutput, st.sampled_from(["printed", "value", "error", "answer"]), TEXT)
CELLS = st.lists(st.builds(NotebookCell, st.sampled_from(["code", "markdown"]), TEXT, outputs=st.tuples(OUTPUTS)))


def described(*found: NotebookCell) -> tuple[str, str]:
    """Return the text of cells, and what the footer says about them."""
    inserted = cells.describe_cells(CellsAbove(found, len(found), "page"), Redaction())
    assert (inserted.place, inserted.shown) == ("above", "")
    return inserted.text, inserted.name


def blocks(text: str) -> list[str]:
    """Return the contents of the fenced blocks."""
    return [found[2] for found in re.finditer(r"^(`{3,})\w+\n(.*?)\n?^\1$", text, re.MULTILINE | re.DOTALL)]


def test_what_there_is_room_for_is_whole() -> None:
    text, sent = described(
        NotebookCell("markdown", "# Title", 1),
        NotebookCell("code", "print(1)\n2", 2, 7, outputs=(CellOutput("printed", "1\n"), CellOutput("value", "2"))),
        NotebookCell("code", "%%bash\nls", 3, None, outputs=(CellOutput("value", "", media=("image/png",)),)),
        NotebookCell("code", "%%deepseek -m pro\nWhy?", 4, 8, edited=True, outputs=(CellOutput("answer", "So.\n"),)),
    )
    assert sent == "4 cells above"
    assert blocks(text) == ["# Title", "print(1)\n2", "1", "2", "%%bash\nls", "%%deepseek -m pro\nWhy?", "So."]
    assert "Cell 2 (code, run as [7]):\n```python\n" in text
    assert "Cell 3 (code, not run):\n```bash\n" in text
    assert "[Its output: image/png; not sent]" in text
    assert "Cell 4 (prompt to a model, changed since it was run as [8]" in text


@given(CELLS)
def test_a_block_holds_its_text_whatever_that_is(found: list[NotebookCell]) -> None:
    text, sent = described(*found)
    assert sent == ("no cells" if not found else "1 cell" if len(found) == 1 else f"{len(found)} cells") + " above"
    expected = [part for cell in found for part in (cell.source, *_shown(cell))]
    assert [each.strip("\n") for each in blocks(text)] == [each.strip("\n") for each in expected]


def _shown(cell: NotebookCell) -> list[str]:
    from nbstream.prompt.plain_output import plain_output

    return [plain_output(output.text) for output in cell.outputs if output.text.strip()]


def test_a_long_output_is_shortened_visibly() -> None:
    log = "".join(f"line {number}\n" for number in range(10_000))
    text, sent = described(NotebookCell("code", "run()", 1, 1, outputs=(CellOutput("printed", log),)))
    assert sent == "1 cell above, 1 shortened"
    (block,) = blocks(text)[1:]
    assert len(block) < cells.LONGEST_OUTPUT + 100
    head, said, tail = re.split(r"\n(\[… [\d,]+ characters left out …\])\n", block)
    assert head.startswith("line 0\nline 1\n")
    assert tail.endswith("line 9998\nline 9999")
    count = int(re.sub(r"\D", "", said))
    assert len(head) + 1 + count + len(tail) + 1 == len(log)


def test_what_is_far_above_goes_first() -> None:
    found = [
        NotebookCell(
            "code", f"n = {number}" + "#" * 9_000, number, number, outputs=(CellOutput("printed", "p" * 9_000),)
        )
        for number in range(1, 40)
    ]
    text, sent = described(*found)
    assert len(text) < cells.MOST_CHARACTERS * 1.1
    assert sent == "11 cells above, 11 shortened, 28 left out"
    assert "[28 cells further up: left out]" in text
    assert "Cell 29 (" in text
    assert "Cell 28 (" not in text
    assert text.rindex("left out]") < text.index("Cell 39 (")


@given(st.text(max_size=300), st.integers(0, 200), st.integers(0, 3))
def test_shortening_counts_what_is_gone(text: str, limit: int, before: int) -> None:
    kept, count = without_middle(text, limit, before)
    if len(text) <= limit and not before:
        assert (kept, count) == (text, 0)
        return
    note = f"[… {count:,} characters left out …]\n"
    assert note in kept
    length = len(kept) - len(note)
    # A line's end before the note is the note's.
    assert len(text) + before - count in (length, length - 1)


def test_a_failure_has_its_cell_and_its_error() -> None:
    failed = FailedCell(
        NotebookCell("code", "1 / 0", None, 3), "ZeroDivisionError", "ZeroDivisionError: division by zero"
    )
    inserted = cells.describe_failure(failed, Redaction())
    assert (inserted.name, inserted.place, inserted.is_cut) == ("ZeroDivisionError of [3]", "above", False)
    assert blocks(inserted.text) == ["1 / 0", "ZeroDivisionError: division by zero"]


def test_secrets_are_removed_and_counted() -> None:
    text, sent = described(NotebookCell("code", "api_key = 'sk-0123456789abcdefghij'", 1, 1))
    assert sent == "1 cell above, 1 secret removed"
    assert blocks(text) == ["api_key = '<secret>'"]


@given(st.text(min_size=1).filter(str.strip))
def test_the_prompt_stands_below_and_is_not_changed(prompt: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        found = CellsAbove((NotebookCell("code", "x = 1", 1, 1),), 1, "page")
        patch.setattr(session, "cells_above", lambda _most: found)
        request = source_of(prompt, {"above": 3, "base_url": "http://localhost:1", "values": {"n": 1}}).request
    content = request.messages[-1]["content"]
    assert content.startswith(request.inserted[0].text + "\n\n" + join_surrogates(prompt) + "\n\nAttached: n (")
    assert [each.name for each in request.inserted] == ["1 cell above", "n"]


@pytest.mark.parametrize("above", [0, -1, 1.5, "3"])
def test_a_number_of_cells_is_checked(above: object) -> None:
    with pytest.raises(RequestError, match="above="):
        source_of("Hello", {"above": above, "base_url": "http://localhost:1"})  # type: ignore[typeddict-item]


def test_what_cannot_be_attached_is_refused() -> None:
    server = "http://localhost:1"
    with pytest.raises(RequestError, match="`above=` needs a prompt"):
        source_of(None, {"above": True, "messages": [{"role": "user", "content": "Hello"}], "base_url": server})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "last_failure", lambda: None)
        with pytest.raises(RequestError, match="No cell of this session has failed"):
            source_of("", {"error": True, "base_url": server})
    assert source_of("Hello", {"above": False, "error": False, "base_url": server}).request.inserted == ()


def test_a_script_has_no_cells() -> None:
    # Another process, as other tests start an IPython in this one.
    code = "import nbstream; nbstream.stream('Hello', above=True, base_url='http://localhost:1')"
    script = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert script.stderr.endswith("RequestError: `above=` needs a notebook, or IPython: a script has no cells.\n")
