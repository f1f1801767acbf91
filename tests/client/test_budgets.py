"""Budgets of a block hold, before a request and while its reply arrives, against a real server."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import nbstream
from nbstream.client.budgets import needs
from nbstream.client.budgets.blocks import own
from nbstream.client.budgets.meter import wait_until_settled
from nbstream.jupyter.many import map as ask_all
from nbstream.model.request import Request
from nbstream.output.sentences import alert, notes
from nbstream.simulator import chat_request, chunks
from nbstream.simulator.completion import Completion
from nbstream.tools.tool import tool

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator

_LONG = "[simulate: normal tokens=3000] Write a long text."


def test_a_request_within_its_budget_is_not_changed(simulator: Simulator) -> None:
    with nbstream.budget(5) as budget:
        reply = nbstream.stream("hello").result(20)
    assert reply.status == "complete"
    assert reply.warnings == ()
    assert "max_tokens" not in simulator.log()[-1]["body"]
    assert reply.cost is not None
    assert budget.spent == str(reply.cost)
    assert not own.get().blocks


def test_the_limit_of_tokens_is_lowered_to_what_is_left_and_that_is_said(simulator: Simulator) -> None:
    with nbstream.budget(tokens=1500) as budget:
        reply = nbstream.stream(_LONG).result(20)
        asked = simulator.log()[-1]["body"]["max_tokens"]
        assert reply.usage is not None
        assert 1000 < asked < 1500
        assert reply.usage.completion_tokens == asked
        assert (
            "tokens, as the budget of this `with` block, 1,500 tokens, has 1,500 tokens left"
            in notes(reply, "python")[0]
        )
        assert "tokens, for which a budget had room" in alert(reply, "python")
        again = nbstream.stream("hello").result(20)
    assert again.error is not None
    assert (again.error.kind, again.status) == ("budget", "failed")
    assert len(simulator.log()) == 1
    assert alert(again, "python").startswith("Nothing was sent: the budget of this `with` block, 1,500 tokens, has ")
    assert budget.spent == f"{reply.usage.total_tokens:,} tokens"


def test_a_reply_that_is_asked_again_has_its_own_limit_again(simulator: Simulator) -> None:
    for limit in ({}, {"max_tokens": 2500}):
        with nbstream.budget(tokens=1500):
            reply = nbstream.ask(_LONG, thinking=False, **limit)
        joined = reply.resume()
        sent = [entry["body"].get("max_tokens") for entry in simulator.log()[-2:]]
        assert sent[0] < 1500
        assert sent[1] == limit.get("max_tokens")
        assert not [each for each in joined.steps[-1].request.warnings if each.kind == "budget_lowered"]


def test_requests_at_the_same_time_do_not_pass_together(simulator: Simulator) -> None:
    most = Decimal("0.002")
    with nbstream.budget(most) as budget:
        runs = [nbstream.stream(f"{_LONG} {number}", max_tokens=2000) for number in range(10)]
        replies = [run.result(30) for run in runs]
    spent = sum((reply.cost.amount for reply in replies if reply.cost is not None), Decimal(0))
    assert 0 < spent <= most
    assert {reply.error.kind for reply in replies if reply.error is not None} == {"budget"}
    assert len(simulator.log()) == sum(reply.error is None for reply in replies) < 10
    assert budget.spent == str(type(replies[0].cost)(spent, "USD", "", None)) if replies[0].cost else True


def test_threads_of_a_block_are_counted(simulator: Simulator) -> None:
    with nbstream.budget(tokens=600) as budget, ThreadPoolExecutor(2) as threads:
        replies = [*threads.map(lambda prompt: nbstream.stream(prompt, max_tokens=300).result(20), [_LONG] * 4)]
    assert [reply.status for reply in replies].count("failed") >= 2
    assert budget.spent != "0 tokens"


def test_what_is_asked_in_a_block_counts_there_also_if_it_ends_later(simulator: Simulator) -> None:
    with nbstream.budget(tokens=10_000) as inner:
        run = nbstream.stream("hello [simulate: normal tokens=200 rate=400]")
    outside = nbstream.stream("hello").result(20)
    reply = run.result(20)
    assert reply.usage is not None
    assert outside.status == "complete"
    assert inner.spent == f"{reply.usage.total_tokens:,} tokens"


def test_a_server_that_ignores_the_limit_is_left_at_the_line(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the server did not know the field.
    monkeypatch.setattr(needs, "lowered", lambda request, _tokens, _said: request)
    with nbstream.budget(tokens=500) as budget:
        reply = nbstream.stream("[simulate: normal tokens=5000 rate=1000] Write a long text.").result(30)
    assert reply.error is not None
    assert (reply.error.kind, reply.error.cause) == ("budget", "line")
    assert reply.reasoning
    assert "Stopped at the budget of this `with` block, 500 tokens. What arrived is kept" in alert(reply, "python")
    assert budget.spent.startswith("about ")
    assert simulator.log()[-1]["deltas_sent"] < 2000


def test_a_reply_beyond_its_own_limit_goes_on_while_the_budget_has_room(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the server counted in tokens of another size.
    monkeypatch.setattr(chat_request, "max_tokens", lambda *_: 100_000)
    prompt = "[simulate: normal tokens=1500 rate=3000] Write a long text."
    with nbstream.budget(tokens=5000) as budget:
        reply = nbstream.stream(prompt, max_tokens=200).result(30)
        assert reply.error is None
        assert reply.usage is not None
        assert reply.usage.total_tokens is not None
        assert budget.spent == f"{reply.usage.total_tokens:,} tokens"
        # Nothing of what was reserved stays so.
        wait_until_settled()
        assert not any(account.reserved for account in own.get().blocks)
        stopped = nbstream.stream(prompt.replace("1500", "9000"), max_tokens=200).result(30)
    assert stopped.error is not None
    assert (stopped.error.kind, stopped.error.cause) == ("budget", "line")
    estimated = int(budget.spent.rpartition("about ")[2].split()[0].replace(",", ""))
    assert 500 < estimated < 5_000 - reply.usage.total_tokens


def test_a_stopped_reply_counts_by_its_estimate(simulator: Simulator) -> None:
    with nbstream.budget(1) as budget:
        run = nbstream.stream("[simulate: normal tokens=5000 rate=500] Write.")
        while len(run.reply.reasoning) < 50:
            run.receiver.wait(0, timeout=0.01)
        run.cancel()
        run.result(20)
    assert budget.spent.startswith("about $0.000")


def test_the_steps_of_a_tool_chain_pass_the_same_budget(simulator: Simulator) -> None:
    ran = threading.Event()

    @tool(consent="never")
    def weather(city: str) -> str:
        """Return the weather.

        Args:
            city: the city.
        """
        ran.set()
        return city * 1000

    prompt = '[simulate: tool-call]\n[simulate: call] weather {"city": "Bern"}\nWhat is the weather?'
    with nbstream.budget(tokens=1000):
        reply = nbstream.stream(prompt, tools=[weather]).result(30)
    assert ran.is_set()
    assert reply.error is not None
    assert reply.error.kind == "budget"
    assert len(simulator.log()) == 1


def _own_prices(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, folder: Path, rows: str, *, is_known: bool = False
) -> None:
    """Give the user prices, and let the server of the tests be none that has DeepSeek's."""
    (folder / "nbstream").mkdir()
    (folder / "nbstream" / "prices.toml").write_text(f"[[prices]]\n{rows}")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(folder))
    monkeypatch.setattr(chunks, "SIMULATED_FINGERPRINT", "fp_of_another_server")
    host = simulator.url.removeprefix("http://")
    monkeypatch.setattr(needs, "_served", {(host, "deepseek-flash"): "deepseek-flash"} if is_known else {})
    monkeypatch.setattr(needs, "_reported", {})


def test_a_row_of_the_user_is_the_price_of_a_server_of_this_machine(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = 'host = "127.0.0.1:*"\nmiss = 100\noutput = 1000'
    _own_prices(simulator, monkeypatch, tmp_path, rows)
    with nbstream.budget(1) as budget:
        replies = [nbstream.stream(_LONG, max_tokens=400).result(20) for _ in range(4)]
    assert [reply.error is None for reply in replies] == [True, True, False, False]
    spent = sum((reply.cost.amount for reply in replies if reply.cost is not None), Decimal(0))
    assert Decimal("0.8") < spent < 1
    assert budget.spent == f"${spent:.2f}"


def test_a_price_in_another_currency_holds_no_budget(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = 'host = "127.0.0.1:*"\nmiss = 100\noutput = 1000\ncurrency = "EUR"'
    _own_prices(simulator, monkeypatch, tmp_path, rows, is_known=True)
    with nbstream.budget(1):
        refused = nbstream.stream("hello").result(20)
    assert simulator.log() == []
    assert "the price of deepseek-flash in USD is not known, so the budget" in alert(refused, "python")
    assert nbstream.dry_run("hello").unpriced == 1


def test_a_server_that_reports_its_cost_in_another_currency_is_not_asked_again(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = 'host = "127.0.0.1:*"\nmiss = 1\noutput = 2\ncurrency = "CNY"'
    _own_prices(simulator, monkeypatch, tmp_path, rows)
    usage = Completion.usage
    monkeypatch.setattr(Completion, "usage", lambda self, sent=None: usage(self, sent) | {"cost": 0.25})
    monkeypatch.setattr(nbstream.settings, "currency", "CNY")
    with nbstream.budget(1):
        first, second = (nbstream.stream("hello").result(20) for _ in range(2))
    assert (first.status, str(first.cost)) == ("complete", "$0.25")
    assert len(simulator.log()) == 1
    assert "the price of deepseek-flash in CNY is not known, so the budget" in alert(second, "python")


def test_a_model_without_a_price_that_is_served_instead_is_not_asked_again(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _own_prices(simulator, monkeypatch, tmp_path, 'model = "deepseek-v4-flash"\nmiss = 100\noutput = 1000')
    with nbstream.budget(100):
        first, second = (nbstream.stream("hello", model="deepseek-v4-flash").result(20) for _ in range(2))
    assert (first.model, first.status, first.cost) == ("deepseek-flash", "complete", None)
    assert second.error is not None
    assert (second.error.kind, second.error.cause) == ("budget", "unpriced")


def test_an_unknown_price_is_refused_unless_the_user_allows_it(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server of this machine that has turned out not to be the simulator.
    monkeypatch.setattr(needs, "_served", {(simulator.url.removeprefix("http://"), "deepseek-flash"): "deepseek-flash"})
    with nbstream.budget(1):
        refused = nbstream.stream("hello").result(20)
    assert refused.error is not None
    assert (refused.error.kind, refused.error.cause) == ("budget", "unpriced")
    assert simulator.log() == []
    assert "the price of deepseek-flash is not known" in alert(refused, "python")
    with nbstream.budget(1, allow_unknown=True):
        first = nbstream.stream("hello").result(20)
        second = nbstream.stream("hello").result(20)
    assert (first.status, second.status) == ("complete", "complete")
    assert len(notes(first, "python")) == 1
    assert not notes(second, "python")


@pytest.mark.parametrize("amount", [0, -1, "x", True, float("nan")])
def test_what_is_no_amount_is_told(amount: object) -> None:
    with pytest.raises(nbstream.RequestError, match="must be a"):
        nbstream.budget(amount)  # type: ignore[arg-type]


def test_a_job_stops_once_and_keeps_what_it_has(simulator: Simulator) -> None:
    prompts = [f"[simulate: normal tokens=300] Number {number}." for number in range(200)]
    with nbstream.budget(tokens=2000):
        replies = ask_all(prompts, max_tokens=300)
    statuses = Counter(reply.status for reply in replies)
    assert 4 <= statuses["truncated"] <= 6
    assert len(simulator.log()) == statuses["truncated"]
    # The others were not tried one by one.
    assert statuses["failed"] <= 8


def test_a_job_waits_for_what_its_other_requests_have_reserved(simulator: Simulator) -> None:
    # Each reserves 3,000 tokens for its reply, so four at once, and takes about 400.
    prompts = [f"[simulate: normal tokens=50] Number {number}." for number in range(20)]
    with nbstream.budget(tokens=13_000):
        replies = ask_all(prompts, max_tokens=3000)
    assert [reply.status for reply in replies] == ["complete"] * 20


def test_columns_of_a_comparison_pass_the_same_budget(simulator: Simulator) -> None:
    with nbstream.budget(tokens=700):
        columns = nbstream.Compare(f"{_LONG}", [{"model": "flash"}, {"model": "pro"}], max_tokens=600)
        statuses = [column.run.result(20).status for column in columns.columns if column.run is not None]
    assert sorted(statuses) == ["failed", "truncated"]
    columns.close()


def test_a_continued_reply_passes_the_budget(simulator: Simulator) -> None:
    with nbstream.budget(tokens=1500):
        reply = nbstream.ask(_LONG, thinking=False)
        assert reply.status == "truncated"
        joined = reply.resume()
    assert joined.error is not None
    assert joined.error.kind == "budget"
    assert joined.answer.startswith(reply.answer)
    assert len(simulator.log()) == 1


def test_workers_of_other_processes_count_in_a_block(simulator: Simulator) -> None:
    context = multiprocessing.get_context("spawn")
    with nbstream.budget(tokens=2000) as budget, ProcessPoolExecutor(2, mp_context=context) as executor:
        replies = ask_all([f"{_LONG} {number}" for number in range(20)], max_tokens=300, executor=executor)
    statuses = Counter(reply.status for reply in replies)
    assert 4 <= statuses["truncated"] <= 6
    assert len(simulator.log()) == statuses["truncated"]
    assert int(budget.spent.split()[0].replace(",", "")) <= 2000


def test_replies_that_are_asked_for_at_once_share_what_is_left() -> None:
    request = Request("deepseek-flash", "https://api.deepseek.com", ({"role": "user", "content": "Hi"},), {"n": 4})
    need = needs.need_of(request, "USD")
    assert need.wanted == 4 * 65_536
    assert needs.lowered(request, 4000, "as it is").parameters["max_tokens"] == 1000


def test_what_a_server_takes_for_writing_to_its_cache_is_reserved() -> None:
    request = Request("claude-sonnet-4-5", "https://api.anthropic.com", ({"role": "user", "content": "Hi"},))
    price = needs.price_of(request, 1_000_000, "USD", datetime(2026, 11, 20, tzinfo=UTC).timestamp())
    # $6 a million above 200,000 tokens; to write them to the cache costs 1.25 times as much.
    assert price is not None
    assert price.prompt == Decimal("7.50")
