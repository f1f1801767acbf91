"""The content of a server's result: text for the model, images for the reader."""

from __future__ import annotations

import base64
import json
from typing import Any

from nbstream.model.printable import one_line, storable
from nbstream.model.tool_result import Shown
from nbstream.prompt.pictures import MEDIA_TYPES
from nbstream.tools.result import Prepared

_MOST_IMAGES = 10
_MOST_IMAGE_BYTES = 8 * 1024 * 1024
_MOST_BLOCKS = 1_000
_LONGEST = 20_000


def prepared(result: Any) -> Prepared:
    """Return a `CallToolResult` of MCP as a prepared result.

    Structured content is sent to the model if there is no text: servers repeat it as text.
    """
    texts: list[str] = []
    shown: list[Shown] = []
    room = _MOST_IMAGE_BYTES
    blocks = list(result.content or ())
    for block in blocks[:_MOST_BLOCKS]:
        image = _image_of(block, room) if len(shown) < _MOST_IMAGES else None
        if image is not None:
            shown.append(image)
            room -= len(image.data)
            texts.append(f"[{image.what}: the user sees it, you do not.]")
        else:
            texts.append(_text_of(block))
    if len(blocks) > _MOST_BLOCKS:
        texts.append(f"… {len(blocks) - _MOST_BLOCKS:,} more parts were left out …")
    structured = getattr(result, "structured_content", None)
    text = "\n".join(filter(None, texts))
    if structured is not None:
        written = json.dumps(structured, ensure_ascii=False, default=str)
        if not (text and _is_repeated(structured, text)):
            shown.insert(0, Shown("json", text=storable(written[:_LONGEST]), is_cut=len(written) > _LONGEST))
        text = text or written
    return Prepared(text, tuple(shown), is_error=bool(result.is_error))


def _is_repeated(structured: Any, text: str) -> bool:
    """Return whether structured content is the text itself: servers put it into an object."""
    if not isinstance(structured, dict) or len(structured) != 1:
        return False
    ((name, value),) = structured.items()
    return bool(name == "result" or value == text)


def _image_of(block: Any, room: int) -> Shown | None:
    """Return an image that the reader can see; None if a block is none, or too large."""
    kind = getattr(block, "mime_type", None)
    data = getattr(block, "data", None)
    if getattr(block, "type", "") != "image" or kind not in MEDIA_TYPES or not isinstance(data, str):
        return None
    try:
        base64.b64decode(data, validate=True)
    except ValueError:
        return None
    return Shown("image", what="image", data=data, media_type=str(kind)) if len(data) <= room else None


def _text_of(block: Any) -> str:
    """Return a block as text; what is no text is named."""
    kind = getattr(block, "type", "")
    if kind == "text":
        return str(block.text)
    if kind == "resource":
        resource = block.resource
        text = getattr(resource, "text", None)
        return str(text) if text is not None else f"[{one_line(str(resource.uri))}: not a text, not shown]"
    if kind == "resource_link":
        return f"[a link to {one_line(str(block.uri))}: {one_line(str(block.name))}]"
    what = one_line(f"{kind} {getattr(block, 'mime_type', None) or ''}") or "a part"
    return f"[{what}: not shown]"
