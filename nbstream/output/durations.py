"""Durations for reading."""

from __future__ import annotations

_MINUTE = 60.0
_TEN_SECONDS = 10.0


def seconds(duration: float) -> str:
    """Return a duration for reading: `0.9 s`, `12 s`, `2 min 05 s`."""
    if duration < _TEN_SECONDS:
        return f"{duration:.1f} s"
    if duration < _MINUTE:
        return f"{duration:.0f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest:02d} s"
