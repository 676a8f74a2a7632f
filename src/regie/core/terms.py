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
# The longest terms that still run on. Source: Algemene termijnenwet, art. 4.
_ATW_LIMITS = {Unit.DAYS: 90, Unit.WEEKS: 12, Unit.MONTHS: 3, Unit.YEARS: 0}
# The shortest terms, in days, that must contain two ordinary days.
# Source: Algemene termijnenwet, art. 2; Verordening 1182/71, art. 3, fifth paragraph.
_ATW_SHORTEST, _EU_SHORTEST = 3, 2
_ORDINARY_DAYS = 2


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
    """Days on which the clock of a term stood still, for a reason.

    Args:
        begins_on: the first such day: for a request to complete an application the day after that request.
        ends_on: the day on which the clock runs again, itself no such day; None while it stands still. That may
            end today, so that then the days before today count, and the end is the earliest that the law allows.

    Source:
        Algemene wet bestuursrecht, art. 4:15, first paragraph.
    """

    begins_on: date
    ends_on: date | None
    reason: str


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
        suspensions: in any order; a day in two of them counts once, a day outside the term does not count.
        today: up to which an open suspension counts; without it that counts no day.

    Source:
        Algemene termijnenwet, art. 1-5; for EU terms Verordening 1182/71, art. 3.
    """
    if kind is TermKind.BEFORE_EVENT:
        return start_of_counted_back(event_on, length, legal)
    stops = _stops(suspensions, event_on, today)
    begins, day = event_on, _move(event_on, length, legal)
    steps = [TermStep(TermRule.COUNTED, day, (day - event_on).days)]
    if extension is not None:
        begins = day = _stand_still(day, stops, length, legal, steps)
        length = extension
        day = _move(begins, length, legal)
        steps.append(TermStep(TermRule.EXTENDED, day, (day - begins).days))
    rolls = _rolls(length, kind)
    nominal = day = _stand_still(day, stops, length, legal, steps, rolls=rolls)
    if rolls:
        day = _roll_forward(day, legal, steps)
        day = _two_ordinary_days(begins, day, length, kind, legal, steps)
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


def _stops(suspensions: Sequence[Suspension], event_on: date, today: date | None) -> list[tuple[date, date]]:
    """The stretches in which the clock stood still, in order and apart: first day, and day on which it ran again."""
    stops: list[tuple[date, date]] = []
    running_from = shift(event_on, Span(1, Unit.DAYS)) if suspensions else event_on
    for each in sorted(suspensions, key=lambda each: each.begins_on):
        first = max(each.begins_on, running_from)
        again = each.ends_on or today or each.begins_on
        if again > first:
            stops.append((first, again))
            running_from = again
    return stops


def _stand_still(
    day: date,
    stops: list[tuple[date, date]],
    length: Span,
    legal: WorkCalendar,
    steps: list[TermStep],
    *,
    rolls: bool = False,
) -> date:
    """Make up for the stops that begin while the term runs, and take those off the list.

    A term that rolls off a day off still runs until the day it rolls to, so a stop in between counts from there.
    """
    while stops and stops[0][0] <= (runs_through := legal.next_working_day(day) if rolls else day):
        first, again = stops.pop(0)
        day = day if first <= day else runs_through
        if length.in_working_days:
            day = legal.add_working_days(day, legal.working_days_between(first, again))
        else:
            day = shift(day, Span((again - first).days, Unit.DAYS))
        steps.append(TermStep(TermRule.SUSPENDED, day, (again - first).days))
    return day


def _rolls(length: Span, kind: TermKind) -> bool:
    if kind is TermKind.EU:
        return True
    if kind not in (TermKind.LAW, TermKind.AMVB):
        return False
    return length.in_working_days or length.amount <= _ATW_LIMITS[length.unit]


def _roll_forward(day: date, legal: WorkCalendar, steps: list[TermStep]) -> date:
    rolled = legal.next_working_day(day)
    if rolled != day:
        steps.append(TermStep(TermRule.ROLLED, rolled, (rolled - day).days, _names(day, rolled - _ONE_DAY, legal)))
    return rolled


def _two_ordinary_days(
    begins: date, day: date, length: Span, kind: TermKind, legal: WorkCalendar, steps: list[TermStep]
) -> date:
    """A term of at least three days (EU: two) contains at least two ordinary days."""
    shortest = _EU_SHORTEST if kind is TermKind.EU else _ATW_SHORTEST
    if length.in_working_days or (length.unit is Unit.DAYS and length.amount < shortest):
        return day
    # after the day it begins, through its last one
    missing = _ORDINARY_DAYS - (legal.floor_index(day.toordinal()) - legal.floor_index(begins.toordinal()))
    if missing <= 0:
        return day
    longer = legal.add_working_days(day, missing)
    steps.append(TermStep(TermRule.TWO_ORDINARY_DAYS, longer, (longer - day).days))
    return longer


def _names(first: date, last: date, legal: WorkCalendar) -> tuple[str, ...]:
    """The names of the days off from ``first`` to ``last``, each once."""
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return tuple(dict.fromkeys(name for day in days if (name := legal.day_off_name(day))))
