"""Statutory terms: when they end, and why.

The day of the event is day 0. Which rule applies depends on the kind of term; see dossier section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from regie.core.calendar import WorkCalendar
from regie.core.span import Span, Unit, shift

_ONE_DAY = timedelta(days=1)
# Algemene termijnenwet, art. 4: not for terms of more than so long
_ATW_LIMITS = {Unit.DAYS: 90, Unit.WEEKS: 12, Unit.MONTHS: 3, Unit.YEARS: 0}


class TermKind(StrEnum):
    """Where a term comes from, and with that how it ends."""

    LAW = "law"
    AMVB = "amvb"
    BEFORE_EVENT = "before-event"
    CONTRACT = "contract"
    REGULATION = "regulation"
    EU = "eu"


@dataclass(frozen=True, slots=True)
class Suspension:
    """The clock stood still from ``begins_on`` up to and not including ``ends_on``; None: it still does."""

    begins_on: date
    ends_on: date | None
    reason: str

    def days(self, today: date) -> int:
        return max(((self.ends_on or today) - self.begins_on).days, 0)


class TermRule(StrEnum):
    """One step in how an end was counted."""

    COUNTED = "counted"
    EXTENDED = "extended"
    SUSPENDED = "suspended"
    ROLLED = "rolled"
    TWO_ORDINARY_DAYS = "two ordinary days"
    COUNTED_BACK = "counted back"


@dataclass(frozen=True, slots=True)
class TermStep:
    """What one rule did: the day it led to, over how many days, past which days off."""

    rule: TermRule
    to: date
    days: int = 0
    days_off: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TermEnd:
    """``nominal_on``: by plain counting; ``ends_on``: the last day that counts."""

    nominal_on: date
    ends_on: date
    steps: tuple[TermStep, ...] = ()


def end_of_term(
    event_on: date,
    length: Span,
    kind: TermKind,
    legal: WorkCalendar,
    *,
    extension: Span | None = None,
    suspensions: Sequence[Suspension] = (),
    today: date | None = None,
) -> TermEnd:
    """Count a term from the day of the event, day 0, to its last day.

    Args:
        legal: the legal calendar; local closures never move a term of law.
        extension: a second term that starts after the nominal end of the first.
        suspensions: days on which the clock stood still; an open one counts through ``today``.

    Source:
        Algemene termijnenwet, art. 1-5; for EU terms Verordening 1182/71, art. 3.
    """
    if kind is TermKind.BEFORE_EVENT:
        return start_of_counted_back(event_on, length, legal)
    day = _move(event_on, length, legal)
    steps = [TermStep(TermRule.COUNTED, day, (day - event_on).days)]
    for suspension in suspensions:
        if suspension.begins_on <= day and (days := suspension.days(today or suspension.begins_on)):
            day += timedelta(days=days)
            steps.append(TermStep(TermRule.SUSPENDED, day, days))
    if extension is not None:
        day = _move(day, extension, legal)
        steps.append(TermStep(TermRule.EXTENDED, day))
    nominal = day
    rolls = _rolls(length, extension, kind)
    if rolls:
        day = _roll_forward(day, legal, steps)
        day = _two_ordinary_days(event_on, day, length, kind, legal, steps)
    return TermEnd(nominal, day, tuple(steps))


def start_of_counted_back(event_on: date, length: Span, legal: WorkCalendar) -> TermEnd:
    """Count back from an event: the last working day on or before the computed day.

    Source:
        Algemene termijnenwet, art. 1, second paragraph: such a term is never extended.
    """
    nominal = _move(event_on, -length, legal)
    day = legal.previous_working_day(nominal)
    return TermEnd(
        nominal,
        day,
        (TermStep(TermRule.COUNTED_BACK, day, (event_on - nominal).days, _names(day, nominal, legal)),),
    )


def _move(day: date, length: Span, legal: WorkCalendar) -> date:
    return legal.add_working_days(day, length.amount) if length.in_working_days else shift(day, length)


def _rolls(length: Span, extension: Span | None, kind: TermKind) -> bool:
    if kind is TermKind.EU:
        return True
    if kind not in (TermKind.LAW, TermKind.AMVB):
        return False
    last = extension or length
    return last.in_working_days or last.amount <= _ATW_LIMITS[last.unit]


def _roll_forward(day: date, legal: WorkCalendar, steps: list[TermStep]) -> date:
    rolled = legal.next_working_day(day)
    if rolled != day:
        steps.append(TermStep(TermRule.ROLLED, rolled, (rolled - day).days, _names(day, rolled - _ONE_DAY, legal)))
    return rolled


def _two_ordinary_days(
    event_on: date, day: date, length: Span, kind: TermKind, legal: WorkCalendar, steps: list[TermStep]
) -> date:
    """A term of at least three days (EU: two) contains at least two ordinary days."""
    least = 2 if kind is TermKind.EU else 3
    if length.unit is Unit.DAYS and length.amount < least:
        return day
    missing = 2 - legal.working_days_between(event_on + _ONE_DAY, day + _ONE_DAY)
    if missing <= 0:
        return day
    longer = legal.add_working_days(day, missing)
    steps.append(TermStep(TermRule.TWO_ORDINARY_DAYS, longer, (longer - day).days))
    return longer


def _names(first: date, last: date, legal: WorkCalendar) -> tuple[str, ...]:
    """The names of the days off from ``first`` to ``last``, each once."""
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return tuple(dict.fromkeys(name for day in days if (name := legal.day_off_name(day))))
