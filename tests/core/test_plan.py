"""The working-day rules of the plan, case by case, and the backward pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from regie.core.calendar import EVERY_DAY
from regie.core.definition import Anchor, Case, DateBase, DateRule, Gate, Term, Window
from regie.core.ids import AnchorId, BodyId, StepId
from regie.core.meetings import DecidingBody, Rhythm
from regie.core.reasons import Cause
from regie.core.span import Span
from regie.core.terms import Suspension, TermKind
from regie.core.traject import Occurrence, State
from tests.support.builders import LEGAL, MONDAY, WEEKDAYS, key, plan_of, rule, step

D = date.fromisoformat


@pytest.mark.parametrize(
    ("takes", "relation", "starts", "finishes"),
    [
        pytest.param("3wd", "a", "2027-01-11", "2027-01-13", id="fs-starts-the-next-working-day"),
        pytest.param("3wd", "fs:a+2wd", "2027-01-13", "2027-01-15", id="fs-lag-2wd-starts-on-the-third"),
        pytest.param("3wd", "fs:a-1wd", "2027-01-08", "2027-01-12", id="fs-lead-1wd-starts-on-the-last-day"),
        pytest.param("3wd", "fs:a-3wd", "2027-01-06", "2027-01-08", id="fs-lead-3wd"),
        pytest.param("3wd", "fs:a+14d", "2027-01-25", "2027-01-27", id="fs-calendar-lag-ends-friday-starts-monday"),
        pytest.param("3wd", "fs:a+1d", "2027-01-11", "2027-01-13", id="fs-one-calendar-day-is-saturday"),
        pytest.param("3wd", "fs:a+1m", "2027-02-09", "2027-02-11", id="fs-month-ends-on-the-8th"),
        pytest.param("3wd", "ss:a", "2027-01-04", "2027-01-06", id="ss-starts-together"),
        pytest.param("3wd", "ss:a+2wd", "2027-01-06", "2027-01-08", id="ss-lag-2wd"),
        pytest.param("3wd", "ff:a", "2027-01-04", "2027-01-08", id="ff-holds-back-the-end-not-the-start"),
        pytest.param("3wd", "ff:a+2wd", "2027-01-04", "2027-01-12", id="ff-lag-2wd"),
        pytest.param("8wd", "ff:a", "2027-01-04", "2027-01-13", id="ff-of-a-shorter-step-changes-nothing"),
        pytest.param("3wd", "sf:a+9wd", "2027-01-04", "2027-01-15", id="sf-counts-from-the-start"),
        pytest.param("0wd", "a", "2027-01-08", "2027-01-08", id="milestone-on-the-day-its-predecessor-finishes"),
        pytest.param("0wd", "fs:a+2wd", "2027-01-12", "2027-01-12", id="milestone-with-lag"),
        pytest.param("0wd", "ff:a", "2027-01-08", "2027-01-08", id="milestone-held-by-a-finish"),
    ],
)
def test_successor_of_a_week_of_work(takes: str, relation: str, starts: str, finishes: str) -> None:
    plan = plan_of(step("a", "5wd"), step("b", takes, [relation]))

    found = plan[key("b")]
    assert (found.early_start, found.early_finish) == (D(starts), D(finishes))


def test_step_starts_on_the_first_working_day_when_the_start_is_a_sunday() -> None:
    plan = plan_of(step("a", "1wd"), start=D("2027-01-03"))

    assert plan[key("a")].early_start == D("2027-01-04")


def test_holidays_are_skipped() -> None:
    plan = plan_of(step("a", "3wd"), start=D("2027-05-04"), calendar=LEGAL)

    # 5 May, Ascension, the decreed Friday and the weekend lie between
    assert plan[key("a")].early_finish == D("2027-05-11")


def test_lag_of_a_hundred_thousand_working_days_answers() -> None:
    plan = plan_of(step("a", "1wd"), step("b", "1wd", ["fs:a+100000wd"]))

    assert plan[key("b")].early_start == MONDAY + timedelta(weeks=20_000, days=1)


def test_lead_before_the_calendar_begins_does_not_pull_before_the_start() -> None:
    plan = plan_of(step("a", "5wd"), step("b", "5wd", ["fs:a-100000wd"]))

    assert plan[key("b")].early_start == MONDAY


def test_latest_dates_count_back_from_the_plans_own_finish() -> None:
    plan = plan_of(step("a", "5wd"), step("b", "2wd", ["a"]), step("c", "10wd", ["a"]), step("d", "1wd", ["b", "c"]))

    short = plan[key("b")]
    assert (short.late_start, short.late_finish, short.slack_working_days) == (
        D("2027-01-21"),
        D("2027-01-22"),
        8,
    )
    assert [name for name in "abcd" if plan[key(name)].critical] == ["a", "c", "d"]


def test_deadline_gives_everything_before_it_the_same_room() -> None:
    opening = Anchor(AnchorId("opening"), {"nl": "Opening"}, set_by=StepId("b"))
    plan = plan_of(
        step("a", "5wd"),
        step("b", "5wd", ["a"]),
        anchors={"opening": opening},
        targets={"opening": D("2027-01-22")},
    )

    assert plan[key("a")].slack_working_days == 5
    assert plan[key("b")].late_finish == D("2027-01-22")
    assert not plan.findings


def test_target_that_cannot_hold_stays_and_names_the_chain() -> None:
    opening = Anchor(AnchorId("opening"), {"nl": "Opening"}, set_by=StepId("c"))
    plan = plan_of(
        step("a", "5wd"),
        step("b", "5wd", ["a"]),
        step("c", "5wd", ["b"]),
        anchors={"opening": opening},
        targets={"opening": D("2027-01-20")},
    )

    finding = plan.findings[0]
    assert (finding.code, finding.limit_on, finding.on, finding.working_days) == (
        "RG351",
        D("2027-01-20"),
        D("2027-01-22"),
        2,
    )
    assert [str(hop.key) for hop in finding.chain] == ["a", "b", "c"]
    assert plan[key("a")].slack_working_days == -2


def test_anchor_target_reached_by_a_start() -> None:
    opening = Anchor(AnchorId("opening"), {"nl": "Opening"}, set_by=StepId("b"), set_by_start=True)
    plan = plan_of(
        step("a", "5wd"),
        step("b", "5wd", ["a"]),
        anchors={"opening": opening},
        targets={"opening": D("2027-01-11")},
    )

    assert plan[key("b")].slack_working_days == 0
    assert plan[key("a")].late_finish == D("2027-01-08")


def test_started_but_unfinished_work_does_not_finish_before_today() -> None:
    busy = Occurrence(key("a"), started_on=MONDAY)
    plan = plan_of(step("a", "2wd"), step("b", "1wd", ["a"]), today=D("2027-01-20"), facts=[busy])

    assert plan[key("a")].early_finish == D("2027-01-20")
    assert plan[key("b")].early_start == D("2027-01-21")


def test_started_work_does_not_finish_before_today_when_today_is_a_sunday() -> None:
    busy = Occurrence(key("a"), started_on=MONDAY)
    plan = plan_of(step("a", "2wd"), today=D("2027-01-17"), facts=[busy])

    assert plan[key("a")].early_finish == D("2027-01-18")


def test_work_that_did_not_happen_is_planned_from_today_on() -> None:
    plan = plan_of(step("a", "2wd"), today=D("2027-02-01"))

    assert plan[key("a")].early_start == D("2027-02-01")


def test_early_pulls_and_late_pushes() -> None:
    early = plan_of(
        step("a", "5wd"), step("b", "1wd", ["a"]), facts=[Occurrence(key("a"), finished_on=D("2027-01-05"))]
    )
    late = plan_of(step("a", "5wd"), step("b", "1wd", ["a"]), facts=[Occurrence(key("a"), finished_on=D("2027-01-15"))])

    assert early[key("b")].early_start == D("2027-01-06")
    assert late[key("b")].early_start == D("2027-01-18")


def test_work_finished_on_a_saturday_lets_the_next_start_on_monday() -> None:
    plan = plan_of(step("a", "5wd"), step("b", "1wd", ["a"]), facts=[Occurrence(key("a"), finished_on=D("2027-01-09"))])

    assert plan[key("a")].early_finish == D("2027-01-09")
    assert plan[key("b")].early_start == D("2027-01-11")


def test_pin_stays_where_it_is_put_and_says_that_it_breaks_a_relation() -> None:
    pinned = Occurrence(key("b"), pinned_start=D("2027-01-06"), pin_reason="zaal gehuurd")
    plan = plan_of(step("a", "5wd"), step("b", "2wd", ["a"]), facts=[pinned])

    assert plan[key("b")].early_start == D("2027-01-06")
    assert plan.start_reasons(1)[0].cause is Cause.PINNED
    assert [finding.code for finding in plan.findings] == ["RG353"]
    assert plan[key("a")].slack_working_days == -3


def test_promise_of_a_partner_moves_the_expected_end_only() -> None:
    promised = Occurrence(key("a"), promised_on=D("2027-01-20"))
    plan = plan_of(step("a", "5wd"), step("b", "1wd", ["a"]), facts=[promised])

    assert plan[key("a")].early_finish == D("2027-01-20")
    assert plan[key("b")].early_start == D("2027-01-21")


def test_what_does_not_apply_holds_nobody_up() -> None:
    out = Occurrence(key("a"), out_state=State.NOT_APPLICABLE, out="x")
    plan = plan_of(step("a", "50wd"), step("b", "1wd", ["a"]), facts=[out])

    assert key("a") not in plan
    assert plan[key("b")].early_start == MONDAY


@pytest.mark.parametrize(
    ("at_least", "starts"),
    [
        pytest.param(1, "2027-01-06", id="any"),
        pytest.param(2, "2027-01-11", id="two-of-three"),
        pytest.param(0, "2027-01-18", id="all"),
    ],
)
def test_join_waits_for_as_many_as_it_says(at_least: int, starts: str) -> None:
    plan = plan_of(
        step("a", "2wd"),
        step("b", "5wd"),
        step("c", "10wd"),
        step("d", "1wd", ["a", "b", "c"], join=at_least),
    )

    assert plan[key("d")].early_start == D(starts)


def test_window_holds_back_the_start() -> None:
    window = Window(opens=rule("10wd before opening"), closes=rule("3wd before opening"))
    plan = plan_of(
        step("a", "2wd", window=window),
        anchors={"opening": Anchor(AnchorId("opening"), {"nl": "Opening"})},
        targets={"opening": D("2027-03-01")},
    )

    assert plan[key("a")].early_start == D("2027-02-15")
    assert plan[key("a")].due_on == D("2027-02-24")


PERMIT = Term(Span.parse("8w"), TermKind.LAW, extension=Span.parse("6w"), article="Ow 16.64")


def test_statutory_step_takes_its_term_and_rolls_off_holidays() -> None:
    plan = plan_of(
        step("aanvraag", "1wd"),
        step("besluit", None, ["aanvraag"], terms=(Case(PERMIT),)),
        start=D("2027-03-10"),
        calendar=LEGAL,
    )

    assert plan[key("besluit")].early_finish == D("2027-05-10")
    assert plan[key("besluit")].legal_on == D("2027-05-10")
    assert plan.finish_reasons(1)[0].cause is Cause.TERM


def test_suspended_clock_moves_the_end_by_the_days_it_stood_still() -> None:
    stood_still = Occurrence(
        key("besluit"),
        started_on=D("2027-03-11"),
        suspensions=(Suspension(D("2027-03-15"), D("2027-03-29"), "aanvulling"),),
    )
    plan = plan_of(
        step("aanvraag", "1wd"),
        step("besluit", None, ["aanvraag"], terms=(Case(PERMIT),)),
        start=D("2027-03-10"),
        today=D("2027-04-01"),
        facts=[Occurrence(key("aanvraag"), finished_on=D("2027-03-10")), stood_still],
        calendar=LEGAL,
    )

    assert plan[key("besluit")].legal_on == D("2027-05-19")


def test_extension_that_was_used_is_counted() -> None:
    extended = Occurrence(key("besluit"), extended=True)
    plan = plan_of(
        step("aanvraag", "1wd"),
        step("besluit", None, ["aanvraag"], terms=(Case(PERMIT),)),
        start=D("2027-03-10"),
        facts=[extended],
        calendar=LEGAL,
    )

    assert plan[key("besluit")].legal_on == D("2027-06-16")


def test_term_counted_back_is_a_deadline_that_never_rolls_forward() -> None:
    report = Term(Span.parse("4w"), TermKind.BEFORE_EVENT, before=rule("on opening"), article="Bbl 6.7")
    plan = plan_of(
        step("melding", "5wd", terms=(Case(report),)),
        start=D("2027-04-01"),
        anchors={"opening": Anchor(AnchorId("opening"), {"nl": "Opening"})},
        targets={"opening": D("2027-06-03")},
        calendar=LEGAL,
    )

    assert plan[key("melding")].legal_on == D("2027-05-04")
    assert plan[key("melding")].late_finish == D("2027-05-04")


def test_legal_date_that_cannot_hold_is_found_with_its_chain() -> None:
    report = Term(Span.parse("4w"), TermKind.BEFORE_EVENT, before=rule("on opening"), article="Bbl 6.7")
    plan = plan_of(
        step("tekening", "20wd"),
        step("melding", "5wd", ["tekening"], terms=(Case(report),)),
        start=D("2027-04-26"),
        anchors={"opening": Anchor(AnchorId("opening"), {"nl": "Opening"})},
        targets={"opening": D("2027-06-03")},
        calendar=LEGAL,
    )

    broken = next(finding for finding in plan.findings if finding.code == "RG352")
    assert broken.limit_on == D("2027-05-04")
    assert [str(hop.key) for hop in broken.chain] == ["tekening", "melding"]


def test_term_in_a_year_without_confirmed_list_warns() -> None:
    plan = plan_of(
        step("aanvraag", "1wd"),
        step("besluit", None, ["aanvraag"], terms=(Case(PERMIT),)),
        start=D("2031-03-10"),
        calendar=LEGAL,
    )

    assert {finding.code for finding in plan.findings} == {"RG354"}


@pytest.mark.parametrize(
    ("due", "on"),
    [
        pytest.param("10wd after start", "2027-01-18", id="after-an-anchor"),
        pytest.param("20wd before opening", "2027-04-30", id="before-an-anchor-over-holidays"),
        pytest.param("15wd after predecessors", "2027-01-29", id="after-the-predecessors"),
        pytest.param("on opening", "2027-06-03", id="on-an-anchor"),
    ],
)
def test_due_rule(due: str, on: str) -> None:
    anchors = {
        "opening": Anchor(AnchorId("opening"), {"nl": "Opening"}),
        "start": Anchor(AnchorId("start"), {"nl": "Start"}),
    }
    plan = plan_of(
        step("a", "5wd"),
        step("b", "1wd", ["a"], due=due),
        anchors=anchors,
        targets={"opening": D("2027-06-03")},
        calendar=LEGAL,
    )

    assert plan[key("b")].due_on == D(on)


@pytest.mark.parametrize(
    ("month", "day", "offset", "years", "year", "on"),
    [
        pytest.param(6, 3, None, "every", 0, "2027-06-03", id="on-a-day-of-each-year"),
        pytest.param(11, 1, "-1wd", "even", 0, "2028-10-31", id="before-a-day-in-even-years"),
        pytest.param(6, 3, "-10wd", "every", 2027, "2027-05-20", id="before-a-day-of-one-year"),
        pytest.param(11, 2, None, "every", 2026, "2026-11-02", id="on-a-day-that-has-passed"),
    ],
)
def test_due_rule_of_a_fixed_day(month: int, day: int, offset: str | None, years: str, year: int, on: str) -> None:
    span = Span.parse(offset) if offset else None
    due = DateRule(DateBase.CALENDAR, offset=span, month=month, day=day, years=years, year=year)
    plan = plan_of(replace(step("a", "5wd"), due=(Case(due),)), calendar=LEGAL)

    assert plan[key("a")].due_on == D(on)


def test_free_slack_is_the_room_before_the_next_step_moves() -> None:
    plan = plan_of(step("a", "2wd"), step("b", "10wd"), step("c", "1wd", ["a", "b"]))

    assert plan.free_slack(0) == 8
    assert plan.free_slack(1) == 0


def test_finish_reason_of_a_held_back_end_names_the_step() -> None:
    plan = plan_of(step("a", "10wd"), step("b", "2wd", ["ff:a"]))

    reason = plan.finish_reasons(1)[0]
    assert (reason.cause, reason.predecessor) == (Cause.RELATION, key("a"))


def test_what_takes_no_part_says_why_instead_of_a_date() -> None:
    out = Occurrence(key("a"), out_state=State.WAIVED, out="al geregeld")
    plan = plan_of(step("a", "5wd"), facts=[out])

    assert [(each.cause, each.said) for each in (*plan.start_reasons(0), *plan.finish_reasons(0))] == [
        (Cause.OUT, "al geregeld"),
        (Cause.OUT, "al geregeld"),
    ]


EVERY = {"every-day": EVERY_DAY}
COUNCIL = DecidingBody(BodyId("raad"), {"nl": "Raad"}, WEEKDAYS, Rhythm(D("2027-01-14"), 4), papers=Span.parse("15wd"))
DECIDES = Gate("raad", {})


def term(length: str, kind: TermKind = TermKind.CONTRACT) -> tuple[Case[Term], ...]:
    return (Case(Term(Span.parse(length), kind)),)


def test_step_on_a_calendar_of_its_own_is_planned_and_counted_back_on_that_calendar() -> None:
    plan = plan_of(
        step("a", "5wd"), step("guard", "10wd", ["a"], calendar="every-day"), step("b", "3w", ["a"]),
        step("free", "2wd", calendar="every-day"), calendars=EVERY, start=D("2027-01-02"),
    )  # fmt: skip

    guard, free, b = plan[key("guard")], plan[key("free")], plan[key("b")]
    assert (guard.early_start, guard.early_finish) == (D("2027-01-09"), D("2027-01-18"))
    assert (free.early_start, free.early_finish, free.late_finish) == (D("2027-01-02"), D("2027-01-03"), plan.finish_on)
    assert (b.late_finish, b.slack_working_days, plan[key("a")].slack_working_days) == (plan.finish_on, 0, 0)
    assert guard.slack_working_days == (plan.finish_on - guard.early_finish).days
    assert plan.start_reasons(plan.network.index[key("free")])[0].cause is Cause.START


def test_milestone_on_another_calendar_is_not_reached_before_what_it_waits_for() -> None:
    plan = plan_of(step("guard", "7wd", calendar="every-day"), step("over", "0wd", ["guard"]), calendars=EVERY)

    assert plan[key("guard")].early_finish == D("2027-01-10")
    assert plan[key("over")].early_start == D("2027-01-11")


def test_what_comes_before_a_decision_may_be_late_until_the_papers_are_due() -> None:
    plan = plan_of(step("draft", "3wd"), step("decide", None, ["draft"], gate=DECIDES), bodies={COUNCIL.id: COUNCIL})

    # the meeting of 11 February wants its papers on 21 January; they can be there on the 7th
    decision = plan[key("decide")]
    assert (decision.early_finish, decision.late_start, decision.slack_working_days) == (
        D("2027-02-11"), D("2027-01-21"), 0,
    )  # fmt: skip
    assert plan[key("draft")].late_finish == D("2027-01-20")


def test_decision_that_misses_its_target_must_be_in_the_meeting_before() -> None:
    opening = Anchor(AnchorId("opening"), {"nl": "Opening"}, set_by=StepId("decide"))
    plan = plan_of(
        step("draft", "15wd"), step("decide", None, ["draft"], gate=DECIDES), bodies={COUNCIL.id: COUNCIL},
        anchors={"opening": opening}, targets={"opening": D("2027-03-01")},
    )  # fmt: skip

    assert plan[key("decide")].early_finish == D("2027-03-11")
    assert plan[key("decide")].late_finish == D("2027-02-11")


def test_decision_without_length_keeps_the_day_its_papers_are_ready() -> None:
    plan = plan_of(step("draft", "3wd"), step("decide", "0wd", ["draft"], gate=DECIDES), bodies={COUNCIL.id: COUNCIL})

    place = plan.network.index[key("decide")]
    assert plan[key("decide")].early_finish == D("2027-02-11")
    assert [reason.on for reason in plan.finish_reasons(place)] == [D("2027-02-11")]
    assert [reason.cause for reason in plan.start_reasons(place)] == [Cause.RELATION]


def test_term_on_which_others_wait_bounds_its_event_by_the_holidays_in_between() -> None:
    target = Anchor(AnchorId("opening"), {"nl": "Opening"}, set_by=StepId("permit"))
    plan = plan_of(
        step("apply", "1wd"), step("permit", None, ["apply"], terms=term("8w", TermKind.LAW)),
        calendar=LEGAL, anchors={"opening": target}, targets={"opening": D("2027-05-10")},
    )  # fmt: skip

    # the dossier, case 1, the other way round; eight weeks from 10 until 15 March all end on 10 May
    assert plan[key("apply")].late_finish == D("2027-03-15")


def test_term_that_ends_on_a_sunday_is_not_late_on_that_sunday() -> None:
    plan = plan_of(step("wait", None, terms=term("6d")), step("next", "1wd", ["wait"]))

    wait = plan[key("wait")]
    assert (wait.early_finish, wait.late_finish) == (D("2027-01-10"), D("2027-01-10"))
    assert plan[key("next")].early_start == D("2027-01-11")


@pytest.mark.parametrize("relation", ["wait", "ff:wait"])
def test_what_ends_with_a_term_ends_after_its_sunday(relation: str) -> None:
    plan = plan_of(step("wait", None, terms=term("6d")), step("end", "0wd", [relation]))

    assert plan[key("end")].early_finish == D("2027-01-11")


def test_step_whose_term_is_over_before_it_can_begin_does_not_end_before_it_begins() -> None:
    late = (Case(Term(Span.parse("3d"), TermKind.LAW, after=DateRule(DateBase.STEP, "apply"))),)
    plan = plan_of(step("apply", "1wd"), step("long", "20wd"), step("decide", None, ["long"], terms=late))

    decide = plan[key("decide")]
    assert decide.early_start == decide.early_finish == D("2027-02-01")
    assert [finding.code for finding in plan.findings] == ["RG352"]


def test_chain_goes_along_the_branch_that_a_join_waited_for() -> None:
    plan = plan_of(step("quick", "5wd"), step("slow", "20wd"), step("go", "1wd", ["quick", "slow"], join=1))

    assert [hop.key.step for hop in plan.chain_to(key("go"))] == ["quick", "go"]


def test_pin_that_passed_without_it_happening_holds_nothing() -> None:
    plan = plan_of(
        step("a", "3wd"), step("b", "1wd", ["fs:a+5wd"]), today=D("2027-02-01"),
        facts=[Occurrence(key("a"), pinned_finish=D("2027-01-06"), pin_reason="afgesproken")],
    )  # fmt: skip

    assert (plan[key("a")].early_start, plan[key("a")].early_finish) == (D("2027-02-01"), D("2027-02-03"))
    assert plan[key("b")].early_start == D("2027-02-11")
    assert [reason.cause for reason in plan.start_reasons(0)] == [Cause.TODAY]


def test_pinned_milestone_stays_where_it_is_put() -> None:
    plan = plan_of(
        step("a", "10wd"), step("done", "0wd", ["ff:a"]),
        facts=[Occurrence(key("done"), pinned_start=D("2027-01-08"), pin_reason="feest")],
    )  # fmt: skip

    assert plan[key("done")].early_finish == D("2027-01-08")
    assert [finding.code for finding in plan.findings] == ["RG353"]


def test_pinned_end_that_leaves_too_little_time_is_found_with_the_real_end() -> None:
    plan = plan_of(
        step("a", "10wd"), step("b", "3w", ["a"]),
        facts=[Occurrence(key("b"), pinned_finish=D("2027-01-22"), pin_reason="druk")],
    )  # fmt: skip

    assert [(finding.code, finding.on) for finding in plan.findings] == [("RG353", D("2027-02-05"))]


def test_two_anchors_of_one_step_both_bound_it() -> None:
    plan = plan_of(
        step("open", "5wd"),
        anchors={
            "first": Anchor(AnchorId("first"), {"nl": "Eerste"}, set_by=StepId("open")),
            "last": Anchor(AnchorId("last"), {"nl": "Laatste"}, set_by=StepId("open")),
        },
        targets={"first": D("2027-01-15"), "last": D("2027-02-26")},
    )

    assert plan[key("open")].late_finish == D("2027-01-15")


def test_window_that_opens_after_a_step_bounds_that_step() -> None:
    opens = Window(opens=DateRule(DateBase.STEP, "a", Span.parse("5wd")))
    plan = plan_of(step("a", "1wd"), step("long", "9wd"), step("b", "5wd", window=opens))

    assert plan[key("b")].early_finish == D("2027-01-15")
    assert [plan[key(name)].slack_working_days for name in ("a", "long", "b")] == [0, 1, 0]


def test_work_that_would_have_ended_today_names_today_too() -> None:
    plan = plan_of(step("a", "3wd"), today=D("2027-01-06"), facts=[Occurrence(key("a"), started_on=MONDAY)])

    assert {reason.cause for reason in plan.finish_reasons(0)} == {Cause.WORK, Cause.TODAY}


def test_held_milestone_says_that_it_was_held() -> None:
    plan = plan_of(step("a", "0wd"), facts=[Occurrence(key("a"), held_until=D("2027-01-20"))])

    assert [reason.cause for reason in plan.start_reasons(0)] == [Cause.HELD]


def test_promise_that_passed_before_the_start_is_not_named_as_the_cause() -> None:
    plan = plan_of(
        step("a", "10wd"), step("b", "5wd", ["a"]), facts=[Occurrence(key("b"), promised_on=D("2027-01-05"))]
    )

    assert [reason.predecessor for reason in plan.finish_reasons(1)] == [key("a")]


def test_each_year_without_a_confirmed_list_in_which_work_ends_warns_once() -> None:
    steps = [step("a", "5wd"), step("b", "1wd", ["fs:a+13m"]), step("c", "1wd", ["b"]), step("d", "1wd", ["fs:a+25m"])]
    plan = plan_of(*steps, start=D("2028-12-04"), calendar=LEGAL)

    assert [(each.code, each.on.year) for each in plan.findings if each.on] == [("RG354", 2030), ("RG354", 2031)]
