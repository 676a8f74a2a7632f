"""Calendars from data: read a calendar file, find the built-in ones.

A calendar is a small YAML file that an administrator edits: rules, listed days, confirmed years, source.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
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
from regie.definitions.resources import workflow_defs_dir as workflow_defs_dir
from regie.definitions.schema import Id, Line, Part
from regie.errors import NotFound, Refused

BUILT_IN = {"weekdays": WEEKDAYS, "every-day": EVERY_DAY}
_NOTHING = WEEKDAYS  # what a calendar that is based on no other begins with

_File = tuple[Path, int, int]  # with when it was changed and its size

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
    after_easter: int | None = Field(None, ge=-80, le=250, description="Zoveel dagen na eerste paasdag.")


class DayPart(Part):
    """Een dag met de reden waarom hij anders is dan de regel."""

    on: date
    name: Line


class PeriodPart(Part):
    """Een schoolvakantie of reces, van de eerste tot en met de laatste dag."""

    name: Line
    first: date
    last: date
    remark: Line | None = None


class CalendarPart(Part):
    """Een kalender voor Regie."""

    calendar: Id
    title: Line
    based_on: Id | None = Field(None, description="Kalender waarop deze voortbouwt: uit dezelfde map, of van Regie.")
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


def load_calendar(name_or_path: str | Path) -> WorkCalendar:
    """Give a calendar by its name (``nl``, ``nl-wettelijk``, ``weekdays``, ``every-day``) or its file.

    What it is based on is looked for in the folder of that file, then among those that come with Regie. A file
    that was edited is read again; one that was not gives the same calendar, with the tables it has grown.

    Raises:
        NotFound: ``unknown-calendar``.
        Refused: ``calendar-invalid``, naming the file and the key.
        Incomplete: ``calendar-without-working-days``.
    """
    if isinstance(name_or_path, str) and name_or_path in BUILT_IN:
        return BUILT_IN[name_or_path]
    return _build(_files(name_or_path))


def _files(name_or_path: str | Path) -> tuple[_File, ...]:
    """The file of a calendar and, after it, those that it is based on."""
    is_name = isinstance(name_or_path, str) and "/" not in name_or_path and Path(name_or_path).suffix == ""
    file = _find_named(str(name_or_path)) if is_name else _stamp(Path(name_or_path))
    if file is None:
        raise _unknown(str(name_or_path))
    files = [file]
    while (base := _read(*file).based_on) is not None and base not in BUILT_IN:
        path = file[0]
        file = _stamp(path.with_name(f"{base}.yaml")) or _find_named(base)
        if file is None:
            unknown = _unknown(base)
            raise Refused(
                f"{path}: based_on: {unknown.message}",
                code="calendar-invalid",
                hint=unknown.hint,
                file=str(path),
                unknown_base=base,
                options=unknown.facts["options"],
            )
        if file in files:
            raise Refused(
                f"{path}: based_on: '{base}' is based on this one itself",
                code="calendar-invalid",
                file=str(path),
                base=base,
            )
        files.append(file)
    return tuple(files)


def _find_named(name: str) -> _File | None:
    return _stamp(workflow_defs_dir() / "calendars" / f"{name}.yaml")


def _stamp(path: Path) -> _File | None:
    try:
        stamp = path.stat()
    except (OSError, ValueError):  # not there, or a name that no file can have
        return None
    return (path, stamp.st_mtime_ns, stamp.st_size) if S_ISREG(stamp.st_mode) else None


def _unknown(name: str) -> NotFound:
    known = sorted({*BUILT_IN, *(each.stem for each in (workflow_defs_dir() / "calendars").glob("*.yaml"))})
    return NotFound(
        f"no calendar '{name[:80]}'",
        code="unknown-calendar",
        hint=f"one of: {', '.join(known)}",
        calendar=name[:80],
        options=known,
    )


@lru_cache(maxsize=32)
def _read(path: Path, changed_ns: int, size: int) -> CalendarPart:
    del changed_ns, size  # parts of the cache key: an edited file is read again
    return read_part(path, CalendarPart, "calendar-invalid")


@lru_cache(maxsize=32)
def _build(files: tuple[_File, ...]) -> WorkCalendar:
    """Build a calendar on those that it is based on; the files are the key, so that an edit of any is seen."""
    (path, _, _), *others = files
    part = _read(*files[0])
    base = _build(tuple(others)) if others else BUILT_IN.get(part.based_on or "", _NOTHING)
    _check(part, base, path)
    days_off = {each.on: each.name for each in part.days_off}
    working = {each.on: each.name for each in part.working}
    return WorkCalendar(
        name=part.calendar,
        weekdays=base.weekdays if part.weekdays is None else frozenset(map(_WEEKDAYS.index, part.weekdays)),
        rules=(
            *(rule for rule in base.rules if rule.name not in part.works_on_holidays),
            *(_rule(each, path) for each in part.holidays),
        ),
        # what a calendar says of a day counts above what its base says
        days_off={**{day: why for day, why in base.days_off.items() if day not in working}, **days_off},
        working={**{day: why for day, why in base.working.items() if day not in days_off}, **working},
        confirmed_years=base.confirmed_years if part.confirmed_years is None else frozenset(part.confirmed_years),
        periods=(*base.periods, *(NamedPeriod(each.name, each.first, each.last) for each in part.periods)),
        source=part.source or base.source,
        valid_from=part.valid_from or base.valid_from,
    )


def _check(part: CalendarPart, base: WorkCalendar, path: Path) -> None:
    unknown = sorted(set(part.works_on_holidays) - {rule.name for rule in base.rules})
    if unknown:
        raise Refused(
            f"{path}: works_on_holidays: no holiday '{unknown[0]}'",
            code="calendar-invalid",
            file=str(path),
            unknown_holiday=unknown[0],
        )
    both = sorted({each.on for each in part.days_off} & {each.on for each in part.working})
    if both:
        raise Refused(
            f"{path}: working: {both[0]} is under days_off as well",
            code="calendar-invalid",
            file=str(path),
            day=both[0],
        )
    for period in part.periods:
        if period.last < period.first:
            raise Refused(
                f"{path}: periods: '{period.name}' ends before it begins",
                code="calendar-invalid",
                file=str(path),
                period=period.name,
            )


def _rule(part: HolidayPart, path: Path) -> HolidayRule:
    if (part.day is None) == (part.after_easter is None):
        raise Refused(
            f"{path}: holidays: '{part.name}' has either day or after_easter",
            code="calendar-invalid",
            file=str(path),
            holiday=part.name,
        )
    try:
        if part.after_easter is not None:
            return EasterDay(part.after_easter, part.name)
        month, day = (int(each) for each in str(part.day).split("-"))
        return FixedDay(month, day, part.name, part.if_sunday)
    except Refused as refusal:
        raise Refused(
            f"{path}: holidays: {refusal.message}", code="calendar-invalid", file=str(path), because=refusal
        ) from None
