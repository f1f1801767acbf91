"""■ while a tool runs: it breaks off the tool's own code, and nothing else."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator


class Interruption:
    """Whether ■ was pressed, and whether it may break off what runs now.

    As a context, on the main thread, it takes SIGINT from whatever handled it before. On another
    thread no signal arrives, and it does nothing.

    Attributes:
        pressed: whether ■ was pressed.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._pending = False
        self._allowed = False
        self._thread = threading.get_ident()
        self._before: Any = None

    def __enter__(self) -> Self:
        # A handler that was not set by Python could not be put back.
        is_pythons = signal.getsignal(signal.SIGINT) is not None
        if is_pythons and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, *_: object) -> None:
        self.pressed = True
        if self._allowed:
            raise KeyboardInterrupt
        self._pending = True

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Let ■ break off what runs in the context.

        Raises:
            KeyboardInterrupt: if it was pressed before, or is pressed in the context.
        """
        self._raise_pending()
        try:
            self._allowed = True
            yield
        finally:
            self._allowed = False

    def forbid(self) -> None:
        """Let ■ break off nothing: it may have been pressed at the very end of `allowed`."""
        self._allowed = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within `allowed`, let ■ break off nothing in this context, but right after it.

        Raises:
            KeyboardInterrupt: at the end, if it was pressed.
        """
        if threading.get_ident() != self._thread or not self._allowed:
            yield
            return
        self._allowed = False
        try:
            yield
        finally:
            self._allowed = True
        self._raise_pending()

    def _raise_pending(self) -> None:
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt
