"""From the format to the model: what everything that can be said becomes, and what is left out gets."""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.core.calendar import EVERY_DAY, WEEKDAYS, WorkCalendar
from regie.core.conditions import holds
from regie.core.definition import (
    ALL_PARTNERS,
    Basis,
    DateBase,
    Effect,
    EvidenceRule,
    HearsWhen,
    Join,
    Kind,
    QuestionKind,
    RelationType,
    RerunCode,
    Step,
)
from regie.core.ids import AnchorId, BodyId, ListId, PhaseId, QuestionId, RoleId, StepId, TrackId
from regie.core.span import Span
from regie.core.terms import TermKind
from regie.definitions import check_sources, load_sources
from tests.support.authoring import HEADER, check, check_steps, compiled, errors, only, places
from tests.support.builders import contents


def step(text: str, id_: str = "a") -> Step:
    """Compile steps and give one of them."""
    return compiled(text).steps[StepId(id_)]


def spans(*texts: str) -> tuple[Span, ...]:
    return tuple(Span.parse(text) for text in texts)


# --- what is left out -------------------------------------------------------------------------------


def test_five_plain_steps_are_a_whole_definition() -> None:
    definition = compiled(
        """\
        steps:
          a: {title: A, takes: 3wd}
          b: {title: B, takes: 2wd, needs: a}
          c: {title: C, needs: [a, b]}
          d: {title: D, needs: {start_to_start: b, lag: -1wd}}
          e: {title: E, needs: d}
        """
    )

    assert list(definition.steps) == ["a", "b", "c", "d", "e"]
    assert definition.roles == {}
    assert definition.language == "nl"
    assert definition.version == "0"


def test_a_step_with_only_a_title_gets_the_defaults() -> None:
    plain = step("steps:\n  a: {title: A}\n")

    assert plain.title == {"nl": "A"}
    assert plain.phase == PhaseId("plan")
    assert plain.track is None
    assert [(case.value.span, case.value.basis) for case in plain.takes] == [(Span.parse("1wd"), Basis.ESTIMATE)]
    assert plain.join == Join()
    assert plain.evidence is EvidenceRule.OPTIONAL


def test_a_phase_called_plan_is_there_when_none_is_declared() -> None:
    definition = compiled("steps:\n  a: {title: A}\n")

    assert [phase.title["nl"] for phase in definition.phases.values()] == ["Plan"]


def test_a_step_without_a_phase_goes_with_the_first() -> None:
    result = check_steps("phases: {x: {title: X}, y: {title: Y}}\nsteps:\n  a: {title: A}\n")

    assert result.definition is not None
    assert result.definition.steps[StepId("a")].phase == PhaseId("x")
    assert "RG219" in {finding.code for finding in result.findings}


def test_the_start_is_an_anchor_also_when_nobody_declares_it() -> None:
    definition = compiled("steps:\n  a: {title: A, due: 5wd after start}\n")

    assert list(definition.anchors) == ["start"]


def test_a_declared_start_keeps_its_title() -> None:
    definition = compiled("anchors: {start: {title: Begin van de doorloop}}\nsteps: {}\n")

    assert definition.anchors[AnchorId("start")].title == {"nl": "Begin van de doorloop"}


def test_a_gate_without_a_length_takes_a_day() -> None:
    gate = step("roles: {r: {title: R}}\nsteps:\n  a: {title: A, gate: {decided_by: r}}\n")

    assert [case.value.span for case in gate.takes] == [Span.parse("1wd")]


def test_a_step_with_a_term_and_no_length_takes_the_term() -> None:
    assert step("steps:\n  a: {title: A, term: {length: 8w}}\n").takes == ()


def test_a_term_counted_back_gives_the_step_no_length() -> None:
    counted_back = step(
        "anchors: {opening: {title: O, target: required}}\n"
        "steps:\n  a: {title: A, term: {length: 4w, kind: before-event, before: opening}}\n"
    )

    assert [case.value.span for case in counted_back.takes] == [Span.parse("1wd")]
    assert counted_back.terms[0].value.before is not None
    assert counted_back.terms[0].value.before.ref == "opening"


def test_notices_have_sensible_defaults() -> None:
    policy = compiled("steps: {}\n").policy

    assert policy.to[Kind.READY] == ("responsible",)
    assert policy.to[Kind.DECISION_NEEDED] == ("responsible", "accountable")
    assert policy.to[Kind.DONE] == ("informed",)
    assert [(rung.after, rung.to) for rung in policy.ladder] == [
        (Span.parse("3wd"), ("accountable",)),
        (Span.parse("8wd"), ("lead",)),
    ]
    assert policy.remind == spans("5wd")
    assert policy.moved_at_least == Span.parse("1wd")
    assert policy.lead is None


def test_every_kind_of_notice_but_the_derived_ones_has_a_default() -> None:
    policy = compiled("steps: {}\n").policy

    assert set(Kind) - set(policy.to) == {Kind.ENDED, Kind.ESCALATED, Kind.DIGEST, Kind.QUESTION_ANSWERED}


def test_an_author_says_who_hears_what_partners_say_and_an_answer_goes_to_who_asked() -> None:
    roles = "roles: {ggd: {title: GGD}, leider: {title: L}}\nsteps: {}\n"

    policy = compiled(f"notices: {{lead: leider, to: {{date-proposed: [lead, ggd], declined: []}}}}\n{roles}").policy
    assert policy.to[Kind.DATE_PROPOSED] == ("lead", "ggd")
    assert policy.to[Kind.DECLINED] == ()
    assert (policy.to[Kind.QUESTION_ASKED], policy.to[Kind.PROPOSAL_ANSWERED]) == (("lead",), ("responsible",))
    refused = check(f"notices: {{to: {{question-answered: ggd}}}}\n{roles}")
    assert "RG405" in {each.code for each in errors(refused)}


# --- what is said ------------------------------------------------------------------------------------


def test_one_text_is_dutch_and_two_are_told_apart() -> None:
    titled = step("steps:\n  a: {title: {nl: Startnota, en: Start note}, done_when: vastgesteld}\n")

    assert titled.title == {"nl": "Startnota", "en": "Start note"}
    assert titled.done_when == {"nl": "vastgesteld"}


def test_relations_of_all_four_types_with_lag_and_lead() -> None:
    related = step(
        """\
        steps:
          a:
            title: A
            needs:
              - b
              - {start_to_start: b, lag: 5wd}
              - {finish_to_finish: c, lag: -2d}
              - {start_to_finish: c}
          b: {title: B}
          c: {title: C}
        """
    )

    assert [(each.predecessor, each.type, each.lag) for each in related.needs] == [
        ("b", RelationType.FINISH_TO_START, None),
        ("b", RelationType.START_TO_START, Span.parse("5wd")),
        ("c", RelationType.FINISH_TO_FINISH, Span.parse("-2d")),
        ("c", RelationType.START_TO_FINISH, None),
    ]


@pytest.mark.parametrize(("join", "count"), [("all", 0), ("any", 1), ("{at_least: 2}", 2)])
def test_a_join_says_how_many_are_enough(join: str, count: int) -> None:
    joined = step(f"steps:\n  a: {{title: A, needs: [b, c], join: {join}}}\n  b: {{title: B}}\n  c: {{title: C}}\n")

    assert joined.join == Join(count)


def test_a_length_may_depend_on_the_answers() -> None:
    built = step(
        """\
        questions:
          gebouw: {ask: "Wat voor gebouw?", one_of: [bestaand, verbouw, nieuwbouw]}
        steps:
          a:
            title: Bouwen
            basis: norm
            takes:
              - {when: gebouw = verbouw, is: 90wd}
              - {when: gebouw = bestaand, is: 0wd}
              - {is: 220wd}
        """
    )

    assert [(case.value.span, case.value.basis) for case in built.takes] == [
        (Span.parse("90wd"), Basis.NORM),
        (Span.parse("0wd"), Basis.NORM),
        (Span.parse("220wd"), Basis.NORM),
    ]
    assert holds(built.takes[0].when, {"gebouw": "verbouw"}) is True
    assert built.takes[2].when is None


def test_a_continuous_step_has_no_length() -> None:
    assert step("steps:\n  a: {title: A, takes: continuous}\n").takes[0].value.span is None


def test_a_due_date_may_depend_on_the_answers() -> None:
    due = step(
        """\
        questions: {haast: {ask: "Haast?", yes_no: true}}
        steps:
          a:
            title: A
            due:
              - {when: haast, is: 5wd after start}
              - {is: 15wd after predecessors}
        """
    ).due

    assert [(case.value.base, case.value.said) for case in due] == [
        (DateBase.ANCHOR, "5wd after start"),
        (DateBase.PREDECESSORS, "15wd after predecessors"),
    ]


def test_a_window_opens_and_closes() -> None:
    window = step(
        "anchors: {opening: {title: O, target: required}}\n"
        "steps:\n  a: {title: A, window: {from: 10wd before opening, until: 3wd before opening}}\n"
    ).window

    assert window is not None
    assert window.opens is not None
    assert window.closes is not None
    assert (window.opens.offset, window.closes.offset) == (Span.parse("-10wd"), Span.parse("-3wd"))


def test_a_gate_has_go_hold_and_no_go() -> None:
    gate = step(
        "bodies: {college: {title: College, dates: [2027-01-05]}}\n"
        "steps:\n  a: {title: A, gate: {decided_by: college, no_go: ends the cycle}}\n"
    ).gate

    assert gate is not None
    assert {name: outcome.effect for name, outcome in gate.outcomes.items()} == {
        "go": Effect.OPENS,
        "hold": Effect.WAITS,
        "no-go": Effect.ENDS_CYCLE,
    }
    assert gate.outcomes["hold"].title == {"nl": "Aanhouden", "en": "On hold"}


def test_own_outcomes_take_the_place_of_go_and_no_go() -> None:
    gate = step(
        """\
        roles: {bestuurder: {title: Bestuurder}}
        cycle_kinds: {expansion: {title: Uitbreiden}}
        steps:
          a:
            title: Bijsturen
            gate:
              decided_by: bestuurder
              only_own_outcomes: true
              outcomes:
                doorgaan: {title: Doorgaan, does: opens}
                uitbreiden: {title: Uitbreiden, does: {opens_cycle: expansion}}
                stoppen: {title: Stoppen, does: {ends: [b]}}
          b: {title: B, when: a = uitbreiden}
        """
    ).gate

    assert gate is not None
    assert list(gate.outcomes) == ["hold", "doorgaan", "uitbreiden", "stoppen"]
    assert gate.outcomes["uitbreiden"].opens_cycle == "expansion"
    assert gate.outcomes["uitbreiden"].effect is Effect.OPENS
    assert gate.outcomes["stoppen"].ends == (StepId("b"),)


def test_a_statutory_term_keeps_its_source() -> None:
    term = step(
        """\
        steps:
          b: {title: Aanvragen}
          a:
            title: Vergunningbesluit
            needs: b
            term:
              length: 8w
              kind: law
              extension: 6w
              article: Omgevingswet 16.64
              source: BWBR0037885
              valid_from: 2024-01-01
              after: b
        """
    ).terms[0]

    assert (term.value.length, term.value.kind, term.value.extension) == (*spans("8w"), TermKind.LAW, *spans("6w"))
    assert (term.value.article, term.value.source) == ("Omgevingswet 16.64", "BWBR0037885")
    assert term.value.valid_from == date(2024, 1, 1)
    assert term.value.after is not None
    assert (term.value.after.base, term.value.after.ref) == (DateBase.STEP, "b")


def test_a_step_repeats_first_monthly_and_then_each_quarter() -> None:
    rhythms = step(
        """\
        anchors:
          opening: {title: Opening, target: required}
          einde: {title: Einde, target: optional, set_by: b}
        steps:
          a:
            title: Overleg
            repeats: {every: 1m, from: opening, until: 3m after opening, then: {every: 3m, until: einde}}
            due: 5wd after period
          b: {title: Sluiten}
        """
    ).repeats

    assert [rhythm.every for rhythm in rhythms] == list(spans("1m", "3m"))
    assert rhythms[0].opens is not None
    assert rhythms[0].opens.ref == "opening"
    assert rhythms[0].until is not None
    assert rhythms[0].until.offset == Span.parse("3m")
    assert rhythms[1].opens is None
    assert rhythms[1].until is not None
    assert rhythms[1].until.ref == "einde"


def test_copies_for_each_item_of_a_list() -> None:
    definition = compiled(
        """\
        anchors: {opening: {title: Opening, target: required}}
        lists: {arrival: {title: Instroommomenten, first_on: opening}}
        steps:
          a: {title: A, for_each: arrival, due: 10wd before arrival}
        """
    )

    assert definition.lists[ListId("arrival")].first_on == AnchorId("opening")
    assert definition.steps[StepId("a")].for_each == ListId("arrival")
    assert definition.steps[StepId("a")].due[0].value.base is DateBase.ITEM


def test_everything_else_that_a_step_may_say() -> None:
    said = step(
        """\
        phases: {fase-0: {title: Voorbereiden, about: Van idee tot besluit, example: true}}
        tracks: {bestuur: {title: Bestuur, in_all_phases: true}}
        roles: {r: {title: R, remind: [5wd, 15wd]}, g: {title: G, group: true}}
        anchors: {opening: {title: Opening, target: required}}
        cycle_kinds: {improvement: {title: Verbeteren}}
        steps:
          b: {title: B}
          a:
            title: A
            phase: fase-0
            track: bestuur
            evidence: required
            responsible: r
            accountable: r
            consulted: all-partners
            informed: [g, r, g]
            only_with: b
            confidential_until: opening
            automation: rapport
            rerun: {improvement: runs-on}
            keeps: 2y
            avoid: zomervakantie
            calendar: every-day
            legal_basis: [Wet A, Wet B]
            remark: let op
        """
    )

    assert (said.phase, said.track, said.evidence) == (PhaseId("fase-0"), TrackId("bestuur"), EvidenceRule.REQUIRED)
    assert (said.responsible, said.accountable) == (RoleId("r"), RoleId("r"))
    assert (said.consulted, said.informed) == ((ALL_PARTNERS,), (RoleId("g"), RoleId("r")))
    assert said.only_with == StepId("b")
    assert said.confidential_until == AnchorId("opening")
    assert said.automation == "rapport"
    assert said.rerun == {"improvement": RerunCode.RUNS_ON}
    assert said.keeps == Span.parse("2y")
    assert said.avoids == ("zomervakantie",)
    assert said.calendar == "every-day"
    assert said.legal_basis == ("Wet A", "Wet B")
    assert said.remark == {"nl": "let op"}


def test_questions_of_all_kinds_with_their_defaults() -> None:
    questions = compiled(
        """\
        questions:
          plekken: {ask: "Hoeveel?", number: {from: 1, to: 2000}, default: 150}
          gebouw: {ask: "Welk?", one_of: {verbouw: Verbouw, units: {nl: Units, en: Units}}, default: units}
          doelgroepen: {ask: "Wie?", some_of: [amv, gezinnen], default: [amv]}
          bekend: {ask: "Bekend?", yes_no: true, default: nee, why: "Anders eerst zoeken"}
          einde: {ask: "Tot wanneer?", date: true, default: 2031-12-31}
          open: {ask: "Zonder voorstel?", one_of: [a, b]}
        steps: {}
        """
    ).questions

    assert {name: (question.kind, question.default) for name, question in questions.items()} == {
        "plekken": (QuestionKind.NUMBER, 150),
        "gebouw": (QuestionKind.ONE_OF, "units"),
        "doelgroepen": (QuestionKind.SOME_OF, frozenset({"amv"})),
        "bekend": (QuestionKind.YES_NO, False),
        "einde": (QuestionKind.DATE, date(2031, 12, 31)),
        "open": (QuestionKind.ONE_OF, None),
    }
    plekken, gebouw = questions[QuestionId("plekken")], questions[QuestionId("gebouw")]
    assert (plekken.low, plekken.high) == (1, 2000)
    assert gebouw.options == ("verbouw", "units")
    assert gebouw.option_titles["units"] == {"nl": "Units", "en": "Units"}
    assert questions[QuestionId("bekend")].why == {"nl": "Anders eerst zoeken"}


@pytest.mark.parametrize(
    "question",
    [
        "number: {from: 1, to: 9}, default: 10",
        "number: {from: 1, to: 9}, default: veel",
        "one_of: [x, y], default: z",
        "some_of: [x, y], default: [x, z]",
        "some_of: [x, y], default: []",
        "yes_no: true, default: misschien",
        "date: true, default: 31-12-2031",
        "number: {}, default: true",
    ],
)
def test_a_default_that_is_no_answer_is_pointed_at(question: str) -> None:
    finding = only(check_steps(f"questions:\n  q: {{ask: Vraag, {question}}}\nsteps: {{}}\n"))

    assert finding.code == "RG214"
    assert finding.mark.column == len("  q: {ask: Vraag, ") + question.index("default: ") + len("default: ") + 1


def test_anchors_happen_by_the_finish_or_the_start_of_a_step() -> None:
    anchors = compiled(
        """\
        anchors:
          go: {title: Go, set_by: a}
          opening: {title: Opening, target: required, set_by_start_of: a}
        steps: {a: {title: A}}
        """
    ).anchors

    assert (anchors[AnchorId("go")].set_by, anchors[AnchorId("go")].set_by_start) == ("a", False)
    assert (anchors[AnchorId("opening")].set_by, anchors[AnchorId("opening")].set_by_start) == ("a", True)
    assert anchors[AnchorId("opening")].target_required


def test_an_anchor_happens_once() -> None:
    result = check_steps("anchors:\n  go: {title: Go, set_by: a, set_by_start_of: a}\nsteps: {a: {title: A}}\n")

    assert places(result) == ["5:47 RG126"]


def test_roles_have_a_rhythm_and_reminders_longest_first() -> None:
    roles = compiled(
        """\
        roles:
          projectleider: {title: Projectleider, does: Leidt het plan, hears: daily, remind: [1w, 15wd, 1d]}
          omwonenden: {title: Omwonenden, group: true}
        steps: {}
        """
    )

    lead = roles.roles[RoleId("projectleider")]
    assert (lead.hears, lead.reminded) == (HearsWhen.DAILY, spans("15wd", "1w", "1d"))
    assert roles.partner_roles() == (RoleId("projectleider"),)


def test_a_body_meets_in_a_rhythm_but_not_in_recess() -> None:
    body = compiled(
        """\
        calendar: weekdays
        bodies:
          raad:
            title: Raad
            meets: {every: 2w, on: thursday, from: 2027-01-07}
            dates: [2027-07-01]
            papers: 10wd
            recess:
              - {name: zomerreces, from: 07-10, to: 08-29}
              - {name: kerst, from: 2027-12-20, to: 2028-01-05}
        steps: {}
        """
    ).bodies[BodyId("raad")]

    meeting = body.next_feasible(date(2027, 7, 9), date(2027, 1, 1))

    assert meeting is not None
    assert meeting.held_on == date(2027, 9, 2)
    assert meeting.papers_due_on == date(2027, 8, 19)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("meets: {every: 2w, on: friday, from: 2027-01-07}", "5:60 RG126"),
        ("meets: {every: 0w, on: thursday, from: 2027-01-07}", "5:38 RG309"),
        ("recess: {name: x, from: 2027-08-01, to: 2027-07-01}, dates: [2027-01-01]", "5:23 RG122"),
        ("recess: [{name: x, from: 2027-08-01, to: 2027-07-01}], dates: [2027-01-01]", "5:64 RG312"),
        ("recess: [{name: x, from: 2027-08-01, to: 07-01}], dates: [2027-01-01]", "5:64 RG126"),
        ("recess: [{name: x, from: 13-01, to: 07-01}], dates: [2027-01-01]", "5:48 RG124"),
    ],
)
def test_a_body_that_cannot_meet_so_is_pointed_at(body: str, place: str) -> None:
    assert places(check_steps(f"bodies:\n  raad: {{title: Raad, {body}}}\nsteps: {{}}\n")) == [place]


def test_an_author_may_say_who_hears_what() -> None:
    policy = compiled(
        """\
        roles: {projectleider: {title: P}, griffie: {title: G}}
        notices:
          lead: projectleider
          to: {done: [], decision-taken: [informed, griffie], ready: lead}
          remind: [1d, 10wd]
          ladder:
            - {after: 2wd, to: [accountable, griffie]}
          moved_at_least: 3wd
        steps:
          a: {title: A, responsible: griffie}
        """
    ).policy

    assert policy.lead == RoleId("projectleider")
    assert policy.to[Kind.DONE] == ()
    assert policy.to[Kind.DECISION_TAKEN] == ("informed", "griffie")
    assert policy.to[Kind.READY] == ("lead",)
    assert policy.to[Kind.DUE] == ("responsible",)
    assert policy.remind == spans("10wd", "1d")
    assert [(rung.after, rung.to) for rung in policy.ladder] == [(Span.parse("2wd"), ("accountable", "griffie"))]
    assert policy.moved_at_least == Span.parse("3wd")


def test_calendars_come_from_the_caller_first() -> None:
    mine = WorkCalendar(name="mijn")
    text = HEADER + "calendar: mijn\nsteps:\n  a: {title: A, calendar: every-day}\n"

    definition = load_sources({"x.yaml": text}, calendars={"mijn": mine})

    assert definition.calendar is mine
    assert definition.calendars == {"every-day": EVERY_DAY}
    assert load_sources({"x.yaml": text.replace("mijn", "weekdays")}).calendar is WEEKDAYS


# --- what does not fit -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "place", "message"),
    [
        ("a: {title: A, needs: [{start_to_start: x}]}", "5:42 RG201", "unknown step 'x'"),
        ("a: {title: A, needs: [a]}", "5:25 RG204", "step waits for itself: a -> a"),
        ("a: {title: A, only_with: a}", "5:28 RG204", "step waits for itself: a -> a"),
        ("a: {title: A, only_with: x}", "5:28 RG201", "unknown step 'x'"),
        ("a: {title: A, for_each: x}", "5:27 RG209", "unknown list 'x'"),
        ("a: {title: A, confidential_until: x}", "5:37 RG302", "unknown anchor 'x'"),
        ("a: {title: A, calendar: x}", "5:27 RG304", "calendar 'x' cannot be used: no calendar 'x'"),
        ("a: {title: A, responsible: all-partners}", "5:30 RG403", "'all-partners' cannot be responsible"),
        ("a: {title: A, consulted: [x]}", "5:29 RG401", "unknown role 'x'"),
        ("a: {title: A, consulted: x}", "5:28 RG401", "unknown role 'x'"),
        ("a: {title: A, rerun: {x: keep}}", "5:28 RG216", "unknown cycle kind 'x'"),
        ("a: {title: A, takes: -1wd}", "5:24 RG309", "length '-1wd' cannot be used here"),
        ("a: {title: A, keeps: 0d}", "5:24 RG309", "length '0d' cannot be used here"),
        ("a: {title: A, takes: 9999999wd}", "5:24 RG125", "'9999999wd' is too long a time"),
        (
            "a: {title: A, due: on period}",
            "5:22 RG303",
            "'on period' counts from a period, and this step does not repeat",
        ),
        ("a: {title: A, due: 5wd after a}", "5:22 RG303", "'5wd after a' counts from the step itself"),
        (
            "a: {title: A, term: {length: 4w, kind: before-event}}",
            "5:42 RG303",
            "a term before an event needs that event",
        ),
        ("a: {title: A, term: {length: 4w, before: start, after: start}}", "5:17 RG303", "a term counts from one side"),
        ("a: {title: A, repeats: {every: 0m, from: start}}", "5:34 RG309", "length '0m' cannot be used here"),
        (
            "a: {title: A, repeats: {every: 1m, from: on period}}",
            "5:44 RG303",
            "a rhythm cannot count from 'on period'",
        ),
        ("a: {title: A, join: any}", "5:23 RG203", "step 'a' asks 1 of 0 relations that hold back its start"),
        ("a: {title: A, when: x = }", "5:26 RG210", "the condition stops too early"),
        ("a: {title: A, when: 'x = 1'}", "5:24 RG211", "unknown name 'x'"),
        ('a: {title: A, when: "1 = 1 and y"}', "5:24 RG211", "unknown name '1'"),
        ("a: {title: A, gate: {decided_by: x}}", "5:36 RG215", "there is no body or role 'x' to decide"),
    ],
)
def test_what_does_not_fit_is_pointed_at(steps: str, place: str, message: str) -> None:
    found = errors(check_steps(f"steps:\n  {steps}\n"))

    assert f"{found[0].mark.line}:{found[0].mark.column} {found[0].code}" == place
    assert found[0].message == message
    assert found[0].hint


@pytest.mark.parametrize(
    ("written", "place"),
    [
        pytest.param("when: q = 1 and zz = 2", "6:21", id="plain"),
        pytest.param("when: 'q = 1 and zz = 2'", "6:22", id="single-quotes"),
        pytest.param('when: "q = 1 and zz = 2"', "6:22", id="double-quotes"),
        pytest.param('when: "\\x71 = 1 and zz = 2"', "6:25", id="escape"),
        pytest.param("when:\n      q = 1\n      and zz = 2", "8:11", id="over-two-lines"),
        pytest.param("when: >\n      q = 1\n\n      and zz = 2", "9:11", id="folded"),
        pytest.param("when: |\n      q = 1\n      and zz = 2", "8:11", id="block"),
        pytest.param('when: "q = 1\n      and\n      zz = 2"', "8:7", id="quotes-over-three-lines"),
    ],
)
def test_a_place_inside_a_text_is_exact_however_it_is_written(written: str, place: str) -> None:
    steps = f"steps:\n  a:\n    {written}\n    title: A\nquestions: {{q: {{ask: Q, number: {{}}}}}}\n"

    finding = only(check_steps(steps))

    assert finding.message == "unknown name 'zz'"
    assert f"{finding.mark.line}:{finding.mark.column}" == place


def test_an_unknown_automation_is_a_warning_only_when_they_are_known() -> None:
    text = {"x.yaml": HEADER + "steps:\n  a: {title: A, automation: rapprt}\n"}

    assert "RG217" not in {finding.code for finding in check_sources(text).findings}
    warned = [f for f in check_sources(text, automations=["rapport"]).findings if f.code == "RG217"]
    assert [(finding.mark.column, finding.hint) for finding in warned] == [(29, "did you mean 'rapport'?")]


# --- order and hash ----------------------------------------------------------------------------------

NETWORK = {
    "f0-a": "{title: A, takes: 3wd}",
    "f0-b": "{title: B, needs: [f0-a], due: 10wd after start}",
    "f0-c": "{title: C, needs: [f0-a, {finish_to_finish: f0-b}]}",
    "f1-d": "{title: D, needs: {start_to_start: f0-c, lag: 2wd}}",
    "f1-e": "{title: E}",
    "f1-f": "{title: F, needs: [f1-e, f1-d]}",
}


def _file(names: list[str]) -> dict[str, str]:
    return {"x.yaml": HEADER + "steps:\n" + "".join(f"  {name}: {NETWORK[name]}\n" for name in names)}


@given(st.permutations(list(NETWORK)))
def test_shuffling_the_steps_in_the_file_changes_nothing(names: list[str]) -> None:
    definition = load_sources(_file(names))

    assert contents(definition) == contents(load_sources(_file(list(NETWORK))))
    assert list(definition.steps) == list(NETWORK)


def test_steps_come_after_what_they_wait_for_and_else_by_id() -> None:
    names = [f"s{number:02}" for number in range(60)]
    chance = random.Random(7)
    needs = {name: chance.sample(names[:place], min(place, 2)) for place, name in enumerate(names)}
    renamed = dict(zip(names, chance.sample(names, len(names)), strict=True))
    lines = [
        f"  {renamed[name]}: {{title: x, needs: [{', '.join(renamed[n] for n in needs[name])}]}}\n" for name in names
    ]
    chance.shuffle(lines)

    order = list(compiled("steps:\n" + "".join(lines)).steps)

    for name in names:
        assert all(order.index(renamed[need]) < order.index(renamed[name]) for need in needs[name])


@pytest.mark.parametrize(
    "same",
    [
        pytest.param("# toelichting\nsteps:\n  a: {title: 'A', takes: 3wd}\n", id="comment-and-quotes"),
        pytest.param("steps:\n  a:\n    takes: 3wd\n    title: {nl: A}\n", id="layout-and-order-of-keys"),
        pytest.param(
            "language: nl\nsteps:\n  a: {title: A, takes: 3wd, evidence: optional, needs: []}\n", id="defaults"
        ),
    ],
)
def test_the_hash_looks_through_the_way_of_writing(same: str) -> None:
    assert compiled(same).content_hash == compiled("steps:\n  a: {title: A, takes: 3wd}\n").content_hash


@pytest.mark.parametrize(
    "other",
    ["steps:\n  a: {title: A, takes: 4wd}\n", "version: '2'\nsteps:\n  a: {title: A, takes: 3wd}\n"],
)
def test_the_hash_sees_every_difference_in_meaning(other: str) -> None:
    assert compiled(other).content_hash != compiled("steps:\n  a: {title: A, takes: 3wd}\n").content_hash


def test_the_hash_is_the_same_on_every_machine() -> None:
    definition = compiled("steps:\n  a: {title: Één, takes: 3wd}\n")

    assert definition.content_hash == "c92e0fe1b9d017c3fd47ef9c9aa9db52594a737463fdffd6c25879a040e914aa"


OWN_CALENDARS = """\
calendar: balie
calendars:
  balie: {based_on: stadhuis, works_on_holidays: [Goede Vrijdag]}
  stadhuis:
    based_on: nl
    days_off: [{on: 2027-12-24, name: stadhuis dicht}]
    working: [{on: 2027-05-07, name: gewone werkdag}]
  zaterdagploeg: {weekdays: [saturday]}
steps:
  a: {title: A}
  b: {title: B, calendar: zaterdagploeg}
"""


@pytest.mark.parametrize(
    ("day", "works"),
    [
        pytest.param("2027-12-24", False, id="closing-day-of-its-base"),
        pytest.param("2027-05-07", True, id="worked-day-of-its-base"),
        pytest.param("2027-03-26", True, id="good-friday-is-worked-here"),
        pytest.param("2027-04-27", False, id="holiday-of-nl"),
    ],
)
def test_a_definition_has_calendars_of_its_own(day: str, works: bool) -> None:
    definition = compiled(OWN_CALENDARS)

    assert definition.calendar.is_working_day(date.fromisoformat(day)) is works
    assert definition.legal_calendar.is_working_day(date.fromisoformat("2027-12-24"))


def test_a_step_works_on_a_calendar_of_the_definition() -> None:
    saturdays = compiled(OWN_CALENDARS).calendars["zaterdagploeg"]

    assert saturdays.is_working_day(date(2027, 6, 5))
    assert not saturdays.is_working_day(date(2027, 6, 4))


@pytest.mark.parametrize(
    ("calendars", "found"),
    [
        ("{x: {based_on: y}, y: {based_on: x}}", ["4:45 calendar 'y' is based on itself"]),
        ("{x: {based_on: x}}", ["4:27 calendar 'x' is based on itself"]),
        ("{x: {based_on: be}}", ["4:27 calendar 'x' cannot be used: no calendar 'be'"]),
        ("{x: {weekdays: []}}", ["4:27 calendar 'x' cannot be used: calendar 'x' has no working days in the week"]),
        (
            "{x: {holidays: [{name: Z, day: 02-30}]}}",
            ["4:27 calendar 'x': 'Z' is on 02-30, which is no day of every year"],
        ),
        (
            "{x: {periods: [{name: P, first: 2027-02-01, last: 2027-01-01}]}}",
            ["4:26 calendar 'x': 'P' ends before it begins"],
        ),
    ],
)
def test_a_wrong_calendar_says_where(calendars: str, found: list[str]) -> None:
    result = check_steps(f"calendars: {calendars}\nsteps: {{a: {{title: A}}}}\n")

    assert {each.code for each in errors(result)} == {"RG304"}
    assert [f"{each.mark.line}:{each.mark.column} {each.message}" for each in errors(result)] == found
