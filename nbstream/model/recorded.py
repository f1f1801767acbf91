"""When a response that no server has sent now was received, and what it cost then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from nbstream.model.usage import Cost

#: What answered in the server's place.
RecordedKind: TypeAlias = Literal[
    "recording",  # a recording that is replayed
    "cache",  # the cache, which has kept the reply to the same request
]


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a response comes from that no server has sent now.

    Attributes:
        instant: when its request was sent, in seconds since the Unix epoch.
        cost: what it cost; None if that is not known.
        kind: what answered in the server's place.
    """

    instant: float
    cost: Cost | None = None
    kind: RecordedKind = "recording"
