"""Starts and stops the simulator, serves its connections, and is the command `nbstream simulate`.

`routes` answers the requests.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import math
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nbstream.recordings.lines import FormatError
from nbstream.recordings.recording import load
from nbstream.simulator import http_connection as http
from nbstream.simulator import scenarios
from nbstream.simulator.log import Log
from nbstream.simulator.replaying import Replaying
from nbstream.simulator.routes import Router, new_entry
from nbstream.simulator.written import WrittenError
from nbstream.simulator.written import load as load_written

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Coroutine, Iterable
    from typing import Self, TextIO

_RATE = 60
_FIRST_TOKEN = 0.4
_PORT = 8765
_LAST_PORT = 65_535


class Simulator:
    """A simulated DeepSeek server on 127.0.0.1.

    Use it as a context manager, which runs it in a thread, or call `run_in_loop(simulator.run(…))`.

    Args:
        port: the port to listen on; 0 chooses a free one.
        rate: tokens per second; 0 is as fast as possible.
        first_token: seconds before the first token.
        scenario: the scenarios for a request that does not name any; see `nbstream simulate
            --help`.
        recording: the body of a stream, which the scenario `recording` sends.
        replay: a file that `nbstream.record` wrote; all requests are answered from it.
        speed: how fast it is replayed: 2 is twice as fast as it was recorded.
        written: files of written replies, see `written`.

    Raises:
        ScenarioError: if `scenario` is not a valid scenario.
        OSError: if a file cannot be read.
        FormatError: if `replay` is no recording.
        WrittenError: if a file of written replies is not valid.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        rate: float = _RATE,
        first_token: float = _FIRST_TOKEN,
        scenario: str = "normal",
        recording: bytes | None = None,
        replay: str | os.PathLike[str] | None = None,
        speed: float = 1.0,
        written: Iterable[str | os.PathLike[str]] = (),
    ) -> None:
        self._port = port
        self._log = Log()
        plan = scenarios.parse(scenario)
        replaying = Replaying(load(replay), speed) if replay is not None else None
        self._router = Router(
            self._log,
            rate=rate,
            first_token=first_token,
            plan=plan,
            recording=recording,
            replaying=replaying,
            written=load_written(*written),
        )
        self._connections: dict[asyncio.Task[None], http.Connection] = {}
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], object] = lambda: None
        self._failure: Exception | None = None

    @property
    def url(self) -> str:
        """The base URL without a trailing slash. With port 0 it is valid only after the start."""
        return f"http://127.0.0.1:{self._port}"

    def log(self) -> list[dict[str, Any]]:
        """Return the log of requests, oldest first, as `GET /_log` does; see `log.Entry`.

        May be called from any thread.
        """
        return self._log.entries()

    def clear_log(self) -> None:
        """Remove all requests from the log."""
        self._log.clear()

    async def run(self, ready: Callable[[], object]) -> None:
        """Listen until cancelled. Needs an event loop that has `add_reader`.

        Args:
            ready: called when the simulator listens and `url` is valid.

        Raises:
            OSError: if the port cannot be used.
        """
        with http.listen(self._port) as listener:
            self._port = listener.getsockname()[1]
            ready()
            try:
                await http.accept(listener, self._accept)
            finally:
                connections = dict(self._connections)
                for task in connections:
                    task.cancel()
                await asyncio.gather(*connections, return_exceptions=True)
                # A task that had not started yet has not closed its connection.
                for connection in connections.values():
                    await connection.close(abort=True)

    def start(self) -> Self:
        """Run in a separate thread; return when the simulator listens.

        Raises:
            OSError: if the port cannot be used.
        """
        started = threading.Event()
        self._failure = None
        self._thread = threading.Thread(
            target=self._run_in_thread, args=(started,), name="nbstream-simulator", daemon=True
        )
        self._thread.start()
        started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def stop(self) -> None:
        """Close every connection and end the thread; a second call does nothing."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stop()
            thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def _run_in_thread(self, started: threading.Event) -> None:
        async def main() -> None:
            loop = asyncio.get_running_loop()
            running = asyncio.ensure_future(self.run(started.set))
            self._stop = lambda: loop.call_soon_threadsafe(running.cancel)
            with suppress(asyncio.CancelledError):
                await running

        try:
            run_in_loop(main())
        except Exception as error:  # noqa: BLE001 - `start` raises it in the caller's thread
            self._failure = error
        finally:
            started.set()

    def _accept(self, connection: http.Connection) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(connection))
        self._connections[task] = connection
        task.add_done_callback(self._connections.__delitem__)

    async def _serve(self, connection: http.Connection) -> None:
        """Answer the requests of one connection until either side closes it."""
        drained = False
        try:
            while await self._serve_one(connection):
                pass
            drained = not connection.client_left.is_set()
        except http.BadRequest as bad:
            response = http.Response(connection, lambda _status: None)
            response.keep_open = False
            await response.send_whole(bad.status, f"{bad}\n".encode(), {"Content-Type": "text/plain"})
        except ConnectionError:
            pass
        finally:
            await connection.close(abort=not drained)

    async def _serve_one(self, connection: http.Connection) -> bool:
        """Answer one request; return whether the connection can be used for another one."""
        request = await connection.read_request()
        if request is None:
            return False
        entry = new_entry(request)
        response = http.Response(connection, entry.begin)
        response.keep_open = not request.wants_close
        answering = asyncio.ensure_future(self._router.answer(request, response, entry))
        leaving = asyncio.ensure_future(connection.client_left.wait())
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                entry.end("disconnected")
                return False
            error = answering.exception()
            if error is not None:
                entry.end("disconnected" if isinstance(error, ConnectionError) else "broken")
                raise error
            entry.end("served")
            return response.keep_open
        finally:
            entry.end("stopped")
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)


def run_in_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` in a new event loop with `add_reader`, which Windows' default loop lacks."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(main)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options and the help text of `nbstream simulate` to `parser`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = (
        "Runs a server on 127.0.0.1 that simulates DeepSeek's API. It calls no model and costs nothing."
    )
    parser.epilog = scenarios.table()
    for name, read, default, metavar, meaning in (
        ("--port", _port, _PORT, "N", "port to listen on; 0 chooses a free one"),
        ("--rate", scenarios.seconds, _RATE, "N", "tokens per second; 0 is as fast as possible"),
        ("--first-token", scenarios.seconds, _FIRST_TOKEN, "SECONDS", "seconds before the first token"),
        ("--scenario", scenarios.parse, "normal", '"NAME KEY=VALUE …"', "scenario for requests that do not name one"),
    ):
        help_text = f"{meaning} (default {default})"
        parser.add_argument(name, type=_checked(read), default=default, metavar=metavar, help=help_text)
    parser.add_argument("--replay", metavar="FILE", help="answer from this recording, and nothing else")
    parser.add_argument(
        "--written",
        metavar="FILE",
        action="append",
        default=[],
        help="answer the prompts of this file with its replies, and others as usual; may be given again. The module "
        "nbstream.simulator.written describes the file",
    )
    parser.add_argument(
        "--speed",
        type=_checked(_speed),
        default=1.0,
        metavar="N",
        help="how fast it is replayed: 4, or max (default 1)",
    )


def main(namespace: argparse.Namespace) -> int:
    """Run `nbstream simulate` until Ctrl-C; return the exit code."""
    try:
        simulator = Simulator(
            port=namespace.port,
            rate=namespace.rate,
            first_token=namespace.first_token,
            scenario=namespace.scenario.text,
            replay=namespace.replay,
            speed=namespace.speed,
            written=namespace.written,
        )
    except WrittenError as error:
        _print(f"nbstream simulate: {', '.join(namespace.written)}: {error}.", sys.stderr)
        return 1
    except FormatError as error:
        _print(f"nbstream simulate: {namespace.replay} cannot be replayed: {error}", sys.stderr)
        return 1
    except OSError as error:
        _print(f"nbstream simulate: {error.filename} cannot be read: {error.strerror or error}", sys.stderr)
        return 1

    def announce() -> None:
        url, what = simulator.url, f"Replaying {namespace.replay}" if namespace.replay else "Simulating DeepSeek"
        _print(f"{what} at {url}: set DEEPSEEK_BASE_URL={url} DEEPSEEK_API_KEY=simulated", sys.stdout)

    try:
        run_in_loop(simulator.run(announce))
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        reason = "it is in use" if error.errno == errno.EADDRINUSE else error.strerror
        _print(f"nbstream simulate: cannot listen on port {namespace.port}: {reason}", sys.stderr)
        return 1
    return 0


def _print(line: str, stream: TextIO) -> None:
    stream.write(f"{line}\n")
    stream.flush()


def _speed(text: str) -> float:
    speed = math.inf if text == "max" else scenarios.seconds(text)
    if not speed:
        raise ValueError(f"{text!r} is not a speed: a number greater than 0, or max")
    return speed


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _LAST_PORT):
        raise ValueError(f"{text!r} is not a port: 0 to {_LAST_PORT}")
    return int(text)


def _checked(read: Callable[[str], object]) -> Callable[[str], object]:
    """Return `read`, with the message of a ValueError as the command line's error message."""

    def checked(text: str) -> object:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked
