"""What stopped, broken, repeated and continued requests cost, against a real server."""

from __future__ import annotations

import json
import threading
import time
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.billing.estimates import estimated_usage, prompt_tokens_estimate
from nbstream.billing.prices import priced
from nbstream.chat import again, conversation
from nbstream.client.retry import Limits
from nbstream.client.run import Run
from nbstream.client.sources import SourceError
from nbstream.model.failure import Failure
from nbstream.model.request import Request
from nbstream.model.saved_values import decode, encode
from nbstream.model.spend import Spend
from nbstream.model.unreported import unreported_output, unreported_prompt
from nbstream.model.usage import Usage
from nbstream.output import chat_figures
from nbstream.output.wording import footer
from nbstream.sessions.per_session import PerSession
from tests.exchange.conftest import Tools, calls
from tests.pieces import PiecesSource
from tests.wire.test_simulator_streams import FINISH, content, stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nbstream.client.sources import Noting
    from nbstream.model.failure import FailureKind
    from nbstream.model.reply import Reply
    from nbstream.model.usage import Cost
    from nbstream.simulator.server import Simulator

FLASH = Request("deepseek-flash", "https://api.deepseek.com", ({"role": "user", "content": "Why? " * 100},))
TOKENS = prompt_tokens_estimate(FLASH)


@pytest.fixture(autouse=True)
def _own_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_chats", PerSession(dict))


def stopped(prompt: str, **options: Any) -> Reply:
    """Return a reply that was stopped after its first text."""
    run = nbstream.stream(prompt, **options)
    while not (run.reply.answer or run.reply.reasoning):
        time.sleep(0.005)
    time.sleep(0.05)
    run.cancel()
    return run.result(20)


def amount(cost: Cost | None) -> Decimal:
    assert cost is not None
    return cost.amount


def test_a_stopped_reply_has_an_estimate_and_no_cost(simulator: Simulator) -> None:
    whole = nbstream.stream("[simulate: normal tokens=40] Why?").result(20)
    reply = stopped("[simulate: silence after=40] Why?")
    assert (reply.status, reply.usage, reply.cost) == ("cancelled", None, None)
    assert whole.usage is not None
    # About what the server would have counted.
    assert estimated_usage(reply).prompt_tokens == pytest.approx(whole.usage.prompt_tokens, abs=15)
    assert unreported_output(reply) == pytest.approx(40, rel=0.35)
    assert amount(reply.estimate) == amount(priced(reply, estimated_usage(reply)))
    assert str(reply.spend).startswith("about $0.00")
    tokens, cost = footer(reply)[-3], footer(reply)[-1]
    given, received = unreported_prompt(reply), unreported_output(reply)
    assert tokens == f"usage not reported (about {given} tokens in, {received} out)"
    assert cost.startswith("would cost about $0.00")
    # As it is kept in a file, with the estimate of the time at which it was asked.
    kept = decode(json.loads(json.dumps(encode(reply))))
    assert (kept.spend, footer(kept)) == (reply.spend, footer(reply))


@pytest.mark.parametrize("ending", ["reset after=20", "close after=20"])
def test_so_has_a_broken_one(simulator: Simulator, ending: str) -> None:
    reply = nbstream.stream(f"[simulate: {ending}] Why?").result(20)
    assert (reply.status, reply.cost) == ("failed", None)
    assert amount(reply.estimate) > 0
    assert unreported_output(reply) > 10


@pytest.mark.parametrize("scenario", ["401", "402", "429 retry-after=0", "400"])
def test_what_is_refused_costs_nothing(simulator: Simulator, scenario: str) -> None:
    reply = nbstream.stream(f"[simulate: {scenario}] Why?").result(20)
    assert (reply.status, reply.spend) == ("failed", Spend())


def test_a_request_that_still_waits_for_its_turn_costs_nothing(simulator: Simulator) -> None:
    run = nbstream.stream("[simulate: queue seconds=inf every=0.05] Why?")
    while run.reply.wait is None:
        time.sleep(0.01)
    run.cancel()
    assert run.result(20).spend == Spend()
    # Without such a word, the server may have begun.
    run = nbstream.stream("[simulate: headers-late seconds=inf] Why?")
    while not any(entry["method"] == "POST" and "headers-late" in str(entry["body"]) for entry in simulator.log()):
        time.sleep(0.01)
    run.cancel()
    reply = run.result(20)
    assert (unreported_output(reply), unreported_prompt(reply) > 0) == (0, True)


def test_counts_with_each_piece_are_a_lower_bound_and_no_estimate(simulator: Simulator) -> None:
    reply = stopped("[simulate: usage-every silence after=30] Why?")
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 30
    assert reply.estimate is None
    assert amount(reply.cost) == amount(priced(reply, reply.usage))
    assert reply.spend.at_least
    assert any(item.startswith(f"would cost {reply.spend}") for item in footer(reply))


def test_the_last_step_of_tools_is_estimated_and_the_others_are_exact(simulator: Simulator) -> None:
    tools = Tools()
    prompt = calls("clock {}").replace("tokens=20", "tokens=4000 rate=300")
    run = nbstream.stream(prompt, tools=tools.all, thinking=False)

    def stop() -> None:
        while not run.reply.answer or len(run.reply.steps) == 1:
            time.sleep(0.005)
        run.cancel()

    threading.Thread(target=stop).start()
    reply = run.result(20)
    first, last = reply.steps
    assert (reply.status, last.cost) == ("cancelled", None)
    assert amount(reply.cost) == amount(first.cost)
    assert reply.cost is not None
    assert reply.cost.at_least
    assert reply.estimate == last.estimate
    assert str(reply.spend) == f"{first.spend} + about {reply.estimate.text(1)}"  # type: ignore[union-attr]
    # The last prompt holds the one before, which the server has in its cache.
    assert first.usage is not None
    assert estimated_usage(reply).cache_hit_tokens == first.usage.prompt_tokens
    # Of the last prompt only what is new is estimated: the result of the tool.
    out = first.usage.completion_tokens or 0
    assert 0 < unreported_prompt(reply) - (first.usage.prompt_tokens or 0) - out < 20
    assert f"would cost {reply.spend}" in footer(reply)[-1]


def test_a_continued_reply_has_the_estimate_of_its_first_part(simulator: Simulator) -> None:
    first = stopped("[simulate: silence after=60] Why?", thinking=False)
    # The rest of the same answer.
    continued = again.start(again.another("continue", first, {"extra_body": {"simulate": "normal"}}), first, "continue")
    reply = continued.result(20)
    assert (reply.status, reply.earlier is not None) == ("complete", True)
    assert reply.estimate == first.estimate
    own = priced(reply, reply.own.usage or Usage())
    assert amount(reply.cost) == amount(own)
    assert (unreported_output(reply), unreported_prompt(reply)) == (
        unreported_output(first),
        unreported_prompt(first),
    )


def test_a_chat_counts_each_version_once_and_says_what_is_estimated(simulator: Simulator) -> None:
    chat = nbstream.Chat("versions", thinking=False)
    first = chat.stream("[simulate: normal tokens=30] Why?").result(20)
    second = again.start(again.another("retry", first, {}), first, "retry").result(20)
    cut = chat.stream("[simulate: silence after=60] And?")
    while not cut.reply.answer:
        time.sleep(0.005)
    cut.cancel()
    cut_reply = cut.result(20)
    options: Any = {"extra_body": {"simulate": "normal"}}
    whole = again.start(again.another("continue", cut_reply, options), cut_reply, "continue").result(20)
    replies = chat_figures.replies(chat)
    assert {id(each) for each in replies} == {id(each) for each in (first, second, whole)}
    total = chat_figures.spend(replies)
    assert amount(total.cost) == amount(first.cost) + amount(second.cost) + amount(whole.cost)
    assert total.estimate == cut_reply.estimate
    said, note = chat_figures.running_cost(replies)
    assert said == f"would cost {total} for 3 replies"
    assert "What is “about” is estimated" in note


def test_a_reply_that_is_asked_anew_as_no_answer_had_begun_stays_in_the_sum(simulator: Simulator) -> None:
    chat = nbstream.Chat("anew")
    run = chat.stream("[simulate: silence after=10] Why?", thinking=True)
    while not run.reply.reasoning:
        time.sleep(0.005)
    run.cancel()
    thought = run.result(20)
    options: Any = {"extra_body": {"simulate": "normal"}}
    anew = again.start(again.another("continue", thought, options), thought, "continue").result(20)
    assert anew.earlier is None
    assert chat_figures.spend(chat_figures.replies(chat)) == thought.spend + anew.spend


class Breaking(PiecesSource):
    """A response that breaks off before its first text, so often, and then is whole."""

    speed = 1000.0

    def __init__(
        self, times: int, *chunks: dict[str, Any], kind: FailureKind = "disconnected", request: Request = FLASH
    ) -> None:
        super().__init__([(0.0, stream(*({**each, "model": request.model} for each in chunks)))], speed=0)
        self.request = request
        self.left, self.failure = times, Failure(kind)

    @asynccontextmanager
    async def open(self, response: Noting) -> AsyncIterator[AsyncIterator[bytes]]:
        async def broken() -> AsyncIterator[bytes]:
            if self.failure.kind != "unreachable":
                yield stream({**content(""), "model": self.request.model}, done=False)
            raise SourceError(self.failure)

        if self.left:
            self.left -= 1
            response.answered(200, {})
            yield broken()
        else:
            async with super().open(response) as pieces:
                yield pieces


WHOLE = {**FINISH, "usage": {"prompt_tokens": 500, "completion_tokens": 7, "prompt_cache_hit_tokens": 0}}


def test_attempts_that_broke_after_the_server_began_are_estimated() -> None:
    reply = Run(Breaking(2, content("Because."), WHOLE), Limits(retries=2)).result(20)
    assert (reply.status, reply.answer) == ("complete", "Because.")
    assert amount(reply.cost) == amount(priced(reply, Usage(500, 7, cache_miss_tokens=500)))
    # Each of the two had a prompt.
    one = priced(reply, Usage(TOKENS, 0, TOKENS, 0, TOKENS))
    assert amount(reply.estimate) == 2 * amount(one)
    assert (unreported_prompt(reply), reply.usage and reply.usage.prompt_tokens) == (2 * TOKENS, 500)
    assert f"about {2 * TOKENS:,} tokens in, not reported" in footer(reply)
    assert decode(json.loads(json.dumps(encode(reply)))) == reply
    # The connection that was refused before it costs nothing.
    refused = Breaking(1, content("Because."), WHOLE, kind="unreachable")
    assert Run(refused, Limits(retries=2)).result(20).estimate is None


def test_what_has_no_price_is_counted_and_said() -> None:
    elsewhere = Request("m", "http://127.0.0.1:8000", FLASH.messages)
    reply = Run(Breaking(1, content("Because."), request=elsewhere), Limits(retries=1)).result(20)
    assert (reply.cost, reply.estimate) == (None, None)
    assert reply.spend == Spend(unknown=1)
    # The tokens are estimated all the same.
    assert unreported_output(reply) > 0
    known = Run(Breaking(0, content("Because."), WHOLE), Limits()).result(20)
    both = reply.spend + known.spend
    assert both.at_least
    assert str(both).endswith(f" {known.cost}")


NAN = float("nan")
#: What a server reports, the tokens that are read, and whether the cost is exact and has an
#: estimate beside it.
REPORTS = [
    ({"prompt_tokens": 500, "completion_tokens": 7}, (500, 7), True, False),
    # Zeros under an answer are no counts.
    ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, None, False, True),
    ({"prompt_tokens": 500, "completion_tokens": 0}, (500, None), True, True),
    ({"prompt_tokens": 0, "completion_tokens": 7, "total_tokens": 7}, (None, 7), True, True),
    # Only a part.
    ({"prompt_tokens": 500}, (500, None), True, True),
    ({"completion_tokens": 7}, (None, 7), True, True),
    ({"total_tokens": 507}, (None, None), False, True),
    # Numbers that are none.
    ({"prompt_tokens": -500, "completion_tokens": 7}, (None, 7), True, True),
    ({"prompt_tokens": NAN, "completion_tokens": float("inf")}, None, False, True),
    ({"prompt_tokens": 500, "completion_tokens": 7, "cost": -1}, (500, 7), True, False),
    ({"prompt_tokens": 500, "completion_tokens": 7, "cost": NAN}, (500, 7), True, False),
    # The server's own cost needs no tokens.
    ({"cost": 0.25}, (None, None), True, False),
    (None, None, False, True),
]


@pytest.mark.parametrize(("raw", "tokens", "has_cost", "has_estimate"), REPORTS)
def test_every_report_of_a_complete_reply(
    raw: dict[str, Any] | None,
    tokens: tuple[int | None, int | None] | None,
    has_cost: bool,  # noqa: FBT001
    has_estimate: bool,  # noqa: FBT001
) -> None:
    finish = FINISH if raw is None else {**FINISH, "usage": raw}
    reply = Run(Breaking(0, content("Because it is so."), finish), Limits()).result(20)
    assert reply.status == "complete"
    usage = reply.usage
    assert (None if usage is None else (usage.prompt_tokens, usage.completion_tokens)) == tokens
    assert (reply.cost is not None, reply.estimate is not None) == (has_cost, has_estimate)
    known = tokens or (None, None)
    assert (unreported_prompt(reply) > 0) is (has_estimate and known[0] is None)
    if raw == {"cost": 0.25}:
        assert amount(reply.cost) == Decimal("0.25")
    elif has_estimate:
        # Both together are what all tokens cost, counted or estimated.
        both = sum(each.amount for each in (reply.cost, reply.estimate) if each is not None)
        assert both == amount(priced(reply, estimated_usage(reply)))


def test_a_later_count_without_the_prompt_keeps_the_earlier_one() -> None:
    first = {**content("Because."), "usage": {"prompt_tokens": 500, "completion_tokens": 2}}
    last = {**FINISH, "usage": {"prompt_tokens": 0, "completion_tokens": 7}}
    reply = Run(Breaking(0, first, last), Limits()).result(20)
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (500, 7)
    assert reply.estimate is None


def test_a_replayed_reply_costs_nothing_now(simulator: Simulator, tmp_path: Any) -> None:
    with nbstream.record(tmp_path / "a.jsonl"):
        paid = nbstream.stream("[simulate: normal tokens=20] Why?").result(20)
    with nbstream.replay(tmp_path / "a.jsonl", speed=float("inf")):
        replayed = nbstream.stream("[simulate: normal tokens=20] Why?").result(20)
    assert (str(replayed.spend), replayed.spend.replayed, replayed.estimate) == ("$0", 1, None)
    both = paid.spend + replayed.spend
    assert (amount(both.cost), both.unknown) == (amount(paid.cost), 0)
