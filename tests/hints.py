"""What a reader is told to do after a failure."""

from __future__ import annotations

from nbstream.model.failure import Failure
from nbstream.model.reply import Reply
from nbstream.output.sentences import remedy


def hint_of(of: Reply | Failure) -> str:
    """Return the remedy in the words of a cell, for a reply or for a failure before any text."""
    if isinstance(of, Failure):
        return remedy(of, Reply(), "cell")
    assert of.error is not None
    return remedy(of.error, of, "cell")
