"""`%deepseek code`, `show` and `cancel`, and `nbstream.code_blocks`, on real ipykernels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel

pytestmark = pytest.mark.kernel

TWO_BLOCKS = "1. one\n\n   ```python\n   x = 1\n   if x:\n       x = 2\n   ```\n\n```sh\nls"
NO_CODE = "only `little` of it"


def answer(kernel: Kernel, text: str) -> None:
    """Make a reply with the answer `text`."""
    assert kernel.run(f"%%deepseek --no-think\n[simulate: echo] {text}").status == "ok"


def inserted(cell: Cell) -> list[tuple[str, str, bool]]:
    """Return the payloads that insert text into cells, as (source, text, replace)."""
    assert cell.reply is not None
    payload = cell.reply["content"]["payload"]
    return [(each["source"], each["text"], each["replace"]) for each in payload]


def error_of(cell: Cell) -> str:
    """Return the only line on stderr and assert that there is no traceback."""
    assert cell.outputs_of("error") == []
    line = cell.text("stderr").removesuffix("\n")
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("code 1", "x = 1\nif x:\n    x = 2"),
        ("code 2", "ls"),
        # Without a number: the last block.
        (" code ", "ls"),
    ],
)
def test_code_is_inserted_into_the_next_cell(kernel: Kernel, command: str, code: str) -> None:
    answer(kernel, TWO_BLOCKS)
    cell = kernel.run(f"%deepseek {command}")
    assert inserted(cell) == [("set_next_input", code, False)]
    assert cell.outputs == []
    assert kernel.evaluate("[[each.language, each.code] for each in nbstream.code_blocks()]") == [
        ["python", "x = 1\nif x:\n    x = 2"],
        ["sh", "ls"],
    ]


@pytest.mark.parametrize("number", ["0", "3", "-1", "x", "²", "9" * 5000])
def test_a_wrong_block_number_is_a_one_line_error(kernel: Kernel, number: str) -> None:
    answer(kernel, TWO_BLOCKS)
    cell = kernel.run(f"%deepseek code {number}")
    expected = f"UsageError: %deepseek code {number}: the last reply has 2 blocks of code, counted from 1."
    assert error_of(cell) == expected
    assert inserted(cell) == []


def test_a_reply_without_code_is_a_one_line_error(kernel: Kernel) -> None:
    answer(kernel, NO_CODE)
    assert error_of(kernel.run("%deepseek code")) == "UsageError: The last reply has no code."


def test_code_without_a_reply_is_a_one_line_error(kernel: Kernel) -> None:
    kernel.run("from nbstream.client.history import _replies; kept = [*_replies.get()]; _replies.get().clear()")
    cell = kernel.run("%deepseek code")
    kernel.run("_replies.get().extend(kept)")
    assert error_of(cell) == "UsageError: There is no reply yet."


def test_show_displays_earlier_replies(kernel: Kernel) -> None:
    for text in ("first", "second", "third"):
        answer(kernel, f"the {text} one")
    for command, text in (("show", "third"), ("show 1", "third"), ("show 3", "first")):
        (output,) = kernel.run(f"%deepseek {command}").outputs_of("display_data")
        assert f"the {text} one" in output["content"]["data"]["text/html"]


@pytest.mark.parametrize("number", ["0", "51", "-1", "x", "²", "9" * 5000])
def test_a_wrong_reply_number_is_a_one_line_error(kernel: Kernel, number: str) -> None:
    answer(kernel, NO_CODE)
    line = error_of(kernel.run(f"%deepseek show {number}"))
    assert line.startswith(f"UsageError: %deepseek show {number}: there is no such reply")


def test_cancel_stops_all_running_replies(kernel: Kernel, server: Simulator) -> None:
    for _ in range(3):
        kernel.run("%%deepseek --background\n[simulate: silence after=5] Why?")
    kernel.until(lambda: sum(entry["deltas_sent"] == 5 for entry in server.log()) == 3, "all of them are silent")
    assert kernel.run("%deepseek cancel").text("stdout") == "Stopped 3 replies.\n"
    kernel.until(lambda: all(entry["outcome"] == "disconnected" for entry in server.log()), "the server notices it")
    # What they took is written down before they have ended.
    kernel.until(
        lambda: kernel.run("%deepseek cancel").text("stdout") == "No reply is arriving.\n", "all of them have ended"
    )


@pytest.mark.parametrize("command", ["cod", "code 1 2", "show 1 2", "cancel 1"])
def test_an_unknown_command_is_a_one_line_error(kernel: Kernel, command: str) -> None:
    line = error_of(kernel.run(f"%deepseek {command}"))
    assert line.startswith(f"UsageError: %deepseek {command} is no command")


@pytest.mark.parametrize("line", ["%deepseek", "%deepseek help"])
def test_the_help_is_plain_text_and_lists_commands_and_options(kernel: Kernel, line: str) -> None:
    cell = kernel.run(line)
    text = cell.text("stdout")
    assert text.startswith("usage: %%deepseek [-m MODEL]")
    assert "::" not in text
    for name in ("%deepseek code [N]", "%deepseek show [N|--recover]", "%deepseek cancel", "--raw-body", "--reasoning"):
        assert name in text


def test_direction_controls_are_replaced_in_inserted_code(kernel: Kernel) -> None:
    # "Trojan Source", CVE-2021-42574: the code would look different from what it runs.
    answer(kernel, "```python\nadmin = False  # \u202e\u2066 check\u2069\n```")
    ((_, code, _),) = inserted(kernel.run("%deepseek code"))
    assert code == "admin = False  # \ufffd\ufffd check\ufffd"
