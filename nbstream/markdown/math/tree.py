"""The clean tree of a formula: calls the rewriting, latex2mathml and the cleaning.

latex2mathml is imported only here, when the first formula is converted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from nbstream.markdown.math.mathml import Cleaning
from nbstream.markdown.math.rewriting import Rewriting, Unconvertible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from xml.etree.ElementTree import Element


def longest(symbols: Sequence[str]) -> list[Element]:
    """Return the clean row of the longest convertible beginning that a binary search finds."""
    row: list[Element] = []
    least, most = 0, len(symbols)
    while most - least > 1:
        middle = (least + most) // 2
        try:
            row, least = to_tree(symbols[:middle], finished=False), middle
        except Unconvertible:
            most = middle
    return row


def to_tree(symbols: Sequence[str], *, finished: bool) -> list[Element]:
    """Return the clean elements of a formula. The list is empty if nothing would be visible.

    Raises:
        Unconvertible: The TeX is wrong, nested too deeply, or does more than describe a formula.
    """
    rewriting = Rewriting(symbols, finished=finished)
    tex = rewriting.rewritten()
    try:
        row = Cleaning(rewriting.words).row(_converter()(tex)[0]) if tex else []
    except Exception as error:  # On wrong TeX, latex2mathml also raises IndexError and others.
        raise Unconvertible from error
    # Spaces and empty groups are not visible.
    return row if any(text.strip() for each in row for text in each.itertext()) else []


@lru_cache(maxsize=1)
def _converter() -> Callable[[str], Element]:
    # latex2mathml takes 50 ms to read its table of symbols, and many replies have no formula.
    from latex2mathml.converter import convert_to_element  # noqa: PLC0415

    return convert_to_element
