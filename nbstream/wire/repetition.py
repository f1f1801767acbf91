"""Recognises that a server repeats the text that it was to go on with.

Only a certain repetition is taken off. An answer may go on with the words of its beginning:
"very" with "very good", a list of zeros with more of them, a verse with the same verse.
"""

from __future__ import annotations

import re

from nbstream.model.text import common_prefix

#: A shorter beginning may be repeated by chance; a Chinese character counts as two letters.
_LEAST_LETTERS = 3
_FIRST_CJK = "\u2e80"
_ONE_WORD = re.compile(r"\w+\s+")


class RepeatedBeginning:
    """Takes the beginning off a growing text that repeats it, once.

    Text is held back as long as it may be a repetition. It is one if it has the whole beginning,
    maybe without the white space at its ends, and does not go on with the beginning once more.

    Args:
        beginning: what the text is to go on with.

    Attributes:
        passes: whether the text does not need to be looked at any more.
        is_repeated: whether a repetition was taken off.
    """

    def __init__(self, beginning: str) -> None:
        self._core = beginning.strip()
        self._lead = beginning[: len(beginning) - len(beginning.lstrip())]
        self._blank = beginning[len(self._lead) + len(self._core) :]
        #: What a text that repeats itself would have, and how much of that has come.
        self._twice = f"{self._core}{self._blank}{self._core}"
        self._matched = 0
        self._is_at_lead = True
        self._held: list[str] = []
        self.is_repeated = False
        self.passes = not _is_telling(beginning)

    def feed(self, text: str) -> str:
        """Return what `text` adds for certain."""
        if self.passes or not text:
            return text
        self._held.append(text)
        if self._is_at_lead:
            text = "".join(self._held)
            if text != self._lead and self._lead.startswith(text):
                return ""
            self._is_at_lead = False
            text = text.removeprefix(self._lead)
        if self._twice.startswith(text, self._matched):
            self._matched += len(text)
            return "" if self._matched < len(self._twice) else self.flush()
        self._matched += common_prefix(self._twice[self._matched :], text)
        return self.flush()

    def flush(self) -> str:
        """Return the text that is held back, without a repetition; later text passes."""
        held, self._held = "".join(self._held), []
        is_first, self.passes = not self.passes, True
        if not is_first or not len(self._core) <= self._matched < len(self._twice):
            return held
        self.is_repeated = True
        rest = held.removeprefix(self._lead)[len(self._core) :]
        return rest[common_prefix(rest, self._blank) :]


def _is_telling(beginning: str) -> bool:
    """Return whether a text that begins so after this beginning would be a repetition."""
    letters = sum(2 if char >= _FIRST_CJK else 1 for char in beginning if char.isalpha())
    if letters < _LEAST_LETTERS or _ONE_WORD.fullmatch(beginning):
        return False
    # A text of one part again and again would go on with that part.
    return not _is_periodic(beginning)


def _is_periodic(text: str) -> bool:
    """Return whether `text` is one part, at least twice, and maybe the beginning of that part."""
    # Then its first half comes again where the second part begins.
    most = len(text) // 2
    half = text[: len(text) - most]
    period = text.find(half, 1)
    while 0 < period <= most and not text.startswith(text[period:]):
        period = text.find(half, period + 1)
    return 0 < period <= most
