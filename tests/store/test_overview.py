from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from regie.core.events import GateDecided, StepFinished
from regie.core.ids import AnchorId, RoleId
from regie.core.traject import AnchorDates, CycleState, State
from regie.errors import NotFound
from regie.store.overview import count_states, list_due_steps, list_trajects
from regie.store.session import read_scope
from tests.store.world import MONDAY, OPENING, OPENING_ANCHOR, Watched, World
from tests.support import builders as b

EARLY, LATER = date(2027, 5, 18), date(2027, 5, 25)


@pytest.fixture
def world(engine: Engine) -> World:
    definition = b.definition(
        b.step("vroeg", due="10wd before opening"),
        b.step("laat", needs=["vroeg"], due="5wd before opening", responsible=RoleId("other")),
        b.step("besluit", "0wd", gate=b.gate(go="opens", stop="ends the cycle")),
        anchors=OPENING_ANCHOR,
    )
    found = World(engine, definition)
    found.starts("de-wilg", targets={"opening": OPENING})
    found.starts("de-linde", targets={"opening": OPENING})
    return found


def end(world: World, traject_id: int) -> None:
    stop = GateDecided(key=b.key("besluit"), outcome="stop", decided_by="raad", reason="geen geld", by="p3")
    world.happens(traject_id, stop, b.at(MONDAY))


def test_the_list_of_trajects_says_how_each_cycle_stands(world: World) -> None:
    world.happens(1, StepFinished(key=b.key("vroeg"), by="p4"), b.at(MONDAY))
    end(world, 2)

    with read_scope(world.engine) as session:
        first, last = list_trajects(session, LATER + timedelta(days=1))

    assert (first.slug, first.is_running, last.slug, last.is_running) == ("de-wilg", True, "de-linde", False)
    (cycle,) = first.cycles
    assert (cycle.number, cycle.kind, cycle.state, cycle.definition_hash) == (
        1,
        "first",
        CycleState.RUNNING,
        world.definition.content_hash,
    )
    assert cycle.anchors[AnchorId("opening")] == AnchorDates(OPENING)
    assert cycle.counts == {State.DONE: 1, State.READY: 2}
    assert (cycle.total, cycle.open, cycle.next_due_on, cycle.late) == (3, 2, LATER, 1)
    assert last.cycles[0].state is CycleState.ENDED
    assert (last.cycles[0].open, last.cycles[0].next_due_on) == (0, None)


def test_without_a_day_nothing_is_late(world: World) -> None:
    with read_scope(world.engine) as session:
        assert [each.cycles[0].late for each in list_trajects(session)] == [0, 0]


def slugs(world: World, **more: Any) -> list[str]:
    with read_scope(world.engine) as session:
        return [each.slug for each in list_trajects(session, LATER, **more)]


def test_pages_follow_each_other_without_a_gap_or_a_repetition(world: World) -> None:
    for number in range(3, 8):
        world.starts(f"huis-{number}")
    end(world, 1)
    end(world, 5)
    whole = slugs(world)

    for limit in (1, 2, 3, 7, 100):
        pages, after = [], ""
        while page := slugs(world, limit=limit, after=after):
            assert len(page) <= limit
            pages += page
            after = page[-1]
        assert pages == whole
    # all have the same title: those that run in the order in which they were made, then those that ended
    assert whole == ["de-linde", "huis-3", "huis-4", "huis-6", "huis-7", "de-wilg", "huis-5"]


def test_page_is_as_full_of_facts_as_the_whole_list(world: World) -> None:
    world.happens(1, StepFinished(key=b.key("vroeg"), by="p4"), b.at(MONDAY))

    with read_scope(world.engine) as session:
        whole = list_trajects(session, LATER)
        pages = [*list_trajects(session, LATER, limit=1), *list_trajects(session, LATER, limit=1, after="de-wilg")]

    assert tuple(pages) == whole
    assert whole[0].cycles[0].counts != whole[1].cycles[0].counts


def test_trajects_that_ended_can_be_left_out(world: World) -> None:
    end(world, 1)

    assert slugs(world, running_only=True) == ["de-linde"]
    assert slugs(world, running_only=True, after="de-linde") == []
    assert slugs(world, running_only=True, after="de-wilg") == []


def test_page_after_a_traject_that_is_not_there_is_not_guessed(world: World) -> None:
    with pytest.raises(NotFound) as refused:
        slugs(world, after="de-wilgg")

    assert refused.value.code == "unknown-traject"


def test_page_asks_no_more_of_the_database_when_it_is_longer(world: World) -> None:
    for number in range(3, 8):
        world.starts(f"huis-{number}")

    with Watched(world.engine) as short:
        slugs(world, limit=1)
    with Watched(world.engine) as long:
        slugs(world, limit=7)

    assert len(short.reads) == len(long.reads) <= 5


def test_due_steps_come_in_order_of_their_date_late_ones_first(world: World) -> None:
    with read_scope(world.engine) as session:
        found = list_due_steps(session, EARLY + timedelta(days=1), LATER)

    assert [(each.traject, str(each.key), each.due_on, each.is_late, each.role) for each in found] == [
        ("de-linde", "vroeg", EARLY, True, "maker"),
        ("de-wilg", "vroeg", EARLY, True, "maker"),
        ("de-linde", "laat", LATER, False, "other"),
        ("de-wilg", "laat", LATER, False, "other"),
    ]
    assert (found[0].state, found[2].state) == (State.READY, State.NOT_YET)


def test_due_steps_can_be_asked_for_one_role_one_traject_and_a_shorter_time(world: World) -> None:
    with read_scope(world.engine) as session:
        by_role = list_due_steps(session, EARLY, LATER, role=RoleId("other"))
        by_traject = list_due_steps(session, EARLY, LATER, traject_id=1)
        soon = list_due_steps(session, EARLY, LATER - timedelta(days=1))

    assert {str(each.key) for each in by_role} == {"laat"}
    assert {each.traject for each in by_traject} == {"de-wilg"}
    assert {str(each.key) for each in soon} == {"vroeg"}


def test_of_a_cycle_that_ended_nothing_is_due(world: World) -> None:
    end(world, 2)

    with read_scope(world.engine) as session:
        assert {each.traject for each in list_due_steps(session, EARLY, LATER)} == {"de-wilg"}


def test_states_are_counted_over_cycles_that_run(world: World) -> None:
    end(world, 2)

    with read_scope(world.engine) as session:
        assert count_states(session) == {State.READY: 2, State.NOT_YET: 1}
        assert count_states(session, 2) == {}
