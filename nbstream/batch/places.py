"""Where requests of a job run: on this process's own loop, or on an executor of the user's."""

from __future__ import annotations

import concurrent.futures
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from nbstream.batch.lines import pack, unpack
from nbstream.client import tapes
from nbstream.client.metering import Metering
from nbstream.client.receiver import Receiver
from nbstream.client.routing import route
from nbstream.client.sources.choice import source_for
from nbstream.exchange.start import following
from nbstream.model.exceptions import RequestError
from nbstream.model.failure import Failure
from nbstream.model.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.batch.prepared import Prepared
    from nbstream.client.retry import Limits
    from nbstream.model.request import Request


class Running(Protocol):
    """A request that runs."""

    def cancel(self) -> object:
        """End it. A reply of it may still come."""


class Place(Protocol):
    """Where requests run.

    Attributes:
        is_here: whether a request that is cancelled ends at once.
    """

    is_here: bool

    def start(self, prepared: Prepared, done: Callable[[Reply], object]) -> Running:
        """Send a request once, and call `done` with its reply, on any thread."""


class Here:
    """The background loop of this process.

    Args:
        limits: the limits of a reply; a job retries by itself.
        currency: the currency of the costs.
    """

    is_here = True

    def __init__(self, limits: Limits, currency: str) -> None:
        self._limits = limits
        self._currency = currency

    def start(self, prepared: Prepared, done: Callable[[Reply], object], metering: Metering | None = None) -> Running:
        """See `Place.start`; `metering` is as for a `Receiver`."""
        source, following = prepared.source, prepared.following
        receiver = Receiver(
            source, self._limits, self._currency, following=following, is_watched=False, metering=metering
        )
        receiver.future.add_done_callback(lambda future: done(future.result()))
        return receiver


class Elsewhere:
    """An executor, whose workers may be other processes or machines.

    A worker gets the request without its key, and finds the key in its own environment. Only the
    threads of a `ThreadPoolExecutor` share the key of this process.

    Args:
        executor: the executor.
        limits: as for `Here`.
        currency: as for `Here`.
    """

    def __init__(self, executor: concurrent.futures.Executor, limits: Limits, currency: str) -> None:
        self._executor = executor
        self._limits = limits
        self._currency = currency
        self.is_here = isinstance(executor, concurrent.futures.ThreadPoolExecutor)

    def start(self, prepared: Prepared, done: Callable[[Reply], object]) -> Running:
        """See `Place.start`."""
        own = Here(self._limits, self._currency)
        if self.is_here:
            # The job's own thread knows the cell; the executor's threads do not.
            metering = Metering()
            return _InThread(self._executor, lambda told: own.start(prepared, told, metering), done)
        # Dask takes two calls with equal arguments for one, and would answer the second attempt
        # with the failure of the first.
        source = prepared.source
        request = _portable(source.request)
        endpoint, player = source.endpoint, source.endpoint.player
        replayed = player.url if player is not None else None
        arguments = (request, endpoint.base_url, self._limits, self._currency, uuid.uuid4().hex, replayed)
        try:
            future = self._executor.submit(answer, *arguments)
        except Exception as error:  # noqa: BLE001  (of any executor)
            done(_failed(source.request, error, is_lost=True))
            return concurrent.futures.Future()
        future.add_done_callback(lambda ended: done(_result(ended, source.request)))
        return future


class _InThread:
    """A request that a thread of an executor waits for."""

    def __init__(
        self,
        executor: concurrent.futures.Executor,
        start: Callable[[Callable[[Reply], object]], Running],
        done: Callable[[Reply], object],
    ) -> None:
        self._start = start
        self._done = done
        self._running: Running | None = None
        self._is_cancelled = False
        self._future = executor.submit(self._work)

    def cancel(self) -> None:
        self._is_cancelled = True
        if self._future.cancel():
            self._done(Reply(status="cancelled"))
        elif self._running is not None:
            self._running.cancel()

    def _work(self) -> None:
        ended: concurrent.futures.Future[Reply] = concurrent.futures.Future()
        self._running = self._start(ended.set_result)
        if self._is_cancelled:
            self._running.cancel()
        self._done(ended.result())


def answer(request: Request, base_url: str, limits: Limits, currency: str, _unique: str, replayed: str | None) -> bytes:
    """Send a request from a worker, and return its reply, packed.

    Args:
        request: the request.
        base_url: the server.
        limits: the limits of the reply.
        currency: the currency of the cost.
        _unique: differs for each call.
        replayed: the base URL of the recording that answers in the server's place.
    """
    try:
        tape = tapes.current(replayed) if replayed is not None else tapes.Tapes()
        with tapes.for_one(tape):
            endpoint = route(request.model, base_url).endpoint
    except RequestError as error:
        reply = Reply(status="failed", error=Failure("unsent", "key", said=f"on a worker: {error}"))
    else:
        source = source_for(endpoint, request)
        receiver = Receiver(source, limits, currency, following=following(source, {}), is_watched=False)
        reply = receiver.future.result()
    return pack(reply)


def _portable(request: Request) -> Request:
    """Return a request without the function that checks an answer, which cannot be pickled."""
    structure = request.structure
    return request if structure is None else replace(request, structure=replace(structure, check=None))


def _result(future: concurrent.futures.Future[bytes], request: Request) -> Reply:
    if future.cancelled():
        return Reply(status="cancelled", request=request)
    error = future.exception()
    if error is not None:
        return _failed(request, error, is_lost=isinstance(error, concurrent.futures.BrokenExecutor))
    return unpack(future.result(), request)


def _failed(request: Request, error: BaseException, *, is_lost: bool) -> Reply:
    said = f"{type(error).__name__}: {error}"
    return Reply(status="failed", request=request, error=Failure("worker", "executor" if is_lost else "", said=said))
