"""Rules hold for what is sent: what the cache answers goes to no server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import nbstream
from nbstream.client.cache import choice

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.client.policy.conftest import Machine


def test_a_forbidden_host_is_not_asked_and_the_cache_is(
    simulator: Simulator, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", str(machine.lesson.parent / "lesson.ipynb"))
    live = nbstream.stream("[simulate: tokens=9] kept", cache=True).result(20)
    assert choice.problems() == ""
    machine.system.write_text('[forced]\nhosts = ["llm.school.example"]\nuser_id = "student-7"\n')
    cached = nbstream.stream("[simulate: tokens=9] kept", cache=True).result(20)
    assert (cached.id, cached.recorded is not None) == (live.id, True)
    with pytest.raises(nbstream.RequestError, match="is not one of the allowed hosts"):
        nbstream.stream("[simulate: tokens=9] another", cache=True)
    assert len(simulator.log()) == 1
