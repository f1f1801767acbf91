"""No call runs without consent: what really ran is counted, whatever tools and models do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests import kernels
from tests.jupyter.deciding import ALLOW, ALLOW_ALL, DENY, User, post, prompt

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel

pytestmark = pytest.mark.kernel

#: Each tool notes in a file that it runs: a list in memory would not count what runs in a child.
_TOOLS = """
import os, sys, threading, time, nbstream
from IPython.display import display, Image

def note(name):
    file = os.open(PATH, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, (name + "\\n").encode())
    os.close(file)

def length(text: str) -> int:
    note("length")
    return len(text)

def forks() -> str:
    note("forks")
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return "parent" if child else "child"

def exits_in_child() -> str:
    note("exits_in_child")
    child = os.fork()
    if not child:
        os._exit(3)
    return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

def hangs():
    note("hangs")
    time.sleep(60)

def spins():
    note("spins")
    while True:
        pass

def prints():
    note("prints")
    while True:
        print("x" * 1000)

def leaves():
    note("leaves")
    raise SystemExit(1)

def interrupts():
    note("interrupts")
    raise KeyboardInterrupt

def changes(names: list[str]) -> list[str]:
    note("changes")
    names.append("changed")
    return names

def prints_later() -> str:
    note("prints_later")
    def later():
        time.sleep(0.2)
        print("later")
    threading.Thread(target=later).start()
    return "started"

def closes() -> str:
    note("closes")
    sys.stdout.close()
    sys.stdout = None
    return "closed"

def displays() -> str:
    note("displays")
    display(Image(data=b"\\x89PNG\\r\\n\\x1a\\n" + bytes(20), format="png"))
    return "displayed"

def draws():
    note("draws")
    import matplotlib.pyplot as plt
    plt.plot([1, 2])

def swaps(call):
    call.arguments["text"] = "harmless"
    vars(call).update(name="other") if hasattr(call, "__dict__") else None
    return "ask"

@nbstream.tool(consent=swaps)
def ruled(text: str) -> str:
    note("ruled " + text)
    return text
"""


class Counting:
    """A kernel with the tools, and how often each has run."""

    def __init__(self, kernel: Kernel, path: Path) -> None:
        self.kernel = kernel
        self._path = path
        cell = kernel.run(f"PATH = {str(path)!r}\n{_TOOLS}")
        assert cell.status == "ok", cell.outputs

    @property
    def ran(self) -> list[str]:
        """The names of what ran since the last look, in order."""
        if not self._path.exists():
            return []
        found = self._path.read_text().splitlines()
        self._path.unlink()
        return found

    def states(self, reply: str = "reply") -> list[list[str]]:
        """Return the states of a reply's calls, step by step."""
        found: Any = self.kernel.evaluate(f"[[call.state for call in step.tool_calls] for step in {reply}.steps]")
        return [step for step in found if step]

    def is_usable(self) -> bool:
        """Whether the kernel runs a cell as before."""
        self.kernel.pause(0.05)
        return self.kernel.run("print('usable')").text("stdout") == "usable\n"


@pytest.fixture
def counting(kernel: Kernel, tmp_path: Path) -> Counting:
    return Counting(kernel, tmp_path / "ran")


def cell_of(tool: str, text: str, options: str = "") -> str:
    return f"%%deepseek -T {tool} -o reply {options}\n{text}"


def settled(cell: Cell) -> dict[str, str]:
    """Return the settled output."""
    (update,) = cell.outputs_of("update_display_data")
    data: dict[str, str] = update["content"]["data"]
    return data


#: What comes of each tool that ends by itself.
_ENDING = {
    "forks": "done",
    "exits_in_child": "done",
    "leaves": "failed",
    "interrupts": "interrupted",
    "changes": "done",
    "prints_later": "done",
    "closes": "done",
    "displays": "done",
    "draws": "done",
}


@pytest.mark.parametrize("tool", _ENDING)
def test_a_tool_that_misbehaves_runs_as_often_as_it_was_allowed(
    counting: Counting, server: Simulator, tool: str
) -> None:
    if tool == "draws" and counting.kernel.name != kernels.NEWEST:
        pytest.skip("matplotlib is in the newest environment only")
    arguments = '{"names": ["a"]}' if tool == "changes" else "{}"
    user = User(counting.kernel, lambda _: DENY)
    cell = user.run(cell_of(tool, prompt(f"{tool} {arguments}")))
    assert (cell.status, len(user.asked), counting.ran, counting.states()) == ("ok", 1, [], [["denied"]])
    server.clear_log()
    decisions = iter([ALLOW, DENY])
    user = User(counting.kernel, lambda _: next(decisions))
    cell = user.run(cell_of(tool, prompt(f"{tool} {arguments}", f"{tool} {arguments}")))
    assert counting.ran == [tool]
    outcome = _ENDING[tool]
    # A tool that interrupts stops the reply, as ■ does; the other call may have been denied before.
    assert counting.states()[0] in ([outcome, "denied"], [outcome, "stopped"][: 2 * (outcome == "interrupted")])
    assert cell.status == ("error" if outcome == "interrupted" else "ok")
    # A child sent nothing.
    assert len(server.log()) == (1 if outcome == "interrupted" else 2)
    if tool == "changes":
        assert counting.kernel.evaluate("reply.steps[0].tool_calls[0].arguments") == arguments
        assert json.loads(counting.kernel.evaluate("reply.steps[0].tool_calls[0].result")) == ["a", "changed"]
    if tool in ("displays", "draws"):
        assert "image/png" in settled(cell)["text/html"]
        assert not cell.outputs_of("execute_result")
        assert len(cell.outputs_of("display_data")) == 1
    if tool == "exits_in_child":
        assert counting.kernel.evaluate("reply.steps[0].tool_calls[0].result") == "3"
    assert "nbstream-settled" in settled(cell)["text/html"]
    counting.kernel.pause(0.3)
    assert counting.is_usable()
    assert counting.ran == []


@pytest.mark.parametrize("tool", ["hangs", "spins", "prints"])
def test_a_tool_without_end_is_broken_off(counting: Counting, server: Simulator, tool: str) -> None:
    user = User(counting.kernel)
    cell = counting.kernel.send(cell_of(tool, prompt(f"{tool} {{}}", f"{tool} {{}}")))
    view = user.wait_until_asked(cell, 2)
    counting.kernel.until(lambda: view.cards[0]["state"] == "running", "the tool runs")
    counting.kernel.pause(0.5)
    counting.kernel.interrupt()
    counting.kernel.finish(cell)
    assert cell.status == "error"
    assert [each["content"]["ename"] for each in cell.outputs_of("error")] == ["KeyboardInterrupt"]
    assert counting.ran == [tool]
    assert counting.states() == [["interrupted", "stopped"]]
    assert len(settled(cell)["text/html"]) < 200_000
    assert sum(len(str(each["content"])) for each in counting.kernel.messages) < 3_000_000
    assert counting.is_usable()


def test_a_name_with_html_runs_nothing_and_is_no_html(counting: Counting) -> None:
    name = "<img/src=x/onerror=alert(1)>"
    user = User(counting.kernel)
    cell = user.run(cell_of("length", prompt(f"{name} {{}}", f'{name} {{"<script>": "<script>"}}')))
    assert (counting.ran, user.asked, counting.states()) == ([], [], [["invalid", "invalid"]])
    comms = [each["content"] for each in counting.kernel.messages if each["msg_type"] in ("comm_open", "comm_msg")]
    shown = [settled(cell)["text/html"], *_html_in(comms)]
    assert not any("<img" in text or "<script" in text for text in shown)
    assert sum("&lt;img" in text for text in shown) > 1


def _html_in(value: Any) -> list[str]:
    """Return the HTML in the messages of a view."""
    if isinstance(value, list | tuple):
        return [text for each in value for text in _html_in(each)]
    if isinstance(value, dict):
        if "head" in value or "results" in value:
            # The page writes the name as text.
            value = {name: each for name, each in value.items() if name not in ("name", "question")}
        # And everything of `meta`: its label has the name while the call arrives.
        return _html_in([each for name, each in value.items() if name != "meta" and not name.startswith("text/")])
    return [value] if isinstance(value, str) and "<" in value else []


@pytest.mark.parametrize("decision", [DENY, ALLOW, {"action": "allow", "edited": '{"text": "' + "y" * 900_000 + '"}'}])
def test_arguments_of_a_megabyte_are_decided_about_like_others(counting: Counting, decision: dict[str, Any]) -> None:
    user = User(counting.kernel, lambda _: decision)
    cell = user.run(cell_of("length", "[simulate: tool-call size=1000000 tokens=20] Go on."))
    state, ran = ("denied", []) if decision is DENY else ("done", ["length"])
    assert (counting.ran, counting.states()) == (ran, [[state]])
    if ran:
        result = counting.kernel.evaluate("reply.steps[0].tool_calls[0].result")
        assert result.endswith("900000" if "edited" in decision else "1000000")
    assert len(settled(cell)["text/html"]) < 3_000_000
    assert counting.is_usable()


def test_a_rule_that_changes_what_it_was_shown_changes_nothing(counting: Counting) -> None:
    user = User(counting.kernel)
    cell = user.run(cell_of("ruled", prompt('ruled {"text": "harmful"}')))
    assert counting.ran == ["ruled harmful"]
    (asked,) = user.asked
    assert "harmful" in asked["arguments"]
    assert "harmless" not in asked["arguments"]
    assert "harmless" not in settled(cell)["text/html"]


def test_a_model_that_asks_again_for_what_was_denied_is_asked_for_again(counting: Counting, server: Simulator) -> None:
    user = User(counting.kernel, lambda _: DENY)
    cell = user.run(cell_of("length", "[simulate: tool-call repeat=denied tokens=20] Go on."))
    assert (counting.ran, len(user.asked), counting.states()) == ([], 3, [["denied"]] * 3)
    assert [entry["body"].get("tool_choice") for entry in server.log()] == [None, None, None, "none"]
    assert cell.status == "ok"


def test_a_model_that_calls_where_it_may_not_runs_nothing(counting: Counting) -> None:
    counting.kernel.run("@nbstream.tool(consent='never')\ndef free() -> str:\n    note('free')\n    return 'free'")
    user = User(counting.kernel)
    scenario = "tool-call tokens=20 broken=choice"
    user.run(cell_of("free", prompt("free {}", scenario=scenario), "-T length --tool-choice none"))
    assert (counting.ran, user.asked) == ([], [])
    many = prompt(*(f'{step} length {{"text": "{step}"}}' for step in range(1, 5)), scenario=scenario)
    user.run(cell_of("length", many, "--max-steps 2"))
    assert (counting.ran, len(user.asked)) == (["length", "length"], 2)


def test_two_calls_with_one_id_are_decided_one_by_one(counting: Counting) -> None:
    user = User(counting.kernel, lambda card: ALLOW if card["key"] == "0.1" else DENY)
    text = prompt('ruled {"text": "a"}', 'ruled {"text": "b"}', scenario="tool-call tokens=20 broken=same-id")
    user.run(cell_of("ruled", text))
    assert (counting.ran, counting.states()) == (["ruled b"], [["denied", "done"]])


def test_nothing_is_remembered_beyond_the_reply(counting: Counting, server: Simulator) -> None:
    user = User(counting.kernel, lambda card: ALLOW_ALL if card["key"] == "0.1" else None)
    text = prompt('length {"text": "a"}', 'length {"text": "b"}', '2 length {"text": "c"}')
    user.run(cell_of("length", text, "-c forgets"))
    assert (counting.ran, len(user.asked)) == (["length"] * 3, 2)
    for code in (cell_of("length", text, "-c forgets"), cell_of("length", text), "%deepseek retry"):
        user = User(counting.kernel, lambda _: DENY)
        cell = user.run(code)
        assert (counting.ran, len(user.asked)) == ([], 3), code
        assert cell.status == "ok"


def test_only_a_decision_about_what_is_asked_counts(counting: Counting) -> None:
    kernel = counting.kernel
    user = User(kernel, lambda _: None)
    # The server is silent while decisions come that nobody was asked for.
    text = prompt('length {"text": "a"}', '2 length {"text": "b"}', scenario="tool-call tokens=20 first-token=1")
    cell = kernel.send(cell_of("length", text))
    kernel.until(lambda: cell.view, "the view is there")
    assert cell.view is not None
    for key in ("0.0", "1.0", "0.1"):
        for action in ("allow", "allow_all"):
            post(kernel, cell.view, "decide", call=key, asked=1, action=action)
    view = user.wait_until_asked(cell)
    wrong: list[dict[str, Any]] = [
        {"call": "0.0", "asked": 2, "action": "allow"},
        {"call": "0.0", "asked": 0, "action": "allow"},
        {"call": "0.0", "asked": "1", "action": "allow"},
        {"call": "0.0", "asked": 1, "action": "yes"},
        {"call": "0.0", "asked": 1, "action": ["allow"]},
        {"call": "0.0", "asked": 1, "action": "allow", "page": ""},
        {"call": "0.0", "asked": 1, "action": "allow", "edited": 1},
        {"call": "1.0", "asked": 1, "action": "allow_all"},
        {"call": "-1.0", "asked": 1, "action": "allow"},
    ]
    for fields in wrong:
        post(kernel, view, "decide", **fields)
    kernel.pause(0.3)
    assert (counting.ran, cell.ended) == ([], False)
    # What does not fit is asked again, and the answer to the first question does not count twice.
    for _ in range(3):
        post(kernel, view, "decide", call="0.0", asked=1, action="allow", edited='{"words": 1}')
    user.wait_until_asked(cell, 2)
    for _ in range(3):
        post(kernel, view, "decide", call="0.0", asked=1, action="allow")
    kernel.pause(0.3)
    assert counting.ran == []
    post(kernel, view, "decide", call="0.0", asked=2, action="allow")
    user.wait_until_asked(cell, 3)
    assert counting.ran == ["length"]
    for key in ("0.0", "1.1"):
        post(kernel, view, "decide", call=key, asked=2, action="allow_all")
    kernel.pause(0.3)
    post(kernel, view, "cancel")
    post(kernel, view, "decide", call="1.0", asked=1, action="allow")
    kernel.finish(cell)
    assert counting.ran == []
    assert counting.states() == [["done"], ["stopped"]]


def test_where_nobody_can_be_asked_nothing_runs(counting: Counting) -> None:
    cell = counting.kernel.run(cell_of("length", prompt('length {"text": "a"}')), allow_stdin=False)
    assert (counting.ran, counting.states()) == ([], [["denied"]])
    assert "nobody could be asked" in str(cell.outputs)
