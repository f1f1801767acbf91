"""A formula's tree: latex2mathml's one door, which opens at the first formula.

TeX goes in rewritten and its tree comes out cleaned, or it is refused. This module must not know what the rewriting and
the cleaning do, nor what is written of the tree.
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
    """Return the longest beginning that can be converted, of those that a dozen tries find."""
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
    """Return the cleaned row that a formula is, without any element if there is nothing to see.

    Raises:
        Unconvertible: The TeX is wrong, too deep, or more than a formula.
    """
    rewriting = Rewriting(symbols, finished=finished)
    tex = rewriting.rewritten()
    convert, make = _converter()
    try:
        row = Cleaning(rewriting.words, make).row(convert(tex)[0]) if tex else []
    except Exception as error:  # It raises whatever its reader has stumbled over.
        raise Unconvertible from error
    # Spaces and empty groups alone are nothing to see.
    return row if any(text.strip() for each in row for text in each.itertext()) else []


@lru_cache(maxsize=1)
def _converter() -> tuple[Callable[[str], Element], Callable[..., Element]]:
    # Its table of symbols takes a twentieth of a second to read, and there is not always a formula.
    from xml.etree.ElementTree import Element  # noqa: PLC0415  (as is this)

    from latex2mathml.converter import convert_to_element  # noqa: PLC0415

    return convert_to_element, Element
