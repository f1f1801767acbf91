"""Events as lines of text and back: what a journal holds.

Every line is ASCII JSON, so that half a surrogate pair cannot break a file. This module must not know where lines go.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, cast, get_args

from nbstream.core.errors import Failure
from nbstream.core.events import Event, Usage

_CLASSES = {each.__name__: each for each in get_args(Event)}


def to_line(event: Event) -> str:
    """Return an event as one line, without its end."""
    return json.dumps({"event": type(event).__name__, **asdict(event)}, separators=(",", ":"))


def from_line(line: str) -> Event:
    """Return the event that a line holds.

    Raises:
        ValueError: if it holds none, as the last line of a process that was killed.
    """
    try:
        fields: dict[str, Any] = json.loads(line)
        build = _CLASSES[fields.pop("event")]
        if fields.get("usage") is not None:
            fields["usage"] = Usage(**fields["usage"])
        if fields.get("failure") is not None:
            fields["failure"] = Failure(**fields["failure"])
        return cast("Event", build(**fields))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no event: {error}") from None
