"""Deciding bodies: on which days they meet, when papers are due, and what missing a meeting costs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import date, timedelta

from regie.core.calendar import FIRST_DAY, NamedPeriod, WorkCalendar
from regie.core.ids import BodyId
from regie.core.span import Span, Unit, shift

SEARCH_DAYS = 5 * 366
_ONE_DAY = timedelta(days=1)
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
    """A meeting every so many weeks, at least one, from a first one on."""

    first_on: date
    every_weeks: int


@dataclass(frozen=True, slots=True)
class Meeting:
    """The meeting that decides, and what was passed over to get there.

    Args:
        missed: meetings that were held too early for the papers.
        not_held: days of the rhythm or the list without a meeting, each with the recess or the day off.
    """

    held_on: date
    papers_due_on: date
    missed: tuple[date, ...] = ()
    not_held: tuple[tuple[date, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ListedMeeting:
    """A meeting day. ``why``: the recess or the day off because of which there is none; empty when it is held."""

    held_on: date
    papers_due_on: date
    why: str = ""


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
        held_on, papers_due_on = (date.fromordinal(day) for day in found)
        passed = [(day, self._why_not_held(day)) for day in self._days(ready_on, held_on - _ONE_DAY)]
        return Meeting(
            held_on,
            papers_due_on,
            missed=tuple(day for day, why in passed if why is None),
            not_held=tuple((day, why) for day, why in passed if why is not None),
        )

    def next_feasible_ordinals(self, ready: int, papers_ready: int) -> tuple[int, int] | None:
        """The same in ordinals: the meeting, and the last day for its papers."""
        meetings, papers = self._table(date.fromordinal(ready).year)
        # safe: a later meeting never has an earlier deadline, so both lists are in order
        place = bisect_left(meetings, ready)
        if place < len(meetings) and papers[place] < papers_ready:
            place = bisect_left(papers, papers_ready, place)
        if place == len(meetings) or meetings[place] > ready + SEARCH_DAYS:
            return None
        return meetings[place], papers[place]

    def last_feasible_ordinals(self, through: int) -> tuple[int, int] | None:
        """The last meeting on or before an ordinal, and the last day for its papers; ``None`` when none was found."""
        year = date.fromordinal(through).year
        for each in (year, year - 10):
            meetings, papers = self._table(each)
            if place := bisect_right(meetings, through):
                return meetings[place - 1], papers[place - 1]
        return None

    def meetings(self, first: date, last: date) -> tuple[ListedMeeting, ...]:
        """Give the days from ``first`` to ``last`` on which it meets, and those on which it would have met."""
        return tuple(
            ListedMeeting(day, self._papers(day), self._why_not_held(day) or "") for day in self._days(first, last)
        )

    def _table(self, year: int) -> tuple[list[int], list[int]]:
        """Meetings that a search from a day of ``year`` may need, in order, with their paper deadlines."""
        decade = year - year % 10
        if decade not in self._tables:
            first = date(max(decade, FIRST_DAY.year), 1, 1)
            last = date.fromordinal(min(date(decade + 9, 12, 31).toordinal() + SEARCH_DAYS, date.max.toordinal()))
            held = [day for day in self._days(first, last) if self._why_not_held(day) is None]
            self._tables[decade] = (
                [day.toordinal() for day in held],
                [self._papers(day).toordinal() for day in held],
            )
        return self._tables[decade]

    def _days(self, first: date, last: date) -> list[date]:
        """The days from ``first`` to ``last`` on which there would be a meeting, were it not for recess and holidays."""
        days = {day for day in self.dates if first <= day <= last}
        if self.rhythm is not None:
            step, begin = 7 * self.rhythm.every_weeks, self.rhythm.first_on.toordinal()
            begin += -(-max(0, first.toordinal() - begin) // step) * step
            days.update(map(date.fromordinal, range(begin, last.toordinal() + 1, step)))
        return sorted(days)

    def _why_not_held(self, day: date) -> str | None:
        recess = next((period.name for period in self.recess if period.covers(day)), None)
        return recess or self.calendar.day_off_name(day)

    def _papers(self, meeting: date) -> date:
        if self.papers.in_working_days:
            return self.calendar.add_working_days(meeting, -self.papers.amount)
        return self.calendar.previous_working_day(shift(meeting, -self.papers))
