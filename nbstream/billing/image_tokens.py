"""About how many tokens an image of a prompt has, from its size in pixels.

The rule is that of DeepSeek's V4.1 models, as vLLM has it (`deepseek_v41`, November 2026): one
token for each square of 42 pixels, and one for each row. Larger images are scaled down to a number
of tokens. Other providers count two or three times as many for a large image.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SQUARE = 42
#: A smaller image is scaled up to so many pixels.
_LEAST_PIXELS = 544 * 544
#: DeepSeek counts at most so many tokens for an image.
_MOST = 384
#: So many characters of base64 have the size; a JPEG may begin with a preview.
_HEAD = 1 << 18


def image_tokens(url: str) -> int:
    """Return about how many tokens the image at an address has; the most if its size is unknown."""
    kind, _, data = url.partition(",")
    if not kind.startswith("data:image/"):
        return _MOST
    try:
        head = base64.b64decode(data[:_HEAD])
    except (binascii.Error, ValueError):
        return _MOST
    size = size_of(head)
    return _MOST if size is None else tokens_of(*size)


def tokens_of(width: int, height: int) -> int:
    """Return about how many tokens an image of this size in pixels has."""
    if not width or not height:
        return _MOST
    scale = max(1.0, math.sqrt(_LEAST_PIXELS / (width * height)))
    columns, rows = math.ceil(width * scale / _SQUARE), math.ceil(height * scale / _SQUARE)
    return min(_MOST, rows * (columns + 1) + 2)


def size_of(head: bytes) -> tuple[int, int] | None:
    """Return width and height of an image, from its first bytes; None if they are not there."""
    try:
        if head.startswith(b"\x89PNG"):
            return struct.unpack(">II", head[16:24])
        if head.startswith(b"GIF8"):
            return struct.unpack("<HH", head[6:10])
        if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
            return _of_webp(head)
        return next(_of_jpeg(head), None) if head.startswith(b"\xff\xd8") else None
    except (struct.error, IndexError):
        return None


def _of_webp(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _of_jpeg(head: bytes) -> Iterator[tuple[int, int]]:
    """Yield the size that the frame header of a JPEG has."""
    at = 2
    while at + 9 <= len(head):
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if head[at] != 0xFF:  # noqa: PLR2004  (every segment begins with it)
            return
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # noqa: PLR2004  (the frame headers)
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            yield width, height
            return
        at += 2 + length
