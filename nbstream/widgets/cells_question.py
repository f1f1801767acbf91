"""Asks the page for the cells above the one that runs, by a widget that is not displayed."""

from __future__ import annotations

import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import traitlets

from nbstream.widgets import cells, channels
from nbstream.widgets.page_widget import PageWidget, shared_layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.widgets.protocol import CellsAnswer

#: A page answers within about 0.1 s, unless it is busy.
_MOST_SECONDS = 2.0
#: If another page than the one that ran the cell has answered, that one gets this much longer.
_LONGER_SECONDS = 0.5
_TICK_SECONDS = 0.02


class CellsQuestion(PageWidget):
    """The question, to each page that shows the notebook.

    A page makes the model of a widget as soon as the kernel opens it, and the model's code answers.

    Args:
        kernel: the ipykernel.
        cell_id: the id of a cell.
        client: the client that ran the cell which asks; its answer goes before those of others.
        most: how many cells above that cell are asked for; None asks for the cell itself.
    """

    _module = "cells"
    cell_id = traitlets.Unicode().tag(sync=True)
    most = traitlets.Int().tag(sync=True)
    itself = traitlets.Bool().tag(sync=True)

    def __init__(self, kernel: Any, cell_id: str, client: str, most: int | None) -> None:
        """Ask."""
        self._client = client
        self._changed = threading.Condition()
        self._answers: list[CellsAnswer] = []
        name = uuid.uuid4().hex
        # Before the widget is opened, as the page answers at once.
        channels.listen(kernel, name, name, self._on_answer)
        super().__init__(name, **shared_layout(), cell_id=cell_id, most=most or 0, itself=most is None)
        self.receive(self._on_comm_answer)

    def wait(self, is_over: Callable[[], bool], read: Callable[[], object] | None = None) -> CellsAnswer | None:
        """Return the answer of a page that knows its notebook, or None if none came in time.

        Args:
            is_over: whether nobody waits any more.
            read: reads messages of pages that wait in the main thread's queue.
        """
        deadline = time.monotonic() + _MOST_SECONDS
        has_waited_longer = False
        while not is_over() and (now := time.monotonic()) < deadline:
            with self._changed:
                if (own := self._own()) is not None:
                    return own if own["cells"] is not None else None
                if self._answers and not has_waited_longer:
                    has_waited_longer, deadline = True, min(deadline, now + _LONGER_SECONDS)
                self._changed.wait(_TICK_SECONDS)
            if read is not None:
                read()
        return next((each for each in self._answers if each["cells"] is not None), None)

    def wake(self) -> None:
        """Let `wait` read messages now."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Close the widget; later answers are ignored."""
        channels.forget(self.run_id, self.run_id)
        super().close()

    def _own(self) -> CellsAnswer | None:
        """Return the answer of the page that ran the cell."""
        return next((each for each in self._answers if each["client"] == self._client), None)

    def _on_comm_answer(self, content: Any) -> None:
        # The message has taken what other threads print.
        cells.take_output()
        self._on_answer(content)

    def _on_answer(self, content: Any) -> None:
        # Any thread may call this, and each answer may come by two channels.
        if not isinstance(content, dict) or content.get("type") != "cells":
            return
        told = content.get("cells")
        answer: CellsAnswer = {
            "type": "cells",
            "client": str(content.get("client", "")),
            "above": content["above"] if isinstance(content.get("above"), int) else 0,
            "cells": told if isinstance(told, list) and all(isinstance(each, dict) for each in told) else None,
        }
        with self._changed:
            self._answers.append(answer)
            self._changed.notify_all()
