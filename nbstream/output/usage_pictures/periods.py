"""Periods of a picture: how long they are, and all of them between the first and the last one."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.output.usage_pictures.figures import Span, Unit

#: So many days are shown one by one, and so many in weeks; more in months.
_MOST_DAYS, _MOST_DAYS_IN_WEEKS = 62, 400
_HOURS = 24


def unit_for(span: Span, first: date | None, today: date) -> Unit:
    """Return how long a period is.

    Args:
        span: what the picture is about.
        first: the day of the first request; None without any.
        today: the day of today.
    """
    if span == "today":
        return "hour"
    days = 1 if first is None else (today - first).days + 1
    if span == "notebook" and first is not None and days == 1:
        return "hour"
    return "day" if days <= _MOST_DAYS else "week" if days <= _MOST_DAYS_IN_WEEKS else "month"


def start_of(day: date, unit: str) -> datetime:
    """Return when the period of a day begins: the day itself, its Monday, or the first of it."""
    if unit == "week":
        day -= timedelta(days=day.weekday())
    if unit == "month":
        day = day.replace(day=1)
    return datetime.combine(day, time())


def starts(span: Span, unit: Unit, used: Iterable[datetime], now: datetime) -> list[datetime]:
    """Return the beginnings of all periods, without gaps.

    They end with the present one, or with the last that was used if that is later, as the clock of
    another machine may be ahead.

    Args:
        span: what the picture is about. The hours of a day, and the days of a month, are all there.
        unit: how long a period is.
        used: those with requests.
        now: the present time.
    """
    used = sorted(used)
    today = now.date()
    midnight = datetime.combine(today, time())
    if span == "today":
        found = [midnight + timedelta(hours=hour) for hour in range(_HOURS)]
        return sorted({*found, *used})
    if not used:
        return []
    present = datetime.combine(today, time(now.hour)) if unit == "hour" else start_of(today, unit)
    first, last = used[0], max(used[-1], present)
    if span == "month":
        first = min(first, midnight.replace(day=1))
    found = [first]
    while found[-1] < last:
        found.append(_next(found[-1], unit))
    return found


def _next(start: datetime, unit: Unit) -> datetime:
    if unit == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start + timedelta(**{f"{unit}s": 1})
