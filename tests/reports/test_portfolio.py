"""All trajects on one screen: what threatens most comes first, and the database is asked no more for many than for one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from regie.core.definition import Anchor
from regie.core.events import StepFinished
from regie.core.ids import AnchorId, RoleId, StepId
from regie.reports.portfolio import PortfolioRow, make_portfolio, narrow
from regie.store.portfolio import Asked, Open, look_at_open
from regie.store.session import read_scope
from tests.store.world import MONDAY, Watched, World
from tests.support import builders as b

OPENING = date(2027, 1, 29)


@pytest.fixture
def world(engine: Engine) -> World:
    opening = Anchor(AnchorId("opening"), {"nl": "Opening"}, target_required=True, set_by=StepId("open"))
    definition = b.definition(
        b.step("advies", "5wd", due="1wd after predecessors", responsible=RoleId("other")),
        b.step("besluit", "0wd", needs=["advies"], gate=b.gate(go="opens", stop="ends the cycle")),
        b.step("open", "5wd", needs=["besluit"]),
        anchors={"opening": opening},
    )
    found = World(engine, definition)
    found.starts("rustig", targets={"opening": OPENING})
    found.starts("krap", targets={"opening": OPENING - timedelta(days=21)})
    return found


def rows(world: World, today: date = MONDAY) -> tuple[PortfolioRow, ...]:
    with read_scope(world.engine) as session:
        return make_portfolio(session, world.shelf.get, today)


def test_traject_with_the_least_room_comes_first(world: World) -> None:
    first, last = rows(world)

    assert (first.traject, last.traject) == ("krap", "rustig")
    assert first.opening is not None
    assert last.opening is not None
    # a week of advice, a decision on its last day, a week to open: Friday of the second week
    assert (last.opening.planned_on, last.opening.target_on, last.opening.room) == (date(2027, 1, 15), OPENING, 10)
    assert (first.opening.target_on, first.opening.room) == (date(2027, 1, 8), -5)
    assert last.next_decision is not None
    assert (last.next_decision.step, last.next_decision.on) == ("besluit", date(2027, 1, 8))


def test_ball_is_with_who_can_act_and_goes_on_with_the_work(world: World) -> None:
    before = rows(world)[-1]
    world.happens(1, StepFinished(key=b.key("advies"), by="p4"), b.at(MONDAY))
    after = rows(world)[-1]

    assert before.ball is not None
    assert after.ball is not None
    assert (before.ball.step, before.ball.people) == ("advies", ("Naam van other",))
    assert (after.traject, after.ball.step) == ("rustig", "besluit")
    assert (before.open, after.open) == (3, 2)


def test_late_is_counted_on_the_day_that_is_asked_about(world: World) -> None:
    assert [row.late for row in rows(world)] == [0, 0]
    assert [row.late for row in rows(world, MONDAY + timedelta(days=60))] == [1, 1]


def test_more_trajects_ask_no_more_of_the_database(world: World) -> None:
    with Watched(world.engine) as short:
        rows(world)
    for number in range(6):
        world.starts(f"huis-{number}", targets={"opening": OPENING})
    with Watched(world.engine) as long:
        many = rows(world)

    assert len(many) == 8
    assert len(short.reads) == len(long.reads) == 5


def test_only_what_is_shown_is_read_however_many_steps_are_open(world: World) -> None:
    """The first gate, the first step to act on and the step that opens: three rows a cycle, picked by the database."""
    with read_scope(world.engine) as session:
        asked = {world.definition.content_hash: Asked(frozenset({StepId("besluit")}), StepId("open"))}
        found = look_at_open(session, MONDAY, asked)

    assert {place: _names(each) for place, each in found.items()} == {
        (1, 1): ("advies", "besluit", "open"),
        (2, 1): ("advies", "besluit", "open"),
    }


def _names(found: Open) -> tuple[str, ...]:
    assert found.to_act is not None
    assert found.decision is not None
    assert found.aim is not None
    return str(found.to_act.key), str(found.decision.key), str(found.aim.key)


def test_gate_of_another_definition_is_no_decision_here(world: World) -> None:
    with read_scope(world.engine) as session:
        found = look_at_open(session, MONDAY, {"another": Asked(frozenset({StepId("besluit")}), None)})

    assert [(each.to_act is None, each.decision) for each in found.values()] == [(False, None)] * 2


def test_reader_sees_only_the_trajects_of_their_rights(world: World) -> None:
    with read_scope(world.engine) as session:
        seen = make_portfolio(session, world.shelf.get, MONDAY, seen={1})
        nothing = make_portfolio(session, world.shelf.get, MONDAY, seen=frozenset())

    assert [row.traject for row in seen] == ["rustig"]
    assert nothing == ()


def test_portfolio_is_narrowed_by_words_and_to_what_has_problems(world: World) -> None:
    both = rows(world)

    assert [row.traject for row in narrow(both, only_problems=True)] == ["krap"]
    assert [row.traject for row in narrow(both, "RUST wilg")] == ["rustig"]
    assert narrow(both, "naam van other") == both
    assert narrow(both, "rustig krap") == ()
