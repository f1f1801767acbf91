"""A comparison without a page: what it sends, and what it tells before a blind choice."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import nbstream
from nbstream.client import start
from nbstream.comparison import columns as comparing
from nbstream.comparison.self_naming import SENTENCE
from nbstream.model.exceptions import RequestError
from nbstream.widgets.compare import compare as module

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from nbstream.simulator.server import Simulator

SLOW = "[simulate: normal rate=20 tokens=400]"
#: Takes 10 s at the pace of a blind comparison.
LONG = "A sentence of some words. " * 240


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def blind(*prompts: str) -> nbstream.Compare:
    models = ["deepseek-v4-pro", "deepseek-v4-flash"]
    specs: list[Any] = [{"model": model, "prompt": each} for model, each in zip(models, prompts, strict=True)]
    return nbstream.Compare(None, specs, blind=True, thinking=False)


def test_what_is_written_at_the_end_of_a_blind_comparison_is_whole(simulator: Simulator) -> None:
    compare = blind(f"[simulate: echo]{LONG}", "[simulate: echo]short").wait(20)
    assert not all(run.done for run in compare._veiled)
    for text in (str(compare), compare._bundle()[0]["text/html"]):
        assert text.count("A sentence of some words.") >= 240
        assert "Not all answers had ended" not in text
        assert "deepseek" not in text.casefold()
    compare.close()


def test_an_answer_that_names_a_compared_model_is_told_and_nothing_more(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = blind("[simulate: echo]x", "[simulate: echo]y")
    assert SENTENCE not in compare._own()["notes"]
    compare.wait(20)
    until(lambda: all(run.done for run in compare._veiled))
    assert SENTENCE not in compare._own()["notes"]
    compare.close()
    # The simulator says what it was asked, and a name in a question tells nothing.
    monkeypatch.setattr(module, "text_of", lambda _: "I am DeepSeek-V4-Pro.")
    compare = blind("[simulate: echo]x", "[simulate: echo]y").wait(20)
    assert SENTENCE in compare.summary()
    until(lambda: all(run.done for run in compare._veiled))
    own = compare._own()
    assert SENTENCE in own["notes"]
    assert "deepseek" not in repr(own).casefold()
    compare.choose("tie")
    assert SENTENCE not in compare._own()["notes"]
    compare.close()


def test_a_column_that_was_stopped_while_it_was_sent_ends(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = nbstream.Compare(f"Why? {SLOW}", ["flash", "pro"], concurrency=1, thinking=False)
    first, second = compare.columns

    def start_run(*arguments: Any) -> Any:
        run = start.start_run(*arguments)
        # Another thread, between the sending and its end.
        second.cancel()
        return run

    monkeypatch.setattr(comparing, "start_run", start_run)
    first.cancel()
    compare.wait(20)
    assert second.reply.status == "cancelled"


def test_a_closed_comparison_sends_nothing_more(simulator: Simulator) -> None:
    compare = nbstream.Compare(f"Why? {SLOW}", ["flash", "pro"], concurrency=1, thinking=False)
    first, second = compare.columns
    compare.close()
    first.cancel()
    compare.wait(20)
    assert second.run is None
    assert compare.done


def test_a_request_that_may_not_be_sent_does_not_keep_the_others(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 0

    def start_run(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count == 2:
            raise RequestError("Nothing was sent: no more for this visit.")
        return start.start_run(*arguments)

    monkeypatch.setattr(comparing, "start_run", start_run)
    compare = nbstream.Compare("[simulate: echo]hello", ["flash", "pro", "flash"], concurrency=1, thinking=False)
    compare.wait(20)
    assert [reply.status for reply in compare.replies] == ["complete", "cancelled", "complete"]


def test_a_frame_may_be_made_before_all_columns_have_begun(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    pause = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for _ in range(20):
            blind("[simulate: echo]x", "[simulate: echo]y").wait(20).close()
    finally:
        sys.setswitchinterval(pause)
    assert not caplog.messages
