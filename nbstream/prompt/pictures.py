"""Figures and images as PNG; image files as they are."""

from __future__ import annotations

import io
from typing import Any

from nbstream.prompt.description import Description

#: DeepSeek takes these types, and at most so many bytes for each image (its documentation of
#: images, October 2026).
MOST_BYTES = 32 * 1024 * 1024
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
MEDIA_TYPES = frozenset({*_SIGNATURES.values(), "image/webp"})
#: A larger picture is scaled down: models read pictures in smaller sizes than this.
_LONGEST_SIDE = 2_048
_MANY_PIXELS = 1_000_000
#: `PIL.Image.Resampling.BOX`.
_BOX = 4
#: Of others, these keep their transparency.
_ALPHA = {"PA": "RGBA", "La": "LA", "RGBa": "RGBA"}
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")


def media_type(data: bytes) -> str:
    """Return the type of an image that servers take, by its first bytes; empty for other data."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _SIGNATURES.items() if data.startswith(start)), "")


def image_bytes(data: bytes) -> Description:
    """Describe the content of an image file."""
    kind = media_type(data)
    return Description(
        "", f"{kind.removeprefix('image/').upper()} image", _size(len(data)), image=data, media_type=kind
    )


def pil_image(image: Any) -> Description:
    """Describe an image of Pillow: as PNG, and its first frame if it moves."""
    width, height = image.size
    shown, is_cut = f"{width:,} by {height:,} pixels", False
    if getattr(image, "n_frames", 1) > 1:
        shown, is_cut = f"frame {image.tell() + 1} of {image.n_frames:,}, {shown}", True
    if max(width, height) > _LONGEST_SIDE:
        factor = max(width, height) / _LONGEST_SIDE
        size = (max(1, round(width / factor)), max(1, round(height / factor)))
        # The mean of the pixels is as good here as other filters, in a third of their time.
        image = image.resize(size, _BOX) if image.mode not in ("1", "P") else image.resize(size)
        shown, is_cut = f"{shown}, scaled to {size[0]:,} by {size[1]:,}", True
    if image.mode not in _MODES:
        image = image.convert(_ALPHA.get(image.mode, "RGB"))
    file = io.BytesIO()
    is_large = image.width * image.height > _MANY_PIXELS
    # At the usual level, a photograph takes six times as long and is hardly smaller.
    image.save(file, format="PNG", **({"compress_level": 1} if is_large else {}))
    return Description("", "image", shown, is_cut, image=file.getvalue(), media_type="image/png")


def figure(value: Any) -> Description:
    """Describe a figure of matplotlib, or one of its axes, which is part of a figure."""
    drawn = value if hasattr(value, "savefig") else value.figure
    file = io.BytesIO()
    sides = max(float(side) for side in drawn.get_size_inches())
    dpi = min(float(drawn.dpi), _LONGEST_SIDE / sides) if sides > 0 else float(drawn.dpi)
    drawn.savefig(file, format="png", dpi=dpi, bbox_inches="tight")
    return Description("", "figure", "a PNG image", image=file.getvalue(), media_type="image/png")


def _size(size: int) -> str:
    return f"{size / 1024:,.0f} KiB" if size >= 1024 else f"{size:,} bytes"  # noqa: PLR2004  (a KiB)
