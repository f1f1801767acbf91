# ruff: noqa: RUF001  (the characters of mathematics look like others)
"""The elements of the clean tree: facts that the MathML writer and the text writer share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


#: The elements that hold text.
LEAVES = ("mi", "mn", "mo", "mtext")
#: How many children an element takes, where that number is fixed.
ARITY = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}
#: The large operators that have limits below and above in a display.
LARGE = frozenset("∑∏∐⋃⋂⨁⨂⨀⨄⨆⋁⋀")
#: The combining character of each accent that stands above a letter.
COMBINING = dict(
    zip(
        "^ˆ~˜¯˙¨→ˇ´`˘˚⃛←",
        "\u0302\u0302\u0303\u0303\u0304\u0307\u0308\u20d7\u030c\u0301\u0300\u0306\u030a\u20db\u20d6",
        strict=True,
    )
)


def only(element: Element) -> Element:
    """Return the only element inside nested groups and styles, or the element itself."""
    while element.tag in ("mrow", "mstyle") and len(element) == 1:
        element = element[0]
    return element


def core_of(element: Element) -> Element:
    """Return the base of an element with scripts; it decides the spacing to the neighbours."""
    while (element := only(element)).tag in ARITY and element.tag not in ("mfrac", "mroot"):
        element = element[0]
    return element
