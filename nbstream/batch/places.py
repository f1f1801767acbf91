"""Where requests of a job run: on this process's own loop, or on an executor of the user's."""

from __future__ import annotations

import asyncio
import concurrent.futures
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from nbstream.batch.lines import pack, unpack
from nbstream.client import metering, tapes
from nbstream.client.budgets import making
from nbstream.client.loop import background_loop
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
    from nbstream.client.sources import Source
    from nbstream.model.origin import Origin
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

    def start(self, prepared: Prepared, done: Callable[[Reply], object], meters: Metering | None = None) -> Running:
        """See `Place.start`; `meters` are the `metering` of a `Receiver`."""
        source, following = prepared.source, prepared.following
        receiver = Receiver(
            source, self._limits, self._currency, following=following, is_watched=False, metering=meters
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
            meters = Metering()
            return _InThread(self._executor, lambda told: own.start(prepared, told, meters), done)
        # Dask takes two calls with equal arguments for one, and would answer the second attempt
        # with the failure of the first.
        source = prepared.source
        endpoint, player, origin = source.endpoint, source.endpoint.player, metering.origin_here()
        replayed = player.url if player is not None else None

        def submit(request: Request) -> concurrent.futures.Future[bytes]:
            arguments = (endpoint.base_url, self._limits, self._currency, uuid.uuid4().hex, replayed, origin)
            return self._executor.submit(answer, _portable(request), *arguments)

        meters = Metering(origin, [making.meter_of_memory])
        if meters.counts:
            return _Metered(source, meters, self._currency, submit, done)
        try:
            future = submit(source.request)
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


class _Metered:
    """A request that a worker sends, and that budgets in the memory of this process count.

    The worker notes it in its ledger, and holds the budgets that stand there. It does not know
    those of a `with` block, of a cell or of a session: so the worst case is reserved here before
    it gets the request, and what the reply took is settled here.
    """

    def __init__(
        self,
        source: Source,
        meters: Metering,
        currency: str,
        submit: Callable[[Request], concurrent.futures.Future[bytes]],
        done: Callable[[Reply], object],
    ) -> None:
        self._source = source
        self._meters = meters
        self._currency = currency
        self._submit = submit
        self._done = done
        self._worker: concurrent.futures.Future[bytes] | None = None
        self._task = asyncio.run_coroutine_threadsafe(self._work(), background_loop())

    def cancel(self) -> None:
        worker = self._worker
        if worker is None:
            self._task.cancel()
        else:
            worker.cancel()

    async def _work(self) -> None:
        reply = Reply(status="cancelled", request=self._source.request)
        try:
            reply = await self._reply()
        except Exception as error:  # noqa: BLE001  (of any executor)
            reply = _failed(self._source.request, error, is_lost=True)
        finally:
            self._meters.received(reply)
            self._meters.closed()
            self._done(reply)

    async def _reply(self) -> Reply:
        admitted = await self._meters.admit(self._source, 1, self._currency)
        if isinstance(admitted, Failure):
            return Reply(status="failed", request=self._source.request, error=admitted)
        # An executor may take its time.
        self._worker = worker = await asyncio.to_thread(self._submit, admitted.request)
        await asyncio.wait([asyncio.wrap_future(worker)])
        return _result(worker, admitted.request)


def answer(  # noqa: PLR0917  (an executor passes a list)
    request: Request,
    base_url: str,
    limits: Limits,
    currency: str,
    _unique: str,
    replayed: str | None,
    origin: Origin,
) -> bytes:
    """Send a request from a worker, and return its reply, packed.

    Args:
        request: the request.
        base_url: the server.
        limits: the limits of the reply.
        currency: the currency of the cost.
        _unique: differs for each call.
        replayed: the base URL of the recording that answers in the server's place.
        origin: where it was asked.
    """
    try:
        tape = tapes.current(replayed) if replayed is not None else tapes.Tapes()
        with tapes.for_one(tape):
            endpoint = route(request.model, base_url).endpoint
    except RequestError as error:
        reply = Reply(status="failed", error=Failure("unsent", "key", said=f"on a worker: {error}"))
    else:
        source = source_for(endpoint, request)
        meters = Metering(origin)
        receiver = Receiver(
            source, limits, currency, following=following(source, {}), is_watched=False, metering=meters
        )
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
