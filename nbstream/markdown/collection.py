"""Holds Python's cyclic collector off while a text is rendered.

A parse makes tens of thousands of objects that no cycle holds. Whenever there are some hundred more, the collector
looks for cycles, sooner or later in all that a kernel has: a quarter of a long answer's time went there. This module
must not know what is rendered.
"""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()
_held = 0
_was_enabled = False


@contextmanager
def held_off() -> Iterator[None]:
    """Within the context, on whatever threads, nothing is collected; a collector that was off stays off."""
    global _held, _was_enabled  # noqa: PLW0603  (there is one collector)
    with _lock:
        if not _held:
            _was_enabled = gc.isenabled()
            gc.disable()
        _held += 1
    try:
        yield
    finally:
        with _lock:
            _held -= 1
            if not _held and _was_enabled:
                gc.enable()
