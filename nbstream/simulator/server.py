"""The simulator's life: it accepts connections, notices who has left, and stops without a trace; and its command line.

This module must not know what is answered (`api`).
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nbstream.simulator import http_connection as http
from nbstream.simulator import scenarios
from nbstream.simulator.log import Log
from nbstream.simulator.routes import Router, new_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType
    from typing import Self, TextIO

_RATE = 60.0
_FIRST_TOKEN = 0.4
_PORT = 8765
_LAST_PORT = 65_535


class Simulator:
    """A simulated DeepSeek on 127.0.0.1: `with Simulator() as simulator: …`, or `run_in_loop(simulator.run(…))`.

    Args:
        port: the port to listen on; 0 takes any that is free.
        rate: tokens per second; 0 is as fast as possible.
        first_token: seconds before the first token.
        scenario: what is played when a request does not choose; see `nbstream simulate --help`.
        recording: the body of a stream, which the scenario `recording` plays.

    Raises:
        ScenarioError: if the scenario is not known.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        rate: float = _RATE,
        first_token: float = _FIRST_TOKEN,
        scenario: str = "normal",
        recording: bytes | None = None,
    ) -> None:
        self._port = port
        self._log = Log()
        plan = scenarios.parse(scenario)
        self._router = Router(self._log, rate=rate, first_token=first_token, plan=plan, recording=recording)
        self._serving: dict[asyncio.Task[None], http.Connection] = {}
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], object] = lambda: None
        self._failure: Exception | None = None

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end; it is final once the simulator runs."""
        return f"http://127.0.0.1:{self._port}"

    def log(self) -> list[dict[str, Any]]:
        """Return every request so far, oldest first, as `GET /_log` does; see `log.Entry`. Any thread may ask."""
        return self._log.entries()

    def clear_log(self) -> None:
        """Forget the requests so far."""
        self._log.clear()

    async def run(self, ready: Callable[[], object]) -> None:
        """Listen until cancelled, on a loop that has `add_reader`; `ready` is called once `url` is final.

        Raises:
            OSError: if the port cannot be had.
        """
        with http.listen(self._port) as listener:
            self._port = listener.getsockname()[1]
            ready()
            try:
                await http.accept(listener, self._accept)
            finally:
                serving = dict(self._serving)
                for task in serving:
                    task.cancel()
                await asyncio.gather(*serving, return_exceptions=True)
                for connection in serving.values():  # a task that had not begun has closed nothing
                    await connection.close(at_once=True)

    def start(self) -> Self:
        """Run in a thread of its own; return when it listens.

        Raises:
            OSError: if the port cannot be had.
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
        """End every connection and the thread; calling it twice does nothing more."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stop()
            thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
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
        self._serving[task] = connection
        task.add_done_callback(self._serving.__delitem__)

    async def _serve(self, connection: http.Connection) -> None:
        """Answer the requests of one connection until either side is done."""
        drained = False
        try:
            while await self._serve_one(connection):
                pass
            drained = not connection.gone.is_set()
        except http.BadRequest as bad:
            response = http.Response(connection, lambda _: None)
            response.keep_open = False
            await response.send_whole(bad.status, f"{bad}\n".encode(), {"Content-Type": "text/plain"})
        except ConnectionError:
            pass
        finally:
            await connection.close(at_once=not drained)

    async def _serve_one(self, connection: http.Connection) -> bool:
        """Answer one request; return whether the connection can serve another."""
        asked = await connection.read_request()
        if asked is None:
            return False
        entry = new_entry(asked)
        response = http.Response(connection, entry.begin)
        response.keep_open = not asked.wants_close
        answering = asyncio.ensure_future(self._router.answer(asked, response, entry))
        leaving = asyncio.ensure_future(connection.gone.wait())
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
    """Run `main` in a new loop of the kind that `run` needs, which is not the usual one on Windows."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(main)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the options of `nbstream simulate`, and its help the table of scenarios."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = "A server on 127.0.0.1 that speaks as DeepSeek does. No model is called and nothing is spent."
    parser.epilog = scenarios.table()
    parser.add_argument(
        "--port", type=_port, default=_PORT, metavar="N", help=f"0 takes any that is free (default {_PORT})"
    )
    parser.add_argument(
        "--rate",
        type=_not_negative,
        default=_RATE,
        metavar="N",
        help=f"tokens per second; 0 is as fast as possible (default {_RATE:g})",
    )
    parser.add_argument(
        "--first-token",
        type=_not_negative,
        default=_FIRST_TOKEN,
        metavar="SECONDS",
        help=f"time to the first token (default {_FIRST_TOKEN:g})",
    )
    parser.add_argument(
        "--scenario",
        type=_scenario,
        default="normal",
        metavar='"NAME KEY=VALUE …"',
        help="what is played when a request does not choose (default normal)",
    )


def main(namespace: argparse.Namespace) -> int:
    """Run `nbstream simulate` until Ctrl-C; return the exit code."""
    simulator = Simulator(
        port=namespace.port,
        rate=namespace.rate,
        first_token=namespace.first_token,
        scenario=namespace.scenario,
    )

    def announce() -> None:
        url = simulator.url
        _say(f"Simulating DeepSeek at {url}: set DEEPSEEK_BASE_URL={url} DEEPSEEK_API_KEY=simulated", sys.stdout)

    try:
        run_in_loop(simulator.run(announce))
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        reason = "it is in use" if error.errno == errno.EADDRINUSE else error.strerror
        _say(f"nbstream simulate: cannot listen on port {namespace.port}: {reason}", sys.stderr)
        return 1
    return 0


def _say(line: str, stream: TextIO) -> None:
    stream.write(f"{line}\n")
    stream.flush()


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _LAST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to {_LAST_PORT}")
    return int(text)


def _not_negative(text: str) -> float:
    try:
        return scenarios.seconds(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more") from None


def _scenario(text: str) -> str:
    try:
        return scenarios.parse(text).written
    except scenarios.ScenarioError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
