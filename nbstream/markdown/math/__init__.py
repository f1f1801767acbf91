r"""Formulas: converts a model's TeX to MathML for the page and to Unicode text for a terminal.

The conversion has three steps. `rewriting` turns the TeX into the subset that latex2mathml handles
correctly. `mathml` builds a clean tree from latex2mathml's tree; the clean tree holds only listed
MathML elements and attributes. `mathml.element_html` and `plain_text` write HTML and text from the
clean tree.

Browsers do not draw `mtd[columnalign]` and `menclose[notation]`, because MathML Core has neither.
The page's style sheet draws both.
"""

from __future__ import annotations

import unicodedata
from html import escape

from nbstream.markdown.math.characters import replace_unprintable
from nbstream.markdown.math.chemistry import without_ce
from nbstream.markdown.math.completion import completed
from nbstream.markdown.math.for_dollars import for_dollars
from nbstream.markdown.math.for_mathjax import for_mathjax
from nbstream.markdown.math.mathml import element_html
from nbstream.markdown.math.plain_text import as_script, to_lines
from nbstream.markdown.math.rewriting import MOST_LEVELS, Unconvertible
from nbstream.markdown.math.symbols import to_symbols
from nbstream.markdown.math.tree import longest, to_tree

__all__ = [
    "MOST_CHARACTERS",
    "MOST_LEVELS",
    "Unconvertible",
    "as_script",
    "completed",
    "for_dollars",
    "for_mathjax",
    "to_mathml",
    "to_text",
]


#: The longest TeX that is converted, in characters; longer TeX is shown as source. TeX of this
#: length fills two pages. Its conversion usually takes 30 ms, and 200 ms at worst.
MOST_CHARACTERS = 4000


def to_mathml(tex: str, *, display: bool, finished: bool = True) -> str:
    """Return the formula as a `math` element that holds only listed MathML, whatever the TeX is.

    Args:
        tex: The TeX, without its delimiters.
        display: Whether the formula is on a line of its own.
        finished: Whether `tex` is complete. If false, `tex` is the beginning of a formula that is
            still being streamed: open groups are closed, and an incomplete end is left out.

    Returns:
        HTML. Complete TeX that cannot be converted is returned as source, in a `code` element. Of
        an incomplete formula, the longest convertible beginning is returned, which may be "".
    """
    return _mathml(tex, display=display, finished=finished) if len(tex) <= MOST_CHARACTERS else _source(tex)


def to_text(tex: str) -> str:
    """Return the formula as Unicode text, or `tex` itself if it cannot be converted.

    The text is one line. A formula that ends in an alignment or in cases has one line for each row.
    """
    return _plain(tex) if len(tex) <= MOST_CHARACTERS else tex


def _mathml(tex: str, *, display: bool, finished: bool) -> str:
    if finished and for_mathjax(tex) is None:
        # The settled formula cannot be typeset, and the live one shows the same.
        return _source(tex)
    symbols = to_symbols(without_ce(tex))
    try:
        row = to_tree(symbols, finished=finished)
    except Unconvertible:
        row = [] if finished else longest(symbols)
    if not row:
        return _source(tex) if finished else ""
    html = "".join(map(element_html, row))
    return f'<math display="block">{html}</math>' if display else f"<math>{html}</math>"


def _plain(tex: str) -> str:
    try:
        lines = to_lines(to_tree(to_symbols(tex), finished=True))
    except Unconvertible:
        return tex
    return unicodedata.normalize("NFC", "\n".join(line.rstrip() for line in lines)).strip("\n") or tex


def _source(tex: str) -> str:
    return f'<code class="nbstream-tex">{escape(replace_unprintable(tex), quote=False)}</code>'
