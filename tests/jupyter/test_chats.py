"""`-c`, `%deepseek chat` and `chats`, and the turns of cells, on real ipykernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel

pytestmark = pytest.mark.kernel

#: The simulator begins each echo with it.
MARK = "*Simulated: no model was called.*\n\n"


@pytest.fixture(autouse=True)
def _no_chats(kernel: Kernel) -> None:
    kernel.run("%deepseek chat off\nfrom nbstream.chat import conversation; conversation._chats.get().clear()")


def ask(kernel: Kernel, word: str, cell: str | None = None, options: str = "-c plan", **metadata: Any) -> Cell:
    """Run a cell that asks for `word`; `cell` is the id that JupyterLab gives it."""
    if cell is not None:
        metadata["cellId"] = cell
    asked = kernel.send(f"%%deepseek --no-think {options}\n[simulate: echo] {word}", metadata=metadata)
    return kernel.finish(asked)


def sent(server: Simulator) -> list[str]:
    """Return the texts of the last request without the simulator's own words."""
    messages = [each["body"] for each in server.log() if each["method"] == "POST"][-1]["messages"]
    return [each["content"].removeprefix("[simulate: echo] ").removeprefix(MARK) for each in messages]


def shown_at(kernel: Kernel, place: str) -> str:
    """Return the text of the latest output with this display id, whichever cell it came with."""
    found = [
        each["content"] for each in kernel.messages if each["content"].get("transient", {}).get("display_id") == place
    ]
    return str(found[-1]["data"]["text/plain"])


def settled(cell: Cell) -> str:
    """Return the settled output of a cell as text, without updates of other cells' outputs."""
    (place,) = (each["content"]["transient"]["display_id"] for each in cell.outputs_of("display_data"))
    own = [each for each in cell.outputs if each["content"].get("transient", {}).get("display_id") == place]
    return str(own[-1]["content"]["data"]["text/plain"])


def test_a_cell_continues_its_chat_and_says_so(kernel: Kernel, server: Simulator) -> None:
    ask(kernel, "one", "a")
    cell = ask(kernel, "two", "b")
    assert sent(server) == ["one", "one", "two"]
    assert "plan · turn 2 · 1 turn before it · deepseek-flash" in settled(cell)
    alone = ask(kernel, "three", "c", options="")
    assert sent(server) == ["three"]
    assert "turn" not in settled(alone)


@pytest.mark.parametrize("named", [{"cellId": "a"}, {"colab": {"cell_id": "a"}}])
def test_a_cell_that_is_run_again_replaces_its_turn(kernel: Kernel, server: Simulator, named: dict[str, Any]) -> None:
    ask(kernel, "one", **named)
    second = ask(kernel, "two", "b")
    cell = ask(kernel, "ONE", **named)
    assert sent(server) == ["ONE"]
    assert "plan · turn 1, version 2 · deepseek-flash" in settled(cell)
    # The output of the second cell tells it as well, until it is run again.
    (place,) = (each["content"]["transient"]["display_id"] for each in second.outputs_of("display_data"))
    kernel.until(lambda: "answered an earlier version" in shown_at(kernel, place), "the mark")
    ask(kernel, "three", "c")
    assert sent(server) == ["ONE", "ONE", "two", "two", "three"]
    assert kernel.evaluate("[turn.outdated for turn in nbstream.Chat('plan').turns]") == [False, True, False]


def test_ask_of_a_chat_is_the_same_as_the_magic(kernel: Kernel, server: Simulator) -> None:
    ask(kernel, "one", "a")
    code = "reply = nbstream.Chat('plan').ask('[simulate: echo] two', thinking=False)"
    for _ in range(2):
        cell = kernel.finish(kernel.send(code, metadata={"cellId": "b"}))
        assert cell.status == "ok"
        assert sent(server) == ["one", "one", "two"]
    assert "plan · turn 2, version 2 · 1 turn before it" in settled(cell)
    assert kernel.evaluate("reply is nbstream.Chat('plan').turns[1].reply") is True


def test_a_deleted_cell_is_told_once_and_can_be_had_back(kernel: Kernel, server: Simulator) -> None:
    ask(kernel, "one", "a")
    ask(kernel, "two", "b")
    # JupyterLab names deleted cells with the next run of any cell.
    kernel.finish(kernel.send("1", metadata={"cellId": "x", "deletedCells": ["a"]}))
    cell = ask(kernel, "three", "c")
    assert sent(server) == ["two", "two", "three"]
    note = cell.text("stderr")
    assert note.startswith("Note: Turn 1 of the chat plan is set aside and not sent any more, as its cell was deleted.")
    assert "nbstream.Chat('plan').restore()" in note
    assert ask(kernel, "four", "d").text("stderr") == ""
    kernel.run("nbstream.Chat('plan').restore()")
    ask(kernel, "five", "e")
    assert sent(server)[:2] == ["one", "one"]


def test_a_deletion_that_was_undone_costs_no_turn(kernel: Kernel, server: Simulator) -> None:
    ask(kernel, "one", "a")
    ask(kernel, "two", "b")
    # The cell that is reported as deleted is the one that runs.
    ask(kernel, "ONE", "a", deletedCells=["a"])
    ask(kernel, "three", "c")
    assert sent(server) == ["ONE", "ONE", "two", "two", "three"]


def test_a_cell_without_an_id_is_appended(kernel: Kernel, server: Simulator) -> None:
    for _ in range(2):
        ask(kernel, "one")
    assert sent(server) == ["one", "one", "one"]


def test_the_default_chat_is_continued_until_it_is_off(kernel: Kernel, server: Simulator) -> None:
    made = kernel.run("%deepseek chat plan")
    assert made.text("stdout") == (
        "The following cells continue the chat plan, which has no turns. To end that: %deepseek chat off\n"
    )
    ask(kernel, "one", "a", options="")
    ask(kernel, "two", "b", options="")
    assert sent(server) == ["one", "one", "two"]
    ask(kernel, "three", "c", options="-c off")
    assert sent(server) == ["three"]
    ask(kernel, "four", "d", options="-c other")
    assert sent(server) == ["four"]
    listed = kernel.run("%deepseek chats").text("stdout").splitlines()
    assert [line.split()[:3] for line in listed[:3]] == [
        ["chat", "turns", "tokens"], ["plan", "*", "2"], ["other", "1", listed[2].split()[2]]
    ]  # fmt: skip
    assert listed[1].endswith("deepseek-flash")
    assert "$" in listed[1]
    kernel.run("%deepseek chat off")
    ask(kernel, "five", "e", options="")
    assert sent(server) == ["five"]
    assert kernel.run("%deepseek chat").text("stdout").startswith("No chat:")


@pytest.mark.parametrize("options", ["-c -x", '-c "two words"', "-c"])
def test_a_wrong_name_is_one_line(kernel: Kernel, server: Simulator, options: str) -> None:
    cell = ask(kernel, "one", options=options)
    assert cell.outputs_of("error") == []
    assert len(cell.text("stderr").strip().splitlines()) <= 2
    assert server.log() == []


def test_a_chat_is_shown_as_a_conversation(kernel: Kernel) -> None:
    ask(kernel, "one **1**", "a")
    cell = kernel.run("nbstream.Chat('plan')")
    data = cell.outputs_of("execute_result")[-1]["content"]["data"]
    assert "Turn 1" in data["text/html"]
    assert "<strong>1</strong>" in data["text/html"]
    assert "## Turn 1" in data["text/markdown"]
    assert data["text/plain"] == "<Chat plan: 1 turn>"


def test_a_turn_stopped_by_its_cell_being_run_again_is_replaced(kernel: Kernel, server: Simulator) -> None:
    source = "%%deepseek -c plan --background\n[simulate: silence after=3] x"
    kernel.finish(kernel.send(source, metadata={"cellId": "a"}))
    cell = ask(kernel, "two", "b")
    assert "Turn 1 of the chat plan is still arriving" in cell.text("stderr")
    ask(kernel, "one", "a")
    ask(kernel, "two", "b")
    assert sent(server) == ["one", "one", "two"]


def test_loading_the_extension_names_the_package(kernel: Kernel) -> None:
    kernel.run("import sys; del nbstream")
    kernel.run("%reload_ext nbstream")
    assert kernel.evaluate("nbstream is sys.modules['nbstream']") is True
    kernel.run("nbstream = 'mine'\n%reload_ext nbstream")
    assert kernel.evaluate("nbstream") == "mine"
    kernel.run("import nbstream")


def test_retry_puts_a_new_version_into_the_turn(kernel: Kernel, server: Simulator) -> None:
    ask(kernel, "one", "a")
    ask(kernel, "two", "b", options="-c plan -o kept")
    kernel.run("nbstream.Chat('plan').edit(0, answer='1')")
    cell = kernel.finish(kernel.send("%deepseek retry -m pro", metadata={"cellId": "x"}))
    # After the turns as they are now.
    assert sent(server) == ["one", "1", "two"]
    assert "plan · turn 2, version 2 · 1 turn before it · deepseek-v4-pro" in settled(cell)
    assert kernel.evaluate("[len(turn.versions) for turn in nbstream.Chat('plan').turns]") == [2, 2]
    assert kernel.evaluate("kept is nbstream.Chat('plan').turns[1].reply") is True
    assert kernel.evaluate("[turn.outdated for turn in nbstream.Chat('plan').turns]") == [False, False]
    ask(kernel, "three", "c")
    assert sent(server) == ["one", "1", "two", "two", "three"]


def test_continue_replaces_the_reply_of_the_turn(kernel: Kernel, server: Simulator) -> None:
    ask(kernel, "one", "a")
    source = "%%deepseek -c plan --no-think -o kept\n[simulate: truncate after=5] x"
    kernel.finish(kernel.send(source, metadata={"cellId": "b"}))
    cut = kernel.evaluate("kept.answer")
    kernel.finish(kernel.send("%deepseek continue", metadata={"cellId": "x"}))
    assert kernel.evaluate("len(nbstream.Chat('plan').turns[1].versions)") == 1
    whole = kernel.evaluate("kept.message['content']")
    assert whole.startswith(cut)
    assert len(whole) > len(cut)
    ask(kernel, "three", "c")
    messages = [each["body"] for each in server.log() if each["method"] == "POST"][-1]["messages"]
    assert [each["role"] for each in messages] == ["user", "assistant", "user", "assistant", "user"]
    assert messages[3]["content"] == whole
