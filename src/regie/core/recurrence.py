"""Which periods a recurring step has, and when each opens and closes.

Period ``n`` counts from 1 over all rhythms of the step together. Periods hang on anchors, so they move
when an anchor moves; nothing about them is stored but their number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from regie.core.calendar import WorkCalendar
from regie.core.definition import DateBase, DateRule, Rhythm
from regie.core.span import Span, shift

ONE_DAY = timedelta(days=1)
MOST_PERIODS = 2_000

DateOf = Callable[[DateRule], date | None]


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day, inclusive."""

    opens_on: date
    closes_on: date


class Rhythms:
    """The rhythms of a step on its calendar, with the periods that were worked out before.

    Every look at a traject asks for the same periods again; they are the same as long as the base dates are.
    """

    __slots__ = ("calendar", "is_anchored", "rhythms", "rules")

    def __init__(self, rhythms: tuple[Rhythm, ...], calendar: WorkCalendar) -> None:
        self.rhythms = rhythms
        self.calendar = calendar
        self.rules = tuple(
            rule for rhythm in rhythms for rule in (rhythm.opens, rhythm.first, rhythm.until) if rule is not None
        )
        self.is_anchored = all(rule.base is DateBase.ANCHOR for rule in self.rules)

    def period(self, number: int, bases: tuple[date | None, ...]) -> Period | None:
        """Give period ``number`` when the ``rules`` fall on the days ``bases``."""
        return _known_period(self, number, bases)


@lru_cache(maxsize=20_000)
def _known_period(rhythms: Rhythms, number: int, bases: tuple[date | None, ...]) -> Period | None:
    # by identity: two equal rules lead to the same date anyway
    known = {id(rule): day for rule, day in zip(rhythms.rules, bases, strict=True)}
    return period_at(rhythms.rhythms, number, lambda rule: known[id(rule)], rhythms.calendar)


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
