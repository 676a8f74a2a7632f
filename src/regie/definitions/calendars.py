"""Calendars from data: read a calendar file, find the built-in ones.

A calendar is a small YAML file that an administrator edits: rules, listed days, confirmed years, source.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any

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
from regie.definitions.schema import HolidayPart, Id, Line, OwnCalendarPart
from regie.errors import NotFound, Refused

BUILT_IN = {"weekdays": WEEKDAYS, "every-day": EVERY_DAY}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NOTHING = WEEKDAYS  # what a calendar that is based on no other begins with

_File = tuple[Path, int, int]  # with when it was changed and its size


class CalendarPart(OwnCalendarPart):
    """Een kalender voor Regie, in een eigen bestand."""

    calendar: Id
    title: Line


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
    try:
        return build_calendar(part.calendar, part, base)
    except BadCalendar as bad:
        said = f"{path}: {bad.key}: {bad.message}"
        raise Refused(said, code="calendar-invalid", file=str(path), **bad.facts) from None


class BadCalendar(Exception):
    """A calendar that says what cannot be; ``key`` is where."""

    def __init__(self, key: str, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.key = key
        self.message = message
        self.facts = facts


def build_calendar(name: str, part: OwnCalendarPart, base: WorkCalendar) -> WorkCalendar:
    """Build a calendar on another.

    Raises:
        BadCalendar: two things that it says do not go together.
        Incomplete: ``calendar-without-working-days``.
    """
    _check(part, base)
    days_off = {each.on: each.name for each in part.days_off}
    working = {each.on: each.name for each in part.working}
    return WorkCalendar(
        name=name,
        weekdays=base.weekdays if part.weekdays is None else frozenset(map(_WEEKDAYS.index, part.weekdays)),
        rules=(
            *(rule for rule in base.rules if rule.name not in part.works_on_holidays),
            *(_rule(each) for each in part.holidays),
        ),
        # what a calendar says of a day counts above what its base says
        days_off={**{day: why for day, why in base.days_off.items() if day not in working}, **days_off},
        working={**{day: why for day, why in base.working.items() if day not in days_off}, **working},
        confirmed_years=base.confirmed_years if part.confirmed_years is None else frozenset(part.confirmed_years),
        periods=(*base.periods, *(NamedPeriod(each.name, each.first, each.last) for each in part.periods)),
        source=part.source or base.source,
        valid_from=part.valid_from or base.valid_from,
    )


def base_of(part: OwnCalendarPart) -> WorkCalendar:
    """Give the calendar that comes with Regie on which a calendar builds; without one, Monday to Friday.

    Raises:
        NotFound: ``unknown-calendar``.
    """
    return load_calendar(part.based_on) if part.based_on else _NOTHING


def _check(part: OwnCalendarPart, base: WorkCalendar) -> None:
    for name in sorted(set(part.works_on_holidays) - {rule.name for rule in base.rules}):
        raise BadCalendar("works_on_holidays", f"no holiday '{name}'", unknown_holiday=name)
    for day in sorted({each.on for each in part.days_off} & {each.on for each in part.working}):
        raise BadCalendar("working", f"{day} is under days_off as well", day=day)
    for period in part.periods:
        if period.last < period.first:
            raise BadCalendar("periods", f"'{period.name}' ends before it begins", period=period.name)


def _rule(part: HolidayPart) -> HolidayRule:
    if (part.day is None) == (part.after_easter is None):
        raise BadCalendar("holidays", f"'{part.name}' has either day or after_easter", holiday=part.name)
    try:
        if part.after_easter is not None:
            return EasterDay(part.after_easter, part.name)
        month, day = (int(each) for each in str(part.day).split("-"))
        return FixedDay(month, day, part.name, part.if_sunday)
    except Refused as refusal:
        raise BadCalendar("holidays", refusal.message, because=refusal) from None
