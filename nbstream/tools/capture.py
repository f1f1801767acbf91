"""What a running tool prints and displays, in bounded memory, as it comes."""

from __future__ import annotations

import base64
import contextlib
import os
import threading
import weakref
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbstream.model.printable import storable
from nbstream.model.tool_result import Printed, Shown
from nbstream.prompt.description import LIMIT, counted
from nbstream.tools.printed_text import PrintedText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from nbstream.tools.interruption import Interruption

#: So many displayed values are kept, and so many bytes of images.
MOST_SHOWN = 20
MOST_IMAGE_BYTES = 8 * 1024 * 1024
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_TEXTS = {"text/markdown": "markdown", "text/latex": "latex", "text/plain": "", "text/html": "html"}
#: What a library displays as a text if it can only draw itself.
_NO_TEXT = ("<IPython.core.display.", "<IPython.lib.display.")
#: The threads of this package, and those of the kernel, belong to no tool.
_OTHERS_THREADS = ("nbstream", "subshell-", "IOPub", "Control")

#: The capture that the running code belongs to; None is decided by the thread, False is none.
_current: ContextVar[Capture | bool | None] = ContextVar("nbstream_capture", default=None)


class Capture:
    """What one call prints and displays.

    Args:
        on_output: is told of each piece; it may be called on any thread, and often. On the thread
            of the call ■ is held off meanwhile. What it prints is not captured.
        interruption: holds off ■.
        clean: removes from a text what nobody may read.

    Attributes:
        not_shown: how many displayed values were left out.
    """

    def __init__(
        self,
        on_output: Callable[[Capture], object],
        interruption: Interruption,
        clean: Callable[[str], str] = str,
    ) -> None:
        self._on_output = on_output
        self._interruption = interruption
        self._clean = clean
        self._text = PrintedText(clean)
        self._shown: list[tuple[str | None, Shown]] = []
        self._image_bytes = 0
        self._clears_next = False
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._known = weakref.WeakSet(threading.enumerate())
        self._is_open = True
        self.not_shown = 0

    @property
    def printed(self) -> Printed:
        """What was printed so far."""
        with self._lock:
            return self._text.snapshot()

    @property
    def shown(self) -> tuple[Shown, ...]:
        """What was displayed so far."""
        with self._lock:
            return tuple(shown for _, shown in self._shown)

    @property
    def is_in_child(self) -> bool:
        """Whether this process is a fork of the one that the call runs in."""
        return os.getpid() != self._pid

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Let what the code in this context prints, on this thread and its tasks, be captured."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def close(self) -> None:
        """Capture nothing more: what a thread prints later goes where it would go without us."""
        with self._lock:
            self._is_open = False

    def owns_new_thread(self) -> bool:
        """Return whether the running thread was started since the call began."""
        thread = threading.current_thread()
        return self._is_open and thread not in self._known and not thread.name.startswith(_OTHERS_THREADS)

    @property
    def is_open(self) -> bool:
        """Whether the call still runs."""
        return self._is_open

    def print(self, text: str) -> None:
        """Capture printed text."""
        with self._interruption.held():
            with self._lock:
                if not self._is_open or not text:
                    return
                self._clear_if_wanted()
                self._text.append(text)
            self._tell()

    def display(self, data: Mapping[str, Any], display_id: str | None = None, *, update: bool = False) -> None:
        """Capture a displayed value, given by its data of several MIME types."""
        with self._interruption.held():
            with self._lock:
                if not self._is_open:
                    return
                self._clear_if_wanted()
                self._keep(shown_of(data), display_id, update=update)
            self._tell()

    def show(self, shown: Shown) -> None:
        """Capture a value that is shown."""
        with self._lock:
            self._keep(shown, None, update=False)

    def clear(self, *, wait: bool) -> None:
        """Forget what was captured, now or before the next output, as `clear_output` does."""
        with self._interruption.held():
            with self._lock:
                self._clears_next = True
                if not wait:
                    self._clear_if_wanted()
            self._tell()

    def _clear_if_wanted(self) -> None:
        if self._clears_next:
            self._clears_next = False
            self._text, self._shown, self._image_bytes, self.not_shown = PrintedText(self._clean), [], 0, 0

    def _keep(self, shown: Shown, display_id: str | None, *, update: bool) -> None:
        shown = replace(shown, text=self._clean(shown.text)) if shown.text else shown
        size = len(shown.data)
        if update:
            places = [at for at, (known, _) in enumerate(self._shown) if known == display_id and display_id]
            for at in places:
                size -= len(self._shown[at][1].data)
                if self._image_bytes + size <= MOST_IMAGE_BYTES:
                    self._shown[at] = display_id, shown
                    self._image_bytes += size
            if places:
                return
        if len(self._shown) >= MOST_SHOWN or self._image_bytes + size > MOST_IMAGE_BYTES:
            self.not_shown += 1
            return
        self._shown.append((display_id, shown))
        self._image_bytes += size

    def _tell(self) -> None:
        with uncaptured(), contextlib.suppress(Exception):
            self._on_output(self)


@contextlib.contextmanager
def uncaptured() -> Iterator[None]:
    """Let what is printed in the context go where it would go without a call."""
    token = _current.set(False)
    try:
        yield
    finally:
        _current.reset(token)


def displayed(shown: Shown) -> Shown:
    """Return a value as one that was displayed."""
    return replace(shown, origin="displayed")


def capture_here(active: list[Capture]) -> Capture | None:
    """Return the capture that the running code belongs to.

    Args:
        active: the captures of all running calls, the newest last.
    """
    current = _current.get()
    if isinstance(current, Capture):
        return current if current.is_open else None
    if current is False:
        return None
    return next((each for each in reversed(active) if each.owns_new_thread()), None)


def shown_of(data: Mapping[str, Any]) -> Shown:
    """Return what is shown of a displayed value, of which `data` has several MIME types."""
    for kind in _IMAGES:
        if kind in data and (encoded := _base64_of(data[kind])):
            return Shown("image", "displayed", what="image", data=encoded, media_type=kind)
    for kind, language in _TEXTS.items():
        text = data.get(kind)
        if not isinstance(text, str) or (kind == "text/plain" and text.startswith(_NO_TEXT) and "text/html" in data):
            continue
        return text_shown(text, language=language)
    others = ", ".join(sorted(str(kind) for kind in data)) or "nothing"
    return Shown("text", "displayed", what=others, note="not shown", is_cut=True)


def text_shown(text: str, *, language: str = "") -> Shown:
    """Return a displayed text, cut to its limit."""
    text = storable(text)
    if len(text) <= LIMIT:
        return Shown("text", "displayed", text=text, language=language)
    note = f"first {LIMIT:,} of {counted(len(text), 'character')}"
    return Shown("text", "displayed", note=note, is_cut=True, text=text[:LIMIT], language=language)


def _base64_of(image: Any) -> str:
    """Return an image in base64; empty if it is none."""
    if isinstance(image, bytes | bytearray):
        return base64.b64encode(image).decode("ascii")
    if not isinstance(image, str):
        return ""
    encoded = "".join(image.split())
    try:
        base64.b64decode(encoded, validate=True)
    except ValueError:
        return ""
    return encoded
