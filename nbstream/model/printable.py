"""What may be sent to a terminal, shown as code and kept in a file of a text that somebody else wrote.

This module must not know terminals' sizes or styles.
"""

from __future__ import annotations

import re

# Controls but for line ends and tabs, line separators, half characters, and what reorders the text around it (Unicode
# Standard Annex 9, "Explicit Directional Embeddings, Overrides and Isolates").
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
_CONTROL = re.compile(f"[{_CONTROLS}]")
_OBEYED = re.compile(f"[{_CONTROLS}\u202a-\u202e\u2066-\u2069]")


def printable(text: str, *, mark: str = "\ufffd", tab: str = "\t") -> str:
    """Return `text` with `mark` in place of each character that a terminal would obey, and `tab` of each tab.

    In code it is the same on a page: what is read there must be what is run ("Trojan Source", CVE-2021-42574).
    """
    return _OBEYED.sub(mark, text).replace("\t", tab)


def storable(text: str) -> str:
    """Return `text` with U+FFFD for controls and half characters, but with what Arabic and Hebrew need in prose."""
    return _CONTROL.sub("\ufffd", text)
