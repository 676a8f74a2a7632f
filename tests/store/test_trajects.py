from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from regie.core.changes import Changes
from regie.core.definition import (
    Case,
    HearsWhen,
    ItemList,
    Kind,
    Question,
    QuestionKind,
    RerunCode,
    Term,
)
from regie.core.engine import advance
from regie.core.events import (
    AnchorMoved,
    ClockResumed,
    ClockStopped,
    CycleStarted,
    DatePinned,
    DatePromised,
    GateDecided,
    ItemsChanged,
    PartnerAsked,
    PutForDecision,
    StepFinished,
    StepReopened,
    StepStarted,
    StepWaived,
    Tick,
)
from regie.core.ids import AnchorId, ListId, OccurrenceKey, PersonId, QuestionId, RoleId, StepId
from regie.core.lines import Line
from regie.core.span import Span
from regie.core.terms import Suspension, TermKind
from regie.core.traject import AnchorDates, CycleState, Item, Occurrence, Planned, State, Traject
from regie.errors import Conflict, NotFound, Refused, RegieError
from regie.failpoints import FailpointReached, set_failpoints
from regie.store import outbox, rows
from regie.store.brake import must_hold
from regie.store.definitions import DefinitionShelf
from regie.store.overview import list_due_steps
from regie.store.partners import bind_role, load_people, save_person, set_absence
from regie.store.session import in_transaction, read_scope, write_scope
from regie.store.trajects import (
    claim_due,
    create_cycle,
    create_traject,
    find_request,
    find_traject_id,
    load_traject,
    mark_dirty,
)
from tests.store.world import MONDAY, OPENING, OPENING_ANCHOR, Watched, World, at_once, chain
from tests.support import builders as b
from tests.support.databases import on_postgresql, on_sqlite

TUESDAY = MONDAY + timedelta(days=1)
NEXT_WEEK = MONDAY + timedelta(days=7)


@pytest.fixture
def world(engine: Engine) -> World:
    return World(engine, chain(4))


@pytest.fixture
def _no_failpoints() -> Iterator[None]:
    yield
    set_failpoints({})


def without_versions(traject: Traject) -> Traject:
    cycles = tuple(
        replace(cycle, occurrences={key: replace(each, version=0) for key, each in cycle.occurrences.items()})
        for cycle in traject.cycles
    )
    return replace(traject, cycles=cycles, version=0)


def versions(traject: Traject) -> dict[str, int]:
    return {str(key): each.version for key, each in traject.cycles[0].occurrences.items()}


# --- what is saved is what is loaded --------------------------------------------------------------------


def test_a_traject_with_every_kind_of_fact_comes_back_as_it_was_saved(engine: Engine) -> None:
    term = Term(Span.parse("8w"), TermKind.LAW)
    definition = b.definition(
        b.step("plan", "3wd"),
        b.step("vergunning", "5wd", terms=(Case(term),)),
        b.step("besluit", "0wd", gate=b.gate()),
        b.step("keuze", "0wd", gate=b.gate()),
        b.step("los", "2wd", due="20wd before opening"),
        b.step("gepind", "2wd"),
        b.step("buiten", "2wd"),
        b.step("instroom", "2wd", for_each=ListId("arrivals"), due="5wd before arrival"),
        b.step("na", "2wd", ["plan", "besluit"]),
        anchors=OPENING_ANCHOR,
        lists={"arrivals": ItemList(ListId("arrivals"), {"nl": "Instroom"})},
        questions={
            QuestionId("plekken"): Question(QuestionId("plekken"), {}, QuestionKind.NUMBER),
            QuestionId("gebouw"): Question(QuestionId("gebouw"), {}, QuestionKind.ONE_OF, ("nieuw", "oud")),
            QuestionId("wie"): Question(QuestionId("wie"), {}, QuestionKind.SOME_OF, ("a", "b", "c")),
            QuestionId("tijdelijk"): Question(QuestionId("tijdelijk"), {}, QuestionKind.YES_NO),
            QuestionId("sinds"): Question(QuestionId("sinds"), {}, QuestionKind.DATE),
        },
    )
    world = World(engine, definition)
    traject_id = world.starts(
        targets={"opening": OPENING},
        answers={"plekken": 80, "gebouw": "oud", "wie": "a,c", "tijdelijk": "ja", "sinds": "2026-05-04"},
        items={ListId("arrivals"): (Item("a", OPENING, 40), Item("b"))},
    )
    key = b.key

    changes: Changes | None = None
    for event in (
        StepStarted(key=key("plan"), by="p1"),
        PartnerAsked(key=key("plan"), role=RoleId("other")),
        StepFinished(key=key("plan"), evidence=("nota.pdf", "bijlage é.pdf"), note="zie map"),
        ClockStopped(key=key("vergunning"), reason="aanvulling gevraagd"),
        ClockResumed(key=key("vergunning")),
        ClockStopped(key=key("vergunning"), reason="nog eens"),
        GateDecided(
            key=key("besluit"), outcome="hold", decided_by="college", reason="eerst geld", held_until=date(2027, 2, 1)
        ),
        PutForDecision(key=key("keuze")),
        GateDecided(key=key("keuze"), outcome="go", decided_by="raad", document="besluit.pdf"),
        DatePinned(key=key("gepind"), start_on=date(2027, 2, 1), reason="afgesproken"),
        DatePromised(key=key("los"), on=date(2027, 3, 1)),
        StepWaived(key=key("buiten"), reason="niet nodig", approved_by="p3"),
        AnchorMoved(anchor=AnchorId("opening"), target=date(2027, 7, 1)),
        ItemsChanged(list=ListId("arrivals"), items=(Item("b", date(2027, 8, 2), 12), Item("c", None, None))),
        Tick(),
    ):
        changes, _ = world.happens(traject_id, event, b.at(TUESDAY))

    assert changes is not None
    loaded = world.loads(traject_id)
    assert without_versions(loaded) == without_versions(changes.traject)
    assert list(loaded.cycles[0].occurrences) == list(changes.traject.cycles[0].occurrences)
    # of the look at the end there is nothing to record
    assert loaded.version == len(world.rows("history")) == 15


days = st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31))
some_days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
# PostgreSQL holds no NUL, and no half of a surrogate pair can be written at all
words = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
occurrences = st.builds(
    Occurrence,
    key=st.sampled_from([b.key("s1"), b.key("s2"), b.key("s3"), b.key("s4")]),
    started_on=days,
    finished_on=days,
    waiting_for=st.none() | words.map(RoleId),
    for_decision=st.booleans(),
    outcome=st.none() | words,
    held_until=days,
    out_state=st.none() | st.sampled_from([state for state in State if state.is_out]),
    out=words,
    kept_from=st.none() | st.integers(1, 99),
    pinned_start=days,
    pinned_finish=days,
    pin_reason=words,
    promised_on=days,
    proposed_on=days,
    proposal_reason=words,
    assigned_to=st.none() | words.map(PersonId),
    declined=st.booleans(),
    askers=st.lists(words, max_size=2).map(tuple),
    suspensions=st.lists(st.builds(Suspension, some_days, days, words), max_size=3).map(tuple),
    extended=st.booleans(),
    evidence=st.lists(words, max_size=3).map(tuple),
    told=st.dictionaries(words, words, max_size=3),
    state=st.sampled_from(State),
    planned=st.none()
    | st.builds(
        Planned, some_days, some_days, some_days, some_days, st.integers(-9999, 9999), st.booleans(), days, days
    ),
)
slugs = count(1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed=st.lists(occurrences, min_size=1, max_size=4, unique_by=lambda each: each.key))
def test_any_facts_come_back_as_they_were_saved(world: World, changed: list[Occurrence]) -> None:
    traject_id = world.starts(f"t{next(slugs)}")

    def put(session: Any) -> None:
        before = load_traject(session, traject_id, world.shelf)
        after = replace(before.cycles[0], occurrences={each.key: each for each in changed})
        new = replace(before, cycles=(after,))
        world.saves(session, before, Changes(Tick(), new, updated=tuple((1, each) for each in changed)), b.at(MONDAY))

    in_transaction(world.engine, put)

    loaded = world.loads(traject_id).cycles[0].occurrences
    assert {each.key: each for each in changed} == {each.key: replace(loaded[each.key], version=0) for each in changed}


keys = st.builds(OccurrenceKey, words.map(StepId), words)
lines = st.builds(
    Line,
    kind=st.sampled_from(Kind),
    cycle=st.just(3),
    key=st.just(b.key("s1@2027")),
    role=words.map(RoleId),
    part=words,
    due_on=days,
    legal_on=days,
    old_on=days,
    cause=words,
    outcome=words,
    working_days=st.integers(-99, 99),
    rung=st.integers(0, 99),
    waits_for=st.lists(keys, max_size=2).map(tuple),
    waited_by=st.lists(keys, max_size=2).map(tuple),
    is_confidential=st.booleans(),
    for_role_without_people=st.booleans(),
    deputy_for=st.none() | words.filter(bool).map(PersonId),
)


@given(lines)
def test_a_line_comes_back_as_it_was_stored(line: Line) -> None:
    assert rows.to_line(rows.line_text(line), 3, b.key("s1@2027")) == line


def test_every_fact_has_a_column() -> None:
    """A field that is added to the core and forgotten here would be lost without a sound."""
    named = {*rows.FACTS, "key", "told", "state", "planned", "version"}

    assert named == {field.name for field in fields(Occurrence)}
    assert set(rows.DATES) == set(Planned._fields)


def test_occurrences_come_back_in_the_order_in_which_they_came_to_be(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("z"), b.step("a", needs=["z"]), b.step("m", needs=["z"])))

    traject_id = world.starts()

    assert [key.step for key in world.loads(traject_id).cycles[0].occurrences] == ["z", "a", "m"]


def test_the_same_definition_is_the_same_object_for_every_traject(world: World) -> None:
    first, second = world.starts("een"), world.starts("twee")

    assert world.loads(first).cycles[0].definition is world.loads(second).cycles[0].definition


# --- only what changed ----------------------------------------------------------------------------------


def test_finishing_a_step_writes_only_what_it_changes(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a"), b.step("b", needs=["a"]), *(b.step(f"x{n}") for n in range(40))))
    traject_id = world.starts()

    with Watched(engine) as watched:
        world.happens(traject_id, StepFinished(key=b.key("a"), by="p1"), b.at(MONDAY))

    assert watched.writes == {
        "update traject": 1,
        "update occurrence": 2,
        "insert message": 1,
        "insert notice": 1,
        "insert tally": 1,
        "insert history": 1,
    }


def test_a_second_sweep_writes_nothing(world: World) -> None:
    traject_id = world.starts()
    world.sweeps(traject_id, TUESDAY)
    before = world.everything()

    _, saved = world.sweeps(traject_id, TUESDAY, hour=10)

    assert world.everything() == before
    assert (saved.new_notices, saved.new_messages, saved.seq) == (0, 0, 0)


def test_dates_that_move_with_the_day_leave_no_trace_in_the_record(world: World) -> None:
    traject_id = world.starts()
    before = world.everything()

    changes, saved = world.sweeps(traject_id, MONDAY + timedelta(days=3))

    after = world.everything()
    assert changes.updated
    assert saved.seq == 0
    assert {name for name in after if after[name] != before[name]} == {"occurrence", "traject"}
    assert after["traject"][0]["version"] == before["traject"][0]["version"]
    assert after["traject"][0]["next_look_on"] == changes.next_look_on
    assert [row["version"] for row in after["occurrence"]] == [row["version"] for row in before["occurrence"]]


def test_the_version_of_a_step_rises_when_a_fact_or_its_state_changes_and_not_when_it_moves(world: World) -> None:
    traject_id = world.starts()
    before = versions(world.loads(traject_id))

    changes, _ = world.happens(traject_id, StepFinished(key=b.key("s1"), by="p1"), b.at(MONDAY))

    after = versions(world.loads(traject_id))
    assert {str(key) for _, each in changes.updated if (key := each.key)} == {"s1", "s2", "s3", "s4"}
    assert {name: after[name] - before[name] for name in after} == {"s1": 1, "s2": 1, "s3": 0, "s4": 0}


def test_a_reminder_does_not_stand_in_the_way_of_who_has_the_step_before_them(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a", "1wd", due="10wd before opening"), anchors=OPENING_ANCHOR))
    traject_id = world.starts(targets={"opening": OPENING})
    seen = versions(world.loads(traject_id))["a"]

    _, saved = world.sweeps(traject_id, date(2027, 5, 13))
    world.happens(
        traject_id, StepFinished(key=b.key("a"), by="p1", seen_version=seen), b.at(date(2027, 5, 13), hour=10)
    )

    assert saved.new_messages == 1
    assert world.loads(traject_id).cycles[0].occurrences[b.key("a")].is_done


def test_anchors_and_items_that_went_away_are_gone(engine: Engine) -> None:
    definition = b.definition(
        b.step("instroom", for_each=ListId("arrivals")),
        anchors=OPENING_ANCHOR,
        lists={"arrivals": ItemList(ListId("arrivals"), {"nl": "Instroom"})},
    )
    world = World(engine, definition)
    traject_id = world.starts(targets={"opening": OPENING}, items={ListId("arrivals"): (Item("a"), Item("b"))})

    world.happens(traject_id, AnchorMoved(anchor=AnchorId("opening"), target=None), b.at(MONDAY))
    world.happens(traject_id, ItemsChanged(list=ListId("arrivals"), items=(Item("b", OPENING),)), b.at(MONDAY))

    cycle = world.loads(traject_id).cycles[0]
    assert cycle.anchors[AnchorId("opening")] == AnchorDates()
    assert cycle.items == {ListId("arrivals"): (Item("b", OPENING),)}


def test_a_decision_is_put_on_record(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("besluit", "0wd", gate=b.gate())))
    traject_id = world.starts()
    held = GateDecided(
        key=b.key("besluit"),
        outcome="hold",
        decided_by="college",
        reason="eerst geld",
        held_until=date(2027, 2, 1),
        by="p3",
    )

    world.happens(traject_id, held, b.at(MONDAY))
    world.happens(
        traject_id, replace(held, outcome="go", on=MONDAY, reason="", document="b.pdf", held_until=None), b.at(TUESDAY)
    )

    recorded = [
        (row["outcome"], row["decided_by"], row["decided_on"], row["reason"], row["document"], row["held_until"])
        for row in world.rows("decision")
    ]
    assert recorded == [
        ("hold", "college", MONDAY, "eerst geld", "", date(2027, 2, 1)),
        ("go", "college", MONDAY, "", "b.pdf", None),
    ]
    assert [row["recorded_at"] for row in world.rows("decision")] == [b.at(MONDAY), b.at(TUESDAY)]


# --- two at once ----------------------------------------------------------------------------------------


def test_a_traject_that_somebody_else_changed_is_not_overwritten(world: World) -> None:
    traject_id = world.starts()
    stale = world.loads(traject_id)
    world.happens(traject_id, StepStarted(key=b.key("s1"), by="p1"), b.at(MONDAY))
    before = world.everything()

    late = advance(stale, StepFinished(key=b.key("s1"), by="p2"), b.at(MONDAY))
    with pytest.raises(Conflict, match="changed by somebody else") as error, write_scope(world.engine) as session:
        world.saves(session, stale, late, b.at(MONDAY))

    assert error.value.code == "traject-changed"
    assert world.everything() == before


def test_of_two_who_finish_a_step_at_once_one_wins_and_the_other_is_told(world: World) -> None:
    traject_id = world.starts()

    def finish(person: str) -> str:
        seen = StepFinished(key=b.key("s1"), by=person, note=f"door {person}", seen_version=0)
        try:
            world.happens(traject_id, seen, b.at(MONDAY))
        except RegieError as error:
            return error.code
        return "done"

    outcomes = at_once([lambda: finish("p1"), lambda: finish("p2")])

    assert sorted(outcomes) == ["done", "occurrence-changed"]
    assert [row["event"] for row in world.rows("history")] == ["CycleStarted", "StepFinished"]


def test_eight_sweeps_at_once_tell_everything_once(engine: Engine) -> None:
    steps = (b.step(f"s{number}", due="10wd before opening") for number in range(5))
    world = World(engine, b.definition(*steps, anchors=OPENING_ANCHOR))
    trajects = [world.starts(f"t{number}", targets={"opening": OPENING}) for number in range(10)]
    started = len(world.rows("notice"))

    def sweep() -> None:
        for traject_id in trajects:
            world.sweeps(traject_id, date(2027, 5, 17))

    at_once([sweep] * 8)

    notices = world.rows("notice")
    assert len(notices) - started == 50
    messages = {row["message_id"] for row in notices}
    assert messages == {row["id"] for row in world.rows("message")}
    assert sum(row["messages"] for row in world.rows("tally")) == len(messages)


@pytest.mark.usefixtures("_no_failpoints")
def test_breaking_off_before_the_commit_leaves_nothing(world: World) -> None:
    traject_id = world.starts()
    before = world.everything()

    set_failpoints({"sweep.before_commit": "raise"})
    with pytest.raises(FailpointReached):
        world.happens(traject_id, StepFinished(key=b.key("s1"), by="p1"), b.at(MONDAY))

    assert world.everything() == before


def test_a_clock_that_went_back_changes_nothing(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a", due="10wd before opening"), anchors=OPENING_ANCHOR))
    traject_id = world.starts(targets={"opening": OPENING}, start=NEXT_WEEK)
    before = world.everything()
    assert before["traject"][0]["next_look_on"] is not None

    changes, saved = world.sweeps(traject_id, TUESDAY)

    assert changes.clock_went_back
    assert (saved.seq, world.everything()) == (0, before)


def test_a_request_that_was_answered_is_found(world: World) -> None:
    traject_id = world.starts()

    world.happens(traject_id, StepStarted(key=b.key("s1"), by="p1"), b.at(MONDAY), request_id="form-1")

    with read_scope(world.engine) as session:
        found = find_request(session, traject_id, "form-1")
        assert find_request(session, traject_id, "form-2") is None
        assert find_request(session, traject_id + 1, "form-1") is None
    assert found is not None
    assert (found.event, found.by, found.seq) == ("StepStarted", "p1", 2)


# --- cycles ---------------------------------------------------------------------------------------------


def test_a_cycle_asked_for_twice_is_made_once(world: World) -> None:
    traject_id = world.starts()
    parent = world.loads(traject_id).cycles[0]
    again = world.opens(number=2, kind="improvement", parent=parent)

    numbers = [
        in_transaction(world.engine, lambda session: create_cycle(session, traject_id, again, "press-1"))
        for _ in range(2)
    ]

    assert numbers == [2, 2]
    assert [row["number"] for row in world.rows("cycle")] == [1, 2]


def test_a_number_that_somebody_else_took_is_a_conflict(world: World) -> None:
    traject_id = world.starts()

    with pytest.raises(Conflict, match="opened by somebody else") as error:
        in_transaction(world.engine, lambda session: create_cycle(session, traject_id, world.opens(), "other"))

    assert error.value.code == "cycle-taken"


def test_of_an_ended_cycle_the_occurrences_are_read_only_when_asked_for(engine: Engine) -> None:
    definition = b.definition(
        b.step("besluit", "0wd", gate=b.gate(go="opens", stop="ends the cycle")), b.step("na", needs=["besluit"])
    )
    world = World(engine, definition)
    traject_id = world.starts()
    stop = GateDecided(key=b.key("besluit"), outcome="stop", decided_by="raad", reason="geen draagvlak", by="p3")

    world.happens(traject_id, stop, b.at(MONDAY))

    light, whole = world.loads(traject_id), world.loads(traject_id, whole=True)
    assert (light.running(), whole.running()) == ((), ())
    assert light.cycles[0].state is CycleState.ENDED
    assert light.cycles[0].ended_because == whole.cycles[0].ended_because == "besluit: stop"
    assert (len(light.cycles[0].occurrences), len(whole.cycles[0].occurrences)) == (0, 2)
    with read_scope(engine) as session:
        assert claim_due(session, b.at(date(2099, 1, 1)), 10) == []
    with pytest.raises(Refused, match="has ended"):
        world.happens(traject_id, StepStarted(key=b.key("na"), by="p1"), b.at(TUESDAY))


def test_what_a_rerun_keeps_is_stored_with_it(engine: Engine) -> None:
    definition = b.definition(
        b.step("a", rerun={"improvement": RerunCode.KEEP}), b.step("b", rerun={"improvement": RerunCode.DROP})
    )
    world = World(engine, definition)
    traject_id = world.starts()
    world.happens(traject_id, StepFinished(key=b.key("a"), by="p1", evidence=("nota.pdf",)), b.at(MONDAY))
    parent = world.loads(traject_id).cycles[0]
    again = world.opens(start=NEXT_WEEK, number=2, kind="improvement", parent=parent)

    in_transaction(world.engine, lambda session: create_cycle(session, traject_id, again, "press"))
    changes, _ = world.happens(traject_id, CycleStarted(cycle=2), b.at(NEXT_WEEK))

    loaded = world.loads(traject_id)
    assert without_versions(loaded) == without_versions(changes.traject)
    kept = loaded.cycles[1].occurrences[b.key("a")]
    assert (kept.kept_from, kept.evidence, kept.state) == (1, ("nota.pdf",), State.DONE)
    assert loaded.cycles[1].occurrences[b.key("b")].state is State.DROPPED


# --- finding --------------------------------------------------------------------------------------------


def test_a_short_name_that_is_taken_is_a_conflict_and_spoils_nothing(world: World) -> None:
    world.starts("de-wilg")

    def twice(session: Any) -> int:
        with pytest.raises(Conflict, match="'de-wilg'") as error:
            create_traject(session, slug="de-wilg", title="Nog een", zone="Europe/Amsterdam", now=b.at(MONDAY))
        assert error.value.code == "slug-taken"
        return create_traject(session, slug="de-linde", title="Nog een", zone="Europe/Amsterdam", now=b.at(MONDAY))

    in_transaction(world.engine, twice)

    assert [row["slug"] for row in world.rows("traject")] == ["de-wilg", "de-linde"]


def test_an_unknown_traject_is_refused_with_the_one_that_looks_like_it(world: World) -> None:
    traject_id = world.starts("de-wilg")

    with read_scope(world.engine) as session:
        assert find_traject_id(session, "de-wilg") == traject_id
        with pytest.raises(NotFound, match="did you mean de-wilg") as error:
            find_traject_id(session, "de-wilgg")
        with pytest.raises(NotFound, match="there are: de-wilg"):
            find_traject_id(session, "xyz")
        with pytest.raises(NotFound, match="no traject with number 99"):
            load_traject(session, 99, DefinitionShelf(world.engine), for_change=False)
    assert error.value.code == "unknown-traject"


def test_a_sweep_is_given_what_is_due_or_marked_in_order_and_in_chunks(world: World) -> None:
    ids = [world.starts(f"t{n}") for n in range(4)]
    for traject_id in ids:
        world.sweeps(traject_id, MONDAY)
    due_on = world.rows("traject")[0]["next_look_on"]
    later = date(2026, 1, 1)

    in_transaction(world.engine, lambda session: mark_dirty(session, [ids[2]]))

    with read_scope(world.engine) as session:
        assert claim_due(session, b.at(later), 10) == [ids[2]]
        assert claim_due(session, b.at(due_on), 3) == ids[:3]
        assert claim_due(session, b.at(due_on), 3, after_id=ids[2]) == ids[3:]
    world.sweeps(ids[2], MONDAY)
    with read_scope(world.engine) as session:
        assert claim_due(session, b.at(later), 10) == []


def test_a_sweep_goes_by_the_day_in_the_zone_of_each_traject(world: World) -> None:
    zones = ("America/Curacao", "Europe/Amsterdam", "Pacific/Auckland")
    ids = {zone: world.starts(zone.rpartition("/")[2].lower(), zone=zone) for zone in zones}
    for traject_id in ids.values():
        world.sweeps(traject_id, MONDAY)
    (due_on,) = {row["next_look_on"] for row in world.rows("traject")}

    def due_at(hour: int, day: date = due_on) -> list[int]:
        with read_scope(world.engine) as session:
            return claim_due(session, datetime.combine(day, time(hour), UTC), 10)

    assert due_at(1) == [ids["Europe/Amsterdam"], ids["Pacific/Auckland"]]  # in Curaçao it is the evening before
    assert due_at(5) == list(ids.values())
    assert due_at(13, due_on - timedelta(days=1)) == [ids["Pacific/Auckland"]]


@on_postgresql
def test_a_worker_leaves_out_what_another_one_has_claimed(world: World) -> None:
    ids = [world.starts(f"t{n}") for n in range(3)]
    due_on = world.rows("traject")[0]["next_look_on"]

    with write_scope(world.engine) as first:
        mine = claim_due(first, b.at(due_on), 2)
        with write_scope(world.engine) as second:
            theirs = claim_due(second, b.at(due_on), 2)

    assert (mine, theirs) == (ids[:2], ids[2:])


@on_sqlite  # the planner of PostgreSQL rightly reads a small table whole
@pytest.mark.parametrize(
    "look",
    [
        pytest.param(lambda session: claim_due(session, b.at(MONDAY), 10), id="sweep"),
        pytest.param(lambda session: list_due_steps(session, MONDAY, OPENING), id="due-steps"),
        pytest.param(lambda session: outbox.claim(session, "me", b.at(MONDAY), 10, 600), id="outbox"),
        pytest.param(lambda session: must_hold(session.connection(), 1, b.at(MONDAY), 9, in_sweep=True), id="brake"),
    ],
)
def test_what_is_asked_all_day_is_found_by_index(world: World, look: Any) -> None:
    with write_scope(world.engine) as session, Watched(world.engine) as watched:
        look(session)

    with read_scope(world.engine) as session:
        plans = [
            row[3]
            for statement, values in watched.reads
            for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert plans
    assert not [line for line in plans if line.startswith("SCAN")]


# --- people ---------------------------------------------------------------------------------------------


def test_people_of_the_traject_itself_stand_in_for_those_of_all_trajects(world: World) -> None:
    traject_id, other_id = world.starts("een"), world.starts("twee")

    def bind(session: Any) -> None:
        own = save_person(session, name="Eigen", email="eigen@voorbeeld.nl", hears=HearsWhen.WEEKLY, language="en")
        bind_role(session, RoleId("maker"), own, traject_id)
        bind_role(session, RoleId("boss"), own)
        set_absence(session, own, date(2027, 7, 1), date(2027, 7, 9))
        set_absence(session, own, date(2027, 2, 1), date(2027, 2, 3))

    in_transaction(world.engine, bind)

    with read_scope(world.engine) as session:
        here, there = load_people(session, traject_id), load_people(session, other_id)
    assert [person.id for person in here[RoleId("maker")]] == ["p5"]
    assert [person.id for person in there[RoleId("maker")]] == ["p1"]
    assert [person.id for person in here[RoleId("boss")]] == ["p2", "p5"]
    own = here[RoleId("maker")][0]
    assert (own.hears, own.language) == (HearsWhen.WEEKLY, "en")
    assert [absence.begins_on for absence in own.away] == [date(2027, 2, 1), date(2027, 7, 1)]


def test_reopening_forgets_what_was_told_and_tells_nobody_twice(engine: Engine) -> None:
    """A pinned date holds everything where it is, so that only the two states change and come back."""
    world = World(engine, chain(2))
    traject_id = world.starts()
    world.happens(traject_id, DatePinned(key=b.key("s2"), start_on=NEXT_WEEK, reason="afgesproken"), b.at(MONDAY))
    world.happens(traject_id, StepFinished(key=b.key("s1"), by="p4"), b.at(MONDAY))
    before = world.rows("notice")

    world.happens(traject_id, StepReopened(key=b.key("s1"), reason="fout", by="p4", also=()), b.at(MONDAY))
    world.happens(traject_id, StepFinished(key=b.key("s1"), by="p4"), b.at(MONDAY))

    assert world.rows("notice") == before
    assert {row["id"] for row in world.rows("message")} == {row["message_id"] for row in before}
