"""Days as suppliers of power count them: China's time, UTC+8 throughout, 96 quarters of an hour each."""

from datetime import date, timedelta
from typing import Final

POINTS: Final = 96
"""Quarters of an hour in a day; there is no daylight saving, so every day has as many."""
HOUR_NS: Final = 3_600_000_000_000
DAY_NS: Final = 24 * HOUR_NS
ZONE_NS: Final = 8 * HOUR_NS
"""China is ahead of UTC by so much."""
EPOCH: Final = date(1970, 1, 1)


def day_start_ns(day: date) -> int:
    """Return the first instant of a day, nanoseconds since 1970 UTC."""
    return (day - EPOCH).days * DAY_NS - ZONE_NS


def day_of(at_ns: int) -> date:
    """Return the day in China that an instant belongs to."""
    return EPOCH + timedelta(days=(at_ns + ZONE_NS) // DAY_NS)


def month_first(month: str) -> date:
    """Return the first day of `YYYY-MM`. Raises ValueError."""
    if len(month) != 7:
        raise ValueError(f"{month!r} is no month such as 2026-03")
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        raise ValueError(f"{month!r} is no month such as 2026-03") from None


def month_after(day: date) -> date:
    """Return the first day of the month after that of a day."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
