"""What differs between two versions of a definition, as values; ``text.differences`` turns them into sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any

from regie.core.calendar import WorkCalendar
from regie.core.definition import Definition
from regie.core.meetings import DecidingBody


class Part(StrEnum):
    """What a difference is about."""

    HEADER = "header"
    QUESTION = "question"
    ANCHOR = "anchor"
    LIST = "list"
    ROLE = "role"
    TRACK = "track"
    PHASE = "phase"
    BODY = "body"
    CALENDAR = "calendar"
    CYCLE_KIND = "cycle-kind"
    NOTICES = "notices"
    STEP = "step"


class How(StrEnum):
    ADDED = "added"
    DROPPED = "dropped"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is otherwise.

    Args:
        id: of what it is about, in the old version or else the new one.
        field: which of its properties changed; empty when it was added or dropped.
        before: the value there, as the definition holds it; ``after`` likewise.
    """

    part: Part
    id: str
    how: How
    field: str = ""
    before: Any = None
    after: Any = None


_HEADER = ("title", "language")
_TABLES: tuple[tuple[Part, str], ...] = (
    (Part.QUESTION, "questions"), (Part.ANCHOR, "anchors"), (Part.LIST, "lists"), (Part.ROLE, "roles"),
    (Part.TRACK, "tracks"), (Part.PHASE, "phases"), (Part.CYCLE_KIND, "cycle_kinds"), (Part.STEP, "steps"),
)  # fmt: skip


def compare(before: Definition, after: Definition) -> tuple[Difference, ...]:
    """Give what differs, in the order of a definition; what was renamed counts as dropped and added.

    The version, the order of steps and the layout of the files do not count.
    """
    return tuple(_differences(before, after))


def only_days_differ(before: Definition, after: Definition) -> bool:
    """Whether a traject could follow either with the same steps: nothing but calendars and bodies is otherwise."""
    return all(each.part in (Part.CALENDAR, Part.BODY) for each in compare(before, after))


def _differences(before: Definition, after: Definition) -> Iterator[Difference]:
    for name in _HEADER:
        yield from _changed(Part.HEADER, "", name, getattr(before, name), getattr(after, name))
    yield from _calendars(before, after)
    yield from _bodies(before.bodies, after.bodies)
    for part, name in _TABLES:
        yield from _table(part, getattr(before, name), getattr(after, name))
    for each in fields(before.policy):
        old, new = getattr(before.policy, each.name), getattr(after.policy, each.name)
        yield from _changed(Part.NOTICES, "", each.name, old, new)


def _changed(part: Part, id_: str, name: str, old: Any, new: Any) -> Iterator[Difference]:
    if old != new:
        yield Difference(part, id_, How.CHANGED, name, old, new)


def _table(part: Part, old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Iterator[Difference]:
    for id_ in old:
        if id_ not in new:
            yield Difference(part, str(id_), How.DROPPED)
    for id_, value in new.items():
        if id_ not in old:
            yield Difference(part, str(id_), How.ADDED)
            continue
        for each in fields(value):
            yield from _changed(part, str(id_), each.name, getattr(old[id_], each.name), getattr(value, each.name))


def _bodies(old: Mapping[Any, DecidingBody], new: Mapping[Any, DecidingBody]) -> Iterator[Difference]:
    for id_ in old:
        if id_ not in new:
            yield Difference(Part.BODY, str(id_), How.DROPPED)
    for id_, body in new.items():
        if id_ not in old:
            yield Difference(Part.BODY, str(id_), How.ADDED)
            continue
        for name in ("title", "rhythm", "papers"):
            yield from _changed(Part.BODY, str(id_), name, getattr(old[id_], name), getattr(body, name))
        yield from _members(Part.BODY, str(id_), "dates", old[id_].dates, body.dates)
        yield from _members(Part.BODY, str(id_), "recess", old[id_].recess, body.recess)


def _members(part: Part, id_: str, name: str, old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[Difference]:
    """What left a list and what came in, each by itself."""
    for each in old:
        if each not in new:
            yield Difference(part, id_, How.DROPPED, name, before=each)
    for each in new:
        if each not in old:
            yield Difference(part, id_, How.ADDED, name, after=each)


def _calendars(before: Definition, after: Definition) -> Iterator[Difference]:
    pairs = [
        ("calendar", before.calendar, after.calendar),
        ("legal_calendar", before.legal_calendar, after.legal_calendar),
    ]
    for name in sorted(before.calendars.keys() | after.calendars.keys()):
        old, new = before.calendars.get(name), after.calendars.get(name)
        if old is None or new is None:
            yield Difference(Part.CALENDAR, name, How.ADDED if old is None else How.DROPPED)
        else:
            pairs.append((name, old, new))
    for name, old, new in pairs:
        yield from _calendar(name, old, new)


def _calendar(id_: str, old: WorkCalendar, new: WorkCalendar) -> Iterator[Difference]:
    for name in ("weekdays", "rules", "confirmed_years", "source"):
        yield from _changed(Part.CALENDAR, id_, name, getattr(old, name), getattr(new, name))
    for name in ("days_off", "working"):
        yield from _days(id_, name, getattr(old, name), getattr(new, name))
    yield from _members(Part.CALENDAR, id_, "periods", old.periods, new.periods)


def _days(id_: str, name: str, old: Mapping[date, str], new: Mapping[date, str]) -> Iterator[Difference]:
    for day in sorted(old.keys() | new.keys()):
        if day not in new:
            yield Difference(Part.CALENDAR, id_, How.DROPPED, name, before=(day, old[day]))
        elif day not in old:
            yield Difference(Part.CALENDAR, id_, How.ADDED, name, after=(day, new[day]))
        elif old[day] != new[day]:
            yield Difference(Part.CALENDAR, id_, How.CHANGED, name, (day, old[day]), (day, new[day]))
