"""The ball clock of one step, read from what really happened to a traject."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from regie.core.events import (
    DatePromised,
    DateProposed,
    Event,
    HandedToColleague,
    ProposalAnswered,
    PutForDecision,
    QuestionAnswered,
    QuestionAsked,
    StepDeclined,
    StepReopened,
    WorkResumed,
)
from regie.core.ids import OccurrenceKey, PersonId, StepId
from regie.reports.ball_clock import ball_clock
from regie.store.history import list_history_about
from regie.store.session import read_scope
from tests.reliability.conftest import START, Town, database_url, databases, empty_database_url, engine, town

__all__ = ["database_url", "databases", "empty_database_url", "engine", "town"]

A, B = OccurrenceKey(StepId("a")), OccurrenceKey(StepId("b"))


def day(offset: int) -> date:
    return START + timedelta(days=offset)


def clock(town: Town, traject_id: int, key: OccurrenceKey, today: date) -> list[tuple[int, str]]:
    """Days and turns, one after another."""
    with read_scope(town.engine) as session:
        entries = list_history_about(session, traject_id, key.step)
    return [(each.days, each.turn.value) for each in ball_clock(entries, 1, key, "Europe/Amsterdam", today)]


def test_step_that_waits_is_of_nobody_until_what_it_waits_for_is_done(town: Town) -> None:
    traject_id = town.starts()
    town.finishes(traject_id, "a", day(2))

    assert clock(town, traject_id, A, day(4)) == [(2, "partner"), (3, "nobody")]
    assert clock(town, traject_id, B, day(4)) == [(2, "nobody"), (3, "partner")]


@pytest.mark.parametrize(
    ("asks", "answers"),
    [
        pytest.param(
            DateProposed(key=A, by="p1", on=day(20), reason="vakantie"),
            ProposalAnswered(key=A, by="p5", accepted=True),
            id="another-date-that-is-accepted",
        ),
        pytest.param(
            DateProposed(key=A, by="p1", on=day(20), reason="vakantie"),
            DatePromised(key=A, by="p1", on=day(10)),
            id="another-date-and-then-a-promise-after-all",
        ),
        pytest.param(
            QuestionAsked(key=A, by="p1", text="Hoeveel?"), QuestionAnswered(key=A, by="p5", text="80"), id="a-question"
        ),
        pytest.param(
            StepDeclined(key=A, by="p1", reason="niet van ons"),
            QuestionAnswered(key=A, by="p5", text="Toch wel"),
            id="not-ours",
        ),
    ],
)
def test_what_was_asked_of_the_lead_is_the_leads_turn_until_it_is_answered(
    town: Town, asks: Event, answers: Event
) -> None:
    traject_id = town.starts()
    town.happens(traject_id, asks, day(3))
    town.happens(traject_id, answers, day(7))

    assert clock(town, traject_id, A, day(9)) == [(3, "partner"), (4, "lead"), (3, "partner")]


def test_asking_twice_waits_for_one_answer(town: Town) -> None:
    traject_id = town.starts()
    for offset in (1, 2):
        town.happens(traject_id, QuestionAsked(key=A, by="p1", text="Hoeveel?"), day(offset))
    town.happens(traject_id, QuestionAnswered(key=A, by="p5", text="80"), day(3))

    assert clock(town, traject_id, A, day(4)) == [(1, "partner"), (2, "lead"), (2, "partner")]


def test_what_lies_with_a_decider_is_theirs_and_reopening_gives_it_back(town: Town) -> None:
    traject_id = town.starts()
    town.happens(traject_id, PutForDecision(key=A), day(1))
    town.happens(traject_id, WorkResumed(key=A), day(3))
    town.finishes(traject_id, "a", day(5))
    town.happens(traject_id, StepReopened(key=A, reason="toch niet", also=()), day(8))

    assert clock(town, traject_id, A, day(9)) == [
        (1, "partner"), (2, "decider"), (2, "partner"), (3, "nobody"), (2, "partner"),
    ]  # fmt: skip


def test_who_got_a_step_has_it_since_then(town: Town) -> None:
    traject_id = town.starts()
    town.happens(traject_id, HandedToColleague(key=A, to=PersonId("p2")), day(3))

    assert clock(town, traject_id, A, day(9)) == [(3, "earlier"), (7, "partner")]


def test_step_of_which_nothing_is_on_record_has_no_clock(town: Town) -> None:
    traject_id = town.starts()

    assert clock(town, traject_id, OccurrenceKey(StepId("weg")), day(3)) == []
