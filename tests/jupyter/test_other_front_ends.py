"""A stand-in for front ends that cannot run here: VS Code and Colab.

Neither was seen. What is known of them is imitated: VS Code names its cells by an address, Colab
below `colab`; a widget of theirs has no control channel; and where the page's code cannot be
fetched from the web, no widget is drawn and no comm message is ever answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import kernels
from tests.jupyter.kernel import VIEW_MIME

if TYPE_CHECKING:
    from tests.jupyter.kernel import Cell, Kernel

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.usefixtures("widgets_are_closed"),
    pytest.mark.parametrize("shared_kernel", [kernels.NEWEST], indirect=True),
]

#: What VS Code and Colab send with a cell.
CLIENTS: dict[str, dict[str, Any]] = {
    "VS Code": {"cellId": "vscode-notebook-cell:/home/me/notebook.ipynb#W2sZmlsZQ=="},
    "Colab": {"colab": {"cell_id": "4zXk0aGc2bTe", "base_url": "https://colab.research.google.com"}},
}
TOOL = """
ran = []
@nbstream.tool
def weather(city: str) -> str:
    "Return the weather."
    ran.append(city)
    return f"sunny in {city}"
"""


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The metadata of one of them."""
    return CLIENTS[str(request.param)]


def run(kernel: Kernel, code: str, client: dict[str, Any]) -> Cell:
    return kernel.finish(kernel.send(code, metadata=client))


def settled(cell: Cell) -> dict[str, Any]:
    """Return the output that stays in the notebook, as the client has it at the end."""
    (update,) = cell.outputs_of("update_display_data")
    content: dict[str, Any] = update["content"]
    return content


def test_the_front_end_is_known(kernel: Kernel, client: dict[str, Any]) -> None:
    code = "from nbstream.widgets import front_ends; print(front_ends.current().name)"
    assert run(kernel, code, client).text("stdout").strip() == ("Colab" if "colab" in client else "VS Code")


def test_a_reply_is_whole_although_no_page_draws_it(kernel: Kernel, client: dict[str, Any]) -> None:
    cell = run(kernel, "%%deepseek\n[simulate: echo] An answer, and $x^2$.", client)
    assert cell.status == "ok"
    (shown,) = cell.outputs_of("display_data")
    # Until the end there is a sentence beside the widget; then no trace of the widget.
    assert shown["content"]["data"].keys() == {VIEW_MIME, "text/plain"}
    assert "had not ended" in shown["content"]["data"]["text/plain"]
    data = settled(cell)["data"]
    assert data.keys() == {"text/html", "text/markdown", "text/plain"}
    assert all("An answer" in text for text in data.values())
    # Nobody has reported a page, so no state of the widget is left.
    assert cell.view is not None
    assert cell.view.closed


def test_what_was_cut_off_names_no_buttons(kernel: Kernel, client: dict[str, Any]) -> None:
    content = settled(run(kernel, "%%deepseek\n[simulate: reset after=20] Be cut off.", client))
    assert "run the cell again" in content["data"]["text/plain"]


def test_a_call_is_asked_about_by_input(kernel: Kernel, client: dict[str, Any]) -> None:
    run(kernel, TOOL, client)
    code = '%%deepseek -T weather -o reply\n[simulate: call] weather {"city": "Paris"}'
    cell = kernel.send(code, metadata=client)
    before = len(kernel.messages)
    kernel.until(lambda: any(each["msg_type"] == "input_request" for each in kernel.messages[before:]), "input() asks")
    assert "weather" in cell.text("stdout")
    kernel.post("stdin", "input_reply", {"value": "y"})
    kernel.finish(cell)
    assert kernel.evaluate("[ran, reply.answer != '']") == [["Paris"], True]


def test_a_cell_that_is_run_again_replaces_its_turn(kernel: Kernel, client: dict[str, Any]) -> None:
    run(kernel, "from nbstream.chat import conversation; conversation._chats.get().clear()", client)
    for _ in range(2):
        run(kernel, "%%deepseek -c abroad\n[simulate: echo] The same turn.", client)
    assert kernel.evaluate("[len(nbstream.Chat('abroad')), len(nbstream.Chat('abroad').turns[0].versions)]") == [1, 2]


@pytest.mark.parametrize("code", ["nbstream.ReplyView(nbstream.last)", "nbstream.ChatPanel(nbstream.Chat('abroad'))"])
def test_an_instrument_leaves_its_transcript(kernel: Kernel, client: dict[str, Any], code: str) -> None:
    run(kernel, "%%deepseek -c abroad\n[simulate: echo] What the transcript has.", client)
    cell = run(kernel, code, client)
    view, transcript = (each["content"]["data"] for each in cell.outputs_of("display_data"))
    assert VIEW_MIME in view
    assert "text/html" not in view
    assert VIEW_MIME not in transcript
    assert "What the transcript has." in transcript["text/html"]


def test_a_job_leaves_its_result(kernel: Kernel, client: dict[str, Any]) -> None:
    cell = run(kernel, "replies = nbstream.map(['One', 'Two'])", client)
    assert cell.status == "ok"
    assert "2" in settled(cell)["data"]["text/plain"]
