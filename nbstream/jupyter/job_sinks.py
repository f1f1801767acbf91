"""What a job is shown in, chosen by where the code runs and whether a page is watching."""

from __future__ import annotations

import sys
import time
from html import escape
from typing import TYPE_CHECKING, Protocol

from nbstream.language import _
from nbstream.model.printable import printable
from nbstream.output import progress as wording
from nbstream.output.terminal.screen import Screen, send, takes_styles
from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from nbstream.batch.job import Job
    from nbstream.batch.progress import Progress
    from nbstream.model.presentation import Audience

#: Between two looks at a job, as nobody reads numbers faster.
_PAGE_SECONDS = 0.4
_STATIC_SECONDS = 1.0
#: A file that is written to gets a line this often, so that a long job can be followed in it.
_FILE_SECONDS = 60.0


class JobSink(Protocol):
    """What a job is shown in.

    Attributes:
        seconds: how long the numbers stay before the next ones are shown.
    """

    seconds: float

    def show(self, progress: Progress) -> None:
        """Show how far the job has come."""

    def tick(self) -> None:
        """Do what a page asked for."""

    def acknowledge(self) -> None:
        """Show that the job is being stopped."""

    def end(self, progress: Progress) -> None:
        """Show how the job ended; nothing follows."""


def sink_for(job: Job, audience: Audience) -> JobSink:
    """Return the sink for a job that begins now."""
    front_end = front_ends.current()
    if front_end.is_marimo:
        from nbstream.jupyter.marimo_notebook import JobOutput  # noqa: PLC0415  (marimo, only where it runs)

        return JobOutput(audience)
    match front_end.shows:
        case "text":
            return InTerminal(audience) if takes_styles(sys.stderr) else InFile(audience)
        case "settled":
            return Settled(audience)
        case "static":
            # In another cell, what it shows besides must not be cleared.
            return Cleared(audience) if audience == "cell" else Settled(audience)
    from nbstream.widgets.job_view import JobView  # noqa: PLC0415  (the widget, only where it is used)

    class InPage(JobView):
        seconds = _PAGE_SECONDS

    return InPage(job, front_ends.running_kernel(), audience)


class Settled:
    """Shows only how a job ended: nobody is watching, as with nbconvert and papermill."""

    seconds = _STATIC_SECONDS

    def __init__(self, audience: Audience) -> None:
        self._audience = audience

    def show(self, progress: Progress) -> None:
        """Show nothing yet."""

    def tick(self) -> None:
        """Show nothing yet."""

    def acknowledge(self) -> None:
        """Show nothing yet."""

    def end(self, progress: Progress) -> None:
        """Display how the job ended."""
        from IPython.display import display  # noqa: PLC0415  (a script has no IPython to import)

        data, metadata = wording.bundle(progress, self._audience)
        display(data, metadata=metadata, raw=True)


class Cleared(Settled):
    """Shows a job as static output, again and again, where a page draws no widgets."""

    def show(self, progress: Progress) -> None:
        """Replace the output of the cell."""
        from IPython.display import clear_output, display  # noqa: PLC0415  (as above)

        words = _("{line} … ■ stops it.", line=wording.line(progress))
        clear_output(wait=True)
        display({"text/html": f"<em>{escape(words)}</em>", "text/plain": words}, raw=True)

    def end(self, progress: Progress) -> None:
        """Replace the output by how the job ended."""
        from IPython.display import clear_output  # noqa: PLC0415  (as above)

        clear_output(wait=True)
        super().end(progress)


class InTerminal:
    """One line on a terminal, which is written again; Ctrl-C stops the job."""

    seconds = _PAGE_SECONDS

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._screen = Screen(sys.stderr)

    def show(self, progress: Progress) -> None:
        """Write the line again."""
        self._screen.draw((), self._rows(wording.line(progress)))

    def tick(self) -> None:
        """Do nothing: nobody clicks."""

    def acknowledge(self) -> None:
        """Do nothing: the user sees the line change."""

    def end(self, progress: Progress) -> None:
        """Write how the job ended in the place of the line."""
        self._screen.draw(self._rows(wording.text(progress, self._audience)))

    def _rows(self, text: str) -> list[str]:
        from nbstream.output.terminal.rows import wrap  # noqa: PLC0415  (rich, only where it is used)

        return [row.rstrip() for line in printable(text).split("\n") for row in wrap(line, self._screen.width)]


class InFile:
    """Lines in a file or a pipe: one a minute, and one at the end."""

    seconds = _STATIC_SECONDS

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._written = time.monotonic()

    def show(self, progress: Progress) -> None:
        """Write a line, if the last one is a minute old."""
        now = time.monotonic()
        if now - self._written >= _FILE_SECONDS:
            self._written = now
            send(sys.stderr, f"{printable(wording.line(progress))}\n")

    def tick(self) -> None:
        """Do nothing: nobody clicks."""

    def acknowledge(self) -> None:
        """Do nothing."""

    def end(self, progress: Progress) -> None:
        """Write how the job ended."""
        send(sys.stderr, f"{wording.text(progress, self._audience)}\n")
