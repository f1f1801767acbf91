"""The built documentation in Chromium: it streams, and it is readable for everybody.

`tests/run docs` builds it. Where it is missing or older than its sources, it is built here.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.lab import CHROMIUM_FLAGS, chromium, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Locator, Page, Playwright

    Open = Callable[..., Page]
    OpenPlayer = Callable[..., tuple[Page, Locator]]

pytestmark = [pytest.mark.browser, pytest.mark.patient, pytest.mark.timeout(600)]

AXE = kernels.ROOT / "js" / "node_modules" / "axe-core" / "axe.min.js"
SITE = kernels.ROOT / "docs" / "_build" / "html"
#: What the build reads.
SOURCES = ("docs", "notebooks", "nbstream", "js/src")
#: One of each kind: replies, tables, code of many languages, the reference, a notebook with cards.
PAGES = ("index", "tasks/tools", "servers", "reference/magic", "reference/python", "course/08_tools")
#: A page with a reply at its top, which has reasoning, a table and a formula.
STREAMING = "index"


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the built site."""
    if not _is_built():
        command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "docs", str(SITE)]
        subprocess.run(command, cwd=kernels.ROOT, check=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=SITE)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _is_built() -> bool:
    stamp = SITE / "objects.inv"
    if not stamp.is_file():
        return False
    built = stamp.stat().st_mtime
    return all(
        path.stat().st_mtime < built
        for name in SOURCES
        for path in (kernels.ROOT / name).rglob("*.*")
        if _is_source(path)
    )


def _is_source(path: Path) -> bool:
    parts = path.relative_to(kernels.ROOT).parts
    return path.is_file() and not {"_build", "__pycache__", "static"} & set(parts) and parts[:2] != ("docs", "course")


@pytest.fixture
def open_page(site: str, playwright: Playwright) -> Iterator[Open]:
    """Open a page, in a browser that nothing but the site may be asked by."""
    browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
    requested: list[str] = []
    problems: list[str] = []

    def note(context: BrowserContext) -> None:
        context.on("request", lambda request: requested.append(request.url))
        context.on("response", lambda response: problems.append(response.url) if response.status >= 400 else None)
        context.on("weberror", lambda error: problems.append(str(error.error)))

    def open_(name: str, *, is_paused: bool = False, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": 1200, "height": 900}, **options)
        note(context)
        page = context.new_page()
        if is_paused:
            page.clock.install(time=0)
            page.clock.pause_at(1_000)
        page.goto(f"{site}/{name}.html")
        return page

    yield open_
    browser.close()
    assert problems == []
    assert [url for url in requested if not url.startswith((site, "data:"))] == []


@pytest.fixture
def open_player(open_page: Open) -> OpenPlayer:
    """Open a page whose time stands still, except in `run_for`; return its first player, too."""

    def open_(**options: Any) -> tuple[Page, Locator]:
        page = open_page(STREAMING, is_paused=True, **options)
        return page, page.locator(".nbstream-player").first

    return open_


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_grave(name: str, theme: str, open_page: Open) -> None:
    page = open_page(name, color_scheme=theme, reduced_motion="reduce")
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    page.add_script_tag(path=AXE)
    found = page.evaluate("() => axe.run()")
    assert [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ] == []


def test_a_reply_streams_and_ends_as_it_settled(open_player: OpenPlayer) -> None:
    page, player = open_player()
    settled, answer = (
        answer_of(player.locator(":scope > .nbstream-settled")),
        player.locator(".nbstream-live .nbstream-answer"),
    )
    wait_until(page, player.get_by_role("button", name="Stop").is_visible)
    height = height_of(player)
    lengths = []
    while player.get_by_role("button", name="Stop").is_visible():
        page.clock.run_for(250)
        lengths.append(len(answer.text_content() or ""))
    # It grew step by step, in the room that it takes at its end.
    assert len(set(lengths)) > 5
    assert lengths == sorted(lengths)
    end_transitions(player)
    assert height_of(player) == pytest.approx(height, abs=1)
    assert answer_of(answer) == settled
    expect(player.locator(".nbstream-live .nbstream-footer")).to_contain_text("simulated")


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    """Let the time of the page go on in small steps until something is so."""

    def look() -> bool:
        page.clock.run_for(20)
        return is_so()

    wait_for(look)


def end_transitions(player: Locator) -> None:
    """End the closing of the reasoning: the page's clock does not drive transitions."""
    player.evaluate("host => { for (const each of host.shadowRoot.getAnimations()) each.finish(); }")


def height_of(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return box["height"]


def answer_of(element: Locator) -> str:
    """Return the words of an answer, without what the page adds to code, and without formulas.

    These are MathML in one and TeX in the other.
    """
    text: str = element.evaluate(
        """root => {
            const copy = root.cloneNode(true);
            const others = ".nbstream-thought, .nbstream-footer, .nbstream-tools, math, .mathjax_process";
            for (const each of copy.querySelectorAll(others)) each.remove();
            return copy.textContent;
        }"""
    )
    return re.sub(r"\s+", "", text)


def test_stop_ends_a_reply_and_it_plays_again(open_player: OpenPlayer) -> None:
    page, player = open_player()
    stop = player.get_by_role("button", name="Stop")
    wait_until(page, stop.is_visible)
    page.clock.run_for(3500)
    stop.click()
    page.clock.run_for(1000)
    expect(stop).to_be_hidden()
    expect(player.locator(".nbstream-live .nbstream-footer")).to_contain_text("Stopped after")
    stopped = player.locator(".nbstream-live .nbstream-answer").text_content()
    page.clock.run_for(3000)
    assert player.locator(".nbstream-live .nbstream-answer").text_content() == stopped
    player.get_by_role("button", name="Play again").click()
    page.clock.run_for(1000)
    expect(stop).to_be_visible()
    player.get_by_role("button", name="Skip to the end").click()
    page.clock.run_for(100)
    expect(player.locator(".nbstream-live .nbstream-footer")).to_contain_text("simulated")


def test_nothing_moves_for_who_wants_no_motion(open_player: OpenPlayer) -> None:
    page, player = open_player(reduced_motion="reduce")
    wait_until(page, player.locator(".nbstream-live .nbstream-footer", has_text="simulated").is_visible)
    page.clock.run_for(3000)
    expect(player.get_by_role("button", name="Stop")).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_readable_without_script(theme: str, open_page: Open) -> None:
    page = open_page(STREAMING, java_script_enabled=False, color_scheme=theme)
    settled = page.locator(".nbstream-player > .nbstream-settled").first
    expect(settled).to_be_visible()
    expect(settled).to_contain_text("Simulated: no model was called.")
    colours = settled.evaluate(
        "root => [getComputedStyle(root).color, getComputedStyle(document.body).backgroundColor]"
    )
    dark = [sum(map(int, re.findall(r"\d+", colour)[:3])) < 384 for colour in colours]
    assert dark == ([True, False] if theme == "light" else [False, True])


@pytest.mark.usefixtures("site")
def test_language_models_find_each_page() -> None:
    listed = re.findall(r"\]\(([^)]+)\.html\)", (SITE / "llms.txt").read_text("utf-8"))
    assert len(listed) == len(set(listed))
    assert {STREAMING, "quickstart", "reference/python", "course/01_first_stream"} <= set(listed)
    text = (SITE / "llms-full.txt").read_text("utf-8")
    for name in listed:
        assert (SITE / f"{name}.html").is_file()
        assert f"<!-- {name} -->" in text
    # From a docstring, by way of the reference.
    assert "A cancelled, failed or truncated reply is a normal value." in text
