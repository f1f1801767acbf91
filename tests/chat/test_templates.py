"""Prompts with blanks: their parts, and what fills them in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.chat.templates import Part, filled, parts_of
from nbstream.model.exceptions import RequestError


def test_a_template_is_texts_and_blanks() -> None:
    parts = parts_of("Explain {{ topic }} to {{who}}: {{topic}}, {{{{ no blank }}}} {x}.")
    assert parts == (
        Part("Explain "),
        Part("", "topic"),
        Part(" to "),
        Part("", "who"),
        Part(": "),
        Part("", "topic"),
        Part(", {{ no blank }}"),
        Part(" {x}."),
    )
    text = filled(parts, {"topic": "{{ who }}", "who": "a\nb", "other": "x"})
    assert text == "Explain {{ who }} to a\nb: {{ who }}, {{ no blank }} {x}."


@pytest.mark.parametrize("template", ["a {{ b", "a {{ }} b", "{{}}"])
def test_a_blank_needs_an_end_and_a_name(template: str) -> None:
    with pytest.raises(RequestError, match="template"):
        parts_of(template)


def test_each_blank_is_to_be_filled_in() -> None:
    with pytest.raises(RequestError, match=r"Fill in b, c; nothing was sent\."):
        filled(parts_of("{{a}} {{b}} {{c}} {{b}}"), {"a": "x", "b": " \n"})


@given(st.text(alphabet="ab {}\n"), st.text(alphabet="ab{}"))
def test_a_prompt_without_blanks_is_literal(text: str, value: str) -> None:
    if "{{" not in text:
        assert filled(parts_of(text), {}) == text
        assert filled(parts_of(f"{text}\n{{{{ x }}}}"), {"x": f"v{value}"}) == f"{text}\nv{value}"
