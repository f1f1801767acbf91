"""Tools of replies that no cell waits for, of stopped ones, and of those of an earlier kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import kernels
from tests.jupyter.deciding import ALLOW, DENY, User, post, prompt
from tests.jupyter.kernel import Kernel

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, View

pytestmark = pytest.mark.kernel

TOOLS = """
import threading, time, nbstream
ran = []
def note(text: str) -> str:
    ran.append([text, threading.current_thread() is threading.main_thread(), time.monotonic()])
    print("noting", text)
    return f"noted {text}"
"""
BACKGROUND = "%%deepseek --background -T note -o reply\n"


@pytest.fixture(autouse=True)
def _tools(request: pytest.FixtureRequest) -> None:
    if "kernel" in request.fixturenames:
        assert request.getfixturevalue("kernel").run(TOOLS).status == "ok"


def begin(kernel: Kernel, *calls: str, code: str = BACKGROUND, **send: Any) -> tuple[Cell, View]:
    """Start a reply whose first call asks, and return its cell and its view."""
    text = prompt(*(calls or ('note {"text": "a"}',))) if code.startswith("%%") else ""
    cell = kernel.send(code + text, **send)
    return cell, User(kernel, lambda _: None).wait_until_asked(cell)


def decide(kernel: Kernel, view: View, decision: dict[str, Any], key: str = "0.0") -> None:
    """Answer the question about a call, which the page shows or has shown."""
    asked = next((card["asked"] for card in view.cards if card["key"] == key), 1)
    post(kernel, view, "decide", call=key, asked=asked, **decision)


def ran(kernel: Kernel) -> list[str]:
    texts: list[str] = kernel.evaluate("[text for text, *_ in ran]")
    return texts


def wait_for_end(kernel: Kernel, reply: str = "reply") -> list[Any]:
    """Wait until a reply has ended; return its status and the states of its calls."""
    kernel.until(lambda: kernel.evaluate(f"{reply}.ended and nbstream.last.ended"), "the reply ends")
    states = f"[call.state for step in {reply}.steps for call in step.tool_calls]"
    found: list[Any] = kernel.evaluate(f"[{reply}.status, {states}]")
    return found


def test_a_tool_of_a_background_reply_runs_on_the_main_thread_once_it_is_idle(kernel: Kernel) -> None:
    cell, view = begin(kernel)
    kernel.finish(cell)
    other = kernel.send("print('begins'); time.sleep(0.7); idle_at = time.monotonic()")
    kernel.until(lambda: other.text("stdout"), "the other cell runs")
    decide(kernel, view, ALLOW)
    kernel.finish(other)
    assert wait_for_end(kernel) == ["complete", ["done"]]
    assert kernel.evaluate("[[main, at > idle_at] for _, main, at in ran]") == [[True, True]]
    assert other.text("stdout") == "begins\n"
    assert kernel.evaluate("reply.steps[0].tool_calls[0].outcome.printed.head") == "noting a\n"
    kernel.until(lambda: kernel.updates_of(cell), "it settles")
    assert kernel.run("print('usable')").text("stdout") == "usable\n"


def test_an_interrupt_breaks_off_the_tool_of_a_background_reply(kernel: Kernel) -> None:
    kernel.run("def hangs():\n    ran.append(['hangs'])\n    time.sleep(60)")
    _, view = begin(kernel, "hangs {}", code="%%deepseek --background -T hangs -o reply\n")
    decide(kernel, view, ALLOW)
    kernel.until(lambda: view.cards and view.cards[0]["state"] == "running", "the tool runs")
    kernel.pause(0.2)
    kernel.interrupt()
    assert wait_for_end(kernel) == ["cancelled", ["interrupted"]]
    assert kernel.run("print('usable')").text("stdout") == "usable\n"


def test_a_page_that_is_not_there_leaves_a_background_question_without_blocking_the_kernel(kernel: Kernel) -> None:
    cell = kernel.run(BACKGROUND + prompt('note {"text": "a"}'))
    view = cell.view
    assert view is not None
    kernel.until(lambda: view.cards and view.cards[0]["question"], "it asks")
    kernel.pause(2.5)
    assert not [each for each in kernel.messages if each["msg_type"] == "input_request"]
    assert wait_for_end(kernel) == ["complete", ["denied"]]
    assert kernel.run("print('usable')").text("stdout") == "usable\n"
    assert ran(kernel) == []
    kernel.until(lambda: kernel.updates_of(cell), "it settles")
    assert "nobody could be asked" in kernel.updates_of(cell)[0]["content"]["data"]["text/plain"]


def test_two_replies_ask_at_once_and_each_gets_its_own_answer(kernel: Kernel) -> None:
    _, first = begin(kernel, 'note {"text": "first"}', code=BACKGROUND.replace("reply", "one"))
    _, second = begin(kernel, 'note {"text": "second"}', code=BACKGROUND.replace("reply", "two"))
    waiting, third = begin(kernel, 'note {"text": "third"}', code="%%deepseek -T note -o three\n")
    decide(kernel, second, ALLOW)
    kernel.pause(0.2)
    # The main thread waits for the third one.
    decide(kernel, third, ALLOW)
    kernel.finish(waiting)
    assert wait_for_end(kernel, "two") == ["complete", ["done"]]
    assert sorted(ran(kernel)) == ["second", "third"]
    decide(kernel, first, DENY)
    assert wait_for_end(kernel, "one") == ["complete", ["denied"]]
    assert wait_for_end(kernel, "three") == ["complete", ["done"]]
    assert sorted(ran(kernel)) == ["second", "third"]


def test_a_cell_that_is_run_again_while_it_asks_runs_nothing(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, metadata={"cellId": "same"})
    again, other = begin(kernel, metadata={"cellId": "same"})
    decide(kernel, view, ALLOW)
    kernel.pause(0.2)
    assert ran(kernel) == []
    kernel.until(lambda: kernel.updates_of(cell), "the first one settles")
    decide(kernel, other, ALLOW)
    kernel.until(lambda: kernel.updates_of(again), "the second one settles")
    assert wait_for_end(kernel) == ["complete", ["done"]]
    assert ran(kernel) == ["a"]
    # The first reply sent no second request.
    assert len(server.log()) == 3


def test_a_reply_that_was_cancelled_while_it_asked_is_continued(kernel: Kernel, server: Simulator) -> None:
    begin(kernel, 'note {"text": "a"}', 'note {"text": "b"}')
    kernel.run("%deepseek cancel")
    assert wait_for_end(kernel) == ["cancelled", ["stopped", "stopped"]]
    assert kernel.evaluate("[call.arguments for call in reply.pending]") == ['{"text": "a"}', '{"text": "b"}']
    cell, view = begin(kernel, code="%deepseek continue -o reply")
    decide(kernel, view, ALLOW, "0.0")
    decide(kernel, view, DENY, "0.1")
    kernel.finish(cell)
    assert wait_for_end(kernel) == ["complete", ["done", "denied"]]
    assert ran(kernel) == ["a"]
    assert {entry["status"] for entry in server.log()} == {200}


def test_a_stopped_reply_is_resumed_with_a_tool_that_is_allowed(kernel: Kernel) -> None:
    cell, view = begin(kernel, code="%%deepseek -T note -o reply\n")
    post(kernel, view, "cancel")
    kernel.finish(cell)
    assert cell.status == "ok"
    resumed = kernel.run("resumed = nbstream.resume(reply, allow=['note'])")
    assert resumed.status == "ok", resumed.outputs
    assert wait_for_end(kernel, "resumed") == ["complete", ["done"]]
    assert ran(kernel) == ["a"]


def test_a_chat_that_is_saved_while_it_asks_goes_on_in_another_kernel(
    kernel: Kernel, server: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "chat.json"
    _, view = begin(kernel, code=BACKGROUND.replace("-T", "-c saved -T"))
    saved = kernel.run(f"nbstream.Chat('saved').save({str(path)!r})")
    assert saved.status == "ok", saved.outputs
    decide(kernel, view, DENY)
    wait_for_end(kernel)
    environ = {"DEEPSEEK_BASE_URL": server.url, "DEEPSEEK_API_KEY": "other", "IPYTHONDIR": str(tmp_path)}
    with Kernel(kernels.NEWEST, environ) as other:
        other.run(f"%load_ext nbstream\n{TOOLS}\nchat = nbstream.Chat.load({str(path)!r})")
        assert other.evaluate("[call.name for call in chat.turns[-1].reply.pending]") == ["note"]
        shown = other.run("reply = nbstream.resume(chat.turns[-1].reply, tools=[note], allow=['note'])")
        assert shown.status == "ok", shown.outputs
        assert wait_for_end(other) == ["complete", ["done"]]
        server.clear_log()
        other.run("%%deepseek -c saved -o then\nAnd now?")
        assert other.evaluate("then.status") == "complete"
        assert [entry["status"] for entry in server.log()] == [200]


@pytest.mark.parametrize("options", ["", "--background"])
@pytest.mark.parametrize("name", [kernels.NEWEST, "ipykernel-6.29"])
def test_a_restart_while_it_asks_runs_nothing_and_keeps_the_reply(
    server: Simulator, tmp_path: Path, name: str, options: str
) -> None:
    path = tmp_path / "ran"
    tool = f"def note(text: str):\n    open({str(path)!r}, 'a').write(text)\n    return text"
    environ = {
        "DEEPSEEK_BASE_URL": server.url,
        "DEEPSEEK_API_KEY": "simulated",
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "JPY_SESSION_NAME": "/home/somebody/one.ipynb",
    }
    with Kernel(name, environ) as first:
        first.run(f"%load_ext nbstream\n{tool}")
        cell, view = begin(first, code=f"%%deepseek {options} -T note -o reply\n")
        # Once this is answered, the kernel knows of the page. A reply that no page watches leaves
        # no journal when it settles.
        first.control(view, "asked", page="page", call="0.0")
        if options:
            # An interrupt in ipykernel's own code, at the end of a cell, can lose its idle message.
            first.finish(cell)
        # As the Jupyter server does.
        first.interrupt()
        first.until(lambda: cell.idle, "the cell is interrupted")
        first.post("control", "shutdown_request", {"restart": True})
        first.pause(1.0)
        first.kill()
    with Kernel(name, environ) as second:
        second.run(f"%load_ext nbstream\n{tool}")
        shown = second.run("%deepseek show --recover")
        assert "nbstream-card" in str(shown.outputs_of("display_data")), shown.outputs
        assert second.run("print('usable')").text("stdout") == "usable\n"
    assert not path.exists()
