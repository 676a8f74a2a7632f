"""A step that is asked again after its date: whoever did it before hears of it again."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine

from regie.actions.reconcile import reconcile
from regie.core.events import StepReopened
from regie.core.ids import OccurrenceKey, StepId
from tests.reliability.conftest import START, Town, moment, settle_in

REOPENED_ON = date(2027, 2, 1)


@pytest.fixture
def town(engine: Engine) -> Town:
    return settle_in(engine)


def test_a_step_reopened_after_its_date_is_asked_anew_and_silence_counts_from_that_day(town: Town) -> None:
    """That it could start was told long ago, about the same date: this is another time, and told as such."""
    traject_id = town.starts()
    town.finishes(traject_id, "a", START)
    again = StepReopened(key=OccurrenceKey(StepId("a")), by="lead", reason="toch niet goed", also=())
    town.happens(traject_id, again, REOPENED_ON)

    reconcile(town.context, moment(REOPENED_ON))
    at_once = told_about_a(town)
    reconcile(town.context, moment(date(2027, 2, 15)))
    later = told_about_a(town)

    assert at_once == [("ready", "p1"), ("ready", "p1")]
    assert any(kind.startswith("escalated") for kind, _ in later)


def told_about_a(town: Town) -> list[tuple[object, object]]:
    return [(row[4], row[5]) for row in town.everything()["notice"] if row[2] == "a" and row[4] != "done"]
