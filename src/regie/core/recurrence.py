"""Which periods a recurring step has, and when each opens and closes.

Period ``n`` counts from 1 over all rhythms of the step together. Periods hang on anchors, so they move
when an anchor moves; nothing about them is stored but their number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from regie.core.calendar import WorkCalendar
from regie.core.definition import DateRule, Rhythm
from regie.core.span import Span, shift

ONE_DAY = timedelta(days=1)
MOST_PERIODS = 2_000

DateOf = Callable[[DateRule], date | None]


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day, inclusive."""

    opens_on: date
    closes_on: date


def period_at(rhythms: tuple[Rhythm, ...], number: int, date_of: DateOf, calendar: WorkCalendar) -> Period | None:
    """Give period ``number`` (from 1); ``None`` when it does not exist or hangs on a date nobody knows yet."""
    if not 1 <= number <= MOST_PERIODS:
        return None
    begins: date | None = None
    for rhythm in rhythms:
        begins = _first_day(rhythm, date_of, calendar) or begins
        if begins is None:
            return None
        until = date_of(rhythm.until) if rhythm.until else None
        count = number if until is None else min(number, _count(rhythm, begins, until, number, calendar))
        if count >= number:
            return Period(
                _nth(begins, rhythm.every, number - 1, calendar),
                _nth(begins, rhythm.every, number, calendar) - ONE_DAY,
            )
        begins = _nth(begins, rhythm.every, count, calendar)
        number -= count
    return None


def periods_opened_by(rhythms: tuple[Rhythm, ...], day: date, date_of: DateOf, calendar: WorkCalendar) -> int:
    """Count the periods that have opened on or before ``day``."""
    low, high = 0, 1
    while high < MOST_PERIODS and _has_opened(rhythms, high, day, date_of, calendar):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if _has_opened(rhythms, middle, day, date_of, calendar):
            low = middle
        else:
            high = middle
    return low


def _has_opened(rhythms: tuple[Rhythm, ...], number: int, day: date, date_of: DateOf, calendar: WorkCalendar) -> bool:
    period = period_at(rhythms, number, date_of, calendar)
    return period is not None and period.opens_on <= day


def _first_day(rhythm: Rhythm, date_of: DateOf, calendar: WorkCalendar) -> date | None:
    if rhythm.opens:
        return date_of(rhythm.opens)
    if rhythm.first:
        first = date_of(rhythm.first)
        return _move(first, -rhythm.every, calendar) + ONE_DAY if first else None
    return None


def _count(rhythm: Rhythm, begins: date, until: date, most: int, calendar: WorkCalendar) -> int:
    count = 0
    while count < most and _nth(begins, rhythm.every, count, calendar) < until:
        count += 1
    return count


def _nth(begins: date, every: Span, count: int, calendar: WorkCalendar) -> date:
    # counted from the first day each time: monthly from the 31st keeps coming back to the 31st
    return _move(begins, Span(every.amount * count, every.unit), calendar)


def _move(day: date, span: Span, calendar: WorkCalendar) -> date:
    return calendar.add_working_days(day, span.amount) if span.in_working_days else shift(day, span)
