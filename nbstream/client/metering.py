"""What surrounds each HTTP request: meters that may refuse it, end it, and note what it took.

A meter, such as a budget or the ledger, adds a function to `makers` that makes one for each reply.
`Metering` asks all of them; where there are none, it does nothing.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from nbstream.model.failure import Failure
from nbstream.model.origin import Origin
from nbstream.model.reduction import reduced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbstream.client.sources import Source
    from nbstream.model.events import Ended
    from nbstream.model.reply import Reply
    from nbstream.model.request import Request
    from nbstream.model.usage import Cost, Usage


#: While text arrives, `Meter.check` is asked this often. What arrived meanwhile may be looked at
#: the next time only.
_CHECK_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Asked:
    """An HTTP request that is about to be sent.

    Attributes:
        source: what will be opened.
        attempt: which attempt at the request it is, counted from 1.
        origin: where it was asked.
        currency: the currency of the user's account.
    """

    source: Source
    attempt: int
    origin: Origin
    currency: str

    @property
    def is_sent(self) -> bool:
        """Whether it goes to a server, and is not answered by a recording or a cache."""
        return self.source.is_sent

    @property
    def request(self) -> Request:
        """The request."""
        return self.source.request


@dataclass(frozen=True, slots=True)
class Taken:
    """What an HTTP request has taken, once it is over, however it ended.

    Attributes:
        asked: the request as it was sent.
        step: the reply to this request alone, which has ended: status, error, finish reason, model,
            timing. Of a continued reply, usage and cost are those of all its parts.
        usage: the tokens of this request alone, as the server counted them; None if it did not.
        cost: what this request alone certainly cost; None if that is not known.
        estimate: about what it cost beside that, where the server reported no tokens; None if
            nothing was left out, or if it cannot be estimated.
        started: when it was sent, in seconds since the Unix epoch.
        seconds: how long it took.
        is_repeated: whether it failed before its first delta, and may be sent again.
    """

    asked: Asked
    step: Reply
    usage: Usage | None
    cost: Cost | None
    estimate: Cost | None
    started: float
    seconds: float
    is_repeated: bool


class Meter:
    """Is asked before each HTTP request of one reply, and is told what the request took.

    This one does nothing; others replace some of its methods. All are called on the background
    loop, so they must not block.

    Attributes:
        is_checking: whether `check` has anything to look at.
    """

    is_checking = False

    async def admit(self, asked: Asked) -> Request | Failure:
        """Return the request that may be sent, or why it must not be sent.

        A request that is changed has a warning that says so. At the second attempt and later ones
        it is not changed any more, as the reply holds it. The wait may be cancelled.
        """
        return asked.request

    def check(self, reply: Reply) -> Failure | None:  # noqa: ARG002  (as above)
        """Return why the reply must end now, if it must. It is asked while text arrives."""
        return None

    def ended(self, taken: Taken) -> None:
        """Note what a request took: once for each that all meters admitted, however it ended."""

    def closed(self) -> None:
        """Note that the reply has ended, so that no other request follows."""


#: Returns a meter for a reply that is asked at this place, or None. It is called on the thread on
#: which the user asks, so it may read context variables.
Maker: TypeAlias = "Callable[[Origin], Meter | None]"
makers: list[Maker] = []


def _nowhere() -> Origin:
    return Origin()


#: Returns where a request is asked that this thread makes now. `import nbstream` sets it.
origin_here: Callable[[], Origin] = _nowhere


def _no_execution() -> str:
    return ""


#: Returns an id of the execution of a cell that runs on this thread; "" if there is none. `import
#: nbstream` sets it.
execution_here: Callable[[], str] = _no_execution


class Metering:
    """The meters of one reply. It is made on the thread on which the user asks.

    Args:
        origin: where the reply is asked; None for the place of this thread.
        made_by: makes the meters; None for all `makers`.

    Attributes:
        origin: where the reply was asked.
    """

    def __init__(self, origin: Origin | None = None, made_by: Sequence[Maker] | None = None) -> None:
        self.origin = origin_here() if origin is None else origin
        chosen = makers if made_by is None else made_by
        self._meters = [meter for make in chosen if (meter := make(self.origin)) is not None]
        self._is_checking = any(meter.is_checking for meter in self._meters)
        self._asked: Asked | None = None
        self._started = self._began = 0.0

    async def admit(self, source: Source, attempt: int, currency: str) -> Source | Failure:
        """Return the source to open, or why the request must not be sent.

        Args:
            source: the source of the request.
            attempt: which attempt at the request it is, counted from 1.
            currency: the currency of the user's account.
        """
        # What goes to no server and replays none is no request: the text of a blind comparison.
        if not self._meters or not source.request.endpoint:
            return source
        asked = Asked(source, attempt, self.origin, currency)
        for meter in self._meters:
            told = await meter.admit(asked)
            if isinstance(told, Failure):
                return told
            if told is not asked.request:
                asked = replace(asked, source=asked.source.with_request(told))
        self._asked, self._started, self._began = asked, time.time(), time.monotonic()
        return asked.source

    @property
    def counts(self) -> bool:
        """Whether there is any meter."""
        return bool(self._meters)

    def check_at(self, now: float) -> float:
        """Return when to call `check` after the time `now`; infinity if no meter looks."""
        return now + _CHECK_SECONDS if self._is_checking else math.inf

    def check(self, reply: Reply) -> Failure | None:
        """Return why the reply must end now, if it must."""
        return next((failure for meter in self._meters if (failure := meter.check(reply)) is not None), None)

    def ended(self, reply: Reply, end: Ended, *, is_repeated: bool = False) -> None:
        """Tell the meters what the last request took; without an open request, do nothing.

        Args:
            reply: the reply before the end of the request, with its cost and its estimate.
            end: the end of the request.
            is_repeated: whether the request may be sent again.
        """
        asked, self._asked = self._asked, None
        if asked is None:
            return
        self._tell(asked, reduced([end], reply).last_step, is_repeated=is_repeated)

    def received(self, reply: Reply) -> None:
        """Tell the meters what a reply took that another process has received, with all its steps.

        Without an open request, do nothing.
        """
        asked, self._asked = self._asked, None
        if asked is not None:
            for step in reply.steps:
                self._tell(asked, step, is_repeated=step is not reply.steps[-1])

    def _tell(self, asked: Asked, step: Reply, *, is_repeated: bool) -> None:
        seconds = time.monotonic() - self._began
        taken = Taken(
            asked, step, step.own.usage, step.own.cost, step.own.estimate, self._started, seconds, is_repeated
        )
        for meter in self._meters:
            _guarded(partial(meter.ended, taken))

    def closed(self) -> None:
        """Tell the meters that the reply has ended."""
        for meter in self._meters:
            _guarded(meter.closed)


def _guarded(note: Callable[[], None]) -> None:
    """Call a function of a meter; a defect in it must not cost the reply."""
    try:
        note()
    except Exception as error:  # noqa: BLE001  (as above)
        message = {"message": "nbstream: what a request took could not be noted", "exception": error}
        asyncio.get_running_loop().call_exception_handler(message)
