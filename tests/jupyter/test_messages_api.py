"""Replies of Anthropic's API in real ipykernels: the same cell as for any other reply."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from nbstream.markdown.rendering import to_html
from tests.jupyter.test_again import again, click, settled
from tests.jupyter.test_kernels import SILENT, assert_partial_reply, begin, settled_output, wait_for_disconnect
from tests.widgets import page_state

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel

pytestmark = pytest.mark.kernel

MODEL = "-m deepseek-anthropic/flash"
ASK = "[simulate: normal topic=en-median tokens=300 rate=2000] What is a median?"
#: What differs between two replies: times, rates, and the price of a cached prompt.
_NUMBERS = re.compile(r"[\d.,]+")


def paths(server: Simulator) -> list[str]:
    return [entry["path"] for entry in server.log()]


def test_a_cell_shows_the_same_on_both_surfaces(kernel: Kernel, server: Simulator) -> None:
    first = kernel.run(f"%%deepseek -o one\n{ASK}")
    second = kernel.run(f"%%deepseek -o other {MODEL}\n{ASK}")
    assert paths(server) == ["/chat/completions", "/anthropic/v1/messages"]
    same = "one.answer == other.answer, one.reasoning == other.reasoning, one.model == other.model"
    assert kernel.evaluate(f"[{same}, other.status]") == [True, True, True, "complete"]
    view = second.view
    assert view is not None
    assert view.numbers == list(range(1, len(view.numbers) + 1))
    whole = page_state.html_of(view.reasoning), page_state.html_of(view.answer)
    assert whole == (to_html(kernel.evaluate("other.reasoning")), to_html(kernel.evaluate("other.answer")))
    # Up to the footer: this API does not count the tokens of the thoughts apart.
    htmls = [_NUMBERS.sub("0", settled_output(cell)["text/html"].rpartition("<div")[0]) for cell in (first, second)]
    assert htmls[0] == htmls[1]
    texts = [settled_output(cell)["text/plain"] for cell in (first, second)]
    assert ["thought" in text.split("\n")[-1] for text in texts] == [True, False]


def test_ask_shows_the_reply_and_returns_it(kernel: Kernel, server: Simulator) -> None:
    cell = kernel.run('reply = nbstream.ask("median", model="deepseek-anthropic/flash", thinking=False, max_tokens=3)')
    assert cell.status == "ok"
    assert kernel.evaluate("[reply.status, reply.finish_reason, reply.reasoning]") == ["truncated", "length", ""]
    assert "--max-tokens" not in settled_output(cell)["text/plain"]
    assert server.log()[-1]["body"]["thinking"] == {"type": "disabled"}


def test_stop_and_interrupt_within_the_stream_keep_what_arrived(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, SILENT, MODEL)
    assert kernel.control(view, "cancel") == {"status": "ok", "known": True}
    kernel.finish(cell)
    assert_partial_reply(kernel, cell, SILENT)
    wait_for_disconnect(kernel, server)
    server.clear_log()
    cell, _ = begin(kernel, server, SILENT, MODEL)
    kernel.interrupt()
    kernel.finish(cell)
    assert_partial_reply(kernel, cell, SILENT)
    wait_for_disconnect(kernel, server)
    assert paths(server) == ["/anthropic/v1/messages"]


def test_a_reply_that_was_cut_off_is_asked_anew_by_a_click(kernel: Kernel, server: Simulator) -> None:
    cell = kernel.run(f"%%deepseek -o reply --no-think {MODEL}\n[simulate: truncate after=9]median")
    offer = again(cell)
    # It is not known to go on with a text.
    assert offer["can"] == ["retry"]
    assert click(kernel, offer["run"], "retry")["known"]
    kernel.until(lambda: len(server.log()) == 2 and server.log()[-1]["outcome"] is not None, "the second request ends")
    assert paths(server) == ["/anthropic/v1/messages"] * 2
    first, second = (entry["body"] for entry in server.log())
    assert first == second


def test_tools_run_within_one_cell(kernel: Kernel, server: Simulator) -> None:
    kernel.run(
        "@nbstream.tool(consent='never')\n"
        "def clock(zone: str) -> str:\n"
        '    """Tell the time."""\n'
        "    print('looking', zone)\n"
        "    return f'12:00 in {zone}'"
    )
    prompt = '[simulate: tool-call tokens=20]\n[simulate: call] clock {"zone": "Rome"}\nWhat time is it?'
    cell = kernel.run(f"%%deepseek -T clock -o reply {MODEL}\n{prompt}")
    assert cell.status == "ok"
    said = "[reply.status, len(reply.steps), reply.steps[0].tool_calls[0].result, '12:00 in Rome' in reply.answer]"
    assert kernel.evaluate(said) == ["complete", 2, "12:00 in Rome", True]
    assert paths(server) == ["/anthropic/v1/messages"] * 2
    text = settled(cell)["data"]["text/plain"]
    assert "clock" in text
    assert "looking Rome" in text
    sent = server.log()[-1]["body"]["messages"][1]["content"]
    assert [block["type"] for block in sent] == ["thinking", "tool_use"]


def test_the_request_is_told_as_it_was_sent(kernel: Kernel) -> None:
    kernel.run(f"%%deepseek -s 'Be brief.' --think --effort low {MODEL}\n[simulate: normal tokens=5]x")
    account = kernel.run("%deepseek request")
    text = account.outputs_of("display_data")[-1]["content"]["data"]["text/plain"]
    assert "/anthropic/v1/messages" in text
    assert "max_tokens" in text
    assert "output_config" in text
    assert "stream_options" not in text
    shown = kernel.run("%deepseek request python").outputs_of("display_data")[-1]["content"]["data"]["text/plain"]
    assert "from anthropic import Anthropic" in shown


def test_an_error_and_a_model_without_a_server(kernel: Kernel) -> None:
    cell = kernel.run(f"%%deepseek {MODEL}\n[simulate: 401]x")
    text = settled(cell)["data"]["text/plain"]
    assert "****" not in text
    assert "401" in text
    listed = kernel.run("%deepseek models deepseek-anthropic")
    assert listed.status == "ok"
