"""`%deepseek code`, and `nbstream.code_blocks`, on real ipykernels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.notebook.kernel import Cell, Kernel

pytestmark = pytest.mark.kernel

TWO_BLOCKS = "1. one\n\n   ```python\n   x = 1\n   if x:\n       x = 2\n   ```\n\n```sh\nls"
NO_CODE = "only `little` of it"


def answer(kernel: Kernel, text: str) -> None:
    """Let the last reply's answer be `text`."""
    assert kernel.run(f"%%deepseek --no-think\n[simulate: echo] {text}").status == "ok"


def inserted(cell: Cell) -> list[tuple[str, str, bool]]:
    """Return what the kernel asks the front end to put into cells."""
    assert cell.reply is not None
    payload = cell.reply["content"]["payload"]
    return [(each["source"], each["text"], each["replace"]) for each in payload]


def error_of(cell: Cell) -> str:
    """Return the one line that a mistake is."""
    assert cell.of("error") == []
    line = cell.text("stderr").removesuffix("\n")
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("code 1", "x = 1\nif x:\n    x = 2"),
        ("code 2", "ls"),
        # The last one.
        (" code ", "ls"),
    ],
)
def test_code_goes_into_the_next_cell(kernel: Kernel, command: str, code: str) -> None:
    answer(kernel, TWO_BLOCKS)
    cell = kernel.run(f"%deepseek {command}")
    assert inserted(cell) == [("set_next_input", code, False)]
    assert cell.outputs == []
    assert kernel.evaluate("[[each.language, each.code] for each in nbstream.code_blocks()]") == [
        ["python", "x = 1\nif x:\n    x = 2"],
        ["sh", "ls"],
    ]


@pytest.mark.parametrize("number", ["0", "3", "-1", "x", "²", "9" * 5000])
def test_a_block_that_is_not_there_is_one_line(kernel: Kernel, number: str) -> None:
    answer(kernel, TWO_BLOCKS)
    cell = kernel.run(f"%deepseek code {number}")
    expected = f"UsageError: %deepseek code {number}: the last reply has 2 blocks of code, counted from 1."
    assert error_of(cell) == expected
    assert inserted(cell) == []


def test_no_code_is_one_line(kernel: Kernel) -> None:
    answer(kernel, NO_CODE)
    assert error_of(kernel.run("%deepseek code")) == "UsageError: The last reply has no code."


def test_no_reply_is_one_line(kernel: Kernel) -> None:
    kernel.run("from nbstream.client import api; kept, api._last = api._last, None")
    cell = kernel.run("%deepseek code")
    kernel.run("api._last = kept")
    assert error_of(cell) == "UsageError: There is no reply yet."


@pytest.mark.parametrize("command", ["cod", "code 1 2", "help"])
def test_what_is_no_command_is_one_line(kernel: Kernel, command: str) -> None:
    line = error_of(kernel.run(f"%deepseek {command}"))
    assert line.startswith(f"UsageError: %deepseek {command} is no command")


def test_the_help_lists_the_command(kernel: Kernel) -> None:
    assert "%deepseek code [N]" in kernel.run("%deepseek").text("stdout")
