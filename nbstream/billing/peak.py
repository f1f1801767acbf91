"""Peak hours, at which a provider takes another price."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class PeakRule:
    """When an hour is peak, and what it costs then.

    Attributes:
        since: from when on the rule is valid.
        factor: by what a price is multiplied at peak hours.
        hours: the first hour of each span and the one after its last, in UTC.
        weekdays: the days with peak hours; 0 is Monday.
    """

    since: datetime
    factor: Decimal
    hours: tuple[tuple[int, int], ...]
    weekdays: tuple[int, ...]

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> PeakRule:
        """Return the rule that a table of TOML holds."""
        spans = tuple((start, end) for start, end in entry["hours_utc"])
        return cls(entry["from"], Decimal(entry["factor"]), spans, tuple(entry["weekdays"]))

    def is_peak(self, instant: datetime, holidays: Holidays | None) -> bool:
        """Return whether an instant in UTC is peak; after the last known holiday, if it is none."""
        # All hours of a rule are on the same day in UTC as in China.
        in_hours = any(start <= instant.hour < end for start, end in self.hours)
        is_free = holidays is not None and instant.date() in holidays.days
        return in_hours and instant.weekday() in self.weekdays and not is_free


@dataclass(frozen=True, slots=True)
class Holidays:
    """Public holidays, which have no peak hours.

    Attributes:
        days: the holidays on which there would be peak hours otherwise.
        until: the last day for which they are known.
    """

    days: frozenset[date]
    until: date


def rule_at(rules: Iterable[PeakRule], instant: datetime) -> PeakRule | None:
    """Return the rule that is valid at `instant`; None if there is none yet."""
    return max((each for each in rules if each.since <= instant), key=lambda each: each.since, default=None)
