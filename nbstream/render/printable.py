"""What may be sent to a terminal of a text that somebody else wrote.

This module must not know terminals' sizes or styles.
"""

from __future__ import annotations

import re

# Controls but for line ends and tabs, line separators, half characters, and what reorders the text around it (Unicode
# Standard Annex 9, "Explicit Directional Embeddings, Overrides and Isolates").
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str, *, mark: str = "\ufffd", tab: str = "\t") -> str:
    """Return `text` with `mark` in place of each character that a terminal would obey, and `tab` of each tab."""
    return _OBEYED.sub(mark, text).replace("\t", tab)
