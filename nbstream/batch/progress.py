"""How far a job has come, as facts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from nbstream.model.spend import Spend

if TYPE_CHECKING:
    from nbstream.model.failure import Failure
    from nbstream.model.reply import Reply
    from nbstream.model.usage import Usage

#: Why a job ended before all prompts were asked; empty if it did not.
End: TypeAlias = Literal["", "stopped", "hopeless", "alike", "disk", "input"]

#: The rate is that of so many answers, the latest ones.
_RECENT = 256
_LEAST_RECENT = 4


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job has come.

    Attributes:
        total: how many prompts there are; None while that is not known.
        taken: how many prompts have been taken from the iterable.
        answered: how many of them have an answer that this job asked for.
        kept: how many have an answer of an earlier job.
        failed: how many failed.
        running: how many are being asked.
        limit: how many may be asked at once now; fewer than the user allows while the server is
            busy.
        waits_for: why no request starts at the moment; None if they do.
        wait: seconds until the next request starts.
        usage: the tokens of this job; None if none were reported.
        spend: what this job cost, with each try of a prompt that was asked again.
        elapsed: seconds since the job began.
        rate: answers per second; None if it is not known yet.
        left: about how many seconds the rest takes; None if it is not known.
        failures: what the failed prompts failed for, each with a count, the most frequent first.
        end: why the job ends early.
        reason: the reply whose failure ends it; None if it was stopped.
        said: what an exception said that ends it.
        is_over: whether the job has ended.
        file: the file of the answers; empty if there is none.
        models: the models that answered.
        is_simulated: whether the simulator answered.
    """

    total: int | None = None
    taken: int = 0
    answered: int = 0
    kept: int = 0
    failed: int = 0
    running: int = 0
    limit: int = 1
    waits_for: Failure | None = None
    wait: float = 0.0
    usage: Usage | None = None
    spend: Spend = field(default_factory=Spend)
    elapsed: float = 0.0
    rate: float | None = None
    left: float | None = None
    failures: tuple[tuple[Failure, int], ...] = ()
    end: End = ""
    reason: Reply | None = None
    said: str = ""
    is_over: bool = False
    file: str = ""
    models: tuple[str, ...] = ()
    is_simulated: bool = False

    @property
    def done(self) -> int:
        """How many prompts need not be asked any more."""
        return self.answered + self.kept + self.failed

    @property
    def rest(self) -> int | None:
        """How many prompts were not answered, failed ones included; None if that is not known."""
        return None if self.total is None else self.total - self.answered - self.kept


class Rate:
    """How many answers come in a second, by the latest ones.

    Args:
        began: when the job began. Answers come in bursts, so the first ones are counted from there.
    """

    def __init__(self, began: float) -> None:
        self._times: deque[float] = deque([began], maxlen=_RECENT)

    def note(self, now: float) -> None:
        """Note an answer."""
        self._times.append(now)

    def at(self, now: float) -> float | None:
        """Return the rate; None after too few answers."""
        times = self._times
        if len(times) <= _LEAST_RECENT or now <= times[0]:
            return None
        return (len(times) - 1) / (now - times[0])
