"""Action links: one step of one person, known by a hash, ended by the facts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from regie.actions.context import Context
from regie.actions.revoke_link import revoke
from regie.core.acting import ActingAs
from regie.core.definition import Kind
from regie.core.events import (
    CycleClosed,
    Event,
    GateDecided,
    PartnerAsked,
    StepFinished,
    StepReopened,
    StepWaived,
    StepWithdrawn,
    WorkResumed,
)
from regie.core.ids import OccurrenceKey, PersonId, RoleId
from regie.core.traject import State
from regie.errors import NotFound, Refused
from regie.failpoints import FailpointReached, set_failpoints
from regie.links import hash_token
from regie.store.history import list_history, verify
from regie.store.links import (
    EXPIRES_AFTER,
    NEW_AFTER,
    Link,
    LinkEnd,
    find_link,
    get_link,
    list_links,
    note_used,
    revoke_link,
)
from regie.store.outbox import load_letter, preview_letter
from regie.store.partners import bind_role, erase_person, set_absence, set_deputy, unbind_role
from regie.store.session import in_transaction, read_scope
from regie.text.letter import Letter
from tests.store.world import KEY, MONDAY, PostOffice, Watched, World, chain
from tests.support import builders as b

SECRET = b"the key of the links, thirty-two or more"
NOW = b.at(MONDAY)
DAY = timedelta(days=1)
S1 = OccurrenceKey(b.key("s1").step)


HANDING_OVER = b.policy(to={**b.policy().to, Kind.HANDED_OVER: ("responsible",)})


class Mailroom(PostOffice):
    """A post office whose letters hold links."""

    def letter_of(self, message_id: str, now: datetime, *, secret: bytes = SECRET) -> Letter | None:
        return in_transaction(
            self.world.engine,
            lambda session: load_letter(session, message_id, self.world.shelf, now, link_key=secret),
        )

    def letters(self, now: datetime, *, secret: bytes = SECRET) -> dict[str, Letter]:
        """Hand over all that is due; give it per role."""
        roles = {person: role for role, person in self.world.people.items()}
        found: dict[str, Letter] = {}
        for each in self.claims(now):
            letter = self.letter_of(each.id, now, secret=secret)
            if letter is not None:
                found[roles.get(letter.to.id, letter.to.id)] = letter
                self.sent(each, now)
        return found


def tokens(letter: Letter) -> dict[str, str]:
    return {str(key): token for part in letter.parts for key, token in part.links.items()}


@pytest.fixture
def world(engine: Engine) -> World:
    found = World(engine, chain(2))
    found.starts()
    return found


@pytest.fixture
def token(world: World) -> str:
    """The link that the maker of the first step got."""
    return tokens(Mailroom(world).letters(NOW)["maker"])["s1"]


def look(world: World, token: str, now: datetime = NOW, *, secret: bytes = SECRET) -> Link | None:
    with read_scope(world.engine) as session:
        return find_link(session, token, now, secret=secret)


def ended(world: World, token: str, now: datetime = NOW) -> LinkEnd | None:
    found = look(world, token, now)
    assert found is not None
    return found.ended


# --- what a link is -------------------------------------------------------------------------------------


def test_a_link_gives_one_step_of_one_person(world: World, token: str) -> None:
    found = look(world, token)

    assert found is not None
    assert found.is_live
    assert (found.person, found.person_name, found.slug, found.cycle, found.key) == (
        world.people["maker"], "Naam van maker", "de-wilg", 1, S1,
    )  # fmt: skip
    assert (found.role, found.acts_as, found.deputy_for) == ("maker", ActingAs.RESPONSIBLE, None)
    assert (found.created_at, found.expires_at) == (NOW, NOW + EXPIRES_AFTER)


def test_the_database_holds_a_hash_and_nowhere_the_token(world: World, token: str) -> None:
    whole = repr(world.everything())

    assert hash_token(token) in whole
    assert token not in whole
    assert SECRET.decode() not in whole
    if world.engine.dialect.name == "sqlite":
        with sqlite3.connect(str(world.engine.url.database)) as connection:
            assert token not in "\n".join(connection.iterdump())


def test_only_who_can_act_gets_a_link(engine: Engine) -> None:
    world = World(engine, chain(1))
    traject = world.starts()
    Mailroom(world).letters(NOW)
    world.sweeps(traject, MONDAY + 14 * DAY)
    world.sweeps(traject, MONDAY + 28 * DAY)

    letters = Mailroom(world).letters(NOW + 28 * DAY)

    assert {row["person_id"] for row in world.rows("link")} == {world.people["maker"]}
    assert all(not tokens(letter) for role, letter in letters.items() if role != "maker")


def test_a_partner_who_is_asked_gets_a_link_for_that_time_only(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("s1", due="40wd after start"), policy=HANDING_OVER))
    world.starts()
    world.happens(1, PartnerAsked(cycle=1, key=S1, role=RoleId("other"), by="p1"), NOW)
    asked = tokens(Mailroom(world).letters(NOW)["other"])["s1"]
    found = look(world, asked)
    assert found is not None
    assert (found.acts_as, found.ended) == (ActingAs.ASKED, None)

    world.happens(1, WorkResumed(cycle=1, key=S1, by="p4"), NOW)

    assert ended(world, asked) is LinkEnd.NOT_YOURS


def test_without_a_key_there_are_no_links(world: World) -> None:
    assert tokens(Mailroom(world).letters(NOW, secret=b"")["maker"]) == {}
    assert world.rows("link") == []


# --- the same message again -----------------------------------------------------------------------------


def test_a_message_that_leaves_twice_has_one_link(world: World) -> None:
    post = Mailroom(world)
    (first,) = post.claims(NOW)
    before = post.letter_of(first.id, NOW)
    post.uncertain(first, NOW)
    (second,) = post.claims(NOW + DAY)
    after = post.letter_of(second.id, NOW + DAY)

    assert before is not None
    assert after is not None
    assert second.id == first.id
    assert tokens(before) == tokens(after)
    assert len(world.rows("link")) == 1


def test_a_crash_between_making_and_handing_over_leaves_no_mail_with_an_unknown_link(world: World) -> None:
    post = Mailroom(world)
    (claimed,) = post.claims(NOW)
    set_failpoints({"deliver.after_issue": "raise"})
    try:
        with pytest.raises(FailpointReached):
            post.letter_of(claimed.id, NOW)
    finally:
        set_failpoints({})
    assert world.rows("link") == []
    assert post.only_message()["handed_over_at"] is None

    letter = post.letter_of(claimed.id, NOW)

    assert letter is not None
    assert ended(world, tokens(letter)["s1"]) is None


def test_a_link_that_grew_old_is_followed_by_another_and_works_on(world: World, token: str) -> None:
    def next_letter(day: int) -> str:
        world.happens(1, StepFinished(cycle=1, key=S1, by="p1"), NOW + day * DAY)
        world.happens(1, StepReopened(cycle=1, key=S1, by="p3", reason="toch niet af"), NOW + day * DAY)
        return tokens(Mailroom(world).letters(NOW + day * DAY)["maker"])["s1"]

    young, old = next_letter(3), next_letter(NEW_AFTER.days)

    assert young == token
    assert old != token
    assert ended(world, token, NOW + NEW_AFTER) is None
    assert ended(world, old, NOW + NEW_AFTER) is None
    assert [row["number"] for row in world.rows("link")] == [1, 2]


def test_a_preview_shows_an_example_and_makes_no_link(world: World) -> None:
    before = world.everything()

    with read_scope(world.engine) as session:
        letter = preview_letter(session, "m00001", world.shelf, NOW)

    assert letter is not None
    assert tokens(letter) == {"s1": "voorbeeld"}
    assert look(world, "voorbeeld") is None
    assert world.everything() == before


# --- how it ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (StepFinished(cycle=1, key=S1, by="p1"), LinkEnd.DONE),
        (StepWaived(cycle=1, key=S1, by="p3", reason="niet nodig", approved_by="p2"), LinkEnd.LEFT_OUT),
        (StepWithdrawn(cycle=1, key=S1, by="p3", reason="gaat niet door"), LinkEnd.WITHDRAWN),
        (CycleClosed(cycle=1, by="p3", reason="gaat niet door"), LinkEnd.WITHDRAWN),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Event) else each.name,
)
def test_a_link_ends_with_its_step_and_says_what_became_of_it(
    world: World, token: str, event: Event, why: LinkEnd
) -> None:
    later = NOW + DAY
    world.happens(1, event, later)

    found = look(world, token, later + DAY)

    assert found is not None
    assert found.ended is why
    assert found.settled is not None
    assert (found.settled.at, found.settled.by) == (later, event.by)


def test_a_link_for_a_gate_tells_the_decision(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("s1", "2wd", gate=b.gate(go="opens"))))
    world.starts()
    found = tokens(Mailroom(world).letters(NOW)["maker"])["s1"]

    world.happens(1, GateDecided(cycle=1, key=S1, outcome="go", decided_by="college", by="p3"), NOW)

    link = look(world, found, NOW + DAY)
    assert link is not None
    assert link.settled is not None
    assert (link.settled.state, link.settled.outcome, link.settled.by) == (State.DONE, "go", "p3")


def test_a_link_lasts_thirty_days_and_no_second_longer(world: World, token: str) -> None:
    assert ended(world, token, NOW + timedelta(days=30) - timedelta(seconds=1)) is None
    assert ended(world, token, NOW + timedelta(days=30)) is LinkEnd.EXPIRED


def test_a_link_that_was_revoked_tells_nothing_of_its_step(world: World, token: str) -> None:
    in_transaction(world.engine, lambda session: revoke_link(session, 1, NOW + DAY, by="p3", reason="doorgestuurd"))
    world.happens(1, StepFinished(cycle=1, key=S1, by="p1"), NOW + DAY)

    found = look(world, token, NOW + 2 * DAY)

    assert found is not None
    assert (found.ended, found.settled, found.revoked_by) == (LinkEnd.REVOKED, None, "p3")


def test_after_a_revocation_the_next_message_has_another_link(world: World, token: str) -> None:
    in_transaction(world.engine, lambda session: revoke_link(session, 1, NOW, by="p3", reason="doorgestuurd"))
    world.happens(1, StepFinished(cycle=1, key=S1, by="p1"), NOW + DAY)
    world.happens(1, StepReopened(cycle=1, key=S1, by="p3", reason="toch niet af"), NOW + DAY)

    fresh = tokens(Mailroom(world).letters(NOW + DAY)["maker"])["s1"]

    assert fresh != token
    assert (ended(world, token), ended(world, fresh)) == (LinkEnd.REVOKED, None)


def test_a_link_ends_when_somebody_else_plays_the_role(world: World, token: str) -> None:
    maker, other = world.people["maker"], world.people["other"]
    in_transaction(world.engine, lambda session: bind_role(session, RoleId("maker"), other))
    assert ended(world, token) is None

    in_transaction(world.engine, lambda session: unbind_role(session, RoleId("maker"), maker))

    assert ended(world, token) is LinkEnd.NOT_YOURS


def test_a_link_ends_when_the_traject_has_people_of_its_own_for_the_role(world: World, token: str) -> None:
    in_transaction(world.engine, lambda session: bind_role(session, RoleId("maker"), world.people["other"], 1))

    assert ended(world, token) is LinkEnd.NOT_YOURS


def _deputises(world: World, deputy: str | None) -> None:
    who = world.people[deputy] if deputy else None
    in_transaction(world.engine, lambda session: set_deputy(session, world.people["maker"], who))


@pytest.fixture
def deputy_token(engine: Engine) -> tuple[World, str]:
    world = World(engine, chain(1))
    _deputises(world, "other")
    in_transaction(
        engine, lambda session: set_absence(session, world.people["maker"], MONDAY, MONDAY + timedelta(days=4))
    )
    world.starts()
    return world, tokens(Mailroom(world).letters(NOW)["other"])["s1"]


def test_a_deputy_acts_in_the_place_of_who_is_away_until_they_are_back(deputy_token: tuple[World, str]) -> None:
    world, token = deputy_token
    found = look(world, token)
    assert found is not None
    assert (found.person, found.deputy_for, found.is_live) == (world.people["other"], world.people["maker"], True)

    assert ended(world, token, NOW + 4 * DAY) is None
    assert ended(world, token, NOW + 5 * DAY) is LinkEnd.NOT_YOURS


def test_a_deputy_who_was_replaced_acts_no_more(deputy_token: tuple[World, str]) -> None:
    world, token = deputy_token
    _deputises(world, "lead")

    assert ended(world, token) is LinkEnd.NOT_YOURS


def test_erasing_a_person_ends_their_links_and_leaves_no_name(world: World, token: str) -> None:
    in_transaction(world.engine, lambda session: erase_person(session, world.people["maker"], NOW))

    found = look(world, token)

    assert found is not None
    assert (found.ended, found.person_name, found.settled) == (LinkEnd.ERASED, "", None)
    assert "Naam van maker" not in repr(world.everything())


def test_another_key_ends_every_link(world: World, token: str) -> None:
    assert look(world, token, secret=SECRET + b"2") is None


# --- looking --------------------------------------------------------------------------------------------


def test_a_wrong_or_cut_token_tells_nothing_and_costs_the_same(world: World, token: str) -> None:
    costs = set()
    for wrong in (token[:-1], token[1:], token + "a", "a" * 32, "", "x" * 100_000, "voorbeeld", "' OR 1=1 --"):
        with Watched(world.engine) as watched:
            assert look(world, wrong) is None
        costs.add(tuple(statement for statement, _ in watched.reads))
    (statements,) = costs
    assert len([each for each in statements if "FROM link" in each]) == 1


def test_looking_writes_nothing_however_often(world: World, token: str) -> None:
    before = world.everything()

    for day in (0, 1, 29, 31):
        with Watched(world.engine) as watched:
            look(world, token, NOW + day * DAY)
        assert watched.writes == {}

    assert world.everything() == before


def test_a_link_never_reaches_another_step_or_another_person(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("s1", "2wd"), b.step("s2", "2wd", responsible=RoleId("other"))))
    for slug in ("de-wilg", "de-eik"):
        world.starts(slug)
    letters = Mailroom(world).letters(NOW)
    found = [look(world, row) for letter in letters.values() for row in tokens(letter).values()]

    with read_scope(engine) as session:
        every = list_links(session, NOW)
    reached = {(each.slug, str(each.key), each.person) for each in every}
    assert reached == {
        (slug, step, world.people[role])
        for slug in ("de-wilg", "de-eik")
        for step, role in (("s1", "maker"), ("s2", "other"))
    }
    assert all(each is not None and (each.slug, str(each.key), each.person) in reached for each in found)


def test_links_are_listed_by_traject_step_and_person(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("s1", "2wd"), b.step("s2", "2wd", responsible=RoleId("other"))))
    first, second = world.starts("de-wilg"), world.starts("de-eik")
    Mailroom(world).letters(NOW)

    def ids(**of: object) -> set[tuple[int, str]]:
        with read_scope(engine) as session:
            return {(each.traject_id, str(each.key)) for each in list_links(session, NOW, **of)}  # type: ignore[arg-type]

    assert ids(traject_id=first) == {(first, "s1"), (first, "s2")}
    assert ids(step="s2") == {(first, "s2"), (second, "s2")}
    assert ids(person_id=world.people["maker"]) == {(first, "s1"), (second, "s1")}


# --- what people do to it -------------------------------------------------------------------------------


def test_that_somebody_acted_is_noted_and_ends_nothing(world: World, token: str) -> None:
    in_transaction(world.engine, lambda session: note_used(session, 1, NOW + DAY))

    found = look(world, token, NOW + DAY)
    assert found is not None
    assert (found.used_at, found.is_live) == (NOW + DAY, True)


def test_a_revocation_is_in_the_sealed_record_once(world: World, token: str) -> None:
    context = Context(world.engine, KEY, world.shelf)
    first = revoke(context, 1, "doorgestuurd", NOW, by="beheer")
    again = revoke(context, 1, "nog eens", NOW + DAY, by="ander")

    assert (first.ended, again.revoked_by, again.revoked_because) == (LinkEnd.REVOKED, "beheer", "doorgestuurd")
    assert ended(world, token) is LinkEnd.REVOKED
    with read_scope(world.engine) as session:
        record = [each for each in list_history(session, 1) if each.event == "LinkRevoked"]
        assert verify(session, KEY) == ()
    assert [(each.by, each.payload["event"]["link"], each.words) for each in record] == [
        ("beheer", 1, {"reason": "doorgestuurd"})
    ]


def test_a_link_of_a_closed_cycle_can_be_revoked_too(world: World, token: str) -> None:
    world.happens(1, CycleClosed(cycle=1, by="p3", reason="gaat niet door"), NOW)

    revoke(Context(world.engine, KEY, world.shelf), 1, "doorgestuurd", NOW, by="beheer")

    assert ended(world, token) is LinkEnd.REVOKED


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda context: revoke(context, 99, "weg", NOW, by="p3"), "unknown-link"),
        (lambda context: revoke(context, 1, "  ", NOW, by="p3"), "reason-missing"),
        (lambda context: revoke(context, 1, "a\x00", NOW, by="p3"), "control-character"),
    ],
)
@pytest.mark.usefixtures("token")
def test_a_revocation_that_cannot_be_changes_nothing(world: World, act: Callable[[Context], object], code: str) -> None:
    before = world.everything()

    with pytest.raises((NotFound, Refused)) as refused:
        act(Context(world.engine, KEY, world.shelf))

    assert refused.value.code == code
    assert world.everything() == before


def test_a_link_that_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(NotFound), read_scope(world.engine) as session:
        get_link(session, 7, NOW)
    assert PersonId("p1") == world.people["maker"]
