"""Abandoned runs, whose requests must be closed; forked processes; warnings."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
import pytest

import nbstream
from nbstream.client import connections, history, settings
from nbstream.client.loop import background_loop
from nbstream.loops.loop_thread import LoopThread
from nbstream.model.events import Reasoning
from nbstream.sessions.process_lock import ProcessLock
from nbstream.simulator.server import Simulator
from tests.client.test_run import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SILENT = "hello [simulate: silence after=5]"


def is_closed(simulator: Simulator) -> bool:
    log = simulator.log()
    return bool(log) and all(entry["outcome"] == "disconnected" for entry in log)


async def leave_by_break() -> None:
    async for event in nbstream.stream(SILENT):
        if isinstance(event, Reasoning):
            break


async def leave_by_an_exception() -> None:
    async for event in nbstream.stream(SILENT):
        if isinstance(event, Reasoning):
            raise LookupError  # noqa: TRY004  (any exception)


@pytest.mark.parametrize("leave", [leave_by_break, leave_by_an_exception])
def test_leaving_the_loop_early_closes_the_request(leave: Callable[[], Awaitable[None]], simulator: Simulator) -> None:
    async def work() -> None:
        with contextlib.suppress(LookupError):
            await leave()
        deadline = time.monotonic() + 20
        while not is_closed(simulator):
            assert time.monotonic() < deadline
            gc.collect()
            await asyncio.sleep(0.01)

    asyncio.run(work())
    until(lambda: (reply := history.last_reply()) is not None and reply.ended)
    reply = history.last_reply()
    assert reply is not None
    assert reply.status == "cancelled"


def test_a_loop_that_ends_by_itself_does_not_cancel(simulator: Simulator) -> None:
    async def work() -> nbstream.Run:
        run = nbstream.stream("hello")
        async for _ in run:
            pass
        return run

    assert asyncio.run(work()).reply.status == "complete"


def test_dropping_the_last_reference_closes_the_request_and_keeps_the_reply(simulator: Simulator) -> None:
    runs = [nbstream.stream(SILENT)]
    until(lambda: runs[0].reply.reasoning)
    runs.clear()
    gc.collect()
    until(lambda: is_closed(simulator))
    until(lambda: (reply := history.last_reply()) is not None and reply.ended)
    reply = history.last_reply()
    assert reply is not None
    assert reply.status == "cancelled"
    assert reply.reasoning


def test_a_temporary_run_is_received_to_its_end(simulator: Simulator) -> None:
    async def work() -> nbstream.Reply:
        return await nbstream.stream("hello")

    assert nbstream.stream("hello").result(20).status == "complete"
    assert asyncio.run(work()).status == "complete"


def test_a_stopped_request_leaves_no_connections_to_other_servers_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "simulated")

    async def stop_while_others_are_closed() -> None:
        while len(connections._pool) > 1:  # noqa: ASYNC110  (at the very next step of the loop)
            await asyncio.sleep(0)
        runs[0].cancel()

    def is_connected(server: Simulator) -> bool:
        port = urlsplit(server.url).port
        found = [each for each in psutil.Process().net_connections("tcp") if getattr(each.raddr, "port", 0) == port]
        return any(each.status == "ESTABLISHED" for each in found)

    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(Simulator(port=0, rate=0, first_token=0)) for _ in range(4)]
        for server in servers:
            monkeypatch.setenv("DEEPSEEK_BASE_URL", server.url)
            settings.use(None)
            assert nbstream.stream("hello").result(20).status == "complete"
        assert all(map(is_connected, servers))
        monkeypatch.setattr(connections, "_MOST_CLIENTS", 1)
        runs: list[nbstream.Run] = []
        stopping = asyncio.run_coroutine_threadsafe(stop_while_others_are_closed(), background_loop())
        runs.append(nbstream.stream(SILENT))
        stopping.result(20)
        until(lambda: not any(map(is_connected, servers[:-1])))
        runs[0].result(20)
    settings.use(None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.skipif(sys.platform == "darwin", reason="a fork after threads were started is unsafe on macOS")
def test_a_forked_child_makes_its_own_connections(simulator: Simulator) -> None:
    assert nbstream.stream("hello").result(20).status == "complete"
    with warnings.catch_warnings():
        # Python 3.12 and later warn about a fork of a process with threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            # Twice, as the first request was the one that failed.
            replies = [nbstream.stream("hello").result(20) for _ in range(2)]
            os._exit(0 if all(reply.status == "complete" for reply in replies) else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert nbstream.stream("hello").result(20).status == "complete"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.skipif(sys.platform == "darwin", reason="a fork after threads were started is unsafe on macOS")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_process_that_is_forked_while_others_hold_locks_asks_all_the_same(simulator: Simulator) -> None:
    assert nbstream.stream("hello").result(20).status == "complete"
    modules = [module for name, module in sys.modules.items() if name.startswith("nbstream.")]
    owners = [*modules, *(each for module in modules for each in vars(module).values() if isinstance(each, LoopThread))]
    kinds = ProcessLock, type(threading.Lock()), type(threading.RLock())
    locks = {id(each): each for owner in owners for each in vars(owner).values() if isinstance(each, kinds)}
    assert len(locks) > 5
    forked, held = threading.Event(), threading.Event()

    def hold() -> None:
        with contextlib.ExitStack() as stack:
            for lock in locks.values():
                stack.enter_context(lock)
            held.set()
            forked.wait()

    with ThreadPoolExecutor(1) as others:
        others.submit(hold)
        held.wait()
        child = os.fork()
        if child == 0:
            # It ends by itself if it hangs.
            signal.alarm(20)
            try:
                is_asked = nbstream.stream("hello").result(15).status == "complete" and nbstream.last is not None
                os._exit(0 if is_asked else 1)
            finally:
                os._exit(2)
        forked.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_every_warning_names_the_line_of_the_caller(simulator: Simulator) -> None:
    def ask() -> None:
        nbstream.stream("hello", temperature=0.5)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        ask()
        ask()
    assert [warning.filename for warning in caught] == [__file__, __file__]
    assert all(warning.lineno == ask.__code__.co_firstlineno + 1 for warning in caught)


def test_a_warning_of_ask_names_the_line_of_the_caller(
    simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.warns(nbstream.NbstreamWarning) as caught:
        nbstream.ask("hello", temperature=0.5)
    assert [warning.filename for warning in caught] == [__file__]
