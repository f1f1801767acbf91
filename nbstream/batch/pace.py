"""How many requests of a job run at once, and when the next one may start.

The number of requests is halved when a server is busy, and grows by one for each round of answers.
A server that is busy makes the whole job wait, and not only the request that it refused: the others
would be refused as well.
"""

from __future__ import annotations

import random

_FIRST_BACKOFF = 0.5
_LONGEST_BACKOFF = 60.0
#: The most seconds to wait because a server asks for it, before it is asked again.
_LONGEST_ASKED = 3_600.0


class Pace:
    """Decides when a request may start. All times are in seconds of one clock.

    Args:
        most: the most requests at once.

    Attributes:
        resume_at: when the next request may start.
        refusals: how many rounds of requests were refused since the last answer.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self.refusals = 0
        #: How many of them did not say how long to wait.
        self._unexplained = 0
        self._lowered_at = float("-inf")
        self.resume_at = float("-inf")

    @property
    def limit(self) -> int:
        """How many requests may run at once now."""
        return max(1, int(self._limit))

    def may_start(self, running: int, now: float) -> bool:
        """Return whether another request may start while `running` requests are on their way."""
        return running < self.limit and now >= self.resume_at

    def note_answer(self) -> None:
        """Note that a server answered: it can bear as much, and perhaps a little more."""
        self.refusals = self._unexplained = 0
        self._limit = min(float(self._most), self._limit + 1 / self._limit)

    def note_refusal(self, now: float, started: float, asked: float | None) -> None:
        """Note that a server was too busy for a request, or could not be reached.

        Args:
            now: the time.
            started: when the request started. Of all requests that were on their way together, only
                the first refusal lowers the number.
            asked: the seconds that the server asks to wait; None if it did not say.
        """
        if started >= self._lowered_at:
            self._limit = max(1.0, self._limit / 2)
            self._lowered_at = now
            self.refusals += 1
            self._unexplained += asked is None
        if asked is not None:
            wait = min(asked, _LONGEST_ASKED)
        else:
            # Notebooks that were refused at the same time should not come back at the same time.
            backoff = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0 ** min(max(0, self._unexplained - 1), 10))
            wait = backoff * random.uniform(0.75, 1.0)  # noqa: S311
        self.resume_at = max(self.resume_at, now + wait)
