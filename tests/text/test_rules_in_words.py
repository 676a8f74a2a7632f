"""Rules, conditions and names of a definition, as a reader knows them."""

from __future__ import annotations

import pytest

from regie.core.conditions import parse
from regie.core.definition import DateBase, DateRule
from regie.core.ids import StepId
from regie.core.span import Span
from regie.text.rules import say_answer, say_body, say_condition, say_cycle, say_outcome, say_role, say_rule, say_step
from tests.support.builders import key
from tests.text.town import town_definition

TOWN = town_definition()


def rule(base: DateBase, ref: str = "", offset: str = "", **more: object) -> DateRule:
    return DateRule(base, ref, Span.parse(offset) if offset else None, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "dutch", "english"),
    [
        (rule(DateBase.ANCHOR, "opening", "-20wd"), "20 werkdagen voor 'Opening'", "20 working days before 'Opening'"),
        (rule(DateBase.ANCHOR, "opening", "3m"), "3 maanden na 'Opening'", "3 months after 'Opening'"),
        (rule(DateBase.ANCHOR, "opening"), "op de dag van 'Opening'", "on the day of 'Opening'"),
        (rule(DateBase.ANCHOR, "opening", "0wd"), "op de dag van 'Opening'", "on the day of 'Opening'"),
        (
            rule(DateBase.STEP, "nota", "10wd"),
            "10 werkdagen na 'Nota schrijven'",
            "10 working days after 'Write the note'",
        ),
        (
            rule(DateBase.STEP, "nota", "-1wd", of_start=True),
            "1 werkdag voor het begin van 'Nota schrijven'",
            "1 working day before the start of 'Write the note'",
        ),
        (
            rule(DateBase.PREDECESSORS, "", "5wd"),
            "5 werkdagen na de stappen ervoor",
            "5 working days after the steps before it",
        ),
        (rule(DateBase.PERIOD), "op de dag van het einde van de periode", "on the day of the end of the period"),
        (rule(DateBase.ITEM, "komst", "5wd"), "5 werkdagen na 'Instroommoment'", "5 working days after 'Arrival'"),
        (rule(DateBase.CALENDAR, "", "-1d", month=11, day=1), "voor 1 november", "before 1 November"),
        (
            rule(DateBase.CALENDAR, "", "-1d", month=11, day=1, years="even"),
            "voor 1 november in even jaren",
            "before 1 November in even years",
        ),
        (rule(DateBase.CALENDAR, month=11, day=1), "op 1 november", "on 1 November"),
        (rule(DateBase.CALENDAR, month=11, day=1, year=2027), "op 1 november 2027", "on 1 November 2027"),
        (
            rule(DateBase.CALENDAR, "", "-10wd", month=11, day=1, years="odd"),
            "10 werkdagen voor 1 november in oneven jaren",
            "10 working days before 1 November in odd years",
        ),
    ],
)
def test_a_date_rule_is_said_in_titles(given: DateRule, dutch: str, english: str) -> None:
    assert say_rule(given, TOWN, "nl") == dutch
    assert say_rule(given, TOWN, "en") == english


@pytest.mark.parametrize(
    ("text", "dutch"),
    [
        ("plekken >= 100", "'Hoeveel plekken?' is minstens 100"),
        ("plekken < 100", "'Hoeveel plekken?' is minder dan 100"),
        ("not plekken < 100", "'Hoeveel plekken?' is minstens 100"),
        ("vorm = tgo", "'Welke vorm?' is 'Tijdelijke opvang'"),
        ("vorm != tgo", "'Welke vorm?' is niet 'Tijdelijke opvang'"),
        ("vorm in [tgo, vge]", "'Welke vorm?' is 'Tijdelijke opvang' of 'Eigen exploitatie'"),
        ("amv in groepen", "'Voor wie?' bevat 'Alleenstaande minderjarigen'"),
        ("amv not in groepen", "'Voor wie?' bevat niet 'Alleenstaande minderjarigen'"),
        ("bekend", "'Ligt de locatie vast?' is ja"),
        ("not bekend", "'Ligt de locatie vast?' is niet ja"),
        ("besluit = go", "'Raadsbesluit nemen' is 'Go'"),
        ("bekend and plekken > 5", "'Ligt de locatie vast?' is ja, en 'Hoeveel plekken?' is meer dan 5"),
        (
            "not (bekend and plekken > 5)",
            "'Ligt de locatie vast?' is niet ja, of 'Hoeveel plekken?' is hoogstens 5",
        ),
        (
            "bekend or (vorm = tgo and plekken > 5)",
            "'Ligt de locatie vast?' is ja, of ('Welke vorm?' is 'Tijdelijke opvang', en 'Hoeveel plekken?' is meer dan 5)",
        ),
    ],
)
def test_a_condition_is_said_in_its_questions_and_answers(text: str, dutch: str) -> None:
    assert say_condition(parse(text), TOWN) == dutch


@pytest.mark.parametrize(
    ("name", "dutch", "english"),
    [
        ("nota", "Nota schrijven", "Write the note"),
        ("overleg@1", "Overleg voeren", "Hold talks"),
        ("overleg@3", "Overleg voeren (3e keer)", "Hold talks (no. 3)"),
        ("school@eerste", "Kinderen naar school (eerste instroommoment)", "Children to school (first arrival)"),
        ("school@groep-b", "Kinderen naar school (instroommoment groep-b)", "Children to school (arrival groep-b)"),
        ("verdwenen", "verdwenen", "verdwenen"),
    ],
)
def test_a_copy_of_a_step_is_told_apart(name: str, dutch: str, english: str) -> None:
    assert say_step(TOWN, key(name), "nl") == dutch
    assert say_step(TOWN, key(name), "en") == english


def test_answers_are_said_as_they_were_offered() -> None:
    assert say_answer(TOWN, "groepen", frozenset({"amv", "gezinnen"})) == "Gezinnen en Alleenstaande minderjarigen"
    assert say_answer(TOWN, "bekend", False) == "nee"
    assert say_answer(TOWN, "plekken", 80) == "80"


def test_who_decides_is_a_body_or_a_role() -> None:
    assert say_body(TOWN, "raad") == "Gemeenteraad"
    assert say_body(TOWN, "wethouder") == "Wethouder"
    assert say_role(TOWN, "weg") == "weg"


def test_outcomes_and_cycles_have_names() -> None:
    assert say_outcome(TOWN.steps[StepId("besluit")], "hold") == "Aanhouden"
    assert say_cycle(TOWN, "first") == "eerste doorloop"
    assert say_cycle(TOWN, "improvement", "en") == "Improvement"
