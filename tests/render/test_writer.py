"""The writer's operations are what the protocol makes of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbstream.render.protocol import apply, empty_state, html_of
from nbstream.render.writer import DocumentWriter

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
