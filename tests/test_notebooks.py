"""The notebook on widgets runs without a browser; tests/lesson runs those of the course."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "instruments.ipynb"


@pytest.mark.kernel
def test_every_cell_succeeds(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert os.environ["DEEPSEEK_BASE_URL"] == simulator.url
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    # A notebook that draws its ledger has one of its own.
    monkeypatch.setenv("NBSTREAM_LEDGER", str(tmp_path / "ledger.sqlite"))
    content: Any = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in content.cells)
    NotebookClient(content, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    asking = [cell for cell in content.cells if cell.source.startswith("%%deepseek")]
    for cell in asking:
        # A magic that was refused says so on stderr and raises nothing.
        data = [output.data for output in cell.outputs if "data" in output]
        assert any('<div class="nbstream ' in each.get("text/html", "") for each in data), cell.source
    assert asking
    _assert_that_it_keeps_what_later_cells_changed(content)


def _assert_that_it_keeps_what_later_cells_changed(content: Any) -> None:
    """nbclient takes what comes in the name of the running cell alone."""
    cells = {
        word: cell
        for cell in content.cells
        for word in ("HBox(", "view.ask(", "ChatPanel(", "nbstream.usage(")
        if word in cell.source and cell.cell_type == "code"
    }
    view, below = (output.data for output in cells["HBox("].outputs)
    widgets = content.metadata.widgets["application/vnd.jupyter.widget-state+json"].state
    (state,) = (each.state for each in widgets.values() if "usage" in each.state)
    (reply,) = state.keyframe.replies.values()
    assert "application/vnd.jupyter.widget-view+json" in view
    assert reply.state.meta.status == state.status == "complete"
    (asked,) = (output.data for output in cells["view.ask("].outputs)
    assert asked["text/plain"] == f"('complete', {state.usage.completion_tokens})"
    assert state.value[:60] in below["text/markdown"]
    (panel,) = (output.data for output in cells["ChatPanel("].outputs)
    assert "What is a robust estimator?" in panel["text/markdown"]
    (usage,) = (output.data for output in cells["nbstream.usage("].outputs)
    assert "nbstream-usage-picture" in usage["text/html"]
    assert "would have cost" in usage["text/plain"]
