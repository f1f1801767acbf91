"""A job: one request for each prompt, a few at a time, until every prompt has a reply.

The thread that calls `run` takes the prompts, writes the answers and shows how far the job has
come; the requests run on the background loop, or on an executor. Prompts are taken from their
iterable only when a request may start, and no reply stays in memory.
"""

from __future__ import annotations

import queue
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from nbstream.batch.items import Item, Waiting
from nbstream.batch.keeping import KeptReplies
from nbstream.batch.lines import number_of, to_line
from nbstream.batch.pace import Pace
from nbstream.batch.prepared import sampled
from nbstream.batch.progress import End, Progress
from nbstream.batch.tally import Tally
from nbstream.batch.verdict import is_whole, verdict_on
from nbstream.client import retry
from nbstream.model.exceptions import RequestError
from nbstream.model.failure import Failure
from nbstream.model.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from nbstream.batch.places import Place
    from nbstream.batch.prepared import Prepared
    from nbstream.batch.replies import Replies
    from nbstream.batch.stores import AnswerFile, Lines

#: Prompts that have an answer already are passed over for so long before the next look around.
_SLICE_SECONDS = 0.05
#: A job that is stopped waits so long for workers that cannot be told.
_WAIT_FOR_WORKERS_SECONDS = 3.0
#: Calls of tools are looked for this often.
_TOOL_SECONDS = 0.02


class Job:
    """One request for each of many prompts.

    Args:
        prompts: the prompts; they may have no end.
        prepare: returns the request of a prompt; raises `RequestError` if there is none.
        place: where the requests run.
        concurrency: the most requests at once.
        retries: how often a prompt is asked again whose connection broke.
        temporary: for the replies that `saved` does not get; it may have answers already.
        saved: the file for the answers; without it they are in `temporary`, too.
        total: how many prompts there are; None if that is not known.
        in_user_code: surrounds the code of the prompts' iterator, which ■ may break off.

    Attributes:
        temporary: see the argument.
        raised: what the iterable of the prompts raised; None if it did not.
    """

    def __init__(
        self,
        prompts: Iterator[Any],
        prepare: Callable[[Any], Prepared],
        place: Place,
        *,
        concurrency: int,
        retries: int,
        temporary: Lines,
        saved: AnswerFile | None = None,
        total: int | None = None,
        in_user_code: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._total = total
        self._prompts = prompts
        self._in_user_code = in_user_code
        self._prepare = prepare
        self._place = place
        self._retries = retries
        self.temporary = temporary
        self._store = KeptReplies(temporary, saved, self._total or 0)
        self.raised: BaseException | None = None
        self._pace = Pace(concurrency)
        #: What ended, from any thread; None wakes the job.
        self._news: queue.SimpleQueue[tuple[Item, Reply] | None] = queue.SimpleQueue()
        self._running: dict[int, Item] = {}
        self._again = Waiting()
        self._has_all = False
        self._end: End = ""
        self._reason: Reply | None = None
        self._said = ""
        self._stopped_at: float | None = None
        self._waits_for: Failure | None = None
        self._is_over = False
        self._began = time.monotonic()
        self._tally = Tally(self._began)

    # Any thread may call these.

    @property
    def replies(self) -> Replies:
        """The replies so far."""
        return self._store.replies

    def cancel(self) -> bool:
        """End every request, keep what has been answered, and return whether it had not ended."""
        if self._is_over:
            return False
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()
        self.wake()
        return True

    def wake(self) -> None:
        """Let `step` return, as there is something else to do."""
        self._news.put(None)

    @property
    def cancelling(self) -> bool:
        """Whether it is being stopped."""
        return self._stopped_at is not None

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._is_over

    @property
    def is_whole(self) -> bool:
        """Whether every prompt has a whole answer."""
        return self._has_all and not self._end and self._tally.whole + self._tally.kept == self._tally.taken

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    # The thread that works calls these.

    def step(self, timeout: float) -> bool:
        """Do what can be done now, or within `timeout` seconds; return whether there is more to do.

        What the iterable of the prompts raises ends the job, and is in `raised`.
        """
        self._look_at_news(0.0)
        self._begin_end()
        self._run_tools()
        began = time.monotonic()
        is_busy = False
        while self._may_start():
            self._start_next()
            if time.monotonic() - began >= _SLICE_SECONDS:
                is_busy = True
                break
        if self._has_work():
            self._look_at_news(0.0 if is_busy else self._wait(timeout))
            return True
        self._finish()
        return False

    def close(self) -> None:
        """End the job now, if it has not ended: its requests are cancelled."""
        if not self._is_over:
            self.cancel()
            self._begin_end()
            self._finish()

    def progress(self) -> Progress:
        """Return how far the job has come."""
        now, tally = time.monotonic(), self._tally
        rate = tally.rate.at(now)
        done = tally.answered + tally.kept + tally.failed
        rest = None if self._total is None else max(0, self._total - done)
        wait = self._pace.resume_at - now
        return Progress(
            total=self._total,
            taken=tally.taken,
            answered=tally.answered,
            kept=tally.kept,
            failed=tally.failed,
            running=len(self._running),
            limit=self._pace.limit,
            waits_for=self._waits_for if wait > 0 else None,
            wait=max(0.0, wait),
            usage=tally.sums.usage,
            spend=tally.sums.spend,
            elapsed=now - self._began,
            rate=rate,
            left=rest / rate if rest is not None and rate and not self._end else None,
            failures=tally.failures,
            end=self._end,
            reason=self._reason,
            said=self._said,
            is_over=self._is_over,
            file=self._store.name,
            models=tally.models,
            is_simulated=tally.is_simulated,
        )

    def _has_work(self) -> bool:
        if self._running:
            waited = 0.0 if self._stopped_at is None else time.monotonic() - self._stopped_at
            return self._place.is_here or waited < _WAIT_FOR_WORKERS_SECONDS
        return not self._end and not (self._has_all and not self._again)

    def _wait(self, timeout: float) -> float:
        """Return the seconds to wait for news: no longer than until a request may start."""
        if any(item.prepared.following is not None for item in self._running.values()):
            timeout = min(timeout, _TOOL_SECONDS)
        now = time.monotonic()
        has_next = not self._end and not (self._has_all and not self._again)
        if not has_next or len(self._running) >= self._pace.limit:
            return timeout
        due = [self._pace.resume_at]
        if self._has_all:
            due.append(self._again.due)
        return max(0.001, min(timeout, max(due) - now))

    def _may_start(self) -> bool:
        now = time.monotonic()
        if self._end or not self._pace.may_start(len(self._running), now):
            return False
        return not self._has_all or self._again.due <= now

    def _run_tools(self) -> None:
        """Run the tools that the replies wait for, on this thread, as code of the user."""
        for item in list(self._running.values()):
            jobs = getattr(item.running, "jobs", None) if item.prepared.following is not None else None
            while jobs is not None and (job := jobs.take()) is not None:
                if job.run(self._in_user_code):
                    self.cancel()

    def _start_next(self) -> None:
        if (item := self._again.take(time.monotonic(), is_last=self._has_all)) is not None:
            self._start(item)
            return
        try:
            with self._in_user_code():
                prompt = next(self._prompts)
        except StopIteration:
            self._has_all = True
            self._total = self._tally.taken
            self.replies.cut(self._total)
            return
        except BaseException as error:  # noqa: BLE001  (of the user's own code; ■ is one, too)
            if isinstance(error, KeyboardInterrupt):
                self.cancel()
                return
            self.raised = error
            self._said = f"{type(error).__name__}: {error}"
            self._end_with("input")
            return
        position = self._tally.taken
        self._tally.taken += 1
        if self._total is not None:
            self._total = max(self._total, self._tally.taken)
        try:
            prepared = self._prepare(prompt)
        except RequestError as error:
            failure = Failure("unsent", said=str(error))
            self._fail(position, Reply(status="failed", error=failure), None, 0)
            return
        key = self._store.key_of(prepared.source.request)
        if self._store.keep(position, key):
            self._tally.kept += 1
        else:
            self._start(Item(position, sampled(prepared, number_of(key)), key))

    def _start(self, item: Item) -> None:
        item.attempts += 1
        item.started = time.monotonic()
        self._running[item.position] = item
        item.running = self._place.start(item.prepared, lambda reply: self._news.put((item, reply)))

    def _look_at_news(self, timeout: float) -> None:
        """Take what has ended, and wait for it if nothing has."""
        try:
            news = self._news.get(timeout=timeout) if timeout else self._news.get_nowait()
            while True:
                if news is not None:
                    self._take(*news)
                news = self._news.get_nowait()
        except queue.Empty:
            pass

    def _take(self, item: Item, reply: Reply) -> None:
        """Decide what a reply that has ended means."""
        if self._running.get(item.position) is not item:
            return
        del self._running[item.position]
        now = time.monotonic()
        self._tally.note_reply(reply)
        verdict, failure = verdict_on(reply), reply.error
        asked = failure.retry_after if failure is not None else None
        is_ending = bool(self._end)
        match verdict:
            case "answered":
                self._pace.note_answer()
                self._waits_for = None
                self._record(item, reply)
            case "busy" if not is_ending and not self._is_hopeless(item, reply):
                self._waits_for = failure
                self._pace.note_refusal(now, item.started, asked)
                self._ask_again(item, reply, 0.0)
            case "again" if not is_ending and item.attempts <= self._retries:
                delay = asked if asked is not None else retry.backoff(item.attempts)
                self._ask_again(item, reply, now + delay)
            case "cancelled":
                self._put(item.position, reply, item, is_saved=False)
            case "hopeless":
                self._fail(item.position, reply, item.prepared.prompt, item.key)
                self._reason = self._reason or reply
                self._end_with("hopeless")
            case _:
                self._fail(item.position, reply, item.prepared.prompt, item.key)

    def _ask_again(self, item: Item, reply: Reply, at: float) -> None:
        # No file keeps this reply.
        self.replies.lost += reply.spend
        self._again.add(item, at)

    def _is_hopeless(self, item: Item, reply: Reply) -> bool:
        """Return whether a prompt that the server was too busy for is given up."""
        failure = reply.error
        if failure is not None and failure.kind == "unreachable" and not self._tally.answered:
            # There may be no server at all.
            if self._pace.refusals >= self._retries:
                self._reason = reply
                self._end_with("hopeless")
                return True
            return False
        return item.is_given_up(self._tally.answered, is_last=self._has_all)

    def _record(self, item: Item, reply: Reply) -> None:
        self._tally.note_answer(reply, time.monotonic())
        self._put(item.position, reply, item, is_saved=True)

    def _fail(self, position: int, reply: Reply, prompt: str | None, key: int) -> None:
        self._tally.note_failure(reply.error)
        self._write(position, to_line(key, reply, prompt, whole=False), is_saved=False)
        if self._tally.is_alike and not self._end:
            self._reason = reply
            self._end_with("alike")

    def _put(self, position: int, reply: Reply, item: Item, *, is_saved: bool) -> None:
        whole = is_saved and is_whole(reply)
        self._tally.whole += whole
        line = to_line(item.key, reply, item.prepared.prompt, whole=whole)
        self._write(position, line, is_saved=is_saved, key=item.key if whole else None)

    def _write(self, position: int, line: bytes, *, is_saved: bool, key: int | None = None) -> None:
        problem = self._store.write(position, line, is_saved=is_saved, key=key)
        if problem is not None:
            self._said = problem
            self._end_with("disk")

    def _begin_end(self) -> None:
        if self._stopped_at is not None and self._end != "stopped":
            self._end_with("stopped")
            for item in list(self._running.values()):
                if item.running is not None:
                    item.running.cancel()

    def _end_with(self, end: End) -> None:
        self._end = end if not self._end or end == "stopped" else self._end

    def _finish(self) -> None:
        self._is_over = True
        self._running.clear()
        self._again.clear()
        self._store.release()
