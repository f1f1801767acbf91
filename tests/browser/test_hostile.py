"""Hostile text on real pages: no script, no request, no dead control."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hostile import corpus, pages

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.patient]


def test_what_happens_is_noticed(browser: BrowserContext, tmp_path: Path) -> None:
    found = pages.attack_nothing(browser, tmp_path)
    assert sorted(set(found.scripts)) == [1, 2, 3, 4, 5]
    assert found.dialogs == ["6"]
    assert found.requests == [f"http://{corpus.HOST}/7"]
    assert len(found.controls) == 4  # image, frame, script, button
    assert len(found.links) == 2
    assert any("location" in each for each in found.attributes)


def test_nothing_runs_live_settled_or_exported(browser: BrowserContext, lab: Lab, tmp_path: Path) -> None:
    assert len(corpus.page()) >= 300
    try:
        found, notebook = pages.attack_lab(browser, lab)
    finally:
        lab.end_sessions()
    assert found.faults() == {}
    assert found.places[:4] == ["texts, live", "texts, settled", "fields, live", "fields, settled"]
    assert len(found.places) == 9
    found = pages.attack_export(browser, notebook, tmp_path)
    assert found.faults() == {}
    assert len(found.places) == 14
