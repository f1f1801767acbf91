r"""Formulas: a model's TeX as MathML for the page, and as Unicode text for a terminal.

TeX is rewritten to the part of it that latex2mathml gets right; the tree which that gives is cleaned, so that it holds
MathML Core from a list and nothing else; and both results are written from that one tree. This package must not know
Markdown, nor where a formula stands. A page has to draw what MathML Core leaves out: `mtd[columnalign]` and
`menclose[notation]`.
"""

from __future__ import annotations

import unicodedata
from html import escape

from nbstream.markdown.math.characters import printable
from nbstream.markdown.math.mathml import to_html
from nbstream.markdown.math.rewriting import MOST_LEVELS, Unconvertible
from nbstream.markdown.math.symbols import to_symbols
from nbstream.markdown.math.text import to_lines
from nbstream.markdown.math.tree import longest, to_tree

__all__ = ["MOST_CHARACTERS", "MOST_LEVELS", "Unconvertible", "to_mathml", "to_text"]


#: Longer TeX is shown as it is. This much takes 30 ms as a rule and 200 ms at worst, and fills two pages.
MOST_CHARACTERS = 4000


def to_mathml(tex: str, *, display: bool, finished: bool = True) -> str:
    """Return the formula as a `math` element in which there is nothing but MathML, whatever the TeX was.

    Args:
        tex: The TeX, without its delimiters.
        display: Whether it stands in a line of its own.
        finished: Without this, `tex` is the beginning of a formula: its end is made whole, or left out.

    Returns:
        HTML. If `tex` cannot be converted it is shown as it is, in a `code` element; a beginning is shown as far as it
        can be, which may be "".
    """
    return _mathml(tex, display=display, finished=finished) if len(tex) <= MOST_CHARACTERS else _source(tex)


def to_text(tex: str) -> str:
    """Return the formula in Unicode's characters: a line, or one for each row if it ends in an alignment or in cases.

    If it cannot be converted, it is `tex`.
    """
    return _plain(tex) if len(tex) <= MOST_CHARACTERS else tex


def _mathml(tex: str, *, display: bool, finished: bool) -> str:
    symbols = to_symbols(tex)
    try:
        row = to_tree(symbols, finished=finished)
    except Unconvertible:
        row = [] if finished else longest(symbols)
    if not row:
        return _source(tex) if finished else ""
    html = "".join(map(to_html, row))
    return f'<math display="block">{html}</math>' if display else f"<math>{html}</math>"


def _plain(tex: str) -> str:
    try:
        lines = to_lines(to_tree(to_symbols(tex), finished=True))
    except Unconvertible:
        return tex
    return unicodedata.normalize("NFC", "\n".join(line.rstrip() for line in lines)).strip("\n") or tex


def _source(tex: str) -> str:
    return f'<code class="nbstream-tex">{escape(printable(tex), quote=False)}</code>'
