"""The remedy that a user reads after a failure."""

from __future__ import annotations

from nbstream.model.failure import Failure
from nbstream.model.reply import Reply
from nbstream.output.remedies import remedy


def hint_of(of: Reply | Failure) -> str:
    """Return the remedy, worded for a cell, for a failed reply or for a failure without a reply."""
    if isinstance(of, Failure):
        return remedy(of, Reply(), "cell")
    assert of.error is not None
    return remedy(of.error, of, "cell")
