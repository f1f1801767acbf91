"""Finds the ends of link labels in linear time.

For each "[" without a "]", markdown-it-py 4.3 reads the rest of the text, at each of up to 100
levels of nesting (`helpers/parse_link_label.py`). `label_end` replaces that function and has the
same result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.rules_inline import StateInline


def label_end(state: StateInline, start: int, disable_nested: bool = False) -> int:  # noqa: FBT001, FBT002  (markdown-it calls it so)
    """Return the position of the "]" that ends the label with the "[" at `start`, or -1.

    The result of each bracket is kept in `state`, so that a bracket around it does not read the
    same text again. A label that contains a "[" without an end has no end either.

    Args:
        state: markdown-it's state.
        start: the position of the "[".
        disable_nested: whether a link within the label means that there is no label.
    """
    ends: dict[int, int] = vars(state).setdefault("label_ends", {}).setdefault((state.posMax, disable_nested), {})
    if start not in ends:
        position = state.pos
        _find_ends(state, start, ends, disable_nested=disable_nested)
        state.pos = position
    return ends[start]


def _find_ends(state: StateInline, start: int, ends: dict[int, int], *, disable_nested: bool) -> None:
    """Note the ends of the label at `start` and of those within it."""
    open_brackets = [start]
    state.pos = start + 1
    while state.pos < state.posMax:
        at, character = state.pos, state.src[state.pos]
        if character == "]":
            ends[open_brackets.pop()] = at
            if not open_brackets:
                return
        state.md.inline.skipToken(state)
        if character != "[":
            continue
        if state.pos != at + 1:
            # A link, a footnote's reference, or the end of what may be nested.
            if disable_nested:
                break
        elif (end := ends.get(at)) is None:
            open_brackets.append(at)
        elif end < 0:
            break
        else:
            state.pos = end
            state.md.inline.skipToken(state)
    ends.update(dict.fromkeys(open_brackets, -1))
