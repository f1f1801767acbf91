"""Takes the pictures of the course: `python -m tests.browser.course_pictures 1`, or all of them.

`zh/1` is that of the Chinese notebook.

Each is a part of a lesson's own notebook in Notebook 7, at the moment that the table says. A
picture is taken again if the look, the notebook or its replies change.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from PIL import Image
from playwright.sync_api import sync_playwright

from nbstream.lesson.course import lesson_of
from tests import kernels
from tests.browser.lab import CHROMIUM_FLAGS, Lab, NotebookPage, chromium, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import BrowserContext

NOTEBOOKS = kernels.ROOT / "notebooks"
_WIDTH, _HEIGHT, _SCALE = 900, 1500, 1.5
_COLOURS = 128


@dataclass(frozen=True, slots=True)
class Shot:
    """What a picture shows.

    Attributes:
        cell: a text in the source of the cell that is shown; all code cells above it are run.
        text: what must stand in the cell's output before the picture is taken; None waits for the
            end of the cell.
        sources: sources in place of those that have the key in them, such as a solved exercise.
        act: something to do before the picture, such as a click; it gets the page, and the place
            of the cell.
        below: how many cells below are shown as well; code cells among them are run.
        height: the most pixels of the page that are shown.
    """

    cell: str
    text: str | None = None
    sources: tuple[tuple[str, str], ...] = ()
    act: Callable[[NotebookPage, int], object] = lambda _page, _index: None
    below: int = 0
    height: int = 1200


#: By the number of the lesson.
SHOTS = {
    1: Shot("Why does the median", text="One wrong value"),
    2: Shot("second = nbstream.ask"),
    3: Shot("--effort high", text="Check: the notebook costs"),
    4: Shot('tab="stream"', act=lambda notebook, _index: notebook.page.wait_for_timeout(1_000)),
    5: Shot("How much honey", below=1),
    6: Shot("What do you know about this table", below=1),
    7: Shot("-o few"),
    8: Shot("-o answered", text="Deny…"),
    9: Shot("-o broken"),
    10: Shot("nbstream.Compare(", text="our eyes see it less well"),
}


#: The same for the notebooks in `notebooks/zh`.
CHINESE_SHOTS = {
    1: Shot("为什么中位数", text="一个错误的值"),
    2: Shot("second = nbstream.ask"),
    3: Shot("--effort high", text="最先想到"),
}
_CHINESE = "zh/"


def main(lessons: Sequence[str]) -> None:
    """Write `pictures/NN.png` of these lessons, such as `1` or `zh/1`, beside their notebooks."""
    with tempfile.TemporaryDirectory() as folder, _browser(Path(folder)) as context:
        lab = Lab(Path(folder) / "lab", {})
        try:
            for lesson in lessons:
                number = int(lesson.removeprefix(_CHINESE))
                is_chinese = lesson.startswith(_CHINESE)
                folder_of_lesson = NOTEBOOKS / _CHINESE if is_chinese else NOTEBOOKS
                _take(number, (CHINESE_SHOTS if is_chinese else SHOTS)[number], folder_of_lesson, lab, context)
        finally:
            lab.stop()


@contextmanager
def _browser(folder: Path) -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "profile",
            executable_path=chromium(),
            headless=True,
            args=CHROMIUM_FLAGS,
            viewport={"width": _WIDTH, "height": _HEIGHT},
            device_scale_factor=_SCALE,
        )
        yield context
        context.close()


def _take(number: int, shot: Shot, folder: Path, lab: Lab, context: BrowserContext) -> None:
    name = f"{lesson_of(number).notebook}.ipynb"
    content: Any = nbformat.read(folder / name, as_version=4)
    for cell in content.cells:
        for part, source in shot.sources:
            if cell.cell_type == "code" and part in cell.source:
                cell.source = source
    content.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    # Only what is run: the page is short then, so nothing of it is out of sight.
    target = next(at for at, cell in enumerate(content.cells) if _is_code(cell) and shot.cell in cell.source)
    content.cells = [cell for cell in content.cells[:target] if _is_code(cell)] + content.cells[target:][
        : shot.below + 1
    ]
    target = next(at for at, cell in enumerate(content.cells) if shot.cell in cell.source)
    nbformat.write(content, lab.notebooks / name)
    page = context.new_page()
    notebook = NotebookPage(page, lab, name, "notebook")
    notebook.wait_for_kernel()
    for index, cell in enumerate(content.cells):
        if not _is_code(cell) or index == target:
            continue
        if index < target:
            notebook.run_and_wait(index)
    notebook.run(target)
    if shot.text is None:
        notebook.wait_until_ran(target)
        for index, cell in enumerate(content.cells):
            if index > target and _is_code(cell):
                notebook.run_and_wait(index)
    else:
        output, text = notebook.output(target), shot.text
        wait_for(lambda: text in output.inner_text(), 120)
    shot.act(notebook, target)
    first, last = notebook.cell(target), notebook.cell(target + shot.below)
    # Nothing below the window is in a picture.
    first.evaluate("cell => cell.scrollIntoView({block: 'start'})")
    page.mouse.move(0, 0)
    # The mark of the cell that was clicked is no part of the picture.
    page.add_style_tag(
        content=".jp-Collapser, .jp-Toolbar.jp-cell-toolbar, .jp-cell-toolbar {visibility: hidden}"
        ".jp-Cell {border-color: transparent !important; box-shadow: none !important}"
    )
    # The buttons of a question are grey until it has stood still for half a second.
    page.wait_for_timeout(1_000)
    top, end = first.bounding_box(), last.bounding_box()
    assert top is not None
    assert end is not None
    height = min(end["y"] + end["height"] - top["y"], shot.height)
    clip: Any = {"x": top["x"], "y": max(0, top["y"]), "width": top["width"], "height": height}
    picture = page.screenshot(clip=clip)
    target_file = folder / "pictures" / f"{number:02}.png"
    target_file.parent.mkdir(exist_ok=True)
    Image.open(BytesIO(picture)).convert("RGB").quantize(_COLOURS).save(target_file, optimize=True)
    sys.stdout.write(f"{target_file.name}: {json.dumps(clip)}, {target_file.stat().st_size:,} bytes\n")
    page.close(run_before_unload=False)
    lab.end_sessions()


def _is_code(cell: Any) -> bool:
    return bool(cell.cell_type == "code")


if __name__ == "__main__":
    main(sys.argv[1:] or [*map(str, SHOTS), *(f"{_CHINESE}{number}" for number in CHINESE_SHOTS)])
