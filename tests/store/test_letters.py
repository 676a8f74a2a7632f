from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from regie.core.definition import Anchor, HearsWhen, Kind
from regie.core.events import (
    AnchorMoved,
    CycleClosed,
    DatePinned,
    GateDecided,
    PartnerAsked,
    QuestionAsked,
    StepFinished,
    StepReopened,
    StepStarted,
    StepWaived,
    WorkResumed,
)
from regie.core.ids import AnchorId, OccurrenceKey, RoleId
from regie.core.traject import State
from regie.errors import NotFound
from regie.store.history import erase_words, read_words
from regie.store.outbox import make_digests, preview_letter
from regie.store.partners import bind_role, save_person, set_absence, set_deputy
from regie.store.session import in_transaction, read_scope
from regie.text.letter import Addressee, Letter
from tests.store.world import MONDAY, OPENING, OPENING_ANCHOR, PostOffice, World, chain
from tests.support import builders as b

TUESDAY = MONDAY + timedelta(days=1)
DUE = date(2027, 1, 18)


def told(letter: Letter | None) -> list[tuple[str, str]]:
    assert letter is not None
    return [(line.kind.value, str(line.key)) for part in letter.parts for line in part.lines]


# --- what stands in a letter ----------------------------------------------------------------------------


def test_a_letter_holds_all_that_its_text_needs(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a", "2wd"), b.step("b", "3wd", ["a"], responsible=RoleId("other"))))
    in_transaction(
        engine,
        lambda session: save_person(
            session,
            person_id=world.people["maker"],
            name="Mo Maker",
            email="mo@voorbeeld.nl",
            language="en",
            organisation="Gemeente Voorbeeldstad",
        ),
    )
    world.starts()

    (letter,) = (each for each in PostOffice(world).delivers(b.at(MONDAY)) if each.to.id == "p1")

    assert letter.to == Addressee(world.people["maker"], "Mo Maker", "mo@voorbeeld.nl", "en", "Gemeente Voorbeeldstad")
    assert (letter.attempt, letter.is_digest, letter.deputy_names) == (1, False, {})
    (part,) = letter.parts
    assert (part.traject_slug, part.traject_title, part.cycle, part.cycle_kind) == (
        "de-wilg",
        "Opvang De Wilg",
        1,
        "first",
    )
    assert part.definition is world.definition
    assert told(letter) == [("cycle-started", ""), ("ready", "a")]
    assert part.lines[1].waited_by == (b.key("b"),)
    assert part.states == {b.key("a"): State.READY, b.key("b"): State.NOT_YET}
    assert part.finishes == {b.key("a"): date(2027, 1, 5), b.key("b"): date(2027, 1, 8)}
    assert part.people[RoleId("other")] == ("Naam van other",)
    assert (part.lead_name, part.lead_email) == ("Naam van lead", "lead@voorbeeld.nl")


def test_a_letter_to_a_deputy_names_who_is_away(engine: Engine) -> None:
    world = World(engine, chain(1))
    in_transaction(engine, lambda session: set_deputy(session, world.people["maker"], world.people["boss"]))
    in_transaction(engine, lambda session: set_absence(session, world.people["maker"], MONDAY, TUESDAY))
    world.starts()

    (letter,) = PostOffice(world).delivers(b.at(MONDAY))

    assert letter.to.name == "Naam van boss"
    assert letter.deputy_names == {world.people["maker"]: "Naam van maker"}


def test_a_letter_names_the_people_of_its_own_traject(engine: Engine) -> None:
    world = World(engine, chain(1))
    traject_id = world.starts()

    def replace_lead(session: object) -> None:
        person = save_person(session, name="Lea Lead", email="lea@voorbeeld.nl")  # type: ignore[arg-type]
        bind_role(session, RoleId("lead"), person, traject_id)  # type: ignore[arg-type]

    in_transaction(engine, replace_lead)

    (letter,) = PostOffice(world).delivers(b.at(MONDAY))

    assert (letter.parts[0].lead_name, letter.parts[0].lead_email) == ("Lea Lead", "lea@voorbeeld.nl")


# --- what is no longer true -----------------------------------------------------------------------------


def test_what_was_done_before_the_letter_left_is_not_in_it(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a"), b.step("b")))
    traject_id = world.starts()
    world.happens(traject_id, StepFinished(key=b.key("a"), by="p4"), b.at(MONDAY, 10))

    (letter,) = PostOffice(world).delivers(b.at(MONDAY, 11))

    assert told(letter) == [("cycle-started", ""), ("ready", "b")]
    assert [row["state"] for row in world.rows("notice")] == ["queued", "withdrawn", "queued"]


def test_a_letter_of_which_nothing_is_true_is_withdrawn(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a", due="10wd before opening"), anchors=OPENING_ANCHOR))
    traject_id = world.starts(targets={"opening": OPENING})
    post = PostOffice(world)
    post.delivers(b.at(MONDAY))
    world.sweeps(traject_id, date(2027, 5, 14))
    world.happens(traject_id, StepFinished(key=b.key("a"), by="p4"), b.at(date(2027, 5, 14), 10))

    assert post.delivers(b.at(date(2027, 5, 14), 11)) == []

    last = world.rows("message")[-1]
    assert (last["status"], last["detail"], last["owner"], last["not_before_at"]) == (
        "withdrawn",
        "no longer true",
        None,
        None,
    )
    assert post.claims(b.at(date(2027, 6, 1))) == ()


def test_a_reminder_of_a_date_that_moved_is_withdrawn_and_the_new_date_is_told_in_its_time(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a", due="10wd before opening"), anchors=OPENING_ANCHOR))
    traject_id = world.starts(targets={"opening": OPENING})
    post = PostOffice(world)
    post.delivers(b.at(MONDAY))
    _, reminded = world.sweeps(traject_id, date(2027, 5, 14))
    moved = AnchorMoved(anchor=AnchorId("opening"), target=date(2027, 9, 1), by="p1")
    world.happens(traject_id, moved, b.at(date(2027, 5, 14), 10))

    assert reminded.new_messages == 1
    assert post.delivers(b.at(date(2027, 5, 14), 11)) == []
    world.sweeps(traject_id, date(2027, 8, 16))
    (letter,) = post.delivers(b.at(date(2027, 8, 16)))
    assert told(letter) == [("due-soon", "a")]


def test_what_was_withdrawn_is_told_when_it_becomes_true_again(engine: Engine) -> None:
    """Somebody finishes the wrong step in the evening, takes it back, and finishes it the next day."""
    world = World(engine, chain(2))
    traject_id = world.starts()
    post = PostOffice(world)
    post.delivers(b.at(MONDAY))
    world.happens(traject_id, DatePinned(key=b.key("s2"), start_on=date(2027, 2, 1), reason="x", by="p1"), b.at(MONDAY))
    world.happens(traject_id, StepFinished(key=b.key("s1"), by="p4"), b.at(MONDAY, 20))
    reopened = StepReopened(key=b.key("s1"), reason="verkeerde stap", also=(), by="p4")
    world.happens(traject_id, reopened, b.at(MONDAY, 21))

    in_between = [told(letter) for letter in post.delivers(b.at(TUESDAY))]
    world.happens(traject_id, StepFinished(key=b.key("s1"), by="p4"), b.at(TUESDAY, 10))
    in_the_end = [told(letter) for letter in post.delivers(b.at(TUESDAY, 11))]

    assert in_between == []
    assert in_the_end == [[("ready", "s2")]]
    assert len({(row["step"], row["kind"], row["due_on"]) for row in world.rows("notice")}) == len(world.rows("notice"))


def test_what_others_have_heard_is_not_told_to_them_again(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a"), b.step("b", needs=["a"])))
    in_transaction(engine, lambda session: bind_role(session, RoleId("maker"), world.people["boss"]))
    world.hears("boss", HearsWhen.DAILY)
    traject_id = world.starts()
    post = PostOffice(world)
    post.delivers(b.at(MONDAY))
    world.happens(traject_id, DatePinned(key=b.key("b"), start_on=date(2027, 2, 1), reason="x", by="p1"), b.at(MONDAY))
    in_transaction(engine, lambda session: make_digests(session, MONDAY, b.at(MONDAY), world.new_id))
    post.delivers(b.at(MONDAY))
    world.happens(traject_id, StepFinished(key=b.key("a"), by="p4"), b.at(MONDAY, 10))
    heard_at_once = [letter.to.id for letter in post.delivers(b.at(MONDAY, 11))]
    world.happens(traject_id, StepReopened(key=b.key("a"), reason="fout", also=(), by="p4"), b.at(MONDAY, 12))
    in_transaction(engine, lambda session: make_digests(session, TUESDAY, b.at(TUESDAY), world.new_id))
    assert post.delivers(b.at(TUESDAY)) == []

    world.happens(traject_id, StepFinished(key=b.key("a"), by="p4"), b.at(TUESDAY, 10))
    wednesday = TUESDAY + timedelta(days=1)
    in_transaction(engine, lambda session: make_digests(session, wednesday, b.at(wednesday), world.new_id))

    assert heard_at_once == ["p1"]
    assert [(letter.to.id, told(letter)) for letter in post.delivers(b.at(wednesday))] == [("p2", [("ready", "b")])]


def test_a_no_go_is_told_although_its_cycle_has_ended(engine: Engine) -> None:
    gate = b.gate(go="opens", stop="ends the cycle")
    world = World(engine, b.definition(b.step("besluit", "0wd", gate=gate), b.step("na", needs=["besluit"])))
    traject_id = world.starts()
    post = PostOffice(world)
    stop = GateDecided(key=b.key("besluit"), outcome="stop", decided_by="raad", reason="geen geld", by="p3")
    world.happens(traject_id, stop, b.at(MONDAY))

    letters = post.delivers(b.at(MONDAY, 10))

    assert [told(letter) for letter in letters] == [[("decision-taken", "besluit")]]
    assert letters[0].parts[0].lines[0].outcome == "stop"


def test_a_decision_that_was_taken_anew_the_same_day_is_told_anew(engine: Engine) -> None:
    gate = b.gate(go="opens", anders="opens")
    world = World(engine, b.definition(b.step("besluit", "0wd", gate=gate)))
    traject_id = world.starts()
    post = PostOffice(world)
    for outcome in ("go", "anders"):
        decided = GateDecided(key=b.key("besluit"), outcome=outcome, decided_by="raad", reason="x", by="p3")
        world.happens(traject_id, decided, b.at(MONDAY))
        if outcome == "go":
            again = StepReopened(key=b.key("besluit"), reason="verkeerd genoteerd", also=(), by="p3")
            post.delivers(b.at(MONDAY))
            world.happens(traject_id, again, b.at(MONDAY))

    (letter,) = post.delivers(b.at(MONDAY, 10))

    assert [(line.kind, line.outcome) for line in letter.parts[0].lines] == [(Kind.DECISION_TAKEN, "anders")]


def test_the_reader_learns_how_neighbours_stand_now(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a"), b.step("b", needs=["a"])))
    traject_id = world.starts()
    world.happens(traject_id, StepStarted(key=b.key("a"), by="p4"), b.at(MONDAY, 10))
    world.happens(traject_id, StepFinished(key=b.key("a"), by="p4"), b.at(MONDAY, 11))

    letters = PostOffice(world).delivers(b.at(MONDAY, 12))

    ready = next(letter for letter in letters if ("ready", "b") in told(letter))
    assert ready.parts[0].states[OccurrenceKey(b.key("b").step)] is State.READY


# --- looking --------------------------------------------------------------------------------------------


def test_a_preview_shows_the_letter_and_changes_nothing(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a"), b.step("b")))
    traject_id = world.starts()
    world.happens(traject_id, StepFinished(key=b.key("a"), by="p4"), b.at(MONDAY, 10))
    before = world.everything()

    with read_scope(engine) as session:
        letter = preview_letter(session, "m00001", world.shelf, b.at(MONDAY, 11))

    assert told(letter) == [("cycle-started", ""), ("ready", "b")]
    assert world.everything() == before


def test_a_letter_that_does_not_exist_is_not_found(engine: Engine) -> None:
    world = World(engine, chain(1))

    with pytest.raises(NotFound, match="no message 'm77'"), read_scope(engine) as session:
        preview_letter(session, "m77", world.shelf, b.at(MONDAY))


# --- told anew ------------------------------------------------------------------------------------------


def heard_of(world: World, post: PostOffice, day: date, hour: int = 10) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(str(letter.to.id), told(letter)) for letter in post.delivers(b.at(day, hour))]


def test_step_that_was_reopened_on_another_day_is_asked_again_by_the_same_date(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a", due="40wd after start"), b.step("b", needs=["a"])))
    traject_id, post = world.starts(), PostOffice(world)
    world.happens(traject_id, StepFinished(key=b.key("a"), by="p1"), b.at(TUESDAY))
    post.delivers(b.at(TUESDAY))

    wednesday = TUESDAY + timedelta(days=1)
    reopened = StepReopened(key=b.key("a"), reason="er miste iets", also=(), by="p3")
    world.happens(traject_id, reopened, b.at(wednesday))
    assert heard_of(world, post, wednesday) == [("p1", [("date-moved", "b"), ("ready", "a")])]
    world.happens(traject_id, StepFinished(key=b.key("a"), by="p1"), b.at(wednesday, 11))
    assert heard_of(world, post, wednesday, 12) == [("p1", [("ready", "b")])]

    world.sweeps(traject_id, wednesday, 13)
    assert heard_of(world, post, wednesday, 14) == []


HANDING_OVER = b.policy(to={**b.policy().to, Kind.HANDED_OVER: ("responsible",)})


def test_partner_who_is_asked_twice_by_the_same_date_hears_it_twice(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a", due="40wd after start"), policy=HANDING_OVER))
    traject_id, post = world.starts(), PostOffice(world)
    asked = PartnerAsked(key=b.key("a"), role=RoleId("other"), by="p1")
    world.happens(traject_id, asked, b.at(MONDAY))
    post.delivers(b.at(MONDAY))
    world.happens(traject_id, WorkResumed(key=b.key("a"), by="p1"), b.at(MONDAY, 11))
    world.happens(traject_id, asked, b.at(MONDAY, 12))

    assert heard_of(world, post, MONDAY, 13) == [("p4", [("handed-over", "a")])]


def test_partner_whose_turn_was_over_before_the_message_left_does_not_get_it(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a", due="40wd after start"), policy=HANDING_OVER))
    traject_id, post = world.starts(), PostOffice(world)
    post.delivers(b.at(MONDAY))
    world.happens(traject_id, PartnerAsked(key=b.key("a"), role=RoleId("other"), by="p1"), b.at(MONDAY, 20))
    world.happens(traject_id, WorkResumed(key=b.key("a"), by="p1"), b.at(MONDAY, 21))
    world.happens(traject_id, PartnerAsked(key=b.key("a"), role=RoleId("boss"), by="p1"), b.at(MONDAY, 21))

    assert heard_of(world, post, TUESDAY) == [("p2", [("handed-over", "a")])]


def test_date_that_moved_there_and_back_and_there_again_is_told_each_time(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a", due="20wd before opening"), anchors=OPENING_ANCHOR))
    traject_id, post = world.starts(targets={"opening": OPENING}), PostOffice(world)
    post.delivers(b.at(MONDAY))
    story = []
    for number, days in enumerate((14, 0, 14), start=1):
        moved = AnchorMoved(anchor=AnchorId("opening"), target=OPENING + timedelta(days=days), by="p3")
        world.happens(traject_id, moved, b.at(MONDAY, 10 + number))
        story += heard_of(world, post, MONDAY, 11 + number)

    assert story == [("p1", [("date-moved", "a")])] * 3


def test_reminder_that_waits_for_a_digest_while_its_date_creeps_is_told_with_the_date_of_now(engine: Engine) -> None:
    by_itself = {"open": Anchor(AnchorId("open"), {"nl": "Open"}, set_by=b.key("b").step)}
    world = World(engine, b.definition(b.step("a"), b.step("b", "2wd", ["a"], due="on open"), anchors=by_itself))
    world.hears("maker", HearsWhen.DAILY)
    traject_id, post = world.starts(), PostOffice(world)
    world.happens(traject_id, StepFinished(key=b.key("a"), by="p4"), b.at(MONDAY))
    story = []
    for offset in range(1, 30):
        day = MONDAY + timedelta(days=offset)
        world.sweeps(traject_id, day, 7)
        if offset >= 3:  # nobody was there to send it on the first two days
            in_transaction(engine, lambda session, day=day: make_digests(session, day, b.at(day), world.new_id))
            story += [line for each in post.delivers(b.at(day)) for part in each.parts for line in part.lines]

    assert [(line.kind, str(line.key)) for line in story if line.key.step == "b"] == [(Kind.READY, "b")]
    due_on = world.loads(traject_id).cycles[0].occurrences[b.key("b")].planned
    assert due_on is not None
    assert due_on.due_on is not None
    assert due_on.due_on > MONDAY + timedelta(days=28)


def test_what_waits_for_the_morning_takes_along_what_is_said_since(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a"), b.step("b", needs=["a"], due="10wd after start")))
    eight = b.at(DUE, 8)
    world.office = lambda moment: max(moment, eight)
    traject_id, post = world.starts(), PostOffice(world)
    world.happens(traject_id, StepFinished(key=b.key("a"), by="p4"), b.at(DUE - timedelta(days=1), 20))
    world.sweeps(traject_id, DUE, 7)

    assert heard_of(world, post, DUE, 9) == [("p1", [("cycle-started", ""), ("due", "b")])]


def test_closing_a_cycle_is_told_although_it_has_ended(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a"), b.step("b", needs=["a"], responsible=RoleId("other"))))
    traject_id, post = world.starts(), PostOffice(world)
    post.delivers(b.at(MONDAY))
    world.happens(traject_id, CycleClosed(reason="het pand is verkocht", by="p3"), b.at(TUESDAY))

    assert heard_of(world, post, TUESDAY) == [("p1", [("ended", "")]), ("p4", [("ended", "")])]
    assert heard_of(world, post, TUESDAY, 12) == []


def test_waiving_a_step_is_told_to_who_had_it(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a")))
    traject_id, post = world.starts(), PostOffice(world)
    post.delivers(b.at(MONDAY))
    world.happens(
        traject_id, StepWaived(key=b.key("a"), reason="al gedaan", approved_by="raad", by="p3"), b.at(TUESDAY)
    )

    assert heard_of(world, post, TUESDAY) == [("p1", [("ended", "a")])]


def test_what_was_asked_is_read_from_the_record_when_the_letter_leaves_and_is_gone_once_erased(engine: Engine) -> None:
    told = {**b.policy().to, Kind.QUESTION_ASKED: ("lead",)}
    world = World(engine, b.definition(b.step("a", due="40wd after start"), policy=b.policy(to=told)))
    traject_id = world.starts()
    world.happens(traject_id, QuestionAsked(key=b.key("a"), text="Welke kaart?", by="p1"), b.at(MONDAY, 20))

    with world.engine.connect() as connection:
        assert list(read_words(connection, traject_id, [2]).values()) == ["Welke kaart?"]
        assert all("kaart" not in str(row) for row in world.rows("notice"))
    in_transaction(world.engine, lambda session: erase_words(session, traject_id, 2))
    with world.engine.connect() as connection:
        assert read_words(connection, traject_id, [2]) == {}
