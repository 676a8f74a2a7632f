"""Change the days of a definition in its text: closing days, decree days, meetings and recess; comments stay where they are.

Gives texts back, checked by nobody yet: ``check_sources`` is for that. A calendar that comes from a file is not changed:
the definition gets one of its own that builds on it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from regie.core.calendar import NamedPeriod
from regie.core.meetings import Recess, YearlyPeriod
from regie.definitions.load import stored_files
from regie.definitions.schema import OwnCalendarPart

OWN_CALENDAR, OWN_LEGAL_CALENDAR = "werkdagen-gemeente", "wettelijk-aangevuld"
DECREE_DAY = "gelijkgestelde dag"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


@dataclass(frozen=True, slots=True)
class BodyDays:
    """When a body meets. ``every_weeks`` 0: it has no rhythm, only ``dates``."""

    every_weeks: int = 0
    first_on: date | None = None
    dates: tuple[date, ...] = ()
    papers: str = "0wd"
    recess: tuple[Recess, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnDays:
    """The days that a definition itself says, beside those of the calendar files.

    Args:
        closed: days off of the organisation, with their names; ``worked`` the other way round.
        decreed: days put on a par with holidays by decree; they count in both calendars.
        confirmed_through: the last year of which the decree days are known; None: as the calendar file says.
    """

    closed: Mapping[date, str] = field(default_factory=dict)
    worked: Mapping[date, str] = field(default_factory=dict)
    decreed: Mapping[date, str] = field(default_factory=dict)
    confirmed_through: int | None = None
    bodies: Mapping[str, BodyDays] = field(default_factory=dict)


def read_days(sources: Mapping[str, str]) -> OwnDays:
    """Give the days that a definition which was accepted says itself."""
    # much quicker than reading with comments, which only writing needs
    root = YAML(typ="safe").load(sources[stored_files(sources).main])
    legal, own = _own(root, "legal_calendar"), _own(root, "calendar")
    decreed = _days(legal, "days_off")
    return OwnDays(
        closed={day: name for day, name in _days(own, "days_off").items() if decreed.get(day) != name},
        worked=_days(own, "working"),
        decreed=decreed,
        confirmed_through=max(legal.confirmed_years) if legal and legal.confirmed_years else None,
        bodies={str(id_): _body(body) for id_, body in (root.get("bodies") or {}).items()},
    )


def write_days(sources: Mapping[str, str], days: OwnDays, version: str, first_year: int) -> dict[str, str]:
    """Give the texts of a definition with these days and this version, and all else as it was.

    Args:
        first_year: where the confirmed years begin, when ``confirmed_through`` is given.
    """
    main, root, yaml = _load(sources)
    before = read_days(sources)
    root["version"] = DoubleQuotedScalarString(version)
    if (days.decreed, days.confirmed_through) != (before.decreed, before.confirmed_through):
        part = _make_own(root, "legal_calendar", "nl-wettelijk", OWN_LEGAL_CALENDAR)
        _put_days(part, "days_off", days.decreed)
        part.pop("confirmed_years", None)
        if days.confirmed_through is not None:
            part["confirmed_years"] = _flow(list(range(first_year, max(days.confirmed_through, first_year) + 1)))
    if (days.closed, days.worked, days.decreed) != (before.closed, before.worked, before.decreed):
        part = _make_own(root, "calendar", "nl", OWN_CALENDAR)
        decreed = {day: name for day, name in days.decreed.items() if day not in days.worked}
        _put_days(part, "days_off", {**decreed, **days.closed})
        _put_days(part, "working", days.worked)
    for id_, body in days.bodies.items():
        if body != before.bodies.get(id_) and id_ in (root.get("bodies") or {}):
            _put_body(root["bodies"][id_], body)
    out = io.StringIO()
    yaml.dump(root, out)
    return {**sources, main: out.getvalue()}


def _load(sources: Mapping[str, str]) -> tuple[str, Any, YAML]:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.representer.ignore_aliases = lambda _: True  # the loader takes none
    yaml.indent(mapping=2, sequence=4, offset=2)
    main = stored_files(sources).main
    return main, yaml.load(sources[main]), yaml


def _own(root: Any, key: str) -> OwnCalendarPart | None:
    """The calendar of the definition itself that a key names; None when it names one of a file."""
    found = (root.get("calendars") or {}).get(root.get(key))
    return OwnCalendarPart.model_validate(_plain(found)) if found is not None else None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value if isinstance(value, date | int | bool) or value is None else str(value)


def _days(part: OwnCalendarPart | None, name: str) -> dict[date, str]:
    return {each.on: each.name for each in getattr(part, name)} if part else {}


def _body(found: Any) -> BodyDays:
    meets = found.get("meets") or {}
    return BodyDays(
        int(str(meets.get("every", "1w")).removesuffix("w")) if meets else 0,
        _date(meets["from"]) if meets else None,
        tuple(sorted({_date(each) for each in found.get("dates") or ()})),
        str(found.get("papers", "0wd")),
        tuple(_recess(each) for each in found.get("recess") or ()),
    )


def _date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _recess(found: Any) -> Recess:
    name, first, last = str(found["name"]), found["from"], found["to"]
    if isinstance(first, date) or len(str(first)) == len("2027-01-01"):
        return NamedPeriod(name, _date(first), _date(last))
    (begins, begin_day), (ends, end_day) = (map(int, str(each).split("-")) for each in (first, last))
    return YearlyPeriod(name, (begins, begin_day), (ends, end_day))


def _make_own(root: Any, key: str, default: str, name: str) -> Any:
    """The calendar of the definition itself that a key names; it is made, on what the key named, when there is none."""
    calendars = root.get("calendars")
    if calendars is None:
        calendars = CommentedMap()
        root.insert(list(root).index(key) + 1 if key in root else len(root), "calendars", calendars)
    named = root.get(key, default)
    if named not in calendars:
        while name in calendars:
            name += "-2"
        calendars[name] = CommentedMap({"based_on": named})
        root[key] = name
        named = name
    return calendars[named]


def _put_days(part: Any, name: str, days: Mapping[date, str]) -> None:
    if days:
        part[name] = CommentedSeq([_flow_map({"on": day, "name": why}) for day, why in sorted(days.items())])
    else:
        part.pop(name, None)


def _put_body(found: Any, body: BodyDays) -> None:
    if body.every_weeks and body.first_on:
        day = _WEEKDAYS[body.first_on.weekday()] if body.first_on.weekday() < len(_WEEKDAYS) else "friday"
        found["meets"] = _flow_map({"every": f"{body.every_weeks}w", "on": day, "from": body.first_on})
    else:
        found.pop("meets", None)
    for name, value in (("dates", _flow(list(body.dates))), ("recess", CommentedSeq(map(_recess_map, body.recess)))):
        if value:
            found[name] = value
        else:
            found.pop(name, None)
    found["papers"] = body.papers


def _recess_map(period: Recess) -> CommentedMap:
    if isinstance(period, NamedPeriod):
        return _flow_map({"name": period.name, "from": period.first, "to": period.last})
    first, last = (f"{month:02}-{day:02}" for month, day in (period.first, period.last))
    return _flow_map({"name": period.name, "from": first, "to": last})


def _flow(values: list[Any]) -> CommentedSeq:
    found = CommentedSeq(values)
    found.fa.set_flow_style()
    return found


def _flow_map(values: dict[str, Any]) -> CommentedMap:
    found = CommentedMap(values)
    found.fa.set_flow_style()
    return found
