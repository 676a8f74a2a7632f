"""T11: reminders through clock changes, leap days and new years, in several zones, against a plain reference."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from sqlalchemy import select

from regie.actions.reconcile import reconcile
from regie.actions.start_traject import NewTraject, start_traject
from regie.core.engine import advance
from regie.core.events import CycleStarted, Tick
from regie.core.ids import AnchorId
from regie.core.opening import open_cycle
from regie.core.traject import Traject
from regie.definitions import load_sources
from regie.store.tables import notice, traject
from tests.reliability.conftest import Town
from tests.reliability.model import working_days
from tests.support.builders import PEOPLE

ZONES = ("Europe/Amsterdam", "America/Curacao")
DAY = timedelta(days=1)
SOURCES = {
    "workflow.yaml": """
regie: 1
id: rond-een-dag
title: Rond een dag
calendar: weekdays
roles: {maker: {title: Maker}}
anchors: {opening: {title: Opening, target: required}}
notices: {remind: 5wd}
steps:
  a: {title: A, takes: 1wd, responsible: maker, due: 1d before opening}
  b: {title: B, takes: 1wd, responsible: maker, due: on opening}
  c: {title: C, takes: 1wd, responsible: maker, due: 1d after opening}
"""
}
DEFINITION = load_sources(SOURCES)

Told = tuple[str, str, date]
"""Step, what was told, and the local day on which."""


def special_days(year: int) -> list[date]:
    """The last Sundays of March and October, the end of February, and new year."""
    sundays = []
    for month in (3, 10):
        last = date(year, month, 31)
        sundays.append(last - timedelta(days=(last.weekday() + 1) % 7))
    return [date(year, 3, 1) - DAY, *sundays, date(year, 12, 31)]


def at_work(day: date) -> date:
    """A date at a distance that falls in a weekend is asked for on the Friday before."""
    return day if day.weekday() < 5 else working_days(day, -1)


def reference(special: date) -> list[Told]:
    """What must be told about a day: each stage on its first day, also when that is a day off."""
    told = []
    for step, due in {"a": at_work(special - DAY), "b": special, "c": at_work(special + DAY)}.items():
        stages: dict[str, date] = {}
        day = working_days(due, -5)
        while day <= due + 4 * DAY:
            stages.setdefault("due-soon" if day < due else "due" if day == due else "overdue", day)
            day += DAY
        told += [(step, stage, first) for stage, first in stages.items()]
    return sorted(told)


def hours_around(told: list[Told]) -> Iterator[datetime]:
    """Each hour of the days on which something is told, and of those before and after; in UTC."""
    days = {day + beside * DAY for _, _, day in told for beside in (-1, 0, 1)}
    for day in sorted(days):
        midnight = datetime.combine(day, time(), UTC)
        yield from (midnight + timedelta(hours=hour) for hour in range(24))


def begin_before(special: date) -> date:
    return working_days(special, -15)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("decade", [2026, 2036, 2046])
def test_t11_hourly_sweeps_of_thirty_years_tell_each_thing_once_on_its_own_local_day(zone: str, decade: int) -> None:
    for special in (day for year in range(decade, decade + 10) for day in special_days(year)):
        expected = reference(special)
        start = begin_before(special)
        cycle = open_cycle(DEFINITION, start_on=start, answers={}, targets={AnchorId("opening"): special})
        at_noon = datetime.combine(start, time(), UTC) + timedelta(hours=12)
        known = Traject(1, "x", "X", (cycle,), PEOPLE, zone=zone)
        known = advance(known, CycleStarted(cycle=1), at_noon).traject
        told: list[Told] = []

        for now in hours_around(expected):
            changes = advance(known, Tick(), now)
            known = changes.traject
            told += [
                (line.key.step, line.told_as, local_day(now, zone))
                for message in changes.messages
                for line in message.lines
            ]

        assert sorted(told) == expected


# all thirty years take a quarter of an hour on both databases: a leap year always, the others by night
STORED_YEARS = range(2026, 2056) if settings.get_current_profile_name() == "nightly" else (2028,)


@pytest.mark.parametrize("year", STORED_YEARS)
def test_t11_hourly_sweeps_through_the_store_put_each_thing_in_the_outbox_once(town: Town, year: int) -> None:
    expected: list[tuple[int, str, str, date]] = []
    for special in special_days(year):
        start = begin_before(special)
        now = datetime.combine(start, time(), UTC) + timedelta(hours=12)
        for zone in ZONES:
            slug = f"{special}-{zone.rpartition('/')[2].lower()}"
            new = NewTraject(slug, start, targets={"opening": special}, slug=slug, zone=zone)
            traject_id, _ = start_traject(town.context, SOURCES, DEFINITION, new, now)
            expected += [(traject_id, *told) for told in reference(special)]

        for now in hours_around(reference(special)):
            reconcile(town.context, now)

    assert sorted(told_in(town)) == sorted(expected)


def local_day(moment: datetime, zone: str) -> date:
    """By the calendar of the zone itself: what is tested cannot say what is right."""
    return moment.astimezone(ZoneInfo(zone)).date()


def told_in(town: Town) -> list[tuple[int, str, str, date]]:
    """What stands in the outbox about due dates, with the local day on which it was put there."""
    about = notice.c.kind.in_(["due-soon", "due", "overdue"])
    wanted = select(notice.c.traject_id, notice.c.step, notice.c.kind, notice.c.created_at, traject.c.zone)
    with town.engine.connect() as connection:
        rows = connection.execute(wanted.join(traject, traject.c.id == notice.c.traject_id).where(about))
        return [(row.traject_id, row.step, row.kind, local_day(row.created_at, row.zone)) for row in rows]
