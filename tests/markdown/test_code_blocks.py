"""`find_code` returns the code blocks of an answer as values."""

from __future__ import annotations

import dataclasses

import pytest

from nbstream.markdown.code_blocks import CodeBlock, find_code


@pytest.mark.parametrize(
    ("markdown", "blocks"),
    [
        ("no code, `or` little of it\n\n    indented", []),
        ("```python\na = 1\n\nb = 2\n```", [("python", "a = 1\n\nb = 2")]),
        ("~~~ sql title=x\nselect 1\n~~~\ntext\n```\nplain\n```", [("sql", "select 1"), ("", "plain")]),
        (
            "- a\n  1. b\n\n     ```sh\n     ls\n       -l\n     ```\n> ```r\n> x\n> ```",
            [("sh", "ls\n  -l"), ("r", "x")],
        ),
        ("````md\n```py\nx\n```\n````", [("md", "```py\nx\n```")]),
        ("```py\nunfinished", [("py", "unfinished")]),
        ("```py", [("py", "")]),
        ("```py\r\na\r\nb\r\n```\r\n", [("py", "a\nb")]),
        ("```py\na\n\n\n```", [("py", "a\n\n")]),
    ],
)
def test_code_between_fences(markdown: str, blocks: list[tuple[str, str]]) -> None:
    assert [(block.language, block.code) for block in find_code(markdown)] == blocks


def test_a_block_is_a_value() -> None:
    block = CodeBlock("python", "print(1)")
    assert block == CodeBlock("python", "print(1)")
    assert len({block, CodeBlock("python", "print(1)")}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        block.code = ""  # type: ignore[misc]


def test_a_block_shows_what_it_is_and_prints_as_its_code() -> None:
    assert repr(CodeBlock("python", "print(1)")) == "<CodeBlock python, 1 line: 'print(1)'>"
    long = repr(CodeBlock("", "a\n" * 99))
    assert long.startswith("<CodeBlock without a language, 100 lines: 'a\\na\\n")
    assert long.endswith("a\\na…'>")
    assert str(CodeBlock("python", "print(1)")) == "print(1)"
