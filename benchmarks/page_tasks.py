"""The tasks of a page's main thread, with their processor time beside the time that passed.

A task of 10 ms takes 100 ms where ten processes share a processor, so on a busy machine only the
processor time tells anything about the page.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Page

_TASKS = ("RunTask", "ThreadControllerImpl::RunTask")
_PART = 1 << 22


class Task(NamedTuple):
    """One task.

    Attributes:
        at: when it began, in seconds of the trace.
        wall: how many milliseconds passed.
        cpu: how many milliseconds of them its thread had a processor.
    """

    at: float
    wall: float
    cpu: float


class PageTasks:
    """Notes the tasks of a page from its creation until `stop`, by Chromium's tracing."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        config = {"includedCategories": ["toplevel"], "excludedCategories": ["*"], "traceBufferSizeInKb": 400_000}
        self._session.send("Tracing.start", {"transferMode": "ReturnAsStream", "traceConfig": config})

    def stop(self) -> list[Task]:
        """Return the tasks of the busiest page."""
        ended: list[Any] = []
        self._session.on("Tracing.tracingComplete", lambda event: ended.append(event))  # noqa: PLW0108  (Playwright marks it)
        self._session.send("Tracing.end")
        while not ended:
            self._page.wait_for_timeout(100)
        events = json.loads(self._read(ended[0]["stream"]))["traceEvents"]
        threads = {
            (event["pid"], event["tid"])
            for event in events
            if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
        }
        tasks: dict[tuple[int, int], list[Task]] = {}
        first = min(event["ts"] for event in events if event.get("ph") == "X")
        for event in events:
            thread = event["pid"], event["tid"]
            if event.get("ph") == "X" and event["name"] in _TASKS and thread in threads:
                task = Task((event["ts"] - first) / 1e6, event.get("dur", 0) / 1e3, event.get("tdur", 0) / 1e3)
                tasks.setdefault(thread, []).append(task)
        return sorted(max(tasks.values(), key=lambda each: sum(task.cpu for task in each)))

    def _read(self, stream: str) -> bytes:
        parts = []
        while True:
            part = self._session.send("IO.read", {"handle": stream, "size": _PART})
            data: str = part["data"]
            parts.append(base64.b64decode(data) if part.get("base64Encoded") else data.encode())
            if part["eof"]:
                return b"".join(parts)
