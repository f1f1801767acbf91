"""A picture of usage in real JupyterLab: live, pointed at, narrow and wide, and in the file.

What it looks like is compared with kept pictures, as in `test_pictures`.
"""

from __future__ import annotations

import io
import json
import re
from base64 import b64encode
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from nbstream.output.usage_pictures.picture import picture
from tests import kernels
from tests.browser.lab import wait_for
from tests.browser.test_accessibility import faults, theme
from tests.browser.test_pictures import ACTUAL, WRITES, difference, keep, kept, page
from tests.output.usage_pictures.examples import FIGURES, HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import NotebookPage

__all__ = ["page", "theme"]

pytestmark = [pytest.mark.browser, pytest.mark.patient]

#: A ledger of its own, so that other tests write nothing into it.
OWN = "import os, tempfile\nos.environ['NBSTREAM_LEDGER'] = tempfile.mkdtemp() + '/ledger.sqlite'\n"
CELLS = [
    f"{OWN}%load_ext nbstream\nimport nbstream",
    "%%deepseek\nOne. [simulate: normal tokens=60 rate=0]",
    "usage = nbstream.usage()\nusage",
    "%%deepseek -m pro\nTwo. [simulate: normal tokens=90 rate=0]",
    f"nbstream.usage('all', {HOSTILE!r})",
]


def test_it_is_live_read_by_the_keyboard_and_stays_in_the_file(theme: str, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook("usage.ipynb", CELLS, kernels.NEWEST)
    page = notebook.page
    page.set_viewport_size({"width": 1400, "height": 1400})
    notebook.wait_for_kernel()
    for cell in (0, 1, 2):
        notebook.run_and_wait(cell)
    view = notebook.output(2).locator(".nbstream-usage")
    expect(view.locator(".nbu")).to_contain_text("1 request ·")
    expect(view.locator(".nbu")).to_contain_text("would have cost")
    expect(view.locator(".nbu-name")).to_have_text(["[2]"])

    _follows_cells_choices_and_the_width(notebook, view)
    _can_be_read_by_everybody(page, view)

    # What others chose as names is text.
    notebook.run_and_wait(4)
    hostile = notebook.output(4).locator(".nbstream-usage")
    # JupyterLab may draw it twice for a moment.
    expect(hostile.locator(".nbu").first).to_contain_text("<img src=x onerror=window.HIT=1>")
    assert page.evaluate("window.HIT") is None

    _stays_in_the_file(notebook, is_light=theme == "light")


def _follows_cells_choices_and_the_width(notebook: NotebookPage, view: Locator) -> None:
    page = notebook.page
    notebook.run_and_wait(3)
    expect(view.locator(".nbu")).to_contain_text("2 requests ·")
    expect(view.locator(".nbu-name")).to_have_text(["[4]", "[2]"])
    view.get_by_label("Model").select_option(index=1)
    expect(view.locator(".nbu")).to_contain_text("1 request ·")
    view.get_by_label("Model").select_option("")
    view.get_by_role("button", name="Today").click()
    expect(view.locator(".nbu")).to_contain_text("Today,")
    expect(view.locator(".nbu")).to_contain_text("2 requests ·")
    assert widths(view)[0] == pytest.approx(widths(view)[1], abs=1)
    page.set_viewport_size({"width": 700, "height": 1400})
    wait_for(lambda: widths(view)[0] < 420)
    wait_for(lambda: abs(widths(view)[0] - widths(view)[1]) <= 1)
    assert view.evaluate("each => each.scrollWidth <= each.clientWidth")
    page.set_viewport_size({"width": 1400, "height": 1400})


def _can_be_read_by_everybody(page: Page, view: Locator) -> None:
    # In command mode, the left arrow would fold a heading.
    hours = view.get_by_role("slider", name="By hour")
    hours.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(hours).to_have_attribute("aria-valuetext", re.compile(r"01:00 to 02:00, requests none|02:00, cost"))
    expect(view.locator(".nbstream-usage-tip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(view.locator(".nbstream-usage-tip")).to_be_hidden()
    cells = view.get_by_role("slider", name="By cell")
    cells.hover(position={"x": 20, "y": 12})
    expect(view.locator(".nbstream-usage-tip")).to_contain_text("cost")
    page.mouse.move(0, 0)
    expect(view.locator(".nbstream-usage-tip")).to_be_hidden()
    expect(view.get_by_role("img", name=re.compile("^Usage: Today, .*would have cost"))).to_be_visible()
    assert faults(page, view) == []
    view.get_by_role("button", name="Show the numbers").click()
    expect(view.get_by_role("table")).to_have_count(3)
    assert faults(page, view) == []


def _stays_in_the_file(notebook: NotebookPage, *, is_light: bool) -> None:
    page = notebook.page
    wait_for(
        lambda: (
            "2 requests"
            in str(notebook.output(2).locator(".nbstream-usage-picture[role=img]").get_attribute("aria-label"))
        )
    )
    notebook.save()
    outputs = json.loads(notebook.path.read_text("utf-8"))["cells"][2]["outputs"]
    assert "data:image/svg+xml;base64," in "".join(outputs[-1]["data"]["text/html"])
    assert "2 requests" in "".join(outputs[-1]["data"]["text/plain"])
    assert "| cell |" in "".join(outputs[-1]["data"]["text/markdown"])
    notebook.lab.end_sessions()
    page.reload()
    image = notebook.output(2).get_by_role("img", name=re.compile("^Usage: Today"))
    expect(image).to_be_visible(timeout=60_000)
    background = Image.open(io.BytesIO(image.screenshot())).convert("L").getpixel((30, 8))
    assert isinstance(background, int)
    # It follows the theme of the page, not the system.
    assert (background > 200) == is_light


def widths(view: Locator) -> tuple[float, float]:
    """Return the width of the room for the picture, and the one for which it was drawn."""
    found: list[float] = view.locator(".nbstream-usage-figure").evaluate(
        "each => [each.clientWidth, each.querySelector('svg.nbu').viewBox.baseVal.width]"
    )
    return found[0], found[1]


#: What is seen, how wide, and where: as an image of a file, or in the page with JupyterLab's theme.
CASES = [
    *((name, 760, scheme, "file") for name in ("month", "one", "hostile") for scheme in ("light", "dark")),
    *((name, width, "light", "file") for name, width in (("month", 1200), ("unknown", 360), ("huge-and-tiny", 760))),
    *(("month", width, scheme, "page") for width, scheme in ((360, "dark"), (1200, "light"), (760, "dark"))),
]


@pytest.mark.parametrize(("name", "width", "scheme", "where"), CASES, ids=str)
def test_it_looks_as_it_did(name: str, width: int, scheme: str, where: str, page: Page) -> None:
    actual = take(page, (name, width, scheme, where))
    file = f"usage-{name}-{width}-{scheme}-{where}.png"
    if WRITES:
        keep(actual, file)
        return
    found = difference(kept(file), actual)
    if found:
        ACTUAL.mkdir(exist_ok=True)
        actual.save(ACTUAL / file)
    assert not found, f"{found}: compare pictures/{file} with shots/{file}, both in tests/browser"


def test_a_change_is_seen(page: Page) -> None:
    changed = take(page, ("month", 1200, "light", "page"), ".nbu-reasoning { fill: #a57 !important }")
    assert difference(kept("usage-month-1200-light-page.png"), changed)


def take(page: Page, case: tuple[str, int, str, str], css: str = "") -> Image.Image:
    """Return how a picture looks."""
    name, width, scheme, where = case
    drawn = picture(FIGURES[name], width, standalone=where == "file")
    page.set_viewport_size({"width": width, "height": drawn.height})
    if where == "file":
        data = b64encode(drawn.svg.encode()).decode()
        body = f'<img style="display:block;color-scheme:{scheme}" src="data:image/svg+xml;base64,{data}">'
    else:
        themes = files("jupyterlab") / "themes" / "@jupyterlab" / f"theme-{scheme}-extension" / "index.css"
        source = kernels.ROOT / "js" / "src"
        style = "".join((source / each).read_text("utf-8") for each in ("style.css", "usage/usage.css"))
        own = ":root{--jp-ui-font-family:'DejaVu Sans','Noto Sans CJK SC'}"
        own += ".nbstream-usage{border:0!important;margin:0!important}"
        rules = f"<style>{themes.read_text('utf-8')}{own}</style><style>{style}</style><style>{css}</style>"
        root = '<div class="nbstream nbstream-frame nbstream-usage" style="background:var(--jp-layout-color0)">'
        body = f"{rules}{root}{drawn.svg}</div>"
    page.set_content(f'<!doctype html><meta charset="utf-8"><body style="margin:0">{body}')
    page.wait_for_function("[...document.images].every((each) => each.complete)")
    clip = {"x": 0, "y": 0, "width": width, "height": drawn.height}
    return Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")  # type: ignore[arg-type]
