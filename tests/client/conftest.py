"""Fixtures for tests of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nbstream.client import keys, settings
from nbstream.client.endpoint_facts import presets
from nbstream.client.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "sk-canary-0123456789"
OTHER_KEY = "sk-other-9876543210"


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Begin without keys, endpoints and a file; return the folder for the file."""
    for facts in presets().values():
        for name in filter(None, (facts.key_variable, facts.url_variable)):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    settings.use(Settings())
    yield tmp_path
    settings.use(None)
    keys._typed.get().clear()
    keys._found.get().clear()


@pytest.fixture
def all_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every endpoint that needs one a key."""
    for name, facts in presets().items():
        if facts.key_variable:
            monkeypatch.setenv(facts.key_variable, f"sk-{name}-0123456789abcdef")
