"""Cells of a notebook as a part of a prompt: labelled blocks, bounded, without redaction."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nbstream.language import _, listed, marked, plural
from nbstream.model.request import Inserted
from nbstream.prompt.description import counted
from nbstream.prompt.plain_output import plain_output
from nbstream.prompt.shortening import without_middle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from nbstream.model.notebook import CellOutput, CellsAbove, CellsOrigin, FailedCell, NotebookCell
    from nbstream.prompt.redaction import Redaction

#: The most characters of one source, of one output, and of all cells together.
LONGEST_SOURCE = 16_000
LONGEST_OUTPUT = 8_000
MOST_CHARACTERS = 100_000
#: An output of which less would be left is left out.
_LEAST_OUTPUT = 200

_KINDS: dict[CellsOrigin, str] = {
    "page": marked("cells of the notebook"),
    "history": marked("cells of the session, as no page answered"),
    "terminal": marked("cells of the session"),
}
_OF_NOTEBOOK = "The cells of my notebook above this prompt, in their order, with their outputs as they are shown now:"
_OF_SESSION = "The cells that I have run in this session, the oldest first, with the outputs that are known:"
_END = "(End of the cells.)"
_ERROR_INTRODUCTION = "This cell of my notebook failed:"
_ERROR_END = "(End of the error.)"
_OUTPUT_NAMES = {"printed": "It printed", "value": "Its output", "error": "Its error", "answer": "The model's answer"}
_TICKS = re.compile("`{3,}")
_MAGIC = re.compile(r"%%(\w+)")
#: The languages of cell magics; a model reads their cells better with them.
_LANGUAGES = {"bash": "bash", "sh": "bash", "html": "html", "javascript": "javascript", "js": "javascript"}


def describe_cells(
    cells: CellsAbove, redaction: Redaction, is_turn: Callable[[NotebookCell], bool] = lambda _cell: False
) -> Inserted:
    """Return the cells as text for a prompt.

    A cell that has asked a turn of the chat is only named, as the turn is sent. If its source is
    more than a prompt, it is sent without the answers of the model.

    All sources come first, from the nearest cell upwards, then outputs in the same order, until
    there is no space left. So the cells far above are left out first.
    """
    before = redaction.count
    sources: list[tuple[str, int]] = []
    room = MOST_CHARACTERS
    own = [is_turn(cell) for cell in cells.cells]
    for cell, is_own in zip(reversed(cells.cells), reversed(own), strict=True):
        if is_own and is_prompt(cell.source):
            sources.append(("", 0))
            continue
        kept = without_middle(redaction.remove(cell.source), LONGEST_SOURCE)
        if len(kept[0]) > room:
            break
        room -= len(kept[0])
        sources.append(kept)
    sent = cells.cells[len(cells.cells) - len(sources) :]
    parts: list[str] = []
    shortened = 0
    turns = 0
    for cell, is_own, (source, cut) in zip(reversed(sent), reversed(own), sources, strict=False):
        if is_own and is_prompt(cell.source):
            turns += 1
            parts.append(f"[{_name(cell)}: a turn of this chat]")
            continue
        shown = [each for each in cell.outputs if not (is_own and each.kind == "answer")]
        outputs, used, is_cut = _outputs(shown, room, redaction)
        room -= used
        shortened += bool(cut) or is_cut
        parts.append("\n\n".join([_block(_label(cell), source, _language(cell)), *outputs]))
    left_out = len(cells.cells) - len(sent)
    note = [f"[{counted(left_out, 'cell')} further up: left out]"] if left_out else []
    is_notebook = cells.origin == "page"
    text = "\n\n".join([_OF_NOTEBOOK if is_notebook else _OF_SESSION, *note, *reversed(parts), _END])
    count = len(sent) - turns
    if not count:
        name = _("no cells above") if is_notebook else _("no cells of this session")
    elif is_notebook:
        name = plural("{n:,} cell above", "{n:,} cells above", count)
    else:
        name = plural("{n:,} cell of this session", "{n:,} cells of this session", count)
    said = [plural("besides {n:,} turn", "besides {n:,} turns", turns)] if turns else []
    is_cut = bool(shortened or left_out)
    said += [_("{count:,} shortened", count=shortened)] if shortened else []
    said += [_("{count:,} left out", count=left_out)] if left_out else []
    return _inserted(name, _KINDS[cells.origin], text, said, redaction.count - before, is_cut=is_cut)


def describe_failure(failed: FailedCell, redaction: Redaction) -> Inserted:
    """Return a cell and its exception as text for a prompt."""
    before = redaction.count
    cell = failed.cell
    source, cut = without_middle(redaction.remove(cell.source), LONGEST_SOURCE)
    printed, _used, is_cut = _outputs(cell.outputs, LONGEST_OUTPUT, redaction)
    traceback, traceback_cut = without_middle(redaction.remove(plain_output(failed.traceback)), LONGEST_OUTPUT)
    blocks = [_block(_label(cell), source, _language(cell)), *printed, _block("Its error:", traceback, "text")]
    text = "\n\n".join([_ERROR_INTRODUCTION, *blocks, _ERROR_END])
    name = failed.error
    if cell.number is not None:
        name = _("{error} of [{number}]", error=failed.error, number=cell.number)
    is_cut = bool(cut or traceback_cut or is_cut)
    said = [_("shortened")] if is_cut else []
    kind = marked("exception with its cell")
    return _inserted(name, kind, text, said, redaction.count - before, is_cut=is_cut)


def came_from_history(inserted: Iterable[Inserted]) -> bool:
    """Return whether cells were taken from the history because no page answered."""
    return any(each.kind == _KINDS["history"] for each in inserted)


def _inserted(name: str, kind: str, text: str, said: list[str], secrets: int, *, is_cut: bool) -> Inserted:
    said += [plural("{n:,} secret removed", "{n:,} secrets removed", secrets)] if secrets else []
    return Inserted(listed([name, *said]), kind, text, is_cut=is_cut or bool(secrets), place="above")


def _outputs(outputs: Sequence[CellOutput], room: int, redaction: Redaction) -> tuple[list[str], int, bool]:
    """Return outputs as blocks, the number of their characters, and whether some are shortened."""
    blocks: list[str] = []
    used, is_cut = 0, False
    for output in outputs:
        name = _OUTPUT_NAMES[output.kind]
        if output.text.strip() or output.left_out:
            limit = min(LONGEST_OUTPUT, room - used)
            text = redaction.remove(plain_output(output.text).strip("\n"))
            if limit < _LEAST_OUTPUT <= len(text):
                is_cut = True
                blocks.append(f"[{name}: {len(text) + output.left_out:,} characters, left out]")
                continue
            text, cut = without_middle(text, limit, output.left_out)
            used += len(text)
            is_cut = is_cut or bool(cut)
            blocks.append(_block(f"{name}:", text, "markdown" if output.kind == "answer" else "text"))
        if output.media:
            blocks.append(f"[{name}: {', '.join(output.media)}; not sent]")
    return blocks, used, is_cut


def _name(cell: NotebookCell) -> str:
    return f"Cell {cell.place}" if cell.place is not None else "Cell"


def _label(cell: NotebookCell) -> str:
    name = _name(cell)
    if cell.kind != "code":
        return f"{name} ({'Markdown' if cell.kind == 'markdown' else cell.kind}):"
    state = f"run as [{cell.number}]" if cell.number is not None else "not run"
    if cell.edited:
        state = f"changed since it was {state}, so its output is from another version"
    return f"{name} ({'prompt to a model' if is_prompt(cell.source) else 'code'}, {state}):"


def is_prompt(source: str) -> bool:
    """Return whether a cell's source is a prompt of the magic."""
    found = _MAGIC.match(source.lstrip())
    return found is not None and found[1] == "deepseek"


def _language(cell: NotebookCell) -> str:
    if cell.kind != "code":
        return "markdown" if cell.kind == "markdown" else "text"
    found = _MAGIC.match(cell.source.lstrip())
    if found is None:
        return "python"
    return "text" if is_prompt(cell.source) else _LANGUAGES.get(found[1], "python")


def _block(label: str, text: str, language: str) -> str:
    fence = "`" * max(3, 1 + max((len(ticks) for ticks in _TICKS.findall(text)), default=0))
    end = "" if text.endswith("\n") else "\n"
    return f"{label}\n{fence}{language}\n{text}{end}{fence}"
