"""What of a request and its response decides on its price, besides the tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbstream.model.reply import Reply

#: What servers say of a request at the usual price.
_USUAL = ("", "default", "standard", "auto", "not_available", "global")
#: The types of content parts that are no text, and what they hold.
_MEDIA = {"image_url": "image", "input_audio": "audio", "video_url": "video", "file": "image"}


@dataclass(frozen=True, slots=True)
class Terms:
    """The circumstances of a request.

    Attributes:
        service_tier: the class of service that the server names; empty for the usual one.
        speed: the speed that the server names; empty for the usual one.
        region: the region to which the request was bound; empty for none.
        media: what the prompt holds besides text: "image", "audio", "video".
    """

    service_tier: str = ""
    speed: str = ""
    region: str = ""
    media: frozenset[str] = frozenset()


def terms_of(step: Reply) -> Terms:
    """Return the terms of a request from what its server said, and from what was sent."""
    usage = step.extras.get("usage")
    said = usage if isinstance(usage, dict) else {}
    tier = step.extras.get("service_tier") or said.get("service_tier")
    return Terms(_named(tier), _named(said.get("speed")), _named(said.get("inference_geo")), _media(step))


def has_paid_tools(step: Reply) -> bool:
    """Return whether the server used tools of its own, as Anthropic's API counts them."""
    details = step.extras.get("usage")
    counts = details.get("server_tool_use") if isinstance(details, dict) else None
    return isinstance(counts, dict) and any(isinstance(each, int) and each > 0 for each in counts.values())


def _named(value: Any) -> str:
    return value if isinstance(value, str) and value not in _USUAL else ""


def _media(step: Reply) -> frozenset[str]:
    contents = [message.get("content") for message in step.request.messages]
    parts = [part for content in contents if isinstance(content, list) for part in content if isinstance(part, dict)]
    return frozenset(_MEDIA[kind] for part in parts if (kind := part.get("type")) in _MEDIA)
