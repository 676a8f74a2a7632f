"""Where a traject stands: what threatens the opening and why, what is late or due, and what was told and said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from regie.core.calendar import WorkCalendar
from regie.core.definition import Anchor
from regie.core.events import DatePinned, DateProposed, GateDecided, StepFinished
from regie.core.ids import AnchorId, BodyId, RoleId, StepId
from regie.core.meetings import DecidingBody, Rhythm
from regie.core.span import Span, Unit
from regie.errors import NotFound
from regie.reports.traject_home import TrajectHome, make_traject_home
from regie.store.session import read_scope
from tests.store.world import MONDAY, Watched, World
from tests.support import builders as b

OPENING = date(2027, 1, 29)
TIGHT = date(2027, 1, 8)


@pytest.fixture
def world(engine: Engine) -> World:
    opening = Anchor(AnchorId("opening"), {"nl": "Opening"}, target_required=True, set_by=StepId("open"))
    definition = b.definition(
        b.step("advies", "5wd", due="1wd after predecessors", responsible=RoleId("other")),
        b.step("besluit", "0wd", needs=["advies"], gate=b.gate(go="opens", stop="ends the cycle")),
        b.step("open", "5wd", needs=["besluit"], due="1wd after predecessors"),
        b.step("geheim", "1wd", confidential_until=AnchorId("opening")),
        anchors={"opening": opening},
    )
    calendar: WorkCalendar = definition.calendar
    body = DecidingBody(
        BodyId("raad"),
        {"nl": "Gemeenteraad"},
        calendar,
        Rhythm(date(2027, 1, 14), 1),
        papers=Span(3, Unit.WORKING_DAYS),
    )
    gate = definition.steps[StepId("besluit")].gate
    assert gate is not None
    decided = replace(definition.steps[StepId("besluit")], gate=replace(gate, decided_by="raad"))
    steps: Mapping[StepId, object] = {**definition.steps, decided.id: decided}
    found = World(engine, replace(definition, bodies={body.id: body}, steps=steps))  # type: ignore[arg-type]
    found.starts("rustig", targets={"opening": OPENING})
    found.starts("krap", targets={"opening": TIGHT})
    return found


def home(world: World, slug: str, today: date = MONDAY, **more: object) -> TrajectHome:
    with read_scope(world.engine) as session:
        return make_traject_home(session, world.shelf, slug, today, b.at(today), **more)  # type: ignore[arg-type]


def test_threat_is_a_sentence_with_the_longest_chain_to_it(world: World) -> None:
    tight, calm = home(world, "krap"), home(world, "rustig")

    (threat,) = tight.threats
    assert threat.sentence.startswith("'Opening' op 8 januari 2027 lukt niet")
    assert [line.split(": ")[1].split(" (")[0] for line in threat.chain] == ["ADVIES", "BESLUIT", "OPEN"]
    assert tight.aims[0].room < 0
    assert calm.threats == ()
    assert (calm.aims[0].target_on, calm.aims[0].room >= 0) == (OPENING, True)
    assert len(calm.aims[0].chain) == 3


def test_decision_has_its_meeting_and_the_last_day_for_its_papers(world: World) -> None:
    (decision,) = home(world, "rustig").decisions

    assert (decision.step, decision.decided_by, decision.on) == ("besluit", "Gemeenteraad", date(2027, 1, 14))
    assert (decision.papers_due_on, decision.papers_late) == (date(2027, 1, 11), False)
    assert home(world, "rustig", date(2027, 1, 12)).decisions[0].papers_due_on != date(2027, 1, 11)


def test_what_is_due_this_week_becomes_late(world: World) -> None:
    now, next_week = home(world, "rustig"), home(world, "rustig", MONDAY + timedelta(days=14))

    assert now.late == ()
    assert now.due_until == MONDAY + timedelta(days=6)
    assert [(each.step, each.holder) for each in now.due] == [("advies", "Naam van other")]
    assert "advies" in [each.step for each in next_week.late]
    assert all(each.due_on >= next_week.today for each in next_week.due)


def test_what_was_told_and_said_has_names_and_no_addresses(world: World) -> None:
    world.happens(1, DateProposed(key=b.key("advies"), by="p4", on=date(2027, 1, 20), reason="ziek"), b.at(MONDAY))
    found = home(world, "rustig")

    assert [(each.name, each.what, each.step) for each in found.said] == [
        ("Naam van other", "andere datum voorgesteld", "advies")
    ]
    assert found.said_counts == (("andere datum voorgesteld", 1),)
    assert {each.name for each in found.told} <= {f"Naam van {role}" for role in world.people}
    assert 0 < len(found.told) <= 10
    assert sum(count for _, count in found.told_counts) > 0
    assert "@voorbeeld" not in repr(found)
    assert home(world, "krap").said == ()
    assert home(world, "rustig", MONDAY + timedelta(days=30)).said_counts == ()


def test_what_was_typed_at_a_confidential_step_is_for_who_may_see_it(world: World) -> None:
    pin = DatePinned(key=b.key("geheim"), by="p3", finish_on=date(2027, 1, 5), reason="bij de Molenweg")
    world.happens(1, pin, b.at(MONDAY))
    with read_scope(world.engine) as session:
        from regie.core.ids import OccurrenceKey
        from regie.reports.step_view import make_step_view

        key = OccurrenceKey(StepId("geheim"))
        open_view = make_step_view(session, world.shelf, "rustig", key, MONDAY)
        hidden = make_step_view(session, world.shelf, "rustig", key, MONDAY, sees_confidential=False)

    assert "Molenweg" in repr(open_view)
    assert "Molenweg" not in repr(hidden)
    assert (hidden.is_hidden, hidden.may) == (True, open_view.may)


def test_cycle_that_ended_shows_what_happened_and_asks_nothing(world: World) -> None:
    world.happens(1, StepFinished(key=b.key("advies"), by="p4"), b.at(MONDAY))
    stop = GateDecided(key=b.key("besluit"), outcome="stop", decided_by="raad", reason="geen geld", by="p3")
    world.happens(1, stop, b.at(MONDAY))
    found = home(world, "rustig")

    assert (found.is_over, found.late, found.due, found.decisions, found.threats) == (True, (), (), (), ())
    assert found.done == 2


def test_unknown_traject_or_cycle_is_refused(world: World) -> None:
    with pytest.raises(NotFound, match="no traject"):
        home(world, "weg")
    with pytest.raises(NotFound, match="no cycle 7"):
        home(world, "rustig", cycle=7)


def test_more_of_everything_asks_no_more_of_the_database(world: World) -> None:
    with Watched(world.engine) as few:
        home(world, "rustig")
    for number in range(5):
        proposal = DateProposed(key=b.key("advies"), by="p4", on=date(2027, 2, 1 + number), reason="ziek")
        world.happens(1, proposal, b.at(MONDAY, 10 + number))
    with Watched(world.engine) as many:
        found = home(world, "rustig")

    assert len(found.said) == 5
    assert len(many.reads) - len(few.reads) <= 1  # who waits for an answer, all in one
    assert len(many.reads) <= 16
