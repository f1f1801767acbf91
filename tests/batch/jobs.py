"""Runs a job to its end, without a display."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.batch.asking import Prompts, job_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbstream.batch.job import Job
    from nbstream.batch.progress import Progress
    from nbstream.batch.replies import Replies
    from nbstream.client.options import Options


def run(
    items: Iterable[Any], look: Callable[[Job], object] = lambda _job: None, *, options: Any = None, **arguments: Any
) -> tuple[Replies, Progress]:
    """Return the replies of a job and how it ended; `look` is called after each step.

    By default the model does not think, as that takes long.
    """
    given: Options = {"thinking": False} if options is None else options
    job, end = job_of(Prompts(items, given), **arguments)
    while job.step(0.05):
        look(job)
    progress, replies = job.progress(), end()
    if job.raised is not None:
        raise job.raised
    return replies, progress


def sent(simulator: Any) -> int:
    """Return how many requests the simulator has seen."""
    return len(simulator.log())
