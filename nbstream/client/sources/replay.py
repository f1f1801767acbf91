"""A recorded response in the place of a server's."""

from __future__ import annotations

import asyncio
import math
import os
from contextlib import asynccontextmanager
from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args

from nbstream.client.connections import Opened, StatusError
from nbstream.client.outer_decoder import OuterDecoder
from nbstream.client.redaction import KeyRedactor
from nbstream.client.secret import Secret
from nbstream.client.sources import SourceError
from nbstream.client.sources.api import ApiSource
from nbstream.model.events import Replayed
from nbstream.model.failure import Failure
from nbstream.model.printable import one_line
from nbstream.model.recorded import Recorded
from nbstream.model.usage import Cost, CostParts, CostSource
from nbstream.prompt.secrets import secrets_of
from nbstream.recordings.taken import Asked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from nbstream.client.endpoints import Endpoint
    from nbstream.client.player import Player
    from nbstream.client.sources import Decoder, Noting
    from nbstream.model.earlier import Earlier
    from nbstream.model.events import Event
    from nbstream.model.recorded import RecordedKind
    from nbstream.model.request import Request
    from nbstream.recordings.taken import Taken

#: A replay without waits lets other tasks run each time it has yielded this many bytes.
_BYTES_AT_ONCE = 64 << 10


class PlayedSource(ApiSource):
    """A request that an earlier response answers; arguments are as for `ApiSource`.

    Attributes:
        kind: what answers it.
    """

    is_sent: bool = False
    kind: RecordedKind

    def __init__(self, endpoint: Endpoint, request: Request, earlier: Earlier | None = None) -> None:
        super().__init__(endpoint, request, earlier)
        self._taken: Taken | None = None

    async def prepare(self) -> None:
        """Do nothing."""

    def decoder(self, max_bytes: int) -> Decoder:
        """Return a decoder that also tells when the response was received."""
        return _ReplayedDecoder(super().decoder(max_bytes), self._recorded)

    def _recorded(self) -> Recorded | None:
        taken = self._taken
        return Recorded(taken.instant, _cost(taken), self.kind) if taken is not None else None


class ReplaySource(PlayedSource):
    """A request that a recording answers: with the same bytes, and at the same times.

    Args:
        player: the recording.
        endpoint: the server that would be asked.
        request: the request.
        earlier: what the reply goes on with; None for a reply that begins with this request.
    """

    kind: RecordedKind = "recording"

    def __init__(self, player: Player, endpoint: Endpoint, request: Request, earlier: Earlier | None = None) -> None:
        super().__init__(endpoint, request, earlier)
        self._player = player

    @property
    def speed(self) -> float:
        """How fast it is played; see `Source.speed`."""
        return self._player.speed

    @asynccontextmanager
    async def _opened(self, response: Noting) -> AsyncIterator[Opened]:
        # Keys in the body are hidden, as they are in a recording.
        self._taken = response_to(Asked("POST", self.request.url, self.request.body()), self._player)
        async with played(self._taken, self.speed, response) as opened:
            yield opened


def response_to(asked: Asked, player: Player) -> Taken:
    """Return the recorded response to a request.

    Raises:
        SourceError: if there is none. The request does not go to any server then.
    """
    taken = player.recording.response_to(asked)
    if taken is None:
        difference = player.recording.difference(asked)
        name, said = player.recording.name, one_line(str(difference) if difference is not None else asked.call)
        # The request has no key, but a prompt may repeat one.
        said = KeyRedactor(*map(Secret, secrets_of(os.environ))).redact_error(said)
        raise SourceError(Failure("not_recorded", "differs" if difference is not None else "", name, said))
    return taken


@asynccontextmanager
async def played(taken: Taken, speed: float, response: Noting | None = None) -> AsyncIterator[Opened]:
    """Play a recorded response.

    Args:
        taken: the response.
        speed: 2 is twice as fast as it was recorded; infinity does not wait.
        response: is told the recorded times.

    Raises:
        SourceError: if there was no response, or it broke.
        StatusError: if it was a refusal.
    """
    clock = _Clock(speed)
    if taken.status is None or taken.end == "refused":
        await clock.until(taken.seconds)
        if taken.status is None:
            raise _ending(taken)
        raise StatusError(taken.status, taken.headers, taken.error)
    yield Opened(taken.status, taken.headers, _pieces(taken, clock, response))


async def _pieces(taken: Taken, clock: _Clock, response: Noting | None) -> AsyncIterator[bytes]:
    given = 0
    for at, piece in taken.pieces:
        given += len(piece)
        if await clock.until(at) or given >= _BYTES_AT_ONCE:
            given = 0
            await asyncio.sleep(0)
        if response is not None:
            response.arrives(at)
        yield piece
    await clock.until(taken.seconds)
    if taken.end in ("broken", "stopped"):
        raise _ending(taken)


def _ending(taken: Taken) -> BaseException:
    """Return how a response ended that did not end by itself."""
    if taken.end == "stopped":
        return asyncio.CancelledError()
    names = {each.name for each in fields(Failure)}
    facts: dict[str, Any] = {name: value for name, value in (taken.failure or {}).items() if name in names}
    return SourceError(Failure(**{"kind": "disconnected", **facts}))


class _Clock:
    """Waits as long as it took, divided by the speed."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()

    async def until(self, seconds: float) -> bool:
        """Wait until so many recorded seconds have gone by; return whether there was a wait."""
        if math.isinf(self._speed):
            return False
        left = self._began + seconds / self._speed - self._loop.time()
        if left <= 0:
            return False
        await asyncio.sleep(left)
        return True


class _ReplayedDecoder(OuterDecoder):
    """Tells before everything else when the response was recorded, and what it cost."""

    def __init__(self, decoder: Decoder, recorded: Callable[[], Recorded | None]) -> None:
        super().__init__(decoder)
        self._recorded = recorded
        self._has_told = False

    def feed(self, piece: bytes, at: float) -> list[Event]:
        """Return the events that `piece` completes; see `Decoder.feed`."""
        return [*self._told(at), *self._decoder.feed(piece, at)]

    def flush(self, at: float) -> list[Event]:
        """Return the text that was held back; see `Decoder.flush`."""
        return [*self._told(at), *self._decoder.flush(at)]

    def finish(self, at: float, failure: Failure | None = None) -> list[Event]:
        """Return the last events; see `Decoder.finish`."""
        return [*self._told(at), *self._decoder.finish(at, failure)]

    def _told(self, at: float) -> list[Event]:
        if self._has_told or (recorded := self._recorded()) is None:
            return []
        self._has_told = True
        return [Replayed(at, recorded)]


def _cost(taken: Taken) -> Cost | None:
    cost = taken.cost
    if not cost:
        return None
    source: Any = cost.get("source")
    source = source if source in get_args(CostSource) else ""
    at_most, at_least = bool(cost.get("at_most")), bool(cost.get("at_least"))
    try:
        amount, currency, parts = Decimal(str(cost["amount"])), str(cost["currency"]), cost.get("parts")
        split = CostParts(**{str(name): Decimal(str(each)) for name, each in parts.items()}) if parts else None
        return Cost(amount, currency, "", None, at_most, at_least, source, split)
    except (ArithmeticError, AttributeError, KeyError, TypeError):
        return None
