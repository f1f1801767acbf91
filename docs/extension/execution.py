"""Executes the cells of all pages, at the same time, before Sphinx reads the pages."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from myst_nb import sphinx_ as myst_nb
from myst_nb.core.execute import NotebookClientBase
from myst_nb.core.read import create_nb_reader

from extension import player
from extension.forked_kernel import KernelStarter
from extension.front_end import VIEW_MIME, FrontEnd
from nbstream.simulator.server import Simulator

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

#: Replies to the prompts of pages.
_WRITTEN = Path(__file__).parents[1] / "written"
#: Kernels at the same time: they wait more than they compute.
_KERNELS = 6
_CELL_SECONDS = 120
_LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
#: Cells of a page in Markdown find the extension loaded.
_SETUP = "%load_ext nbstream"


@dataclass(frozen=True, slots=True)
class Executed:
    """The outputs of a page: those of each cell of code, in order; and what failed."""

    outputs: list[list[NotebookNode]]
    problem: str = ""


#: By the path of a page.
_executed: dict[str, Executed] = {}


def setup(app: Sphinx) -> None:
    """Execute pages before they are read, and let MyST-NB take their outputs from here."""
    app.connect("env-before-read-docs", _execute_all)
    # It has no setting for a way of execution that is not its own.
    myst_nb.create_client = _Client


class _Client(NotebookClientBase):  # type: ignore[misc]  # MyST-NB has no types
    """Gives the cells of a notebook their outputs."""

    def __init__(self, notebook: NotebookNode, source: str, config: Any, logger: Any, *_read_format: Any) -> None:
        super().__init__(notebook, Path(source), config, logger)
        self._executed = _executed.get(str(source))

    def start_client(self) -> None:
        # The notebook was executed before: it lacks what a kernel says of itself.
        self.notebook.metadata["language_info"] = _LANGUAGE
        if self._executed is None:
            return
        if self._executed.problem:
            self.logger.warning(self._executed.problem, subtype="exec")
        for number, (cell, outputs) in enumerate(zip(_code_cells(self.notebook), self._executed.outputs, strict=False)):
            cell.outputs, cell.execution_count = outputs, number + 1


def _execute_all(_app: Sphinx, env: BuildEnvironment, names: list[str]) -> None:
    notebooks = {}
    for name in names:
        path = str(env.doc2path(name))
        text = Path(path).read_text("utf-8")
        reader = create_nb_reader(path, env.myst_config, env.mystnb_config, text)  # type: ignore[attr-defined]
        if reader is not None and _code_cells(notebook := reader.read(text)):
            notebooks[path] = notebook
    if not notebooks:
        return
    with (
        Simulator(written=sorted(_WRITTEN.glob("*.toml"))) as simulator,
        KernelStarter() as starter,
        ThreadPoolExecutor(_KERNELS) as pool,
    ):
        made = pool.map(lambda path: _execute(path, notebooks[path], simulator.url, starter), notebooks)
        _executed.update(zip(notebooks, made, strict=True))


def _execute(path: str, notebook: NotebookNode, url: str, starter: KernelStarter) -> Executed:
    executed: list[list[NotebookNode]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with FrontEnd(starter, folder, _environment(folder, url), _CELL_SECONDS) as page:
            if path.endswith(".md"):
                page.run(_SETUP, "setup", ())
            for number, cell in enumerate(_code_cells(notebook)):
                decision = cell.metadata.get("nbstream", {}).get("decision") or _usual_decision(path)
                decisions = decision if isinstance(decision, list) else [decision]
                outputs = page.run(cell.source, cell.get("id", f"cell-{number}"), decisions)
                executed.append(outputs)
                errors = [each for each in outputs if each.output_type == "error"]
                if errors and "raises-exception" not in cell.metadata.get("tags", ()):
                    return Executed(executed, f"A cell failed: {cell.source}\n{errors[0].ename}: {errors[0].evalue}")
            page.finish()
        views = _put_players(page)
    return Executed([[each for each in outputs if id(each) not in views] for outputs in executed])


def _usual_decision(path: str) -> dict[str, str]:
    """Allow the tool calls of a page. A notebook of the course runs as if nobody was there."""
    return {"action": "allow" if path.endswith(".md") else "deny"}


def _put_players(page: FrontEnd) -> set[int]:
    """Put players in the place of settled replies, and return the ids of the other widgets' views.

    Their transcripts, which are outputs of their own, stand in the page.
    """
    views = set()
    for output, comm in page.shown:
        data = output.data
        if data.pop(VIEW_MIME, None) is not None and "text/html" not in data:
            views.add(id(output))
        elif "text/html" in data and (stream := page.streams.get(comm)) is not None and stream.messages:
            data["text/html"] = player.html(data["text/html"], stream)
    return views


def _environment(folder: Path, url: str) -> dict[str, str]:
    return {
        **os.environ,
        "DEEPSEEK_BASE_URL": url,
        "DEEPSEEK_API_KEY": "simulated",
        "IPYTHONDIR": str(folder / ".ipython"),
        "JUPYTER_RUNTIME_DIR": str(folder / ".runtime"),
        "NBSTREAM_LEDGER": str(folder / ".ledger"),
    }


def _code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
