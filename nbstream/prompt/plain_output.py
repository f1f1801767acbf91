"""What an output reads like on the screen: without colours, with overwritten text gone."""

from __future__ import annotations

import re

from nbstream.model.printable import storable

# CSI, OSC and two-character sequences (ECMA-48, sections 5.3 to 5.6).
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
_ERASED = re.compile("[^\n\b]\b")


def plain_output(text: str) -> str:
    """Return an output's text without escape sequences.

    A carriage return starts the line anew, as progress bars do, and a backspace erases. What is
    then left of control characters becomes U+FFFD.
    """
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    if "\b" in text:
        before = ""
        while before != text:
            before, text = text, _ERASED.sub("", text)
        text = text.replace("\b", "")
    if "\r" in text:
        text = "\n".join(_overwritten(line) if "\r" in line else line for line in text.split("\n"))
    return storable(text)


def _overwritten(line: str) -> str:
    shown = ""
    for part in line.split("\r"):
        shown = part + shown[len(part) :]
    return shown
