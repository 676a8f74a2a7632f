"""T11: reminders through clock changes, leap days and new years, in several zones, against a plain reference."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from regie.core.engine import advance, local_day
from regie.core.events import CycleStarted, Tick
from regie.core.opening import open_cycle
from regie.core.traject import Traject
from tests.support.builders import PEOPLE, WEEKDAYS, definition, step

ZONES = ("Europe/Amsterdam", "America/Curacao")


def special_days(year: int) -> list[date]:
    """The last Sundays of March and October, the end of February, and new year."""
    sundays = []
    for month in (3, 10):
        last = date(year, month, 31)
        sundays.append(last - timedelta(days=(last.weekday() + 1) % 7))
    return [*sundays, date(year, 3, 1) - timedelta(days=1), date(year, 12, 31)]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("year", range(2026, 2056, 3))
def test_t11_hourly_sweeps_tell_each_thing_once_on_its_own_local_day(zone: str, year: int) -> None:
    for special in special_days(year):
        start = WEEKDAYS.previous_working_day(special - timedelta(days=12))
        whole = definition(step("a", "2wd", due="8wd after start"))
        cycle = open_cycle(whole, start_on=start, answers={}, targets={})
        traject = Traject(1, "x", "X", (cycle,), PEOPLE, zone=zone)
        traject = advance(
            traject, CycleStarted(cycle=1), datetime.combine(start, datetime.min.time(), UTC) + timedelta(hours=12)
        ).traject
        told: list[tuple[str, date]] = []
        now = datetime.combine(start, datetime.min.time(), UTC) + timedelta(hours=13)
        for _ in range(24 * 20):
            changes = advance(traject, Tick(), now)
            told += [
                (line.told_as, local_day(now, zone))
                for message in changes.messages
                for line in message.lines
                if message.to == "maker"
            ]
            traject = replace(changes.traject)
            now += timedelta(hours=1)

        due = WEEKDAYS.add_working_days(start, 8)
        assert told == [
            ("due-soon", WEEKDAYS.add_working_days(due, -5)),
            ("due", due),
            ("overdue", due + timedelta(days=1)),
        ]
