"""The catalogues of translated sentences: the files beside this one, one for each language."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbstream.language.catalogue import Catalogue

FOLDER = Path(__file__).parent
ENGLISH = "en"
#: The scripts and regions in which Chinese is written in traditional characters.
_TRADITIONAL = {"hant", "tw", "hk", "mo"}


@cache
def languages() -> dict[str, str]:
    """Return the name of each catalogue, such as `zh_CN`, by the code of its language."""
    names = sorted(name.removesuffix(".po") for name in os.listdir(FOLDER) if name.endswith(".po"))  # noqa: PTH208
    return {name.partition("_")[0]: name for name in names}


def code_of(tag: str) -> str:
    """Return the code of the language that a tag such as `zh-CN`, `zh_CN.UTF-8` or `de` names.

    Returns:
        `en` for English and for a language without a catalogue; "" for a tag that names none.
    """
    first, *rest = tag.partition(".")[0].partition("@")[0].replace("-", "_").lower().split("_")
    if not first.isalpha() or first in ("c", "posix", "default", "auto"):
        return ""
    if first not in languages() or (first == "zh" and _TRADITIONAL.intersection(rest)):
        return ENGLISH
    return first


@cache
def of_language(code: str) -> Catalogue | None:
    """Return the catalogue of a language; None for English, which needs none."""
    if code not in languages():
        return None
    from nbstream.language.catalogue import Catalogue  # noqa: PLC0415  (it loads Babel)

    return Catalogue(FOLDER / f"{languages()[code]}.po")
