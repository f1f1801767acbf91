"""The prompts of a job whose requests run, or are to be sent again."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbstream.batch.places import Running
    from nbstream.batch.prepared import Prepared

#: A prompt that a server is too busy for again and again, while it answers others, has failed.
_MOST_REFUSALS = 8
#: At the end, no other answer tells whether it is the prompt: it is given up after so many tries.
#: By then, the pauses between them make a quarter of an hour.
_MOST_AT_THE_END = 20
#: A prompt that was refused so often lets one go first that was not asked yet, as it may be the
#: prompt. So many may wait, since a server that refuses all would get them all.
_YIELDS_AFTER = 2
_MOST_WAITING = 100


@dataclass(slots=True)
class Item:
    """A prompt whose request runs, or waits to be sent again.

    Attributes:
        position: its position among the prompts.
        prepared: its request.
        key: the key of its request.
        started: when its latest request began.
        attempts: how often it was asked.
        running: its request on its way; None while it waits.
    """

    position: int
    prepared: Prepared
    key: int
    started: float = 0.0
    attempts: int = 0
    running: Running | None = field(default=None, repr=False)
    #: How often the server was too busy for it while it answered others.
    _refusals: int = 0
    _answered_before: int = 0
    yields: bool = False

    def is_given_up(self, answered: int, *, is_last: bool) -> bool:
        """Note that the server was too busy for it, and return whether it is not asked again.

        Args:
            answered: how many prompts were answered so far.
            is_last: whether all prompts have been taken.
        """
        if answered > self._answered_before:
            self._answered_before = answered
            self._refusals += 1
        return self._refusals > _MOST_REFUSALS or (is_last and self.attempts >= _MOST_AT_THE_END)


class Waiting:
    """The prompts that are to be asked again, by the time at which they may be."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Item]] = []

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def due(self) -> float:
        """When the first of them may be asked; infinite without one."""
        return self._heap[0][0] if self._heap else float("inf")

    def add(self, item: Item, at: float) -> None:
        """Let a prompt be asked again at the time `at`."""
        item.running = None
        item.yields = item.attempts >= _YIELDS_AFTER
        heapq.heappush(self._heap, (at, item.position, item))

    def take(self, now: float, *, is_last: bool) -> Item | None:
        """Take one that may be asked now; None if there is none, or it lets a new prompt go first.

        Args:
            now: the time.
            is_last: whether there is no new prompt.
        """
        if self.due > now:
            return None
        item = self._heap[0][2]
        if is_last or not item.yields or len(self._heap) >= _MOST_WAITING:
            return heapq.heappop(self._heap)[2]
        item.yields = False
        return None

    def clear(self) -> None:
        """Forget all."""
        self._heap.clear()
