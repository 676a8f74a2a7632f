"""The days of one year as a definition knows them: working days, days off, meetings with their papers, recess, vacations."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from regie.core.calendar import FIRST_DAY, NamedPeriod, WorkCalendar
from regie.core.definition import Definition, text_in
from regie.core.meetings import DecidingBody, YearlyPeriod

FIRST_YEAR, LAST_YEAR = FIRST_DAY.year, 2200
MOST_DAYS = 5_000
"""Working days that may be counted from a day."""


class Sort(StrEnum):
    HOLIDAY = "holiday"
    CLOSED = "closed"
    DECREED = "decreed"
    WORKED = "worked"
    MEETING = "meeting"
    NOT_HELD = "not-held"
    PAPERS = "papers"
    RECESS = "recess"
    PERIOD = "period"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something about one day, or with ``last`` about the days up to it.

    Args:
        name: of the holiday, the closing day, the body or the vacation.
        other: with papers the day of the meeting.
        why: with a meeting that is not held: the recess or the day off.
    """

    day: date
    sort: Sort
    name: str
    last: date | None = None
    other: date | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Month:
    first: date
    working_days: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class DayAnswer:
    """Whether a day is a working day, by the calendar of the organisation and by the legal one, and why not."""

    day: date
    off_because: str | None
    legal_off_because: str | None
    worked_because: str
    is_confirmed: bool
    entries: tuple[Entry, ...]


def make_year(definition: Definition, year: int, language: str = "nl") -> tuple[Month, ...]:
    """List the months of a year with every day that is not as any other."""
    entries = sorted(_entries(definition, year, language), key=lambda each: (each.day, each.sort, each.name))
    calendar = definition.calendar
    months = []
    for month in range(1, 13):
        first = date(year, month, 1)
        after = first + timedelta(days=monthrange(year, month)[1])
        months.append(
            Month(
                first,
                calendar.working_days_between(first, after),
                tuple(each for each in entries if each.day.month == month and each.day.year == year),
            )
        )
    return tuple(months)


def look_at_day(definition: Definition, day: date, language: str = "nl") -> DayAnswer:
    """Say what a day is, and why."""
    calendar, legal = definition.calendar, definition.legal_calendar
    about = [
        each
        for year in sorted({day.year - 1, day.year} - {FIRST_YEAR - 1})
        for each in _entries(definition, year, language)
        if each.day <= day <= (each.last or each.day)
    ]
    return DayAnswer(
        day,
        calendar.day_off_name(day),
        legal.day_off_name(day),
        calendar.working.get(day, ""),
        legal.is_confirmed(day),
        tuple(dict.fromkeys(about)),
    )


def known_through(definition: Definition) -> int | None:
    """The last year of which the decree days are known; None when that does not matter."""
    years = definition.legal_calendar.confirmed_years
    return None if years is None else max(years, default=FIRST_YEAR - 1)


def _entries(definition: Definition, year: int, language: str) -> Iterator[Entry]:
    calendar, legal = definition.calendar, definition.legal_calendar
    first, last = date(year, 1, 1), date(year, 12, 31)
    holidays = {rule.on(year): rule.name for rule in (*legal.rules, *calendar.rules)}
    for day in (first + timedelta(days=each) for each in range((last - first).days + 1)):
        if (why := calendar.working.get(day)) is not None:
            yield Entry(day, Sort.WORKED, why)
        elif (name := calendar.day_off_name(day)) and (day.weekday() in calendar.weekdays or day in calendar.days_off):
            yield Entry(day, _sort_of(day, name, holidays, legal), name)
        elif day in holidays and day.weekday() not in calendar.weekdays:
            yield Entry(day, Sort.HOLIDAY, holidays[day])
    for period in calendar.periods:
        if period.first.year == year or (period.first < first <= period.last):
            yield Entry(max(period.first, first), Sort.PERIOD, period.name, last=period.last)
    for body in definition.bodies.values():
        yield from _meetings(body, year, text_in(body.title, language))


def _sort_of(day: date, name: str, holidays: dict[date, str], legal: WorkCalendar) -> Sort:
    if holidays.get(day) == name:
        return Sort.HOLIDAY
    return Sort.DECREED if legal.days_off.get(day) == name else Sort.CLOSED


def _meetings(body: DecidingBody, year: int, name: str) -> Iterator[Entry]:
    first, last = date(year, 1, 1), date(year, 12, 31)
    for each in body.meetings(first, last + timedelta(days=100)):
        if each.why:
            if each.held_on <= last:
                yield Entry(each.held_on, Sort.NOT_HELD, name, why=each.why)
            continue
        if each.held_on <= last:
            yield Entry(each.held_on, Sort.MEETING, name, other=each.papers_due_on)
        if first <= each.papers_due_on <= last and each.papers_due_on != each.held_on:
            yield Entry(each.papers_due_on, Sort.PAPERS, name, other=each.held_on)
    for period in body.recess:
        if isinstance(period, NamedPeriod):
            spans = [(period.first, period.last)]
        else:
            spans = [_in_year(period, each) for each in (year - 1, year)]
        for begins, ends in spans:
            if begins.year == year or begins < first <= ends:
                yield Entry(max(begins, first), Sort.RECESS, period.name, last=ends, why=name)


def _in_year(period: YearlyPeriod, year: int) -> tuple[date, date]:
    wraps = period.first > period.last
    return _on(year, period.first), _on(year + wraps, period.last)


def _on(year: int, when: tuple[int, int]) -> date:
    month, day = when
    return date(year, month, min(day, monthrange(year, month)[1]))
