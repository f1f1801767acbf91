"""English texts that were made elsewhere, by forms that are known, in the current language.

So what argparse says, or what a model is told, is read by people in their language.
"""

from __future__ import annotations

import re
from functools import cache

from nbstream.language import _, current

_FIELD = re.compile(r"\\\{(\w+)\\\}")


class KnownTexts:
    """Texts of some forms.

    Args:
        *forms: English sentences with named fields, each of which is any text. The first one that
            fits counts. What stands in a field may be such a text, too.
    """

    def __init__(self, *forms: str) -> None:
        self._forms = forms

    def said(self, text: str) -> str:
        """Return a text in the current language; as it is if it has none of the forms."""
        if current.catalogue() is None:
            return text
        for form in self._forms:
            if found := _pattern(form).fullmatch(text):
                return _(form, **{name: self.said(value) for name, value in found.groupdict().items()})
        return text


@cache
def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(_FIELD.sub(r"(?P<\1>.+?)", re.escape(form)), re.DOTALL)
