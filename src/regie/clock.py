"""What time it is: the only module that reads the system clock.

A clock is a callable that returns an aware datetime. Whoever needs the time gets a clock or a
moment as an argument, so that a test or a rehearsal can live through months in a second.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


class VirtualClock:
    """A clock that stands still until someone moves it.

    It may also be set back: that is how a wrong system clock is rehearsed.

    >>> clock = VirtualClock(datetime(2027, 6, 3, 9, 0, tzinfo=UTC))
    >>> clock.advance(days=1, hours=2)
    datetime.datetime(2027, 6, 4, 11, 0, tzinfo=datetime.timezone.utc)
    """

    def __init__(self, start: datetime) -> None:
        self._now = _in_utc(start)

    def __call__(self) -> datetime:
        return self._now

    def advance(self, **amount: float) -> datetime:
        """Move on by an amount of time, named as in ``timedelta``: days, hours, minutes."""
        self._now += timedelta(**amount)
        return self._now

    def set_to(self, moment: datetime) -> datetime:
        """Jump to a moment, ahead or back."""
        self._now = _in_utc(moment)
        return self._now


def local_date(now: datetime, zone: str = "Europe/Amsterdam") -> date:
    """Return the calendar date on which ``now`` falls in a time zone.

    >>> local_date(datetime(2027, 6, 2, 22, 30, tzinfo=UTC))
    datetime.date(2027, 6, 3)
    """
    return _in_utc(now).astimezone(ZoneInfo(zone)).date()


def _in_utc(moment: datetime) -> datetime:
    # A naive moment would silently take the zone of whichever machine runs this.
    if moment.utcoffset() is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC)
