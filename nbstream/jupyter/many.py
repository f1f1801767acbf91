"""`nbstream.map`: one request for each of many prompts, with one line that tells how far it is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from nbstream.batch.asking import CONCURRENCY, Prompts, job_of
from nbstream.client.options import NAMES, checked, with_signature
from nbstream.jupyter import interrupts, job_sinks
from nbstream.language import _, marked
from nbstream.widgets import channels, comm_reader, front_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Executor
    from os import PathLike

    from nbstream.batch.job import Job
    from nbstream.batch.replies import Replies
    from nbstream.jupyter.interrupts import Interrupt
    from nbstream.model.presentation import Audience

_TICK_SECONDS = 0.25
_STOPPED = marked("stopped; what was answered is kept in nbstream.last_map, and the same call asks only the rest")


def map(  # noqa: A001  (it is `nbstream.map`, and no star import brings it)
    prompts: Iterable[Any],
    *,
    concurrency: int = CONCURRENCY,
    save: str | PathLike[str] | None = None,
    executor: Executor | None = None,
    **options: Any,
) -> Replies:
    """Ask many prompts, a few at a time, and return their replies in the order of the prompts.

    One line shows how far it has come, with Stop. A prompt that fails has a reply with an `error`;
    no exception is raised. A server that is busy slows the job down. After a stop, or if prompts
    failed, the same call asks only the rest.

    Args:
        prompts: texts, or lists of messages; any iterable, of which prompts are taken only when
            they can be asked. Equal prompts are asked as often as they are given.
        concurrency: the most requests at once.
        save: a file to which each answer is written as it comes, as a line of JSON. A prompt whose
            answer is in the file already is not asked again, also after a restart, as long as
            prompt, model and options are the same.
        executor: an executor of `concurrent.futures`, on whose workers the requests run. They need
            the same environment, with the key in it; it is not sent to them.
        **options: the options of every request, as for `nbstream.ask`.

    Raises:
        RequestError: if an option is not valid. Nothing was sent then.
        KeyboardInterrupt: if it was interrupted; what was answered is in `nbstream.last_map`.
    """
    made = Prompts(prompts, checked(options, "map"))
    return ask_many(made, "python", concurrency=concurrency, save=save, executor=executor)


def ask_many(
    prompts: Prompts,
    audience: Audience,
    *,
    keep: Callable[[Replies], object] = lambda _replies: None,
    **arguments: Any,
) -> Replies:
    """Ask many prompts, and show how far it has come.

    Args:
        prompts: the prompts.
        audience: the reader.
        keep: is given the replies at the beginning; they grow.
        **arguments: see `job_of`.

    Raises:
        RequestError: as `job_of`.
        KeyboardInterrupt: if ■ was pressed, after what was answered was kept.
    """
    jobs: list[Job] = []
    with interrupts.interrupts_call(lambda: [job.cancel() for job in jobs]) as interrupt:
        job, end = job_of(prompts, in_user_code=interrupt.in_user_code, **arguments)
        jobs.append(job)
        keep(job.replies)
        try:
            watch(job, job_sinks.sink_for(job, audience), interrupt)
        finally:
            job.close()
            replies = end()
    if interrupt.seen:
        raise interrupts.keyboard_interrupt(_(_STOPPED))
    if job.raised is not None:
        raise job.raised
    return replies


def watch(job: Job, sink: job_sinks.JobSink, interrupt: Interrupt) -> None:
    """Work on a job until it ends, and show it in `sink`."""
    kernel = front_ends.running_kernel()
    with comm_reader.opened(kernel, channels.overhear, job.wake) as reader:
        shown_at, is_acknowledged = 0.0, False
        read = interrupt.holding(reader.read) if reader is not None else None
        while job.step(_TICK_SECONDS if reader is None else reader.seconds):
            if read is not None:
                read()
            if job.cancelling and not is_acknowledged:
                is_acknowledged = True
                sink.acknowledge()
            now = time.monotonic()
            if now - shown_at >= sink.seconds:
                shown_at = now
                sink.show(job.progress())
            else:
                sink.tick()
    sink.end(job.progress())


with_signature(map, NAMES)
