"""The first keyframes for a page that cannot ask for one.

marimo loses the first messages to a new widget, and such a page is heard only when no cell runs, so
without this it would stay empty until then.
"""

from __future__ import annotations

import time

from nbstream.widgets import front_ends

#: So many seconds after the widget was made.
_AFTER_SECONDS = (0.3, 1.0, 3.0)


class EarlyKeyframes:
    """When keyframes are sent that no page has asked for; never where a page is heard at once."""

    def __init__(self) -> None:
        began = time.monotonic()
        is_heard = front_ends.current().is_heard
        self._due = [] if is_heard else [began + each for each in _AFTER_SECONDS]

    def __bool__(self) -> bool:
        return bool(self._due)

    def is_due(self) -> bool:
        """Return whether a keyframe is due, once for each."""
        due = [each for each in self._due if each <= time.monotonic()]
        self._due = self._due[len(due) :]
        return bool(due)
