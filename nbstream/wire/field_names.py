"""What the name of a field, or the value of a finish reason, says."""

from __future__ import annotations

from typing import Any

from nbstream.model.printable import one_line
from nbstream.wire.surrogates import join_surrogates

#: Strings that stand for no finish reason.
_NO_REASONS = frozenset({"", "null", "none", "nil", "undefined"})
#: Names of fields that say something about reasoning, and do not hold it.
_NO_REASONING = (
    *("_effort", "_tokens", "_id", "signature", "_type", "_format", "_status", "_time", "_duration", "_enabled"),
    *("_level", "_budget", "_count", "_index", "_mode", "_state", "_model", "_config"),
)


def is_reasoning(name: str, value: Any) -> bool:
    """Return whether the name of a field says that its value is reasoning."""
    lower = name.lower()
    return (
        isinstance(value, str | list | dict)
        and any(word in lower for word in ("reason", "think", "thought"))
        and not (lower.endswith(_NO_REASONING) or (lower.endswith("reason") and lower != "reason"))
    )


def finish_label(value: object) -> str | None:
    """Return a finish reason as one printable line; None if it is none, as KoboldCpp's "null"."""
    if not isinstance(value, str) or not value:
        return None
    label = one_line(join_surrogates(value))
    return None if label.lower() in _NO_REASONS else label
