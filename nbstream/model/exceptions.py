"""The exceptions that nbstream raises: for the caller's own mistakes, and for those who ask for one."""

from __future__ import annotations


class NbstreamError(Exception):
    """The base of every exception that nbstream raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows instead of a traceback, which would say nothing about the caller's mistake."""
        return [f"{type(self).__name__}: {self}"]


class RequestError(NbstreamError, ValueError):
    """A request cannot be made as asked: an empty prompt, a value out of range, a missing key, a retired model."""


class NbstreamWarning(UserWarning):
    """A request goes out, but a part of it will have no effect."""
