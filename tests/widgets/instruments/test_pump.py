"""The thread of an instrument."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from nbstream.widgets.instruments import pump
from nbstream.widgets.instruments.pump import Pump

if TYPE_CHECKING:
    import pytest


def test_the_thread_ends_soon_after_a_slow_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "_PAUSE_FACTOR", 1e6)
    monkeypatch.setattr(pump, "_LONGEST_PAUSE", 3600.0)
    stepped, ended = threading.Event(), threading.Event()

    def step() -> None:
        time.sleep(0.05)
        stepped.set()

    one = Pump("test-pump", step, lambda: None, lambda: None, ended.set)
    one.wake()
    assert stepped.wait(30)
    one.close()
    assert ended.wait(30)
