"""A machine of one's own: folders for the files of the system, of the user and of the notebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from nbstream.client import keys, settings
from nbstream.client.policy import places
from nbstream.client.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """The files of rules of a machine; `lesson` is within `course`, and the notebook is there."""

    system: Path
    user: Path
    course: Path
    lesson: Path

    @property
    def files(self) -> list[Path]:
        """All files, the nearest one first."""
        return [self.lesson, self.course, self.user, self.system]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Begin without rules, in the folder of the lesson."""
    found = Machine(
        *(tmp_path / place / places.NAME for place in ("etc/jupyter", "home/.jupyter", "course", "course/lesson"))
    )
    for file in found.files:
        file.parent.mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(found.user.parent))
    monkeypatch.setattr("jupyter_core.paths.SYSTEM_CONFIG_PATH", [str(found.system.parent)])
    monkeypatch.setattr("jupyter_core.paths.ENV_CONFIG_PATH", [])
    monkeypatch.chdir(found.lesson.parent)
    settings.use(Settings())
    yield found
    settings.use(None)
    keys._typed.get().clear()
    keys._found.get().clear()
