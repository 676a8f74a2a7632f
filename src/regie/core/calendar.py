"""Calendars: which days are working days, and counting along them.

Two are used side by side: the legal one and that of the organisation. Holidays are rules and lists that come
from data; only Easter is computed. Behind each calendar stands a table of working days with an index, so that
every question is one look-up; it grows when a date beyond it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain, compress, count, cycle, repeat
from operator import sub

from regie.errors import Incomplete, Refused

FIRST_DAY = date(1990, 1, 1)
_BASE = FIRST_DAY.toordinal()
_LAST = date.max.toordinal()
_FIRST_TABLE_ENDS = 2045
_ONE_DAY = timedelta(days=1)
_WEEKEND = {5: "zaterdag", 6: "zondag"}
_NAMELESS = "vrije dag"


@dataclass(frozen=True, slots=True)
class FixedDay:
    """A holiday on a fixed day of the year; ``if_sunday`` moves it by so many days when that is a Sunday.

    Raises:
        Refused: ``bad-holiday`` when some year has no such day, or when it would move into another year.
    """

    month: int
    day: int
    name: str
    if_sunday: int = 0

    def __post_init__(self) -> None:
        try:
            day = date(2025, self.month, self.day)
        except ValueError:
            raise Refused(
                f"'{self.name}' is on {self.month:02}-{self.day:02}, which is no day of every year",
                code="bad-holiday",
                holiday=self.name,
                month=self.month,
                day=self.day,
                problem="day",
            ) from None
        if (day + timedelta(days=self.if_sunday)).year != day.year:
            raise Refused(
                f"'{self.name}' moves into another year when it is a Sunday",
                code="bad-holiday",
                holiday=self.name,
                problem="sunday",
            )

    def on(self, year: int) -> date:
        day = date(year, self.month, self.day)
        return day + timedelta(days=self.if_sunday) if day.weekday() == 6 else day


@dataclass(frozen=True, slots=True)
class EasterDay:
    """A holiday so many days after Easter Sunday; negative is before.

    Raises:
        Refused: ``bad-holiday`` when it would leave the year, as Easter is from 22 March to 25 April.
    """

    offset: int
    name: str

    def __post_init__(self) -> None:
        if not -80 <= self.offset <= 250:
            raise Refused(
                f"'{self.name}' lies outside the year of its Easter",
                code="bad-holiday",
                holiday=self.name,
                problem="easter",
            )

    def on(self, year: int) -> date:
        return easter_sunday(year) + timedelta(days=self.offset)


HolidayRule = FixedDay | EasterDay


@dataclass(frozen=True, slots=True)
class NamedPeriod:
    """A stretch of days with a name, first and last day inclusive, such as a school holiday or recess."""

    name: str
    first: date
    last: date

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(slots=True)
class Axis:
    """The working days as plain lists, for loops that cannot afford a call.

    Args:
        base: ordinal of the first day of ``floor``.
        floor: per day the index of the last working day on or before it.
        days: ordinals of the working days, by index.
        last: last ordinal that is covered.
        dates: the working days as dates, by index; made when first asked for.
    """

    base: int
    floor: list[int]
    days: list[int]
    last: int
    dates: list[date] = field(default_factory=list)


def easter_sunday(year: int) -> date:
    """Give Easter Sunday in the Gregorian calendar.

    Source:
        The anonymous Gregorian algorithm (Nature, 20 April 1876; Meeus, Astronomical Algorithms, ch. 8).
    """
    golden = year % 19
    century, rest = divmod(year, 100)
    leap, cycle = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap - correction + 15) % 30
    quarter, remainder = divmod(rest, 4)
    weekday = (32 + 2 * cycle + 2 * quarter - epact - remainder) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


class WorkCalendar:
    """Working days by weekday, holiday rules and listed days. Not changed after it was made.

    Args:
        weekdays: days of the week that are worked, 0 is Monday.
        days_off: listed days off with their names: by decree, bridge days, closing days.
        working: listed days that are worked although a rule says off.
        confirmed_years: years of which the list is official; None when that does not matter.
        periods: for warnings and deciding bodies; they are no days off.

    Raises:
        Incomplete: ``calendar-without-working-days`` when the week, or a whole year, has none;
            ``calendar-year-missing`` where counting comes before 1990.
        Refused: ``date-out-of-range`` where counting comes beyond the year 9999.
    """

    def __init__(
        self,
        *,
        name: str,
        weekdays: frozenset[int] = frozenset(range(5)),
        rules: tuple[HolidayRule, ...] = (),
        days_off: Mapping[date, str] | None = None,
        working: Mapping[date, str] | None = None,
        confirmed_years: frozenset[int] | None = None,
        periods: tuple[NamedPeriod, ...] = (),
        source: str = "",
        valid_from: date | None = None,
    ) -> None:
        if not weekdays:
            raise Incomplete(
                f"calendar '{name}' has no working days in the week",
                code="calendar-without-working-days",
                calendar=name,
            )
        self.name = name
        self.weekdays = weekdays
        self.rules = rules
        self.days_off = {day: why or _NAMELESS for day, why in (days_off or {}).items()}
        self.working = dict(working or {})
        self.confirmed_years = confirmed_years
        self.periods = periods
        self.source = source
        self.valid_from = valid_from
        self._years: dict[int, dict[date, str]] = {}
        self._refuse_closed_years({day.year for day in self.days_off})
        self._axis = self._build(_FIRST_TABLE_ENDS)

    # --- days ---------------------------------------------------------------------------------------

    def is_working_day(self, day: date) -> bool:
        return self.day_off_name(day) is None

    def day_off_name(self, day: date) -> str | None:
        """Why a day is off: the holiday, the weekend or the listed reason; ``None`` on a working day."""
        if day in self.working:
            return None
        name = self.days_off.get(day) or self._holidays(day.year).get(day)
        if name is None and day.weekday() not in self.weekdays:
            return _WEEKEND.get(day.weekday(), _NAMELESS)
        return name

    def is_confirmed(self, day: date) -> bool:
        """Whether the days off of that year are official."""
        return self.confirmed_years is None or day.year in self.confirmed_years

    def periods_on(self, day: date) -> tuple[NamedPeriod, ...]:
        return tuple(period for period in self.periods if period.covers(day))

    def next_working_day(self, day: date) -> date:
        """The first working day on or after ``day``."""
        return date.fromordinal(self.ordinal_at(self.ceil_index(day.toordinal())))

    def previous_working_day(self, day: date) -> date:
        """The last working day on or before ``day``."""
        return date.fromordinal(self.ordinal_at(self.floor_index(day.toordinal())))

    def add_working_days(self, day: date, count: int) -> date:
        """Move ``count`` working days away from ``day``.

        ``day`` is day 0 and may itself be a day off. A negative ``count`` counts back, as in "twenty working
        days before opening". Zero gives ``day`` unchanged, also on a Sunday.
        """
        if count == 0:
            return day
        ordinal = day.toordinal()
        index = self.floor_index(ordinal) if count > 0 else self.ceil_index(ordinal)
        return date.fromordinal(self.ordinal_at(index + count))

    def working_days_between(self, start: date, end: date) -> int:
        """Count the working days from ``start`` up to but not including ``end``; negative when ``end`` is earlier."""
        return self.ceil_index(end.toordinal()) - self.ceil_index(start.toordinal())

    # --- the axis -----------------------------------------------------------------------------------

    def axis(self, through: int) -> Axis:
        """Give the tables, covering at least up to an ordinal."""
        if through > self._axis.last:
            self._grow(through)
        return self._axis

    def floor_index(self, ordinal: int) -> int:
        """Index of the last working day on or before an ordinal."""
        if ordinal < _BASE:
            raise self._too_early(date.fromordinal(max(ordinal, 1)).year)
        if ordinal > self._axis.last:
            self._grow(ordinal)
        return self._axis.floor[ordinal - _BASE]

    def ceil_index(self, ordinal: int) -> int:
        """Index of the first working day on or after an ordinal."""
        index = self.floor_index(ordinal)
        return index if index >= 0 and self._axis.days[index] == ordinal else index + 1

    def ordinal_at(self, index: int) -> int:
        """Ordinal of a working day by its index; index 0 is the first working day of 1990."""
        if index < 0:
            raise self._too_early(FIRST_DAY.year - 1)
        while index >= len(self._axis.days):
            missing, days_left = index + 1 - len(self._axis.days), _LAST - self._axis.last
            if missing > min(days_left, days_left * len(self.weekdays) // 7 + 7 + len(self.working)):
                raise self._too_late()  # before a table is made that cannot help
            # eight days for every seven: holidays thin the week out. Ends, as each round covers more years
            self._grow(min(self._axis.last + 366 + missing * 8 // len(self.weekdays), _LAST))
        return self._axis.days[index]

    def dates_through(self, first: int, last: int) -> list[date]:
        """Give the working days as dates, by index, covering at least ``first`` up to ``last``.

        Raises:
            Incomplete: ``calendar-year-missing`` when ``first`` lies before the calendar begins.
            Refused: ``date-out-of-range`` beyond the year 9999.
        """
        if first < 0 or last >= len(self._axis.days):
            self.ordinal_at(min(first, last))
            self.ordinal_at(last)
        axis = self._axis
        if len(axis.dates) < len(axis.days):
            axis.dates = [date.fromordinal(day) for day in axis.days]
        return axis.dates

    def _too_early(self, year: int) -> Incomplete:
        return Incomplete(
            f"calendar '{self.name}' begins in {FIRST_DAY.year}",
            code="calendar-year-missing",
            calendar=self.name,
            first_year=FIRST_DAY.year,
            year=year,
        )

    def _too_late(self) -> Refused:
        return Refused("that date lies beyond the year 9999", code="date-out-of-range")

    def _grow(self, through: int) -> None:
        if through > _LAST:
            raise self._too_late()
        wanted = date.fromordinal(through).year
        last_year = date.fromordinal(self._axis.last).year
        self._axis = self._build(min(max(wanted + 10, last_year + 40), 9999))

    def _build(self, last_year: int) -> Axis:
        years = range(FIRST_DAY.year, last_year + 1)
        self._refuse_closed_years(years)
        last = date(last_year, 12, 31).toordinal()
        off = {day.toordinal() for year in years for day in self._holidays(year)}
        off |= {day.toordinal() for day in self.days_off}
        in_the_week = cycle([(FIRST_DAY.weekday() + day) % 7 in self.weekdays for day in range(7)])
        days = [day for day in compress(range(_BASE, last + 1), in_the_week) if day not in off]
        if worked := {day.toordinal() for day in self.working if day >= FIRST_DAY and day.year <= last_year}:
            days = sorted(worked.union(days))
        # each working day's index, repeated until the next one; without a loop, as every command builds a few of these
        floor = [-1] * (days[0] - _BASE)
        floor.extend(chain.from_iterable(map(repeat, count(), map(sub, chain(days[1:], [last + 1]), days))))
        return Axis(_BASE, floor, days, last)

    def _refuse_closed_years(self, years: Iterable[int]) -> None:
        for year in years:
            days = range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
            if not any(self.is_working_day(date.fromordinal(day)) for day in days):
                raise Incomplete(
                    f"calendar '{self.name}' has no working day in {year}",
                    code="calendar-without-working-days",
                    calendar=self.name,
                    year=year,
                )

    def _holidays(self, year: int) -> dict[date, str]:
        if year not in self._years:
            self._years[year] = {rule.on(year): rule.name for rule in self.rules}
        return self._years[year]


WEEKDAYS = WorkCalendar(name="weekdays")
EVERY_DAY = WorkCalendar(name="every-day", weekdays=frozenset(range(7)))
