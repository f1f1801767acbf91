"""A reply on JupyterLab and Notebook 7: it grows, stops when asked, and settles."""

from __future__ import annotations

import itertools
import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.lab import wait_for
from tests.browser.watching import samples, watch

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator

    from nbstream.simulator.server import Simulator
    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import Lab, NotebookPage

pytestmark = pytest.mark.browser
front_ends = pytest.mark.parametrize("front_end", ["lab", "notebook"])

#: Set NBSTREAM_SHOTS to have pictures to look at, in both themes.
SHOTS = bool(os.environ.get("NBSTREAM_SHOTS"))

#: Delays what the page sends by web socket, as a distant JupyterHub does. An interrupt is an HTTP
#: request.
SLOW = """
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) { setTimeout(() => send.call(this, data), 700); };
"""

LOAD = "%load_ext nbstream"
QUESTION = "%%deepseek -o reply\nWhy does the median resist outliers? [simulate: normal tokens=350 rate=150]"


@pytest.mark.parametrize("theme", ["light", "dark"] if SHOTS else ["light"])
@front_ends
def test_it_grows_and_settles(
    front_end: str, theme: str, open_notebook: OpenNotebook, browser: BrowserContext, lab: Lab
) -> None:
    hosts: set[str] = set()

    def note(request: Any) -> None:
        hosts.add(urlsplit(request.url).netloc)

    browser.on("request", note)
    notebook = open_notebook("grows.ipynb", [LOAD, QUESTION], kernels.NEWEST, front_end)
    notebook.wait_for_kernel()
    if SHOTS:
        _choose_theme(notebook, theme)
    notebook.run_and_wait(0)
    watch(notebook.page)
    notebook.run(1)
    output = notebook.output(1)
    thoughts = output.get_by_role("button", name=re.compile("^Thinking"))
    expect(thoughts).to_have_attribute("aria-expanded", "true")
    _picture(notebook, f"{front_end}-{theme}-reasoning")
    expect(output.get_by_role("button", name=re.compile("^Thought for"))).to_have_attribute(
        "aria-expanded", "false", timeout=15_000
    )
    expect(output.get_by_role("button", name="Stop")).to_be_visible()
    _picture(notebook, f"{front_end}-{theme}-answering")
    notebook.wait_until_ran(1)
    answer = _settled(output)
    _picture(notebook, f"{front_end}-{theme}-settled")

    seen = samples(notebook.page)
    reasonings = [sample["reasoning"] for sample in seen if not sample["answer"] and sample["reasoning"]]
    assert len(set(reasonings)) >= 10
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(reasonings))
    assert all(sample["expanded"] for sample in seen if sample["reasoning"] and not sample["answer"])
    closed = [sample for sample in seen if not sample["expanded"] and sample["answer"]]
    assert closed, "the panel never closed by itself"
    assert not any(sample["expanded"] for sample in seen[seen.index(closed[0]) :])
    answers = [sample["answer"] for sample in seen if sample["answer"]]
    assert len(set(answers)) >= 10
    assert len(answers[0]) < 100 < len(answers[len(answers) // 2]) < len(answer)

    # Where the reply does not pause, its last frame comes with the settled output and may never be
    # drawn.
    assert answer.startswith(answers[-1])
    assert output.locator("details").text_content()
    summary = output.locator("details > summary")
    expect(summary).to_have_text(re.compile(r"^Thought for \d+ s$"))
    assert "$5, $6, $7, $8 and $9" in (output.locator("details").text_content() or "")
    assert "tug of war" not in output.inner_text()  # it is closed
    summary.click()
    assert "tug of war" in output.inner_text()
    expect(output.locator(".nbstream-settled .nbstream-footer")).to_have_text(
        re.compile(r"deepseek.* ·\ssimulated ·\s.* ·\sin \d+.* ·\sthought \d+ ·\sout")
    )

    assert hosts - {""} == {f"127.0.0.1:{lab.port}"}  # blob: and data: have no host
    browser.remove_listener("request", note)
    if SHOTS and front_end == "notebook":  # JupyterLab's side bar leaves no room
        notebook.page.set_viewport_size({"width": 400, "height": 900})
        notebook.page.wait_for_timeout(500)
        _picture(notebook, f"{front_end}-{theme}-narrow")


@pytest.mark.patient
@pytest.mark.parametrize("kernel", [kernels.NEWEST, "ipykernel-6.29"])
@front_ends
def test_stop(front_end: str, kernel: str, open_notebook: OpenNotebook, slow_simulator: Simulator) -> None:
    streaming, silent = (f"Median {front_end} {kernel} {number}" for number in (1, 2))
    cells = [
        LOAD,
        f"%%deepseek -o first\n{streaming}",
        "print('after', first.status, len(first.answer))",
        f"%%deepseek -o second\n{silent} [simulate: silence after=30]",
        "print('after', second.status, len(second.reasoning))",
    ]
    notebook = open_notebook("stop.ipynb", cells, kernel, front_end)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    watch(notebook.page)

    notebook.run(1)
    notebook.run(2)
    answer = notebook.output(1).locator(".nbstream-answer")
    expect(answer).to_contain_text("Five friends", timeout=15_000)
    _stop_button(notebook, 1).click()
    notebook.wait_until_ran(2)
    assert _fate(slow_simulator, streaming) == "disconnected"
    settled = _settled(notebook.output(1))
    assert settled.startswith("Simulated: no model was called.")
    assert "Five friends" in settled
    expect(notebook.output(1).locator(".nbstream-settled .nbstream-footer")).to_have_text(re.compile("^Stopped after"))
    assert re.search(r"after cancelled [1-9]\d*", notebook.output(2).inner_text())

    notebook.run(3)
    notebook.run(4)
    expect(notebook.output(3).get_by_role("button", name=re.compile("^Thinking"))).to_be_visible()
    wait_for(lambda: _entry(slow_simulator, silent)["deltas_sent"] == 30)
    _picture(notebook, f"{front_end}-{kernel}-silent")
    last = wait_for(lambda: _unchanged(notebook, "reasoning"))
    _stop_button(notebook, 3).click()
    notebook.wait_until_ran(4)
    assert _fate(slow_simulator, silent) == "disconnected"
    details = notebook.output(3).locator("details")
    expect(details).to_have_count(1)
    assert " ".join((details.locator("div").text_content() or "").split()) == last
    expect(notebook.output(3).locator(".nbstream-settled .nbstream-footer")).to_have_text(re.compile("^Stopped after"))
    assert re.search(r"after cancelled [1-9]\d*", notebook.output(4).inner_text())
    for index in range(5):
        assert "Error" not in notebook.output(index).inner_text()
    _picture(notebook, f"{front_end}-{kernel}-stopped")


def test_stop_over_a_slow_connection_runs_the_queued_cell(
    open_notebook: OpenNotebook, slow_simulator: Simulator
) -> None:
    question = "Median over a slow connection"
    cells = [LOAD, f"%%deepseek -o reply\n{question} [simulate: silence after=60]", "print('after', reply.status)"]
    notebook = open_notebook("slow.ipynb", cells, kernels.NEWEST, script=SLOW)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run(1)
    notebook.run(2)
    expect(notebook.output(1).get_by_role("button", name=re.compile("^Thinking"))).to_be_visible(timeout=15_000)
    wait_for(lambda: _entry(slow_simulator, question)["deltas_sent"] == 60)
    _stop_button(notebook, 1).click()
    notebook.wait_until_ran(2)
    assert _fate(slow_simulator, question) == "disconnected"
    assert "after cancelled" in notebook.output(2).inner_text()
    assert "KeyboardInterrupt" not in notebook.output(1).inner_text()


@pytest.mark.patient
@front_ends
def test_escape_and_interrupt(front_end: str, open_notebook: OpenNotebook, slow_simulator: Simulator) -> None:
    escaped, interrupted = f"Median {front_end} escaped", f"Median {front_end} interrupted"
    cells = [
        LOAD,
        f"%%deepseek --no-think\n{escaped} [simulate: silence after=120]",
        "print('ran after Esc')",
        f"%%deepseek\n{interrupted}",
        "print('ran after the interrupt')",
        "import nbstream; print(nbstream.last.status, len(nbstream.last.answer))",
    ]
    notebook = open_notebook("escape.ipynb", cells, kernels.NEWEST, front_end)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    watch(notebook.page)

    notebook.run(1)
    notebook.run(2)
    answer = notebook.output(1).locator(".nbstream-answer")
    expect(answer).to_contain_text("Simulated", timeout=15_000)
    live = wait_for(lambda: _unchanged(notebook, "answer"))
    answer.click(position={"x": 20, "y": 5})
    notebook.page.keyboard.press("Escape")
    notebook.wait_until_ran(2)
    assert _fate(slow_simulator, escaped) == "disconnected"
    assert _settled(notebook.output(1)) == live
    expect(notebook.output(1).locator(".nbstream-settled .nbstream-footer")).to_have_text(re.compile("^Stopped after"))
    assert "ran after Esc" in notebook.output(2).inner_text()

    notebook.run(3)
    notebook.run(4)
    expect(notebook.output(3).locator(".nbstream-answer")).to_contain_text("Simulated", timeout=15_000)
    notebook.interrupt()
    notebook.wait_until_ran(3)
    assert _fate(slow_simulator, interrupted) == "disconnected"
    assert _settled(notebook.output(3)).startswith("Simulated")
    expect(notebook.output(3).locator(".nbstream-settled .nbstream-footer")).to_have_text(re.compile("^Stopped after"))
    expect(notebook.output(3)).to_contain_text("KeyboardInterrupt: stopped; what arrived is kept in nbstream.last")
    notebook.run_and_wait(5)
    assert re.search(r"cancelled [1-9]\d*", notebook.output(5).inner_text())
    assert "ran after the interrupt" not in notebook.output(4).inner_text()
    _picture(notebook, f"{front_end}-interrupted")


def _stop_button(notebook: NotebookPage, index: int) -> Locator:
    return notebook.output(index).get_by_role("button", name="Stop", exact=True)


def _settled(output: Locator) -> str:
    """Wait until the static output has taken the widget's place, and return the answer's words."""
    expect(output.locator(".nbstream-settled")).to_have_count(1)
    expect(output.locator(".nbstream-live")).to_have_count(0)
    expect(output.locator(".jupyter-widgets, .nbstream-stop")).to_have_count(0)
    expect(output.get_by_role("button", name="Copy answer")).to_have_count(1)
    return " ".join((output.locator(".nbstream-answer").text_content() or "").split())


def _unchanged(notebook: NotebookPage, part: str) -> str:
    """Return the reasoning or the answer on the page if it has not grown for a while."""
    before = samples(notebook.page)[-1][part]
    notebook.page.wait_for_timeout(300)
    after: str = samples(notebook.page)[-1][part]
    return after if after == before else ""


def _entry(simulator: Simulator, prompt: str) -> dict[str, Any]:
    """Return what the simulator noted about the request with this prompt."""
    found = [entry for entry in simulator.log() if prompt in str(entry["body"])]
    assert len(found) <= 1
    return found[0] if found else {"deltas_sent": 0, "outcome": None}


def _fate(simulator: Simulator, prompt: str) -> Any:
    return wait_for(lambda: _entry(simulator, prompt)["outcome"])


def _choose_theme(notebook: NotebookPage, theme: str) -> None:
    notebook.page.get_by_text("Settings", exact=True).click()
    notebook.page.get_by_text("Theme", exact=True).hover()
    notebook.page.get_by_text(f"JupyterLab {theme.title()}", exact=True).click()
    notebook.page.wait_for_timeout(1_000)


def _picture(notebook: NotebookPage, name: str) -> None:
    """Keep a screenshot for somebody to look at, if that is wanted."""
    if SHOTS:
        folder = kernels.ROOT / "tests" / "browser" / "shots"
        folder.mkdir(exist_ok=True)
        notebook.page.screenshot(path=folder / f"{name}.png")
