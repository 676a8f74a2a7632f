"""Why a date is what it is, what can not hold and what changed, in whole sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from regie.core.changes import Moved
from regie.core.findings import PlanFinding, Severity
from regie.core.ids import AnchorId
from regie.core.plan import Plan, make_plan
from regie.core.terms import Suspension
from regie.core.traject import Occurrence, Planned, State
from regie.text.sentences import explain_chain, explain_change, explain_finding, explain_finish, explain_start, why
from tests.support.builders import key, plan_of, step
from tests.text.town import START, cycle_on, fact, town_definition

D = date.fromisoformat


@pytest.mark.parametrize(
    ("name", "dutch", "english"),
    [
        pytest.param(
            "visie",
            "De doorloop begint op 4 januari 2027. Duurt 10 werkdagen.",
            "The cycle starts on 4 January 2027. Takes 10 working days.",
            id="first-step",
        ),
        pytest.param(
            "nota",
            "Wacht op 'Visie vaststellen', klaar op 15 januari 2027. Duurt 5 werkdagen.",
            "Waits for 'Adopt the vision', done on 15 January 2027. Takes 5 working days.",
            id="after-another",
        ),
        pytest.param(
            "rustig",
            "Wacht op 'Visie vaststellen', klaar op 15 januari 2027; daarna 3 werkdagen wachttijd. Duurt 1 werkdag.",
            "Waits for 'Adopt the vision', done on 15 January 2027; then 3 working days of waiting. Takes 1 working day.",
            id="with-a-lag",
        ),
        pytest.param(
            "raming",
            "Begint niet eerder dan 'Visie vaststellen', op 4 januari 2027; 3 werkdagen later. Duurt 20 werkdagen.",
            "Does not start before 'Adopt the vision', on 4 January 2027; 3 working days later. Takes 20 working days.",
            id="start-to-start",
        ),
        pytest.param(
            "kader",
            "Wacht op 'Nota schrijven', klaar op 22 januari 2027. "
            "Is niet eerder klaar dan 'Raming maken', op 3 februari 2027; daarna nog 5 werkdagen.",
            "Waits for 'Write the note', done on 22 January 2027. "
            "Is not finished before 'Make the estimate', on 3 February 2027; then 5 working days more.",
            id="finish-to-finish",
        ),
        pytest.param(
            "besluit",
            "Wacht op 'Nota schrijven', klaar op 22 januari 2027. Gemeenteraad vergadert op 11 maart 2027; "
            "stukken uiterlijk 18 februari 2027 (de vergadering van 11 februari 2027 komt te vroeg).",
            "Waits for 'Write the note', done on 22 January 2027. Municipal council meets on 11 March 2027; "
            "papers by 18 February 2027 (the meeting of 11 February 2027 is too early).",
            id="meeting",
        ),
        pytest.param(
            "vergunning",
            "Wacht op 'Vergunning aanvragen', klaar op 16 maart 2027. 8 weken na 16 maart 2027.",
            "Waits for 'Apply for the permit', done on 16 March 2027. 8 weeks after 16 March 2027.",
            id="term",
        ),
        pytest.param(
            "inrichten",
            "Mag niet eerder beginnen dan 30 werkdagen voor 'Opening' (21 juli 2027). Duurt 10 werkdagen.",
            "May not start before 30 working days before 'Opening' (21 July 2027). Takes 10 working days.",
            id="window",
        ),
        pytest.param(
            "mijlpaal",
            "Wacht op 'Inrichten', klaar op 3 augustus 2027.",
            "Waits for 'Furnish', done on 3 August 2027.",
            id="milestone-says-it-once",
        ),
        pytest.param(
            "overleg@1",
            "De periode begint op 1 september 2027. Duurt 1 werkdag.",
            "The period starts on 1 September 2027. Takes 1 working day.",
            id="period",
        ),
        pytest.param(
            "tolken",
            "Niet nodig bij deze antwoorden (wel bij: 'Hoeveel plekken?' is minstens 100, en ('Voor wie?' bevat "
            "'Alleenstaande minderjarigen', of 'Welke vorm?' is 'Tijdelijke opvang')).",
            "Not needed with these answers (needed if: 'How many places?' is at least 100, and ('For whom?' includes "
            "'Alleenstaande minderjarigen', or 'Which form?' is 'Tijdelijke opvang')).",
            id="condition",
        ),
        pytest.param(
            "opvolgen",
            "Hoort bij 'Tolken regelen', en die stap doet niet mee.",
            "Belongs to 'Arrange interpreters', and that step takes no part.",
            id="only-with",
        ),
    ],
)
def test_a_planned_date_says_why(name: str, dutch: str, english: str) -> None:
    _, plan = cycle_on(START)

    assert why(plan, key(name), "nl") == dutch
    assert why(plan, key(name), "en") == english


@pytest.mark.parametrize(
    ("known", "name", "today", "dutch"),
    [
        pytest.param(
            fact("visie", pinned_start=D("2027-02-01"), pin_reason="na de verkiezingen"),
            "visie",
            "2027-01-04",
            "Vastgezet op 1 februari 2027: na de verkiezingen. Duurt 10 werkdagen.",
            id="pinned",
        ),
        pytest.param(
            fact("visie", pinned_start=D("2027-02-01")),
            "visie",
            "2027-01-04",
            "Vastgezet op 1 februari 2027. Duurt 10 werkdagen.",
            id="pinned-without-reason",
        ),
        pytest.param(
            fact("visie", promised_on=D("2027-03-01")),
            "visie",
            "2027-01-04",
            "De doorloop begint op 4 januari 2027. Toegezegd voor 1 maart 2027.",
            id="promised",
        ),
        pytest.param(
            fact("visie", started_on=D("2027-01-05"), finished_on=D("2027-01-20")),
            "visie",
            "2027-01-21",
            "Begonnen op 5 januari 2027. Klaar sinds 20 januari 2027.",
            id="done",
        ),
        pytest.param(
            fact("visie", started_on=D("2027-01-05")),
            "visie",
            "2027-02-01",
            "Begonnen op 5 januari 2027. Is nog niet af en kan op zijn vroegst vandaag klaar zijn, 1 februari 2027.",
            id="busy-and-late",
        ),
        pytest.param(
            fact("nota"),
            "visie",
            "2027-02-01",
            "Kan op zijn vroegst vandaag beginnen, 1 februari 2027. Duurt 10 werkdagen.",
            id="forgotten",
        ),
        pytest.param(
            fact("visie", finished_on=D("2027-01-20")),
            "nota",
            "2027-01-20",
            "Volgt op 'Visie vaststellen', klaar sinds 20 januari 2027. Duurt 5 werkdagen.",
            id="after-what-is-done",
        ),
        pytest.param(
            fact("visie", out_state=State.WAIVED, out="staat in het bestuursakkoord"),
            "visie",
            "2027-01-04",
            "Overgeslagen: staat in het bestuursakkoord.",
            id="waived",
        ),
        pytest.param(
            fact("visie", out_state=State.DROPPED, out="improvement: drop"),
            "visie",
            "2027-01-04",
            "Komt niet terug in deze doorloop (Verbeteren).",
            id="dropped",
        ),
        pytest.param(
            fact("nota", out_state=State.WITHDRAWN, out="gate:besluit: no-go"),
            "nota",
            "2027-01-04",
            "Vervallen door het besluit 'No-go' bij 'Raadsbesluit nemen'.",
            id="withdrawn-by-a-gate",
        ),
        pytest.param(
            fact("nota", out_state=State.WITHDRAWN, out="dubbel"),
            "nota",
            "2027-01-04",
            "Ingetrokken: dubbel.",
            id="withdrawn",
        ),
    ],
)
def test_what_people_did_is_a_reason_too(known: Occurrence, name: str, today: str, dutch: str) -> None:
    plan = plan_with(today, known)

    assert why(plan, key(name)) == dutch


def plan_with(today: str, *known: Occurrence) -> Plan:
    """Plan with some facts, without asking the engine whether they may be so."""
    _, plan = cycle_on(D(today))
    facts = {each.key: each for each in known}
    return make_plan(replace(plan.given, occurrences={**plan.given.occurrences, **facts}))


@pytest.mark.parametrize(
    ("known", "dutch", "english"),
    [
        pytest.param(
            fact("vergunning"),
            "8 weken na 10 maart 2027, verlengd wegens Bevrijdingsdag, Hemelvaartsdag, "
            "een gelijkgestelde vrije dag en het weekend.",
            "8 weeks after 10 March 2027, extended because of Liberation Day, Ascension Day, "
            "a day off by decree and the weekend.",
            id="rolled",
        ),
        pytest.param(
            fact("vergunning", extended=True),
            "8 weken na 10 maart 2027, met verlenging tot 16 juni 2027.",
            "8 weeks after 10 March 2027, prolonged to 16 June 2027.",
            id="extended",
        ),
        pytest.param(
            fact("vergunning", suspensions=(Suspension(D("2027-04-01"), D("2027-05-13"), "gegevens"),)),
            "8 weken na 10 maart 2027, stond 42 dagen stil.",
            "8 weeks after 10 March 2027, stood still for 42 days.",
            id="suspended",
        ),
    ],
)
def test_a_legal_term_says_how_it_was_counted(known: Occurrence, dutch: str, english: str) -> None:
    done = fact("aanvraag", started_on=D("2027-03-08"), finished_on=D("2027-03-10"))
    plan = plan_with("2027-03-11", done, known)

    assert why(plan, known.key, "nl").endswith(f". {dutch}")
    assert why(plan, known.key, "en").endswith(f". {english}")


def test_the_start_and_the_end_can_be_asked_apart() -> None:
    _, plan = cycle_on(START)

    assert explain_start(plan, key("nota")) == (
        "Begint op 18 januari 2027: wacht op 'Visie vaststellen', klaar op 15 januari 2027."
    )
    assert explain_finish(plan, key("nota")) == "Klaar op 22 januari 2027: duurt 5 werkdagen."
    assert explain_start(plan, key("opvolgen")) == "Hoort bij 'Tolken regelen', en die stap doet niet mee."


def test_what_happened_needs_no_reason() -> None:
    plan = plan_with("2027-01-21", fact("visie", started_on=D("2027-01-05"), finished_on=D("2027-01-20")))

    assert explain_start(plan, key("visie")) == "Begonnen op 5 januari 2027."
    assert explain_finish(plan, key("visie"), "en") == "Done since 20 January 2027."


def test_steps_that_are_waited_for_alike_share_a_clause() -> None:
    plan = plan_of(
        step("a", "5wd"), step("b", "5wd"), step("c", "5wd"), step("d", "5wd"), step("e", "1wd", ["a", "b", "c", "d"])
    )

    assert why(plan, key("e")) == "Wacht op 'A', 'B' en nog 2 andere, klaar op 8 januari 2027. Duurt 1 werkdag."


def test_two_different_reasons_are_both_said() -> None:
    plan = plan_of(step("a", "5wd"), step("b", "3wd"), step("c", "1wd", ["a", "fs:b+2wd"]))

    assert why(plan, key("c")) == (
        "Wacht op 'A', klaar op 8 januari 2027; en wacht op 'B', klaar op 6 januari 2027; "
        "daarna 2 werkdagen wachttijd. Duurt 1 werkdag."
    )


def test_an_unknown_step_is_an_error() -> None:
    _, plan = cycle_on(START)

    with pytest.raises(KeyError):
        why(plan, key("verdwenen"))


# --- chains and findings ------------------------------------------------------------------------------


def test_a_chain_is_told_step_by_step_and_says_what_the_step_before_does_not() -> None:
    _, plan = cycle_on(START)

    assert explain_chain(plan.chain_to(key("vergunning")), plan) == [
        "4 tot en met 15 januari 2027: Visie vaststellen (de doorloop begint op 4 januari 2027)",
        "18 tot en met 22 januari 2027: Nota schrijven",
        "25 januari tot en met 11 maart 2027: Raadsbesluit nemen (Gemeenteraad vergadert op 11 maart 2027; stukken "
        "uiterlijk 18 februari 2027 (de vergadering van 11 februari 2027 komt te vroeg))",
        "12 tot en met 16 maart 2027: Vergunning aanvragen",
        "17 maart tot en met 11 mei 2027: Vergunning krijgen (8 weken na 16 maart 2027)",
    ]


def test_a_chain_along_a_finish_relation_says_so() -> None:
    _, plan = cycle_on(START)

    chain = explain_chain(plan.chain_to(key("kader")), plan, "en")

    assert chain[-1] == (
        "25 January to 10 February 2027: Discuss the frame (is not finished before 'Make the estimate', "
        "on 3 February 2027; then 5 working days more)"
    )


def test_an_opening_that_cannot_hold_names_the_days_and_the_chain() -> None:
    cycle, plan = cycle_on(START, opening=D("2027-05-03"))
    found = [finding for finding in plan.findings if finding.code == "RG351"]

    assert [explain_finding(each, cycle.definition) for each in found] == [
        "'Opening' op 3 mei 2027 lukt niet: het plan komt uit op 27 mei 2027, 14 werkdagen te laat. Langs deze keten: "
        "Visie vaststellen > Nota schrijven > nog 4 stappen > Alles staat klaar > Eerste bewoners ontvangen."
    ]
    assert explain_finding(found[0], cycle.definition, "en") == (
        "'Opening' on 3 May 2027 cannot hold: the plan comes to 27 May 2027, 14 working days late. Along this chain: "
        "Adopt the vision > Write the note > 4 more steps > All is ready > Receive the first residents."
    )


@pytest.mark.parametrize(
    ("finding", "dutch", "english"),
    [
        (
            PlanFinding(
                "RG352",
                key("vergunning"),
                Severity.ERROR,
                D("2027-05-12"),
                D("2027-05-11"),
                1,
                said="Omgevingswet 16.64",
            ),
            "De wettelijke datum van 'Vergunning krijgen' lukt niet: 11 mei 2027 (Omgevingswet 16.64). "
            "Het plan komt uit op 12 mei 2027, 1 werkdag te laat.",
            "The legal date of 'Get the permit' cannot hold: 11 May 2027 (Omgevingswet 16.64). "
            "The plan comes to 12 May 2027, 1 working day late.",
        ),
        (
            PlanFinding("RG352", key("vergunning"), Severity.ERROR, D("2027-05-12"), D("2027-05-11"), 1),
            "De wettelijke datum van 'Vergunning krijgen' lukt niet: 11 mei 2027. "
            "Het plan komt uit op 12 mei 2027, 1 werkdag te laat.",
            "The legal date of 'Get the permit' cannot hold: 11 May 2027. The plan comes to 12 May 2027, 1 working day late.",
        ),
        (
            PlanFinding("RG353", key("nota"), Severity.WARNING, D("2027-01-18"), D("2027-01-11"), 5),
            "'Nota schrijven' is vastgezet op 11 januari 2027, maar kan pas op 18 januari 2027 door wat ervoor komt "
            "(5 werkdagen verschil).",
            "'Write the note' is pinned to 11 January 2027, but can only be on 18 January 2027 because of what comes "
            "before it (5 working days apart).",
        ),
        (
            PlanFinding("RG354", None, Severity.WARNING, on=D("2031-03-01"), said="nl"),
            "De vrije dagen van 2031 staan nog niet vast; datums in dat jaar kunnen veranderen.",
            "The days off of 2031 are not certain yet; dates in that year may change.",
        ),
        (
            PlanFinding("RG355", key("besluit"), Severity.WARNING, D("2027-03-11"), D("2027-03-01"), 8),
            "'Raadsbesluit nemen' is gepland tot 11 maart 2027. Dat is 8 werkdagen na de vervaldatum, 1 maart 2027.",
            "'Decide in council' is planned until 11 March 2027. That is 8 working days after its due date, 1 March 2027.",
        ),
        (
            PlanFinding("RG356", key("informeren"), Severity.WARNING, on=D("2027-07-12"), said="zomervakantie Noord"),
            "'Omwonenden informeren' valt op 12 juli 2027 in een periode die we liever mijden: zomervakantie Noord.",
            "'Inform the neighbours' falls on 12 July 2027 in a period that we would rather avoid: summer holidays, North.",
        ),
        (
            PlanFinding("RG357", key("besluit"), Severity.ERROR, on=D("2027-01-29")),
            "Voor 'Raadsbesluit nemen' is na 29 januari 2027 geen vergadering te vinden van Gemeenteraad.",
            "No meeting of Municipal council can be found for 'Decide in council' after 29 January 2027.",
        ),
    ],
    ids=lambda given: given.code if isinstance(given, PlanFinding) else "",
)
def test_every_finding_is_a_sentence(finding: PlanFinding, dutch: str, english: str) -> None:
    assert explain_finding(finding, town_definition(), "nl") == dutch
    assert explain_finding(finding, town_definition(), "en") == english


def test_a_short_chain_is_named_in_full() -> None:
    cycle, plan = cycle_on(START)
    finding = PlanFinding(
        "RG351", key("instroom"), Severity.ERROR, D("2027-03-02"), D("2027-03-01"), 1, AnchorId("opening"),
        chain=plan.chain_to(key("nota")),
    )  # fmt: skip

    assert explain_finding(finding, cycle.definition).endswith("Langs deze keten: Visie vaststellen > Nota schrijven.")


# --- what changed -------------------------------------------------------------------------------------

BEFORE = Planned(
    D("2027-05-24"), D("2027-06-03"), D("2027-06-01"), D("2027-06-10"), 5, False, D("2027-06-03"), D("2027-07-01")
)


@pytest.mark.parametrize(
    ("after", "cause", "dutch", "english"),
    [
        pytest.param(
            BEFORE._replace(early_finish=D("2027-07-01")),
            "vergunning",
            "'Nota schrijven' is klaar op 1 juli 2027 in plaats van 3 juni 2027: 20 werkdagen later, door 'Vergunning krijgen'.",
            "'Write the note' is done on 1 July 2027 instead of 3 June 2027: 20 working days later, because of 'Get the permit'.",
            id="later",
        ),
        pytest.param(
            BEFORE._replace(early_finish=D("2027-06-02"), early_start=D("2027-05-21")),
            "anchor:opening",
            "'Nota schrijven' is klaar op 2 juni 2027 in plaats van 3 juni 2027: 1 werkdag eerder, door de nieuwe datum van 'Opening'.",
            "'Write the note' is done on 2 June 2027 instead of 3 June 2027: 1 working day earlier, because of the new date of 'Opening'.",
            id="earlier",
        ),
        pytest.param(
            BEFORE._replace(early_start=D("2027-05-25")),
            "",
            "'Nota schrijven' begint op 25 mei 2027 in plaats van 24 mei 2027: 1 werkdag later.",
            "'Write the note' starts on 25 May 2027 instead of 24 May 2027: 1 working day later.",
            id="start-only",
        ),
        pytest.param(
            BEFORE._replace(due_on=D("2027-06-10")),
            "",
            "De vervaldatum van 'Nota schrijven' is 10 juni 2027 in plaats van 3 juni 2027: 5 werkdagen later.",
            "The due date of 'Write the note' is 10 June 2027 instead of 3 June 2027: 5 working days later.",
            id="due-date",
        ),
        pytest.param(
            BEFORE._replace(legal_on=D("2027-07-08")),
            "",
            "De wettelijke datum van 'Nota schrijven' is 8 juli 2027 in plaats van 1 juli 2027: 5 werkdagen later.",
            "The legal date of 'Write the note' is 8 July 2027 instead of 1 July 2027: 5 working days later.",
            id="legal-date",
        ),
        pytest.param(
            BEFORE._replace(slack_working_days=-1),
            "",
            "De speling van 'Nota schrijven' is -1 werkdag in plaats van 5 werkdagen.",
            "The slack of 'Write the note' is -1 working day instead of 5 working days.",
            id="slack-only",
        ),
    ],
)
def test_a_change_says_old_new_how_much_and_by_what(after: Planned, cause: str, dutch: str, english: str) -> None:
    moved = Moved(1, key("nota"), BEFORE, after)

    assert explain_change(moved, town_definition(), "nl", cause=cause) == dutch
    assert explain_change(moved, town_definition(), "en", cause=cause) == english
