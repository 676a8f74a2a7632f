"""Calendars from data: read a calendar file, find the built-in ones.

A calendar is a small YAML file that an administrator edits: rules, listed days, confirmed years, source.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from regie.core.calendar import (
    EVERY_DAY,
    WEEKDAYS,
    EasterDay,
    FixedDay,
    HolidayRule,
    NamedPeriod,
    WorkCalendar,
)
from regie.definitions.plain import read_part
from regie.definitions.schema import Id, Line, Part
from regie.errors import NotFound, Refused

BUILT_IN = {"weekdays": WEEKDAYS, "every-day": EVERY_DAY}

WeekdayName = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MonthDay = Annotated[str, StringConstraints(pattern=r"^\d{2}-\d{2}$")]


class HolidayPart(Part):
    """Een feestdag die ieder jaar terugkomt: op een vaste dag, of zoveel dagen na eerste paasdag."""

    name: Line
    day: MonthDay | None = Field(None, description="Maand en dag: 04-27.")
    if_sunday: int = Field(
        0, ge=-6, le=6, description="Zoveel dagen verder als het een zondag is; -1 is de dag ervoor."
    )
    after_easter: int | None = Field(None, ge=-100, le=200, description="Zoveel dagen na eerste paasdag.")


class DayPart(Part):
    on: date
    name: Line


class PeriodPart(Part):
    name: Line
    first: date
    last: date
    remark: Line | None = None


class CalendarPart(Part):
    """Een kalender voor Regie."""

    calendar: Id
    title: Line
    based_on: Id | None = Field(None, description="Kalender waarvan de vrije dagen ook hier gelden.")
    weekdays: list[WeekdayName] | None = None
    holidays: list[HolidayPart] = Field(default_factory=list)
    days_off: list[DayPart] = Field(default_factory=list)
    working: list[DayPart] = Field(default_factory=list, description="Toch werkdag.")
    works_on_holidays: list[Line] = Field(
        default_factory=list, description="Feestdagen die hier werkdag zijn, elk jaar."
    )
    periods: list[PeriodPart] = Field(default_factory=list, description="Schoolvakanties en reces; geen vrije dagen.")
    confirmed_years: list[int] | None = None
    source: Line | None = None
    valid_from: date | None = None


def workflow_defs_dir() -> Path:
    """The folder with definitions and calendars: of the installed package, else of the source tree."""
    here = Path(__file__).resolve()
    packaged = here.parents[1] / "_data" / "workflow_defs"
    return packaged if packaged.is_dir() else here.parents[3] / "workflow_defs"


def load_calendar(name_or_path: str | Path) -> WorkCalendar:
    """Give a calendar by its name (``nl``, ``nl-wettelijk``, ``weekdays``, ``every-day``) or its file.

    Raises:
        NotFound: ``unknown-calendar``.
        Refused: ``calendar-invalid``, naming the file and the key.
        Incomplete: ``calendar-without-working-days``.
    """
    if isinstance(name_or_path, str) and name_or_path in BUILT_IN:
        return BUILT_IN[name_or_path]
    path = Path(name_or_path)
    if isinstance(name_or_path, str) and "/" not in name_or_path and path.suffix == "":
        path = workflow_defs_dir() / "calendars" / f"{name_or_path}.yaml"
    if not path.is_file():
        known = sorted({*BUILT_IN, *(each.stem for each in (workflow_defs_dir() / "calendars").glob("*.yaml"))})
        raise NotFound(f"no calendar '{name_or_path}'", code="unknown-calendar", hint=f"one of: {', '.join(known)}")
    stamp = path.stat()
    return _read(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=32)
def _read(path: Path, changed_ns: int, size: int) -> WorkCalendar:
    del changed_ns, size  # parts of the cache key: an edited file is read again
    return _build(read_part(path, CalendarPart, "calendar-invalid"), path)


def _build(part: CalendarPart, path: Path) -> WorkCalendar:
    base = load_calendar(part.based_on) if part.based_on else None
    worked = frozenset(part.works_on_holidays)
    rules = [rule for rule in (base.rules if base else ()) if rule.name not in worked]
    unknown = worked - {rule.name for rule in (base.rules if base else ())}
    if unknown:
        raise Refused(f"{path}: works_on_holidays: no holiday '{sorted(unknown)[0]}'", code="calendar-invalid")
    rules += [_rule(each, path) for each in part.holidays]
    weekdays = frozenset(_WEEKDAYS.index(day) for day in part.weekdays) if part.weekdays is not None else None
    confirmed = frozenset(part.confirmed_years) if part.confirmed_years is not None else None
    return WorkCalendar(
        name=part.calendar,
        weekdays=weekdays if weekdays is not None else (base.weekdays if base else WEEKDAYS.weekdays),
        rules=tuple(rules),
        days_off={**(base.days_off if base else {}), **{each.on: each.name for each in part.days_off}},
        working={**(base.working if base else {}), **{each.on: each.name for each in part.working}},
        confirmed_years=confirmed if confirmed is not None else (base.confirmed_years if base else None),
        periods=tuple(NamedPeriod(each.name, each.first, each.last) for each in part.periods),
        source=part.source or (base.source if base else ""),
        valid_from=part.valid_from or (base.valid_from if base else None),
    )


def _rule(part: HolidayPart, path: Path) -> HolidayRule:
    if (part.day is None) == (part.after_easter is None):
        raise Refused(f"{path}: holidays: '{part.name}' has either day or after_easter", code="calendar-invalid")
    if part.after_easter is not None:
        return EasterDay(part.after_easter, part.name)
    month, day = (int(each) for each in str(part.day).split("-"))
    try:
        date(2025, month, day)
    except ValueError:
        raise Refused(f"{path}: holidays: '{part.day}' is no day of every year", code="calendar-invalid") from None
    return FixedDay(month, day, part.name, part.if_sunday)
