"""States and what people do: readiness, gates, conditions, joins, recurrence, items, reopening."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regie.core.conditions import parse
from regie.core.definition import (
    Anchor,
    CycleKind,
    Effect,
    EvidenceRule,
    Gate,
    ItemList,
    Outcome,
    Question,
    QuestionKind,
    RerunCode,
    Rhythm,
    Window,
)
from regie.core.engine import advance
from regie.core.events import (
    AnchorMoved,
    ClockResumed,
    ClockStopped,
    CycleStarted,
    DatePinned,
    DatePromised,
    Event,
    GateDecided,
    ItemsChanged,
    PartnerAsked,
    PutForDecision,
    StepFinished,
    StepReopened,
    StepStarted,
    StepTakenUpAgain,
    StepWaived,
    StepWithdrawn,
    TermExtended,
    Tick,
    WorkResumed,
)
from regie.core.ids import FIRST_ITEM, AnchorId, ListId, QuestionId, RoleId, StepId
from regie.core.opening import open_cycle
from regie.core.span import Span
from regie.core.traject import CycleState, Item, State
from regie.errors import Conflict, NotFound, Refused
from tests.support.builders import (
    MONDAY,
    after,
    at,
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
TUESDAY = MONDAY + timedelta(days=1)


def states(changes) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {str(name): each.state.value for name, each in only_cycle(changes).occurrences.items()}


def finish(name: str, **more) -> StepFinished:  # type: ignore[no-untyped-def]
    return StepFinished(key=key(name), **more)


def decide(name: str, outcome: str, **more) -> GateDecided:  # type: ignore[no-untyped-def]
    return GateDecided(key=key(name), outcome=outcome, decided_by="college", **{"reason": "besproken", **more})


# --- readiness ---------------------------------------------------------------------------------------


def test_only_what_waits_for_nobody_is_ready_at_the_start() -> None:
    town = started(definition(step("a"), step("b", needs=["a"])))

    assert states(town) == {"a": "ready", "b": "not yet"}


def test_successor_is_ready_at_once_when_its_predecessor_finishes() -> None:
    town = after(started(definition(step("a"), step("b", needs=["a"]))), MONDAY, finish("a"))

    assert states(town) == {"a": "done", "b": "ready"}


def test_lag_keeps_the_successor_locked_until_it_has_passed() -> None:
    town = after(started(definition(step("a"), step("b", needs=["fs:a+4w"]))), MONDAY, finish("a"))

    assert states(after(town, MONDAY + timedelta(days=28), Tick()))["b"] == "not yet"
    assert states(after(town, MONDAY + timedelta(days=29), Tick()))["b"] == "ready"


def test_lead_opens_the_successor_while_the_predecessor_is_busy() -> None:
    town = started(definition(step("a", "5wd"), step("b", needs=["fs:a-2wd"])))
    town = after(town, MONDAY, StepStarted(key=key("a")))

    assert states(after(town, MONDAY + timedelta(days=2), Tick()))["b"] == "not yet"
    assert states(after(town, MONDAY + timedelta(days=3), Tick()))["b"] == "ready"


def test_start_to_start_opens_when_the_predecessor_starts() -> None:
    town = started(definition(step("a", "5wd"), step("b", needs=["ss:a"])))

    assert states(town)["b"] == "not yet"
    assert states(after(town, MONDAY, StepStarted(key=key("a"))))["b"] == "ready"


def test_finish_to_finish_lets_work_begin_and_holds_back_the_end() -> None:
    town = started(definition(step("a"), step("b", needs=["ff:a"])))
    town = after(town, MONDAY, StepStarted(key=key("b")))

    with pytest.raises(Refused, match="these must finish first: a") as refusal:
        after(town, MONDAY, finish("b"))
    assert refusal.value.code == "finish-held-back"
    assert states(after(town, MONDAY, finish("a"), finish("b")))["b"] == "done"


def test_step_completed_too_early_names_what_it_waits_for() -> None:
    town = started(definition(step("a"), step("b", needs=["a"])))

    with pytest.raises(Refused, match=r"cannot finish 'b' yet \(it waits for: a\)") as refusal:
        after(town, MONDAY, finish("b"))
    assert refusal.value.code == "step-not-ready"


def test_step_completed_twice_is_refused() -> None:
    town = after(started(definition(step("a"))), MONDAY, finish("a"))

    with pytest.raises(Refused, match="cannot finish 'a': it is done"):
        after(town, MONDAY, finish("a"))


def test_window_locks_until_it_opens() -> None:
    window = Window(opens=rule("10wd before opening"))
    whole = definition(step("a", window=window), anchors={"opening": Anchor(AnchorId("opening"), {"nl": "O"})})
    town = started(whole, targets={"opening": D("2027-03-01")})

    assert states(town)["a"] == "not yet"
    assert town.next_look_on == D("2027-02-15") or town.next_look_on < D("2027-02-15")
    assert states(after(town, D("2027-02-15"), Tick()))["a"] == "ready"


@pytest.mark.parametrize(
    ("at_least", "done", "state"), [(1, ["a"], "ready"), (2, ["a"], "not yet"), (2, ["a", "c"], "ready")]
)
def test_join_opens_when_enough_is_done(at_least: int, done: list[str], state: str) -> None:
    town = started(definition(step("a"), step("b"), step("c"), step("d", needs=["a", "b", "c"], join=at_least)))

    town = after(town, MONDAY, *(finish(name) for name in done))

    assert states(town)["d"] == state


def test_alternative_that_does_not_apply_does_not_open_an_any_join() -> None:
    town = started(definition(step("a"), step("b"), step("d", needs=["a", "b"], join=1)))

    town = after(town, MONDAY, StepWaived(key=key("a"), reason="niet nodig", approved_by="wethouder"))

    assert states(town)["d"] == "not yet"
    assert states(after(town, MONDAY, finish("b")))["d"] == "ready"


def test_nothing_waits_for_ever_when_every_alternative_is_waived() -> None:
    town = started(definition(step("a"), step("d", needs=["a"], join=1)))

    town = after(town, MONDAY, StepWaived(key=key("a"), reason="niet nodig", approved_by="wethouder"))

    assert states(town)["d"] == "ready"


# --- facts and their order ---------------------------------------------------------------------------


def test_order_in_which_facts_arrive_does_not_change_the_states() -> None:
    whole = definition(step("a"), step("b"), step("c", needs=["a", "b"]), step("d", needs=["ff:a", "b"]))
    facts = [
        finish("a"),
        finish("b"),
        StepWaived(key=key("d"), reason="r", approved_by="x"),
        AnchorMoved(anchor=AnchorId("opening"), target=D("2027-09-01")),
    ]
    whole = replace(whole, anchors={AnchorId("opening"): Anchor(AnchorId("opening"), {"nl": "O"})})

    results = [
        (states(town), {name: each.planned for name, each in only_cycle(town).occurrences.items()})
        for order in permutations(facts)
        for town in [after(started(whole), TUESDAY, *order)]
    ]

    assert all(result == results[0] for result in results)


def test_dates_in_the_future_cannot_have_happened() -> None:
    with pytest.raises(Refused, match="today is 2027-01-04"):
        after(started(definition(step("a"))), MONDAY, finish("a", on=TUESDAY))


def test_evidence_that_is_required_is_asked_for() -> None:
    town = started(definition(step("a", evidence=EvidenceRule.REQUIRED)))

    with pytest.raises(Refused, match="needs evidence"):
        after(town, MONDAY, finish("a"))
    assert states(after(town, MONDAY, finish("a", evidence=("https://zaak/1",))))["a"] == "done"


def test_second_of_two_people_is_told_and_nothing_changes() -> None:
    town = started(definition(step("a")))
    fresh = replace(occurrence(town, "a"), version=3)
    traject = replace(town.traject, cycles=(replace(only_cycle(town), occurrences={key("a"): fresh}),))

    with pytest.raises(Conflict, match="changed by somebody else: it is ready now"):
        advance(traject, finish("a", seen_version=2), at(MONDAY))
    assert advance(traject, finish("a", seen_version=3), at(MONDAY)).transitions


def test_unknown_step_says_so() -> None:
    with pytest.raises(NotFound, match="no step 'x' in cycle 1"):
        after(started(definition(step("a"))), MONDAY, finish("x"))


# --- waiting, asking, taking up again ----------------------------------------------------------------


def test_asking_a_partner_and_resuming() -> None:
    town = after(started(definition(step("a"))), MONDAY, PartnerAsked(key=key("a"), role=RoleId("other")))
    assert states(town)["a"] == "waiting for partner"

    town = after(town, MONDAY, WorkResumed(key=key("a")))
    assert states(town)["a"] == "in progress"

    town = after(town, MONDAY, PutForDecision(key=key("a")))
    assert states(town)["a"] == "for decision"


def test_waiving_needs_a_reason_and_can_be_taken_back() -> None:
    town = started(definition(step("a"), step("b", needs=["a"])))
    with pytest.raises(Refused, match="say why"):
        after(town, MONDAY, StepWaived(key=key("a"), reason=" ", approved_by="x"))

    town = after(town, MONDAY, StepWaived(key=key("a"), reason="al geregeld", approved_by="wethouder"))
    assert states(town) == {"a": "waived", "b": "ready"}
    assert occurrence(town, "a").out == "al geregeld (wethouder)"

    assert states(after(town, MONDAY, StepTakenUpAgain(key=key("a")))) == {"a": "ready", "b": "not yet"}


def test_withdrawn_step_holds_nobody_up() -> None:
    town = started(definition(step("a"), step("b", needs=["a"])))

    assert states(after(town, MONDAY, StepWithdrawn(key=key("a"), reason="vervalt"))) == {
        "a": "withdrawn",
        "b": "ready",
    }


def test_reopening_asks_what_to_do_with_what_was_built_on_it() -> None:
    town = started(definition(step("a"), step("b", needs=["a"]), step("c", needs=["b"])))
    town = after(town, MONDAY, finish("a"), finish("b"))

    with pytest.raises(Refused, match="has dependents that were started or finished: b") as refusal:
        after(town, MONDAY, StepReopened(key=key("a"), reason="fout"))
    assert refusal.value.facts["dependents"] == ["b"]

    alone = after(town, MONDAY, StepReopened(key=key("a"), reason="fout", also=()))
    assert states(alone) == {"a": "ready", "b": "done", "c": "ready"}
    both = after(town, MONDAY, StepReopened(key=key("a"), reason="fout", also=(key("b"),)))
    assert states(both) == {"a": "ready", "b": "not yet", "c": "not yet"}
    with pytest.raises(Refused, match="'c' does not depend on 'a'"):
        after(town, MONDAY, StepReopened(key=key("a"), reason="fout", also=(key("c"),)))


# --- gates -------------------------------------------------------------------------------------------


def test_gate_is_decided_not_finished() -> None:
    with pytest.raises(Refused, match="is a gate: it ends with a decision"):
        after(started(definition(step("g", gate=gate()))), MONDAY, finish("g"))


def test_go_opens_the_successors() -> None:
    town = after(started(definition(step("g", gate=gate()), step("b", needs=["g"]))), MONDAY, decide("g", "go"))

    assert states(town) == {"g": "done", "b": "ready"}


def test_hold_keeps_the_gate_with_a_new_date_and_then_it_can_be_passed() -> None:
    town = started(definition(step("g", gate=gate()), step("b", needs=["g"])))
    with pytest.raises(Refused, match="until when"):
        after(town, MONDAY, decide("g", "hold"))

    held = after(town, MONDAY, decide("g", "hold", held_until=D("2027-02-01")))
    assert states(held) == {"g": "ready", "b": "not yet"}
    assert occurrence(held, "g").planned.early_finish == D("2027-02-01")

    passed = after(held, D("2027-02-01"), decide("g", "go"))
    assert states(passed) == {"g": "done", "b": "ready"}


def test_no_go_that_stays_closed_keeps_the_successors_locked() -> None:
    town = after(started(definition(step("g", gate=gate()), step("b", needs=["g"]))), MONDAY, decide("g", "no-go"))

    assert states(town) == {"g": "ready", "b": "not yet"}


def test_no_go_ends_the_cycle_and_keeps_the_record() -> None:
    ending = gate(go="opens", no_go="ends the cycle")
    town = started(definition(step("a"), step("g", gate=ending), step("b", needs=["g"])))
    town = after(town, MONDAY, finish("a"), decide("g", "no-go"))

    assert only_cycle(town).state is CycleState.ENDED
    assert states(town) == {"a": "done", "g": "done", "b": "withdrawn"}
    with pytest.raises(Refused, match="cycle 1 has ended"):
        after(town, MONDAY, finish("b"))


def test_no_go_ends_only_the_region_that_it_names() -> None:
    ends = Outcome("no-go", {"nl": "No-go"}, Effect.ENDS_STEPS, ends=(StepId("b"),))
    go = Outcome("go", {"nl": "Go"}, Effect.OPENS)
    town = started(
        definition(
            step("g", gate=Gate("lead", {"go": go, "no-go": ends})),
            step("b", needs=["g"]),
            step("c", needs=["b"]),
        )
    )
    town = after(town, MONDAY, decide("g", "no-go"))

    assert states(town) == {"g": "done", "b": "withdrawn", "c": "ready"}


def test_outcome_that_is_not_declared_is_refused_with_those_that_are() -> None:
    with pytest.raises(Refused, match="one of: go, hold, no-go"):
        after(started(definition(step("g", gate=gate()))), MONDAY, decide("g", "misschien"))


def test_decision_that_asks_for_another_cycle_says_so() -> None:
    more = Outcome("uitbreiden", {"nl": "Uitbreiden"}, Effect.OPENS, opens_cycle="improvement")
    town = started(definition(step("g", gate=Gate("lead", {"uitbreiden": more}))))

    assert after(town, MONDAY, decide("g", "uitbreiden")).wants_cycle == "improvement"


# --- conditions --------------------------------------------------------------------------------------

BUILDING = Question(QuestionId("gebouw"), {"nl": "?"}, QuestionKind.ONE_OF, ("bestaand", "nieuw"))


def test_step_whose_condition_is_false_does_not_apply_and_says_why() -> None:
    whole = definition(
        step("a", when="gebouw = nieuw"),
        step("b", needs=["a"]),
        step("c", only_with=StepId("a")),
        questions={BUILDING.id: BUILDING},
    )
    town = started(whole, answers={"gebouw": "bestaand"})

    assert states(town) == {"a": "not applicable", "b": "ready", "c": "not applicable"}
    assert occurrence(town, "a").out == "gebouw = nieuw"


def test_condition_on_a_gate_is_open_until_the_gate_decides() -> None:
    whole = definition(step("g", gate=gate()), step("b", needs=["g"], when="g = go"))
    town = started(whole)
    assert states(town)["b"] == "not yet"

    assert states(after(town, MONDAY, decide("g", "go")))["b"] == "ready"


def test_answers_that_are_wrong_or_missing_are_all_named() -> None:
    number = Question(QuestionId("plekken"), {"nl": "Hoeveel?"}, QuestionKind.NUMBER, low=1, high=10)
    whole = definition(step("a"), questions={BUILDING.id: BUILDING, number.id: number})

    with pytest.raises(Refused) as refusal:
        started(whole, answers={"plekken": "99", "kleur": "rood"})
    assert len(refusal.value.facts["problems"]) == 3


# --- recurrence and items ----------------------------------------------------------------------------

OPENING = {"opening": Anchor(AnchorId("opening"), {"nl": "Opening"}, set_by=StepId("open"))}
MONTHLY = (Rhythm(Span.parse("1m"), opens=rule("on opening")),)


def test_periods_hang_on_their_anchor_and_open_one_by_one() -> None:
    whole = definition(step("open"), step("r", repeats=MONTHLY), anchors=OPENING)
    town = started(whole, targets={"opening": D("2027-02-01")})

    assert [name for name in states(town) if name.startswith("r@")] == ["r@1", "r@2", "r@3"]
    assert occurrence(town, "r@1").planned.early_start == D("2027-02-01")
    assert occurrence(town, "r@1").planned.due_on == D("2027-02-26")
    assert occurrence(town, "r@2").planned.early_start == D("2027-03-01")

    moved = after(town, MONDAY, AnchorMoved(anchor=AnchorId("opening"), target=D("2027-03-01")))
    assert occurrence(moved, "r@1").planned.early_start == D("2027-03-01")


def test_first_finished_period_is_enough_for_a_successor_and_later_ones_reset_nothing() -> None:
    whole = definition(step("open"), step("r", repeats=MONTHLY), step("s", needs=["r"]), anchors=OPENING)
    town = started(whole, targets={"opening": MONDAY})
    town = after(town, MONDAY, finish("open"), finish("r@1"))
    assert states(town)["s"] == "ready"

    town = after(town, D("2027-02-04"), finish("s"), Tick())
    assert states(town)["s"] == "done"
    assert states(town)["r@2"] == "ready"


def test_parent_waits_for_the_parts_that_fall_due_in_its_own_period() -> None:
    quarterly = (Rhythm(Span.parse("3m"), opens=rule("on opening")),)
    half_yearly = (Rhythm(Span.parse("6m"), opens=rule("on opening")),)
    whole = definition(
        step("open"),
        step("quarter", repeats=quarterly),
        step("half", repeats=half_yearly),
        step("all", repeats=quarterly, needs=["ff:quarter", "ff:half"]),
        anchors=OPENING,
    )
    town = started(whole, targets={"opening": MONDAY})
    town = after(town, MONDAY, finish("open"), finish("quarter@1"))
    first = after(town, MONDAY, finish("all@1"))
    assert states(first)["all@1"] == "done"

    second = after(first, D("2027-04-05"), Tick(), finish("quarter@2"))
    with pytest.raises(Refused, match="these must finish first: half@1"):
        after(second, D("2027-04-05"), finish("all@2"))


def test_recurrence_stops_at_its_end_and_goes_on_in_the_next_rhythm() -> None:
    rhythms = (
        Rhythm(Span.parse("1m"), opens=rule("on opening"), until=rule("2m after opening")),
        Rhythm(Span.parse("3m")),
    )
    whole = definition(step("open"), step("r", repeats=rhythms), anchors=OPENING)
    town = started(whole, targets={"opening": MONDAY})
    town = after(town, D("2027-08-01"), Tick())

    opens = [occurrence(town, f"r@{number}").planned for number in (1, 2, 3, 4)]
    assert [each.due_on for each in opens] == [
        D("2027-02-03"),
        D("2027-03-03"),
        D("2027-06-03"),
        D("2027-09-03"),
    ]


def test_list_grows_and_shrinks_while_the_traject_runs() -> None:
    arrivals = {"arrival": ItemList(ListId("arrival"), {"nl": "Instroom"}, first_on=AnchorId("opening"))}
    whole = definition(
        step("open"),
        step("w", for_each=ListId("arrival"), due="5wd after arrival"),
        step("x", for_each=ListId("arrival"), needs=["w"]),
        anchors=OPENING,
        lists=arrivals,
    )
    town = started(whole, targets={"opening": D("2027-02-01")})
    assert "w@eerste" in states(town)
    assert occurrence(town, "w@eerste").planned.due_on == D("2027-02-08")

    items = (Item("eerste", D("2027-02-01")), Item("tweede", D("2027-03-01"), 30))
    town = after(town, MONDAY, ItemsChanged(list=ListId("arrival"), items=items))
    assert occurrence(town, "w@tweede").planned.due_on == D("2027-03-08")
    assert states(after(town, MONDAY, finish("w@tweede")))["x@tweede"] == "ready"
    assert states(after(town, MONDAY, finish("w@tweede")))["x@eerste"] == "not yet"

    town = after(town, MONDAY, ItemsChanged(list=ListId("arrival"), items=items[:1]))
    assert states(town)["w@tweede"] == "not applicable"


# --- anchors, dates, terms ---------------------------------------------------------------------------


def test_step_makes_its_anchor_happen_and_reopening_takes_it_back() -> None:
    town = started(definition(step("open"), anchors=OPENING), targets={"opening": D("2027-02-01")})
    town = after(town, TUESDAY, finish("open"))
    assert only_cycle(town).anchors[AnchorId("opening")].actual == TUESDAY
    with pytest.raises(Refused, match="happened on"):
        after(town, TUESDAY, AnchorMoved(anchor=AnchorId("opening"), target=D("2027-05-01")))

    town = after(town, TUESDAY, StepReopened(key=key("open"), reason="vergissing", also=()))
    assert only_cycle(town).anchors[AnchorId("opening")].actual is None
    assert only_cycle(town).anchors[AnchorId("opening")].target == D("2027-02-01")


def test_anchor_cannot_move_into_the_past() -> None:
    town = started(definition(step("open"), anchors=OPENING), targets={"opening": D("2027-02-01")})

    with pytest.raises(Refused, match="that day is past"):
        after(town, TUESDAY, AnchorMoved(anchor=AnchorId("opening"), target=MONDAY))


def test_pin_needs_a_reason_and_can_be_taken_away() -> None:
    town = started(definition(step("a", "5wd")))
    with pytest.raises(Refused, match="say why"):
        after(town, MONDAY, DatePinned(key=key("a"), start_on=D("2027-02-01")))

    pinned = after(town, MONDAY, DatePinned(key=key("a"), start_on=D("2027-02-01"), reason="zaal"))
    assert occurrence(pinned, "a").planned.early_start == D("2027-02-01")
    assert occurrence(after(pinned, MONDAY, DatePinned(key=key("a"))), "a").planned.early_start == MONDAY


def test_promise_is_kept_apart_from_the_due_date() -> None:
    town = started(definition(step("a", "5wd", due="10wd after start")))
    town = after(town, MONDAY, DatePromised(key=key("a"), on=D("2027-02-01")))

    found = occurrence(town, "a")
    assert (found.promised_on, found.planned.due_on) == (D("2027-02-01"), D("2027-01-18"))


def test_clock_of_a_step_without_term_cannot_be_stopped() -> None:
    town = started(definition(step("a")))

    for event in (
        ClockStopped(key=key("a"), reason="x"),
        ClockResumed(key=key("a")),
        TermExtended(key=key("a"), reason="x"),
    ):
        with pytest.raises(Refused):
            after(town, MONDAY, event)


# --- time --------------------------------------------------------------------------------------------


def test_sweeping_twice_on_a_day_changes_nothing() -> None:
    town = after(started(definition(step("a", due="5wd after start"), step("b", needs=["a"]))), D("2027-01-20"), Tick())

    again = after(town, D("2027-01-20"), Tick())

    assert again.is_empty


def test_clock_that_goes_back_does_nothing() -> None:
    town = after(started(definition(step("a"))), D("2027-01-20"), Tick())

    back = after(town, D("2027-01-19"), Tick())

    assert back.clock_went_back
    assert back.is_empty


@settings(max_examples=30)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_extra_sweeps_in_between_add_nothing(days: list[int]) -> None:
    whole = definition(step("a", due="10wd after start", accountable=RoleId("boss")), step("b", needs=["a"]))
    town, told = started(whole), set()
    for offset in sorted(days):
        town = after(town, MONDAY + timedelta(days=offset), Tick())
        lines = [(message.to, line.told_as, line.due_on) for message in town.messages for line in message.lines]
        assert not told & set(lines)
        told |= set(lines)


def test_what_happens_in_one_cycle_keeps_the_day_on_which_another_must_be_looked_at() -> None:
    whole = definition(
        step("a", window=Window(opens=rule("20wd after start"))),
        step("far", window=Window(opens=rule("200wd after start"))),
    )
    town = started(whole)
    first_look = town.next_look_on
    cycle = open_cycle(
        whole, start_on=TUESDAY, answers={}, targets={}, number=2, kind="improvement", parent=only_cycle(town)
    )
    traject = replace(town.traject, cycles=(*town.traject.cycles, cycle))

    town = advance(traject, CycleStarted(cycle=2), at(TUESDAY))
    town = advance(town.traject, StepWaived(key=key("a"), cycle=2, reason="x", approved_by="y"), at(TUESDAY))

    assert first_look is not None
    assert town.next_look_on == first_look


# --- reruns ------------------------------------------------------------------------------------------


def test_rerun_drops_keeps_redoes_and_lets_run_on() -> None:
    whole = definition(
        step("a", rerun={"improvement": RerunCode.DROP}),
        step("b", rerun={"improvement": RerunCode.KEEP}),
        step("c", needs=["a", "b"], rerun={"improvement": RerunCode.REDO}),
        step("r", repeats=MONTHLY, rerun={"improvement": RerunCode.RUNS_ON}),
        step("open", rerun={"improvement": RerunCode.DROP}),
        anchors=OPENING,
    )
    town = after(started(whole), MONDAY, finish("b"))
    cycle = open_cycle(
        whole, start_on=TUESDAY, answers={}, targets={}, number=2, kind="improvement", parent=only_cycle(town)
    )
    traject = replace(town.traject, cycles=(*town.traject.cycles, cycle))
    second = advance(traject, CycleStarted(cycle=2), at(TUESDAY)).traject.cycles[1]

    found = {str(name): each.state for name, each in second.occurrences.items()}
    assert found == {"a": State.DROPPED, "b": State.DONE, "c": State.READY, "open": State.DROPPED}
    assert second.occurrences[key("b")].kept_from == 1


def test_condition_that_names_nothing_known_is_never_true_nor_false() -> None:
    from regie.core.conditions import holds

    assert holds(parse("x = y"), {}) is None


@pytest.mark.parametrize(
    ("event", "look"),
    [
        pytest.param(StepStarted(key=key("a")), "2027-01-11", id="work-that-runs-past-its-planned-end"),
        pytest.param(
            DatePinned(key=key("a"), start_on=date(2027, 1, 20), reason="afspraak"), "2027-01-21", id="pin-that-passes"
        ),
    ],
)
def test_plan_is_looked_at_again_when_a_day_it_counts_on_passes_though_nothing_is_due(event: Event, look: str) -> None:
    changes = after(started(definition(step("a", "5wd"), step("b", "3wd", ["a"]))), MONDAY, event)

    assert changes.traject.next_look_on == date.fromisoformat(look)
    later = after(changes, date(2027, 2, 1), Tick())
    assert occurrence(later, "b").planned.early_start >= date(2027, 2, 2)


def test_lead_counts_from_the_plan_that_a_change_leads_to_not_from_the_one_before() -> None:
    town = started(definition(step("a", "10wd"), step("b", "1wd", ["fs:a-3wd"])))
    town = after(town, D("2027-01-06"), StepStarted(key=key("a")))
    assert occurrence(town, "b").state is State.NOT_YET

    town = after(town, D("2027-01-06"), DatePinned(key=key("a"), finish_on=D("2027-01-07"), reason="eerder klaar"))

    assert occurrence(town, "b").state is State.READY


def test_next_period_exists_as_soon_as_the_one_before_is_finished() -> None:
    yearly = step("jaarverslag", repeats=(Rhythm(Span.parse("1y"), rule("on start")),))
    town = started(definition(yearly))
    assert [str(each) for each in only_cycle(town).occurrences] == ["jaarverslag@1"]

    town = after(town, MONDAY, StepFinished(key=key("jaarverslag@1")))

    assert [str(each) for each in only_cycle(town).occurrences] == ["jaarverslag@1", "jaarverslag@2"]


def test_companion_comes_back_at_once_with_the_step_that_it_belongs_to() -> None:
    whole = definition(
        step("g", gate=gate(go="opens", small="opens")),
        step("zaal", when="g = go"),
        step("stoelen", only_with=StepId("zaal")),
    )
    town = after(started(whole), MONDAY, GateDecided(key=key("g"), outcome="small", decided_by="raad"))
    assert occurrence(town, "stoelen").state is State.NOT_APPLICABLE

    town = after(town, MONDAY, StepReopened(key=key("g"), reason="opnieuw bekeken"))

    assert occurrence(town, "stoelen").state is State.READY


def test_companion_leaves_when_a_person_or_a_gate_leaves_out_its_step() -> None:
    ends = Gate("lead", {"no": Outcome("no", {"nl": "nee"}, Effect.ENDS_STEPS, (StepId("zaal"),))})
    whole = definition(step("g", gate=ends), step("zaal"), step("stoelen", only_with=StepId("zaal")))

    waived = after(started(whole), MONDAY, StepWaived(key=key("zaal"), reason="is er al", approved_by="raad"))
    decided = GateDecided(key=key("g"), outcome="no", decided_by="raad", reason="te duur")

    assert occurrence(waived, "stoelen").state is State.NOT_APPLICABLE
    assert occurrence(after(started(whole), MONDAY, decided), "stoelen").state is State.NOT_APPLICABLE


def test_rerun_drops_a_recurring_step_and_one_for_each_item_whole() -> None:
    drop = {"improvement": RerunCode.DROP}
    monthly = (Rhythm(Span.parse("1m"), rule("on start")),)
    whole = definition(
        step("overleg", repeats=monthly, rerun=drop),
        step("ontvangst", for_each=ListId("arrival"), rerun=drop),
        step("slot", needs=["overleg", "ontvangst"]),
        lists={"arrival": ItemList(ListId("arrival"), {"nl": "Instroom"}, AnchorId("start"))},
    )
    town = started(whole)
    again = open_cycle(
        whole, start_on=MONDAY, answers={}, targets={}, number=2, kind="improvement", parent=only_cycle(town)
    )
    both = replace(town.traject, cycles=(*town.traject.cycles, again))

    second = advance(both, CycleStarted(cycle=2), at(MONDAY)).traject.cycles[1]

    assert {str(each.key): each.state for each in second.occurrences.values()} == {
        "overleg": State.DROPPED,
        "ontvangst": State.DROPPED,
        "slot": State.READY,
    }


def test_step_that_was_put_up_for_decision_is_finished_when_that_is_over() -> None:
    town = after(started(definition(step("a"))), MONDAY, PutForDecision(key=key("a")), StepFinished(key=key("a")))

    assert occurrence(town, "a").state is State.DONE


def test_waiving_names_who_approved_it() -> None:
    with pytest.raises(Refused) as refusal:
        after(started(definition(step("a"))), MONDAY, StepWaived(key=key("a"), reason="dubbel", approved_by=" "))

    assert refusal.value.code == "approver-missing"


@pytest.mark.parametrize(
    ("start_on", "keeps", "is_kept"),
    [
        ("2028-01-04", "1y", True),
        ("2028-01-05", "1y", False),
        ("2027-01-18", "10wd", True),
        ("2027-01-19", "10wd", False),
    ],
)
def test_rerun_keeps_no_result_past_its_shelf_life(start_on: str, keeps: str, is_kept: bool) -> None:
    whole = definition(step("a", keeps=Span.parse(keeps), rerun={"improvement": RerunCode.KEEP}))
    town = after(started(whole), MONDAY, finish("a"))

    again = open_cycle(
        whole, start_on=D(start_on), answers={}, targets={}, number=2, kind="improvement", parent=only_cycle(town)
    )

    assert (key("a") in again.occurrences) is is_kept


def test_rerun_keeps_the_latest_result_in_its_line_although_the_cycle_between_dropped_the_step() -> None:
    codes = {"improvement": RerunCode.DROP, "expansion": RerunCode.KEEP}
    kinds = {name: CycleKind(name, {"nl": name}) for name in codes}
    whole = definition(step("a", rerun=codes), step("b", rerun=codes), cycle_kinds=kinds)
    first = only_cycle(after(started(whole), MONDAY, finish("a")))
    opening = {"start_on": TUESDAY, "answers": {}, "targets": {}}
    second = open_cycle(whole, **opening, number=2, kind="improvement", parent=first)  # type: ignore[arg-type]

    third = open_cycle(whole, **opening, number=3, kind="expansion", parent=second, earlier=(first, second))  # type: ignore[arg-type]

    assert {str(each): found.kept_from for each, found in third.occurrences.items()} == {"a": 1}


def test_rerun_does_a_step_with_a_legal_basis_again_although_it_may_be_kept() -> None:
    keep = {"improvement": RerunCode.KEEP}
    whole = definition(step("a", rerun=keep, legal_basis=("Gemeentewet 169",)), step("b", rerun=keep))
    town = after(started(whole), MONDAY, finish("a"), finish("b"))

    again = open_cycle(
        whole, start_on=TUESDAY, answers={}, targets={}, number=2, kind="improvement", parent=only_cycle(town)
    )

    assert list(again.occurrences) == [key("b")]


def test_first_item_stays_on_its_anchor_when_others_join_it() -> None:
    whole = definition(
        step("ontvangst", for_each=ListId("arrival")),
        lists={"arrival": ItemList(ListId("arrival"), {"nl": "Instroom"}, AnchorId("opening"))},
        anchors={"opening": Anchor(AnchorId("opening"), {"nl": "Opening"})},
    )
    town = started(whole, targets={"opening": D("2027-06-01")})
    items = (Item(FIRST_ITEM), Item("tweede", D("2027-09-01")), Item("derde"))

    town = after(town, MONDAY, ItemsChanged(list=ListId("arrival"), items=items))
    town = after(town, MONDAY, AnchorMoved(anchor=AnchorId("opening"), target=D("2027-07-01")))

    due = {str(each.key): each.planned and each.planned.due_on for each in only_cycle(town).occurrences.values()}
    assert due == {
        "ontvangst@eerste": D("2027-07-01"),
        "ontvangst@tweede": D("2027-09-01"),
        "ontvangst@derde": None,
    }
