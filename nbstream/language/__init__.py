"""Sentences for people, in English or in the language of the reader.

The English sentence is the key of its translation. In English nothing is looked up, and neither
Babel nor a catalogue is loaded. What a model, a program or a log reads is not marked: it stays
English.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.language import current

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


def _(sentence: str, /, **fields: Any) -> str:
    """Return a sentence in the current language.

    Args:
        sentence: the English sentence. If it has fields, they have names: `{count:,} rows`.
        **fields: their values. Without any, braces in the sentence stay as they are.
    """
    if (catalogue := current.catalogue()) is None:
        return sentence.format(**fields) if fields else sentence
    return catalogue.sentence(sentence, fields)


def plural(one: str, many: str, number: float, /, **fields: Any) -> str:
    """Return the form of a sentence that fits a number, in the current language.

    Args:
        one: the English sentence for 1.
        many: the English sentence for all other numbers.
        number: the number, which is the field `n` of the sentence, too.
        **fields: the values of further fields.
    """
    if (catalogue := current.catalogue()) is None:
        return (one if number == 1 else many).format(n=number, **fields)
    return catalogue.plural(one, many, number, fields)


def marked(sentence: str) -> str:
    """Return a sentence as it is, but have it in the catalogues; `_` translates it later."""
    return sentence


def date_text(instant: date, english: str, skeleton: str) -> str:
    """Return a date, or a time of a day, in the current language.

    Args:
        instant: the date, or the date and time.
        english: how it is written in English.
        skeleton: which fields it has in other languages, as in `yMMMMd`: a CLDR skeleton.
    """
    catalogue = current.catalogue()
    return english if catalogue is None else catalogue.date_text(instant, skeleton)


def joined(*sentences: str) -> str:
    """Return whole sentences one after the other, without the empty ones."""
    catalogue = current.catalogue()
    if catalogue is None:
        return " ".join(filter(None, sentences))
    said = ""
    for sentence in filter(None, sentences):
        # What a server says may be English.
        between = " " if said[-1:].isascii() else catalogue.between
        said += between + sentence if said else sentence
    return said


def listed(words: Iterable[str], last: str = ", ", between: str = ", ") -> str:
    """Return words in a row: `a, b`, or with `last` as " and " or " or ": `a, b and c`."""
    *before, end = [*words] or [""]
    return _(last).join([_(between).join(before), end]) if before else end
