"""Consent in JupyterLab and Notebook 7 while the kernel is busy: clicks, keys, tabs and themes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.lab import NotebookPage
from tests.browser.test_accessibility import faults, theme
from tests.exchange.conftest import calls

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import Lab

__all__ = ["theme"]

pytestmark = [pytest.mark.browser, pytest.mark.patient]

TOOLS = """\
%load_ext nbstream
import time
ran = []
def weather(city: str, days: int = 1) -> str:
    "Tell the weather of a city."
    ran.append((city, days))
    print("asked", city)
    return f"sunny in {city}"

def write(path: str, text: str = "", **more: str) -> str:
    "Write a file."
    ran.append(path)

def wait(seconds: float) -> None:
    "Wait."
    time.sleep(seconds)
"""
PARIS, ROME = 'weather {"city": "Paris"}', 'weather {"city": "Rome", "days": 3}'
RAN = "print(ran, reply.status, [call.reason for step in reply.steps for call in step.tool_calls])"
BOTH = pytest.mark.parametrize(("front_end", "kernel"), [("lab", kernels.NEWEST), ("notebook", "ipykernel-6.29")])
#: Milliseconds after which a question takes a click.
GUARD = 600
#: Clicks as soon as a question is drawn. A click of the test itself may come when it is ready.
CLICK_AT_ONCE = """
const clicks = new MutationObserver(() => {
  const button = document.querySelector(".nbstream-question [name=allow]");
  if (button === null) return;
  clicks.disconnect();
  button.click();
  window.hasClicked = true;
});
document.addEventListener("DOMContentLoaded", () => clicks.observe(document.body, { childList: true, subtree: true }));
"""


def begin(
    open_notebook: OpenNotebook, *lines: str, front_end: str = "lab", kernel: str = kernels.NEWEST, script: str = ""
) -> NotebookPage:
    """Run a cell whose reply calls tools, and wait for its first question."""
    cell = f"%%deepseek -T weather -T write -T wait -o reply --effort none\n{calls(*lines)}"
    notebook = open_notebook("consent.ipynb", [TOOLS, cell, RAN], kernel, front_end, script)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run(1)
    expect(notebook.output(1).locator(".nbstream-question").first).to_be_visible(timeout=60_000)
    return notebook


def card(notebook: NotebookPage, index: int = 0) -> Locator:
    return notebook.output(1).locator(".nbstream-cards .nbstream-card").nth(index)


def ready(notebook: NotebookPage, index: int = 0) -> Locator:
    """Return a card once its question takes a decision."""
    expect(card(notebook, index).locator(".nbstream-question[data-ready]")).to_be_visible(timeout=60_000)
    return card(notebook, index)


def press(button: Locator) -> None:
    """Click as a user does who has scrolled there, and has looked."""
    button.scroll_into_view_if_needed()
    button.page.wait_for_timeout(GUARD)
    button.click()


def outcome(notebook: NotebookPage) -> str:
    """Wait for the end of the reply, and return what ran."""
    notebook.wait_until_ran(1)
    expect(notebook.output(1).locator(".nbstream-settled")).to_be_visible()
    notebook.run_and_wait(2)
    return notebook.output(2).inner_text().strip()


@BOTH
def test_a_click_lets_a_call_run_while_the_kernel_is_busy(
    front_end: str, kernel: str, open_notebook: OpenNotebook
) -> None:
    # A question that has just appeared takes no click.
    notebook = begin(open_notebook, PARIS, front_end=front_end, kernel=kernel, script=CLICK_AT_ONCE)
    assert notebook.page.evaluate("window.hasClicked")
    expect(card(notebook)).to_contain_text("city")
    expect(notebook.output(1).locator(".nbstream-label")).to_contain_text("Waiting for your decision about weather")
    ready(notebook).get_by_role("button", name="Allow once").click()
    assert outcome(notebook) == "[('Paris', 1)] complete ['']"
    settled = notebook.output(1).locator(".nbstream-settled .nbstream-card")
    expect(settled).to_contain_text("allowed by the user")
    expect(settled).to_contain_text("sunny in Paris")
    expect(settled.get_by_role("button", name="Allow")).to_have_count(0)


def test_the_other_choices(open_notebook: OpenNotebook) -> None:
    notebook = begin(open_notebook, PARIS, ROME, '2 weather {"city": "Oslo"}', '3 weather {"city": "Bern"}')
    first, second = card(notebook, 0), card(notebook, 1)
    press(first.get_by_role("button", name="Edit…"))
    field, allow = first.locator("textarea"), first.get_by_role("button", name="Allow once with")
    expect(field).to_have_value('{\n  "city": "Paris"\n}')
    field.fill('{"town": ')
    press(allow)
    expect(first.get_by_role("alert")).to_contain_text("not JSON")
    # What does not fit is asked for once more, with the text that was typed.
    field.fill('{"town": "Bonn"}')
    press(allow)
    expect(first.locator(".nbstream-card-head")).to_contain_text("town")
    expect(field).to_have_value('{"town": "Bonn"}')
    field.fill('{"city": "Bonn"}')
    press(allow)
    expect(first).to_contain_text("Read by the model")
    press(second.get_by_role("button", name="Deny…"))
    second.locator("textarea").fill("too far")
    press(second.get_by_role("button", name="Deny", exact=True))
    expect(notebook.output(1).locator(".nbstream-earlier")).to_contain_text("too far")
    press(card(notebook).get_by_role("button", name="Allow weather for this reply"))
    assert outcome(notebook).startswith("[('Bonn', 1), ('Oslo', 1), ('Bern', 1)] complete ['', 'too far'")
    edited = notebook.output(1).locator(".nbstream-settled .nbstream-card").first
    expect(edited).to_contain_text("changed")
    expect(edited).to_contain_text("The arguments that the model wrote")


def test_by_keyboard_alone(open_notebook: OpenNotebook) -> None:
    notebook = begin(open_notebook, PARIS)
    page, question = notebook.page, ready(notebook)
    page.keyboard.press("Escape")
    for _ in range(12):
        page.keyboard.press("Tab")
        if question.get_by_role("button", name="Allow once").evaluate("each => each === document.activeElement"):
            break
    expect(question.get_by_role("button", name="Allow once")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(question.get_by_role("button", name="Edit…")).to_be_focused()
    page.wait_for_timeout(GUARD)
    page.keyboard.press("Enter")
    field = question.locator("textarea")
    expect(field).to_be_focused()
    page.keyboard.press("Control+A")
    # Letters are commands of the notebook elsewhere; Enter and Space only write.
    page.keyboard.type('{"city":\n "dd x", "days": 2}')
    expect(field).to_have_value('{"city":\n "dd x", "days": 2}')
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)
    expect(question.get_by_role("button", name="Edit…")).to_be_focused()
    # It closed the field, and stopped nothing.
    expect(notebook.output(1).get_by_role("button", name="Stop", exact=True)).to_have_attribute(
        "aria-disabled", "false"
    )
    page.wait_for_timeout(GUARD)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(field).to_be_focused()
    page.keyboard.type("no, thanks")
    page.keyboard.press("Tab")
    expect(question.get_by_role("button", name="Deny", exact=True)).to_be_focused()
    page.wait_for_timeout(GUARD)
    page.keyboard.press("Enter")
    assert outcome(notebook) == "[] complete ['no, thanks']"


def test_a_click_never_lands_on_what_has_just_slid_under_the_pointer(open_notebook: OpenNotebook) -> None:
    notebook = begin(open_notebook, PARIS, ROME)
    ready(notebook, 0)
    second = ready(notebook, 1).get_by_role("button", name="Allow once")
    place = second.bounding_box()
    assert place is not None
    ready(notebook, 0).get_by_role("button", name="Deny…").click()
    # The second question has moved down by the field of the first one, and back up when it is gone.
    notebook.page.wait_for_timeout(GUARD)
    card(notebook, 0).get_by_role("button", name="Deny", exact=True).click()
    expect(card(notebook, 0)).to_contain_text("denied by the user")
    moved = second.bounding_box()
    assert moved is not None
    assert moved["y"] != place["y"]
    notebook.page.mouse.click(moved["x"] + 5, moved["y"] + 5)
    notebook.page.mouse.click(moved["x"] + 5, moved["y"] + 5)
    expect(second).to_be_visible()
    notebook.page.wait_for_timeout(GUARD)
    notebook.page.mouse.click(moved["x"] + 5, moved["y"] + 5)
    assert outcome(notebook) == "[('Rome', 3)] complete ['', '']"


@BOTH
def test_a_reloaded_page_asks_again(front_end: str, kernel: str, open_notebook: OpenNotebook) -> None:
    notebook = begin(open_notebook, PARIS, front_end=front_end, kernel=kernel)
    notebook.save()
    notebook.page.reload()
    ready(notebook).get_by_role("button", name="Allow once").click()
    settled = notebook.output(1).locator(".nbstream-settled .nbstream-card")
    expect(settled).to_contain_text("sunny in Paris", timeout=60_000)
    notebook.run_and_wait(2)
    assert notebook.output(2).inner_text().strip() == "[('Paris', 1)] complete ['']"


def test_of_two_tabs_the_first_one_decides(open_notebook: OpenNotebook, browser: BrowserContext, lab: Lab) -> None:
    notebook = begin(open_notebook, PARIS, 'wait {"seconds": 1}')
    notebook.save()
    page = browser.new_page()
    other = NotebookPage(page, lab, notebook.name)
    ready(other)
    press(ready(notebook).get_by_role("button", name="Deny…"))
    press(card(notebook).get_by_role("button", name="Deny", exact=True))
    for page_of_it in (other, notebook):
        # Its buttons are gone, so what stands below has moved, and takes no click for a moment.
        expect(card(page_of_it)).to_contain_text("denied by the user")
        expect(card(page_of_it).get_by_role("button", name="Allow once")).to_have_count(0)
    press(ready(notebook, 1).get_by_role("button", name="Deny…"))
    press(card(notebook, 1).get_by_role("button", name="Deny", exact=True))
    page.close(run_before_unload=False)
    assert outcome(notebook) == "[] complete ['', '']"


def test_hostile_text_is_only_text(open_notebook: OpenNotebook) -> None:
    hostile = {"path": "safe.txt\u202egpj.exe", "text": f"</textarea><script>alert(1)</script>a\u200bb{'x' * 5_000}END"}
    notebook = begin(open_notebook, f"write {json.dumps(hostile)}")
    question = ready(notebook)
    text = question.inner_text()
    assert "safe.txt\\u202egpj.exe" in text
    assert "</textarea><script>alert(1)</script>a\\u200bbxx" in text
    assert "xxEND" in text
    expect(question.locator("script, img, b")).to_have_count(0)
    assert question.evaluate("each => each.scrollWidth - each.clientWidth") <= 0
    press(question.get_by_role("button", name="Edit…"))
    assert json.loads(question.locator("textarea").input_value()) == hostile
    notebook.output(1).get_by_role("button", name="Stop", exact=True).click()
    assert outcome(notebook).startswith("[] cancelled")


def _faults_of(page: Page, root: Locator) -> list[str]:
    # Chromium and Firefox let a box that scrolls have the focus by themselves, as the one around
    # the table of arguments.
    return [each for each in faults(page, root) if not each.startswith("scrollable-region-focusable")]


@pytest.mark.usefixtures("theme")
def test_axe_finds_nothing_grave(open_notebook: OpenNotebook, request: pytest.FixtureRequest) -> None:
    notebook = begin(open_notebook, PARIS, ROME, 'wait {"seconds": 3}')
    page, name = notebook.page, request.getfixturevalue("theme")
    shots = kernels.ROOT / "tests" / "browser" / "shots"
    live = notebook.output(1).locator(".nbstream-live")
    for width in (480, 1200):
        page.set_viewport_size({"width": width, "height": 1_600})
        ready(notebook, 2)
        assert _faults_of(page, live) == []
        live.screenshot(path=shots / f"consent-{name}-{width}.png")
    press(card(notebook, 0).get_by_role("button", name="Edit…"))
    press(card(notebook, 1).get_by_role("button", name="Deny…"))
    page.wait_for_timeout(GUARD)
    assert _faults_of(page, live) == []
    live.screenshot(path=shots / f"consent-{name}-forms.png")
    press(card(notebook, 1).get_by_role("button", name="Deny", exact=True))
    press(card(notebook, 0).get_by_role("button", name="Allow once with"))
    expect(card(notebook, 0)).to_contain_text("sunny in Paris")
    press(card(notebook, 2).get_by_role("button", name="Allow once"))
    expect(card(notebook, 2)).to_contain_text(re.compile(r"running · allowed by the user · [12] s"))
    assert _faults_of(page, live) == []
    notebook.wait_until_ran(1)
    settled = notebook.output(1).locator(".nbstream-settled")
    expect(settled).to_be_visible()
    assert _faults_of(page, settled) == []


def test_the_question_and_the_decision_are_announced(open_notebook: OpenNotebook) -> None:
    notebook = begin(open_notebook, PARIS)
    status = notebook.output(1).locator(".nbstream-live [role=status]")
    expect(status).to_have_text("Waiting for your decision about weather")
    group = notebook.output(1).get_by_role("group", name="May weather run?")
    expect(group.get_by_role("button")).to_have_count(4)
    ready(notebook).get_by_role("button", name="Allow once").click()
    expect(notebook.page.locator("body > [role=status]")).to_contain_text("Finished")
