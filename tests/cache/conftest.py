"""A cache in a folder of each test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client.cache import choice

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the cache, beside the notebook of the test."""
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "lesson.ipynb"))
    return tmp_path / choice.FOLDER


def ask(prompt: str | None, **options: Any) -> nbstream.Reply:
    """Ask with the cache on, and wait until what is to be kept is kept."""
    reply = nbstream.stream(prompt, **{"cache": True, **options}).result(30)
    assert choice.problems() == ""
    return reply


def sent(simulator: Simulator) -> int:
    """Return how many requests the simulator has got."""
    return len(simulator.log())


def only(folder: Path) -> Path:
    """Return the only file in a folder."""
    (file,) = folder.iterdir()
    return file
