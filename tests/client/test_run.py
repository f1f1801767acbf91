"""Runs against a real server on this machine: streaming, cancel, retries, silence, failures."""

from __future__ import annotations

import asyncio
import gc
import http.server
import signal
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client import history, retry, settings
from nbstream.client.loop import background_loop
from nbstream.client.retry import Limits
from nbstream.client.run import Run
from nbstream.model.events import Answer, Ended, Reasoning, Retrying, Started, Waiting
from nbstream.model.reduction import reduce
from nbstream.output.failure_words import message
from tests.hints import hint_of
from tests.pieces import PiecesSource
from tests.wire.test_simulator_streams import FINISH, content, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbstream.model.events import Event
    from nbstream.model.reply import Reply
    from nbstream.simulator.server import Simulator


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def events_of(run: Run) -> list[Event]:
    async def collect() -> list[Event]:
        return [event async for event in run]

    return asyncio.run(collect())


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits short enough for a test."""
    chosen = settings.Settings(bytes_idle=0.3, payload_idle=0.6, retries=1)
    monkeypatch.setattr(settings, "current", lambda: chosen)


@pytest.mark.parametrize("reason", ["stop", "null"])
def test_a_pause_after_a_reason_in_mid_stream_loses_no_text(reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "_SECONDS_AFTER_FINISH", 0.02)
    pieces = [(0.2, stream(content(text, reason), done=False)) for text in ("a", "b", "c")]
    usage = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 3}}
    pieces[2:2] = [(0.0, stream(usage, done=False))]
    reply = Run(PiecesSource([*pieces, (0.2, stream(FINISH))], "m"), Limits()).result(20)
    assert (reply.answer, reply.status) == ("abc", "complete")


def test_a_complete_reply(simulator: Simulator) -> None:
    run = nbstream.stream("Why does the median resist outliers?")
    reply = run.result(20)
    assert reply.status == "complete"
    assert reply.finish_reason == "stop"
    assert "no model was called" in reply.answer
    assert reply.reasoning
    assert reply.usage is not None
    assert reply.usage.completion_tokens == simulator.log()[-1]["deltas_sent"]
    assert reply.cost is not None
    assert reply.simulated
    assert nbstream.last is reply
    assert reply.raise_for_status() is reply


def test_the_cost_is_in_the_configured_currency(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = settings.Settings(currency="CNY")
    monkeypatch.setattr(settings, "current", lambda: chosen)
    cost = nbstream.stream("hello").result(20).cost
    assert cost is not None
    assert str(cost).startswith("CNY ")


def test_every_watcher_gets_all_deltas(simulator: Simulator) -> None:
    run = nbstream.stream("hello", effort="low")
    reply = run.result(20)
    for _ in range(2):
        events = events_of(run)
        assert isinstance(events[0], Started)
        assert isinstance(events[-1], Ended)
        assert "".join(event.text for event in events if isinstance(event, Answer)) == reply.answer
        assert "".join(event.text for event in events if isinstance(event, Reasoning)) == reply.reasoning
        again = nbstream.Reply()
        for event in events:
            again = reduce(again, event)
        assert (again.answer, again.status, again.usage) == (reply.answer, reply.status, reply.usage)


def test_who_only_looks_takes_nobodys_wake(simulator: Simulator) -> None:
    run = nbstream.stream("Wake a waiting thread [simulate: normal tokens=5000 rate=50]")
    run.wake()
    run.receiver.wait(0, timeout=0)
    waiting = threading.Thread(target=run.receiver.wait, args=(10**9,), daemon=True)
    waiting.start()
    waiting.join(5)
    assert not waiting.is_alive()
    run.cancel()


def test_a_run_can_be_awaited(simulator: Simulator) -> None:
    async def ask() -> Reply:
        return await nbstream.stream("hello")

    assert asyncio.run(ask()).status == "complete"


def test_a_watcher_that_is_cancelled_cancels_the_run(simulator: Simulator) -> None:
    async def ask() -> Run:
        run = nbstream.stream("hello [simulate: silence after=3]")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run, 0.5)
        # The wait has lasted until the connection was closed and the reply had its end.
        assert run.reply.status == "cancelled"
        return run

    run = asyncio.run(ask())
    assert run.result(20).status == "cancelled"


@pytest.mark.parametrize(
    "scenario",
    [
        "silence after=5",
        "silence after=0",
        "headers-late seconds=inf",
        "queue seconds=inf every=0.05",
        "normal rate=20",
    ],
)
def test_cancel_closes_the_connection(simulator: Simulator, scenario: str) -> None:
    run = nbstream.stream(f"hello [simulate: {scenario}]")
    until(lambda: len(simulator.log()) == 1)
    if "after=5" in scenario or "rate" in scenario:
        until(lambda: run.reply.reasoning)
    before = run.reply.reasoning
    threading.Thread(target=run.cancel).start()
    reply = run.result(20)
    assert reply.status == "cancelled"
    assert reply.reasoning.startswith(before)
    assert reply.error is None
    until(lambda: simulator.log()[0]["outcome"] == "disconnected")
    assert run.cancel() is False


def test_a_second_cancel_does_not_interrupt_the_closing(simulator: Simulator) -> None:
    """The page cancels on two channels; in openai 2.x the second one left the connection open."""
    run = nbstream.stream("[simulate: silence after=5]")
    until(lambda: run.reply.reasoning)
    loop = background_loop()

    def cancel_twice() -> None:
        run.cancel()
        loop.call_soon(run.cancel)

    loop.call_soon_threadsafe(cancel_twice)
    assert run.result(20).status == "cancelled"
    until(lambda: simulator.log()[-1]["outcome"] == "disconnected")


def test_cancel_before_the_request_is_sent(simulator: Simulator) -> None:
    run = nbstream.stream("hello [simulate: silence after=5]")
    run.cancel()
    assert run.result(20).status == "cancelled"


def test_a_retry_is_an_event_and_waits_as_the_server_asked(simulator: Simulator) -> None:
    run = nbstream.stream("hello [simulate: 429 times=1 retry-after=0.1]")
    events = events_of(run)
    (retrying,) = [event for event in events if isinstance(event, Retrying)]
    assert retrying.delay == pytest.approx(0.1)
    assert retrying.failure.status_code == 429
    assert run.result().status == "complete"
    assert [entry["status"] for entry in simulator.log()] == [429, 200]


def test_cancel_while_waiting_for_the_next_attempt(simulator: Simulator) -> None:
    run = nbstream.stream("hello [simulate: 503 retry-after=30]")
    until(lambda: isinstance(run.reply.wait, Retrying))
    run.cancel()
    assert run.result(20).status == "cancelled"


@pytest.mark.parametrize("status", [400, 401, 402, 404, 422])
def test_a_request_that_would_fail_again_is_not_retried(simulator: Simulator, status: int) -> None:
    reply = nbstream.stream(f"hello [simulate: {status}]").result(20)
    assert reply.status == "failed"
    assert reply.error is not None
    assert reply.error.status_code == status
    assert str(status) in message(reply.error)
    assert len(simulator.log()) == 1
    with pytest.raises(nbstream.ReplyError) as caught:
        reply.raise_for_status()
    assert caught.value.reply is reply


def test_there_is_no_retry_after_a_very_long_retry_after(simulator: Simulator) -> None:
    reply = nbstream.stream("hello [simulate: 429 retry-after=3600]").result(20)
    assert reply.status == "failed"
    assert len(simulator.log()) == 1


@pytest.mark.parametrize("body", ["json", "string", "message", "html", "octet", "empty"])
def test_the_message_of_a_refusal_in_every_form(simulator: Simulator, body: str) -> None:
    reply = nbstream.stream(f"hello [simulate: 402 body={body}]").result(20)
    assert reply.error is not None
    assert "402" in message(reply.error)
    assert "<" not in message(reply.error)
    assert len(message(reply.error)) < 400


def test_there_is_no_retry_after_the_first_delta(simulator: Simulator) -> None:
    reply = nbstream.stream("hello [simulate: reset after=10]").result(20)
    assert reply.status == "failed"
    assert reply.error is not None
    assert reply.error.kind == "disconnected"
    assert reply.reasoning
    assert len(simulator.log()) == 1


def test_a_connection_that_breaks_before_the_first_delta_is_retried(simulator: Simulator, quick: None) -> None:
    reply = nbstream.stream("hello [simulate: reset after=0]").result(20)
    assert reply.status == "failed"
    assert len(simulator.log()) == 2


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [("html", "not_a_stream"), ("close after=4", "disconnected"), ("error-in-band after=4", "in_band")],
)
def test_the_kind_of_a_failed_response(simulator: Simulator, scenario: str, kind: str) -> None:
    reply = nbstream.stream(f"hello [simulate: {scenario}]").result(20)
    assert reply.error is not None
    assert reply.error.kind == kind


@pytest.mark.parametrize(
    "scenario",
    [
        "no-done",
        "json",
        "think-tags",
        "reasoning",
        "details",
        "usage-separate",
        "usage-every",
        "crlf",
        "cr",
        "bom",
        "surrogates",
    ],
)
def test_every_dialect_gives_the_same_reply(simulator: Simulator, scenario: str) -> None:
    plain = nbstream.stream("hello", max_tokens=4000).result(20)
    reply = nbstream.stream(f"hello [simulate: {scenario}]", max_tokens=4000).result(20)
    assert reply.status == "complete"
    assert reply.reasoning.split() == plain.reasoning.split()
    if scenario != "surrogates":
        assert reply.answer.split() == plain.answer.split()
    assert "\ufffd" not in reply.answer
    assert reply.usage is not None


def test_keep_alives_are_events_and_do_not_extend_the_limit_on_data(simulator: Simulator, quick: None) -> None:
    run = nbstream.stream("hello [simulate: queue seconds=inf every=0.05]")
    events = events_of(run)
    assert any(isinstance(event, Waiting) and event.note == "keep-alive" for event in events)
    reply = run.result()
    assert reply.error is not None
    assert reply.error.kind == "stalled"


def test_a_stall_ends_with_the_partial_reply(simulator: Simulator, quick: None) -> None:
    reply = nbstream.stream("hello [simulate: silence after=10]").result(20)
    assert reply.error is not None
    assert reply.error.kind == "stalled"
    assert reply.reasoning
    until(lambda: simulator.log()[0]["outcome"] == "disconnected")


def test_a_server_that_does_not_run_is_unreachable(monkeypatch: pytest.MonkeyPatch, quick: None) -> None:
    reply = nbstream.stream("hello", base_url="http://127.0.0.1:9").result(20)
    assert reply.error is not None
    assert reply.error.kind == "unreachable"


def test_concurrent_runs_do_not_mix(simulator: Simulator) -> None:
    runs = [nbstream.stream(prompt) for prompt in ("hello", "Why does the median resist outliers?") * 3]
    replies = [run.result(20) for run in runs]
    assert all(reply.status == "complete" for reply in replies)
    assert len({reply.answer for reply in replies}) == 2


def test_a_recording_is_replayed() -> None:
    pieces = [(0.0, b'data: {"choices":[{"delta":{"content":"'), (0.01, 'é"},"finish_reason":"stop"}]}\n\n'.encode())]
    reply = Run(PiecesSource(pieces, "m"), Limits()).result(20)
    assert (reply.status, reply.answer, reply.model) == ("complete", "é", "m")


@pytest.fixture
def redirecting() -> Iterator[tuple[str, list[str]]]:
    """The URL of a server that redirects to another port, and the headers received there."""
    received: list[str] = []

    class Target(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(str(self.headers))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    target = http.server.HTTPServer(("127.0.0.1", 0), Target)

    class Redirect(Target):
        def do_POST(self) -> None:
            self.send_response(307)
            self.send_header("Location", f"http://localhost:{target.server_port}/chat/completions")
            self.send_header("Content-Length", "0")
            self.end_headers()

    redirect = http.server.HTTPServer(("127.0.0.1", 0), Redirect)
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in (target, redirect)]
    for thread in threads:
        thread.start()
    yield f"http://127.0.0.1:{redirect.server_port}", received
    for server in (target, redirect):
        server.shutdown()
        server.server_close()
    for thread in threads:
        thread.join()


def test_a_redirect_gets_neither_prompt_nor_key(redirecting: tuple[str, list[str]]) -> None:
    url, received = redirecting
    reply = nbstream.stream("secret prompt", base_url=url, api_key="sk-canary").result(20)
    assert reply.error is not None
    assert reply.error.status_code == 307
    assert "redirects" in message(reply.error)
    assert received == []


def test_openai_variables_are_not_sent(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-canary")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("DEEPSEEK_API_KEY")
    reply = nbstream.stream("hello").result(20)
    # The simulator refuses a request without a key, so none was sent.
    assert reply.error is not None
    assert reply.error.status_code == 401
    assert simulator.log()[0]["key_digest"] is None
    assert "No key was sent" in hint_of(reply)


def test_a_key_that_the_server_repeats_is_redacted(simulator: Simulator) -> None:
    reply = nbstream.stream("hello", base_url=simulator.url, api_key="bad-key").result(20)
    assert reply.error is not None
    assert "bad-key" not in repr(reply.error)


def test_a_run_without_references_is_freed(simulator: Simulator) -> None:
    def ended() -> weakref.ref[Run]:
        run = nbstream.stream("hello")
        run.result(20)
        return weakref.ref(run)

    # The last one may be kept.
    first, _ = ended(), ended()

    def is_freed() -> bool:
        gc.collect()
        return first() is None

    until(is_freed)
    assert is_freed()


def test_cancel_all_reaches_a_run_older_than_the_history(simulator: Simulator) -> None:
    silent = nbstream.stream("[simulate: silence after=3] hello")
    for _ in range(60):
        nbstream.stream("[simulate: echo] hello", thinking=False).result(20)
    assert history.cancel_all() == 1
    assert silent.result(20).status == "cancelled"
    nbstream.stream("[simulate: echo] hello", thinking=False).result(20)
    assert history.last_reply(49) is not None
    assert history.last_reply(50) is None


def test_leaving_the_loop_early_cancels_though_the_event_loop_stops(simulator: Simulator) -> None:
    run = nbstream.stream("Why? [simulate: normal tokens=20000 rate=100]")

    async def first() -> Event:
        async for event in run:
            if isinstance(event, Reasoning):
                break
        return event

    # IPython's loop in a terminal: it stops at the end of each cell, and stays open.
    loop = asyncio.new_event_loop()
    try:
        assert isinstance(loop.run_until_complete(first()), Reasoning)
        until(lambda: run.done)
        assert run.reply.status == "cancelled"
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def test_a_wait_that_is_interrupted_cancels_the_run(simulator: Simulator) -> None:
    run = nbstream.stream("Why? [simulate: silence after=5]")
    # To this thread, as another thread's signal would not end its wait.
    threading.Timer(0.2, signal.pthread_kill, [threading.get_ident(), signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        run.result(20)
    assert run.result(20).status == "cancelled"


def test_a_cancelled_wait_says_what_was_kept(simulator: Simulator) -> None:
    async def wait() -> None:
        task = asyncio.ensure_future(_awaiting(nbstream.stream("Why? [simulate: silence after=5]")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError, match=r"what arrived is kept in .*nbstream\.last"):
        asyncio.run(wait())


async def _awaiting(run: Run) -> Reply:
    return await run
