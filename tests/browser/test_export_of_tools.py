"""The cards of tool calls where a saved reply is read: untrusted, exported, narrow, on GitHub."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import expect

from nbstream.model.events import CallChanged
from nbstream.model.presentation import Presentation
from nbstream.model.tool_result import Shown, ToolOutcome
from nbstream.output.settled import bundle
from tests import kernels
from tests.browser.hosts import Bare
from tests.browser.lab import NotebookPage
from tests.output.exchanges import CALLS, DONE, FIRST, SECOND, THIRD, reply_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Locator, Page

    from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.patient]


def png(width: int, height: int) -> str:
    """Return a grey PNG in base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\x80" * width) * height
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + data).decode()


IMAGE = Shown("image", "displayed", what="matplotlib Figure", data=png(1800, 400), media_type="image/png")
COLUMNS = tuple(f"column_{number}" for number in range(30))
WIDE = Shown("table", what="DataFrame", columns=COLUMNS, rows=(COLUMNS,) * 60, numeric=(True,) * 30)
LONG = ToolOutcome("done", "word " * 4_000, shown=(IMAGE, WIDE), seconds=1.0)
REPLY = reply_of(FIRST, [*CALLS[:-1], CallChanged(8.0, 0, outcome=replace(LONG, printed=DONE.printed))], SECOND, THIRD)


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def notebook_of() -> Any:
    data, metadata = bundle(REPLY, Presentation())
    cell = new_code_cell("%%deepseek\nHow warm?", outputs=[new_output("display_data", data, metadata=metadata)])
    return new_notebook(cells=[cell], metadata={"kernelspec": {"name": kernels.NEWEST, "display_name": "Python"}})


def test_an_untrusted_notebook_shows_cards_that_fit(lab: Lab, page: Page) -> None:
    nbformat.write(notebook_of(), lab.notebooks / "cards.ipynb")
    settled = NotebookPage(page, lab, "cards.ipynb").output(0).locator(".nbstream-settled")
    _assert_fits(settled)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1000])
def test_nbconvert_html_shows_cards_that_fit(theme: str, width: int, page: Page) -> None:
    body, _ = HTMLExporter(theme=theme).from_notebook_node(notebook_of())  # type: ignore[no-untyped-call]
    page.set_viewport_size({"width": width, "height": 800})
    page.set_content(body, wait_until="domcontentloaded")
    _assert_fits(page.locator(".nbstream-settled"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_sanitised_export_shows_no_bytes_of_an_image(page: Page) -> None:
    body, _ = HTMLExporter(sanitize_html=True).from_notebook_node(notebook_of())  # type: ignore[no-untyped-call]
    page.set_content(body, wait_until="domcontentloaded")
    words = page.locator(".jp-RenderedHTML").inner_text()
    assert "matplotlib Figure" in words
    assert "base64" not in words
    expect(page.locator(".jp-RenderedHTML li")).to_have_count(3)


def test_github_without_styles_shows_each_card_as_an_item(page: Page) -> None:
    data, _ = bundle(REPLY, Presentation())
    bare = Bare(data["text/html"])
    page.set_content(f'<!doctype html><meta charset="utf-8">{bare.html}')
    items = page.locator("li")
    expect(items).to_have_count(3)
    expect(items.first).to_contain_text("weather · ran 1.0 s · allowed by the user")
    expect(items.first.locator("table td").first).to_have_text("city changed")
    expect(items.first.locator("details").last).not_to_have_attribute("open", "")
    words = page.locator("body").inner_text()
    places = [
        words.index(each)
        for each in ("I look.", "clock · denied", "failed after", "It is sunny in Bonn.", "3 requests")
    ]
    assert places == sorted(places)


def _assert_fits(settled: Locator) -> None:
    """Assert that an image is scaled, and that a wide and long table scrolls in its box."""
    image = settled.locator("img")
    expect(image).to_be_visible()
    assert image.evaluate("async (each) => { await each.decode(); return each.naturalWidth; }") == 1800
    too_wide = "(root) => [...root.querySelectorAll('.nbstream-card, img, .nbstream-card > div')].filter((each) => "
    too_wide += "each.getBoundingClientRect().right > root.getBoundingClientRect().right + 1).length"
    assert settled.evaluate(too_wide) == 0
    assert settled.evaluate("(root) => root.scrollWidth <= root.clientWidth + 1")
    table = settled.locator("div:has(> table th)")
    assert table.evaluate("(box) => box.scrollWidth > box.clientWidth && box.scrollHeight > box.clientHeight")
    assert image.evaluate("(each) => Math.abs(each.width / each.height - 4.5) < 0.1")
