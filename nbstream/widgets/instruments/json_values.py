"""Values of users as JSON, for traits that a page has as well."""

from __future__ import annotations

import dataclasses
import json
from typing import Any


def as_json(value: Any) -> Any:
    """Return a value as plain JSON: a text for what has no form of its own.

    It knows dataclasses, and models of pydantic and the like by their `model_dump`. It never
    raises: a reloaded page would get the state of no widget then.
    """
    try:
        return json.loads(json.dumps(value, default=_simpler, skipkeys=True))
    except Exception:  # noqa: BLE001  (a cycle, or the user's code)
        return f"<{type(value).__name__}>"


def _simpler(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json")
    if isinstance(value, set | frozenset):
        return list(value)
    return str(value)
