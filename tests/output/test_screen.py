"""The screen shows exactly the rows that were drawn."""

from __future__ import annotations

import random

import pytest

from nbstream.output.terminal.screen import Screen
from tests.output.emulator import EmulatedTerminal

ROWS = ["a", "b", "a longer row", "\x1b[1mbold\x1b[0m", "", "x" * 18]


@pytest.mark.parametrize("seed", range(30))
def test_the_screen_shows_finished_rows_and_then_rows_in_progress(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    out = EmulatedTerminal(monkeypatch, 20, 8)
    screen = Screen(out)
    finished: list[str] = []
    for _ in range(40):
        now = chance.choices(ROWS, k=chance.choice([0, 0, 1, 2, 9]))
        in_progress = chance.choices(ROWS, k=chance.randrange(8))
        screen.draw(now, in_progress)
        finished += now
        shown = "\n".join([*finished, *in_progress]).replace("\x1b[1m", "").replace("\x1b[0m", "")
        assert out.rows == shown.rstrip().split("\n")


def test_the_cursor_is_after_the_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    out = EmulatedTerminal(monkeypatch, 20, 8)
    screen = Screen(out)
    for in_progress in (["ab", "c"], ["ab", "cd"], ["ab"], ["x", "yz", "z"], ["x"]):
        screen.draw([], in_progress)
        assert (out.pyte.cursor.y, out.pyte.cursor.x) == (len(in_progress) - 1, len(in_progress[-1]))
    screen.draw(["x"])
    assert (out.pyte.cursor.y, out.pyte.cursor.x) == (1, 0)


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_a_tiny_terminal_is_supported(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    out = EmulatedTerminal(monkeypatch, columns, 1)
    screen = Screen(out)
    assert (screen.width, screen.height) == (1, 1)
    screen.draw([], ["a", "b"])
    screen.draw(["c"])
    assert out.rows == ["c"]
