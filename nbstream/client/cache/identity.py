"""What makes two requests the same for the cache."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from nbstream.recordings.matching import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Fields that say who asks. A file of the cache does not have them: it may be shared.
_OF_ASKER = ("user_id", "user", "safety_identifier", "prompt_cache_key")
#: Anthropic's API names the user in this object.
_ABOUT = "metadata"
#: Fields that say how the reply is to be sent. Another version of nbstream may set others.
_OF_TRANSPORT = ("stream", "stream_options")


def identity(url: str, body: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a request, as a hexadecimal number.

    Every field of the body counts, whatever their order, and so do the server, the path and the
    query. Keys do not, nor do the fields that say who asks, and how the reply is to be sent.

    Args:
        url: where the request goes, without keys.
        body: the JSON object, with a mark in place of each key.
    """
    asked = {name: value for name, value in without_asker(body).items() if name not in _OF_TRANSPORT}
    return hashlib.sha256(json.dumps([url, canonical(asked)], sort_keys=True).encode()).hexdigest()


def without_asker(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request without the fields that say who asks."""
    left = {name: value for name, value in body.items() if name not in _OF_ASKER}
    about = left.get(_ABOUT)
    if isinstance(about, dict) and "user_id" in about:
        left[_ABOUT] = {name: value for name, value in about.items() if name != "user_id"}
        if not left[_ABOUT]:
            del left[_ABOUT]
    return left
