"""*Continue* and *Retry* by clicks, in real JupyterLab and Notebook 7."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.lab import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from nbstream.simulator.server import Simulator
    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.patient]
everywhere = pytest.mark.parametrize(
    ("front_end", "kernel"), [("lab", kernels.NEWEST), ("notebook", kernels.NEWEST), ("lab", "ipykernel-6.29")]
)

LOAD = "%load_ext nbstream"
#: Cut off after 40 tokens; the whole answer has some more.
CUT = "%%deepseek --no-think --max-tokens 60 -o reply\n[simulate: normal tokens=250 rate=200]Why the median?"
STATE = "print(reply.status, reply.earlier and reply.earlier.requests, len(reply.answer))"
#: Delays the answers of the control channel, which then come after what the kernel publishes.
LATE_ANSWERS = """
  const { set, ...rest } = Object.getOwnPropertyDescriptor(WebSocket.prototype, "onmessage");
  const isControl = (data) => typeof data !== "string" && new TextDecoder().decode(data).includes("control");
  Object.defineProperty(WebSocket.prototype, "onmessage", { ...rest, set(handler) {
    set.call(this, (event) => setTimeout(() => handler.call(this, event), isControl(event.data) ? 700 : 0));
  }});
"""
BUSY = "import time\nprint('before')\nfor _ in range(80): time.sleep(0.05)\nprint('after')"


def button(output: Locator, name: str) -> Locator:
    return output.locator(".nbstream-settled").get_by_role("button", name=name)


def answer(output: Locator) -> str:
    return " ".join((output.locator(".nbstream-answer").text_content() or "").split())


def requests(simulator: Simulator) -> list[str]:
    return [entry["path"] for entry in simulator.log() if entry["method"] == "POST"]


@pytest.fixture(autouse=True)
def _own_log(slow_simulator: Simulator) -> None:
    slow_simulator.clear_log()


def start(
    open_notebook: OpenNotebook,
    cells: list[str],
    kernel: str = kernels.NEWEST,
    front_end: str = "lab",
    script: str = "",
) -> NotebookPage:
    notebook = open_notebook("again.ipynb", [LOAD, *cells], kernel, front_end, script=script)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run_and_wait(1)
    return notebook


@everywhere
def test_continue_goes_on_in_the_same_output(
    front_end: str, kernel: str, open_notebook: OpenNotebook, slow_simulator: Simulator
) -> None:
    notebook = start(open_notebook, [CUT, STATE], kernel, front_end)
    output = notebook.output(1)
    expect(button(output, "Continue")).to_have_count(1)
    expect(button(output, "Retry this prompt")).to_have_count(1)
    before = answer(output)
    button(output, "Continue").click()
    expect(output.locator(".nbstream-footer")).to_contain_text("continued", timeout=20_000)
    expect(output.locator(".nbstream-settled")).to_have_count(1)
    whole = answer(output)
    assert whole.startswith(before)
    assert len(whole) > len(before)
    expect(output.get_by_role("button", name="Copy answer")).to_have_count(1)
    expect(button(output, "Continue")).to_have_count(0)
    notebook.run_and_wait(2)
    assert re.match(r"complete 1 \d+", notebook.output(2).inner_text())
    notebook.save()
    (saved,) = notebook.lab.saved(notebook.name).cells[1].outputs
    assert set(saved.data) == {"text/html", "text/markdown", "text/plain"}
    assert "again" not in saved.metadata["nbstream"]
    assert requests(slow_simulator) == ["/chat/completions", "/beta/chat/completions"]


def test_a_stopped_continuation_can_go_on_again(open_notebook: OpenNotebook) -> None:
    slow = CUT.replace("rate=200", "rate=30").replace("--max-tokens 60", "--max-tokens 20").replace("=250", "=900")
    notebook = start(open_notebook, [slow, STATE])
    output = notebook.output(1)
    button(output, "Continue").click()
    live = output.locator(".nbstream-live")
    expect(live).to_have_count(1, timeout=20_000)
    # What was there is there at once.
    assert "Simulated" in (live.locator(".nbstream-answer").text_content() or "")
    live.get_by_role("button", name="Stop", exact=True).click()
    expect(output.locator(".nbstream-settled .nbstream-footer")).to_contain_text("Stopped after", timeout=20_000)
    expect(output.locator(".nbstream-footer")).to_contain_text("continued")
    button(output, "Continue").click()
    expect(output.locator(".nbstream-settled .nbstream-footer")).to_contain_text("continued 2 times", timeout=20_000)
    notebook.run_and_wait(2)
    assert re.match(r"truncated 2 \d+", notebook.output(2).inner_text())


def test_retry_asks_a_failed_reply_anew(open_notebook: OpenNotebook, slow_simulator: Simulator) -> None:
    failed = "%%deepseek --no-think -o reply\n[simulate: 400 times=1 tokens=30]Why?"
    notebook = start(open_notebook, [failed, STATE])
    output = notebook.output(1)
    expect(output.locator(".nbstream-alert")).to_contain_text("400")
    expect(button(output, "Continue")).to_have_count(0)
    button(output, "Retry this prompt").click()
    expect(output.locator(".nbstream-settled .nbstream-answer")).to_contain_text("Simulated", timeout=20_000)
    expect(button(output, "Retry this prompt")).to_have_count(0)
    notebook.run_and_wait(2)
    assert notebook.output(2).inner_text().startswith("complete None")
    first, second = (entry["body"] for entry in slow_simulator.log() if entry["method"] == "POST")
    assert first == second


@everywhere
def test_a_click_while_another_cell_computes(front_end: str, kernel: str, open_notebook: OpenNotebook) -> None:
    notebook = start(open_notebook, [CUT, BUSY, STATE], kernel, front_end)
    output = notebook.output(1)
    expect(button(output, "Continue")).to_have_count(1)
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("before")
    button(output, "Continue").click()
    expect(output.locator(".nbstream-settled .nbstream-footer")).to_contain_text("continued", timeout=20_000)
    assert "after" not in notebook.output(2).inner_text(), "the reply went on while the cell computed"
    notebook.wait_until_ran(2)
    assert notebook.output(2).inner_text().split() == ["before", "after"]
    expect(notebook.output(2).locator(".nbstream")).to_have_count(0)
    notebook.run_and_wait(3)
    assert notebook.output(3).inner_text().startswith("complete 1")


def test_a_double_click_starts_one_run(open_notebook: OpenNotebook, slow_simulator: Simulator) -> None:
    notebook = start(open_notebook, [CUT])
    output = notebook.output(1)
    button(output, "Continue").dblclick()
    expect(output.locator(".nbstream-settled .nbstream-footer")).to_contain_text("continued", timeout=20_000)
    assert requests(slow_simulator) == ["/chat/completions", "/beta/chat/completions"]


def test_a_reloaded_page_goes_on_in_place(open_notebook: OpenNotebook, slow_simulator: Simulator) -> None:
    notebook = start(open_notebook, [CUT, "%%deepseek --no-think\n[simulate: normal tokens=20]Why?", STATE])
    notebook.save()
    notebook.page.reload()
    notebook.wait_for_kernel()
    # The page's module comes with the first reply.
    notebook.run_and_wait(2)
    output = notebook.output(1)
    expect(button(output, "Continue")).to_have_count(1, timeout=20_000)
    before = answer(output)
    button(output, "Continue").click()
    expect(output.locator(".nbstream-settled .nbstream-footer")).to_contain_text("continued", timeout=30_000)
    assert answer(output).startswith(before)
    expect(output.locator(".nbstream-live")).to_have_count(0)
    notebook.run_and_wait(3)
    assert notebook.output(3).inner_text().startswith("complete 1")
    notebook.save()
    (saved,) = notebook.lab.saved(notebook.name).cells[1].outputs
    assert set(saved.data) == {"text/html", "text/markdown", "text/plain"}


def test_a_restarted_kernel_has_the_reply_no_more(open_notebook: OpenNotebook, slow_simulator: Simulator) -> None:
    notebook = start(open_notebook, [CUT, "%%deepseek --no-think\n[simulate: normal tokens=20]Why?"])
    output = notebook.output(1)
    expect(button(output, "Continue")).to_have_count(1)
    session = notebook.lab.get("api/sessions")[0]
    notebook.lab.get(f"api/kernels/{session['kernel']['id']}/restart", "POST")
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run_and_wait(2)
    button(output, "Continue").click()
    notice = notebook.page.locator(".nbstream-notice")
    expect(notice).to_contain_text("run the cell again")
    expect(button(output, "Continue")).to_have_count(0)
    expect(button(output, "Retry this prompt")).to_have_count(0)
    expect(button(output, "Copy answer")).to_have_count(1)
    assert len(requests(slow_simulator)) == 2


def test_running_the_cell_again_stops_what_a_click_began(
    open_notebook: OpenNotebook, slow_simulator: Simulator
) -> None:
    endless = CUT.replace("rate=200", "rate=40").replace("=250", "=9000").replace("--max-tokens 60", "--max-tokens 30")
    notebook = start(open_notebook, [endless])
    output = notebook.output(1)
    button(output, "Continue").click()
    expect(output.locator(".nbstream-live")).to_have_count(1, timeout=20_000)
    wait_for(lambda: len(requests(slow_simulator)) == 2)
    notebook.run_and_wait(1)
    wait_for(lambda: all(entry["outcome"] for entry in slow_simulator.log()))
    expect(output.locator(".nbstream-settled")).to_have_count(1)
    assert len(requests(slow_simulator)) == 3


@pytest.mark.parametrize("script", ["", LATE_ANSWERS], ids=["", "late answers"])
def test_buttons_are_reached_by_keyboard(script: str, open_notebook: OpenNotebook) -> None:
    notebook = start(open_notebook, [CUT], script=script)
    output = notebook.output(1)
    expect(button(output, "Continue")).to_have_count(1)
    button(output, "Continue").focus()
    notebook.page.keyboard.press("Enter")
    expect(output.locator(".nbstream-settled .nbstream-footer")).to_contain_text("continued", timeout=20_000)
    # The focus is in the notebook, and not lost.
    notebook.page.wait_for_function("document.activeElement.closest('.jp-Notebook') !== null", timeout=20_000)
