"""One step: both ways of its relations, what proves it, what was said of it, and what can be done with it now."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from regie.core.events import DateProposed, HandedToColleague, StepFinished
from regie.core.ids import PersonId, RoleId
from regie.core.traject import State
from regie.core.transitions import Verb
from regie.errors import NotFound
from regie.reports.step_view import StepView, make_step_view
from regie.store.session import read_scope
from tests.store.world import MONDAY, Watched, World
from tests.support import builders as b


@pytest.fixture
def world(engine: Engine) -> World:
    definition = b.definition(
        b.step("a", "2wd", responsible=RoleId("other")),
        b.step("b", "2wd"),
        b.step("midden", "3wd", needs=["a", "ff:b+2wd"], due="1wd after predecessors"),
        b.step("na", "1wd", needs=["ss:midden"]),
        b.step("besluit", "0wd", needs=["midden"], gate=b.gate(go="opens")),
    )
    found = World(engine, definition)
    found.starts("de-wilg")
    return found


def view(world: World, step: str, **more: object) -> StepView:
    with read_scope(world.engine) as session:
        return make_step_view(session, world.shelf, "de-wilg", b.key(step), MONDAY, **more)  # type: ignore[arg-type]


def test_relations_go_both_ways_with_how_they_stand(world: World) -> None:
    world.happens(1, StepFinished(key=b.key("a"), by="p4"), b.at(MONDAY))
    found = view(world, "midden")

    assert [(str(each.key), each.says, each.lag, each.is_satisfied) for each in found.before] == [
        ("a", "begint na", "", True),
        ("b", "is niet eerder klaar dan", "met 2 werkdagen ertussen", False),
    ]
    assert [(str(each.key), each.state, each.is_satisfied) for each in found.after] == [
        ("na", State.NOT_YET, False),
        ("besluit", State.NOT_YET, False),
    ]
    assert [str(each.key) for each in found.waits_for(at_start=False)] == ["b"]
    assert found.waits_for(at_start=True) == ()


def test_what_may_be_done_leaves_out_what_would_be_refused(world: World) -> None:
    waiting, ready, gate = view(world, "midden"), view(world, "a"), view(world, "besluit")
    world.happens(1, StepFinished(key=b.key("a"), by="p4"), b.at(MONDAY))
    held_back, done = view(world, "midden"), view(world, "a")

    assert Verb.START not in waiting.may
    assert {Verb.START, Verb.FINISH, Verb.PROPOSE} <= set(ready.may)
    assert not {Verb.DECIDE, Verb.STOP_CLOCK, Verb.ANSWER_PROPOSAL, Verb.ANSWER_QUESTION} & set(ready.may)
    assert Verb.DECIDE not in gate.may
    assert Verb.START in held_back.may
    assert Verb.FINISH not in held_back.may
    assert done.may == (Verb.REOPEN,)


def test_evidence_is_a_link_only_when_it_may_be(world: World) -> None:
    evidence = ("https://zaak.voorbeeldstad.nl/1", "map 12, blad 3", "ftp://elders/x")
    world.happens(1, StepFinished(key=b.key("a"), by="p4", evidence=evidence, note="Goed gekeken"), b.at(MONDAY))
    found = view(world, "a")

    assert [(each.text, bool(each.url)) for each in found.evidence] == list(
        zip(evidence, (True, False, False), strict=True)
    )
    assert [(each.name, each.what, each.words) for each in found.remarks] == [
        ("Naam van other", "stap afgerond", ("Goed gekeken",))
    ]


def test_history_is_of_this_step_only_the_latest_first(world: World) -> None:
    world.happens(
        1, DateProposed(key=b.key("a"), by="p4", on=date.fromisoformat("2027-01-20"), reason="ziek"), b.at(MONDAY, 10)
    )
    world.happens(1, StepFinished(key=b.key("b"), by="p1"), b.at(MONDAY, 11))
    world.happens(1, StepFinished(key=b.key("a"), by="p4"), b.at(MONDAY, 12))
    found, other = view(world, "a").happened, view(world, "midden").happened

    assert [(each.what, each.move, each.is_own) for each in found[:2]] == [
        ("stap afgerond", ("kan beginnen", "klaar"), True),
        ("andere datum voorgesteld", None, True),
    ]
    assert found[1].words == ("20 januari 2027", "ziek")
    # what another step did to this one stands here too, and is not its own
    assert (other[0].move, other[0].is_own) == (("nog niet", "kan beginnen"), False)
    assert "stap afgerond" not in [each.what for each in view(world, "na").happened]


def test_people_are_named_by_role_and_whose_turn_it_is(world: World) -> None:
    found = view(world, "a", language="en")

    assert (found.parts[0].part, found.parts[0].people) == ("responsible", ("Naam van other",))
    assert found.holder == "Naam van other"
    assert found.before == ()
    assert [each.says for each in found.after] == ["starts after"]


def test_unknown_step_is_refused(world: World) -> None:
    with pytest.raises(NotFound, match="no step 'weg'"):
        view(world, "weg")


def test_step_with_many_neighbours_asks_no_more_of_the_database(world: World) -> None:
    with Watched(world.engine) as lonely:
        view(world, "b")
    with Watched(world.engine) as busy:
        view(world, "midden")

    assert len(lonely.reads) == len(busy.reads) <= 12


def test_who_got_a_step_has_the_ball_and_not_the_role_that_it_came_from(world: World) -> None:
    before = view(world, "a"), view(world, "midden")
    world.happens(1, HandedToColleague(key=b.key("a"), to=PersonId("p2")), b.at(MONDAY))
    after = view(world, "a"), view(world, "midden")
    name = next(row["name"] for row in world.rows("person") if row["id"] == "p2")

    assert name not in before[0].holder
    assert after[0].holder == name
    assert name in after[1].holder  # which waits for it


def test_who_must_answer_a_partner_has_the_ball(world: World) -> None:
    world.happens(
        1, DateProposed(key=b.key("a"), by="p4", on=MONDAY + timedelta(days=30), reason="vakantie"), b.at(MONDAY)
    )
    names = {row["id"]: row["name"] for row in world.rows("person")}
    leads = {names[row["person_id"]] for row in world.rows("role_binding") if row["role"] == "lead"}

    assert {view(world, "a").holder} == leads
