"""What one person sees of all trajects: late first, whose turn it is, and nothing of what is confidential."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from regie.actions.context import Context
from regie.actions.open_own_step import open_own_step
from regie.core.events import StepFinished
from regie.core.ids import AnchorId, PersonId, RoleId
from regie.core.permissions import OneStep, step_of
from regie.core.traject import State
from regie.errors import NotFound
from regie.reports.my_steps import DONE_DAYS, MySteps, make_my_steps
from regie.store.accounts import person_actor
from regie.store.partners import bind_role, erase_person, save_person, set_absence, set_deputy
from regie.store.session import in_transaction, read_scope
from regie.store.trajects import load_traject
from tests.store.world import KEY, MONDAY, OPENING, OPENING_ANCHOR, Watched, World
from tests.support import builders as b

OTHER = RoleId("other")
DUE = date(2027, 5, 25)
TODAY = DUE + timedelta(days=1)


@pytest.fixture
def world(engine: Engine) -> World:
    definition = b.definition(
        b.step("eerst"),
        b.step("advies", due="5wd before opening", responsible=OTHER),
        b.step("toets", needs=["eerst", "advies"], due="4wd before opening", responsible=OTHER),
        b.step("geheim", due="3wd before opening", responsible=OTHER, confidential_until=AnchorId("opening")),
        b.step("klaar", needs=["toets"]),
        anchors=OPENING_ANCHOR,
    )
    found = World(engine, definition)
    found.starts("de-wilg", targets={"opening": OPENING})
    return found


def steps_of(world: World, role: str = "other", today: date = TODAY, **more: object) -> MySteps:
    with read_scope(world.engine) as session:
        return make_my_steps(session, world.shelf.get, world.people[role], today, **more)  # type: ignore[arg-type]


def test_steps_stand_by_whose_turn_it_is_late_ones_first(world: World) -> None:
    found = steps_of(world)

    assert [(str(each.key), each.is_late, each.due_on) for each in found.asked] == [
        ("advies", True, DUE),
        ("geheim", False, date(2027, 5, 27)),
    ]
    (toets,) = found.coming
    assert (str(toets.key), toets.state, toets.is_late) == ("toets", State.NOT_YET, False)
    assert [each.title for each in toets.waits_for] == ["EERST", "ADVIES"]
    assert [each.title for each in toets.waited_by] == ["KLAAR"]
    assert found.waiting == found.done == ()


def test_confidential_step_names_no_traject(world: World) -> None:
    (secret,) = [each for each in steps_of(world).asked if each.is_confidential]

    assert (secret.traject, secret.traject_title) == ("", "een vertrouwelijk traject")
    assert "ilg" not in repr(secret)
    assert "a confidential project" in repr(steps_of(world, language="en").asked)


def test_what_was_done_stays_for_four_weeks(world: World) -> None:
    world.happens(1, StepFinished(key=b.key("advies"), by="p4"), b.at(MONDAY))

    seen = steps_of(world, today=MONDAY + timedelta(days=DONE_DAYS))
    later = steps_of(world, today=MONDAY + timedelta(days=DONE_DAYS + 1))

    assert [(str(each.key), each.finished_on) for each in seen.done] == [("advies", MONDAY)]
    assert later.done == ()
    assert [each.title for each in later.coming[0].waits_for] == ["EERST"]


def join(world: World, name: str, role: RoleId | None = None, traject_id: int = 0) -> PersonId:
    def work(session):  # type: ignore[no-untyped-def]
        person = save_person(session, name=name, email=f"{name}@ggd.example", organisation="GGD")
        if role:
            bind_role(session, role, person, traject_id)
        return person

    return in_transaction(world.engine, work)


def test_who_is_bound_in_a_traject_stands_in_the_place_of_who_plays_it_everywhere(world: World) -> None:
    world.starts("de-linde", targets={"opening": OPENING})
    world.people["an"] = join(world, "an", OTHER, 2)

    assert {each.traject_id for each in steps_of(world, "an").open} == {2}
    assert {each.traject_id for each in steps_of(world).open} == {1}


def test_steps_of_a_colleague_are_there_and_told_apart(world: World) -> None:
    join(world, "an", OTHER, 1)
    world.people["bo"] = join(world, "bo")

    found = steps_of(world, "bo")

    assert found.organisation == "GGD"
    assert {(each.is_mine, each.people) for each in found.open} == {(False, ("an",))}
    assert steps_of(world, "bo", colleagues=False).open == ()


def test_another_organisation_sees_nothing_of_it(world: World) -> None:
    world.people["cor"] = join(world, "cor")

    assert steps_of(world, "cor").open == ()


def test_there_is_nothing_of_somebody_who_is_not_there(world: World) -> None:
    world.people["niemand"] = PersonId("p99")

    with pytest.raises(NotFound) as refused:
        steps_of(world, "niemand")

    assert refused.value.code == "unknown-person"


def test_more_trajects_ask_no_more_of_the_database(world: World) -> None:
    steps_of(world)
    with Watched(world.engine) as short:
        few = steps_of(world)
    for number in range(6):
        world.starts(f"huis-{number}", targets={"opening": OPENING})
    with Watched(world.engine) as long:
        many = steps_of(world)

    assert len(many.open) == 7 * len(few.open)
    assert len(short.reads) == len(long.reads) <= 4


def test_page_holds_a_part_of_the_steps_and_counts_the_others(world: World) -> None:
    for number in range(4):
        world.starts(f"huis-{number}", targets={"opening": OPENING})
    whole = steps_of(world)

    first, second = steps_of(world, most=3), steps_of(world, part="asked", skip=3, most=3)

    assert first.totals == second.totals == whole.totals == {"asked": 10, "waiting": 0, "coming": 5, "done": 0}
    assert (*first.asked, *second.asked) == whole.asked[:6]
    assert first.coming == whole.coming[:3]
    assert second.coming == ()
    assert steps_of(world, part="asked", skip=9, most=3).asked == whole.asked[9:]


def test_order_does_not_tell_the_traject_of_what_is_confidential(world: World) -> None:
    before = [each.traject_id for each in steps_of(world).asked if each.is_confidential]
    world.starts("aan-de-vaart", targets={"opening": OPENING})

    def rename(session):  # type: ignore[no-untyped-def]
        session.connection().exec_driver_sql("UPDATE traject SET title = 'Aan de Vaart' WHERE id = 2")

    in_transaction(world.engine, rename)
    after = [each.traject_id for each in steps_of(world).asked if each.is_confidential]

    assert before == [1]
    assert after == [1, 2]


# --- deputies of another organisation ------------------------------------------------------------------


def away(world: World, who: str, deputy: str, days: int = 2) -> None:
    """Let somebody be away from today, and somebody else stand in for them."""

    def work(session):  # type: ignore[no-untyped-def]
        set_deputy(session, world.people[who], world.people[deputy])
        set_absence(session, world.people[who], TODAY, TODAY + timedelta(days=days))

    in_transaction(world.engine, work)


def who_may(world: World, step: str, today: date) -> frozenset[PersonId]:
    with read_scope(world.engine) as session:
        found = load_traject(session, 1, world.shelf, for_change=False, whole=True)
    return step_of(found, found.cycles[0], b.key(step), today).people


def test_deputy_of_another_organisation_sees_what_they_stand_in_for_while_it_lasts(world: World) -> None:
    world.people["cor"] = join(world, "cor")
    in_transaction(
        world.engine, lambda session: save_person(session, name="dik", email="dik@elders.example", organisation="COA")
    )
    away(world, "other", "cor")

    found = steps_of(world, "cor")

    assert {str(each.key) for each in found.open} == {"advies", "geheim", "toets"}
    assert {(each.is_mine, each.may_act, each.stands_in_for) for each in found.open} == {
        (False, True, ("Naam van other",))
    }
    for day in (TODAY - timedelta(days=1), TODAY + timedelta(days=3)):
        assert steps_of(world, "cor", day).open == ()


def test_who_sees_a_step_as_deputy_may_act_on_it_and_nobody_else_may(world: World) -> None:
    world.people["cor"], world.people["an"] = join(world, "cor"), join(world, "an")
    away(world, "other", "cor")

    for day in (TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=2), TODAY + timedelta(days=3)):
        sees = {each: bool([one for one in steps_of(world, each, day).open if one.may_act]) for each in ("cor", "an")}
        may = {each: world.people[each] in who_may(world, "advies", day) for each in ("cor", "an")}

        assert sees == may
        assert may["cor"] is (day in (TODAY, TODAY + timedelta(days=2)))
    with read_scope(world.engine) as session:
        actor = person_actor(session, world.people["cor"])
    context = Context(world.engine, KEY, world.shelf, link_key=b"l" * 32)
    assert open_own_step(context, actor, world.people["cor"], OneStep(1, 1, b.key("advies")), b.at(TODAY))
    with pytest.raises(NotFound):
        open_own_step(context, actor, world.people["cor"], OneStep(1, 1, b.key("eerst")), b.at(TODAY))
    # cor's colleagues see nothing of what cor does for another organisation
    assert steps_of(world, "an").open == ()


def test_deputy_elsewhere_sees_nothing_of_what_was_done_nor_of_the_colleagues_there(world: World) -> None:
    world.people["cor"] = join(world, "cor")

    def move(session):  # type: ignore[no-untyped-def]
        save_person(session, name="Naam van other", email="other@voorbeeld.nl", organisation="COA")
        dik = save_person(session, name="dik", email="dik@coa.example", organisation="COA")
        bind_role(session, RoleId("maker"), dik)

    in_transaction(world.engine, move)
    away(world, "other", "cor")
    world.happens(1, StepFinished(key=b.key("advies"), by="p4"), b.at(TODAY))

    found = steps_of(world, "cor")

    assert found.done == ()
    assert {str(each.key) for each in found.open} == {"geheim", "toets"}
    assert "dik" not in repr(found)


def test_steps_of_somebody_erased_are_no_deputys(world: World) -> None:
    world.people["cor"] = join(world, "cor")
    away(world, "other", "cor")
    in_transaction(world.engine, lambda session: erase_person(session, world.people["other"], b.at(TODAY)))

    assert steps_of(world, "cor").open == ()


def test_many_who_are_away_cost_no_more_questions(world: World) -> None:
    world.people["cor"] = join(world, "cor")
    away(world, "other", "cor")
    steps_of(world, "cor")
    with Watched(world.engine) as few:
        steps_of(world, "cor")
    for role in ("maker", "boss", "lead"):
        away(world, role, "cor")
    with Watched(world.engine) as many:
        found = steps_of(world, "cor")

    assert {name for each in found.open for name in each.stands_in_for} >= {"Naam van other", "Naam van maker"}
    assert len(few.reads) == len(many.reads) <= 4


def test_colleague_who_stands_in_is_told_for_whom(world: World) -> None:
    world.people["an"] = join(world, "an", OTHER, 1)
    world.people["bo"] = join(world, "bo")
    away(world, "an", "bo")

    assert {(each.may_act, each.stands_in_for) for each in steps_of(world, "bo").open} == {(True, ("an",))}
