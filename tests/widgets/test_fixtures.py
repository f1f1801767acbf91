"""The frames which the page's tests read are the ones that Python makes, and mean the same here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.widgets.make_fixtures import FOLDER, KEYFRAMES, PATCHES, fixtures
from tests.widgets.page_state import apply, apply_patch, empty_state, html_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("path", "content"), fixtures().items(), ids=lambda value: getattr(value, "stem", ""))
def test_fixture_is_what_python_makes(path: Path, content: str) -> None:
    assert path.read_text("utf-8") == content, "run: python -m tests.widgets.make_fixtures"


def test_no_other_fixture_is_there() -> None:
    assert {*FOLDER.iterdir(), KEYFRAMES, PATCHES} == set(fixtures())


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: str(path.stem))
def test_applying_a_frame_gives_its_html(path: Path) -> None:
    state = empty_state()
    for frame in json.loads(path.read_text("utf-8"))["frames"]:
        apply(state, [tuple(op) for op in frame["ops"]])
        assert html_of(state) == frame["html"]


def test_applying_a_patch_gives_the_keyframe() -> None:
    first, *others = json.loads(PATCHES.read_text("utf-8"))
    page = first["keyframe"]
    for each in others:
        before = page["meta"]
        apply_patch(page, each["patch"])
        assert page == each["keyframe"] | {"meta": each["patch"].get("meta", before)}
