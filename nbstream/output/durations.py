"""Durations for reading."""

from __future__ import annotations

from nbstream.language import _

_MINUTE = 60.0
_TEN_SECONDS = 10.0


def seconds(duration: float) -> str:
    """Return a duration for reading: `0.9 s`, `12 s`, `2 min 05 s`."""
    if duration < _TEN_SECONDS:
        return _("{duration:.1f} s", duration=duration)
    if duration < _MINUTE:
        return _("{duration:.0f} s", duration=duration)
    minutes, rest = divmod(round(duration), 60)
    return _("{minutes} min {rest:02d} s", minutes=minutes, rest=rest)
