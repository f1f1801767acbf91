"""The preview of all states, as `npm run preview` serves it, draws each state without an error."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.widgets.make_fixtures import KEYFRAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.browser, pytest.mark.patient]

STATUSES = {name: keyframe["meta"]["status"] for name, keyframe in json.loads(KEYFRAMES.read_text("utf-8")).items()}


@pytest.fixture
def preview() -> Iterator[str]:
    """Serve the preview; gives its address."""
    command = ["node", "build.mjs", "--serve"]
    with subprocess.Popen(command, cwd=kernels.ROOT / "js", stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def test_every_state_is_drawn(preview: str, browser: BrowserContext) -> None:
    page = browser.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(preview)
    for theme in ("light", "dark"):
        column = page.locator(f".page.{theme}")
        for name, status in STATUSES.items():
            view = column.locator(f"[data-state='{name}'] > .nbstream-live")
            expect(view).to_have_attribute("data-status", status)
            assert view.inner_text().strip()
        expect(column.locator("[data-state='stop failed'] .nbstream-hint")).to_contain_text("press ■")
        panel = column.locator("[data-state='settled, reasoning opened'] .nbstream-thoughts")
        expect(panel).to_be_visible()
        expect(panel).to_contain_text("The old table is written by three services.")
    assert not errors
    page.close()


def test_every_state_of_a_chat_panel_is_drawn(preview: str, browser: BrowserContext) -> None:
    page = browser.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{preview}chat_panel.html")
    for width in (320, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        states = page.locator(".page.light [data-state]")
        expect(states.first.get_by_role("textbox", name="Prompt")).to_be_visible()
        assert states.count() == page.locator(".page.dark [data-state] > .nbstream-panel").count() > 5
        # Nothing is wider than the page.
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert errors == []
    page.close()
