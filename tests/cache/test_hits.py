"""What the cache answers, and what it keeps: every kind of request and of end."""

from __future__ import annotations

import concurrent.futures
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client import continuation, settings
from nbstream.client.cache import choice
from nbstream.client.cache.identity import identity
from nbstream.client.start import start_run
from nbstream.exchange import front_end
from nbstream.jupyter.many import map as ask_all
from nbstream.model.decision import Decision
from nbstream.model.saved_values import decode, encode
from nbstream.output.compared.figures import figures_of, notes_of
from nbstream.output.wording import footer, thought
from nbstream.recordings import seal
from nbstream.simulator.server import Simulator
from tests.cache.conftest import ask, only, sent
from tests.exchange.conftest import calls
from tests.hostile.server import HostileServer, Response, chunk
from tests.recordings.conftest import told

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path


def test_a_second_time_nothing_is_sent(folder: Path, simulator: Simulator) -> None:
    live = ask("twice")
    cached = ask("twice")
    assert sent(simulator) == 1
    assert told(cached) == told(live)
    assert (live.recorded, str(cached.cost)) == (None, "$0")
    assert cached.recorded is not None
    assert (cached.recorded.kind, _amount(cached)) == ("cache", _amount(live))
    items = footer(cached)
    (item,) = [each for each in items if "cached" in each]
    assert item.endswith(f", cached, $0 (then it would have cost {live.spend})")
    # The times of a file are not the server's.
    assert not any(each in item for item in items for each in ("prices of", "first token", "tok/s", " s"))
    assert (thought(live)[:12], thought(cached)) == ("Thought for ", "Thought")
    assert decode(encode(cached)).recorded == cached.recorded
    assert only(folder).suffix == ".jsonl"


def _amount(reply: nbstream.Reply) -> Decimal:
    """Return what a reply cost, when a server sent it."""
    cost = reply.cost if reply.recorded is None else reply.recorded.cost
    assert cost is not None
    return cost.amount


def test_off_by_default(folder: Path, simulator: Simulator) -> None:
    for _ in range(2):
        nbstream.stream("not kept").result(20)
    assert sent(simulator) == 2
    assert not folder.exists()


def test_the_setting_and_a_folder_of_ones_own(folder: Path, simulator: Simulator, tmp_path: Path) -> None:
    nbstream.settings.cache = True
    for _ in range(2):
        ask("set", cache=None)
    assert (sent(simulator), len([*folder.iterdir()])) == (1, 1)
    ask("set", cache=False)
    nbstream.settings.cache = "../shared answers"
    for _ in range(2):
        ask("set", cache=None)
    other = tmp_path.parent / "shared answers"
    assert (sent(simulator), only(other).name) == (3, only(folder).name)
    only(other).unlink()


def test_no_key_and_no_server_are_needed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "canary-0123456789abcdef")
    with Simulator(port=0, rate=0, first_token=0) as started:
        monkeypatch.setenv("DEEPSEEK_BASE_URL", started.url)
        live = ask("offline")
        text = only(folder).read_text()
        assert "canary" not in text
        monkeypatch.setenv("DEEPSEEK_API_KEY", "another-0123456789abcdef")
        assert told(ask("offline")) == told(live)
        assert sent(started) == 1
    # As if DeepSeek had sent it: there, nothing is sent without a key.
    taken = seal.unsealed(only(folder).read_bytes())
    url = "https://api.deepseek.com/chat/completions"
    digest = identity(url, taken.asked.body or {})
    (folder / f"{digest}.jsonl").write_bytes(seal.sealed(replace(taken, asked=replace(taken.asked, url=url))))
    monkeypatch.delenv("DEEPSEEK_BASE_URL")
    monkeypatch.delenv("DEEPSEEK_API_KEY")
    assert told(ask("offline")) == told(live)
    # Even many of them.
    replies = [*ask_all(["another", "offline"], cache=True, concurrency=1)]
    assert (replies[1].answer, replies[1].status) == (live.answer, "complete")
    assert replies[0].error is not None
    assert "DEEPSEEK_API_KEY" in replies[0].error.said
    with pytest.raises(nbstream.RequestError, match=r"No API key for .*DEEPSEEK_API_KEY"):
        ask("not kept")


@pytest.mark.parametrize(
    "scenario",
    [
        *("401", "402 body=html", "503", "close after=5", "close after=5 ending=clean", "truncate after=5", "garbage"),
        *("html", "error-in-band after=3", "silence after=5", "max_tokens=6", "empty"),
    ],
)
def test_what_is_not_complete_is_not_kept(
    scenario: str, folder: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings.Settings(bytes_idle=0.5, payload_idle=1.0, retries=0)
    monkeypatch.setattr(settings, "current", lambda: chosen)
    limit: dict[str, Any] = {"max_tokens": 6} if scenario.startswith("max_tokens") else {}
    prompt = "[simulate: tokens=20] cut" if limit else f"[simulate: {scenario} tokens=20] fails"
    if scenario == "empty":
        prompt, limit = "[simulate: structured wrong=empty times=9]People.", {"schema": "[name]", "tries": 1}
    for _ in range(2):
        reply = ask(prompt, **limit)
        assert (reply.status, reply.answer.strip()) != ("complete", "filled")
    assert sent(simulator) == 2
    assert not folder.exists()


def test_a_connection_that_breaks_behind_a_complete_reply_costs_nothing_the_second_time(folder: Path) -> None:
    headers = {"Content-Type": "text/event-stream", "Content-Length": "9999"}
    body = Response([chunk(content="Yes."), chunk(finish="stop")], headers=headers)
    with HostileServer({"v1": lambda _: body}) as server:
        replies = [ask("broken", base_url=f"{server.url}/v1", api_key="none") for _ in range(2)]
    assert [(reply.status, reply.answer, reply.warnings) for reply in replies] == [("complete", "Yes.", ())] * 2
    assert len(server.requests) == 1
    assert replies[1].recorded is not None


def test_a_retry_before_the_first_delta_is_kept_alone(folder: Path, simulator: Simulator) -> None:
    nbstream.settings.retries = 1
    for _ in range(2):
        reply = ask("[simulate: 503 times=1 tokens=9] busy once")
        assert reply.status == "complete"
    assert sent(simulator) == 2
    assert only(folder).read_text().count('"response"') == 1


def test_a_stopped_reply_is_not_kept(folder: Path, simulator: Simulator) -> None:
    run = nbstream.stream("[simulate: silence after=8] stop me", cache=True)
    while not run.reply.reasoning:
        time.sleep(0.01)
    run.cancel()
    assert run.result(20).status == "cancelled"
    assert choice.problems() == ""
    assert sent(simulator) == 1
    assert not folder.exists()


def test_fresh_replaces_and_samples_stand_beside_each_other(folder: Path, simulator: Simulator) -> None:
    first = ask("[simulate: tokens=9] say")
    second = ask("[simulate: tokens=9] say", sample=2)
    assert first.id != second.id
    assert [ask("[simulate: tokens=9] say", sample=number).id for number in (1, 2)] == [first.id, second.id]
    assert sent(simulator) == 2
    assert len({each.name.partition(".")[0].partition("-")[0] for each in folder.iterdir()}) == 1
    fresh = ask("[simulate: tokens=9] say", fresh=True)
    assert fresh.recorded is None
    assert [ask("[simulate: tokens=9] say", sample=number).id for number in (1, 2)] == [fresh.id, second.id]
    # A fresh reply that is not complete leaves the one that is kept.
    run = nbstream.stream("[simulate: tokens=9] say", cache=True, fresh=True)
    run.cancel()
    run.result(20)
    assert ask("[simulate: tokens=9] say").id == fresh.id


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cache": False, "fresh": True}, "`fresh=` needs the cache"),
        ({"cache": None, "sample": 2}, "`sample=` needs the cache"),
        ({"sample": 0}, "at least 1"),
        ({"sample": True}, "at least 1"),
        ({"cache": 3}, "True, False, or a folder"),
    ],
)
def test_options_that_are_not_valid(options: dict[str, Any], said: str, simulator: Simulator) -> None:
    with pytest.raises(nbstream.RequestError, match=said):
        ask("not sent", **options)
    assert sent(simulator) == 0


def test_retry_is_fresh_and_keeps(folder: Path, simulator: Simulator) -> None:
    prompt = "[simulate: tokens=9] again"
    first = ask(prompt, sample=2)
    cached = ask(prompt, sample=2)
    again = start_run(continuation.retried(cached, {})).result(20)
    assert (again.recorded, sent(simulator)) == (None, 2)
    assert again.id != first.id
    assert choice.problems() == ""
    assert ask(prompt, sample=2).id == again.id
    assert len([*folder.iterdir()]) == 1
    # Of one without the cache, too; and with options, which go first.
    plain = nbstream.stream(prompt).result(20)
    start_run(continuation.retried(plain, {})).result(20)
    start_run(continuation.retried(cached, {"cache": False})).result(20)
    assert choice.problems() == ""
    assert (len([*folder.iterdir()]), ask(prompt, sample=2).id) == (1, again.id)
    assert start_run(continuation.retried(plain, {"cache": True})).result(20).recorded is None
    assert choice.problems() == ""
    assert len([*folder.iterdir()]) == 2


def test_chats_structures_gaps_and_the_other_api(folder: Path, simulator: Simulator) -> None:
    def talk() -> list[nbstream.Reply]:
        chat = nbstream.Chat(f"lesson-{time.monotonic_ns()}", system="Be brief.", cache=True)
        found = [chat.stream(f"[simulate: tokens=9] {number}").result(20) for number in ("one", "two", "three")]
        found.append(ask("[simulate: structured wrong=fences]People.", schema="[name, age int]"))
        found.append(ask("[simulate: structured wrong=text times=1]Names.", schema="[name, age int]", tries=2))
        found.append(nbstream.complete("def fib(n):", "    return fib(n - 1)", cache=True))
        found.append(ask("median", model="deepseek-anthropic/flash"))
        found.append(ask("Begin", prefix="Once upon a time", thinking=False))
        found.append(ask(None, messages=[{"role": "user", "content": "a list"}]))
        found.append(ask("likely", logprobs=2, thinking=False))
        return found

    live = talk()
    assert [each.error for each in live] == [None] * len(live)
    assert len(live[4].steps) == 2
    assert choice.problems() == ""
    requests = sent(simulator)
    cached = talk()
    assert sent(simulator) == requests
    assert [told(each) for each in cached] == [told(each) for each in live]
    assert [each.logprobs for each in cached] == [each.logprobs for each in live]
    assert all(step.recorded is not None for each in cached for step in each.steps)
    assert len([*folder.iterdir()]) == requests


def test_another_turn_before_is_another_request(simulator: Simulator, folder: Path) -> None:
    for first in ("one", "another one"):
        chat = nbstream.Chat(f"turns-{len(first)}", cache=True)
        chat.stream(f"[simulate: tokens=9] {first}").result(20)
        chat.stream("[simulate: tokens=9] the same").result(20)
    assert choice.problems() == ""
    assert sent(simulator) == 4
    assert len([*folder.iterdir()]) == 4


def test_a_saved_chat_keeps_its_cache(folder: Path, simulator: Simulator, tmp_path: Path) -> None:
    chat = nbstream.Chat("kept", cache=tmp_path / "answers")
    first = chat.stream("[simulate: tokens=9] one").result(20)
    chat.save(tmp_path / "chat.json")
    loaded = nbstream.Chat.load(tmp_path / "chat.json", "loaded")
    assert loaded.turns[0].reply.request.caching == first.request.caching
    second = chat.stream("[simulate: tokens=9] two").result(20)
    assert choice.problems() == ""
    assert loaded.stream("[simulate: tokens=9] two").result(20).id == second.id
    assert (sent(simulator), folder.exists()) == (2, False)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def test_a_reply_with_calls_is_asked_each_time(
    folder: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_end, "ask", lambda _: Decision("allow"))
    for number in (1, 2):
        reply = ask(calls('add {"a": 2, "b": 3}'), tools=[add])
        assert (len(reply.steps), sent(simulator)) == (2, 2 * number)
    assert not folder.exists()
    # One that calls none of its tools has no effect.
    for _ in range(2):
        ask("[simulate: tokens=9] without a call", tools=[add])
    assert sent(simulator) == 5
    ask("[simulate: tokens=9] without a call")
    assert sent(simulator) == 6


def test_many_prompts_equal_ones_too(folder: Path, simulator: Simulator, tmp_path: Path) -> None:
    prompts = ["[simulate: tokens=9] heads or tails"] * 3 + ["[simulate: tokens=9] another"]
    first = ask_all(prompts, cache=True)
    assert choice.problems() == ""
    assert (sent(simulator), len({each.id for each in first})) == (4, 4)
    second = ask_all(prompts, cache=True)
    assert [each.id for each in second] == [each.id for each in first]
    assert (sent(simulator), str(second.cost)) == (4, "$0")
    # What is in the file of `save=` is not looked up, and what is in the cache goes into the file.
    third = ask_all(prompts, cache=True, save=tmp_path / "answers.jsonl")
    assert sent(simulator) == 4
    assert [each.id for each in ask_all(prompts, save=tmp_path / "answers.jsonl")] == [each.id for each in third]
    assert sent(simulator) == 4
    with (
        concurrent.futures.ProcessPoolExecutor(1) as executor,
        pytest.raises(nbstream.RequestError, match="not kept in the cache"),
    ):
        ask_all(prompts, cache=True, executor=executor)


def test_columns_of_a_comparison(folder: Path, simulator: Simulator) -> None:
    def compared() -> list[nbstream.Reply]:
        compare = nbstream.Compare("[simulate: tokens=9] side by side", ["flash", "flash", "pro"], cache=True)
        compare.wait(20)
        assert choice.problems() == ""
        return [*compare.replies]

    first = compared()
    second = compared()
    assert len({each.id for each in first}) == 3
    assert [each.id for each in second] == [each.id for each in first]
    assert (sent(simulator), len([*folder.iterdir()])) == (3, 3)
    # There is nothing to compare in the times of files.
    assert "replies of the cache cost nothing, and have no times" in notes_of(second)
    figures = figures_of(second)[0]
    assert {each.label for each in figures}.isdisjoint({"first token", "time", "tok/s"})
    assert [(each.text, each.is_best) for each in figures if each.label == "cost"] == [("$0", False)]


def test_a_recording_gets_what_the_cache_answers(folder: Path, simulator: Simulator, tmp_path: Path) -> None:
    live = ask("into a recording")
    kept = only(folder).read_bytes()
    with nbstream.record(tmp_path / "lesson.jsonl"):
        ask("into a recording")
    with nbstream.replay(tmp_path / "lesson.jsonl", "max"):
        replayed = ask("into a recording")
        unknown = ask("not recorded")
    assert told(replayed) == told(live)
    assert replayed.recorded is not None
    assert (replayed.recorded.kind, _amount(replayed)) == ("recording", _amount(live))
    assert unknown.error is not None
    assert unknown.error.kind == "not_recorded"
    assert (sent(simulator), only(folder).read_bytes()) == (1, kept)
    # A file of the cache is a recording.
    with nbstream.replay(only(folder), "max"):
        assert told(ask("into a recording", cache=False)) == told(live)
    # A request that is recorded is kept, too.
    with nbstream.record(tmp_path / "lesson.jsonl"):
        ask("both")
    assert (sent(simulator), len([*folder.iterdir()])) == (2, 2)
    assert "both" in (tmp_path / "lesson.jsonl").read_text()


def test_what_is_kept_names_nobody(folder: Path, simulator: Simulator) -> None:
    body = {"user_id": "student-7", "user": "student-7", "top_k": 5}
    ask("who asks", extra_body=body)
    text = only(folder).read_text()
    assert "student-7" not in text
    assert "simulated" not in text.split('"body"')[0]
    assert ask("who asks", extra_body={**body, "user_id": "student-8"}).recorded is not None
    assert ask("who asks", extra_body={"top_k": 5}).recorded is not None
    assert json.loads(text.splitlines()[1])["body"]["top_k"] == 5
    assert ask("who asks", extra_body={**body, "top_k": 6}).recorded is None
    assert sent(simulator) == 2


def test_a_continued_reply_is_not_kept(folder: Path, simulator: Simulator) -> None:
    nbstream.settings.retries = 0
    cut = ask("[simulate: truncate after=12 tokens=30] continue me", thinking=False)
    assert cut.answer
    rest = start_run(continuation.resumed(cut, {"extra_body": {"simulate": "normal"}})).result(20)
    assert rest.status == "complete"
    assert choice.problems() == ""
    assert sent(simulator) == 2
    assert not folder.exists()
