# ruff: noqa: RUF001  (the characters of mathematics look like others)
"""The elements of the cleaned tree: what its two readers both ask of them.

This module must not know TeX, nor how a tree is made or written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


LEAVES = ("mi", "mn", "mo", "mtext")
ARITY = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}
LARGE = frozenset("∑∏∐⋃⋂⨁⨂⨀⨄⨆⋁⋀")
COMBINING = dict(
    zip(
        "^ˆ~˜¯˙¨→ˇ´`˘˚⃛←",
        "\u0302\u0302\u0303\u0303\u0304\u0307\u0308\u20d7\u030c\u0301\u0300\u0306\u030a\u20db\u20d6",
        strict=True,
    )
)


def only(element: Element) -> Element:
    """Return what alone stands within groups and styles, or the element itself."""
    while element.tag in ("mrow", "mstyle") and len(element) == 1:
        element = element[0]
    return element


def core_of(element: Element) -> Element:
    """Return what an element with scripts is to its neighbours: what bears them."""
    while (element := only(element)).tag in ARITY and element.tag not in ("mfrac", "mroot"):
        element = element[0]
    return element
