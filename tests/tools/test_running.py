"""Calls of tools that do everything that a function can do."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import io
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from nbstream.tools.running import run_call
from nbstream.tools.streams import routing
from nbstream.tools.tool import tool_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from nbstream.model.tool_result import ToolOutcome
    from nbstream.tools.capture import Capture

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def _run(function: Any, arguments: str = "", **options: Any) -> ToolOutcome:
    before = sys.stdout, sys.stderr, sys.stdin, Path.cwd(), list(warnings.filters), signal.getsignal(signal.SIGINT)
    outcome = run_call(tool_of(function), arguments, **options)
    after = sys.stdout, sys.stderr, sys.stdin, Path.cwd(), list(warnings.filters), signal.getsignal(signal.SIGINT)
    assert before == after
    assert not routing.captures(1)
    return outcome


def _interrupt_after(started: threading.Event) -> None:
    def press() -> None:
        started.wait(10)
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()


def test_a_call_returns_prints_and_takes_time() -> None:
    def double(number: int) -> int:
        print("working", number)
        print("careful", file=sys.stderr)
        return 2 * number

    outcome = _run(double, '{"number": "4"}')
    assert (outcome.outcome, outcome.content, outcome.error) == ("done", "8", "")
    assert outcome.printed.head == "working 4\ncareful\n"
    assert outcome.seconds > 0


def test_nothing_runs_with_arguments_that_do_not_fit() -> None:
    ran = []

    def collect(number: int) -> None:
        ran.append(number)

    for arguments in ("{", '{"number": "many"}', '{"number": 1, "other": 2}', "[1]"):
        outcome = _run(collect, arguments)
        assert outcome.outcome == "invalid"
        assert outcome.error.startswith("The arguments")
    assert ran == []


def test_arguments_that_a_tool_changes_are_its_own() -> None:
    from nbstream.tools.arguments import read_arguments

    def change(items: list[int]) -> list[int]:
        items.append(4)
        return items

    arguments = read_arguments(tool_of(change).shape, '{"items": [1]}')
    outcome = run_call(tool_of(change), arguments)
    assert outcome.content == "[1, 4]"
    assert arguments.values == {"items": [1]}


def test_every_way_to_print_is_captured() -> None:
    logger = logging.getLogger("tests.tools.printing")
    handler = logging.StreamHandler(sys.stderr)
    logger.addHandler(handler)
    original = handler.stream

    def speak() -> None:
        print("print")
        sys.stdout.write("write\n")
        sys.stdout.buffer.write(b"bytes \xc3\xa4\n")
        sys.stdout.writelines(["lines\n"])
        logger.warning("logged")
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start()
        thread.join()
        with contextlib.redirect_stdout(io.StringIO()):
            print("kept by the tool")

    printed = _run(speak).printed.head
    logger.removeHandler(handler)
    assert handler.stream is original
    for word in ("print\n", "write\n", "bytes ä\n", "lines\n", "logged\n", "from a thread\n"):
        assert word in printed
    assert "kept by the tool" not in printed


@posix
def test_what_child_processes_print_is_captured() -> None:
    def call_programs() -> None:
        subprocess.run(["/bin/echo", "a program"], check=True)
        subprocess.run("echo an error >&2", shell=True, check=True)
        subprocess.run([sys.executable, "-c", "print('through stdout')"], stdout=sys.stdout, check=True)
        os.write(1, "a descriptor: é\n".encode())
        process = multiprocessing.get_context("fork").Process(target=print, args=("a fork",))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            process.start()
        process.join()

    printed = _run(call_programs).printed.head
    for line in ("a program", "an error", "through stdout", "a descriptor: é", "a fork"):
        assert f"{line}\n" in printed


@posix
def test_a_program_that_outlives_the_call_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    processes: list[subprocess.Popen[bytes]] = []

    def start() -> str:
        script = "read line; echo late; exec echo later"
        processes.append(subprocess.Popen(["/bin/sh", "-c", script], stdin=subprocess.PIPE))
        return "started"

    assert _run(start).content == "started"
    processes[0].communicate(b"\n")
    assert processes[0].returncode == 0
    # It is passed on by a thread that ends with the program.
    for thread in threading.enumerate():
        if thread.name == "nbstream-tool-output":
            thread.join(10)
    assert capfd.readouterr().out == "late\nlater\n"


def test_a_thread_that_prints_later_prints_where_it_would(capsys: pytest.CaptureFixture[str]) -> None:
    go_on, ended = threading.Event(), threading.Event()
    streams: list[Any] = []

    def start() -> None:
        def later() -> None:
            go_on.wait(10)
            print("late")
            streams[0].write("to an old stream\n")
            ended.set()

        streams.append(sys.stdout)
        threading.Thread(target=later).start()

    outcome = _run(start)
    go_on.set()
    ended.wait(10)
    assert outcome.printed.head == ""
    assert capsys.readouterr().out == "late\nto an old stream\n"


def test_other_threads_are_not_captured(capsys: pytest.CaptureFixture[str]) -> None:
    started, ended = threading.Event(), threading.Event()

    def other() -> None:
        started.wait(10)
        print("from elsewhere")
        ended.set()

    threading.Thread(target=other).start()

    def wait() -> None:
        started.set()
        ended.wait(10)

    assert _run(wait).printed.head == ""
    assert capsys.readouterr().out == "from elsewhere\n"


def test_endless_printing_takes_bounded_memory() -> None:
    def flood() -> None:
        for number in range(50_000):
            print("line", number)

    printed = _run(flood).printed
    assert printed.head.startswith("line 0\nline 1\n")
    assert printed.tail.endswith("line 49999\n")
    assert len(printed.head) + len(printed.tail) <= 16_000
    assert printed.length == sum(len(f"line {number}\n") for number in range(50_000))


def test_one_text_of_a_hundred_megabytes_is_cut() -> None:
    def shout() -> str:
        print("x" * 100_000_000)
        return "y" * 100_000_000

    outcome = _run(shout)
    assert outcome.printed.length == 100_000_001
    assert len(outcome.content) <= 20_000
    assert f"… {outcome.left_out:,} of 100,000,000 characters were left out …" in outcome.content


def test_a_progress_bar_is_one_line() -> None:
    def progress() -> None:
        for percent in range(10_001):
            print(f"\r{percent / 100:.1f}%", end="", file=sys.stderr)
        print(" \x1b[1mdone\x1b[0m", file=sys.stderr)

    assert _run(progress).printed.head == "100.0% done\n"


def test_output_is_told_while_the_tool_runs() -> None:
    seen: list[str] = []

    def tell(capture: Capture) -> None:
        print("never captured")
        seen.append(capture.printed.head)
        raise ValueError("a mistake of the listener")

    def speak() -> None:
        print("a", end="")
        print("b", end="")

    outcome = _run(speak, on_output=tell)
    assert seen == ["a", "ab"]
    assert (outcome.outcome, outcome.printed.head) == ("done", "ab")


@pytest.mark.parametrize("key", ["key-of-the-request-7f3a", "x"])
def test_the_key_of_the_request_is_in_no_output(key: str) -> None:
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import display

    secret = f"{key}-" + "0123456789" * 3
    InteractiveShell.instance()

    def leak(where: str) -> str:
        print("a", secret, end="")
        print(secret[:9], end="")
        print(secret[9:], end="\n" * (where != "return"))
        sys.stdout.write("y" * 7_990 + secret + "y" * 50_000 + secret + "y" * 7_990)
        display(secret)
        if where == "raise":
            raise ValueError(secret)
        return secret

    for where in ("return", "raise"):
        outcome = _run(leak, f'{{"where": "{where}"}}', secrets=[secret])
        assert secret not in str(outcome)
        assert secret[:20] not in str(outcome)
        assert secret[-20:] not in str(outcome)
        assert "<secret>" in outcome.printed.head
    InteractiveShell.clear_instance()


class Unreadable(Exception):  # noqa: N818
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Strange:
    def __repr__(self) -> str:
        raise SystemExit


def _raise(error: BaseException) -> Any:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("no such town"), "ValueError: no such town"),
        (ValueError(), "ValueError"),
        (KeyError("k"), "KeyError: 'k'"),
        (SystemExit(3), "SystemExit: 3"),
        (SystemExit("bye"), "SystemExit: bye"),
        (GeneratorExit(), "GeneratorExit"),
        (asyncio.CancelledError(), "CancelledError"),
        (MemoryError(), "MemoryError"),
        (StopIteration(1), "StopIteration: 1"),
        (Unreadable(), "Unreadable: (its text cannot be read: it raised RuntimeError)"),
        (ExceptionGroup("two", [ValueError("a"), TypeError("b")]), "ExceptionGroup: two (2 sub-exceptions)"),
    ],
)
def test_an_exception_is_a_result(error: BaseException, line: str) -> None:
    outcome = _run(_raise(error))
    assert (outcome.outcome, outcome.error) == ("failed", line)
    assert outcome.content.startswith(line)
    assert "Traceback" not in outcome.content
    assert __file__ not in outcome.content
    assert outcome.traceback.endswith("in fail\n    raise error")


def test_the_model_gets_notes_and_the_parts_of_a_group() -> None:
    error = ExceptionGroup("two", [ValueError("a"), TypeError("b")])
    error.add_note("look at both")
    assert _run(_raise(error)).content.split("\n")[1:] == ["look at both", "- ValueError: a", "- TypeError: b"]


def test_an_endless_recursion_is_a_short_error() -> None:
    def recurse(depth: int = 0) -> int:
        return recurse(depth + 1)

    outcome = _run(recurse)
    assert outcome.error.startswith("RecursionError")
    assert "more …" in outcome.traceback
    assert len(outcome.traceback) < 1_000


def test_frames_of_libraries_are_left_out() -> None:
    def parse() -> None:
        import json

        json.loads("{")

    line = parse.__code__.co_firstlineno + 3
    assert _run(parse).traceback == f'test_running.py, line {line}, in parse\n    json.loads("{{")'


def test_what_raises_in_its_repr_is_a_result() -> None:
    def strange() -> Any:
        return Strange()

    assert _run(strange).outcome == "failed"

    def unreadable() -> Any:
        return [Unreadable()]

    assert _run(unreadable).outcome == "done"


@posix
def test_the_child_of_a_tool_that_forks_never_goes_on(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    def fork(fail: bool) -> str:  # noqa: FBT001
        child = os.fork()
        if child == 0:
            if fail:
                raise ValueError("in the child")
            return "child"
        _, status = os.waitpid(child, 0)
        return f"parent, {os.waitstatus_to_exitcode(status)}"

    for fail, code in (("false", 0), ("true", 1)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome = _run(fork, f'{{"fail": {fail}}}')
        with trace.open("a") as file:
            file.write(f"{outcome.content}\n")
        assert outcome.content == f"parent, {code}"
    assert trace.read_text() == "parent, 0\nparent, 1\n"


@posix
def test_the_child_of_an_asynchronous_tool_or_a_generator_never_goes_on() -> None:
    async def fork() -> str:
        child = os.fork()
        return "child" if child == 0 else f"parent, {os.waitpid(child, 0)[1]}"  # noqa: ASYNC222

    def generate() -> Iterator[str]:
        child = os.fork()
        yield "child" if child == 0 else f"parent, {os.waitpid(child, 0)[1]}"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert _run(fork).content == "parent, 0"
        assert _run(generate).content == '["parent, 0"]'


def test_a_tool_that_breaks_the_process_breaks_nothing(tmp_path: Path) -> None:
    def break_things() -> str:
        os.chdir(tmp_path)
        sys.stdout.close()
        sys.stderr.buffer.close()
        print("after the end")
        sys.stdout = None
        sys.stderr = io.StringIO()
        sys.stdin = None
        warnings.simplefilter("ignore")
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return "done"

    outcome = _run(break_things)
    assert (outcome.content, outcome.printed.head) == ("done", "after the end\n")
    print("still here")


@posix
def test_a_tool_that_closes_the_descriptors_closes_them_for_itself() -> None:
    def close() -> None:
        print("before")
        os.close(1)
        os.close(2)
        # Time for the reader to see the end.
        time.sleep(0.2)

    assert _run(close).outcome == "done"
    os.fstat(1)
    os.fstat(2)


def test_a_tool_that_asks_for_input_without_a_user_fails() -> None:
    def ask() -> str:
        return input("Your name? ")

    assert _run(ask).outcome == "failed"


@pytest.mark.parametrize("kind", ["sleep", "loop", "print", "async", "async that ignores it", "describing"])
def test_an_interrupt_ends_the_tool_and_nothing_else(kind: str) -> None:
    started = threading.Event()

    class Slow:
        def __repr__(self) -> str:
            started.set()
            time.sleep(20)
            return ""

    def hang() -> Any:
        if kind != "describing":
            started.set()
        if kind == "sleep":
            time.sleep(20)
        while kind == "loop":
            pass
        while kind == "print":
            print("x")
        return Slow()

    async def hang_async() -> str:
        started.set()
        await asyncio.sleep(20)
        return "never"

    async def hang_twice() -> str:
        started.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(20)
        return "cleaned up"

    _interrupt_after(started)
    functions = {"async": hang_async, "async that ignores it": hang_twice}
    outcome = _run(functions.get(kind, hang))
    assert (outcome.outcome, outcome.interrupted) == ("interrupted", True)
    assert outcome.content == "Interrupted by the user: the tool did not finish."
    assert outcome.seconds < 20


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs pthread_kill")
def test_interrupts_at_random_moments_break_off_nothing_but_the_tool() -> None:
    outside: list[int] = []
    main = threading.get_ident()
    random = Random(7)
    counts = {"done": 0, "interrupted": 0}

    def work() -> list[int]:
        for number in range(30):
            print(number)
            os.write(1, b"descriptor\n")
            time.sleep(0.0001)
        return list(range(50))

    async def work_async() -> str:
        for _ in range(20):
            print("x")
            await asyncio.sleep(0.0002)
        return "done"

    before = signal.signal(signal.SIGINT, lambda *_: outside.append(1))
    try:
        for number in range(200):
            go_on = threading.Event()
            delay = random.uniform(0, 0.02)

            def press(delay: float = delay, go_on: threading.Event = go_on) -> None:
                go_on.wait(5)
                time.sleep(delay)
                signal.pthread_kill(main, signal.SIGINT)

            thread = threading.Thread(target=press)
            thread.start()
            go_on.set()
            pressed_outside = len(outside)
            outcome = _run(work_async if number % 2 else work)
            counts[outcome.outcome] += 1
            thread.join()
            # Python handles a signal at the next instruction of the main thread.
            time.sleep(0)
            assert outcome.interrupted == (len(outside) == pressed_outside)
            assert outcome.outcome == "done" or outcome.interrupted
    finally:
        signal.signal(signal.SIGINT, before)
    assert min(counts.values()) > 10, counts


def test_an_interrupt_does_not_break_off_a_listener() -> None:
    whole: list[str] = []

    def listen(_: Capture) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        whole.append("listened")

    def speak() -> None:
        print("x")

    outcome = _run(speak, on_output=listen)
    assert whole == ["listened"]
    assert (outcome.outcome, outcome.interrupted) == ("interrupted", True)


def test_a_tool_may_handle_an_interrupt_itself() -> None:
    started = threading.Event()

    def patient() -> str:
        try:
            started.set()
            time.sleep(20)
        except KeyboardInterrupt:
            return "what was done so far"
        return ""

    _interrupt_after(started)
    outcome = _run(patient)
    assert (outcome.outcome, outcome.content, outcome.interrupted) == ("done", "what was done so far", True)


def test_a_call_on_another_thread_works() -> None:
    found: list[ToolOutcome] = []

    def speak() -> str:
        print("here")
        return "done"

    thread = threading.Thread(target=lambda: found.append(run_call(tool_of(speak), "")))
    thread.start()
    thread.join()
    assert (found[0].content, found[0].printed.head) == ("done", "here\n")


def test_two_calls_at_once_are_kept_apart(capsys: pytest.CaptureFixture[str]) -> None:
    barrier = threading.Barrier(2)
    before = sys.stdout

    def speak(word: str) -> None:
        for _ in range(50):
            print(word)
        barrier.wait(10)
        for _ in range(50):
            print(word)

    found: dict[str, ToolOutcome] = {}

    def call(word: str) -> None:
        found[word] = run_call(tool_of(speak), f'{{"word": "{word}"}}')

    threads = [threading.Thread(target=call, args=(word,)) for word in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {word: outcome.printed.head for word, outcome in found.items()} == {"a": "a\n" * 100, "b": "b\n" * 100}
    assert sys.stdout is before
    assert capsys.readouterr().out == ""


def test_a_tool_that_calls_a_tool_captures_both() -> None:
    inner: list[ToolOutcome] = []

    def low() -> str:
        print("inner")
        return "low"

    def high() -> str:
        print("before")
        inner.append(run_call(tool_of(low), ""))
        print("after")
        return inner[0].content

    outcome = _run(high)
    assert (outcome.content, outcome.printed.head, inner[0].printed.head) == ("low", "before\nafter\n", "inner\n")


def test_a_tool_that_redirects_and_calls_a_tool_keeps_its_redirection() -> None:
    def low() -> None:
        print("inner")

    def high() -> str:
        with contextlib.redirect_stdout(io.StringIO()) as text:
            print("before")
            inner = run_call(tool_of(low), "")
            print("after")
        return f"{text.getvalue()}{inner.printed.head}"

    outcome = _run(high)
    assert (outcome.content, outcome.printed.head) == ("before\nafter\ninner\n", "")


_variable: contextvars.ContextVar[str] = contextvars.ContextVar("_variable")


def test_asynchronous_tools_share_one_loop() -> None:
    loops = []

    async def where() -> str:
        print("on the loop")
        loops.append(asyncio.get_running_loop())
        await asyncio.to_thread(print, "from a worker")
        return _variable.get()

    _variable.set("of the caller")
    outcomes = [_run(where) for _ in range(2)]
    assert outcomes[0].content == "of the caller"
    assert outcomes[0].printed.head == "on the loop\nfrom a worker\n"
    assert loops[0] is loops[1]


def test_exceptions_of_asynchronous_tools_are_results() -> None:
    async def fail(code: int) -> None:
        await asyncio.sleep(0)
        raise SystemExit(code) if code else ValueError("async")

    assert _run(fail, '{"code": 0}').error == "ValueError: async"
    assert _run(fail, '{"code": 5}').error == "SystemExit: 5"
    outcome = _run(fail, '{"code": 0}')
    assert outcome.traceback.count("test_running.py") == 1


def test_a_tool_that_blocks_the_loop_leaves_it_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    from nbstream.tools import async_loop

    monkeypatch.setattr(async_loop, "_GRACE_SECONDS", 0.3)
    started, go_on = threading.Event(), threading.Event()

    async def block() -> None:
        started.set()
        go_on.wait(20)

    async def fine() -> str:
        return "fine"

    _interrupt_after(started)
    assert _run(block).outcome == "interrupted"
    assert _run(fine).content == "fine"
    go_on.set()


def test_generators_are_read_up_to_a_limit() -> None:
    closed = []

    def count(last: int) -> Iterator[int]:
        try:
            number = 0
            while number != last:
                number += 1
                print(number) if number == 1 else None
                yield number
        finally:
            closed.append(last)

    async def count_async(last: int) -> AsyncIterator[int]:
        number = 0
        while number != last:
            number += 1
            yield number

    for function in (count, count_async):
        assert _run(function, '{"last": 3}').content == "[1, 2, 3]"
        endless = _run(function, '{"last": -1}').content
        assert endless.endswith(', 1000, "… only the first 1,000 items were read …"]')
    assert closed == [3, -1]
    assert _run(lambda_like).content == "[2, 4]"


def lambda_like() -> Any:
    return map(lambda number: 2 * number, [1, 2])  # noqa: C417


def test_a_result_is_described_before_it_changes() -> None:
    kept: list[int] = [1]

    def share() -> list[int]:
        return kept

    outcome = _run(share)
    kept.append(2)
    assert outcome.content == "[1]"


def test_what_failed_is_not_kept_in_memory() -> None:
    class Large:
        pass

    def fail() -> None:
        large = Large()  # noqa: F841
        raise ValueError

    _run(fail)
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, Large)]


@pytest.mark.parametrize("data", ["<script>", "aGk", "data:text/html,x", b"\x89PNG"])
def test_only_an_image_is_shown_as_one(data: Any) -> None:
    from nbstream.tools.capture import shown_of

    shown = shown_of({"image/png": data, "image/svg+xml": "<svg onload=alert(1)>", "text/plain": "a plot"})
    assert (shown.kind, shown.data, shown.text) in [("text", "", "a plot"), ("image", "iVBORw==", "")]


def test_displayed_values_are_bounded() -> None:
    from nbstream.tools.capture import MOST_IMAGE_BYTES, MOST_SHOWN, Capture
    from nbstream.tools.interruption import Interruption

    capture = Capture(lambda _: None, Interruption())
    for number in range(100):
        capture.display({"text/plain": str(number)})
    assert (len(capture.shown), capture.not_shown) == (MOST_SHOWN, 100 - MOST_SHOWN)
    images = Capture(lambda _: None, Interruption())
    for _ in range(5):
        images.display({"image/png": bytes(MOST_IMAGE_BYTES // 4)}, "one", update=True)
        images.display({"image/png": bytes(MOST_IMAGE_BYTES // 4)})
    assert sum(len(each.data) for each in images.shown) <= MOST_IMAGE_BYTES
    assert images.not_shown > 0
    long = Capture(lambda _: None, Interruption())
    long.display({"text/html": "<b>" * 100_000})
    assert (len(long.shown[0].text), long.shown[0].is_cut) == (8_000, True)
