"""What a model is told about one value."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: The most characters of one value.
LIMIT = 8_000


@dataclass(frozen=True, slots=True)
class Description:
    """A value as a model reads it.

    Attributes:
        text: the text; of an image, empty.
        kind: what it is, such as `pandas DataFrame, 10,000 rows, 3 columns`; may be empty.
        shown: how much of it the text has, such as `5 of 10,000 rows`; may be empty.
        is_cut: whether something of the value is left out.
        language: the language of the text, such as `json`, for its block.
        image: the bytes of an image; empty for a text.
        media_type: the type of the image, such as `image/png`.
        keeps_end: if the text is too long, its end is kept instead of its beginning.
    """

    text: str = ""
    kind: str = ""
    shown: str = ""
    is_cut: bool = False
    language: str = ""
    image: bytes = b""
    media_type: str = ""
    keeps_end: bool = False


def bounded(description: Description, limit: int = LIMIT) -> Description:
    """Return a description with at most `limit` characters; `shown` names the part that was cut."""
    text = description.text
    if len(text) <= limit:
        return description
    kept = f"{'last' if description.keeps_end else 'first'} {limit:,} of {len(text):,} characters"
    shown = f"{description.shown}, {kept}" if description.shown else kept
    text = text[-limit:] if description.keeps_end else text[:limit]
    return replace(description, text=text, shown=shown, is_cut=True)


def counted(number: int, unit: str) -> str:
    """Return a number with its unit: `1 row`, `10,000 rows`, `3 entries`."""
    if number == 1:
        return f"1 {unit}"
    return f"{number:,} {unit[:-1] + 'ies' if unit.endswith('ry') else unit + 's'}"
