"""An instrument where nobody watches: nbclient and papermill, which keep what cells show."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nbstream.widgets import front_ends
from nbstream.widgets.instruments.pump import FRAME_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.client.run import Run
    from nbstream.widgets.instruments.pump import Pump

#: Replies of others, which arrive still, are waited for so long at the end of a cell.
_MOST_BEHIND_SECONDS = 2.0


class Unattended:
    """At the end of each cell that nobody watches, waits for the replies, which go into the file.

    Else they would be lost: nbclient takes only what comes in the name of the cell that runs, and
    ends the kernel after the last one.

    Args:
        kernel: the ipykernel; None without one.
        pump: that of the instrument.
        is_in_file: returns whether the file has the instrument.
        runs: returns the runs to wait for.
        is_settled: returns whether the instrument is up to date.
        keep: sends what stays in the file, in the name of the cell that runs.
    """

    def __init__(
        self,
        kernel: Any,
        pump: Pump,
        *,
        is_in_file: Callable[[], bool],
        runs: Callable[[], list[Run]],
        is_settled: Callable[[], bool],
        keep: Callable[[], object],
    ) -> None:
        self._pump = pump
        self._is_in_file = is_in_file
        self._runs = runs
        self._is_settled = is_settled
        self._keep = keep
        self._events = None
        if kernel is not None and not front_ends.current().has_page:
            self._events = kernel.shell.events
            self._events.register("post_run_cell", self._finish_cell)

    def close(self) -> None:
        """Do nothing at the end of cells any more."""
        if self._events is not None:
            with suppress(ValueError):
                self._events.unregister("post_run_cell", self._finish_cell)

    def _finish_cell(self, _result: object) -> None:
        if front_ends.current().has_page or not self._is_in_file():
            return
        since = time.monotonic()
        while True:
            for run in self._runs():
                if not run.done:
                    run.result()
                    since = time.monotonic()
            # Here, as the pump may not have seen yet what the cell has changed.
            if (self._pump.take_step() and self._is_settled()) or time.monotonic() - since >= _MOST_BEHIND_SECONDS:
                break
            time.sleep(FRAME_SECONDS / 4)
        with self._pump.stepping:
            self._keep()
