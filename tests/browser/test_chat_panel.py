"""`nbstream.ChatPanel` in JupyterLab and Notebook 7: written in, reloaded, left by its kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.lab import wait_for
from tests.browser.test_accessibility import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext

    from nbstream.simulator.server import Simulator
    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import Lab, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.patient]

#: The simulator waits after so many tokens until the request is stopped.
SILENT = "[simulate: silence after=200 rate=0]"
ECHO = "[simulate: echo rate=0]"
JAPANESE = "\u65e5\u672c\u8a9e"
HIRAGANA = "\u306b\u307b\u3093\u3054"
FIRST = f"{JAPANESE} dd\ntwo {ECHO}"
EXPLAINED = f"Explain medians to a child. {ECHO}"
PANEL = """\
panel = nbstream.ChatPanel(
    "{name}",
    suggestions=["Suggested {echo}"],
    templates={{"Explain": "Explain {{{{ topic }}}} to {{{{ whom }}}}. {echo}"}},
)
panels = [*globals().get("panels", ()), panel]
panel"""
BUSY = """\
import pathlib, time
while not pathlib.Path('{name}.free').exists(): time.sleep(0.05)
print([each._is_asleep for each in panels])"""


class Panel:
    """A notebook with a panel in its second cell, and a third cell that keeps the kernel busy."""

    def __init__(self, open_notebook: OpenNotebook, name: str, front_end: str = "lab") -> None:
        cells = ["%load_ext nbstream\nimport nbstream", PANEL.format(name=name, echo=ECHO), BUSY.format(name=name)]
        self.notebook: NotebookPage = open_notebook(f"{name}.ipynb", cells, kernels.NEWEST, front_end)
        self.notebook.wait_for_kernel()
        self.notebook.run_and_wait(0)
        self.notebook.run_and_wait(1)
        self.page = self.notebook.page
        self.keyboard = self.page.keyboard
        self.root = self.notebook.output(1).locator(".nbstream-panel")
        self.field = self.root.get_by_role("textbox", name="Prompt", exact=True)
        self.send = self.root.locator(".nbstream-send")
        self.rows = self.root.locator(".nbstream-rows > article")
        self._free = self.notebook.path.parent / f"{name}.free"

    def make_busy(self) -> None:
        """Run the cell that does not end."""
        self.notebook.run(2)
        wait_for(lambda: self.prompt == "[*]:")
        self.page.locator('.jp-Notebook-ExecutionIndicator[data-status="busy"]').first.wait_for()

    @property
    def prompt(self) -> str:
        """What stands before that cell, also off the screen: `[*]:` until it has ended."""
        return (self.notebook.cell(2).locator(".jp-InputPrompt").first.text_content() or "").strip()

    def free(self) -> None:
        """Let that cell end."""
        self._free.touch()
        self.notebook.wait_until_ran(2)


@pytest.fixture
def turn_dark(lab: Lab, browser: BrowserContext) -> Iterator[Callable[[], None]]:
    """Give a function after which pages are loaded in the dark theme."""
    address = f"http://127.0.0.1:{lab.port}/lab/api/settings/@jupyterlab/apputils-extension:themes"
    headers = {"Authorization": f"token {lab.token}"}

    def choose(settings: str) -> None:
        assert browser.request.put(address, headers=headers, data={"raw": settings}).ok

    yield lambda: choose('{"theme": "JupyterLab Dark"}')
    choose("{}")


def _prompts(simulator: Simulator) -> list[str]:
    """Return the last prompt of each request."""
    return [each["body"]["messages"][-1]["content"] for each in simulator.log() if each["method"] == "POST"]


def test_a_panel_in_jupyterlab(
    open_notebook: OpenNotebook, slow_simulator: Simulator, turn_dark: Callable[[], None]
) -> None:
    panel = Panel(open_notebook, "panel")
    expect(panel.root).to_be_visible()
    panel.notebook.run_and_wait(1)
    _write(panel, slow_simulator)
    _stay_free_while_the_kernel_is_busy(panel)
    _edit_and_branch(panel)
    _fill_a_template(panel, slow_simulator)
    _reload(panel, turn_dark)
    _restart(panel)


def _write(panel: Panel, simulator: Simulator) -> None:
    """An input method takes Enter, and the notebook takes no key of the field."""
    cells = panel.page.locator(".jp-Notebook .jp-Cell")
    count = cells.count()
    panel.field.click()
    devtools = panel.page.context.new_cdp_session(panel.page)
    devtools.send("Input.imeSetComposition", {"text": HIRAGANA, "selectionStart": 4, "selectionEnd": 4})
    # As an input method has it; the keyboard of Playwright would break the line.
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    devtools.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    devtools.send("Input.insertText", {"text": JAPANESE})
    panel.keyboard.type(" dd")
    panel.keyboard.press("Shift+Enter")
    panel.keyboard.type(f"two {ECHO}")
    expect(panel.field).to_have_value(FIRST)
    assert cells.count() == count
    panel.keyboard.press("Enter")
    expect(panel.rows.nth(0).locator(".nbstream-footer")).to_contain_text("deepseek-flash")
    assert _prompts(simulator)[-1] == FIRST
    assert not any(HIRAGANA in each for each in _prompts(simulator))
    expect(panel.field).to_have_value("")
    panel.keyboard.press("ArrowUp")
    expect(panel.field).to_have_value(FIRST)
    panel.keyboard.press("ArrowDown")


def _stay_free_while_the_kernel_is_busy(panel: Panel) -> None:
    """A reply comes, a queued prompt is taken back, and Esc stops; no text is lost."""
    panel.make_busy()
    panel.field.click()
    panel.keyboard.type(f"busy {SILENT}")
    panel.keyboard.press("Enter")
    expect(panel.send).to_have_text("Stop")
    expect(panel.rows.nth(1)).to_contain_text("What is the reason behind it?")
    panel.keyboard.type("next")
    panel.keyboard.press("Enter")
    expect(panel.root.locator(".nbstream-queue")).to_contain_text("next")
    panel.keyboard.type("more")
    panel.root.get_by_role("button", name="Take back").click()
    expect(panel.field).to_have_value("next\n\nmore")
    assert faults(panel.page, panel.root) == []
    panel.field.press("Escape")
    expect(panel.send).to_have_text("Send")
    expect(panel.rows.nth(1).locator(".nbstream-footer")).to_contain_text("Stopped after")
    expect(panel.field).to_have_value("next\n\nmore")
    assert panel.prompt == "[*]:"
    panel.free()
    # The first panel of its cell has no view any more.
    expect(panel.notebook.output(2)).to_contain_text("[True, False]")


def _edit_and_branch(panel: Panel) -> None:
    """By keyboard: another version of the first prompt, the first again, and the turn as a cell."""
    first = panel.rows.nth(0)
    first.get_by_role("button", name="Edit prompt").focus()
    panel.keyboard.press("Enter")
    panel.keyboard.press("Control+a")
    panel.keyboard.type(f"edited {ECHO}")
    panel.keyboard.press("Enter")
    place = first.locator(".nbstream-place")
    expect(place).to_have_text("2/2")
    expect(panel.send).to_have_text("Send")
    first.get_by_role("button", name="Previous version").focus()
    panel.keyboard.press("Enter")
    expect(place).to_have_text("1/2")
    panel.keyboard.press("ArrowRight")
    expect(place).to_have_text("2/2")
    first.get_by_role("button", name="As cell: insert this turn below").click()
    expect(panel.notebook.cell(2)).to_contain_text("%%deepseek -c panel")


def _fill_a_template(panel: Panel, simulator: Simulator) -> None:
    """Tab goes from blank to blank, and Enter sends; the draft stays."""
    panel.root.get_by_role("button", name="Explain").click()
    panel.keyboard.type("medians")
    panel.keyboard.press("Tab")
    panel.keyboard.type("a child")
    panel.keyboard.press("Enter")
    wait_for(lambda: _prompts(simulator)[-1] == EXPLAINED)
    expect(panel.send).to_have_text("Send")
    expect(panel.field).to_have_value("next\n\nmore")


def _reload(panel: Panel, turn_dark: Callable[[], None]) -> None:
    """In another page all is there, also an open form; a second view has the same draft."""
    page = panel.page
    form = panel.rows.nth(0).locator(".nbstream-edit textarea")
    panel.rows.nth(0).get_by_role("button", name="Edit prompt").click()
    form.fill("half an edit")
    page.keyboard.press("Control+s")
    wait_for(lambda: "nbstream-transcript" in panel.notebook.path.read_text("utf-8"))
    turn_dark()
    page.reload()
    panel.notebook.wait_for_kernel()
    expect(panel.field).to_have_value("next\n\nmore")
    expect(panel.rows.last).to_contain_text("Explain medians to a child.")
    expect(form).to_have_value("half an edit")
    form.press("Escape")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    assert faults(page, panel.root) == []
    panel.root.locator(".nbstream-composer").click(button="right", position={"x": 3, "y": 3})
    page.locator('.lm-Menu-item[data-command="notebook:create-output-view"]').click()
    second = page.locator(".jp-LinkedOutputView .nbstream-panel").get_by_role("textbox", name="Prompt", exact=True)
    second.fill("from the second view")
    expect(panel.field).to_have_value("from the second view")
    # What is said in this page stays in the file, too.
    panel.root.get_by_role("button", name="Suggested").click()
    expect(panel.rows.last.locator(".nbstream-footer")).to_contain_text("deepseek-flash")
    transcript = panel.notebook.output(1).locator(".nbstream-transcript")
    wait_for(lambda: "Suggested" in str(transcript.text_content()))
    panel.notebook.save()
    assert any("Suggested" in each for each in _transcripts(panel))


def _transcripts(panel: Panel) -> list[str]:
    """Return the HTML outputs in the file."""
    cells = panel.notebook.lab.saved(panel.notebook.name).cells
    return [output.data.get("text/html", "") for cell in cells for output in cell.outputs if "data" in output]


def _restart(panel: Panel) -> None:
    """Without its kernel, what was written stays, and no control that needs it."""
    panel.page.locator('.jp-NotebookPanel-toolbar [data-jp-item-name="restart"] jp-button').first.click()
    panel.page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(panel.root).to_contain_text("The kernel of this chat went away")
    expect(panel.rows.last).to_contain_text("Suggested")
    expect(panel.field).to_have_value("from the second view")
    expect(panel.field).to_have_attribute("readonly", "")
    expect(
        panel.root.locator("select:visible, .nbstream-row-tools button:visible, .nbstream-side button:visible")
    ).to_have_count(0)
    expect(panel.root.locator(".nbstream-composer").get_by_role("button")).to_have_text(["Copy the text"])
    # A session with a kernel that is still starting cannot be ended.
    panel.notebook.wait_for_kernel()


def test_a_panel_in_notebook_7(open_notebook: OpenNotebook, slow_simulator: Simulator) -> None:
    panel = Panel(open_notebook, "panel7", "notebook")
    panel.make_busy()
    panel.field.fill(f"busy {SILENT}")
    panel.send.click()
    expect(panel.send).to_have_text("Stop")
    expect(panel.rows.nth(0)).to_contain_text("What is the reason behind it?")
    panel.send.click()
    expect(panel.rows.nth(0).locator(".nbstream-footer")).to_contain_text("Stopped after")
    panel.root.get_by_role("button", name="Suggested").click()
    wait_for(lambda: _prompts(slow_simulator)[-1] == f"Suggested {ECHO}")
    expect(panel.rows.nth(1)).to_contain_text("Suggested")
    assert panel.prompt == "[*]:"
    panel.page.set_viewport_size({"width": 320, "height": 700})
    expect(panel.send).to_be_visible()
    assert panel.root.evaluate("root => root.scrollWidth <= root.clientWidth")
    panel.free()
