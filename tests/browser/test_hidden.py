"""A tab that is not in front: nothing is drawn in it, and nothing is lost.

Playwright makes every tab believe that it is in front, and a browser without a screen hides none.
So this is a browser with a screen, Xvfb's, which is asked by the DevTools protocol alone, over a
pipe.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest

from tests import kernels, needs
from tests.browser.lab import CHROMIUM_FLAGS, chromium, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser.lab import Lab

pytestmark = [
    pytest.mark.browser,
    needs.command("Xvfb", "xvfb"),
]

CELLS = [
    "%load_ext nbstream",
    "%%deepseek -o reply\nWhy does the median resist outliers? [simulate: normal tokens=2000 rate=150]",
    "print(reply.status, reply.answer.split()[-1])",
]
CELL = """document.querySelector('.jp-Notebook .jp-Cell[data-windowed-list-index="{}"] {}')"""
WATCH = f"""
window.drawings = 0;
new MutationObserver(() => {{ window.drawings += 1; }}).observe(
  {CELL.format(1, "")}, {{ childList: true, subtree: true, characterData: true }});
0"""
TEXT = f"({CELL.format(1, '.nbstream-answer')}?.textContent ?? '')"


class DevTools:
    """A browser that is asked over a pipe; each message ends with a zero byte."""

    def __init__(self, commands: BinaryIO, answers: BinaryIO) -> None:
        self._commands = commands
        self._answers = answers
        self._count = 0

    def ask(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Return the browser's answer to one command, or a tab's to which a session is attached."""
        self._count += 1
        command = {"id": self._count, "method": method, "params": parameters}
        self._commands.write(json.dumps(command | ({"sessionId": session} if session else {})).encode() + b"\0")
        self._commands.flush()
        while (answer := self._next()).get("id") != self._count:
            pass
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self) -> dict[str, Any]:
        message = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "the browser has gone"
            message += byte
        answer: dict[str, Any] = json.loads(message)
        return answer


class Tab:
    """One tab of the browser."""

    def __init__(self, browser: DevTools, url: str) -> None:
        self._browser = browser
        self.target = browser.ask("Target.createTarget", url=url)["targetId"]
        self._session = browser.ask("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]

    def look(self, expression: str) -> Any:
        """Return what an expression is in the page."""
        answer = self._browser.ask("Runtime.evaluate", self._session, expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def run(self, index: int) -> None:
        """Run a cell as a person does."""
        editor = CELL.format(index, ".cm-content")
        self.look(f"{editor}.scrollIntoView({{ block: 'center' }})")
        x, y = self.look(f"(({{left, top}}) => [left + 30, top + 8])({editor}.getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            mouse = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            self._browser.ask("Input.dispatchMouseEvent", self._session, **mouse)
        for kind in ("keyDown", "keyUp"):
            key = {"type": kind, "modifiers": 2, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
            self._browser.ask("Input.dispatchKeyEvent", self._session, **key)

    def bring_to_front(self) -> None:
        """Choose the tab, as a click on it does."""
        self._browser.ask("Target.activateTarget", targetId=self.target)


@contextmanager
def screen() -> Iterator[str]:
    """Start a screen that nobody sees; gives its name."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1300x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as said:
            yield f":{said.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def browser_on(display: str, profile: Path) -> Iterator[DevTools]:
    """Start a browser on a screen. It reads commands from descriptor 3 and answers to 4."""
    (commands, to_browser), (from_browser, answers) = os.pipe(), os.pipe()
    flags = [flag for flag in CHROMIUM_FLAGS if not flag.startswith("--headless")]
    own = [f"--user-data-dir={profile}", "--window-size=1200,900", "--remote-debugging-pipe", "about:blank"]
    redirected = f'exec "$0" "$@" 3<&{commands} 4>&{answers}'
    process = subprocess.Popen(
        ["bash", "-c", redirected, chromium(), *flags, *own],
        pass_fds=[commands, answers],
        env={**os.environ, "DISPLAY": display},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands)
    os.close(answers)
    try:
        with os.fdopen(to_browser, "wb") as asked, os.fdopen(from_browser, "rb") as answered:
            yield DevTools(asked, answered)
    finally:
        process.terminate()
        process.wait()


def test_a_tab_that_is_not_in_front_draws_nothing_and_loses_nothing(lab: Lab, tmp_path: Path) -> None:
    lab.write("hidden.ipynb", CELLS, kernels.NEWEST)
    with screen() as display, browser_on(display, tmp_path) as browser:
        tab = Tab(browser, f"http://127.0.0.1:{lab.port}/lab/tree/hidden.ipynb?token={lab.token}&reset")
        indicator = "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status"
        wait_for(lambda: tab.look(indicator) == "idle", 60)
        wait_for(lambda: any(session["kernel"]["connections"] for session in lab.get("api/sessions")), 60)
        time.sleep(1)
        tab.run(0)
        wait_for(lambda: tab.look(f"{CELL.format(0, '.jp-InputPrompt')}.textContent") == "[1]:", 60)
        tab.look(WATCH)
        tab.run(1)
        wait_for(lambda: tab.look(f"{TEXT}.length > 200"), 60)

        other = Tab(browser, "about:blank")
        other.bring_to_front()
        wait_for(lambda: tab.look("document.hidden"))
        # What was on its way is drawn.
        time.sleep(1)
        drawings, length = tab.look(f"[window.drawings, {TEXT}.length]")
        assert drawings > 5
        time.sleep(3)
        assert tab.look(f"[window.drawings, {TEXT}.length]") == [drawings, length]

        tab.bring_to_front()
        # Three seconds of 150 tokens each, of about four characters.
        wait_for(lambda: tab.look(f"{TEXT}.length") > length + 1_000, 2)

        # It ends while it is hidden once more.
        other.bring_to_front()
        wait_for(lambda: tab.look(f"{CELL.format(1, '.nbstream-settled')} !== null"), 60)
        assert tab.look("document.hidden")
        tab.bring_to_front()
        tab.run(2)
        said = wait_for(lambda: tab.look(f"{CELL.format(2, '.jp-OutputArea-output')}?.textContent.trim()"))
        status, last = said.split()
        assert status == "complete"
        assert tab.look(TEXT).split()[-1].endswith(last)
    lab.end_sessions()
