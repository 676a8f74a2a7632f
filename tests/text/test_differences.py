"""Every difference that there can be between two definitions is said, in both languages, by title."""

from __future__ import annotations

import pytest

from regie.core.definition import Definition
from regie.core.versions import How, Part, compare, only_days_differ
from regie.definitions import load_definition, load_sources
from regie.text.differences import say_difference

BASE = """\
regie: 1
id: plan
title: Plan
roles: {a: {title: Aad}, b: {title: Bea}}
anchors: {opening: {title: Opening, target: required}}
bodies: {raad: {title: Raad, meets: {every: 1w, on: tuesday, from: 2026-01-06}}}
calendars: {eigen: {based_on: nl, days_off: [{on: 2027-12-24, name: Kerstavond}], periods: [{name: vakantie, first: 2027-01-04, last: 2027-01-08}]}}
calendar: eigen
steps:
  een: {title: Eerste, takes: 5wd, responsible: a}
  twee: {title: Tweede, takes: 1wd, needs: een, due: 5wd before opening}
"""


def changed(*pairs: tuple[str, str]) -> list[str]:
    text = BASE
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    before, after = load_sources({"plan.yaml": BASE}), load_sources({"plan.yaml": text})
    return [say_difference(each, before, after) for each in compare(before, after)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("takes: 5wd", "takes: 8wd", "Stap 'Eerste': duur was 5 werkdagen, wordt 8 werkdagen."),
        ("responsible: a", "responsible: b", "Stap 'Eerste': verantwoordelijk was 'Aad', wordt 'Bea'."),
        ("needs: een", "needs: {start_to_start: een}", "Stap 'Tweede': hangt af van was begint na 'Eerste', wordt begint niet eerder dan 'Eerste'."),
        ("5wd before", "9wd before", "Stap 'Tweede': uiterlijk was 5 werkdagen voor 'Opening', wordt 9 werkdagen voor 'Opening'."),
        ("needs: een, ", "", "Stap 'Tweede': hangt af van was begint na 'Eerste', wordt niets."),
        ("2027-12-24", "2027-12-27", "Kalender (werkdagen van de organisatie): vrije dag 24 december 2027 (Kerstavond) vervalt."),
        ("name: Kerstavond", "name: Dicht", "Kalender (werkdagen van de organisatie): vrije dag was 24 december 2027 (Kerstavond), wordt 24 december 2027 (Dicht)."),
        ("every: 1w", "every: 2w", "Orgaan 'Raad': vergaderritme was om de 1 weken op dinsdag, vanaf 6 januari 2026, wordt om de 2 weken op dinsdag, vanaf 6 januari 2026."),
        ("b: {title: Bea}", "b: {title: Bea, group: true}", "Rol 'Bea': groep was nee, wordt ja."),
        ("last: 2027-01-08", "last: 2027-01-07", "Kalender (werkdagen van de organisatie): vakantie 'vakantie', 4 tot en met 8 januari 2027 vervalt."),
    ],
)  # fmt: skip
def test_difference_is_said_by_title_with_old_and_new(old: str, new: str, said: str) -> None:
    assert changed((old, new))[0] == said


def test_step_that_is_new_or_dropped_is_named() -> None:
    sentences = changed(("  twee: {title: Tweede", "  drie: {title: Derde"))

    assert sentences == ["Stap 'Tweede' vervalt.", "Stap 'Derde' is nieuw."]


def test_version_and_layout_are_no_difference() -> None:
    assert changed(("title: Plan", 'title: Plan\nversion: "9"\n# opmerking')) == []


def test_whatever_differs_between_two_real_definitions_has_a_sentence_in_both_languages() -> None:
    before: Definition = load_sources({"plan.yaml": BASE})
    after = load_definition("opvang")
    for old, new in ((before, after), (after, before)):
        found = compare(old, new)
        assert {each.part for each in found} >= {Part.STEP, Part.ROLE, Part.BODY, Part.CALENDAR, Part.QUESTION}
        assert {each.how for each in found} == set(How)
        for language in ("nl", "en"):
            said = [say_difference(each, old, new, language) for each in found]
            assert all(each.endswith(".") and "{" not in each and "Mapping" not in each for each in said)


def test_only_days_differ_is_true_of_days_alone() -> None:
    before = load_sources({"plan.yaml": BASE})

    assert only_days_differ(before, load_sources({"plan.yaml": BASE.replace("2027-12-24", "2027-12-27")}))
    assert not only_days_differ(before, load_sources({"plan.yaml": BASE.replace("takes: 5wd", "takes: 6wd")}))
