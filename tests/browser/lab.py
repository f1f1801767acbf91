"""Real JupyterLab and Notebook 7 in real Chromium: a server, and a notebook's page."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from tests import kernels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Page

CHROMIUM_FLAGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
#: A loaded machine may need long; a longer wait only delays a failure.
_START_SECONDS = 100


def chromium() -> str:
    """Return the browser's path, or fail with what to install."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "no Chromium: apt-get install chromium"
    return found


class Lab:
    """A Jupyter server with its own folder and settings, for JupyterLab and Notebook 7.

    Args:
        folder: where it keeps everything.
        environment: further variables.
        name: the environment that it runs in, one of `tests.kernels`.
    """

    def __init__(self, folder: Path, environment: dict[str, str], name: str = kernels.NEWEST) -> None:
        self.notebooks = folder / "notebooks"
        self.token = secrets.token_hex(8)
        settings = folder / "settings"
        for path in (self.notebooks, settings):
            path.mkdir(parents=True)
        quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
        (settings / "overrides.json").write_text(json.dumps(quiet))
        # Otherwise each page starts Node to ask whether JupyterLab has to be built anew.
        (settings / "page_config.json").write_text(json.dumps({"buildCheck": False}))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        own = {
            name: str(folder / name.lower())
            for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
        }
        command = [
            *(str(kernels.python(name)), "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={self.port}"),
            *("--allow-root", f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.notebooks}"),
            *("--LabApp.news_url=None", f"--LabApp.app_settings_dir={settings}", "--log-level=WARN"),
            "--JupyterNotebookApp.expose_app_in_browser=False",
        ]
        kernel_path = {"JUPYTER_PATH": str(kernels.HOME / "share")}
        self._log = (folder / "server.log").open("wb")
        self._server = subprocess.Popen(
            command, env={**os.environ, **own, **kernel_path, **environment}, stdout=self._log, stderr=self._log
        )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.get("api")
                break
            except OSError:
                assert time.monotonic() < deadline, (folder / "server.log").read_text()
                time.sleep(0.2)

    def get(self, path: str, method: str = "GET", body: bytes | None = None) -> Any:
        """Return what the server's REST interface answers."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{path}", body, {"Authorization": f"token {self.token}"}, method=method
        )
        with urllib.request.urlopen(request, timeout=5) as response:
            body = response.read()
            return json.loads(body) if body else None

    def configure(self, plugin: str, settings: dict[str, Any]) -> None:
        """Set a user's settings for a plugin of JupyterLab, for pages that are loaded later."""
        self.get(f"lab/api/settings/{plugin}", "PUT", json.dumps({"raw": json.dumps(settings)}).encode())

    def write(self, name: str, cells: list[str], kernel: str = kernels.NEWEST) -> None:
        """Put a notebook into the server's folder."""
        notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
        notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
        nbformat.write(notebook, self.notebooks / name)

    def saved(self, name: str) -> Any:
        """Return the notebook as it is on disk."""
        return nbformat.read(self.notebooks / name, as_version=4)

    def end_sessions(self) -> None:
        """Shut every kernel down, as on another day."""
        for session in self.get("api/sessions"):
            self.get(f"api/sessions/{session['id']}", "DELETE")

    def stop(self) -> None:
        """End the server and its kernels."""
        self._server.terminate()
        try:
            self._server.wait(15)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._log.close()


class NotebookPage:
    """A notebook open in the browser."""

    def __init__(self, page: Page, lab: Lab, name: str, front_end: str = "lab") -> None:
        self.page = page
        self.lab = lab
        self.name = name
        path = (
            f"lab/tree/{name}?token={lab.token}&reset" if front_end == "lab" else f"notebooks/{name}?token={lab.token}"
        )
        page.goto(f"http://127.0.0.1:{lab.port}/{path}")
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)

    @property
    def path(self) -> Path:
        """The notebook's file."""
        return self.lab.notebooks / self.name

    def wait_for_kernel(self) -> None:
        """Wait until the kernel is there and idle."""
        self.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first.wait_for(timeout=60_000)
        # The indicator is idle before the page has the kernel's socket, and a cell that is run
        # before that is dropped silently.
        wait_for(lambda: any(session["kernel"]["connections"] for session in self.lab.get("api/sessions")), 60)
        self.page.wait_for_timeout(1_000)

    def cell(self, index: int) -> Locator:
        """Return a cell by its place."""
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def output(self, index: int) -> Locator:
        """Return a cell's output area."""
        return self.cell(index).locator(".jp-Cell-outputWrapper")

    def run(self, index: int) -> None:
        """Run a cell as a person does."""
        self.cell(index).locator(".jp-InputArea-editor .cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def run_and_wait(self, index: int) -> None:
        """Run a cell and wait for its end."""
        self.run(index)
        self.wait_until_ran(index)

    def wait_until_ran(self, index: int) -> None:
        """Wait until a cell has its execution number."""
        prompt = self.cell(index).locator(".jp-InputPrompt").first
        wait_for(lambda: re.fullmatch(r"\[\d+\]:", prompt.inner_text().strip()), 60)

    def save(self) -> None:
        """Save the notebook."""
        before = self.path.stat().st_mtime_ns
        self.page.keyboard.press("Control+s")
        wait_for(lambda: self.path.stat().st_mtime_ns != before, 10)
        wait_for(lambda: self.path.read_bytes().endswith(b"}\n"), 10)

    def leave(self) -> None:
        """Save, close the page and end the kernel, as at the end of a day."""
        self.save()
        self.page.close(run_before_unload=False)
        self.lab.end_sessions()

    def interrupt(self) -> None:
        """Press ■."""
        self.page.locator('.jp-NotebookPanel-toolbar [data-jp-item-name="interrupt"] jp-button').first.click()


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """Return what `condition` gives once it is true; fail if it is not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)
    return value
