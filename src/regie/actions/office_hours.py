"""When a message that can wait may leave: on working days between 8 and 18 hours, local time."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from regie.core.calendar import WorkCalendar

OPENS = time(8, 0)
CLOSES = time(18, 0)


def next_office_hour(now: datetime, zone: str, calendar: WorkCalendar) -> datetime:
    """Give ``now`` when the office is open, else the next opening; in UTC.

    The opening is a wall-clock time: on the days that clocks change it is 8 o'clock all the same.
    """
    local = now.astimezone(ZoneInfo(zone))
    if calendar.is_working_day(local.date()):
        if OPENS <= local.time() < CLOSES:
            return now.astimezone(UTC)
        if local.time() < OPENS:
            return _opening(local, zone)
    day = calendar.next_working_day(local.date() + timedelta(days=1))
    return _opening(local.replace(year=day.year, month=day.month, day=day.day), zone)


def _opening(local: datetime, zone: str) -> datetime:
    return datetime.combine(local.date(), OPENS, ZoneInfo(zone)).astimezone(UTC)
