"""`--compare` and `nbstream.Compare` in real kernels: columns, Stop, ■, choice, what stays."""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

import pexpect
import pytest

from tests.jupyter.conftest import CANARY_KEY
from tests.jupyter.kernel import VIEW_MIME

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel, Message

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("widgets_are_closed")]

SLOW = "[simulate: normal rate=20 tokens=600]"
QUICK = "[simulate: echo]"


#: The rows of a frame; some kernels of the tests have no pandas.
ROWS = "(lambda frame: frame.to_dict('records') if hasattr(frame, 'to_dict') else frame)(result.frame())"


class Page:
    """What the page of a comparison knows, and what its user does."""

    def __init__(self, kernel: Kernel, cell: Cell) -> None:
        self._kernel, self._cell = kernel, cell
        self._numbers = itertools.count(1)
        view = cell.view
        assert view is not None
        self.view = view

    @property
    def sent(self) -> list[Message]:
        """Everything that the kernel has sent for the page."""
        return [
            message["content"]["data"]
            for message in self._kernel.messages
            if message["msg_type"] in ("comm_open", "comm_msg") and message["content"]["comm_id"] == self.view.comm_id
        ]

    @property
    def own(self) -> Message:
        """The own state."""
        first, *others = self.sent
        own: Message = dict(first["state"]["keyframe"]["own"])
        for data in others:
            if data["method"] == "custom" and data["content"]["type"] == "frame":
                own |= data["content"].get("own", {})
        return own

    def send(self, kind: str, **fields: Any) -> Message:
        """Send a message as a page does, on the control channel."""
        return self._kernel.control(self.view, kind, page="test", number=next(self._numbers), **fields)

    @property
    def transcript(self) -> dict[str, str]:
        """The static output beside the view, as it is now."""
        shown = [each for each in self._cell.outputs_of("display_data") if VIEW_MIME not in each["content"]["data"]]
        place = shown[-1]["content"]["transient"]["display_id"]
        updates = [
            each["content"]
            for each in self._kernel.messages
            if each["msg_type"] == "update_display_data" and each["content"]["transient"]["display_id"] == place
        ]
        data: dict[str, str] = ([shown[-1]["content"], *updates])[-1]["data"]
        return data


def begin(kernel: Kernel, code: str) -> tuple[Cell, Page]:
    cell = kernel.send(code)
    kernel.until(lambda: cell.view, "the comparison is shown")
    return cell, Page(kernel, cell)


def test_columns_arrive_together_and_settle_to_a_table(kernel: Kernel, server: Simulator) -> None:
    cell, page = begin(kernel, f"%%deepseek --compare flash,pro -o result --no-think -t 0\nSay fog. {QUICK}")
    kernel.finish(cell)
    assert cell.status == "ok", cell.outputs
    assert [column["name"] for column in page.own["columns"]] == ["flash", "pro"]
    kernel.until(lambda: not page.own["live"], "the page knows that all have ended")
    kernel.until(lambda: page.transcript["text/plain"].count("Say fog.") == 2, "both answers are there")
    assert "first token" in page.transcript["text/plain"]
    assert "All columns: no thinking · temperature 0" in page.transcript["text/plain"]
    assert "<table" in page.transcript["text/html"]
    assert kernel.evaluate("[each.status for each in result.replies]") == ["complete", "complete"]
    assert [row["name"] for row in kernel.evaluate(ROWS)] == ["flash", "pro"]
    assert len({entry["body"]["model"] for entry in server.log()}) == 2
    assert CANARY_KEY not in json.dumps(page.sent)


@pytest.mark.parametrize("whole", [True, False])
def test_stop_ends_one_column_or_all_and_the_cell_normally(kernel: Kernel, whole: bool) -> None:  # noqa: FBT001
    code = f"%%deepseek --compare flash,pro -o result --no-think\nTell. {SLOW}"
    cell, page = begin(kernel, code)
    kernel.until(lambda: all(each["figures"][0]["text"] != "–" for each in page.own["columns"]), "both answer")  # noqa: RUF001
    if whole:
        page.send("stop")
    else:
        page.send("cancel", reply="A")
        kernel.until(lambda: not page.own["columns"][0]["live"], "the first has ended")
        assert page.own["columns"][1]["live"]
        page.send("cancel", reply="B")
    kernel.finish(cell)
    assert cell.status == "ok"
    assert kernel.evaluate("[each.status for each in result.replies]") == ["cancelled", "cancelled"]
    kernel.until(lambda: "stopped" in page.transcript["text/plain"], "the table says so")


def test_interrupt_stops_all_and_aborts_the_next_cell(kernel: Kernel, server: Simulator) -> None:
    cell, page = begin(kernel, f"%%deepseek --compare flash,pro,flash -o result --no-think\nTell. {SLOW}")
    following = kernel.send("print('next')")
    kernel.until(lambda: len(server.log()) == 3, "all are asked")
    kernel.interrupt()
    kernel.finish(cell)
    assert cell.status == "error"
    (error,) = cell.outputs_of("error")
    assert error["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.finish(following).status == "aborted"
    assert kernel.evaluate("[each.status for each in result.replies]") == ["cancelled"] * 3
    kernel.until(lambda: page.transcript["text/plain"].count("stopped") == 3, "the table says so")


def test_a_failed_column_says_why_and_the_others_go_on(kernel: Kernel) -> None:
    code = (
        "import nbstream\nresult = nbstream.Compare(None, [{'prompt': 'Say fog. [simulate: echo]'}, "
        "{'prompt': 'x [simulate: 402]'}], thinking=False)\ndisplay(result); result.wait();"
    )
    cell, page = begin(kernel, code)
    kernel.finish(cell)
    assert cell.status == "ok", cell.outputs
    kernel.until(lambda: "402" in page.transcript["text/plain"], "the table says why")
    kernel.until(lambda: "Say fog." in page.transcript["text/plain"], "the other answer is there")
    kernel.until(lambda: page.own["state"] == "1 of 2 answers are whole", "the page knows that all have ended")


def test_nothing_tells_who_is_who_until_the_choice(kernel: Kernel) -> None:
    code = (
        "import nbstream\nresult = nbstream.Compare(None, [{'model': 'pro', 'prompt': 'One. [simulate: echo]'}, "
        "{'prompt': 'Two. [simulate: echo]'}], blind=True, thinking=False)\nresult"
    )
    cell, page = begin(kernel, code)
    kernel.finish(cell)
    kernel.until(lambda: page.own["choices"], "an answer can be chosen")
    opened, *others = page.sent
    state = {name: value for name, value in opened["state"].items() if name != "_esm"}
    words = json.dumps([state, others, [each["content"] for each in cell.outputs]])
    assert not re.findall(r"\bpro\b|flash|deepseek|tok/s|first token|\bcost\b", words)
    assert [each["key"] for each in page.own["choices"]] == ["A", "B", "T", "N"]
    assert kernel.evaluate("(result.choice, result.names)") == [None, ["A", "B"]]
    assert {tuple(row) for row in kernel.evaluate(ROWS)} == {("letter", "answer")}
    page.send("choose", choice="B")
    page.send("choose", choice="A")
    kernel.until(lambda: page.own["verdict"], "the names are shown")
    names = [column["name"].removeprefix(f"{column['key']} · ") for column in page.own["columns"]]
    assert sorted(names) == sorted(kernel.evaluate("result.names"))
    assert [column["chosen"] for column in page.own["columns"]] == [False, True]
    assert kernel.evaluate("result.choice") == "B"
    chosen = kernel.evaluate("result.chosen.answer")
    assert "One." in chosen or "Two." in chosen
    assert [row["answer"] for row in kernel.evaluate(ROWS) if row["chosen"]] == [chosen]
    kernel.until(lambda: "Chosen: B · " in page.transcript["text/plain"], "the file has the choice")


def test_differences_are_found_for_the_page(kernel: Kernel) -> None:
    code = (
        "import nbstream\nresult = nbstream.Compare(None, [{'prompt': 'The cat sat. [simulate: echo]'}, "
        "{'prompt': 'The dog sat. [simulate: echo]'}], thinking=False)\nresult"
    )
    cell, page = begin(kernel, code)
    kernel.finish(cell)
    kernel.until(lambda: page.own["comparable"], "there are two answers")
    page.send("differences", first="A", second="B")
    kernel.until(lambda: page.own["differences"], "they are sent")
    assert [kind for kind, _ in page.own["differences"]["pieces"]] == [0, 1, 2, 0]
    assert page.own["differences"]["pieces"][1:3] == [[1, "cat "], [2, "dog "]]
    page.send("differences")
    kernel.until(lambda: page.own["differences"] is None, "they are hidden")


def test_one_at_a_time_in_turn(kernel: Kernel, server: Simulator) -> None:
    code = "%%deepseek --compare flash,pro,flash --concurrency 1 --no-think -o result\nHi [simulate: normal tokens=8]"
    kernel.finish(kernel.send(code))
    assert kernel.evaluate("[each.status for each in result.replies]") == ["complete"] * 3
    spans = [(entry["began"], entry["ended"]) for entry in server.log() if "began" in entry]
    assert all(after[0] >= before[1] for before, after in itertools.pairwise(spans))


def test_where_nobody_watches_the_table_is_shown_once(kernel: Kernel) -> None:
    cell = kernel.run(f"%%deepseek --compare flash,pro --no-think\nSay fog. {QUICK}", allow_stdin=False)
    (output,) = cell.outputs_of("display_data")
    assert VIEW_MIME not in output["content"]["data"]
    assert output["content"]["data"]["text/plain"].count("Say fog.") == 2
    assert not kernel.views


def test_a_mistake_is_one_line_and_nothing_is_sent(kernel: Kernel, server: Simulator) -> None:
    for line, said in {
        "--compare flash": "2 to 6 columns, not 1",
        "--compare flash,pro --each rows": "--each cannot be used with --compare",
        "--blind": "--blind needs --compare",
        "--compare flash,pro --inspect": "--inspect cannot be used with --compare",
        "--compare flash,pro -m pro": "-m is given for all columns",
        "--compare effort=low,huge": "Column 2: --effort",
    }.items():
        cell = kernel.run(f"%%deepseek {line}\nHi")
        assert said in cell.text("stderr")
    assert not server.log()


def test_in_a_terminal_the_columns_come_one_after_another(server: Simulator) -> None:
    environment = {"DEEPSEEK_BASE_URL": server.url, "DEEPSEEK_API_KEY": CANARY_KEY, "TERM": "dumb", "COLUMNS": "100"}
    script = (
        "import nbstream\nfrom IPython.core.interactiveshell import InteractiveShell as S\ns = S.instance()\n"
        "s.run_line_magic('load_ext', 'nbstream')\n"
        f"s.run_cell_magic('deepseek', '--compare flash,pro --no-think -o r', 'Say fog. {QUICK}')\n"
        "print(s.user_ns['r'].choice, len(s.user_ns['r'].replies))"
    )
    environment = {**os.environ, **environment}
    child = pexpect.spawn(sys.executable, ["-c", script], env=environment, encoding="utf-8", timeout=60)
    child.expect(pexpect.EOF)
    said = child.before or ""
    assert said.index("flash") < said.index("Say fog.") < said.index("pro") < said.rindex("Say fog.")
    assert "first token" in said
    assert "None 2" in said
