"""JSON values without lone surrogates, which no message to a page can carry."""

from __future__ import annotations

import json
from typing import Any


def sendable(value: Any) -> Any:
    """Return a JSON value with U+FFFD for each lone surrogate, and pairs joined.

    Users paste them from other programs, and file names have them.
    """
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return _clean(value)
    return value


def _clean(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case dict():
            return {_clean(name): _clean(each) for name, each in value.items()}
        case list() | tuple():
            return [_clean(each) for each in value]
    return value
