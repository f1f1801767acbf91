"""Reads a catalogue in gettext's text format, and the rule of plural forms in its head.

Babel reads these files, too, but takes ten times as long, and a first sentence has to wait for it.
"""

from __future__ import annotations

import json
import re
from gettext import c2py
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_RULE = re.compile(r"\bplural=([^;]+);")
_NOT_SURE = re.compile(r"^#,.*\bfuzzy\b", re.MULTILINE)


def read(path: Path) -> tuple[dict[str, list[str]], Callable[[int], int]]:
    """Return what is in a catalogue, in which an empty line is between two entries.

    Returns:
        the forms of each sentence by the English one, of a plural form by that for 1, without
        sentences that have no translation or one that its translator is not sure of; and a function
        that returns for a number the place of its form.
    """
    sentences: dict[str, list[str]] = {}
    for entry in path.read_text("utf-8").split("\n\n"):
        english, *forms = _texts(entry) or [""]
        if "msgid_plural " in entry:
            del forms[0]
        if forms and all(forms) and not (entry.startswith("#") and _NOT_SURE.search(entry)):
            sentences[english] = forms
    # The translation of the empty sentence is the head of the catalogue.
    rule = _RULE.search("".join(sentences.pop("", [])))
    return sentences, c2py(rule[1] if rule else "n != 1")


def _texts(entry: str) -> list[str]:
    """Return the text after each keyword of an entry."""
    texts: list[str] = []
    for line in entry.splitlines():
        keyword, quote, rest = line.partition('"')
        if not quote or keyword[:1] == "#":
            continue
        # The escapes are those of JSON, and most lines have none.
        text = json.loads(quote + rest) if "\\" in rest else rest[:-1]
        if keyword:
            texts.append(text)
        else:
            texts[-1] += text
    return texts
