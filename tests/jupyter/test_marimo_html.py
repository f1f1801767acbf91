"""Settled HTML for marimo: formulas are marimo's own elements, and nothing else is changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbstream.jupyter.marimo_html import html_for_marimo
from nbstream.model.events import Answer, Ended
from nbstream.model.reduction import reduced
from nbstream.output.settled import settled_html


def settled(answer: str) -> str:
    return settled_html(reduced([Answer(0.0, answer), Ended(0.0, "served")]))


def test_formulas_are_elements_of_marimo() -> None:
    html = html_for_marimo(settled("So $x<y$, and:\n\n$$\\int_0^1 x$$\n\nIt costs $5 or $6."))
    assert '<marimo-tex class="arithmatex">||(x&lt;y||)</marimo-tex>' in html
    assert '<marimo-tex class="arithmatex">||[\\int_0^1 x||]</marimo-tex>' in html
    assert "$5 or $6" in html
    assert "mathjax_process" not in html


def test_code_has_the_class_that_marimo_colours() -> None:
    assert "codehilite highlight" in html_for_marimo(settled("```python\nfor i in x: pass\n```"))


@given(st.text(alphabet='<>/"=&;\\()[]$ \nab|`') | st.sampled_from(["<marimo-tex>", '<span class="nbstream-math">']))
def test_the_text_of_a_model_makes_no_element(text: str) -> None:
    html = html_for_marimo(settled(f'{text}\n\n<marimo-tex class="arithmatex">||(x||)</marimo-tex>'))
    assert html.count("<marimo-tex") == html.count('<marimo-tex class="arithmatex">||')
    assert "&lt;marimo-tex" in html or "<code" in html or "<marimo-tex" not in html
