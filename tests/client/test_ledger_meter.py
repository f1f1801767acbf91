"""Each HTTP request is a row of the ledger, before its reply has ended, without any text of it."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import nbstream
from nbstream.billing.ledger import queries
from nbstream.billing.ledger.database import Database
from nbstream.client import metering, settings
from nbstream.jupyter.many import map as ask_all
from nbstream.model.origin import Origin
from nbstream.output import sentences
from nbstream.tools.tool import tool

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.billing.ledger.entry import Entry
    from nbstream.simulator.server import Simulator

KEY = "sk-0123456789abcdef0123456789"

#: Ends the process at the moment at which its reply is known to have ended.
KILLED = """
import os, signal
import nbstream
run = nbstream.stream("hello")
run.receiver.add_listener(lambda: run.done and os.kill(os.getpid(), signal.SIGKILL))
run.result(30)
"""


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Name a new ledger, and a cell of a notebook beside it, in which everything is asked."""
    path = tmp_path / "ledger.sqlite"
    monkeypatch.setenv("NBSTREAM_LEDGER", str(path))
    monkeypatch.setattr(metering, "origin_here", lambda: Origin(str(tmp_path / "a.ipynb"), "cell"))
    chosen = settings.Settings(retries=1)
    monkeypatch.setattr(settings, "current", lambda: chosen)
    return path


def rows(path: Path) -> list[Entry]:
    return queries.rows(Database(path))


def test_a_reply_is_a_row(simulator: Simulator, ledger: Path) -> None:
    reply = nbstream.stream("hello").result(30)
    (row,) = rows(ledger)
    usage, cost = reply.usage, reply.cost
    assert usage is not None
    assert cost is not None
    assert (row.notebook, row.cell, row.chat) == (str(ledger.parent / "a.ipynb"), "cell", "")
    assert (row.asked, row.model) == (reply.request.model, reply.model)
    assert row.host == simulator.url.removeprefix("http://").partition("/")[0]
    assert (row.kind, row.cause, row.attempt, row.visitor) == ("simulated", "", 1, False)
    assert (row.status, row.finish, row.failure) == ("complete", "stop", "")
    assert (row.prompt, row.completion, row.reasoning) == (
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.reasoning_tokens,
    )
    assert (row.hit, row.miss) == (usage.cache_hit_tokens, usage.cache_miss_tokens)
    assert (row.amount, row.currency, row.parts, row.source) == (cost.amount, cost.currency, cost.parts, cost.source)
    assert row.first_token is not None
    assert row.seconds is not None
    assert 0 <= row.first_token <= row.seconds
    assert row.version == nbstream.__version__


def test_a_retry_is_a_row_of_its_own(simulator: Simulator, ledger: Path) -> None:
    nbstream.stream("[simulate: 503 times=1 retry-after=0.3] hello").result(30)
    first, second = rows(ledger)
    assert (first.status, first.failure, first.cause, first.attempt) == ("failed", "refused", "", 1)
    assert (second.status, second.cause, second.attempt) == ("complete", "retry", 2)
    assert (first.amount, first.prompt, first.first_token) == (None, None, None)
    assert second.first_token is not None
    # Not counted from the first attempt on, after which there was a wait.
    assert second.seconds is not None
    assert second.first_token <= second.seconds
    assert second.instant >= first.instant + 0.3


def test_each_request_of_a_tool_chain_is_a_row(simulator: Simulator, ledger: Path) -> None:
    @tool(consent="never")
    def weather(city: str) -> str:
        """Return the weather.

        Args:
            city: the city.
        """
        return f"{city}: sunny"

    prompt = '[simulate: tool-call]\n[simulate: call] weather {"city": "Bern"}\nWhat is the weather?'
    reply = nbstream.stream(prompt, tools=[weather]).result(30)
    first, second = rows(ledger)
    assert [first.finish, second.finish] == ["tool_calls", "stop"]
    assert [first.cause, second.cause] == ["", "tools"]
    assert reply.cost is not None
    assert first.amount is not None
    assert second.amount is not None
    assert first.amount + second.amount == reply.cost.amount


def test_a_stopped_reply_is_a_row_without_usage(simulator: Simulator, ledger: Path) -> None:
    run = nbstream.stream("[simulate: silence after=20] hello")
    while not run.reply.answer + run.reply.reasoning:
        run.receiver.wait(0, timeout=0.01)
    run.cancel()
    run.result(20)
    (row,) = rows(ledger)
    assert (row.status, row.prompt, row.completion, row.amount) == ("cancelled", None, None, None)
    assert row.first_token is not None
    assert run.reply.estimate is not None
    assert (row.about, row.about_currency) == (run.reply.estimate.amount, run.reply.estimate.currency)
    assert row.about_completion
    assert not row.unknown


def test_a_replayed_reply_is_a_row_that_cost_nothing(simulator: Simulator, ledger: Path, tmp_path: Path) -> None:
    with nbstream.record(tmp_path / "a.jsonl"):
        nbstream.stream("hello").result(30)
    with nbstream.replay(tmp_path / "a.jsonl", speed="max"):
        nbstream.stream("hello").result(30)
    sent, replayed = rows(ledger)
    assert [sent.kind, replayed.kind] == ["simulated", "replayed"]
    assert replayed.amount == 0
    assert replayed.source == "recording"


def test_a_request_that_was_not_recorded_is_no_row_of_a_server(
    simulator: Simulator, ledger: Path, tmp_path: Path
) -> None:
    with nbstream.record(tmp_path / "lesson.jsonl"):
        nbstream.stream("hello").result(30)
    with nbstream.replay(tmp_path / "lesson.jsonl"):
        nbstream.stream("something else").result(30)
    assert [(row.kind, row.failure) for row in rows(ledger)] == [("simulated", ""), ("replayed", "not_recorded")]


def test_a_cached_reply_is_a_row_that_cost_nothing(simulator: Simulator, ledger: Path) -> None:
    for _ in range(2):
        assert nbstream.stream("hello", cache=True).result(30).status == "complete"
    sent, cached = rows(ledger)
    assert [sent.kind, cached.kind] == ["simulated", "cached"]
    assert (cached.amount, cached.source) == (Decimal(0), "cache")


def test_each_column_of_a_comparison_is_a_row(simulator: Simulator, ledger: Path) -> None:
    runs = [each.run for each in nbstream.Compare("hello", ["flash", "pro"], blind=True).columns]
    for run in runs:
        assert run is not None
        run.result(30)
    assert sorted(row.asked for row in rows(ledger)) == ["deepseek-flash", "deepseek-v4-pro"]


def test_the_turns_of_a_chat_and_a_job_are_rows(simulator: Simulator, ledger: Path) -> None:
    nbstream.Chat("main").stream("hello").result(30)
    ask_all(["one", "two", "three"])
    assert sorted(row.chat for row in rows(ledger)) == ["", "", "", "main"]


def test_neither_prompt_nor_answer_nor_key_is_in_the_file(
    simulator: Simulator, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    base_url = f"{simulator.url}?token={KEY}"
    reply = nbstream.stream("The secret word is Xylophone.", system="Be quixotic.", base_url=base_url).result(30)
    assert reply.status == "complete"
    assert len(rows(ledger)) == 1
    written = b"".join(path.read_bytes() for path in ledger.parent.glob("ledger.sqlite*"))
    for text in (KEY, "Xylophone", "quixotic", reply.answer[:20], reply.reasoning[:20], "token="):
        assert text
        assert text.encode() not in written


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_the_row_of_a_finished_reply_outlives_a_kill(simulator: Simulator, ledger: Path) -> None:
    for _ in range(2):
        assert subprocess.run([sys.executable, "-c", KILLED], timeout=60, check=False).returncode == -9
    assert [row.status for row in rows(ledger)] == ["complete"] * 2


def test_off_writes_nothing(simulator: Simulator, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBSTREAM_LEDGER", " OFF ")
    assert nbstream.stream("hello").result(30).warnings == ()
    assert not ledger.exists()


def test_a_ledger_that_cannot_be_written_is_one_warning_and_costs_no_reply(
    simulator: Simulator, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.write_text("")
    path = ledger / "within a file" / "ledger.sqlite"
    monkeypatch.setenv("NBSTREAM_LEDGER", str(path))
    replies = [nbstream.stream("hello").result(30) for _ in range(3)]
    assert [reply.status for reply in replies] == ["complete"] * 3
    (warning,) = [warning for reply in replies for warning in reply.warnings]
    assert (warning.kind, warning.where) == ("not_recorded", str(path))
    assert replies[0].warnings == (warning,)


def test_a_question_to_a_damaged_ledger_says_where_the_old_file_is(ledger: Path) -> None:
    ledger.write_bytes(b"no database " * 1_000)
    with pytest.raises(nbstream.RequestError, match=r"it was damaged, and is now at .*\.damaged-.*; the next request"):
        nbstream.ledger("all").total  # noqa: B018  (reads the file)
    assert nbstream.ledger("all").total.counts.requests == 0


def test_a_damaged_ledger_is_said_with_the_next_reply(simulator: Simulator, ledger: Path) -> None:
    ledger.write_bytes(b"no database " * 1_000)
    first, second = (nbstream.stream("hello").result(30) for _ in range(2))
    assert len(rows(ledger)) == 2
    (warning,) = (*first.warnings, *second.warnings)
    assert warning.kind == "ledger_damaged"
    said = "".join(sentences.notes(first, "cell", has_buttons=False))
    assert "was damaged" in said
    assert warning.said in said
    assert ".damaged-" in warning.said
