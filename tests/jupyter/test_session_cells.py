"""`--above`, `--error` and `%deepseek fix` on real ipykernels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel, View

pytestmark = pytest.mark.kernel

ASK = "%%deepseek --no-think {}\nWhat is above?"


def sent(server: Simulator) -> str:
    """Return the prompt of the only request."""
    (entry,) = server.log()
    server.clear_log()
    content = entry["body"]["messages"][-1]["content"]
    assert isinstance(content, str)
    return content


def footer(kernel: Kernel) -> str:
    text = kernel.evaluate("__import__('nbstream.output.wording').output.wording.footer(nbstream.last)")
    return " · ".join(text)


def error_of(cell: Cell) -> str:
    """Return the only line on stderr and assert that there is no traceback."""
    assert cell.outputs_of("error") == []
    return cell.text("stderr").removesuffix("\n")


def forget_failure(kernel: Kernel) -> None:
    kernel.run("import nbstream.jupyter.session_history as h; h._last_failure = None; del h")


def test_fix_sends_the_cell_that_failed_and_its_traceback(kernel: Kernel, server: Simulator) -> None:
    kernel.run("def ratio(a, b):\n    return a / b")
    assert kernel.run("first = 1\nratio(first, 0)").status == "error"
    cell = kernel.run("%deepseek fix --no-think")
    assert cell.status == "ok", cell.outputs
    text = sent(server)
    assert "first = 1\nratio(first, 0)\n```" in text
    assert re.search(r'File "Cell In\[\d+\]", line 2, in <module>\n    ratio\(first, 0\)', text) or re.search(
        r'File "Cell In ?\[\d+\]", line 2', text
    )
    assert "return a / b" in text
    assert "ZeroDivisionError: division by zero" in text
    assert "IPython/core" not in text
    assert "ipykernel_" not in text
    assert text.endswith("Then give the whole corrected cell as one block of code.")
    assert re.search(r"ZeroDivisionError of \[\d+\]", footer(kernel))
    # Nothing is inserted or run.
    assert cell.reply is not None
    assert cell.reply["content"]["payload"] == []


def test_error_goes_with_a_prompt_of_ones_own(kernel: Kernel, server: Simulator) -> None:
    kernel.run("undefined_name")
    assert kernel.run("%%deepseek --error --no-think\nIn one word?").status == "ok"
    assert sent(server).endswith("(End of the error.)\n\nIn one word?")
    assert kernel.run("%%deepseek --error --no-think").status == "ok"
    assert "NameError: name 'undefined_name' is not defined" in sent(server)
    assert kernel.run("nbstream.ask('Why?', error=True, thinking=False)").status == "ok"
    assert "undefined_name" in sent(server)


def test_a_syntax_error_is_an_error(kernel: Kernel, server: Simulator) -> None:
    kernel.run("x = (1,\ny = 2")
    kernel.run("%deepseek fix --no-think")
    text = sent(server)
    assert "x = (1,\ny = 2\n```" in text
    assert "SyntaxError" in text
    assert "ast.py" not in text
    assert "codeop.py" not in text


def test_of_a_deep_stack_the_first_and_the_last_frames_are_sent(kernel: Kernel, server: Simulator) -> None:
    kernel.run("def down(n):\n    return 1 / n if n == 0 else odd(n - 1)\ndef odd(n):\n    return down(n)\ndown(100)")
    kernel.run("%deepseek fix --no-think")
    text = sent(server)
    assert "in <module>\n    down(100)" in text
    assert "more frames, left out" in text
    assert text.count("  File ") <= 14
    assert "return 1 / n if n == 0" in text.split("left out", 1)[1]


def test_a_chain_and_a_group_of_exceptions_are_whole(kernel: Kernel, server: Simulator) -> None:
    kernel.run("try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('outer') from e")
    kernel.run("%deepseek fix --no-think")
    text = sent(server)
    assert "KeyError: 'a'" in text
    assert "direct cause" in text
    kernel.run("raise ExceptionGroup('both', [ValueError('one'), TypeError('two')])")
    kernel.run("%deepseek fix --no-think")
    text = sent(server)
    assert "ValueError: one" in text
    assert "TypeError: two" in text


def test_an_exception_without_a_text_can_be_sent(kernel: Kernel, server: Simulator) -> None:
    kernel.run("class Odd(Exception):\n    def __str__(self):\n        raise RuntimeError\nraise Odd")
    kernel.run("%deepseek fix --no-think")
    assert "Odd" in sent(server)


def test_no_exception_and_mistakes_for_the_magic_are_not_fixed(kernel: Kernel, server: Simulator) -> None:
    forget_failure(kernel)
    for mistake in ("%deepseek nonsense", "%%deepseek --nonsense\nx", "raise KeyboardInterrupt", "raise SystemExit"):
        kernel.run(mistake)
    assert error_of(kernel.run("%deepseek fix")) == (
        "UsageError: No cell of this session has failed, so there is no error to attach."
    )
    assert server.log() == []


def test_the_key_is_in_no_prompt(kernel: Kernel, server: Simulator) -> None:
    kernel.run("import os\nraise ValueError('refused: ' + os.environ['DEEPSEEK_API_KEY'])")
    kernel.run("%deepseek fix --no-think")
    text = sent(server)
    assert "canary-key" not in text
    assert "refused: <secret>" in text
    assert "1 secret removed" in footer(kernel)


def test_without_a_page_the_history_is_sent_and_that_is_said(kernel: Kernel, server: Simulator) -> None:
    kernel.run("marker = 'begins'")
    kernel.run("7 * 6")
    kernel.run("7 * 6")
    kernel.run("%%deepseek --no-think\n[simulate: echo] An answer of the model")
    server.clear_log()
    kernel.run("1 / 0")
    cell = kernel.run(ASK.format("--above 4"))
    assert cell.text("stderr") == (
        "Note: No page told which cells stand above: the cells that were run in this session are sent, in the order "
        "of their runs.\n"
    )
    text = sent(server)
    assert text.endswith("\n\nWhat is above?")
    assert text.count("7 * 6") == 1
    assert "It printed" not in text
    assert "Its output:\n```text\n42\n```" in text
    assert "The model's answer:\n```markdown\n" in text
    assert "An answer of the model" in text
    assert "Its error:\n```text\nTraceback" in text
    assert "ZeroDivisionError: division by zero" in text
    assert "--above" not in text
    assert text.index("marker = 'begins'") < text.index("7 * 6") < text.index("1 / 0")
    assert "4 cells of this session" in footer(kernel)


#: An input transformer that refuses one cell.
REFUSE = """
def refuse(lines):
    if lines == ["refused\\n"]:
        raise SyntaxError("refused")
    return lines
get_ipython().input_transformers_post.append(refuse)
"""


def number_of(cell: Cell) -> int:
    assert cell.reply is not None
    number = cell.reply["content"]["execution_count"]
    assert isinstance(number, int)
    return number


def test_what_a_cell_brought_stays_with_it_where_numbers_are_left_out(kernel: Kernel, server: Simulator) -> None:
    # IPython 9.8 and later count a cell that they keep out of their history, and IPython 8 counts
    # one twice.
    kernel.run("words = 'copy and paste'\n%time len(words)")
    kernel.run(REFUSE)
    kernel.run("refused")
    kernel.run("get_ipython().input_transformers_post.remove(refuse)")
    kernel.run("%%deepseek --no-think\n[simulate: echo] An answer")
    ran = [kernel.finish(kernel.send("6 * 7", metadata={"cellId": "value"})), kernel.run("1 / 0")]
    server.clear_log()
    kernel.run(ASK.format("--above 3"))
    answer, value, error = sent(server).split("\nCell (")[1:]
    assert "The model's answer:\n```markdown\n" in answer
    value_number, error_number = map(number_of, ran)
    assert value == f"code, run as [{value_number}]):\n```python\n6 * 7\n```\n\nIts output:\n```text\n42\n```\n"
    assert kernel.evaluate("__import__('nbstream.widgets.cells').widgets.cells.number_of('value')") == value_number
    assert error.startswith(f"code, run as [{error_number}]):\n```python\n1 / 0\n```\n\nIts error:\n```text\nTraceback")


WITHIN = "%%deepseek --no-think\\n[simulate: echo] From within"
NOTHING = "\n```\n\n(End of the cells.)"


def test_code_that_runs_in_a_cell_belongs_to_it(kernel: Kernel, server: Simulator) -> None:
    kernel.run(f"get_ipython().run_cell('{WITHIN}')\nfirst = 1")
    kernel.run("get_ipython().run_cell('1 / 0')\nsecond = 1")
    kernel.run("third = 1")
    server.clear_log()
    kernel.run(ASK.format("--above 3"))
    first, second, third = sent(server).split("\nCell (")[1:]
    assert "first = 1\n```\n\nThe model's answer:\n```markdown\n" in first
    assert "second = 1\n```\n\nIts error:\n```text\nTraceback" in second
    assert f"third = 1{NOTHING}" in third


def test_code_that_is_kept_out_of_the_history_belongs_to_no_cell(kernel: Kernel, server: Simulator) -> None:
    kernel.run("before = 1")
    kernel.run("%%deepseek --no-think\n[simulate: echo] Nowhere", store_history=False)
    kernel.run("1 / 0", store_history=False)
    kernel.run("after = 1")
    server.clear_log()
    kernel.run(ASK.format("--above 2"))
    before, after = sent(server).split("\nCell (")[1:]
    assert "before = 1\n```\n" in before
    assert "answer" not in before
    assert "error" not in before
    assert f"after = 1{NOTHING}" in after


def question(kernel: Kernel) -> View:
    """Wait for the kernel's question and return its widget."""
    kernel.until(lambda: kernel.views, "the question is asked")
    (view,) = kernel.views.values()
    return view


def cells(*sources: str) -> list[dict[str, Any]]:
    common: dict[str, Any] = {"kind": "code", "number": None, "edited": False, "outputs": []}
    return [{**common, "place": place, "source": source} for place, source in enumerate(sources, 1)]


def ask(kernel: Kernel, options: str) -> Cell:
    return kernel.send(ASK.format(options), metadata={"cellId": "the-cell"})


@pytest.mark.parametrize("way", ["control", "comm"])
def test_the_answer_of_the_page_that_ran_the_cell_is_taken(kernel: Kernel, server: Simulator, way: str) -> None:
    cell = ask(kernel, "--above")
    view = question(kernel)
    answers = [("another", cells("elsewhere = 1")), (kernel.client, cells("a = 1", "b = 2"))]
    for client, found in answers:
        getattr(kernel, way)(view, "cells", client=client, above=2, cells=found)
    kernel.finish(cell)
    text = sent(server)
    assert cell.text("stderr") == ""
    assert "elsewhere" not in text
    assert "Cell 2 (code, not run):\n```python\nb = 2\n```" in text
    assert view.closed
    assert "2 cells above" in footer(kernel)


def test_what_a_thread_prints_stays_in_its_cell_if_the_page_answers_by_comm(kernel: Kernel) -> None:
    subshell = kernel.subshell()
    if subshell is None:
        pytest.skip("this kernel has no subshells")
    code = (
        "import threading, time\nfrom nbstream.prompt import session\n"
        "def work():\n    for n in range(50):\n        print('thread', n)\n        time.sleep(0.02)\n"
        "started = threading.Thread(target=work)\nstarted.start()\n"
        "found = session.cells_above(5)\n"
        "started.join()\nprint(found.origin)"
    )
    cell = kernel.send(code, metadata={"cellId": "the-cell"})
    view = question(kernel)
    # As a page does, which waits for the control channel first.
    kernel.pause(0.3)
    kernel.comm(view, "cells", subshell=subshell, client=kernel.client, above=1, cells=cells("a = 1"))
    kernel.finish(cell)
    # A line that is printed just when the message arrives may be missing.
    assert cell.text("stdout").endswith("thread 48\nthread 49\npage\n")


def test_the_answer_of_another_page_is_better_than_none(kernel: Kernel, server: Simulator) -> None:
    cell = ask(kernel, "--above")
    kernel.control(question(kernel), "cells", client="another", above=1, cells=cells("elsewhere = 1"))
    kernel.finish(cell)
    assert "elsewhere = 1" in sent(server)


@pytest.mark.parametrize("answer", [None, {"above": 0, "cells": None}, {"above": "x", "cells": [1]}])
def test_without_an_answer_the_history_is_sent(
    kernel: Kernel, server: Simulator, answer: dict[str, Any] | None
) -> None:
    kernel.run("known = 'from the history'")
    cell = ask(kernel, "--above 1")
    view = question(kernel)
    if answer is not None:
        kernel.control(view, "cells", client=kernel.client, **answer)
    kernel.finish(cell)
    assert "known = 'from the history'" in sent(server)
    assert "No page told" in cell.text("stderr")
    assert view.closed


def test_an_interrupt_while_the_page_is_asked_sends_nothing(kernel: Kernel, server: Simulator) -> None:
    cell = ask(kernel, "--above")
    question(kernel)
    kernel.interrupt()
    kernel.finish(cell)
    (error,) = cell.outputs_of("error")
    assert error["content"]["ename"] == "KeyboardInterrupt"
    assert "stopped before anything was sent" in "".join(error["content"]["traceback"])
    assert server.log() == []


def test_who_runs_a_notebook_without_a_page_is_not_kept_waiting(kernel: Kernel, server: Simulator) -> None:
    kernel.run("known = 1")
    cell = kernel.run(ASK.format("--above 1"), allow_stdin=False)
    assert kernel.views == {}
    assert "known = 1" in sent(server)
    assert "No page told" in cell.text("stderr")


def test_a_chat_keeps_the_cells_that_its_turns_were_sent_with(kernel: Kernel, server: Simulator) -> None:
    kernel.run("first_cell = 1")
    assert kernel.run("%%deepseek -c with-cells --above 1 --no-think\nWhat is above?").status == "ok"
    assert kernel.run("%%deepseek -c with-cells --no-think\nAnd now?").status == "ok"
    first, second = (entry["body"]["messages"] for entry in server.log())
    assert "first_cell = 1" in first[0]["content"]
    assert second[: len(first)] == first
    assert [each["role"] for each in second] == ["user", "assistant", "user"]
    assert second[-1]["content"] == "And now?"


PLAN = "%%deepseek -c {} {} --no-think\n{}"


def test_the_cells_of_a_chat_are_sent_once(kernel: Kernel, server: Simulator) -> None:
    kernel.run("first_cell = 1")
    kernel.run(PLAN.format("once", "", "A prompt of this chat"))
    kernel.run(PLAN.format("another", "", "A prompt of another chat"))
    kernel.run("reply = nbstream.Chat('once').ask('A prompt in code', thinking=False)\nlater_cell = 2")
    server.clear_log()
    # Not all cells: those of earlier tests name scenarios, which the simulator would follow.
    kernel.run(PLAN.format("once", "--above 4", "And now?"))
    messages = server.log()[-1]["body"]["messages"]
    assert [each["content"] for each in messages[::2]][:-1] == ["A prompt of this chat", "A prompt in code"]
    last = messages[-1]["content"]
    assert "first_cell = 1" in last
    assert "A prompt of another chat" in last
    assert "A prompt of this chat" not in last
    assert "later_cell = 2" in last
    assert "cells of this session, besides 1 turn" in footer(kernel)
    # Turns that were taken back are sent as cells again.
    kernel.run("nbstream.Chat('once').clear()")
    kernel.run(PLAN.format("once", "--above 6", "And now?"))
    assert "A prompt of this chat" in server.log()[-1]["body"]["messages"][-1]["content"]


def test_the_page_tells_which_cells_are_of_the_chat(kernel: Kernel, server: Simulator) -> None:
    for name in ("one", "two"):
        kernel.finish(kernel.send(PLAN.format("of-page", "", f"Prompt {name}"), metadata={"cellId": name}))
    kernel.run("nbstream.Chat('of-page').hide(1)")
    prompts = [PLAN.format("of-page", "", f"Prompt {name}") for name in ("one", "two", "three")]
    found = cells("a = 1", *prompts, "chat.ask('Prompt one')")
    for each, name in zip(found, ("code", "one", "two", "not run", "one"), strict=True):
        each["id"] = name
    found[-1]["outputs"] = [
        {"kind": "stream", "data": {"text/plain": "printed"}, "left_out": 0, "types": []},
        {"kind": "display_data", "data": {}, "left_out": 0, "types": [], "answer": "An answer"},
    ]
    kernel.views.clear()
    cell = kernel.send(PLAN.format("of-page", "--above", "And now?"), metadata={"cellId": "asking"})
    kernel.control(question(kernel), "cells", client=kernel.client, above=5, cells=found)
    kernel.finish(cell)
    text = server.log()[-1]["body"]["messages"][-1]["content"]
    assert "[Cell 2: a turn of this chat]\n\n[Cell 3: a turn of this chat]" in text
    assert "Prompt two" not in text
    assert "Prompt three" in text
    # Code is sent without the answers that are turns.
    assert "chat.ask('Prompt one')" in text
    assert "printed" in text
    assert "An answer" not in text
    assert "3 cells above, besides 2 turns" in footer(kernel)


def test_a_reply_that_is_asked_again_has_the_same_cells(kernel: Kernel, server: Simulator) -> None:
    kernel.run("asked_again = 1")
    kernel.run("%%deepseek --above 1 --no-think\nWhat is above?")
    kernel.run("something_else = 2")
    assert kernel.run("%deepseek retry").status == "ok"
    first, second = (entry["body"]["messages"] for entry in server.log())
    assert "asked_again = 1" in first[0]["content"]
    assert second == first


def test_a_background_reply_has_the_cells_of_its_beginning(kernel: Kernel, server: Simulator) -> None:
    kernel.run("in_the_background = 1")
    cell = ask(kernel, "--above 1 --background")
    kernel.control(question(kernel), "cells", client=kernel.client, above=1, cells=cells("from_the_page = 1"))
    kernel.finish(cell)
    kernel.until(server.log, "the request arrives")
    assert "from_the_page = 1" in sent(server)


def test_fix_sends_what_the_cell_had_printed_if_the_page_tells_it(kernel: Kernel, server: Simulator) -> None:
    failed = kernel.finish(kernel.send("print('a hint')\n1 / 0", metadata={"cellId": "failed"}))
    assert failed.reply is not None
    number = failed.reply["content"]["execution_count"]
    outputs = [
        {"kind": "stream", "data": {"text/plain": "a hint\n"}, "left_out": 0, "types": []},
        {"kind": "error", "data": {"text/plain": "shown error"}, "left_out": 0, "types": []},
    ]
    for shown, is_sent in ((number, True), (number + 5, False)):
        kernel.views.clear()
        cell = kernel.send("%deepseek fix --no-think", metadata={"cellId": "asking"})
        view = question(kernel)
        found = [{**cells("print('a hint')\n1 / 0")[0], "number": shown, "outputs": outputs}]
        kernel.control(view, "cells", client=kernel.client, above=1, cells=found)
        kernel.finish(cell)
        text = sent(server)
        assert ("It printed:\n```text\na hint\n```" in text) is is_sent
        assert "shown error" not in text
        assert "ZeroDivisionError: division by zero" in text
