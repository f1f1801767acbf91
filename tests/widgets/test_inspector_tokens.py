"""Tokens that share a character are shown as one; no byte is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.probabilities import Token
from nbstream.widgets.inspector.token_units import TokenUnits, shown


def joined(*tokens: Token) -> list[tuple[str, int]]:
    units = TokenUnits()
    for each in tokens:
        units.extend([each])
    units.extend([], is_last=True)
    return [(each.text, len(each.tokens)) for each in units.units]


def part(data: bytes, logprob: float = -0.5) -> Token:
    return Token(data.decode("utf-8", "backslashreplace"), logprob, data)


def test_the_tokens_of_an_emoji_are_one() -> None:
    earth = "a🌍b".encode()
    assert joined(part(earth[:3]), part(earth[3:4]), part(earth[4:])) == [("a🌍b", 3)]
    units = TokenUnits()
    units.extend([part(earth[:3], -1), part(earth[3:], -2)])
    assert units.units[0].probability == pytest.approx(2.718281828**-3)


def test_bytes_that_are_no_characters_are_escaped() -> None:
    assert joined(part(b"\x8c"), part(b"a")) == [("\\x8c", 1), ("a", 1)]
    assert joined(part(b"\xf0\x9f"), part(b"a")) == [("\\xf0\\x9f", 1), ("a", 1)]
    # As vLLM and Ollama send a part of a character.
    assert joined(part("\ufffd".encode())) == [("\ufffd", 1)]
    assert shown(Token("x", data=b"")) == "x"


@given(st.text(st.sampled_from("aé日🌍👩\u200d"), max_size=8), st.lists(st.integers(1, 3), max_size=40))
def test_whatever_is_split_comes_together(text: str, sizes: list[int]) -> None:
    data, tokens = text.encode(), []
    for size in [*sizes, *[1] * len(data)]:
        if data:
            tokens.append(part(data[:size]))
            data = data[size:]
    found = joined(*tokens)
    assert "".join(each for each, _ in found) == text
    assert sum(count for _, count in found) == len(tokens)
