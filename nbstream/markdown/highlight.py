"""Code in colours, by Pygments.

The HTML has only Pygments' class names. JupyterLab, Notebook and nbconvert style them with the
colours of their theme.
"""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING

from nbstream.model.printable import printable

if TYPE_CHECKING:
    from pygments.lexer import Lexer
    from pygments.token import _TokenType

#: Longer code stays plain: colours for 100,000 characters take a quarter of a second, and twice as
#: much of the file.
MOST_CHARACTERS = 100_000

#: Time limit for colours, in seconds of the thread's CPU time: a constant and a share for each
#: character, seven times what Python code takes. Some lexers search from each word to the end of
#: the code: 8,000 characters of C# without a bracket took six seconds, twice as many four times as
#: long.
_SECONDS, _SECONDS_PER_CHARACTER = 0.1, 10e-6

#: These tokens get no colour. Errors: incomplete code is full of them. Plain names: Jupyter's style
#: shows them in the colour of text.
_WITHOUT_COLOUR = ("w", "err", "n")


def highlight(code: str, language: str) -> str:
    """Return the HTML of `code`; plain if `language` is unknown or colours take too long."""
    code = printable(code)
    lexer = _lexer(language) if language and len(code) <= MOST_CHARACTERS else None
    if lexer is None:
        return plain(code)
    from pygments.token import STANDARD_TYPES  # noqa: PLC0415  (as below)

    tokens = _tokens(lexer, code)
    if tokens is None or "".join(value for _, value in tokens) != code:
        # Lexers drop some characters, such as a byte order mark. Then the code is shown complete,
        # without colours.
        return plain(code)
    parts: list[str] = []
    text, last = "", ""
    for kind, value in tokens:
        # A token type that only one lexer has gets the class of its parent type.
        name = next(STANDARD_TYPES[each] for each in reversed(kind.split()) if each in STANDARD_TYPES)
        name = "" if name in _WITHOUT_COLOUR else name
        if name == last:
            text += value
        else:
            parts.append(_span(text, last))
            text, last = value, name
    parts.append(_span(text, last))
    return "".join(parts)


def takes_colours(code: str, language: str) -> bool:
    """Return whether `code` in `language` gets colours within the time limit."""
    lexer = _lexer(language) if len(code) <= MOST_CHARACTERS else None
    return lexer is not None and _tokens(lexer, code) is not None


def plain(code: str) -> str:
    """Return the HTML of `code` without colours."""
    return escape(printable(code), quote=False)


def _tokens(lexer: Lexer, code: str) -> list[tuple[_TokenType, str]] | None:
    """Return the tokens of `code`, or None if they take too long."""
    tokens = []
    ends = time.thread_time() + _SECONDS + _SECONDS_PER_CHARACTER * len(code)
    for token in lexer.get_tokens(code):
        if time.thread_time() > ends:
            return None
        tokens.append(token)
    return tokens


def _span(text: str, name: str) -> str:
    return f'<span class="{name}">{plain(text)}</span>' if name and text else plain(text)


def _lexer(language: str) -> Lexer | None:
    # Pygments is only needed once there is code to show.
    from pygments.lexers import get_lexer_by_name  # noqa: PLC0415
    from pygments.util import ClassNotFound  # noqa: PLC0415

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
