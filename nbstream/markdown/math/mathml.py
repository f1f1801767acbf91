# ruff: noqa: RUF001  (the characters of mathematics look like others)
"""MathML: builds a clean tree from latex2mathml's tree, and writes it as HTML.

This is the security boundary of formulas. Only the elements named here and the attribute values in
`_VALUES` reach the page. See https://www.w3.org/TR/mathml-core/ for the elements; `menclose` and
`columnalign` are drawn by the page's style sheet.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element  # its parser, which hostile XML could attack, is not used

from nbstream.markdown.math.characters import FIRST_WORD, Word, replace_unprintable, styled
from nbstream.markdown.math.elements import ARITY, COMBINING, LARGE, LEAVES, core_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


_ROWS = ("mtd", "msqrt", "mphantom", "menclose", "mstyle")
_LIMITS = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
_EM = r"-?[0-4]?(?:\.\d+)?em"
_VALUES: dict[str, dict[str, str]] = {
    "mi": {"mathvariant": "normal"},
    "mo": {
        **dict.fromkeys(("stretchy", "movablelimits", "largeop"), "true|false"),
        **dict.fromkeys(("lspace", "rspace", "minsize", "maxsize"), _EM),
        "form": "prefix|postfix",
    },
    "mspace": {"width": _EM},
    "mpadded": {"width": "0em"},
    "mfrac": {"linethickness": "0"},
    "mover": {"accent": "true"},
    "mstyle": {"displaystyle": "true|false", "scriptlevel": "[0-2]"},
    "mtable": {"displaystyle": "true"},
    "mtd": {"columnalign": "left|right"},
    "menclose": {"notation": "box|top|bottom|(?:(?:up|down)diagonalstrike ?)+|horizontalstrike"},
}
_MOVABLE = {"movablelimits": "true", "lspace": "0em", "rspace": "0em"}
_UPRIGHT = {"mathvariant": "normal"}
_SPACES = {"thin": "0.167em", "medium": "0.222em", "thick": "0.278em"}
_STYLES = {"double-struck": "DOUBLE-STRUCK", "script": "SCRIPT", "fraktur": "FRAKTUR", "monospace": "MONOSPACE"}
_STYLES |= {"bold": "BOLD", "bold-italic": "BOLD ITALIC", "sans-serif": "SANS-SERIF"}
# Mathematical symbols (category Sm and others) that TeX does not space as operators.
_ORDINARY = frozenset("∞∅∂∇∀∃∄∆∎∠∡∢⊤⊥⋯…⋮⋱∴∵°∘")
_FENCES = frozenset("()[]{}|‖⟨⟩⌊⌋⌈⌉↑↓⇑⇓/\\∣∥")
_SMALL_ACCENTS = {"^": "ˆ", "~": "˜"}


class Cleaning:
    """Builds the clean tree: listed elements only, each with the number of children it takes.

    Args:
        words: The leaves that placeholder characters in latex2mathml's tree stand for.
    """

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = words

    def row(self, element: Element) -> list[Element]:
        """Return an element's clean children, with TeX's spaces around names of functions."""
        row: list[Element] = []
        for each in (cleaned for child in element for cleaned in self._cleaned(child)):
            if row and _wants_space(row[-1], each):
                row.append(Element("mspace", {"width": "0.167em"}))
            row.append(each)
        return row

    def _one(self, element: Element) -> Element:
        cleaned = self._cleaned(element)
        return cleaned[0] if len(cleaned) == 1 else _element("mrow", cleaned)

    def _cleaned(self, element: Element) -> list[Element]:
        tag, values = element.tag, element.attrib
        if tag in LEAVES and not len(element):
            leaf = self._leaf(element)
            # An empty operator, as "\left." gives, would still have space around it.
            return [leaf] if leaf.text or tag != "mo" else []
        if tag in ARITY:
            return [self._scripts(element)]
        if tag == "mspace":
            width = values.get("width", "")
            if named := re.fullmatch("(negative)?(thin|medium|thick)mathspace", width):
                width = ("-" if named[1] else "") + _SPACES[named[2]]
            return [_element("mspace", values={"width": width})]
        if tag in ("mtable", "mtr"):
            return [_element(tag, (cleaned for child in element for cleaned in self._cleaned(child)), values)]
        row = self.row(element)
        if tag in _ROWS and not (tag == "mstyle" and len(row) == 1 and row[0].tag == "mo"):
            return [_element(tag, row, values)]
        if tag == "mpadded" and values.get("width", "").removesuffix("px") == "0":
            return [_element("mpadded", row, {"width": "0em"})]
        if tag == "mpadded" and "lspace" in values:
            # A label on an arrow: the arrow is longer than its label by this much on both sides.
            return [
                _element("mspace", values={"width": "0.4em"}),
                *row,
                _element("mspace", values={"width": "0.4em"}),
            ]
        return row if len(row) == 1 and (row[0].tag != "mo" or tag == "mstyle") else [_element("mrow", row)]

    def _leaf(self, element: Element) -> Element:
        tag, values = element.tag, dict(element.attrib)
        text = re.sub("&#x([0-9A-Fa-f]{2,5});", lambda found: chr(int(found[1], 16)), element.text or "")
        style = values.pop("mathvariant", "")
        character = text if len(text) == 1 else ""
        if character and 0 <= ord(character) - FIRST_WORD < len(self._words):
            word = self._words[ord(character) - FIRST_WORD]
            return _element(word.tag, values=_MOVABLE if word.movable else {}, text=word.text)
        if character in _ORDINARY:
            tag = "mi"
        elif character and (unicodedata.category(character) == "Sm" or (tag == "mi" and character in ":;")):
            tag = "mo"
        if tag == "mo":
            text = {"-": "−", "*": "∗"}.get(text, text)
            if _is_name(text):
                values = _MOVABLE
            elif "minsize" in values:
                values["stretchy"] = "true"
            elif text in _FENCES and values.get("stretchy") != "true":
                values = {"stretchy": "false"} | ({"lspace": "0em", "rspace": "0em"} if text in ("|", "‖") else {})
        elif style == "normal" or (not style and "Α" <= character <= "Ω"):
            values = _UPRIGHT if character else {}
        else:
            text = styled(text, _STYLES.get(style, ""))
        return _element(tag, values=values, text=replace_unprintable(text))

    def _scripts(self, element: Element) -> Element:
        tag, values = element.tag, element.attrib
        children = [self._one(child) for child in element][: ARITY[tag]]
        children += [_element("mrow") for _ in range(ARITY[tag] - len(children))]
        base, mark = core_of(children[0]), children[1].text or ""
        if base.tag == "mo" and (base.text in LARGE or base.get("movablelimits")):
            # In a line, browsers move limits to the side as TeX does, except after "\limits".
            base.set("movablelimits", "true" if tag in _LIMITS else "false")
            tag = _LIMITS.get(tag, tag)
        elif tag in ("mover", "munder") and mark == "―":
            return _element("menclose", children[:1], {"notation": "top" if tag == "mover" else "bottom"})
        elif tag == "mover" and element[1].tag == "mo" and mark in COMBINING:
            is_wide = values.get("accent") != "true" and children[1].get("stretchy") != "false"
            mark = mark if is_wide else _SMALL_ACCENTS.get(mark, mark)
            children[1] = _element("mo", values={"stretchy": "true" if is_wide else "false"}, text=mark)
            return _element("mover", children, {"accent": "true"})
        return _element(tag, children, values)


def _element(
    tag: str, children: Iterable[Element] = (), values: Mapping[str, str] | None = None, text: str | None = None
) -> Element:
    """Return an element with those of `values` that `_VALUES` allows."""
    allowed = _VALUES.get(tag, {})
    made = Element(
        tag, {name: v for name, v in (values or {}).items() if name in allowed and re.fullmatch(allowed[name], v)}
    )
    made.extend(children)
    made.text = text
    return made


def _is_name(text: str) -> bool:
    return len(text) > 1 and text != "mod" and all(each.isalpha() or each in "\u2006\u2009" for each in text)


def _is_function(element: Element) -> bool:
    core = core_of(element)
    return core.tag in ("mi", "mo") and _is_name(core.text or "")


def _wants_space(left: Element, right: Element) -> bool:
    if _is_function(left):
        return _is_function(right) or core_of(right).tag not in ("mo", "mspace")
    return _is_function(right) and (core_of(left).tag not in ("mo", "mspace") or left.text in (")", "]", "}", "!"))


def element_html(element: Element) -> str:
    """Return a clean element as HTML."""
    values = "".join(f' {name}="{value}"' for name, value in element.attrib.items())
    inner = escape(element.text, quote=False) if element.text else "".join(map(element_html, element))
    return f"<{element.tag}{values}>{inner}</{element.tag}>"
