"""Colours take a bounded time; otherwise a fence of words would block the kernel for minutes."""

from __future__ import annotations

import pytest

from nbstream.markdown.highlight import highlight, plain
from nbstream.markdown.parser import parse
from nbstream.output.terminal.rows import to_rows

#: What these lexers read again and again to the end of the code; without a bound each takes more
#: than a minute.
SLOW = [("csharp", "a\n" * 20_000), ("gnuplot", "1e" * 20_000 + "\n")]


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("language", "code"), SLOW)
def test_code_that_would_take_too_long_stays_plain(language: str, code: str) -> None:
    assert highlight(code, language) == plain(code)
    assert highlight("a = 1\n", language) != plain("a = 1\n")


@pytest.mark.timeout(30)
def test_such_code_stays_plain_on_a_terminal() -> None:
    language, code = SLOW[0]
    (block,) = parse(f"```{language}\n{code}```\n").blocks
    assert to_rows(block, 80)[1:-1] == code.split("\n")[:-1]
