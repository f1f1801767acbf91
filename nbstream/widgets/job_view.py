"""The live view of a job: one line with Stop, which static output replaces at the end."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from nbstream.language import _, marked
from nbstream.model.presentation import Presentation
from nbstream.model.reply import Reply
from nbstream.output import progress as wording
from nbstream.widgets.live_view import LiveView
from nbstream.widgets.meta import meta_of, without_clocks
from nbstream.widgets.protocol import Keyframe, Meta, Patch, empty_keyframe

if TYPE_CHECKING:
    from nbstream.batch.job import Job
    from nbstream.batch.progress import Progress
    from nbstream.model.events import Event
    from nbstream.model.presentation import Audience


class WatchedJob:
    """A job as a live view needs it.

    Attributes:
        id: a unique id.
        reply: a reply in whose place the job is shown.
        receiver: none, as a job receives no reply of its own.
    """

    reply = Reply(status="waiting")
    receiver = None

    def __init__(self, job: Job) -> None:
        self.id = uuid.uuid4().hex
        self._job = job

    @property
    def done(self) -> bool:
        """Whether the job has ended."""
        return self._job.done

    @property
    def elapsed(self) -> float:
        """Seconds since the job began."""
        return self._job.elapsed

    def wake(self) -> None:
        """See `Job.wake`."""
        self._job.wake()

    def cancel(self) -> bool:
        """Stop the job; see `Job.cancel`."""
        return self._job.cancel()


class JobPatches:
    """What a page is sent of a job; see `widgets.shown.Patches`."""

    unfinished = marked("A job of many prompts that had not ended when this was written.")

    def __init__(self, audience: Audience) -> None:
        self.seq = 0
        self.is_behind = False
        self._audience = audience
        self._progress: Progress | None = None
        self._sent: Meta | None = None

    @property
    def changes_status(self) -> bool:
        """Whether the job has ended."""
        return self._progress is not None and self._progress.is_over

    def take(self, progress: Progress) -> None:
        """Take how far the job has come."""
        self._progress, self.is_behind = progress, True

    def feed(self, events: list[Event], reply: Reply) -> None:
        """Take nothing: a job has no events."""

    def patch(self, elapsed: float, *, final: bool = False) -> Patch | None:  # noqa: ARG002  (the progress tells)
        """Return the next patch, or None if nothing has changed."""
        self.is_behind = False
        meta = self._meta(elapsed)
        if self._sent is not None and without_clocks(meta) == without_clocks(self._sent):
            return None
        self._sent = meta
        self.seq += 1
        return {"seq": self.seq, "meta": meta}

    def keyframe(self, elapsed: float) -> Keyframe:
        """Return the present state."""
        return empty_keyframe(self.seq, self._meta(elapsed))

    def settled(self, run_id: str) -> tuple[dict[str, str], dict[str, Any]]:  # noqa: ARG002  (it has no buttons)
        """Return the output that stays."""
        if self._progress is None:
            return {"text/plain": _(self.unfinished)}, {}
        return wording.bundle(self._progress, self._audience)

    def _meta(self, elapsed: float) -> Meta:
        progress = self._progress
        meta = meta_of(Reply(status="waiting"), Presentation(), elapsed=elapsed, foreground=True)
        if progress is not None:
            meta["label"], meta["note"] = wording.label(progress), wording.note(progress)
            if progress.is_over:
                meta["status"] = "complete"
                meta["notes"] = wording.notes(progress, self._audience)
                meta["alert"] = wording.alert(progress, self._audience)
                meta["footer"] = wording.footer(progress)
        return meta


class JobView(LiveView):
    """A sink that shows a job in the page.

    Args:
        job: the job.
        kernel: the ipykernel it runs in.
        audience: the reader.
    """

    def __init__(self, job: Job, kernel: Any, audience: Audience) -> None:
        self._own = JobPatches(audience)
        self._own.take(job.progress())
        presentation = Presentation(audience=audience)
        super().__init__(WatchedJob(job), kernel, presentation, foreground=True, patches=self._own)

    def show(self, progress: Progress) -> None:
        """Show how far the job has come."""
        with self._patching:
            self._own.take(progress)
        self.tick()

    def end(self, progress: Progress) -> None:
        """Put the output that stays in the widget's place."""
        with self._patching:
            self._own.take(progress)
        self.settle(self.run.reply)
