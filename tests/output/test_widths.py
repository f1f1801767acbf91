"""Texts in columns: Chinese takes two each, and has no spaces to end a line at."""

# ruff: noqa: RUF001  (the punctuation is Chinese)

from __future__ import annotations

import pytest

from nbstream.output.widths import width_of, wrapped


@pytest.mark.parametrize("width", range(12, 60, 7))
def test_a_line_of_chinese_fits_and_does_not_begin_with_punctuation(width: int) -> None:
    text = "配合 --each：将每个回答写入此文件（“rows.jsonl”），并只提问其余的行；可重复给出。"
    lines = wrapped(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(map(width_of, lines)) <= max(width, width_of("（“rows.jsonl”），"))
    assert all(line[0] not in "，。；：、）” " and line[-1] not in "（“ " for line in lines)


def test_words_stay_whole() -> None:
    assert wrapped("one two three four", 9) == ["one two", "three", "four"]
    assert wrapped("extraordinarily long", 9) == ["extraordinarily", "long"]
    assert wrapped("", 9) == [""]
