"""A calendar feed through the life of a plan: nothing vanishes, nothing gets another name, no version comes back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from random import Random

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from regie.actions.apply_event import apply_event
from regie.actions.close_traject import close_traject
from regie.actions.keep_agenda import make_agenda, stop_agenda
from regie.actions.reconcile import reconcile
from regie.core.definition import Anchor
from regie.core.events import (
    AnchorMoved,
    DatePromised,
    Event,
    HandedToColleague,
    PartnerAsked,
    StepDeclined,
    StepFinished,
    StepReopened,
    StepWaived,
)
from regie.core.ids import AnchorId, PersonId, RoleId, StepId
from regie.errors import Incomplete, NotFound, Refused
from regie.feeds import feed_key
from regie.store.feeds import find_feed, find_feed_by_token
from regie.store.partners import bind_role, erase_person, save_person, unbind_role
from regie.store.session import in_transaction, read_scope
from tests.store.world import MONDAY, OPENING, OPENING_ANCHOR, Watched, World
from tests.support import builders as b
from tests.support.agendas import LINK_KEY, Read, body_of, context_of, read_ics

OTHER, MAKER = RoleId("other"), RoleId("maker")
DUE = date(2027, 5, 25)
A = b.key("advies")
NAME = "ADVIES - Opvang De Wilg"


class Town(World):
    """A world in which a day passes with each event."""

    def __init__(self, engine: Engine) -> None:
        definition = b.definition(
            b.step("advies", due="5wd before opening", responsible=OTHER),
            b.step("geheim", due="3wd before opening", responsible=OTHER, confidential_until=AnchorId("bekend")),
            b.step("later", needs=["advies"], responsible=MAKER),
            b.step("bekendmaking", responsible=MAKER),
            anchors={
                **OPENING_ANCHOR,
                "bekend": Anchor(AnchorId("bekend"), {"nl": "Bekend"}, set_by=StepId("bekendmaking")),
            },
        )
        super().__init__(engine, definition)
        self.context = context_of(self)
        self.day = MONDAY
        self.who = self.people["other"]
        self.seen: dict[str, Read] = {}
        self.starts(targets={"opening": OPENING})

    @property
    def now(self):  # type: ignore[no-untyped-def]
        return b.at(self.day)

    def makes(self, *roles: str) -> None:
        for role in roles:
            make_agenda(self.context, self.people[role], self.now)

    def does(self, event: Event) -> None:
        self.day += timedelta(days=1)
        apply_event(self.context, 1, event, self.now)

    def changes(self, work: Callable[[Session], object]) -> None:
        """Something about people, and the sweep that comes after it."""
        self.day += timedelta(days=1)
        in_transaction(self.engine, work)
        reconcile(self.context, self.now)

    def feed(self, role: str = "other") -> dict[str, Read]:
        return read_ics(body_of(self, self.people[role], self.now))

    def looks(self) -> dict[str, Read]:
        """The feed of ``other``; whatever happened, each entry that was there is there, at the same or a newer version."""
        by_uid = {each.uid: each for each in self.feed().values()}
        for uid, old in self.seen.items():
            new = by_uid[uid]
            assert new.sequence >= old.sequence
            assert new.stamp >= old.stamp
            if new != old:
                assert new.sequence > old.sequence
                assert new.stamp > old.stamp
        self.seen = by_uid
        return {each.summary: each for each in by_uid.values()}


@pytest.fixture
def town(engine: Engine) -> Town:
    found = Town(engine)
    found.makes("other")
    return found


def test_new_feed_holds_the_open_steps_and_no_confidential_place(town: Town) -> None:
    body = body_of(town, town.who, town.now)

    found = read_ics(body)
    assert set(found) == {NAME, "GEHEIM"}
    assert (found[NAME].on, found[NAME].sequence, found[NAME].status) == (DUE, 0, "CONFIRMED")
    assert "Gevraagd: dinsdag 25 mei 2027" in found[NAME].description
    assert "Traject: een vertrouwelijk traject" in found["GEHEIM"].description
    assert "Wilg" not in repr(found["GEHEIM"])
    for name in (b"advies", b"p4", b"de-wilg"):
        assert name not in body.replace(b"ADVIES", b"")


def test_life_of_a_step_never_loses_or_renames_an_entry(town: Town) -> None:
    uid = town.looks()[NAME].uid

    town.does(AnchorMoved(anchor=AnchorId("opening"), target=OPENING + timedelta(days=7)))
    assert town.looks()[NAME].on == DUE + timedelta(days=7)

    town.does(DatePromised(key=A, on=date(2027, 5, 20), by="p4"))
    assert (town.looks()[NAME].on, town.looks()[NAME].uid) == (date(2027, 5, 20), uid)
    assert "Toegezegd: donderdag 20 mei 2027\nGevraagd: dinsdag 1 juni 2027" in town.looks()[NAME].description

    town.does(StepFinished(key=A, by="p4"))
    done = town.looks()[f"Klaar: {NAME}"]
    assert (done.status, done.uid, done.sequence) == ("CONFIRMED", uid, 3)

    town.does(StepReopened(key=A, reason="niet volledig"))
    assert town.looks()[NAME].sequence == 4

    town.does(HandedToColleague(key=A, to=town.people["boss"], by="p4"))
    gone = town.looks()[f"Vervallen: {NAME}"]
    assert (gone.status, gone.uid, gone.sequence) == ("CANCELLED", uid, 5)

    town.does(HandedToColleague(key=A, to=None))
    assert town.looks()[NAME].status == "CONFIRMED"

    town.changes(lambda session: unbind_role(session, OTHER, town.who))
    assert {each.status for each in town.looks().values()} == {"CANCELLED"}

    town.changes(lambda session: bind_role(session, OTHER, town.who))
    assert (town.looks()[NAME].uid, town.looks()[NAME].sequence) == (uid, 8)

    town.does(StepDeclined(key=A, reason="niet van ons", by="p4"))
    assert town.looks()[f"Vervallen: {NAME}"].uid == uid
    close_traject(town.context, 1, "gestopt", town.now + timedelta(hours=1), by="p3")
    assert {each.status for each in town.looks().values()} == {"CANCELLED"}


def test_who_is_handed_a_step_gets_it_in_their_own_calendar_under_another_name(town: Town) -> None:
    town.makes("boss")
    assert town.feed("boss") == {}

    town.does(HandedToColleague(key=A, to=town.people["boss"], by="p4"))

    assert town.feed("boss")[NAME].uid != town.feed()[f"Vervallen: {NAME}"].uid


def test_step_that_is_waived_is_cancelled(town: Town) -> None:
    town.does(StepWaived(key=A, reason="niet nodig", approved_by="p3"))

    assert town.looks()[f"Vervallen: {NAME}"].status == "CANCELLED"


def test_what_is_over_stays_for_ninety_days_and_comes_back_with_a_higher_version(town: Town) -> None:
    town.does(StepFinished(key=A, by="p4"))
    ended = town.day

    town.day = ended + timedelta(days=89)
    assert f"Klaar: {NAME}" in town.feed()
    town.day = ended + timedelta(days=91)
    assert set(town.feed()) == {"GEHEIM"}
    town.does(StepReopened(key=A, reason="toch niet"))
    assert town.feed()[NAME].sequence == 2


def test_confidential_step_names_its_traject_once_that_may(town: Town) -> None:
    hidden = town.looks()["GEHEIM"]

    town.does(StepFinished(key=b.key("bekendmaking"), by="p1"))

    known = town.looks()["GEHEIM - Opvang De Wilg"]
    assert (known.uid, known.sequence) == (hidden.uid, 1)
    assert "Traject: Opvang De Wilg" in known.description


def test_other_language_is_a_new_version_after_the_next_sweep(town: Town) -> None:
    town.looks()
    town.changes(
        lambda session: save_person(session, person_id=town.who, name="An", email="other@voorbeeld.nl", language="en")
    )

    found = town.looks()
    assert "Asked: Tuesday 25 May 2027" in found[NAME].description
    assert {each.sequence for each in found.values()} == {1}
    assert b"X-WR-CALNAME:My steps (Regie)" in body_of(town, town.who, town.now)


def test_who_is_bound_in_a_traject_takes_it_from_who_plays_the_role_everywhere(town: Town) -> None:
    town.changes(lambda session: bind_role(session, OTHER, town.people["boss"], 1))

    assert {each.status for each in town.looks().values()} == {"CANCELLED"}


def test_erasing_somebody_gives_their_role_back_to_the_others_and_leaves_no_feed(town: Town) -> None:
    town.makes("boss")
    town.changes(lambda session: bind_role(session, OTHER, town.people["boss"], 1))
    assert NAME in town.feed("boss")
    with read_scope(town.engine) as session:
        feed = find_feed(session, town.people["boss"], feed_key(LINK_KEY))
    assert feed is not None

    town.changes(lambda session: erase_person(session, town.people["boss"], town.now))

    with read_scope(town.engine) as session:
        assert find_feed_by_token(session, feed.token, feed_key(LINK_KEY)) is None
    assert {row["person_id"] for name in ("feed", "feed_entry") for row in town.rows(name)} == {town.who}
    assert town.looks()[NAME].status == "CONFIRMED"


def test_sweeping_again_writes_nothing(town: Town) -> None:
    reconcile(town.context, town.now)
    before = town.everything()

    with Watched(town.engine) as watched:
        reconcile(town.context, town.now)

    assert not [each for each in watched.writes if "feed" in each]
    assert {name: rows for name, rows in town.everything().items() if name != "mark"} == {
        name: rows for name, rows in before.items() if name != "mark"
    }


def test_clock_that_was_set_back_gives_no_older_moment(town: Town) -> None:
    town.day += timedelta(days=10)
    town.does(DatePromised(key=A, on=date(2027, 5, 20)))
    stamp = town.feed()[NAME].stamp

    town.day -= timedelta(days=5)
    in_transaction(
        town.engine,
        lambda session: save_person(session, person_id=town.who, name="An", email="other@voorbeeld.nl", language="en"),
    )
    reconcile(town.context, town.now)

    assert (town.feed()[NAME].sequence, town.feed()[NAME].stamp) == (2, stamp)


def expected(town: Town, role: str) -> dict[str, date]:
    """What the calendar of somebody should hold as open, worked out from the core values and not by the store."""
    who, found = town.people[role], {}
    traject = town.loads(1)
    for cycle in traject.running():
        for key, each in cycle.occurrences.items():
            own = set() if each.assigned_to or each.declined else {cycle.definition.steps[key.step].responsible}
            roles = own | {each.waiting_for}
            plays = {person.id for name in roles if name for person in traject.people.get(name, ())}
            planned = each.planned
            on = each.promised_on or (planned and (planned.due_on or planned.legal_on))
            if each.state.is_open and on and who in plays | {each.assigned_to}:
                found[key.step.upper()] = on
    return found


@pytest.mark.parametrize("seed", range(2))
def test_random_life_ends_each_day_with_what_is_so_and_loses_nothing(town: Town, seed: int) -> None:
    chance = Random(seed)
    town.makes("boss")
    keys = [b.key("advies"), b.key("geheim")]
    people = [town.people["boss"], town.people["other"], None]

    def happens() -> None:
        key = chance.choice(keys)
        match chance.randrange(12):
            case 0 | 1:
                town.does(DatePromised(key=key, on=town.day + timedelta(days=chance.randrange(2, 90))))
            case 2:
                town.does(StepFinished(key=key))
            case 3 | 4:
                town.does(StepReopened(key=key, reason="toch niet"))
            case 5 | 6:
                town.does(HandedToColleague(key=key, to=chance.choice(people)))
            case 7:
                town.does(StepDeclined(key=key, reason="niet van ons"))
            case 8:
                town.does(PartnerAsked(key=key, role=RoleId("boss")))
            case 9:
                town.does(
                    AnchorMoved(anchor=AnchorId("opening"), target=town.day + timedelta(days=chance.randrange(60, 200)))
                )
            case 10:
                where = chance.choice([0, 1])
                town.changes(lambda session: bind_role(session, OTHER, town.people["boss"], where))
            case _:
                where = chance.choice([0, 1])
                town.changes(lambda session: unbind_role(session, OTHER, town.people["boss"], where))

    done = 0
    for _ in range(40):
        with suppress(Refused):
            happens()
            done += 1
        town.looks()
        for role in ("other", "boss"):
            shown = town.feed(role).items()
            found = {
                name.split(" - ")[0]: each.on
                for name, each in shown
                if each.status == "CONFIRMED" and not name.startswith("Klaar: ")
            }
            assert found == expected(town, role)
    assert done > 20


# --- the address -------------------------------------------------------------------------------------


def test_address_is_made_once_renewed_on_request_and_stopped(town: Town) -> None:
    key = feed_key(LINK_KEY)
    first = make_agenda(town.context, town.who, town.now)
    second = make_agenda(town.context, town.who, town.now, renew=True)

    with read_scope(town.engine) as session:
        assert find_feed_by_token(session, first.token, key) is None
        assert find_feed_by_token(session, second.token, key) == second
    assert (first.number, second.number) == (1, 2)
    assert stop_agenda(town.context, town.who, town.now)
    assert not stop_agenda(town.context, town.who, town.now)
    with read_scope(town.engine) as session:
        assert find_feed_by_token(session, second.token, key) is None
        assert find_feed(session, town.who, key) is None


def test_renewing_keeps_the_names_of_entries_and_what_happened_after_stopping_is_caught_up(town: Town) -> None:
    before = town.looks()
    stop_agenda(town.context, town.who, town.now)
    town.does(DatePromised(key=A, on=date(2027, 5, 20)))
    town.does(DatePromised(key=A, on=date(2027, 5, 21)))

    town.makes("other")

    after = town.looks()
    assert (after[NAME].uid, after[NAME].on, after[NAME].sequence) == (before[NAME].uid, date(2027, 5, 21), 1)
    assert after["GEHEIM"] == before["GEHEIM"]


def test_database_holds_no_token(town: Town) -> None:
    feed = make_agenda(town.context, town.who, town.now)

    assert len(feed.token) == 32
    assert feed.token not in repr(town.everything())


def test_another_key_makes_the_address_useless_and_a_new_one_is_made(town: Town) -> None:
    old = make_agenda(town.context, town.who, town.now)
    town.context = context_of(town, b"m" * 32)
    key = feed_key(b"m" * 32)

    with read_scope(town.engine) as session:
        assert find_feed_by_token(session, old.token, key) is None
    new = make_agenda(town.context, town.who, town.now)
    assert (new.number, bool(new.token)) == (2, True)


def test_without_a_key_or_without_such_a_person_there_is_no_feed(town: Town) -> None:
    with pytest.raises(Incomplete, match="no key"):
        make_agenda(context_of(town, b""), town.who, town.now)
    with pytest.raises(NotFound, match="p99"):
        make_agenda(town.context, PersonId("p99"), town.now)


# --- what it costs -----------------------------------------------------------------------------------


def test_change_in_a_traject_in_which_nobody_has_a_feed_costs_one_look(engine: Engine) -> None:
    town = Town(engine)

    with Watched(engine) as watched:
        town.does(AnchorMoved(anchor=AnchorId("opening"), target=OPENING + timedelta(days=7)))

    assert len([each for each, _ in watched.reads if "feed" in each]) == 1
    assert not [each for each in watched.writes if "feed" in each]


def test_reading_a_thousand_times_gives_the_same_bytes_and_writes_nothing(town: Town) -> None:
    before, bodies = town.everything(), set()

    with Watched(town.engine) as watched:
        for _ in range(1000):
            bodies.add(body_of(town, town.who, town.now))

    assert len(bodies) == 1
    assert watched.writes == {}
    assert town.everything() == before
