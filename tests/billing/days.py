"""Days that move on as somebody brings nbstream's table of prices up to date."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from nbstream.billing.rows import shipped


def checked() -> date:
    """Return the day on which DeepSeek's pages were last compared with the table."""
    found = shipped()[0].checked
    assert found is not None
    return found


def holidays_until() -> date:
    """Return the last day for which China's public holidays are known."""
    found = shipped()[0].holidays
    assert found is not None
    return found.until


def unknown_workday(hour: int) -> float:
    """Return an hour, in UTC, of the first working day that may be a holiday, as no list has it."""
    day = holidays_until() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return datetime.combine(day, time(hour), UTC).timestamp()
