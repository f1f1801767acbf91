"""The page's code on its way."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING

import pytest

from nbstream.model.exceptions import NbstreamError
from nbstream.widgets import page_modules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    yield
    page_modules._all.cache_clear()
    page_modules._read.cache_clear()


def test_a_page_that_was_not_built_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(page_modules, "_STATIC", tmp_path)
    monkeypatch.setenv("NBSTREAM_DEV", "1")
    with pytest.raises(NbstreamError, match="npm ci") as caught:
        page_modules.stub("reply")
    assert caught.value._render_traceback_() == [f"NbstreamError: {caught.value}"]


def test_code_comes_along_until_a_page_has_it_and_then_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_modules, "_held", set())
    monkeypatch.setattr(page_modules, "_sent", {})
    first = page_modules.stub("reply")
    assert len(page_modules.stub("reply")) < 3_000, "the page has it from the widget before"
    page_modules._sent.clear()
    assert page_modules.stub("reply") == first, "no page has said so"
    code = page_modules.answer({"needed": [*page_modules._code]})["code"]
    assert json.dumps(code[page_modules._hashes()["reply"]], ensure_ascii=False) in first
    assert zlib.decompress(base64.b64decode(code[page_modules._hashes()["reply"]])).decode() == _text("reply")
    assert page_modules.answer({"has": [*code, "another", 1], "needed": ["another"]}) == {"code": {}}
    assert len(page_modules.stub("reply")) < 3_000
    assert len(page_modules.stub("cells")) < 3_000


def test_the_code_of_the_page_stays_small() -> None:
    sizes = {path.stem: path.stat().st_size for path in page_modules._STATIC.glob("*.js")}
    # A reply: 45 kB of code and 9 kB of style. A widget does not have what it takes from it.
    assert sizes.pop("reply") < 54_500
    assert sizes.pop("stub") < 2_700
    assert sizes.pop("zh") < 12_000
    assert max(sizes.values()) < 45_000
    sent = page_modules._code[page_modules._hashes()["reply"]]
    assert len(sent) < 26_000, "it is compressed on its way to a page"


def _text(name: str) -> str:
    return (page_modules._STATIC / f"{name}.js").read_text("utf-8")
