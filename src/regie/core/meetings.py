"""Deciding bodies: on which days they meet, when papers are due, and what missing a meeting costs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from regie.core.calendar import NamedPeriod, WorkCalendar
from regie.core.ids import BodyId
from regie.core.span import Span, Unit, shift

SEARCH_YEARS = 5
_SAME_DAY = Span(0, Unit.WORKING_DAYS)


@dataclass(frozen=True, slots=True)
class YearlyPeriod:
    """A period that returns every year, by month and day, inclusive; it may run over the new year."""

    name: str
    first: tuple[int, int]
    last: tuple[int, int]

    def covers(self, day: date) -> bool:
        here = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= here <= self.last
        return here >= self.first or here <= self.last


Recess = NamedPeriod | YearlyPeriod


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A meeting every so many weeks, from a first one on."""

    first_on: date
    every_weeks: int


@dataclass(frozen=True, slots=True)
class Meeting:
    """``missed``: meetings that were too early for the papers."""

    held_on: date
    papers_due_on: date
    missed: tuple[date, ...] = ()


@dataclass(frozen=True)
class DecidingBody:
    """A body with its meeting days; a meeting on a day off or in recess is not held.

    Args:
        dates: meetings that are listed one by one, besides the rhythm.
        papers: how long before a meeting its papers must be there.
    """

    id: BodyId
    title: dict[str, str]
    calendar: WorkCalendar
    rhythm: Rhythm | None = None
    dates: tuple[date, ...] = ()
    papers: Span = _SAME_DAY
    recess: tuple[Recess, ...] = ()
    _tables: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict, compare=False, repr=False)

    def next_feasible(self, ready_on: date, papers_ready_on: date) -> Meeting | None:
        """Give the first meeting on or after ``ready_on`` whose papers can still be in time.

        ``None`` when there is none within five years.
        """
        found = self.next_feasible_ordinals(ready_on.toordinal(), papers_ready_on.toordinal())
        if found is None:
            return None
        meetings, _ = self._table(ready_on.year)
        place = bisect_left(meetings, ready_on.toordinal())
        missed = tuple(date.fromordinal(day) for day in meetings[place:] if day < found[0])
        return Meeting(date.fromordinal(found[0]), date.fromordinal(found[1]), missed)

    def next_feasible_ordinals(self, ready: int, papers_ready: int) -> tuple[int, int] | None:
        """The same in ordinals: the meeting, and the last day for its papers."""
        meetings, papers = self._table(date.fromordinal(ready).year)
        for place in range(bisect_left(meetings, ready), len(meetings)):
            if papers[place] >= papers_ready:
                return meetings[place], papers[place]
        return None

    def _table(self, year: int) -> tuple[list[int], list[int]]:
        """Meetings of the years from ``year`` on that a search may need, sorted, with their paper deadlines."""
        decade = year - year % 10
        if decade not in self._tables:
            first, last = date(decade, 1, 1), date(min(decade + 9 + SEARCH_YEARS, 9998), 12, 31)
            held = sorted({day for day in self._days(first, last) if self._is_held(day)})
            self._tables[decade] = (
                [day.toordinal() for day in held],
                [self._papers(day).toordinal() for day in held],
            )
        return self._tables[decade]

    def _days(self, first: date, last: date) -> Iterator[date]:
        yield from (day for day in self.dates if first <= day <= last)
        if self.rhythm is not None:
            step = timedelta(weeks=self.rhythm.every_weeks)
            day = max(
                self.rhythm.first_on,
                self.rhythm.first_on + step * max(0, (first - self.rhythm.first_on) // step),
            )
            while day <= last:
                yield day
                day += step

    def _is_held(self, day: date) -> bool:
        return self.calendar.is_working_day(day) and not any(period.covers(day) for period in self.recess)

    def _papers(self, meeting: date) -> date:
        if self.papers.in_working_days:
            return self.calendar.add_working_days(meeting, -self.papers.amount)
        return self.calendar.previous_working_day(shift(meeting, -self.papers))
