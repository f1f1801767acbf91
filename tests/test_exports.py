"""Replies in notebooks that run without a front end.

nbclient or papermill runs the notebook, and nbconvert exports it. The reply must be readable in the
file and in the exports.
"""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from markdown_it import MarkdownIt
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import nbstream
from nbstream.simulator.server import Simulator
from tests import kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.kernel

#: An API key that must not appear in any file.
CANARY_KEY = "canary-key-2b90ce"
MIMES = {"text/html", "text/markdown", "text/plain"}

# The simulator's answer has dollar amounts, a table, and a code block with blank lines.
QUESTION = "%%deepseek --meta\nWhy does the median resist outliers?"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Write a notebook that has not run yet, and start a simulator for its kernel."""
    folder = tmp_path_factory.mktemp("exports")
    path = folder / "reply.ipynb"
    document = new_notebook(cells=[new_code_cell("%load_ext nbstream"), new_code_cell(QUESTION)])
    document.metadata["kernelspec"] = {"name": kernels.NEWEST, "display_name": kernels.NEWEST, "language": "python"}
    nbformat.write(document, path)
    with Simulator(port=0, rate=0, first_token=0) as simulator, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPSEEK_BASE_URL", simulator.url)
        patch.setenv("DEEPSEEK_API_KEY", CANARY_KEY)
        patch.setenv("JUPYTER_PATH", str(kernels.HOME / "share"))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        yield path


def run_with_nbclient(source: Path, target: Path) -> None:
    document = nbformat.read(source, as_version=4)
    NotebookClient(document, timeout=60).execute()
    nbformat.write(document, target)


def run_with_papermill(source: Path, target: Path) -> None:
    _call("papermill", str(source), str(target), "--no-progress-bar", "--log-level", "WARNING")


@pytest.fixture(scope="module", params=[run_with_nbclient, run_with_papermill])
def executed(request: pytest.FixtureRequest, notebook: Path) -> Path:
    """Run the notebook and return the path of the result."""
    path = notebook.with_name("executed.ipynb")
    run: Callable[[Path, Path], None] = request.param
    run(notebook, path)
    return path


def test_the_saved_notebook_holds_the_reply_and_no_widget(executed: Path) -> None:
    saved = nbformat.read(executed, as_version=4)
    (output,) = saved.cells[1].outputs
    assert set(output["data"]) == MIMES
    assert "widgets" not in saved.metadata
    text = executed.read_text("utf-8")
    assert CANARY_KEY not in text
    assert "widget" not in text
    assert "Five friends" in output["data"]["text/plain"]


def test_the_saved_notebook_says_what_the_reply_is_made_of(executed: Path) -> None:
    (output,) = nbformat.read(executed, as_version=4).cells[1].outputs
    found = output["metadata"]["nbstream"]["provenance"]
    assert (found["model"], found["status"], found["simulated"]) == ("deepseek-flash", "complete", True)
    assert found["usage"]["completion_tokens"] > 0
    assert "outliers" not in str(found)


def test_the_ledger_names_the_notebook_that_papermill_ran(executed: Path, request: pytest.FixtureRequest) -> None:
    names = [row.notebook for row in nbstream.ledger().rows]
    is_papermill = request.node.callspec.params["executed"] is run_with_papermill
    # The kernels of nbclient are started by pytest here, whose command names no notebook.
    assert (str(executed.with_name("reply.ipynb")) in names) == is_papermill


def test_the_html_export_shows_the_whole_reply(executed: Path) -> None:
    page = _words(_export(executed, "html"))
    reply = _words(_settled(executed))
    assert reply in page
    _assert_whole(reply)
    assert "$5, $6, $7, $8 and $9. Mean and median agree on $7." in reply


def test_the_markdown_export_shows_the_whole_reply(executed: Path) -> None:
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(_export(executed, "markdown"))
    settled = _settled(executed)
    assert _words(settled) in _words(page)
    # A blank line in the code did not end the HTML block: no code was parsed as Markdown.
    assert _code(settled) in _code(page)
    assert "from statistics import mean, median\n\nlunches = " in _code(settled)
    assert page.count("<details") == page.count("</details>") == 1


def _assert_whole(words: str) -> None:
    """Assert that `words` has reasoning, answer and footer, in this order."""
    marks = ["Thought for", "a tug of war in which nobody", "Simulated: no model", "Five friends", " · simulated · "]
    places = [words.find(mark) for mark in marks]
    assert -1 not in places
    assert places == sorted(places)


def _export(notebook: Path, kind: str) -> str:
    _call("nbconvert", "--to", kind, "--log-level", "WARN", str(notebook))
    return notebook.with_suffix({"html": ".html", "markdown": ".md"}[kind]).read_text("utf-8")


def _call(module: str, *arguments: str) -> None:
    ended = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def _settled(notebook: Path) -> str:
    (output,) = nbformat.read(notebook, as_version=4).cells[1].outputs
    html: str = output["data"]["text/html"]
    return html


class _Text(HTMLParser):
    """Collects the text of a page without scripts and styles.

    Attributes:
        all: the pieces of all text.
        code: the pieces of text in `pre` elements.
    """

    def __init__(self) -> None:
        super().__init__()
        self.all: list[str] = []
        self.code: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002  (the signature of HTMLParser)
        if tag in ("script", "style", "pre"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not {"script", "style"}.intersection(self._open):
            self.all.append(data)
        if "pre" in self._open:
            self.code.append(data)


def _read(html: str) -> _Text:
    text = _Text()
    text.feed(html)
    text.close()
    return text


def _words(html: str) -> str:
    return " ".join("".join(_read(html).all).split())


def _code(html: str) -> str:
    return "".join(_read(html).code)
