"""stdout, stderr and `display` while tools run: each text goes to the call that it belongs to."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

from nbstream.language import _
from nbstream.tools.capture import capture_here
from nbstream.tools.descriptors import DescriptorCapture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nbstream.tools.capture import Capture

_NAMES = ("stdout", "stderr")


class _Buffer(io.RawIOBase):
    """The bytes of a stream, for `sys.stdout.buffer.write`."""

    def __init__(self, stream: _Stream) -> None:
        super().__init__()
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        made = bytes(data)
        self._stream.write(made.decode("utf-8", "replace"))
        return len(made)

    def close(self) -> None:
        """Do nothing: a tool that closes stdout closes it for itself."""


class _Stream(io.TextIOBase):
    """Stands in for `sys.stdout` or `sys.stderr` while a tool runs."""

    def __init__(self, original: TextIO | None, routing: Routing, descriptor: int) -> None:
        super().__init__()
        self.original = original
        self._routing = routing
        self._descriptor = descriptor
        self._buffer = _Buffer(self)

    def __getattr__(self, name: str) -> Any:
        # What the kernel, or a library, asks of its own stream.
        return getattr(self.__dict__["original"], name)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "replace"

    @property
    def buffer(self) -> _Buffer:
        return self._buffer

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        capture = self._routing.here()
        if capture is None:
            return self.original.write(text) if self.original is not None else len(text)
        if capture.is_in_child:
            # Nobody sees this process's memory: its parent reads the descriptor.
            with contextlib.suppress(OSError):
                os.write(self.fileno(), text.encode("utf-8", "replace"))
        else:
            capture.print(text)
        return len(text)

    def flush(self) -> None:
        if self.original is not None and self._routing.here() is None:
            self.original.flush()

    def isatty(self) -> bool:
        return self._routing.here() is None and self.original is not None and self.original.isatty()

    def fileno(self) -> int:
        if self._routing.captures(self._descriptor) and self._routing.here() is not None:
            return self._descriptor
        if self.original is None:
            raise io.UnsupportedOperation("fileno")
        return self.original.fileno()

    def close(self) -> None:
        """Do nothing: a tool that closes stdout closes it for itself."""


class Routing:
    """Takes the process's outputs over while calls run, and puts everything back after the last."""

    def __init__(self) -> None:
        self._active: list[Capture] = []
        self._lock = threading.RLock()
        self._undo = contextlib.ExitStack()
        self._streams: dict[str, _Stream] = {}
        self._descriptors: DescriptorCapture | None = None

    def captures(self, descriptor: int) -> bool:
        """Whether what child processes write to a descriptor is captured."""
        # Read once: the last call may end meanwhile, on another thread.
        descriptors = self._descriptors
        return descriptors is not None and descriptors.holds(descriptor)

    def here(self) -> Capture | None:
        """Return the capture that the running code belongs to; None if it belongs to no call."""
        return capture_here(self._active)

    @contextlib.contextmanager
    def captured(self, capture: Capture) -> Iterator[None]:
        """Route to `capture` what its code prints and displays in the context."""
        with self._lock:
            before = {name: getattr(sys, name) for name in _NAMES}
            if not self._active:
                self._take_over(capture)
            self._active.append(capture)
            self._set_streams({})
        try:
            yield
        finally:
            with self._lock:
                if self._descriptors is not None and self._descriptors.capture is capture:
                    with contextlib.suppress(OSError):
                        self._descriptors.drain()
                self._active.remove(capture)
                capture.close()
                if not self._active:
                    undo, self._undo = self._undo, contextlib.ExitStack()
                    undo.close()
                else:
                    # A tool may have redirected its own streams, and called a tool.
                    self._set_streams(before)

    def _set_streams(self, wanted: Mapping[str, Any]) -> None:
        """Set the streams to those of `wanted`, and to ours in place of the originals."""
        for name, stream in self._streams.items():
            own = wanted.get(name, stream)
            setattr(sys, name, stream if own is stream.original else own)

    def _take_over(self, capture: Capture) -> None:
        originals = {name: getattr(sys, name) for name in _NAMES}
        for original in originals.values():
            with contextlib.suppress(Exception):
                original.flush()
        self._streams = {
            name: _Stream(original, self, number) for number, (name, original) in enumerate(originals.items(), 1)
        }
        for name, stream in self._streams.items():
            self._undo.callback(setattr, sys, name, originals[name])
            self._replace_in_handlers(originals[name], stream)
        self._undo.callback(self._forget_descriptors)
        self._descriptors = DescriptorCapture.start(capture, originals.values())
        self._route_displays()

    def _forget_descriptors(self) -> None:
        lost = self._descriptors.stop() if self._descriptors is not None else []
        self._descriptors = None
        for number in lost:
            sentence = _(
                "A tool closed descriptor {number}, and another file of this process has the number now. What "
                "programs print may not be shown any more. Restart the kernel to change that.",
                number=number,
            )
            if (original := self._streams["stderr"].original) is not None:
                with contextlib.suppress(Exception):
                    original.write(f"{sentence}\n")

    def _replace_in_handlers(self, original: TextIO | None, stream: _Stream) -> None:
        """Let handlers of `logging` that write to the original stream write to ours."""
        loggers = [logging.getLogger(), *logging.getLogger().manager.loggerDict.values()]
        for logger in loggers:
            for handler in getattr(logger, "handlers", ()):
                is_plain = isinstance(handler, logging.StreamHandler)
                if is_plain and original is not None and getattr(handler, "stream", None) is original:
                    handler.stream = stream
                    self._undo.callback(_put_back, handler, stream)

    def _route_displays(self) -> None:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
        publisher = getattr(shell, "display_pub", None)
        if publisher is None:
            return
        publish, clear_output = publisher.publish, publisher.clear_output

        def routed_publish(data: Any, metadata: Any = None, *others: Any, **named: Any) -> Any:
            capture = self.here()
            if capture is None or capture.is_in_child:
                return publish(data, metadata, *others, **named)
            display_id = (named.get("transient") or {}).get("display_id")
            capture.display(data, display_id, update=bool(named.get("update")))
            return None

        def routed_clear_output(wait: bool = False) -> Any:  # noqa: FBT001, FBT002  (IPython's signature)
            capture = self.here()
            if capture is None or capture.is_in_child:
                return clear_output(wait)
            capture.clear(wait=wait)
            return None

        attributes = vars(publisher)
        before = {name: attributes[name] for name in ("publish", "clear_output") if name in attributes}
        attributes["publish"], attributes["clear_output"] = routed_publish, routed_clear_output

        def undo() -> None:
            for name in ("publish", "clear_output"):
                attributes.pop(name, None)
            attributes.update(before)

        self._undo.callback(undo)


def _put_back(handler: Any, stream: _Stream) -> None:
    if handler.stream is stream:
        handler.stream = stream.original


#: One for the process, as its outputs are the process's.
routing = Routing()
