"""A catalogue of translated sentences, read by Babel, which formats numbers and dates as well.

This is the one module that imports Babel. It is loaded if the language is not English.
"""

from __future__ import annotations

import io
import re
import string
from gettext import GNUTranslations
from typing import TYPE_CHECKING, Any

from babel import Locale
from babel.dates import format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

#: The languages that write no space after the end of a sentence.
_WITHOUT_SPACES = ("zh", "ja")
#: The forms of numbers that a sentence may ask for: groups of digits, decimals, percent.
_FORM = re.compile(r"(?P<groups>,?)(?:\.(?P<decimals>\d+))?(?P<kind>[df%]?)")


class Catalogue(string.Formatter):
    """The sentences of one language.

    Args:
        path: the file, in gettext's format; its name is the locale: `zh_CN.po`.
    """

    def __init__(self, path: Path) -> None:
        self.locale = Locale.parse(path.stem)
        compiled = io.BytesIO()
        with path.open("rb") as file:
            # A sentence that waits for its translation is left out, and shown in English.
            write_mo(compiled, read_po(file, locale=path.stem, abort_invalid=True))
        compiled.seek(0)
        #: What stands between two sentences.
        self.between = "" if self.locale.language in _WITHOUT_SPACES else " "
        self._translations = GNUTranslations(compiled)

    def sentence(self, sentence: str, fields: dict[str, Any]) -> str:
        """Return a sentence with the values of its fields."""
        # The translation of an empty text is the head of the catalogue.
        said = self._translations.gettext(sentence) if sentence else ""
        return self.vformat(said, (), fields) if fields else said

    def plural(self, one: str, many: str, number: float, fields: dict[str, Any]) -> str:
        """Return the form of a sentence that fits a number, which is its field `n`."""
        # A fraction is no 1, in whatever language.
        said = self._translations.ngettext(one, many, int(number) if number == int(number) else 2)
        return self.vformat(said, (), {**fields, "n": number})

    def date_text(self, instant: date, skeleton: str) -> str:
        """Return the fields of a date, or of a date and time, that a CLDR skeleton names."""
        zone = getattr(instant, "tzinfo", None)
        return str(format_skeleton(skeleton, instant, tzinfo=zone, locale=self.locale))

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a value of a field: numbers as this language writes them."""
        form = _FORM.fullmatch(format_spec)
        if form is None or isinstance(value, bool) or not isinstance(value, int | float) or not format_spec:
            return str(super().format_field(value, format_spec))
        decimals = form["decimals"]
        digits = "#,##0" if form["groups"] else "0"
        zeros = int(decimals) if decimals else 6 if form["kind"] == "f" else 0
        if form["kind"] == "%":
            # Rounded as English is, whose figures may stand beside it.
            return str(format_percent(float(f"{value:.{zeros}%}"[:-1]) / 100, _pattern("0", zeros) + "%", self.locale))
        if form["kind"] == "" and decimals:
            return str(super().format_field(value, format_spec))
        rounded = float(f"{value:.{zeros}f}") if zeros or isinstance(value, float) else value
        return str(format_decimal(rounded, _pattern(digits, zeros), self.locale))


def _pattern(digits: str, zeros: int) -> str:
    return digits + (f".{'0' * zeros}" if zeros else "")
