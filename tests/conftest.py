"""What the tests share: a simulator of their own, and an environment that points at it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis
import pytest

from nbstream.client import settings
from nbstream.simulator.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

# The gate says the same of the same commit twice; NBSTREAM_RANDOM=1 looks for what nobody has seen yet.
hypothesis.settings.register_profile("gate", derandomize=True)
if not os.environ.get("NBSTREAM_RANDOM"):
    hypothesis.settings.load_profile("gate")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put slow tests first, so that other workers have work meanwhile, and the browser's last.

    Playwright keeps an event loop running in the main thread until the end.
    """
    items.sort(key=lambda item: (_has(item, "browser"), not _has(item, "slow")))


def _has(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator as fast as the machine; requests of this process go to it."""
    with Simulator(port=0, rate=0, first_token=0) as server:
        monkeypatch.setenv("DEEPSEEK_BASE_URL", server.url)
        monkeypatch.setenv("DEEPSEEK_API_KEY", "simulated")
        settings.use(None)
        yield server
        settings.use(None)
