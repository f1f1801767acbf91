"""The ledger names the notebook and the cell that asked, in real kernels."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from nbstream.jupyter import where_asked
from tests import kernels
from tests.jupyter.conftest import CANARY_KEY
from tests.jupyter.kernel import Kernel

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator

#: The oldest ipykernel and the newest one, which keep the running cell in different ways.
twice = pytest.mark.parametrize("shared_kernel", [kernels.NAMES[0], kernels.NEWEST], indirect=True)


def last(kernel: Kernel) -> dict[str, Any]:
    """Return the last row of the ledger."""
    found = "(lambda row: {'notebook': row.notebook, 'cell': row.cell, 'chat': row.chat})"
    row: dict[str, Any] = kernel.evaluate(f"{found}(__import__('nbstream').ledger().rows[-1])")
    return row


def run(kernel: Kernel, code: str, cell: str) -> None:
    assert kernel.finish(kernel.send(code, metadata={"cellId": cell})).status == "ok"


@pytest.mark.kernel
@twice
def test_a_row_names_the_cell_that_asked(kernel: Kernel) -> None:
    run(kernel, "%%deepseek -c main\nWhy?", "one")
    assert last(kernel) == {"notebook": "", "cell": "one", "chat": "main"}
    kernel.run("%deepseek chat off")


@pytest.mark.kernel
@twice
def test_a_panel_asks_in_the_name_of_its_cell(kernel: Kernel) -> None:
    run(kernel, "import nbstream; panel = nbstream.ChatPanel()", "panel")
    run(kernel, "1", "other")
    act = "panel._panel.asking.worker.put(lambda: panel.chat.stream('Why?').result(30))"
    run(kernel, f"{act}\nwhile panel._panel.asking.worker.is_busy: __import__('time').sleep(0.01)", "other")
    assert last(kernel)["cell"] == "panel"


@pytest.mark.kernel
@twice
def test_a_button_asks_in_the_name_of_its_cell(kernel: Kernel) -> None:
    run(
        kernel,
        "import ipywidgets, nbstream\nbutton, runs = ipywidgets.Button(), []\n"
        "button.on_click(lambda _: runs.append(nbstream.stream('Why?')))",
        "button",
    )
    run(kernel, "1", "other")
    click = {
        "comm_id": kernel.evaluate("button.comm.comm_id"),
        "data": {"method": "custom", "content": {"event": "click"}},
    }
    kernel.post("shell", "comm_msg", click)
    kernel.until(lambda: bool(kernel.evaluate("len(runs)")), "the click is taken")
    kernel.run("runs[0].result(30)")
    assert last(kernel)["cell"] == "button"


@pytest.mark.kernel
def test_the_notebook_is_that_of_the_server_or_of_the_page(server: Simulator, tmp_path: Path) -> None:
    environ = {
        "DEEPSEEK_BASE_URL": server.url,
        "DEEPSEEK_API_KEY": CANARY_KEY,
        "IPYTHONDIR": str(tmp_path),
        # Other kernels of this run write rows of their own.
        "NBSTREAM_LEDGER": str(tmp_path / "ledger.sqlite"),
    }
    with Kernel(kernels.NEWEST, environ | {"JPY_SESSION_NAME": "/home/me/one.ipynb"}) as kernel:
        kernel.run("%load_ext nbstream")
        kernel.run("%%deepseek\nWhy?")
        assert last(kernel)["notebook"] == "/home/me/one.ipynb"
        usage = kernel.run("%deepseek usage notebook")
        assert [each["msg_type"] for each in usage.outputs] == ["stream", "execute_result"]
        assert "/home/me/one.ipynb" not in kernel.evaluate("repr(_)")
        assert "simulated" in usage.outputs[0]["content"]["text"]
        # As VS Code does.
        kernel.run("__vsc_ipynb_file__ = '/home/me/two.ipynb'")
        run(kernel, "%%deepseek\nWhy?", "vscode-notebook-cell:1")
        assert last(kernel) == {"notebook": "/home/me/two.ipynb", "cell": "vscode-notebook-cell:1", "chat": ""}
        # A notebook within another one: the name is the outer notebook's.
        kernel.run("del __vsc_ipynb_file__; import nbstream.widgets.front_ends as front_ends")
        kernel.run("front_ends._of_parent = lambda _: '/home/me/one.ipynb'")
        kernel.run("%%deepseek\nWhy?")
        assert last(kernel)["notebook"] == ""


@pytest.mark.parametrize(
    ("command", "notebook"),
    [
        ("python /bin/jupyter-nbconvert --execute a.ipynb --to notebook --output b.ipynb", "/home/me/a.ipynb"),
        ("python /bin/jupyter-nbconvert --execute sub/a.ipynb --output=b.ipynb", "/home/me/sub/a.ipynb"),
        ("python /bin/papermill /data/in.ipynb out.ipynb -p x 1", "/data/in.ipynb"),
        ("python -m papermill in.ipynb out.ipynb", "/home/me/in.ipynb"),
        ("/bin/voila --port 8000 app.ipynb", "/home/me/app.ipynb"),
        ("jupyter execute a.ipynb b.ipynb", ""),
        ("python -m pytest", ""),
        ("", ""),
    ],
)
def test_the_notebook_of_a_command(command: str, notebook: str) -> None:
    assert where_asked.notebook_in(command.split(), "/home/me") == notebook.replace("/", os.sep)
