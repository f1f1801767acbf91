"""A catalogue of translated sentences, with the numbers and dates of its language.

This is the one module that imports Babel. It does so for the first date, and for the first number
in a language that writes numbers in another way than English.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Any

from nbstream.language import po_file

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

#: The languages that write no space after the end of a sentence.
_WITHOUT_SPACES = ("zh", "ja")
#: The languages that write numbers as English does.
_ENGLISH_NUMBERS = ("zh", "ja", "ko")
#: The forms of numbers that a sentence may ask for: groups of digits, decimals, percent.
_FORM = re.compile(r"(?P<groups>,?)(?:\.(?P<decimals>\d+))?(?P<kind>[df%]?)")


class Catalogue(string.Formatter):
    """The sentences of one language.

    Args:
        path: the file, in gettext's format; its name is the locale: `zh_CN.po`.
    """

    def __init__(self, path: Path) -> None:
        self._locale = path.stem
        self._language = path.stem.partition("_")[0]
        self._sentences, self._form_of = po_file.read(path)
        #: What stands between two sentences.
        self.between = "" if self._language in _WITHOUT_SPACES else " "

    def sentence(self, sentence: str, fields: dict[str, Any]) -> str:
        """Return a sentence with the values of its fields; in English if it has no translation."""
        said = self._sentences.get(sentence, [sentence])[0]
        return self._filled(said, fields) if fields else said

    def plural(self, one: str, many: str, number: float, fields: dict[str, Any]) -> str:
        """Return the form of a sentence that fits a number, which is its field `n`."""
        # A fraction is no 1, in whatever language.
        whole = int(number) if number == int(number) else 2
        forms = self._sentences.get(one)
        said = (one if whole == 1 else many) if forms is None else forms[self._form_of(whole)]
        return self._filled(said, {**fields, "n": number})

    def _filled(self, said: str, fields: dict[str, Any]) -> str:
        filled = ""
        for text, name, spec, conversion in self.parse(said):
            value = ""
            if name is not None:
                found = self.convert_field(self.get_field(name, (), fields)[0], conversion)
                value = self.format_field(found, spec or "")
            for part in filter(None, (text, value)):
                # A field in Chinese stands between spaces, as its value may be a number or a name.
                before, after = filled.removesuffix(" "), part.removeprefix(" ")
                is_close = before + after != filled + part and _is_wide(before[-1:]) and _is_wide(after[:1])
                filled = before + after if is_close else filled + part
        return filled

    def date_text(self, instant: date, skeleton: str) -> str:
        """Return the fields of a date, or of a date and time, that a CLDR skeleton names."""
        from babel.dates import format_skeleton  # noqa: PLC0415  (at its first use)

        zone = getattr(instant, "tzinfo", None)
        return str(format_skeleton(skeleton, instant, tzinfo=zone, locale=self._locale))

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a value of a field: numbers as this language writes them."""
        form = _FORM.fullmatch(format_spec)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if form is None or not is_number or not format_spec or self._language in _ENGLISH_NUMBERS:
            return str(super().format_field(value, format_spec))
        from babel.numbers import format_decimal, format_percent  # noqa: PLC0415  (at its first use)

        decimals = form["decimals"]
        digits = "#,##0" if form["groups"] else "0"
        zeros = int(decimals) if decimals else 6 if form["kind"] == "f" else 0
        if form["kind"] == "%":
            # Rounded as English is, whose figures may stand beside it.
            return str(format_percent(float(f"{value:.{zeros}%}"[:-1]) / 100, _pattern("0", zeros) + "%", self._locale))
        if form["kind"] == "" and decimals:
            return str(super().format_field(value, format_spec))
        rounded = float(f"{value:.{zeros}f}") if zeros or isinstance(value, float) else value
        return str(format_decimal(rounded, _pattern(digits, zeros), self._locale))


def _is_wide(character: str) -> bool:
    """Return whether a character is Chinese, or full-width punctuation."""
    return "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"


def _pattern(digits: str, zeros: int) -> str:
    return digits + (f".{'0' * zeros}" if zeros else "")
