"""Pauses Python's cyclic garbage collector while the main thread renders a text.

A parse makes tens of thousands of objects, and no cycle holds any of them. Each time a few hundred
more exist, the collector searches for cycles, at some point in all objects of the kernel: an eighth
of the kernel's time for a long answer that arrives at once. The collector belongs to the whole
process. So it is paused only while the main thread renders, a few milliseconds per frame: then no
cell runs the user's code there.
"""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def paused() -> Iterator[None]:
    """Pause automatic garbage collection in the context, on the main thread only.

    The pause sets the first threshold to zero, which stops automatic collections
    (https://docs.python.org/3/library/gc.html#gc.set_threshold). `gc.disable` and `gc.enable` are
    not called, so that a collector which the user turns off at any time stays off.
    """
    first, *others = gc.get_threshold()
    if not first or threading.current_thread() is not threading.main_thread():
        yield
        return
    gc.set_threshold(0, *others)
    try:
        yield
    finally:
        # Another thread may have set thresholds of its own meanwhile.
        if not gc.get_threshold()[0]:
            gc.set_threshold(first, *others)
