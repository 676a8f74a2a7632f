"""Compile deciding bodies: who meets when, and when they do not."""

from __future__ import annotations

from datetime import date

from regie.core.calendar import NamedPeriod, WorkCalendar
from regie.core.ids import BodyId
from regie.core.meetings import DecidingBody, Recess, Rhythm, YearlyPeriod
from regie.definitions.draft import Draft
from regie.definitions.findings import quote
from regie.definitions.schema import BodyPart, MeetsPart, PeriodPart

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
_LEAP_YEAR = 2024


def compile_bodies(draft: Draft, calendar: WorkCalendar) -> dict[BodyId, DecidingBody]:
    """Compile the bodies of a definition; they do not meet on days off of ``calendar``."""
    return {BodyId(id_): _body(draft, id_, part, calendar) for id_, part in draft.part.bodies.items()}


def _body(draft: Draft, id_: str, part: BodyPart, calendar: WorkCalendar) -> DecidingBody:
    here = ("bodies", id_)
    if part.meets is None and not part.dates:
        mark = draft.places.at_key(*here)
        draft.report.add(
            "RG313", mark, f"body {quote(id_)} has no meetings", "it decides on any day; add meets or dates"
        )
    periods = [_recess(draft, period, *here, "recess", number) for number, period in enumerate(part.recess)]
    return DecidingBody(
        BodyId(id_),
        dict(draft.text(part.title)),
        calendar,
        rhythm=_rhythm(draft, part.meets, *here, "meets") if part.meets else None,
        dates=tuple(sorted(set(part.dates))),
        papers=draft.span(part.papers, *here, "papers", least=0),
        recess=tuple(period for period in periods if period is not None),
    )


def _rhythm(draft: Draft, part: MeetsPart, *path: str | int) -> Rhythm:
    if part.from_.weekday() != _WEEKDAYS.index(part.on):
        mark = draft.places.at(*path, "from")
        draft.report.add(
            "RG126", mark, f"{part.from_} is no {part.on}", "the first meeting is on the day that 'on' names"
        )
    weeks = int(part.every.removesuffix("w"))
    if weeks == 0:
        draft.report.add(
            "RG309", draft.places.at(*path, "every"), "a body cannot meet every 0 weeks", "write 1w or more"
        )
    return Rhythm(part.from_, max(weeks, 1))


def _recess(draft: Draft, part: PeriodPart, *path: str | int) -> Recess | None:
    """Read a recess; by month and day it returns every year, and it may run over the new year."""
    first, last = part.from_, part.to
    if isinstance(first, date) and isinstance(last, date):
        if last < first:
            mark = draft.places.at(*path, "to")
            draft.report.add("RG312", mark, f"{quote(part.name)} ends on {last} and begins on {first}", "swap them")
        return NamedPeriod(part.name, first, last)
    if isinstance(first, date) or isinstance(last, date):
        mark = draft.places.at(*path, "to")
        draft.report.add("RG126", mark, "one of the two has a year", "give both a year, or neither")
        return None
    days = [_month_and_day(draft, text, *path, key) for text, key in ((first, "from"), (last, "to"))]
    return YearlyPeriod(part.name, days[0], days[1]) if days[0] and days[1] else None


def _month_and_day(draft: Draft, text: str, *path: str | int) -> tuple[int, int] | None:
    month, day = int(text[:2]), int(text[3:])
    try:
        date(_LEAP_YEAR, month, day)
    except ValueError:
        draft.report.add("RG124", draft.places.at(*path), f"there is no day {quote(text)}", "month-day: 07-18")
        return None
    return month, day
