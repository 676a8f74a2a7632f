"""What people do to statutory terms and to cycles: from which day, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from regie.core.changes import Changes
from regie.core.conditions import parse
from regie.core.definition import Anchor, Case, ItemList, Kind, Question, QuestionKind, Rhythm, Term
from regie.core.events import (
    AnchorMoved,
    ClockResumed,
    ClockStopped,
    CycleClosed,
    DatePinned,
    Event,
    GateDecided,
    ItemsChanged,
    PartnerAsked,
    PutForDecision,
    StepFinished,
    StepStarted,
    StepWaived,
    Tick,
)
from regie.core.ids import AnchorId, ListId, QuestionId, RoleId
from regie.core.lines import WHOLE_CYCLE
from regie.core.span import Span
from regie.core.terms import Suspension, TermKind
from regie.core.traject import AnchorDates, CycleState, Item
from regie.errors import Conflict, NotFound, Refused
from tests.support.builders import (
    LEGAL,
    MONDAY,
    after,
    definition,
    gate,
    key,
    occurrence,
    only_cycle,
    rule,
    started,
    step,
)

D = date.fromisoformat
CLOSED = CycleClosed(reason="de locatie gaat niet door", by="lead")
APPLIED_ON = D("2027-03-10")
"""Case 1 of the dossier: eight weeks from this day end by law on 10 May 2027, by plain counting on 5 May."""
EIGHT_WEEKS = Term(Span.parse("8w"), TermKind.LAW)
OPENING = {"opening": Anchor(AnchorId("opening"), {"nl": "Eerste bewoners"})}


@pytest.fixture
def permit() -> Changes:
    whole = definition(
        step("aanvraag"), step("besluit", None, ["aanvraag"], terms=(Case(EIGHT_WEEKS),)), calendar=LEGAL
    )
    return after(started(whole, APPLIED_ON), APPLIED_ON, StepFinished(key=key("aanvraag")))


def stop(**more: date) -> ClockStopped:
    return ClockStopped(key=key("besluit"), reason="gegevens ontbreken", **more)


def resume(on: str | None = None) -> ClockResumed:
    return ClockResumed(key=key("besluit"), on=D(on) if on else None)


def legal_on(changes: Changes) -> date | None:
    planned = occurrence(changes, "besluit").planned
    return planned.legal_on if planned else None


# --- a term that stands still ------------------------------------------------------------------------


def test_term_stands_still_from_the_day_after_the_request_until_the_day_of_completion(permit: Changes) -> None:
    assert legal_on(permit) == D("2027-05-10")

    asked = after(permit, D("2027-03-17"), stop(requested_on=D("2027-03-15")))
    completed = after(asked, D("2027-03-30"), resume("2027-03-29"))

    assert occurrence(asked, "besluit").suspensions == (Suspension(D("2027-03-16"), None, "gegevens ontbreken"),)
    # 16 up to and including 28 March: thirteen days after 5 May, and 18 May is an ordinary day
    assert legal_on(completed) == D("2027-05-18")


def test_request_is_of_today_when_no_day_is_said(permit: Changes) -> None:
    asked = after(permit, D("2027-03-15"), stop())

    assert occurrence(asked, "besluit").suspensions[0].begins_on == D("2027-03-16")
    assert legal_on(asked) == legal_on(permit)
    # that evening nothing stood still yet; on the 18th two days did, and the clock may run again that day
    assert legal_on(after(asked, D("2027-03-16"), Tick())) == D("2027-05-10")
    assert legal_on(after(asked, D("2027-03-25"), Tick())) == D("2027-05-14")


def test_on_another_ground_the_term_stands_still_from_the_day_that_is_said(permit: Changes) -> None:
    stopped = after(permit, D("2027-03-17"), stop(on=D("2027-03-15")))

    assert occurrence(stopped, "besluit").suspensions[0].begins_on == D("2027-03-15")
    assert legal_on(after(stopped, D("2027-03-29"), resume())) == D("2027-05-19")


def test_application_that_is_completed_on_the_day_of_the_request_loses_no_day(permit: Changes) -> None:
    again = after(permit, D("2027-03-15"), stop(), resume(), stop(), resume())

    stood_still = Suspension(D("2027-03-16"), D("2027-03-16"), "gegevens ontbreken")
    assert occurrence(again, "besluit").suspensions == (stood_still, stood_still)
    assert legal_on(again) == D("2027-05-10")


@pytest.mark.parametrize(
    ("events", "code"),
    [
        pytest.param([stop(requested_on=D("2027-03-18"))], "date-in-the-future", id="request-of-tomorrow"),
        pytest.param([stop(on=D("2027-03-18"))], "date-in-the-future", id="still-from-tomorrow"),
        pytest.param([stop(on=D("2027-03-15"), requested_on=D("2027-03-15"))], "two-days-said", id="two-days"),
        pytest.param([stop(), stop()], "already-suspended", id="stopped-twice-on-a-day"),
        pytest.param(
            [stop(requested_on=D("2027-03-15")), resume("2027-03-14")], "dates-reversed", id="completed-before-asked"
        ),
    ],
)
def test_days_that_cannot_be_are_refused(permit: Changes, events: list[ClockStopped], code: str) -> None:
    with pytest.raises(Refused) as refused:
        after(permit, D("2027-03-17"), *events)

    assert refused.value.code == code


# --- what is no change ------------------------------------------------------------------------------


def test_nothing_happened_before_the_cycle_began(permit: Changes) -> None:
    with pytest.raises(Refused) as refused:
        after(permit, D("2027-03-17"), StepFinished(key=key("besluit"), on=D("2020-01-01")))

    assert refused.value.code == "date-before-cycle"


def test_term_that_waits_for_an_application_does_not_stand_still() -> None:
    waiting = started(
        definition(step("aanvraag", "5wd"), step("besluit", needs=["aanvraag"], terms=(Case(EIGHT_WEEKS),)))
    )

    with pytest.raises(Refused) as refused:
        after(waiting, D("2027-01-05"), stop())

    assert refused.value.code == "step-not-ready"


def test_anchor_that_stays_where_it_is_and_pin_that_is_not_there_are_no_change() -> None:
    town = started(definition(step("a", "5wd"), anchors=OPENING), targets={"opening": D("2028-03-01")})

    for event, code in (
        (AnchorMoved(anchor=AnchorId("opening"), target=D("2028-03-01"), reason="x"), "anchor-unmoved"),
        (DatePinned(key=key("a")), "not-pinned"),
    ):
        with pytest.raises(Refused) as refused:
            after(town, D("2027-01-05"), event)
        assert refused.value.code == code


# --- somebody else was first -------------------------------------------------------------------------


def test_anchor_that_was_seen_on_another_day_is_not_moved() -> None:
    town = started(definition(step("a", "5wd"), anchors=OPENING), targets={"opening": D("2028-03-01")})
    seen = only_cycle(town).anchors[AnchorId("opening")]
    move = AnchorMoved(anchor=AnchorId("opening"), target=D("2028-04-03"), reason="x", seen=seen)
    moved = after(town, D("2027-01-05"), move)

    assert only_cycle(moved).anchor_on(AnchorId("opening")) == D("2028-04-03")
    with pytest.raises(Conflict) as refused:
        after(moved, D("2027-01-05"), replace(move, target=D("2028-05-01")))
    assert (refused.value.code, refused.value.facts["on"]) == ("anchor-changed", D("2028-04-03"))


def test_anchor_that_was_seen_without_a_date_and_has_one_is_not_moved() -> None:
    town = started(definition(step("a", "5wd"), anchors=OPENING), targets={"opening": D("2028-03-01")})
    blind = AnchorMoved(anchor=AnchorId("opening"), target=D("2028-04-03"), reason="x", seen=AnchorDates())

    with pytest.raises(Conflict, match="somebody else") as refused:
        after(town, D("2027-01-05"), blind)
    assert refused.value.code == "anchor-changed"


def test_list_that_was_seen_with_other_items_is_not_changed() -> None:
    whole = definition(
        step("w", for_each=ListId("arrival")), lists={"arrival": ItemList(ListId("arrival"), {"nl": "Aankomst"})}
    )
    first, second = Item("eerste", D("2027-02-01"), 10), Item("tweede", D("2027-03-01"), 30)
    grow = ItemsChanged(list=ListId("arrival"), items=(first,), seen=())
    town = after(started(whole), D("2027-01-05"), grow)

    assert only_cycle(after(town, D("2027-01-05"), replace(grow, items=(first, second), seen=(first,)))).items == {
        "arrival": (first, second)
    }
    with pytest.raises(Conflict) as refused:
        after(town, D("2027-01-05"), replace(grow, items=(second,)))
    assert (refused.value.code, refused.value.facts["list"]) == ("list-changed", "arrival")


@pytest.mark.parametrize("typed", ["openig", "eerste bewoner"])
def test_anchor_that_is_misspelt_is_guessed_by_its_id_or_its_title(typed: str) -> None:
    town = started(definition(step("a", "5wd"), anchors=OPENING), targets={"opening": D("2028-03-01")})

    with pytest.raises(NotFound) as refused:
        after(town, D("2027-01-05"), AnchorMoved(anchor=AnchorId(typed), target=D("2028-04-03"), reason="x"))

    assert refused.value.facts["close"] == ["opening"]


# --- a cycle that is closed --------------------------------------------------------------------------


@pytest.fixture
def town() -> Changes:
    """Steps in every state there is."""
    building = Question(QuestionId("gebouw"), {}, QuestionKind.YES_NO)
    whole = definition(
        step("klaar"),
        step("bezig"),
        step("vraag"),
        step("later", needs=["bezig"]),
        step("nu"),
        step("overgeslagen"),
        step("nvt", when=parse("gebouw = true")),
        step("besluit", "0wd", gate=gate(go="opens", hold="waits")),
        step("tafel", "0wd", gate=gate()),
        step("maandelijks", repeats=(Rhythm(Span.parse("1m"), opens=rule("on start")),)),
        questions={building.id: building},
    )
    held = GateDecided(key=key("besluit"), outcome="hold", decided_by="raad", reason="geld", held_until=D("2027-03-01"))
    return after(
        started(whole, answers={"gebouw": "nee"}),
        MONDAY,
        StepFinished(key=key("klaar")),
        StepStarted(key=key("bezig")),
        PartnerAsked(key=key("vraag"), role=RoleId("other")),
        StepWaived(key=key("overgeslagen"), reason="niet nodig", approved_by="lead"),
        PutForDecision(key=key("tafel")),
        held,
    )


def test_closed_cycle_withdraws_what_is_open_and_keeps_what_was_done(town: Changes) -> None:
    closed = after(town, MONDAY, CLOSED)

    cycle = only_cycle(closed)
    assert (cycle.state, cycle.ended_because) == (CycleState.ENDED, "de locatie gaat niet door")
    states = {str(name): each.state.value for name, each in cycle.occurrences.items()}
    was = {str(name): each.state for name, each in only_cycle(town).occurrences.items()}
    assert {name for name, state in states.items() if state == "withdrawn"} == {
        name for name, state in was.items() if state.is_open
    }
    assert {name: states[name] for name in ("klaar", "overgeslagen", "nvt")} == {
        "klaar": "done",
        "overgeslagen": "waived",
        "nvt": "not applicable",
    }
    assert occurrence(closed, "bezig").out == "de locatie gaat niet door"
    assert occurrence(closed, "bezig").started_on == MONDAY
    assert not closed.traject.running()
    assert closed.next_look_on is None


def test_who_had_work_hears_once_that_the_cycle_was_closed_and_nobody_hears_of_its_steps(town: Changes) -> None:
    closed = after(town, MONDAY, CLOSED)

    lines = [line for message in closed.messages for line in message.lines]
    assert {(line.kind, line.key) for line in lines} == {(Kind.ENDED, WHOLE_CYCLE)}
    assert len({message.to for message in closed.messages}) == len(closed.messages) > 0
    assert after(closed, D("2027-12-01"), Tick()).is_empty


@pytest.mark.parametrize(
    "event", [CLOSED, StepFinished(key=key("nu")), StepStarted(key=key("nu"))], ids=lambda each: type(each).__name__
)
def test_closed_cycle_takes_nothing_any_more(town: Changes, event: Event) -> None:
    closed = after(town, MONDAY, CLOSED)

    with pytest.raises(Refused, match="cycle 1 has ended: de locatie gaat niet door") as refused:
        after(closed, MONDAY, event)

    assert refused.value.code == "cycle-ended"


def test_cycle_is_not_closed_without_a_reason(town: Changes) -> None:
    with pytest.raises(Refused, match="say why cycle 1 ends") as refused:
        after(town, MONDAY, CycleClosed(reason=" \n"))

    assert refused.value.code == "reason-missing"


def test_cycle_that_is_not_there_is_not_closed(town: Changes) -> None:
    with pytest.raises(NotFound):
        after(town, MONDAY, CycleClosed(reason="x", cycle=2))
