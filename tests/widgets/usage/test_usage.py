"""`nbstream.usage()` without a page: what it sends, when it reads, and what stays in the file."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.billing.ledger import database
from nbstream.billing.ledger.entry import INSERT, Entry, columns
from nbstream.model.exceptions import RequestError
from nbstream.widgets import front_ends
from tests import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from nbstream.widgets.usage.usage import Usage

needs.bundle()

HOSTILE = "<img src=x onerror=window.HIT=1>\n\u202e"
#: Half a character, which is no text that could be sent.
HALF = "\ud800"


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBSTREAM_LEDGER", str(tmp_path / "ledger.sqlite"))


@pytest.fixture
def usage() -> Iterator[Usage]:
    made = nbstream.usage("today")
    yield made
    made.close()


def write(**values: Any) -> None:
    """Write a row as another kernel does."""
    file = database.current()
    assert file is not None
    file.execute(INSERT, columns(Entry(instant=time.time(), **values)))


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ask(usage: Usage, **question: Any) -> dict[str, Any]:
    # A page's question waits for no reading.
    assert usage.figures.total.requests
    answer = usage._on_page(question)
    assert answer is not None
    # As it goes to the page.
    found: dict[str, Any] = json.loads(json.dumps(answer, ensure_ascii=False).encode())
    return found


def test_a_reply_of_this_kernel_is_shown_when_it_has_ended(usage: Usage, simulator: Simulator) -> None:
    assert usage.figures.total.requests == 0
    before = usage._own()["version"]
    reply = nbstream.stream("Why? [simulate: normal rate=0 tokens=50]").result()
    assert reply.cost is not None
    until(lambda: usage._own()["version"] > before)
    assert usage.figures.is_simulated
    assert usage.figures.total.of("USD").exact == reply.cost.amount
    assert usage._own()["models"] == [reply.model]


def test_rows_of_other_kernels_are_found_while_a_page_shows_it(usage: Usage) -> None:
    assert usage.figures.total.requests == 0
    # Before, its thread ends.
    until(lambda: not usage._pump.is_running)
    usage._on_message({"type": "mounted", "page": "p", "number": 1})
    write(model="flash")
    until(lambda: usage._version == 2)
    usage._on_message({"type": "unmounted", "page": "p", "number": 2})
    assert usage._pause() is None


def test_what_has_not_changed_is_no_new_version(usage: Usage) -> None:
    write(model="flash")
    assert usage.figures.total.requests == 1
    before = usage._own()["version"]
    usage.choose("today")
    usage._on_change()
    assert usage._own()["version"] == before
    usage.choose("all")
    usage._on_change()
    assert usage._own()["version"] == before + 1


def test_a_page_gets_a_picture_of_its_width_and_tables(usage: Usage) -> None:
    write(model=HOSTILE, notebook=HOSTILE, cell=HOSTILE, prompt=10, completion=5)
    for width in (360, 1200):
        picture = ask(usage, type="picture", width=width, view=3)
        assert picture["width"] == width
        assert f'viewBox="0 0 {width} {picture["height"]}"' in picture["svg"]
        # The page has a style sheet for it.
        assert "<style" not in picture["svg"]
        assert "<img" not in picture["svg"]
        assert [each["name"] for each in picture["areas"]] == ["By hour", "By cell"]
    assert ask(usage, type="picture", width="wide", view=None)["width"] == 760
    assert "<img" not in ask(usage, type="tables")["html"]


def test_a_model_is_chosen_by_the_name_that_the_page_shows(usage: Usage) -> None:
    write(model=HOSTILE)
    write(model="flash")
    assert usage.figures.total.requests == 2
    (shown,) = (each for each in usage._own()["models"] if each != "flash")
    usage._on_page({"type": "choose", "model": shown})
    usage._on_change()
    assert usage._question.model == HOSTILE
    assert usage.figures.total.requests == 1


def test_a_model_that_is_no_text_can_be_sent(usage: Usage) -> None:
    usage.choose(model=HOSTILE + HALF)
    assert usage.figures.total.requests == 0
    for sent in (usage._own(), usage._on_page({"type": "picture", "width": 700, "view": 1})):
        json.dumps(sent, ensure_ascii=False).encode()


def test_the_file_has_a_picture_as_wide_as_that_of_the_page(usage: Usage) -> None:
    write(model="flash")
    ask(usage, type="picture", width=455, view=1)
    bundle, _ = usage._bundle()
    assert "max-width:440px" in bundle["text/html"]
    assert usage.svg.startswith("<svg")
    assert str(usage) == bundle["text/plain"]


def test_visitors_of_a_published_notebook_choose_no_other_span(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_ends, "visited", lambda: front_ends.MARIMO_RUN)
    write(model="flash", day="2020-01-01")
    usage = nbstream.usage("today")
    assert [each for each, _ in usage._own()["spans"]] == ["today"]
    usage._on_page({"type": "choose", "span": "all"})
    assert usage.figures.total.requests == 0
    # Also the names of models are those of the span alone.
    assert usage._own()["models"] == []
    usage.close()


def test_a_span_that_there_is_not_is_refused(usage: Usage) -> None:
    with pytest.raises(RequestError, match="notebook, today, month, all"):
        nbstream.usage("week")  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="week"):
        usage.choose("week")
