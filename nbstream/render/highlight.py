"""Code in colours: Pygments' one door.

Only classes are written, which JupyterLab, Notebook and nbconvert give colours to, in the theme's own. This module must
not know Markdown.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

from nbstream.render.printable import printable

if TYPE_CHECKING:
    from pygments.lexer import Lexer

#: Longer code stays plain: colours for 100,000 characters take a quarter of a second, and twice as much of the file.
MOST_CHARACTERS = 100_000


@lru_cache(maxsize=64)
def highlight(code: str, language: str) -> str:
    """Return the HTML of `code`; without colours if `language` is not known, or there is very much of it."""
    code = printable(code)
    lexer = _lexer(language) if language and len(code) <= MOST_CHARACTERS else None
    if lexer is None:
        return plain(code)
    from pygments.token import STANDARD_TYPES  # noqa: PLC0415  (as below)

    tokens = list(lexer.get_tokens(code))
    if "".join(value for _, value in tokens) != code:
        # A lexer drops a byte order mark, for one. Nothing that was received is lost.
        return plain(code)
    parts: list[str] = []
    text, last = "", ""
    for kind, value in tokens:
        # A lexer's own kind looks as what it is a kind of.
        name = next(STANDARD_TYPES[each] for each in reversed(kind.split()) if each in STANDARD_TYPES)
        # Neither white space nor a mistake has a colour: what is half written is full of mistakes.
        name = "" if name in ("w", "err") else name
        if name == last:
            text += value
        else:
            parts.append(_span(text, last))
            text, last = value, name
    parts.append(_span(text, last))
    return "".join(parts)


def plain(code: str) -> str:
    """Return the HTML of `code` without colours."""
    return escape(printable(code), quote=False)


def _span(text: str, name: str) -> str:
    return f'<span class="{name}">{plain(text)}</span>' if name and text else plain(text)


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    # Pygments is only needed once there is code to show.
    from pygments.lexers import get_lexer_by_name  # noqa: PLC0415
    from pygments.util import ClassNotFound  # noqa: PLC0415

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
