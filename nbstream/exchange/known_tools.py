"""The tools of this session, found again by what a request says of them.

A request holds the definitions of its tools, and no functions. A reply that is asked anew or
carried on gets the functions that were declared last in the same words.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nbstream.sessions.per_session import PerSession
from nbstream.tools.definitions import definitions

if TYPE_CHECKING:
    from nbstream.model.request import Request
    from nbstream.tools.tool import Tool

#: By their definitions, the latest last.
_known: PerSession[dict[str, Tool]] = PerSession(dict)
_MOST = 500


def remembered(tools: tuple[Tool, ...]) -> tuple[Tool, ...]:
    """Remember tools, and return them."""
    known = _known.get()
    for tool, definition in zip(tools, definitions(tools), strict=True):
        key = _key(definition)
        known.pop(key, None)
        known[key] = tool
    while len(known) > _MOST:
        del known[next(iter(known))]
    return tools


def declared(request: Request) -> tuple[Tool, ...]:
    """Return the tools that a request declares, as far as this session has them."""
    known, found = _known.get(), request.parameters.get("tools")
    keys = map(_key, found) if isinstance(found, list) else ()
    return tuple(known[key] for key in keys if key in known)


def _key(definition: Any) -> str:
    function = dict(definition.get("function") or {}) if isinstance(definition, dict) else {}
    function.pop("strict", None)
    return json.dumps(function, sort_keys=True, default=str)
