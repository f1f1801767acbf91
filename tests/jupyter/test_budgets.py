"""Budgets in real kernels: of cells, and of a notebook that two kernels have open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests import kernels
from tests.jupyter.conftest import CANARY_KEY
from tests.jupyter.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbstream.simulator.server import Simulator

pytestmark = pytest.mark.kernel

_LONG = "%%deepseek\n[simulate: normal tokens=3000] Write."


def printed(kernel: Kernel, code: str) -> str:
    cell = kernel.run(code)
    assert cell.status == "ok"
    kinds = ("stream", "display_data", "update_display_data", "execute_result")
    contents = [each["content"] for each in cell.outputs_of(*kinds)]
    return "\n".join(each.get("text") or str(each["data"].get("text/plain", "")) for each in contents)


@pytest.fixture
def without_budgets(kernel: Kernel) -> Iterator[None]:
    yield
    kernel.run("%deepseek budget off --per-cell\n%deepseek budget off\n%deepseek budget off --day")


@pytest.mark.usefixtures("without_budgets")
def test_each_run_of_a_cell_has_its_budget(kernel: Kernel, server: Simulator) -> None:
    assert "The budget of each cell, 1,000 tokens, is set." in printed(
        kernel, "%deepseek budget 1000 tokens --per-cell"
    )
    for _ in range(2):
        assert "has 1,000 tokens left" in printed(kernel, _LONG)
    spent = "import nbstream\na = nbstream.stream('[simulate: normal tokens=3000] Write.').result()\n"
    refused = printed(kernel, f"{spent}nbstream.stream('hello').result().error")
    assert "budget" in refused
    assert len(server.log()) == 3
    assert "each run of a cell" in printed(kernel, "%deepseek budget")


@pytest.mark.usefixtures("without_budgets")
def test_a_mistake_is_one_line(kernel: Kernel) -> None:
    for words in ("0", "x", "1 2 3", "1 --week", "1 --day --month", "5 miles"):
        cell = kernel.run(f"%deepseek budget {words}")
        assert cell.status == "error", words


@pytest.fixture
def notebook(tmp_path: Path, server: Simulator) -> dict[str, str]:
    """The environment of a kernel whose notebook is known, with a ledger of its own."""
    return {
        "DEEPSEEK_BASE_URL": server.url,
        "DEEPSEEK_API_KEY": CANARY_KEY,
        "IPYTHONDIR": str(tmp_path),
        "JUPYTER_CONFIG_DIR": str(tmp_path),
        "NBSTREAM_LEDGER": str(tmp_path / "ledger.sqlite"),
        "JPY_SESSION_NAME": str(tmp_path / "one.ipynb"),
    }


def test_kernels_of_one_notebook_share_its_budget_also_after_a_restart(
    notebook: dict[str, str], server: Simulator
) -> None:
    with Kernel(kernels.NEWEST, notebook) as one, Kernel(kernels.NEWEST, notebook) as other:
        one.run("%load_ext nbstream\n%deepseek budget 2000 tokens")
        other.run("%load_ext nbstream")
        assert "of this notebook, 2,000 tokens, has 2,000 tokens left" in printed(other, _LONG)
        assert "Nothing was sent: the budget of this notebook, 2,000 tokens, has" in printed(one, _LONG)
    with Kernel(kernels.NEWEST, notebook) as again:
        again.run("%load_ext nbstream")
        assert "Nothing was sent" in printed(again, _LONG)
        # A larger amount goes on from what is spent.
        again.run("%deepseek budget 2500 tokens")
        assert re.search(r"has 5\d\d tokens left", printed(again, _LONG))
        assert len(server.log()) == 2
        printed(again, "%deepseek budget 2500 tokens --anew")
        assert "has 2,500 tokens left" in printed(again, _LONG)
