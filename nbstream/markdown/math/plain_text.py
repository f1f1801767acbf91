# ruff: noqa: RUF001  (the characters of mathematics look like others)
"""Text for a terminal: writes the clean tree in Unicode characters.

Scripts, roots and fractions are written in one line. An alignment has one line for each row. Lines
are not wrapped.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from nbstream.markdown.math.elements import ARITY, COMBINING, LARGE, LEAVES, core_of, only

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from xml.etree.ElementTree import Element


_INTEGRALS = frozenset("∫∬∭∮")
_SUPERSCRIPTS = dict(
    zip(
        "0123456789+−-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθφχ⊤∘′″‴⁗",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿᵠᵡᵀ°′″‴⁗",
        strict=True,
    )
)
_SUBSCRIPTS = dict(zip("0123456789+−-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True))
_ROOTS = {"": "√", "3": "∛", "4": "∜"}
_STROKES = {"top": "\u0305", "bottom": "\u0332"}
_BRACES = frozenset("⏞⏟⎴⎵⏜⏝↔")
_ARROWS = frozenset("←→↔↦⇒⇐⇔⟹⟸⟺⟶⟵⟼⇌↪")
_SCRIPT = "[′″‴°⁰-₟¹²³ʰ-ˤᴬ-ᵪᶛ-ᶿⱼⱽ\u0300-\u036f\u20d0-\u20ff]*"
# A denominator or radicand that needs no brackets: x₁, √2, n!, (a + b), f(x). Here "()" stands for
# anything in brackets.
_ATOM = re.compile(
    rf"[√∛∜]?(?:(?:\d+(?:\.\d+)?|[^\W\d_]|[∞∇]|\(\)){_SCRIPT}!?|[fghpqA-ZΓΦ]{_SCRIPT}\(\))|[^\W\d_][_^]\(\)"
)


def to_lines(row: Sequence[Element]) -> list[str]:
    """Return the lines of a formula: one for each row if it ends in an alignment or in cases."""
    while row and row[-1].tag in ("mrow", "mstyle"):
        row = [*row[:-1], *row[-1]]
    if not row or row[-1].tag != "mtable" or (len(row) > 1 and row[-2].text != "{"):
        return [_line(row)]
    *before, last = row
    head = f"{_line(before)} ".lstrip()
    if any(cell.get("columnalign") == "right" for each in last for cell in each):
        pairs = [(_line(each[0]), _line((part for cell in each[1:] for part in cell), after="x")) for each in last]
        width = max(len(left) for left, _ in pairs)
        return [f"{left.rjust(width)} {right}" for left, right in pairs]
    rows = ["  ".join(map(_line, each)) for each in last] or [""]
    return [head + rows[0], *(" " * len(head) + each for each in rows[1:])]


def _line(row: Iterable[Element], *, tight: bool = False, after: str = "") -> str:
    """Return a row as one line.

    Args:
        row: The elements.
        tight: Whether to leave out spaces around operators, as in scripts.
        after: Text that precedes the row. It decides whether a first sign is binary or unary.
    """
    text = after
    was_fraction = False
    for each in row:
        piece, core, is_fraction = _text(each, tight=tight), core_of(each), only(each).tag == "mfrac"
        is_first = not text or text[-1] in " ([{⟨⌊⌈−+±∓¬" or (text[-1] in "|‖" and text.count(text[-1]) % 2 == 1)
        if each.tag == "mspace":
            width = float(each.get("width", "0em").removesuffix("em"))
            piece = "  " if width >= 1 else " " if width > 0.1 and not text.endswith(" ") else ""  # noqa: PLR2004
        elif tight:
            pass
        elif core.tag == "mo" and piece in (",", ";", ":"):
            text, piece = text.rstrip(), f"{piece} "
        elif _is_sign(core):
            text, piece = (text, piece) if is_first else (text.rstrip(), f" {piece} ")
        elif core.tag == "mo" and (core.text in LARGE or core.text in _INTEGRALS):
            piece = f"{piece} " if is_first else f" {piece} "
        elif piece and (was_fraction or is_fraction) and not is_first and piece[0] not in " )]}|⟩⌋⌉,.!":
            piece = f" {piece}"
        was_fraction = is_fraction
        text += piece
    return re.sub("   +", "  ", text.removeprefix(after)).strip()


def _is_sign(element: Element) -> bool:
    text = element.text or ""
    if element.tag != "mo" or text in LARGE or text in _INTEGRALS or text in ("|", "‖", "/", "¬"):
        return False
    return text in ("mod", "∗", "−") or text in _ARROWS or (len(text) == 1 and unicodedata.category(text) == "Sm")


def _text(element: Element, *, tight: bool) -> str:
    tag, parts = element.tag, list(element)
    if tag in LEAVES:
        return re.sub("[\xa0\u2006\u2009]", " ", element.text or "")
    if tag == "mtable":
        rows = [[_line(cell) for cell in each] for each in parts]
        between = ", " if any(" " in cell for row in rows for cell in row) else " "
        return "; ".join(between.join(row) for row in rows)
    if tag == "mphantom":
        return ""
    if tag in ("mfrac", "mroot"):
        first, second = (_text(part, tight=tight) for part in parts)
        if tag == "mroot":
            return (_ROOTS.get(second) or _script(second, _SUPERSCRIPTS, "") + "√") + _bracketed(first)
        if element.get("linethickness"):
            return f"{first} choose {second}"
        is_derivative = re.fullmatch(rf"[d∂Δ]\w{_SCRIPT}", second) and first[:1] in ("d", "∂", "Δ")
        is_one = is_derivative or only(parts[1]).tag in LEAVES
        return f"{_bracketed(first, product=True)}/{second if is_one else _bracketed(second)}"
    if tag in ARITY:
        return _scripted(tag, parts, tight=tight)
    line = _line(parts, tight=tight)
    if tag == "msqrt":
        return f"√{_bracketed(line)}"
    if tag == "menclose":
        notation = element.get("notation", "")
        return f"[{line}]" if notation == "box" else "".join(each + _STROKES.get(notation, "\u0336") for each in line)
    return line


def _scripted(tag: str, parts: Sequence[Element], *, tight: bool) -> str:
    base = _text(parts[0], tight=tight)
    mark = parts[1].text if len(parts[1]) == 0 else None
    if tag == "mover" and mark in COMBINING and parts[1].get("stretchy"):
        return "".join(each + COMBINING[mark] for each in base)
    if tag in ("munder", "mover") and mark in _BRACES:
        return base
    fenced = [each.get("form") for each in parts[0]]
    if core_of(parts[0]).tag != "mo" and not any(fenced) and (parts[0].tag == "mfrac" or re.search(r"\w\W*\s", base)):
        base = f"({base})"
    scripts = [_text(part, tight=True) for part in parts[1:]]
    below = "" if tag in ("msup", "mover") else _script(scripts[0], _SUBSCRIPTS, "_")
    return base + below + ("" if tag in ("msub", "munder") else _script(scripts[-1], _SUPERSCRIPTS, "^"))


def _script(text: str, characters: dict[str, str], sign: str) -> str:
    if all(each in characters for each in text):
        return "".join(characters[each] for each in text)
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"


def as_script(text: str, *, raised: bool) -> str:
    """Return `text` in raised or lowered characters.

    If one of them does not exist, a raised number or word is marked: "e^(iπ)"; all else stays.
    """
    characters = _SUPERSCRIPTS if raised else _SUBSCRIPTS
    is_marked = raised and text.isalnum()
    return _script(text, characters, "^") if is_marked or all(each in characters for each in text) else text


def _bracketed(text: str, *, product: bool = False) -> str:
    """Return `text`, in brackets unless it is one term, or a product where `product` allows it."""
    inner, outer = "", text
    while inner != outer:
        inner, outer = outer, re.sub(r"\([^()]*[^()]\)", "()", outer)
    is_one = not re.search(r"[\s/]", outer) and (product or _ATOM.fullmatch(outer))
    return text if is_one else f"({text})"
