"""Texts of single values that are bounded and cannot raise."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import fractions
import os
import uuid
from typing import Any

#: Types whose `str` is what a reader expects of a value.
PLAIN = (
    *(dt.date, dt.time, dt.timedelta, dt.tzinfo, decimal.Decimal, fractions.Fraction, complex),
    *(uuid.UUID, os.PathLike, range),
)
#: Python itself refuses to write a larger number in decimal notation.
_MOST_BITS = 10_000


def short_repr(value: object, limit: int) -> str:
    """Return `repr(value)` with at most `limit` characters; a sentence if it fails."""
    try:
        return shortened(repr(value), limit)
    except Exception as error:  # noqa: BLE001  (the value's own code may raise anything)
        return shortened(f"<{type(value).__qualname__}; its repr raised {type(error).__name__}>", limit)


def plain_text(value: Any, limit: int) -> str | None:
    """Return the text of a number, a date, a path and so on; None for any other value."""
    if isinstance(value, enum.Enum):
        return short_repr(value, limit)
    if value is None or isinstance(value, bool | float):
        return str(value) if not isinstance(value, float) else float.__repr__(value)
    if isinstance(value, int):
        is_long = int.bit_length(value) > _MOST_BITS
        return f"<an integer of {int.bit_length(value):,} bits>" if is_long else int.__repr__(value)
    if isinstance(value, PLAIN):
        try:
            return shortened(str(value), limit)
        except Exception:  # noqa: BLE001  (as above)
            return short_repr(value, limit)
    return None


def shortened(text: str, limit: int) -> str:
    """Return `text` with at most `limit` characters, an ellipsis in place of the rest."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
