"""What was recorded is replayed as the same reply: every kind of request and of end."""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import json
import multiprocessing
import time
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client import continuation, listings, settings
from nbstream.client.routing import server
from nbstream.client.start import start_run
from nbstream.client.trace import trace_of
from nbstream.exchange import front_end
from nbstream.jupyter.many import map as ask_all
from nbstream.model.decision import Decision
from nbstream.model.events import Replayed
from nbstream.model.reduction import reduced
from nbstream.model.retelling import events_of
from nbstream.model.saved_values import decode, encode
from nbstream.model.serialization import decode_event, encode_event
from nbstream.output.sentences import alert
from nbstream.output.wording import footer
from nbstream.recordings import lines
from nbstream.recordings.recording import load
from nbstream.simulator.server import Simulator
from tests.exchange.conftest import calls
from tests.hostile.server import HostileServer, Response, chunk
from tests.recordings.conftest import told

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.client.options import Options


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits short enough for a test."""
    chosen = settings.Settings(bytes_idle=0.5, payload_idle=1.0, retries=1)
    monkeypatch.setattr(settings, "current", lambda: chosen)


def ask(prompt: str, **options: Any) -> nbstream.Reply:
    return nbstream.stream(prompt, **options).result(30)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


TURNS = tuple(f"[simulate: tokens=9] {number}" for number in ("one", "two", "three"))
ENDS = [
    "normal",
    "503 times=1",
    "429 times=1 retry-after=0.1",
    "401",
    "402 body=html",
    "400 body=empty",
    "reset after=5",
    "close after=5",
    "close after=5 ending=clean",
    "close byte=0",
    "silence after=5",
    "silence after=0",
    "truncate after=5",
    "no-done",
    "json",
    "html",
    "garbage",
    "error-in-band after=3",
    "think-tags",
    "surrogates",
    "bom crlf",
    "usage-every",
]


@pytest.mark.parametrize("scenario", ENDS)
@pytest.mark.usefixtures("quick")
def test_each_end_is_replayed(scenario: str, path: Path, simulator: Simulator) -> None:
    prompt = f"[simulate: {scenario} tokens=20] one of {path.parent.name}"
    with nbstream.record(path):
        live = ask(prompt)
    requests = len(simulator.log())
    with nbstream.replay(path, speed="max"):
        replayed = ask(prompt)
    assert told(replayed) == told(live)
    assert len(simulator.log()) == requests
    assert replayed.recorded is not None or live.error is not None
    first, second = trace_of(live), trace_of(replayed)
    assert first is not None
    assert second is not None
    facts = [[(each.status, each.end, each.attempt) for each in trace.responses] for trace in (first, second)]
    assert facts[0] == facts[1]
    data = [[b"".join(piece.data for piece in each.pieces) for each in trace.responses] for trace in (first, second)]
    assert data[0] == data[1]


def test_nothing_is_sent_and_no_key_is_needed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator(port=0, rate=0, first_token=0) as started:
        monkeypatch.setenv("DEEPSEEK_BASE_URL", started.url)
        monkeypatch.setenv("DEEPSEEK_API_KEY", "simulated")
        with nbstream.record(path):
            live = ask("a lesson without a server")
    monkeypatch.delenv("DEEPSEEK_API_KEY")
    monkeypatch.delenv("DEEPSEEK_BASE_URL")
    with nbstream.replay(path, "max"):
        assert told(ask("a lesson without a server")) == told(live)
    monkeypatch.setenv("DEEPSEEK_BASE_URL", f"replay:{path}?speed=max")
    assert told(ask("a lesson without a server")) == told(live)
    # Whatever endpoint is named.
    failed = ask("a lesson without a server", model="openai/gpt-5")
    assert failed.error is not None
    assert failed.error.kind == "not_recorded"


def test_every_way_to_name_a_recording(path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    with nbstream.record(path):
        live = ask("every way")
    monkeypatch.delenv("DEEPSEEK_API_KEY")
    url = f"replay:{path}?speed=max"
    assert told(ask("every way", base_url=url)) == told(live)
    monkeypatch.setattr(settings.current(), "base_url", url)
    assert told(ask("every way")) == told(live)
    monkeypatch.setattr(settings.current(), "base_url", "")
    monkeypatch.setattr(settings.current(), "endpoints", {"lesson": {"base_url": url}})
    assert told(ask("every way", model="lesson/deepseek-flash")) == told(live)
    assert len(simulator.log()) == 1


def test_an_exchange_with_tools_is_replayed(path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_end, "ask", lambda _: Decision("allow"))
    prompt = calls('add {"a": 2, "b": 3}', '2 add {"a": 5, "b": 7}')
    with nbstream.record(path):
        live = ask(prompt, tools=[add])
    assert len(live.steps) == 3
    requests = len(simulator.log())
    with nbstream.replay(path, "max"):
        replayed = ask(prompt, tools=[add])
    assert told(replayed) == told(live)
    assert len(simulator.log()) == requests
    assert live.cost is not None
    assert replayed.cost is not None
    assert replayed.cost.amount == 0
    assert sum(step.recorded.cost.amount for step in replayed.steps) == live.cost.amount  # type: ignore[union-attr, misc]
    assert f"would have cost {live.spend})" in " · ".join(footer(replayed))
    # It stays known in files, in the journal, and in a reply that goes on.
    recorded = [step.recorded for step in replayed.steps]
    assert [step.recorded for step in decode(encode(replayed)).steps] == recorded
    assert [step.recorded for step in reduced(events_of(replayed.steps)).steps] == recorded
    event = Replayed(1.0, recorded[0])  # type: ignore[arg-type]
    assert decode_event(encode_event(event)) == event


def test_a_tool_that_returns_something_else_is_told(
    path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_end, "ask", lambda _: Decision("allow"))
    numbers = iter(range(10))

    def count() -> int:
        """Count."""
        return next(numbers)

    with nbstream.record(path):
        ask(calls("count {}"), tools=[count])
    with nbstream.replay(path, "max"):
        reply = ask(calls("count {}"), tools=[count])
    assert reply.error is not None
    assert reply.error.said == 'messages[2].content: recorded "0", asked "1"'
    assert len(simulator.log()) == 2


def test_chats_structures_gaps_and_the_other_api(path: Path, simulator: Simulator) -> None:
    def talk() -> list[nbstream.Reply]:
        chat = nbstream.Chat(f"lesson-{time.monotonic_ns()}", system="Be brief.")
        found = [chat.stream(prompt).result(20) for prompt in TURNS]
        found.append(ask("[simulate: structured wrong=fence times=1]People.", schema="[name, age int]"))
        found.append(ask("[simulate: structured wrong=type]People.", schema="[name, age int]", tries=2))
        found.append(nbstream.complete("def fib(n):", "    return fib(n - 1)"))
        found.append(ask("median", model="deepseek-anthropic/flash"))
        found.append(ask("Begin", prefix="Once upon a time", thinking=False))
        return found

    with nbstream.record(path):
        live = talk()
    requests = len(simulator.log())
    with nbstream.replay(path, "max"):
        replayed = talk()
    assert [told(each) for each in replayed] == [told(each) for each in live]
    assert len(simulator.log()) == requests


def test_a_job_is_replayed(path: Path, simulator: Simulator) -> None:
    prompts = [f"prompt {number % 3}" for number in range(7)]
    with nbstream.record(path):
        live = [*ask_all(prompts, concurrency=4)]
    requests = len(simulator.log())
    with nbstream.replay(path, "max"):
        replies = ask_all(prompts, concurrency=4)
        replayed = [*replies]
    assert sorted(json.dumps(told(each)["steps"][0]["message"]) for each in replayed) == sorted(
        json.dumps(told(each)["steps"][0]["message"]) for each in live
    )
    assert len(simulator.log()) == requests
    assert (str(replies.cost), replies.spend.replayed) == ("$0", 7)


def test_models_and_balance_are_replayed(path: Path, simulator: Simulator) -> None:
    with nbstream.record(path):
        models, left = listings.models_of(server(), "USD"), listings.balance_of(server())
    requests = len(simulator.log())
    with nbstream.replay(path, "max"):
        assert listings.models_of(server(), "USD") == models
        assert listings.balance_of(server()) == left
        with pytest.raises(nbstream.NbstreamError, match=r"not recorded, by lesson\.jsonl: GET /models"):
            listings.models_of(server("openai"), "USD")
    assert len(simulator.log()) == requests


def test_a_stopped_reply_is_recorded_as_such(path: Path, simulator: Simulator) -> None:
    with nbstream.record(path):
        run = nbstream.stream("[simulate: silence after=8] stop me")
        while not run.reply.reasoning:
            time.sleep(0.01)
        run.cancel()
        live = run.result(20)
    assert live.status == "cancelled"
    with nbstream.replay(path, "max"):
        replayed = ask("[simulate: silence after=8] stop me")
    assert told(replayed) == told(live)
    assert replayed.recorded is not None
    assert replayed.recorded.cost is None
    assert len(simulator.log()) == 1


@pytest.mark.usefixtures("simulator")
def test_a_replay_can_be_stopped(path: Path) -> None:
    with nbstream.record(path):
        ask("[simulate: normal rate=200 tokens=60] stop the replay")
    with nbstream.replay(path, 0.001):
        run = nbstream.stream("[simulate: normal rate=200 tokens=60] stop the replay")
        while run.reply.status == "pending":
            time.sleep(0.01)
        run.cancel()
        assert run.result(20).status == "cancelled"


@pytest.mark.usefixtures("simulator")
def test_the_same_request_gets_its_responses_in_order_and_then_again(path: Path) -> None:
    with nbstream.record(path):
        live = [ask("[simulate: tokens=9] the same", thinking=False).id for _ in range(3)]
    assert len(set(live)) == 3
    with nbstream.replay(path, "max"):
        assert [ask("[simulate: tokens=9] the same", thinking=False).id for _ in range(7)] == [*live, *live, live[0]]
    # A block begins anew; flags and base URLs go on where the last one was.
    with nbstream.replay(path, "max"):
        assert ask("[simulate: tokens=9] the same", thinking=False).id == live[0]
    url = f"replay:{path}?speed=max"
    assert [ask("[simulate: tokens=9] the same", thinking=False, base_url=url).id for _ in range(4)] == [*live, live[0]]
    # What was added since is known.
    with nbstream.record(path):
        ask("another")
    assert ask("another", base_url=url).status == "complete"


def test_the_speed_divides_the_times(path: Path, simulator: Simulator) -> None:
    prompt = "[simulate: normal rate=100 tokens=40] how fast"
    with nbstream.record(path):
        live = ask(prompt, thinking=False)
    assert live.timing.ended is not None
    seconds = {}
    for speed in (1, 4, "max"):
        with nbstream.replay(path, speed):
            reply = ask(prompt, thinking=False)
        assert told(reply) == told(live)
        trace = trace_of(reply)
        assert trace is not None
        # The recorded times, whatever the speed.
        assert trace.responses[0].pieces[-1].at == pytest.approx(live.timing.ended, abs=0.2)
        seconds[speed] = reply.timing.ended or 0.0
    assert seconds[1] > seconds[4] > seconds["max"]
    assert len(simulator.log()) == 1


@pytest.mark.usefixtures("quick", "simulator")
def test_a_slow_replay_does_not_run_into_the_limits_of_a_server(path: Path) -> None:
    with nbstream.record(path):
        live = ask("[simulate: tokens=9] slowly", thinking=False)
    (taken,) = load(path).taken
    # The second half comes a second later in the replay, and half a second is the limit.
    data = b"".join(piece for _, piece in taken.pieces)
    pieces = [(0.0, data[: len(data) // 2]), (0.1, data[len(data) // 2 :])]
    path.write_bytes(lines.header() + lines.to_lines(dataclasses.replace(taken, pieces=pieces, seconds=0.1)))
    with nbstream.replay(path, 0.1):
        assert told(ask("[simulate: tokens=9] slowly", thinking=False)) == told(live)


def test_requests_at_once_are_recorded_and_replayed(path: Path, simulator: Simulator) -> None:
    async def several() -> list[nbstream.Reply]:
        runs = [nbstream.stream(f"[simulate: tokens=9] at once {number}", thinking=False) for number in range(6)]
        return [await run for run in runs]

    with nbstream.record(path):
        live = asyncio.run(several())
    with nbstream.replay(path, "max"):
        replayed = asyncio.run(several())
    assert [told(each) for each in replayed] == [told(each) for each in live]
    assert len(simulator.log()) == 6


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prompt": "helLo"}, 'messages[0].content: recorded "hello", asked "helLo"'),
        ({"temperature": 0.5, "thinking": False}, ""),
        ({"model": "pro"}, 'model: recorded "deepseek-flash", asked "deepseek-v4-pro"'),
        ({"system": "Be brief."}, ""),
        ({"max_tokens": 7}, "max_tokens: recorded nothing, asked 7"),
        ({"stop": ["a", "b"]}, 'stop: recorded nothing, asked ["a", "b"]'),
    ],
)
def test_another_request_fails_and_tells_the_first_difference(
    changes: dict[str, Any], said: str, path: Path, simulator: Simulator
) -> None:
    with nbstream.record(path):
        ask("hello")
        ask("quite another prompt", temperature=1.0, thinking=False)
    with nbstream.replay(path, "max"):
        reply = ask(**{"prompt": "hello", **changes})
    assert reply.error is not None
    assert (reply.status, reply.error.kind, reply.error.server) == ("failed", "not_recorded", "lesson.jsonl")
    assert said in reply.error.said
    assert "recorded " in reply.error.said
    assert len(simulator.log()) == 2


@pytest.mark.parametrize("size", [23, 10])
@pytest.mark.usefixtures("simulator")
def test_the_first_difference_has_no_key(path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    key = "canary-0123456789abcdef"
    with nbstream.record(path):
        ask("Say another word")
    monkeypatch.setenv("DEEPSEEK_API_KEY", key)
    with nbstream.replay(path, "max"):
        reply = ask(f"Say {key[:size]}")
    assert reply.error is not None
    assert reply.error.said.endswith('asked "Say <secret>"')


def test_what_need_not_be_the_same(path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    with nbstream.record(path):
        live = ask("may differ", thinking=False, temperature=1)
    with nbstream.replay(path, "max"):
        # The key, the limits, the order of fields, the notation of a number, and the host.
        monkeypatch.setenv("DEEPSEEK_API_KEY", "another-key-0123456789")
        monkeypatch.setattr(settings.current(), "payload_idle", 9.0)
        assert told(ask("may differ", temperature=1.0, thinking=False))["steps"][0]["message"] == live.message
        other = "http://127.0.0.1:9"
        assert ask("may differ", temperature=1, thinking=False, base_url=other).answer == live.answer
    assert len(simulator.log()) == 1


def test_what_was_replayed_is_replayed_when_it_is_asked_again(path: Path, simulator: Simulator) -> None:
    prompt = "[simulate: 401 times=1] asked again"
    with nbstream.record(path):
        ask(prompt, model="pro")
        # A request to the same server and model, which has a reply.
        ask("another", model="pro")
    with nbstream.replay(path, "max"):
        replayed, unknown = ask(prompt, model="pro"), ask("not recorded", model="pro")
    live = ask("[simulate: 401 times=1] live", model="pro")
    requests = len(simulator.log())
    others: list[Options] = [{}, {"model": "openai/gpt-5"}, {"api_key": "sk-0123456789abcdef"}]
    for reply, options in [(unknown, others[0]), *((replayed, each) for each in others)]:
        again = start_run(continuation.retried(reply, options)).result(20)
        assert again.recorded is not None or (again.error is not None and again.error.kind == "not_recorded")
    assert len(simulator.log()) == requests
    # And what was live goes to its server, although another reply was replayed since.
    with nbstream.replay(path, "max"):
        ask("another", model="pro")
    assert start_run(continuation.retried(live, {})).result(20).recorded is None
    assert len(simulator.log()) == requests + 1


@pytest.mark.usefixtures("simulator")
def test_a_replay_is_not_recorded(path: Path, tmp_path: Path) -> None:
    with nbstream.record(path):
        ask("not twice")
    with (
        nbstream.replay(path),
        nbstream.record(tmp_path / "other.jsonl"),
        pytest.raises(nbstream.RequestError, match=r"replayed from lesson\.jsonl cannot be recorded"),
    ):
        ask("not twice")


@pytest.mark.usefixtures("simulator")
def test_a_request_made_in_a_block_is_recorded_when_it_ends_after_it(path: Path) -> None:
    with nbstream.record(path):
        run = nbstream.stream("[simulate: normal rate=300 tokens=60] ends later")
    live = run.result(20)
    deadline = time.monotonic() + 20
    while b'"end"' not in path.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    ask("not recorded")
    with nbstream.replay(path, "max"):
        assert told(ask("[simulate: normal rate=300 tokens=60] ends later")) == told(live)
        assert ask("not recorded").error is not None


@pytest.mark.usefixtures("simulator")
def test_replayed_replies_cost_nothing_and_say_so(path: Path) -> None:
    with nbstream.record(path):
        live = ask("what it cost")
    with nbstream.replay(path, "max"):
        reply = ask("what it cost")
    assert live.cost is not None
    assert reply.cost is not None
    assert (str(reply.cost), reply.cost.source, reply.usage) == ("$0", "recording", live.usage)
    assert reply.recorded is not None
    then = reply.recorded.cost
    assert then is not None
    assert (then.amount, then.parts, then.source) == (live.cost.amount, live.cost.parts, "table")
    (item,) = [item for item in footer(reply) if "replayed" in item]
    assert item.startswith("replayed from ")
    assert item.endswith(f", $0 (then it would have cost {live.spend})")
    assert not any("prices of" in item for item in footer(reply))


def test_workers_replay_any_endpoint(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The usual server is DeepSeek's, where no id begins so.
    monkeypatch.delenv("DEEPSEEK_BASE_URL", raising=False)
    prompts, model = ["at the university"], "uni/claude-of-ours"
    with HostileServer({"v1": lambda _: Response([chunk(content="hi", finish="stop")])}) as server:
        monkeypatch.setattr(settings.current(), "endpoints", {"uni": {"base_url": f"{server.url}/v1"}})
        with nbstream.record(path):
            ask_all(prompts, model=model)
    monkeypatch.setattr(settings.current(), "endpoints", {})
    with (
        concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor,
        nbstream.replay(path, "max"),
    ):
        replayed = [*ask_all(prompts, model=model, executor=executor)]
    assert [(each.error, each.answer) for each in replayed] == [(None, "hi")]


def test_workers_replay_and_do_not_record(path: Path, simulator: Simulator) -> None:
    prompts = ["on a worker", "on another worker"]
    with nbstream.record(path):
        live = [*ask_all(prompts, executor=concurrent.futures.ThreadPoolExecutor(2))]
    requests = len(simulator.log())
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        with nbstream.replay(path, "max"):
            replayed = [*ask_all(prompts, executor=executor)]
        with (
            nbstream.record(path),
            pytest.raises(nbstream.RequestError, match=r"workers of an executor are not recorded"),
        ):
            ask_all(["again"], executor=executor)
    assert [each.answer for each in replayed] == [each.answer for each in live]
    assert len(simulator.log()) == requests


def test_an_endpoint_of_the_one_who_recorded_is_known(
    path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"base_url": f"{simulator.url}/v1?key=canary-0123456789", "thinking_field": "enable_thinking"}
    monkeypatch.setattr(settings.current(), "endpoints", {"uni": entry})
    with nbstream.record(path):
        live = ask("[simulate: tokens=9] at the university", model="uni/deepseek-flash", thinking=True)
    assert live.request.parameters["enable_thinking"] is True
    assert "canary" not in path.read_text()
    monkeypatch.setattr(settings.current(), "endpoints", {})
    with nbstream.replay(path, "max"):
        replayed = ask("[simulate: tokens=9] at the university", model="uni/deepseek-flash", thinking=True)
    assert told(replayed) == told(live)


@pytest.mark.parametrize("is_own", [False, True])
def test_a_key_in_the_path_of_a_base_url_is_not_recorded(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, is_own: bool
) -> None:
    # Too short for what any long value of a query is taken for.
    key = "canary-0123456789"
    monkeypatch.setenv("DEEPSEEK_API_KEY", key)
    options: dict[str, Any] = {"api_key": key}
    with HostileServer({key: lambda _: Response([chunk(content="hi", finish="stop")])}) as server:
        url = f"{server.url}/{key}/v1?x={key}"
        if is_own:
            # With a key in place of the name of its variable, too.
            entry = {"base_url": url, "key_variable": key.replace("-", "_"), "former_url": url}
            monkeypatch.setattr(settings.current(), "endpoints", {"gateway": entry})
            options["model"] = "gateway/m"
        monkeypatch.setenv("DEEPSEEK_BASE_URL", url)
        with nbstream.record(path):
            assert ask("through a gateway", **options).answer == "hi"
        with nbstream.record(path):
            # Only the usual server has the key in its path.
            ask("elsewhere", base_url=f"{server.url}/v1", api_key="another-0123456789abc")
    assert "0123456789" not in path.read_text().replace("another-0123456789abc", "")
    monkeypatch.delenv("DEEPSEEK_BASE_URL")
    monkeypatch.setattr(settings.current(), "endpoints", {})
    with nbstream.replay(path, "max"):
        replayed = ask("through a gateway", **options)
    assert (replayed.error, replayed.answer) == (None, "hi")


@pytest.mark.usefixtures("simulator")
def test_hostile_names_and_fields_stay_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "les\x1b[31mson\n.jsonl"
    with nbstream.record(path):
        ask("[simulate: tokens=9] {again}", thinking=False, extra_body={"x\x1b]0;\n`model=`": "\x1b[2J{resume}"})
    with nbstream.replay(path, "max"):
        reply = ask("[simulate: tokens=9] {again}", thinking=False, extra_body={"x\x1b]0;\n`model=`": "<b>\u202e"})
    assert reply.error is not None
    said = alert(reply, "terminal")
    assert not any(each in said for each in "\x1b\n\u202e")
    assert "`model=`" in said
    assert "{resume}" in said
