"""Docstrings in the styles that people write."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbstream.tools.docstrings import read_docstring


def test_a_docstring_of_google() -> None:
    found = read_docstring(
        """Do it.

        Note: only once.

        Arguments:
            first (dict[str, int]): the first
                of them: it counts.

                A second paragraph.
            *rest: others
        Raises:
            ValueError: never.
        """
    )
    assert found.parameters == {"first": "the first of them: it counts. A second paragraph.", "rest": "others"}
    assert found.text == "Do it.\n\nNote: only once.\n\nRaises:\n    ValueError: never."


def test_a_docstring_of_numpy() -> None:
    found = read_docstring(
        """
        Do it.

        Parameters
        ----------
        x, y : float
            The place.
        mode : {'a', 'b'}, optional
            How.
            More of it.

        Returns
        -------
        str
            The name.
        """
    )
    assert found.parameters == {"x": "The place.", "y": "The place.", "mode": "How. More of it."}
    assert found.text == "Do it.\n\nReturns\n-------\nstr\n    The name."


def test_a_docstring_of_sphinx() -> None:
    found = read_docstring(
        """Do it.

        :param city: the city,
            in any language
        :param int days: how many: at most 7
        :type city: str
        :param dict[str, int] table: a table
        @param old: epytext
        :returns: the weather
        :raises ValueError: if there is none
        """
    )
    assert found.parameters == {
        "city": "the city, in any language",
        "days": "how many: at most 7",
        "table": "a table",
        "old": "epytext",
    }
    assert found.text == "Do it.\n\n:returns: the weather\n:raises ValueError: if there is none"


def test_no_word_of_prose_is_taken_for_a_section() -> None:
    text = "Parameters: see the manual.\n\nThe args: none.\nArgs:\nnothing is indented"
    assert read_docstring(text) == (text, {})


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    # Without a section, each word stands in the description.
    assert read_docstring(text).text.split() == text.split()
    for section in (f"Args:\n    {text}", f"Parameters\n----------\n{text}"):
        read = read_docstring(section)
        assert all(name and isinstance(said, str) for name, said in read.parameters.items())
