"""Outputs read as they do on the screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.prompt.plain_output import plain_output


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[0;31mNameError\x1b[0m: name 'x'", "NameError: name 'x'"),
        ("\x1b]8;;https://example.org\x1b\\a link\x1b]8;;\x07", "a link"),
        (" 10%|#    |\r 55%|##   |\r100%|#####|\ndone\n", "100%|#####|\ndone\n"),
        ("long line\rshort", "shortline"),
        ("dos\r\nlines\r\n", "dos\nlines\n"),
        ("typo\b\b\bext", "text"),
        ("\b\ba\n\bb", "a\nb"),
        ("bell\x07 and \x00", "bell\ufffd and \ufffd"),
        ("סדר مرحبا 提示 🚀", "סדר مرحبا 提示 🚀"),
    ],
)
def test_it_reads_as_on_the_screen(text: str, shown: str) -> None:
    assert plain_output(text) == shown


@given(st.text(alphabet=st.sampled_from(list("ab\r\n\b\t\x1b[0;31m]\x07é🚀")), max_size=60))
def test_no_control_character_is_left(text: str) -> None:
    shown = plain_output(text)
    assert not set(shown) & set("\r\b\x1b\x07")
    assert plain_output(shown) == shown


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60))
def test_ordinary_text_stays(text: str) -> None:
    assert plain_output(text) == text
