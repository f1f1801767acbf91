"""What a job has counted so far: its prompts, their replies, and what they failed for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from nbstream.batch.progress import Rate
from nbstream.batch.sums import Sums

if TYPE_CHECKING:
    from nbstream.model.failure import Failure
    from nbstream.model.reply import Reply

#: If so many prompts in a row are refused for the same reason, and none was answered, the reason is
#: not in the prompts.
_ALIKE = 10
#: So many kinds of failures are counted.
_MOST_KINDS = 50


class Tally:
    """Counts for one job.

    Args:
        began: when the job began.

    Attributes:
        taken: how many prompts were taken.
        answered: how many of them have an answer that this job asked for.
        whole: how many of these answers are whole.
        kept: how many prompts have an answer of an earlier job.
        failed: how many failed.
        sums: the tokens and the cost of all replies.
        rate: how many answers come in a second.
        is_simulated: whether the simulator answered.
    """

    def __init__(self, began: float) -> None:
        self.taken = self.answered = self.whole = self.kept = self.failed = 0
        self.sums = Sums()
        self.rate = Rate(began)
        self.is_simulated = False
        self._failures: Counter[Failure] = Counter()
        #: The latest failure, and how many in a row were like it.
        self._row: tuple[Failure | None, int] = (None, 0)
        self._models: dict[str, None] = {}

    @property
    def failures(self) -> tuple[tuple[Failure, int], ...]:
        """What prompts failed for, each with a count, the most frequent first."""
        return tuple(sorted(self._failures.items(), key=lambda each: -each[1]))

    @property
    def models(self) -> tuple[str, ...]:
        """The models that answered."""
        return tuple(self._models)

    @property
    def is_alike(self) -> bool:
        """Whether all prompts fail for the same reason, which so is not in the prompts."""
        return not (self.answered or self.kept) and self._row[1] >= _ALIKE

    def note_reply(self, reply: Reply) -> None:
        """Note a reply that has ended, whatever it means for its prompt."""
        self.sums.add(reply)
        self.is_simulated |= reply.simulated

    def note_answer(self, reply: Reply, now: float) -> None:
        """Note that a prompt was answered."""
        self.answered += 1
        self.rate.note(now)
        self._models.setdefault(reply.model)

    def note_failure(self, failure: Failure | None) -> None:
        """Note that a prompt failed."""
        self.failed += 1
        if failure is not None:
            kind = replace(failure, retry_after=None)
            if kind in self._failures or len(self._failures) < _MOST_KINDS:
                self._failures[kind] += 1
        last, count = self._row
        is_same = last is not None and failure is not None and _kind(last) == _kind(failure)
        self._row = failure, count + 1 if is_same else 1


def _kind(failure: Failure) -> tuple[object, ...]:
    return failure.kind, failure.cause, failure.status_code
