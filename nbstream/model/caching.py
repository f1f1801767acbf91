"""Whether a request may be answered by the cache, and its reply be kept in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caching:
    """What a request asks of the cache.

    Attributes:
        folder: the folder of the cache as the user named it; empty for the one beside the notebook.
        sample: which of several replies to the same request it is, counted from 1.
        is_fresh: whether the request is sent even if there is a reply, which is replaced then.
    """

    folder: str = ""
    sample: int = 1
    is_fresh: bool = False
