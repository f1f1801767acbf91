"""The writer's operations are what the protocol makes of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbstream.widgets.document_writer import DocumentWriter, colours_of
from tests.widgets.page_state import apply, coloured, empty_state, html_of

html = st.text("ab<>😀😁🂡漢\ud83d", max_size=8)
step = st.one_of(
    st.tuples(st.sampled_from(["add", "tail", "tail", "reset"]), html),
    st.tuples(st.just("open"), html, html),
    st.tuples(st.just("close")),
    st.tuples(st.just("redo"), html),
)


@given(st.lists(step, max_size=20))
def test_applying_the_operations_gives_the_state(steps: list[tuple[str, ...]]) -> None:
    writer, page, depth = DocumentWriter(), empty_state(), 0
    for name, *arguments in steps:
        if name in ("close", "redo") and not depth:
            continue
        depth = {"open": depth + 1, "close": depth - 1, "redo": depth - 1, "reset": 0}.get(name, depth)
        getattr(writer, name)(*arguments)
        apply(page, writer.take())
        assert page == writer.state
        assert html_of(page) == writer.html


def test_a_tail_is_sent_from_where_it_differs_and_never_from_within_a_character() -> None:
    writer = DocumentWriter()
    writer.tail("<p>漢 😀</p>")
    writer.tail("<p>漢 😀😀</p>")
    # Its first UTF-16 unit is the one that 😀 has.
    writer.tail("<p>漢 😀😁</p>")
    writer.tail("<p>漢 😀😁</p>")
    writer.tail("")
    assert writer.take() == [
        ("tail", 0, "<p>漢 😀</p>"),
        ("tail", 7, "😀</p>"),
        ("tail", 7, "😁</p>"),
        ("tail", 0, ""),
    ]


word = st.tuples(st.sampled_from(["", "", "k", "nf", "s1"]), st.text("ab &gt;.1😀\n", max_size=4))


@given(st.lists(word, max_size=8))
def test_colours_are_sent_without_the_text(words: list[tuple[str, str]]) -> None:
    text = "".join(word for _, word in words)
    html = "".join(f'<span class="{name}">{word}</span>' if name and word else word for name, word in words)
    colours = colours_of(text, html)
    assert colours is not None
    assert coloured(text, colours) == html


def test_only_what_has_no_more_than_colours_is_sent_as_such() -> None:
    assert colours_of("def f", '<span class="k">def</span> f') == "k.3"
    assert colours_of("def f", '<span class="k">def</span> g') is None
    assert colours_of("def f", "<b>def</b> f") is None
    assert colours_of("<b>def</b> f", '<b><span class="k">def</span></b> f') is None


def test_tags_that_overlap_are_not_taken_for_a_group() -> None:
    writer, page = DocumentWriter(), empty_state()
    writer.open("aba", "aba")
    writer.redo("aba")
    apply(page, writer.take())
    assert page == writer.state


def test_a_group_is_not_sent_again_when_it_gets_its_colours() -> None:
    writer = DocumentWriter()
    writer.open("<pre>", "</pre>")
    writer.add("x = 😀1")
    writer.redo('<pre>x = 😀<span class="mi">1</span></pre>')
    assert writer.take() == [("open", "<pre>", "</pre>"), ("add", "x = 😀1"), ("colour", "6mi.1")]
    assert writer.html == '<pre>x = 😀<span class="mi">1</span></pre>'
