"""A step that was handed over is of the colleague, in mails, links and lists alike; what was declined is of the lead."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from regie.actions.apply_event import Applied, apply_event
from regie.actions.context import Context
from regie.core.acting import ActingAs
from regie.core.events import (
    DateProposed,
    HandedToColleague,
    PartnerAsked,
    ProposalAnswered,
    QuestionAsked,
    StepDeclined,
    StepEvent,
    StepFinished,
    StepStarted,
)
from regie.core.ids import PersonId, RoleId
from regie.core.lines import Kind
from regie.core.permissions import step_of
from regie.core.traject import State
from regie.definitions.policy import DEFAULT_TO
from regie.errors import Conflict, NotFound
from regie.reports.my_steps import MyStep, make_my_steps
from regie.reports.portfolio import make_portfolio
from regie.store.history import erase_words, list_history, verify
from regie.store.links import LinkEnd, list_links
from regie.store.partners import erase_person, save_person, set_absence, set_deputy
from regie.store.session import in_transaction, read_scope
from regie.text.letter import Letter
from tests.store.test_fresh_links import answers, asks, links_in
from tests.store.test_links import Mailroom, ended, look, tokens
from tests.store.world import KEY, MONDAY, World
from tests.support import builders as b

NOW = b.at(MONDAY)
DAY = timedelta(days=1)
A = b.key("a")
WEEK_LATER = MONDAY + timedelta(days=14)


@pytest.fixture
def world(engine: Engine) -> World:
    """Step ``a`` of the maker with ``b`` after it; ``an`` works at the same place and plays no role."""
    definition = b.definition(
        b.step("a", "5wd", due="10wd after start"), b.step("b", "5wd", ["a"]), policy=b.policy(to=dict(DEFAULT_TO))
    )
    found = World(engine, definition)
    found.starts()
    found.people["an"] = in_transaction(engine, lambda s: save_person(s, name="An", email="an@ggd.example"))
    return found


@pytest.fixture
def maker_token(world: World) -> str:
    return tokens(Mailroom(world).letters(NOW)["maker"])["a"]


def act(world: World, event: StepEvent, *, request_id: str = "") -> Applied:
    context = Context(world.engine, KEY, world.shelf, world.new_id)
    return apply_event(context, 1, event, NOW, request_id=request_id)


def told(letters: dict[str, Letter]) -> list[tuple[str, Kind]]:
    """Who is told what about the step."""
    return [(who, line.kind) for who in letters for part in letters[who].parts for line in part.lines if line.key == A]


def hand_over(world: World, to: str | None = "an", by: str = "p1") -> Applied:
    return act(world, HandedToColleague(key=A, to=world.people[to] if to else None, reason="met verlof", by=by))


def own_steps(world: World, role: str) -> list[tuple[str, str]]:
    """Per step of somebody themselves: in which part of the page it stands."""
    with read_scope(world.engine) as session:
        found = make_my_steps(session, world.shelf.get, world.people[role], MONDAY, colleagues=False)
    return [(part, str(each.key)) for part in ("asked", "waiting", "coming", "done") for each in getattr(found, part)]


def my_step(world: World, role: str) -> MyStep:
    with read_scope(world.engine) as session:
        found = make_my_steps(session, world.shelf.get, world.people[role], MONDAY, colleagues=False)
    return next(each for each in found.open if each.key == A)


def who_may(world: World) -> frozenset[PersonId]:
    loaded = world.loads(1)
    return step_of(loaded, loaded.cycles[0], A, MONDAY).people


def test_a_colleague_without_a_role_gets_a_link_and_who_handed_over_may_not_act_any_more(
    world: World, maker_token: str
) -> None:
    hand_over(world)

    letters = Mailroom(world).letters(NOW + DAY)
    found = look(world, tokens(letters["an"])["a"], NOW + DAY)

    assert found is not None
    assert (found.person, found.acts_as, found.role, found.is_live) == (
        world.people["an"], ActingAs.RESPONSIBLE, RoleId("maker"), True,
    )  # fmt: skip
    assert "maker" not in letters
    assert ended(world, maker_token) is LinkEnd.NOT_YOURS
    assert who_may(world) == {world.people["an"]}
    with read_scope(world.engine) as session:
        assert {each.person: each.ended for each in list_links(session, NOW, traject_id=1)} == {
            world.people["maker"]: LinkEnd.NOT_YOURS, world.people["an"]: None,
        }  # fmt: skip


def test_a_step_that_is_given_back_is_of_the_role_again(world: World, maker_token: str) -> None:
    hand_over(world)
    colleague = tokens(Mailroom(world).letters(NOW + DAY)["an"])["a"]

    hand_over(world, None, by="p3")

    assert ended(world, colleague, NOW + DAY) is LinkEnd.NOT_YOURS
    assert ended(world, maker_token, NOW + DAY) is None
    assert who_may(world) == {world.people["maker"]}
    assert own_steps(world, "an") == []
    assert ("asked", "a") in own_steps(world, "maker")


def test_a_colleague_who_finished_it_sees_by_the_link_what_became_of_it(world: World) -> None:
    hand_over(world)
    colleague = tokens(Mailroom(world).letters(NOW)["an"])["a"]

    act(world, StepFinished(key=A, by=world.people["an"]))

    found = look(world, colleague)
    assert found is not None
    assert found.settled is not None
    assert (found.ended, found.settled.by) == (LinkEnd.DONE, world.people["an"])
    assert own_steps(world, "an") == [("done", "a")]


def test_once_the_colleague_was_erased_the_role_has_the_step_again(world: World, maker_token: str) -> None:
    hand_over(world)

    in_transaction(world.engine, lambda session: erase_person(session, world.people["an"], NOW))

    assert ended(world, maker_token) is None
    assert who_may(world) == {world.people["maker"]}
    assert ("asked", "a") in own_steps(world, "maker")


def test_the_deputy_of_a_colleague_acts_while_they_are_away_and_no_longer(world: World) -> None:
    deputy = in_transaction(world.engine, lambda s: save_person(s, name="Bo", email="bo@ggd.example"))
    world.people["bo"] = deputy
    an = world.people["an"]
    in_transaction(world.engine, lambda session: set_deputy(session, an, deputy))
    in_transaction(world.engine, lambda session: set_absence(session, an, MONDAY, MONDAY + 4 * DAY))
    hand_over(world)

    token = tokens(Mailroom(world).letters(NOW)["bo"])["a"]
    found = look(world, token)

    assert found is not None
    assert found.is_live
    assert (found.person, found.deputy_for) == (deputy, an)
    assert who_may(world) == {an, deputy}
    assert ended(world, token, NOW + 5 * DAY) is LinkEnd.NOT_YOURS
    asks(world, "bo@ggd.example", NOW)
    assert answers(world, NOW) == 1


def test_a_fresh_link_goes_to_the_colleague_and_not_to_who_handed_it_over(world: World, maker_token: str) -> None:
    hand_over(world)
    Mailroom(world).letters(NOW)

    asks(world, "maker@voorbeeld.nl", NOW + DAY)
    assert answers(world, NOW + DAY) == 0
    asks(world, "an@ggd.example", NOW + DAY)
    assert answers(world, NOW + DAY) == 1

    ((who, fresh),) = links_in(world, NOW + DAY)
    assert who == "an"
    assert look(world, fresh["a"], NOW + DAY).is_live  # type: ignore[union-attr]


def test_of_a_role_with_two_people_only_who_has_the_step_is_asked_by_name_of_the_role(world: World) -> None:
    hand_over(world)
    act(world, StepStarted(key=A, by=world.people["an"]))
    Mailroom(world).letters(NOW)

    act(world, PartnerAsked(key=A, role=RoleId("maker"), by="p3"))

    letters = Mailroom(world).letters(NOW)
    assert set(letters) == {"an"}
    assert look(world, tokens(letters["an"])["a"]).is_live  # type: ignore[union-attr]


def test_a_message_that_waited_while_the_step_was_handed_over_is_for_the_colleague_now(world: World) -> None:
    hand_over(world)  # what the maker was told this morning has not left yet

    assert told(Mailroom(world).letters(NOW)) == [("an", Kind.HANDED_OVER)]
    (withdrawn,) = [row for row in world.rows("notice") if row["state"] == "withdrawn"]
    assert (withdrawn["kind"], withdrawn["recipient"]) == ("ready", world.people["maker"])
    world.sweeps(1, MONDAY + DAY)
    assert told(Mailroom(world).letters(NOW + DAY)) == [("an", Kind.READY)]
    world.sweeps(1, MONDAY + 2 * DAY)
    assert told(Mailroom(world).letters(NOW + 2 * DAY)) == []


def test_a_message_that_waited_while_the_step_was_declined_is_for_the_lead_now(world: World) -> None:
    act(world, StepDeclined(key=A, reason="is van de GGD", by="p1"))

    assert told(Mailroom(world).letters(NOW)) == [("lead", Kind.DECLINED)]
    assert [row["dirty"] for row in world.rows("traject")] == [True]  # the next sweep looks, whatever the day
    world.sweeps(1, MONDAY + DAY)
    assert told(Mailroom(world).letters(NOW + DAY)) == [("lead", Kind.READY)]


def test_an_older_hand_over_that_has_not_left_is_not_told_once_it_was_handed_on(world: World) -> None:
    Mailroom(world).letters(NOW)
    hand_over(world)
    hand_over(world, "other", by="p3")

    assert set(Mailroom(world).letters(NOW)) == {"other"}


def test_the_colleague_sees_the_step_in_place_of_the_people_of_its_role(world: World) -> None:
    hand_over(world)

    assert own_steps(world, "an") == [("asked", "a")]
    assert [step for _, step in own_steps(world, "maker")] == ["b"]
    assert my_step(world, "an").is_mine
    with read_scope(world.engine) as session:
        (row,) = make_portfolio(session, world.shelf.get, MONDAY)
    assert row.ball is not None
    assert row.ball.people == ("An",)


def test_the_mail_names_the_colleague_as_who_has_it(world: World) -> None:
    hand_over(world)

    (part,) = Mailroom(world).letters(NOW)["an"].parts

    assert dict(part.handed_to) == {A: "An"}


def test_what_waits_for_an_answer_of_the_lead_is_not_shown_as_asked(world: World) -> None:
    act(world, DateProposed(key=A, on=WEEK_LATER, reason="ziek", by="p1"))

    assert ("waiting", "a") in own_steps(world, "maker")
    assert my_step(world, "maker").proposed_on == WEEK_LATER

    act(world, ProposalAnswered(key=A, accepted=False, reason="te laat", by="p3"))
    assert ("asked", "a") in own_steps(world, "maker")
    act(world, QuestionAsked(key=A, text="Welke kaart?", by="p1"))
    assert ("waiting", "a") in own_steps(world, "maker")


def test_who_declined_gets_it_back_only_when_asking_for_that_very_step(world: World, maker_token: str) -> None:
    act(world, StepDeclined(key=A, reason="is van de GGD", by="p1"))

    asks(world, "maker@voorbeeld.nl", NOW)
    assert answers(world, NOW) == 0
    assert ("waiting", "a") in own_steps(world, "maker")
    found = look(world, maker_token)
    assert found is not None
    assert found.is_live
    asks(world, found, NOW)
    assert answers(world, NOW) == 1


def test_the_lead_hears_of_what_was_declined_and_gets_no_link_that_opens_nothing(world: World) -> None:
    act(world, StepDeclined(key=A, reason="is van de GGD", by="p1"))

    lead = Mailroom(world).letters(NOW)["lead"]

    assert [line.kind for part in lead.parts for line in part.lines] == [Kind.DECLINED]
    assert tokens(lead) == {}


# --- the door ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        DateProposed(key=A, on=WEEK_LATER, reason="ziek", by="p1"),
        HandedToColleague(key=A, to=PersonId("p5"), by="p1"),
        StepDeclined(key=A, reason="niet van ons", by="p1"),
        QuestionAsked(key=A, text="Welke kaart?", by="p1"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_press_that_arrives_twice_is_one_act_and_one_message(world: World, event: StepEvent) -> None:
    Mailroom(world).letters(NOW)
    first = act(world, event, request_id="knop-1")
    before = world.everything()
    again = act(world, event, request_id="knop-1")

    assert first.saved is not None
    assert world.everything() == before
    assert again.saved is not None
    assert again.saved.new_messages == 0
    with read_scope(world.engine) as session:
        assert [each.event for each in list_history(session, 1)].count(type(event).__name__) == 1
    assert len(Mailroom(world).letters(NOW)) == 1


def test_who_looked_at_an_older_step_is_told_and_changes_nothing(world: World) -> None:
    seen = world.loads(1).cycles[0].occurrences[A].version
    hand_over(world)
    before = world.everything()

    with pytest.raises(Conflict) as refused:
        act(world, StepDeclined(key=A, reason="niet van ons", by="p1", seen_version=seen))

    assert refused.value.code == "occurrence-changed"
    assert world.everything() == before


def test_a_step_goes_to_nobody_who_was_erased_or_never_was(world: World) -> None:
    in_transaction(world.engine, lambda session: erase_person(session, world.people["an"], NOW))
    world.people["niemand"] = PersonId("p99")

    for who in ("an", "niemand"):
        with pytest.raises(NotFound) as refused:
            hand_over(world, who)
        assert refused.value.code == "unknown-person"


def test_all_that_was_said_comes_back_from_the_database(world: World) -> None:
    act(world, DateProposed(key=A, on=WEEK_LATER, reason="ziek", by="p1"))
    act(world, QuestionAsked(key=A, text="Welke kaart?", by="p1"))
    hand_over(world)

    found = world.loads(1).cycles[0].occurrences[A]

    assert (found.proposed_on, found.askers, found.assigned_to) == (WEEK_LATER, ("p1",), world.people["an"])
    assert (found.declined, found.state) == (False, State.READY)
    assert date.fromisoformat("2027-01-18") == found.planned.due_on  # type: ignore[union-attr]


def test_the_reason_of_a_proposal_is_erased_where_it_stands_with_the_step_too(world: World) -> None:
    act(world, DateProposed(key=A, on=WEEK_LATER, reason=" Jan Jansen is ziek ", by="p1"))
    assert "Jansen" in repr(world.everything())

    in_transaction(world.engine, lambda session: erase_words(session, 1, 2))

    assert "Jansen" not in repr(world.everything())
    found = world.loads(1).cycles[0].occurrences[A]
    assert (found.proposed_on, found.proposal_reason) == (WEEK_LATER, "")
    with read_scope(world.engine) as session:
        assert verify(session, KEY) == ()


def test_erasing_an_older_proposal_leaves_the_reason_of_a_newer_one(world: World) -> None:
    act(world, DateProposed(key=A, on=WEEK_LATER, reason="ziek", by="p1"))
    act(world, DateProposed(key=A, on=WEEK_LATER + DAY, reason="verlof", by="p1"))

    in_transaction(world.engine, lambda session: erase_words(session, 1, 2))

    assert world.loads(1).cycles[0].occurrences[A].proposal_reason == "verlof"


@pytest.mark.parametrize(
    "event",
    [
        DateProposed(key=A, on=WEEK_LATER, reason="Jan Jansen is ziek", by="p1"),
        HandedToColleague(key=A, to=PersonId("p5"), reason="Jan Jansen is ziek", by="p1"),
        StepDeclined(key=A, reason="dat doet Jan Jansen", by="p1"),
        QuestionAsked(key=A, text="waar is Jan Jansen?", by="p1"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_was_typed_stands_where_it_can_be_erased_and_nowhere_else(world: World, event: StepEvent) -> None:
    act(world, event)

    in_transaction(world.engine, lambda session: erase_words(session, 1, 2))

    assert "Jansen" not in repr(world.everything())
