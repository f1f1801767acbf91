"""One simulator, one Jupyter server and one browser for all browser tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from nbstream.simulator.server import Simulator
from tests.browser.lab import CHROMIUM_FLAGS, Lab, NotebookPage, chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page, Playwright

    OpenNotebook = Callable[..., NotebookPage]

#: A key that must be found nowhere.
CANARY_KEY = "canary-key-8d27ab"

#: A loaded machine may need long to draw; a longer wait only delays a failure.
expect.set_options(timeout=20_000)

_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def slow_simulator() -> Iterator[Simulator]:
    """A simulator at reading speed."""
    with Simulator(port=0, rate=150, first_token=0.2) as server:
        yield server


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, slow_simulator: Simulator) -> Iterator[Lab]:
    """A Jupyter server whose kernels ask the simulator."""
    folder: Path = tmp_path_factory.mktemp("lab")
    server = Lab(folder, {"DEEPSEEK_BASE_URL": slow_simulator.url, "DEEPSEEK_API_KEY": CANARY_KEY})
    yield server
    server.stop()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What starts browsers; there can be only one."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium_profile(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Chromium, with a profile of its own."""
    context = playwright.chromium.launch_persistent_context(
        tmp_path_factory.mktemp("profile"),
        executable_path=chromium(),
        headless=True,
        args=CHROMIUM_FLAGS,
        viewport={"width": 1200, "height": 900},
    )
    yield context
    context.close()


@pytest.fixture
def browser(chromium_profile: BrowserContext) -> Iterator[BrowserContext]:
    """Chromium; what a test has opened is closed after it, so that it asks no server any more."""
    before = set(chromium_profile.pages)
    yield chromium_profile
    for page in chromium_profile.pages:
        if page not in before:
            page.close(run_before_unload=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep for the fixtures whether the test failed."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture
def open_notebook(
    lab: Lab, browser: BrowserContext, slow_simulator: Simulator, request: pytest.FixtureRequest
) -> Iterator[OpenNotebook]:
    """Give a function that writes and opens a notebook, and close it after the test."""
    pages: list[Page] = []

    def open_it(name: str, cells: list[str], kernel: str, front_end: str = "lab", script: str = "") -> NotebookPage:
        lab.write(name, cells, kernel)
        page = browser.new_page()
        page.add_init_script(script)
        pages.append(page)
        return NotebookPage(page, lab, name, front_end)

    yield open_it
    if request.node.stash.get(_FAILED, False):
        _tell(pages, slow_simulator)
    for page in pages:
        page.close(run_before_unload=False)
    lab.end_sessions()


def _tell(pages: list[Page], simulator: Simulator) -> None:
    """After a failure, print what the pages show and the server's last log lines."""
    for page in pages:
        if page.is_closed():
            continue
        for cell in page.locator(".jp-Notebook .jp-Cell").all():
            print("cell:", cell.inner_text())
    for entry in simulator.log()[-4:]:
        print("request:", {name: value for name, value in entry.items() if name != "headers"})
