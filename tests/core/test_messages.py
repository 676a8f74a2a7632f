"""Who hears what, when, and how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from regie.core.definition import Anchor, Case, Effect, Gate, HearsWhen, Kind, Outcome, Rhythm, Role, Term
from regie.core.engine import advance
from regie.core.events import (
    AnchorMoved,
    CycleClosed,
    CycleStarted,
    DatePinned,
    Event,
    GateDecided,
    PartnerAsked,
    PutForDecision,
    StepFinished,
    StepReopened,
    StepStarted,
    StepWaived,
    StepWithdrawn,
    Tick,
    WorkResumed,
)
from regie.core.ids import AnchorId, PersonId, RoleId, StepId
from regie.core.lines import MOST_NEIGHBOURS, Urgency
from regie.core.opening import open_cycle
from regie.core.span import Span
from regie.core.terms import TermKind
from regie.core.traject import Absence, Person
from tests.support.builders import (
    LEGAL,
    MONDAY,
    PEOPLE,
    after,
    at,
    calm,
    definition,
    gate,
    key,
    occurrence,
    only_cycle,
    policy,
    rule,
    started,
    step,
)

D = date.fromisoformat
DUE = D("2027-01-18")


def heard(changes) -> list[tuple[str, str, str]]:  # type: ignore[no-untyped-def]
    return [(message.to, line.kind.value, str(line.key)) for message in changes.messages for line in message.lines]


def one(**more):  # type: ignore[no-untyped-def]
    return definition(step("a", "3wd", due="10wd after start", accountable=RoleId("boss"), **more))


def test_responsible_hears_that_the_cycle_started_and_what_is_ready_in_one_message() -> None:
    town = started(one())

    assert [(message.to, message.urgency) for message in town.messages] == [("maker", Urgency.OFFICE_HOURS)]
    assert heard(town) == [("maker", "cycle-started", ""), ("maker", "ready", "a")]


def test_ladder_of_a_forgotten_step_is_climbed_once() -> None:
    town, story = started(one()), []
    for offset in range(1, 60):
        day = MONDAY + timedelta(days=offset)
        town = after(town, day, Tick())
        story += [(day, *each) for each in heard(town)]

    assert story == [
        (D("2027-01-11"), "maker", "due-soon", "a"),
        (DUE, "maker", "due", "a"),
        (D("2027-01-19"), "maker", "overdue", "a"),
        (D("2027-01-21"), "boss", "escalated", "a"),
        (D("2027-01-28"), "lead", "escalated", "a"),
    ]


def test_after_an_outage_there_is_one_current_line_and_no_old_one() -> None:
    town = after(started(one()), D("2027-01-20"), Tick())

    assert heard(town) == [("maker", "overdue", "a")]


def test_who_waits_for_somebody_else_is_left_alone_and_the_lead_hears_that_it_hangs() -> None:
    whole = definition(step("a", "3wd"), step("b", "1wd", ["a"], due="5wd after start", responsible=RoleId("other")))

    town = after(started(whole), D("2027-01-20"), Tick())

    assert ("lead", "overdue", "b") in heard(town)
    assert not [line for line in heard(town) if line[0] == "other"]


def test_deputy_hears_it_during_absence() -> None:
    away = Person(PersonId("maker"), away=(Absence(MONDAY, D("2027-03-01")),), deputy=PersonId("other"))
    people = {**PEOPLE, RoleId("maker"): (away,)}

    town = started(one(), people=people)

    assert {message.to for message in town.messages} == {"other"}
    assert town.messages[0].lines[0].deputy_for == "maker"


def test_role_that_nobody_plays_is_heard_by_the_lead() -> None:
    people = {RoleId("lead"): PEOPLE[RoleId("lead")]}

    town = started(one(), people=people)

    assert {message.to for message in town.messages} == {"lead"}
    assert all(line.for_role_without_people for line in town.messages[0].lines)


def test_role_with_a_digest_waits_for_it_but_not_with_an_escalation() -> None:
    whole = one()
    calm = replace(
        whole, roles={**whole.roles, RoleId("boss"): Role(RoleId("boss"), {"nl": "B"}, hears=HearsWhen.DAILY)}
    )
    calm = replace(
        calm,
        roles={**calm.roles, RoleId("maker"): Role(RoleId("maker"), {"nl": "M"}, hears=HearsWhen.WEEKLY)},
    )

    town = after(started(calm), D("2027-01-21"), Tick())

    found = {message.to: (message.urgency, message.rhythm) for message in town.messages}
    assert found["maker"] == (Urgency.DIGEST, HearsWhen.WEEKLY)
    assert found["boss"][0] is Urgency.AT_ONCE


def rhythms(whole, **hears: HearsWhen):  # type: ignore[no-untyped-def]
    roles = {RoleId(name): Role(RoleId(name), {"nl": name}, hears=rhythm) for name, rhythm in hears.items()}
    return replace(whole, roles={**whole.roles, **roles})


def test_reminder_does_not_wait_for_a_digest_that_comes_after_its_date() -> None:
    whole = definition(
        step("g", gate=gate(), due="40wd after start", accountable=RoleId("boss")),
        policy=policy(
            to={**policy().to, Kind.DECISION_NEEDED: ("accountable",), Kind.DUE_SOON: ("accountable",)},
            remind=(Span.parse("15wd"), Span.parse("5wd")),
        ),
    )
    town, story = started(rhythms(whole, boss=HearsWhen.BIWEEKLY)), []
    for offset in range(1, 56):
        town = after(town, MONDAY + timedelta(days=offset), Tick())
        story += [
            (line.kind, each.urgency, each.rhythm) for each in town.messages if each.to == "boss" for line in each.lines
        ]

    assert story == [
        (Kind.DECISION_NEEDED, Urgency.DIGEST, HearsWhen.DAILY),
        (Kind.DUE_SOON, Urgency.DIGEST, HearsWhen.DAILY),
    ]


def test_who_plays_roles_with_two_rhythms_hears_it_in_the_most_frequent() -> None:
    both = Person(PersonId("anna"))
    people = {**PEOPLE, RoleId("maker"): (both,), RoleId("other"): (both,)}
    whole = definition(step("a"), step("b", responsible=RoleId("other")))

    town = started(rhythms(whole, maker=HearsWhen.BIWEEKLY, other=HearsWhen.DAILY), people=people)

    assert [(each.to, each.rhythm) for each in town.messages] == [("anna", HearsWhen.DAILY)]


def test_two_cycles_at_once_give_each_person_one_message() -> None:
    town = started(one())
    second = open_cycle(
        only_cycle(town).definition, start_on=MONDAY, answers={}, targets={}, number=2, kind="improvement"
    )
    both = replace(town.traject, cycles=(*town.traject.cycles, second))
    town = after(advance(both, CycleStarted(cycle=2), at(MONDAY)), D("2027-01-28"), Tick())

    assert sorted((each.to, [line.cycle for line in each.lines]) for each in town.messages) == [
        ("lead", [1, 2]),
        ("maker", [1, 2]),
    ]


def test_one_action_gives_each_person_one_message_however_many_steps_move() -> None:
    steps = [step(f"s{number}", due="10wd before opening") for number in range(9)]
    whole = definition(*steps, anchors={"opening": Anchor(AnchorId("opening"), {"nl": "O"})})
    town = started(whole, targets={"opening": D("2027-06-01")})

    town = after(town, MONDAY, AnchorMoved(anchor=AnchorId("opening"), target=D("2027-07-01"), by="lead"))

    assert [(message.to, len(message.lines)) for message in town.messages] == [("maker", 9)]
    line = town.messages[0].lines[0]
    assert (line.kind, line.old_on, line.due_on, line.cause) == (
        Kind.DATE_MOVED,
        D("2027-05-18"),
        D("2027-06-17"),
        "anchor:opening",
    )


def test_dates_that_creep_because_time_goes_by_are_told_to_nobody() -> None:
    whole = definition(
        step("a", "3wd"), step("b", "1wd", ["a"], due="5wd after predecessors", responsible=RoleId("other"))
    )

    town = after(started(whole), D("2027-01-06"), Tick())

    assert town.moved
    assert not [line for line in heard(town) if line[1] == "date-moved"]


def test_who_did_it_is_not_told_what_he_did() -> None:
    whole = definition(step("a", informed=(RoleId("maker"), RoleId("other"))))

    town = after(started(whole), MONDAY, StepFinished(key=key("a"), by="maker"))

    assert [line for line in heard(town) if line[1] == "done"] == [("other", "done", "a")]


def test_reminder_of_the_role_goes_before_that_of_the_policy() -> None:
    whole = one()
    early = Role(RoleId("maker"), {"nl": "M"}, reminded=(Span.parse("8wd"),))
    whole = replace(whole, roles={**whole.roles, RoleId("maker"): early})

    assert ("maker", "due-soon", "a") in heard(after(started(whole), D("2027-01-06"), Tick()))


def test_gate_is_announced_first_as_a_decision_then_as_nearly_due() -> None:
    whole = definition(
        step("g", gate=gate(), due="20wd after start"),
        policy=policy(remind=(Span.parse("15wd"), Span.parse("5wd"))),
    )
    town, story = started(whole), []
    for offset in range(1, 29):
        town = after(town, MONDAY + timedelta(days=offset), Tick())
        story += [each[:2] for each in heard(town) if each[2] == "g"]

    assert story == [("maker", "decision-needed"), ("maker", "due-soon"), ("lead", "due"), ("maker", "due")]


def test_gate_that_was_held_is_asked_for_by_its_new_date_and_not_called_late_before() -> None:
    asked = step("g", gate=gate(), due="10wd after start", accountable=RoleId("boss"))
    whole = definition(asked, policy=policy(remind=(Span.parse("5wd"),)))
    town, story = after(started(whole), MONDAY, decide_hold("2027-03-01")), []
    for offset in range(1, 61):
        day = MONDAY + timedelta(days=offset)
        town = after(town, day, Tick())
        story += [(day, *each[:2]) for each in heard(town) if each[2] == "g"]

    assert story == [
        (D("2027-02-22"), "maker", "decision-needed"),
        (D("2027-03-01"), "lead", "due"),
        (D("2027-03-01"), "maker", "due"),
        (D("2027-03-02"), "maker", "overdue"),
        (D("2027-03-04"), "boss", "escalated"),
    ]


def decide_hold(until: str) -> GateDecided:
    return GateDecided(key=key("g"), outcome="hold", decided_by="raad", reason="geld", held_until=D(until), by="lead")


def test_no_go_that_ends_the_cycle_is_told_once_to_everyone_who_still_had_work() -> None:
    whole = definition(
        step("g", gate=gate(go="opens", no_go="ends the cycle"), responsible=RoleId("boss")),
        step("b", needs=["g"], responsible=RoleId("maker")),
        step("c", needs=["g"], responsible=RoleId("other")),
    )
    event = GateDecided(key=key("g"), outcome="no-go", decided_by="college", reason="te duur", by="lead")

    town = after(started(whole), MONDAY, event)

    assert sorted(heard(town)) == [(name, "decision-taken", "g") for name in ("boss", "maker", "other")]


def test_target_that_cannot_hold_any_more_is_told_to_the_lead_once() -> None:
    opening = Anchor(AnchorId("opening"), {"nl": "O"}, set_by=key("b").step)
    whole = definition(step("a", "5wd"), step("b", "5wd", ["a"]), anchors={"opening": opening})
    town = started(whole, targets={"opening": D("2027-01-20")})
    assert ("lead", "escalated", "b") not in heard(town)

    town = after(town, D("2027-01-12"), Tick())
    assert ("lead", "escalated", "b") in heard(town)

    assert ("lead", "escalated", "b") not in heard(after(town, D("2027-01-13"), Tick()))


@pytest.mark.parametrize(("hidden", "is_confidential"), [(None, False), (AnchorId("bekend"), True)])
def test_confidential_until_its_anchor_happened(hidden: AnchorId | None, is_confidential: bool) -> None:
    whole = definition(
        step("a", confidential_until=hidden), anchors={"bekend": Anchor(AnchorId("bekend"), {"nl": "B"})}
    )

    line = next(line for message in started(whole).messages for line in message.lines if line.kind is Kind.READY)

    assert line.is_confidential is is_confidential


def test_who_never_heard_of_a_step_first_hears_that_it_can_start_and_not_again_that_it_is_nearly_due() -> None:
    whole = definition(step("a"), step("b", needs=["a"], due="6wd after start", responsible=RoleId("other")))

    town = after(started(whole), D("2027-01-11"), StepFinished(key=key("a")))
    assert [line for line in heard(town) if line[0] == "other"] == [("other", "ready", "b")]

    assert not [line for line in heard(after(town, D("2027-01-11"), Tick())) if line[0] == "other"]


def test_line_names_the_next_time_of_what_repeats_and_one_step_more_than_it_shows() -> None:
    monthly = (Rhythm(Span.parse("1m"), opens=rule("on opening")),)
    followers = [step(f"s{number}", needs=["a"]) for number in range(9)]
    whole = definition(
        step("a", "60wd"),
        step("overleg", needs=["a"], repeats=monthly),
        *followers,
        anchors={"opening": Anchor(AnchorId("opening"), {"nl": "O"})},
    )

    town = started(whole, targets={"opening": MONDAY})

    assert len([each for each in only_cycle(town).occurrences if each.step == "overleg"]) > 1
    line = next(line for message in town.messages for line in message.lines if line.kind is Kind.READY)

    assert len(line.waited_by) == MOST_NEIGHBOURS + 1
    assert len({each.step for each in line.waited_by}) == len(line.waited_by)


def test_what_can_only_start_after_its_due_date_is_asked_first_and_escalates_only_after_silence() -> None:
    late = step("b", needs=["a"], due="5wd after start", responsible=RoleId("other"), accountable=RoleId("boss"))
    town = after(started(definition(step("a"), late)), D("2027-01-29"), Tick())
    assert [line for line in heard(town) if line[2] == "b"] == [("lead", "overdue", "b")]

    story = []
    for offset in range(20):
        day = D("2027-02-01") + timedelta(days=offset)
        town = after(town, day, Tick() if offset else StepFinished(key=key("a")))
        story += [(day, *line[:2]) for line in heard(town) if line[2] == "b" and line[1] != "date-moved"]

    assert story == [
        (D("2027-02-01"), "other", "ready"),
        (D("2027-02-04"), "boss", "escalated"),
        (D("2027-02-11"), "lead", "escalated"),
    ]


def test_the_next_look_of_what_was_asked_late_is_at_the_next_rung() -> None:
    whole = definition(step("a"), step("b", "20wd", ["a"], due="5wd after start", accountable=RoleId("boss")))
    town = after(started(whole), D("2027-02-01"), StepFinished(key=key("a")))
    town = after(town, D("2027-02-01"), StepStarted(key=key("b")))

    assert town.next_look_on == D("2027-02-04")


def test_reminder_goes_out_when_nobody_is_told_what_can_start() -> None:
    silent = policy(to={**policy().to, Kind.READY: ()})
    whole = definition(step("a", due="5wd after start"), policy=silent)

    assert ("maker", "due-soon", "a") in heard(started(whole))


def test_gate_that_is_held_is_asked_again_before_its_new_date_and_nobody_is_late_until_then() -> None:
    whole = definition(step("g", gate=gate(), due="10wd after start", accountable=RoleId("boss")))
    held = GateDecided(key=key("g"), outcome="hold", decided_by="raad", reason="vragen", held_until=D("2027-03-01"))
    town, story = after(started(whole), D("2027-01-06"), held), []
    for offset in range(1, 62):
        day = D("2027-01-06") + timedelta(days=offset)
        town = after(town, day, Tick())
        story += [(day, *line[:2]) for line in heard(town)]

    assert story == [
        (D("2027-02-22"), "maker", "decision-needed"),
        (D("2027-03-01"), "lead", "due"),
        (D("2027-03-01"), "maker", "due"),
        (D("2027-03-02"), "maker", "overdue"),
        (D("2027-03-04"), "boss", "escalated"),
    ]


def test_partner_who_is_asked_hears_that_it_is_their_turn_and_is_reminded_until_they_answer() -> None:
    whole = one()
    whole = replace(whole, policy=policy(to={**policy().to, Kind.HANDED_OVER: ("responsible", "lead")}))
    town = after(started(whole), MONDAY, PartnerAsked(key=key("a"), role=RoleId("other"), by="maker"))
    assert heard(town) == [("other", "handed-over", "a")]

    town = after(town, DUE, Tick())
    assert heard(town) == [("maker", "due", "a"), ("other", "due", "a")]

    answered = after(town, DUE, WorkResumed(key=key("a"), by="other"))
    assert heard(answered) == [("maker", "handed-over", "a")]
    assert heard(after(town, DUE, WorkResumed(key=key("a"), by="maker"))) == []


def test_who_must_see_to_a_decision_hears_it_when_the_step_is_put_up_for_it_and_not_again_by_date() -> None:
    whole = definition(step("g", gate=gate(), due="40wd after start"))
    town = after(started(whole), MONDAY, PutForDecision(key=key("g"), by="lead"))
    assert heard(town) == [("maker", "decision-needed", "g")]

    assert heard(after(town, D("2027-02-22"), Tick())) == []
    assert heard(after(started(whole), MONDAY, PutForDecision(key=key("g"), by="maker"))) == []


def test_no_go_for_a_region_is_told_to_who_loses_work_by_it_and_to_no_one_else() -> None:
    ends = Gate("lead", {"no": Outcome("no", {"nl": "nee"}, Effect.ENDS_STEPS, (StepId("x"), StepId("y")))})
    whole = definition(
        step("g", gate=ends, responsible=RoleId("boss")),
        step("x", needs=["g"], responsible=RoleId("maker")),
        step("y", needs=["g"], responsible=RoleId("maker")),
        step("z", responsible=RoleId("other")),
    )
    event = GateDecided(key=key("g"), outcome="no", decided_by="college", reason="te duur", by="lead")

    town = after(started(whole), MONDAY, event)

    assert heard(town) == [("boss", "decision-taken", "g"), ("maker", "decision-taken", "g")]


def test_target_and_legal_date_that_both_cannot_hold_are_told_once_each_however_the_legal_one_creeps() -> None:
    opening = Anchor(AnchorId("opening"), {"nl": "O"}, set_by=StepId("b"))
    four_weeks = (Case(Term(Span.parse("4w"), TermKind.LAW)),)
    whole = definition(
        step("a", "30wd"), step("b", "60wd", ["a"], terms=four_weeks), anchors={"opening": opening}, calendar=LEGAL
    )
    town = started(whole, targets={"opening": D("2027-02-20")})
    assert [line for line in heard(town) if line[0] == "lead"] == [("lead", "escalated", "b")] * 2

    for day in ("2027-01-05", "2027-01-06", "2027-01-07"):
        town = after(town, D(day), Tick())
        assert heard(town) == []

    town = after(town, D("2027-01-08"), StepFinished(key=key("a")))
    assert [line.due_on for each in town.messages if each.to == "lead" for line in each.lines] == [D("2027-02-05")]


def test_deputy_of_a_deputy_hears_it_when_both_are_away() -> None:
    away = (Absence(MONDAY, D("2027-03-01")),)
    people = {
        **PEOPLE,
        RoleId("maker"): (Person(PersonId("maker"), away=away, deputy=PersonId("other")),),
        RoleId("other"): (Person(PersonId("other"), away=away, deputy=PersonId("boss")),),
    }

    town = started(one(), people=people)

    assert {(each.to, line.deputy_for) for each in town.messages for line in each.lines} == {("boss", "maker")}


def test_two_who_are_away_and_each_other_s_deputy_do_not_keep_a_message_from_leaving() -> None:
    away = (Absence(MONDAY, D("2027-03-01")),)
    people = {
        **PEOPLE,
        RoleId("maker"): (Person(PersonId("maker"), away=away, deputy=PersonId("other")),),
        RoleId("other"): (Person(PersonId("other"), away=away, deputy=PersonId("maker")),),
    }

    assert {each.to for each in started(one(), people=people).messages} == {"other"}


def test_gate_whose_date_is_there_reaches_the_lead_at_once_also_when_others_are_only_asked_today() -> None:
    whole = definition(step("a"), step("g", "0wd", ["a"], gate=gate(), due="10wd after start"))
    people = {**PEOPLE, RoleId("lead"): (calm(PEOPLE[RoleId("lead")][0]),)}

    town = after(started(whole, people=people), DUE, StepFinished(key=key("a"), by="maker"))

    assert [(each.to, each.urgency) for each in town.messages if each.to == "lead"] == [("lead", Urgency.AT_ONCE)]
    assert sorted(line for line in heard(town) if line[2] == "g") == [("lead", "due", "g"), ("maker", "ready", "g")]
    assert not [line for line in heard(after(town, D("2027-01-19"), Tick())) if line[0] == "lead"]


def test_reminder_is_told_once_while_its_date_creeps_and_again_when_somebody_moved_it() -> None:
    told_by_itself = Anchor(AnchorId("open"), {"nl": "O"}, set_by=key("a").step)
    whole = definition(step("a", "2wd", due="on open"), anchors={"open": told_by_itself})
    town, story = started(whole), []
    for offset in range(1, 60):
        town = after(town, MONDAY + timedelta(days=offset), Tick())
        story += heard(town)
    assert [each for each in story if each[0] == "maker"] == []
    assert occurrence(town, "a").planned.due_on > D("2027-03-01")  # type: ignore[union-attr]

    pin = DatePinned(key=key("a"), finish_on=D("2027-04-30"), reason="afgesproken", by="lead")
    story = []
    for offset in range(60, 120):
        town = after(town, MONDAY + timedelta(days=offset), *([pin] if offset == 60 else []), Tick())
        story += [line[1] for line in heard(town) if line[0] == "maker"]
    assert story.count("due-soon") == 1


def test_what_only_time_moved_is_not_told_as_the_doing_of_who_acts_first_that_day() -> None:
    whole = definition(
        step("a", "3wd"),
        step("b", "1wd", ["a"], due="5wd after predecessors", responsible=RoleId("other")),
        step("c", responsible=RoleId("boss")),
    )

    town = after(started(whole), D("2027-01-11"), StepFinished(key=key("c"), by="boss"))

    assert town.moved
    assert not [line for line in heard(town) if line[1] == "date-moved"]


def test_who_is_responsible_and_accountable_hears_of_a_late_step_once_and_the_stronger() -> None:
    both = {**PEOPLE, RoleId("boss"): PEOPLE[RoleId("maker")]}

    town = after(started(one(), people=both), D("2027-01-22"), Tick())

    assert heard(town) == [("maker", "escalated", "a")]


def test_one_look_gives_each_person_one_message_whatever_their_roles_hear_when() -> None:
    anna = Person(PersonId("anna"))
    people = {**PEOPLE, RoleId("maker"): (anna,), RoleId("other"): (anna,)}
    whole = rhythms(
        definition(
            step("a", due="10wd after start", gate=gate()),
            step("b", due="10wd after start", responsible=RoleId("other")),
        ),
        other=HearsWhen.WEEKLY,
    )

    town = after(started(whole, people=people), DUE, Tick())

    assert [(each.to, each.urgency, len(each.lines)) for each in town.messages if each.to == "anna"] == [
        ("anna", Urgency.AT_ONCE, 2)
    ]


def test_closing_a_cycle_is_told_once_to_everyone_who_still_had_work_and_not_to_who_did_it() -> None:
    whole = definition(step("a"), step("b", needs=["a"], responsible=RoleId("other")), step("c", needs=["b"]))

    town = after(started(whole), MONDAY, CycleClosed(reason="het pand is verkocht", by="lead"))

    assert sorted(heard(town)) == [("maker", "ended", ""), ("other", "ended", "")]


@pytest.mark.parametrize(
    "event",
    [
        StepWaived(key=key("a"), reason="al gedaan", approved_by="college", by="lead"),
        StepWithdrawn(key=key("a"), reason="niet meer nodig", by="lead"),
    ],
    ids=["waived", "withdrawn"],
)
def test_step_that_is_done_no_more_is_told_to_who_had_it_and_to_the_partner_whose_turn_it_was(event: Event) -> None:
    town = after(started(one()), MONDAY, PartnerAsked(key=key("a"), role=RoleId("other"), by="lead"))

    town = after(town, D("2027-01-05"), event)

    assert heard(town) == [("maker", "ended", "a"), ("other", "ended", "a")]


def test_step_that_is_open_again_on_another_day_is_asked_again() -> None:
    whole = definition(step("a"), step("b", needs=["a"], responsible=RoleId("other")))
    town = after(started(whole), D("2027-01-05"), StepFinished(key=key("a"), by="maker"))
    first = [line for message in town.messages for line in message.lines if str(line.key) == "b"]

    town = after(town, D("2027-01-06"), StepReopened(key=key("a"), reason="er miste iets", also=(), by="lead"))
    assert ("maker", "ready", "a") in heard(town)
    town = after(town, D("2027-01-07"), StepFinished(key=key("a"), by="maker"))

    again = [line for message in town.messages for line in message.lines if line.kind is Kind.READY]
    assert [(str(line.key), line.happening) for line in again] == [("b", "2027-01-06")]
    assert first[0].happening == ""
