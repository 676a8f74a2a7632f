"""G11 and G12: what is asked twice happens once, and the second answer is the first."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from regie.actions.start_cycle import NextCycle, start_cycle
from regie.actions.start_traject import NewTraject, start_traject
from regie.core.events import StepFinished, StepStarted
from regie.core.ids import OccurrenceKey, StepId
from regie.definitions import load_sources
from regie.errors import Conflict
from tests.reliability.conftest import SOURCES, START, Town, moment, settle_in
from tests.store.world import at_once

A, B = (OccurrenceKey(StepId(step)) for step in "ab")
AGAIN = {"workflow.yaml": SOURCES["workflow.yaml"] + "cycle_kinds:\n  verbeteren: {title: Verbeteren}\n"}


@pytest.fixture
def town(engine: Engine) -> Town:
    return settle_in(engine)


def test_a_request_that_is_repeated_gets_the_first_answer(town: Town) -> None:
    traject_id = town.starts()
    first = town.happens(traject_id, StepFinished(key=A, note="klaar"), request_id="press-1")
    assert first.saved is not None

    again = town.happens(traject_id, StepFinished(key=A, note="klaar"), request_id="press-1")

    assert again.repeated
    assert again.saved is not None
    assert (again.saved.seq, again.saved.new_notices) == (first.saved.seq, first.saved.new_notices)


@pytest.mark.parametrize("other", [StepFinished(key=B), StepStarted(key=A)], ids=["another-step", "another-deed"])
def test_a_request_that_asks_something_else_under_the_same_name_is_not_lost_unseen(town: Town, other: Any) -> None:
    traject_id = town.starts()
    town.happens(traject_id, StepFinished(key=A), request_id="press-1")
    before = town.everything()

    with pytest.raises(Conflict, match="asked something else") as refusal:
        town.happens(traject_id, other, request_id="press-1")

    assert refusal.value.code == "request-reused"
    assert town.everything() == before


def test_a_start_that_is_asked_twice_starts_one_traject_and_gives_its_number_twice(town: Town) -> None:
    new = NewTraject("De Wilg", START, by="lead")

    def ask(request_id: str) -> tuple[int, bool]:
        started = start_traject(town.context, SOURCES, load_sources(SOURCES), new, moment(START), request_id=request_id)
        return started[0], started[1].repeated

    first, before = ask("press-1"), town.everything()

    assert first == (1, False)
    assert ask("press-1") == (1, True)
    assert town.everything() == before
    with pytest.raises(Conflict, match="there is a traject 'de-wilg' already"):
        ask("press-2")


def test_of_two_administrators_who_open_a_rerun_at_once_the_second_is_told_of_the_first(town: Town) -> None:
    traject_id = town.starts(sources=AGAIN)

    def ask(key: str) -> str:
        new = NextCycle("verbeteren", date(2027, 3, 1), key, by=key, after=1)
        try:
            return f"opened {start_cycle(town.context, traject_id, new, moment(START))[0]}"
        except Conflict as conflict:
            return conflict.code

    assert sorted(at_once([lambda: ask("anna"), lambda: ask("bram")])) == ["cycle-taken", "opened 2"]
    assert town.number("cycle") == 2


def test_a_rerun_that_is_repeated_after_another_was_opened_gets_its_own_answer(town: Town) -> None:
    traject_id = town.starts(sources=AGAIN)

    def ask(key: str, after: int) -> tuple[int, bool]:
        new = NextCycle("verbeteren", date(2027, 3, 1), key, after=after)
        number, applied = start_cycle(town.context, traject_id, new, moment(START))
        return number, applied.repeated

    assert [ask("a", 1), ask("b", 2), ask("a", 1)] == [(2, False), (3, False), (2, True)]
