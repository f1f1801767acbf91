"""The answers to the messages of pages. A message may come by two channels, and counts once."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: So many answers are kept, for messages that come a second time.
_MOST = 500


class Answers:
    """Acts upon each message once.

    The second copy of a message may have to wait for the end of a long cell. Its answer may be
    forgotten by then; that it was acted upon is not.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], _Answer] = OrderedDict()
        self._numbers: defaultdict[str, _Numbers] = defaultdict(_Numbers)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many answers are kept."""
        return len(self._kept)

    def answer(self, page: str, number: int, act: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
        """Return the answer to a message; `act` acts upon it, and is called the first time only.

        A second copy that comes meanwhile waits for the answer. Other messages do not: one of them
        may be a Stop.
        """
        with self._lock:
            is_new = self._numbers[page].add(number)
            if is_new:
                self._kept[page, number] = _Answer()
                if len(self._kept) > _MOST:
                    self._kept.popitem(last=False)
            answer = self._kept.get((page, number))
        if answer is None:
            return None
        return answer.made(act) if is_new else answer.waited_for()

    def note(self, page: str, number: int) -> None:
        """Note a message that may be acted upon each time it comes."""
        with self._lock:
            self._numbers[page].add(number)


class _Answer:
    """The answer to one message."""

    def __init__(self) -> None:
        self._value: dict[str, Any] | None = None
        self._is_there = threading.Event()
        self._maker = threading.current_thread()

    def made(self, act: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
        try:
            self._value = act()
        finally:
            self._is_there.set()
        return self._value

    def waited_for(self) -> dict[str, Any] | None:
        # What acts upon a message may lead to the same message again.
        if self._maker is not threading.current_thread():
            self._is_there.wait()
        return self._value


class _Numbers:
    """Numbers that are counted from 1, and come in about that order."""

    def __init__(self) -> None:
        #: All up to this one came.
        self._last = 0
        self._others: set[int] = set()

    def add(self, number: int) -> bool:
        """Add a number, and return whether it is new."""
        if 0 < number <= self._last or number in self._others:
            return False
        self._others.add(number)
        while self._last + 1 in self._others:
            self._last += 1
            self._others.remove(self._last)
        return True
