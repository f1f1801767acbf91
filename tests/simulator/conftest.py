"""A simulator that is as fast as possible and has a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nbstream.simulator.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDING = ': keep-alive\n\ndata: {"choices": []} 🎉\n\n'.encode()


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(rate=0, first_token=0, recording=RECORDING) as simulator:
        yield simulator


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    running.clear_log()
    return running
