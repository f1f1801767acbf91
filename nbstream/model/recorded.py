"""When a replayed response was recorded, and what it cost then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbstream.model.usage import Cost


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a response comes from that no server has sent now.

    Attributes:
        instant: when its request was sent, in seconds since the Unix epoch.
        cost: what it cost; None if that is not known.
    """

    instant: float
    cost: Cost | None = None
