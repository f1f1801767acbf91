"""The exceptions and the warning of nbstream."""

from __future__ import annotations


class NbstreamError(Exception):
    """The base of every exception that nbstream raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """Return one line for IPython to show, as a traceback through nbstream would not help."""
        return [f"{type(self).__name__}: {self}"]


class RequestError(NbstreamError, ValueError):
    """A request is not valid: an empty prompt, a value out of range, no key, a retired model."""


class NbstreamWarning(UserWarning):
    """A request is sent, but one of its options has no effect."""
