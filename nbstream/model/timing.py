"""When the parts of a reply came."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of a request, in seconds since the run began.

    Those of a reply that was continued go on without the time between its parts.

    Attributes:
        started: the time of the request, in seconds since the Unix epoch.
        begun: the same, in seconds since the run began; 0 for the first request of a reply.
        continued: the time of the last request, if it goes on with an earlier part of the reply.
        first_delta: the first text or tool call.
        reasoning_started: the first delta of reasoning.
        reasoning_ended: the end of reasoning; None while the model reasons.
        reasoning_pauses: seconds of answer between two stretches of reasoning.
        answer_started: the first delta of the answer.
        last_delta: the last text or tool call; None until the end.
        finished: the finish reason.
        ended: the end of the response.
    """

    started: float | None = None
    first_delta: float | None = None
    reasoning_started: float | None = None
    reasoning_ended: float | None = None
    reasoning_pauses: float = 0.0
    answer_started: float | None = None
    last_delta: float | None = None
    finished: float | None = None
    ended: float | None = None
    continued: float | None = None
    begun: float = 0.0

    @property
    def reasoning_seconds(self) -> float | None:
        """How long the model reasoned; None while it reasons, or if it did not."""
        return None if self.reasoning_ended is None else self.reasoning_until(self.reasoning_ended)

    def reasoning_until(self, at: float) -> float | None:
        """Return how long the model had reasoned at the time `at`; None if it had not."""
        return None if self.reasoning_started is None else at - self.reasoning_started - self.reasoning_pauses
