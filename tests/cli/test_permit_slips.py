"""A location that must open in sixteen months: all of it is planned, the chain is explained, and what a permit that
slips leads to is shown before anything is saved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from regie.core.ids import OccurrenceKey, StepId
from regie.definitions import load_definition
from regie.text.dates import say_date
from regie.text.rules import say_step
from tests.support.commands import Regie, command_in

START = date(2026, 12, 1)
OPENING = date(2028, 4, 3)
PERMIT = "f1-vergunningbesluit"
Steps = dict[str, dict[str, Any]]


@dataclass
class Wilg:
    """A traject of the default definition with one person in each role, and the permit that is to slip."""

    regie: Regie
    before: Steps
    was_on: date
    later_on: date

    def steps(self) -> Steps:
        return {each["step"]: each for each in self.regie("step", "list", "de-wilg", "--json").json}

    def slip(self, *more: str) -> Any:
        ran = self.regie(
            "date", "pin", "de-wilg", PERMIT, "--finish", str(self.later_on), "--reason", "zienswijzen", *more
        )
        assert ran.code == 0, ran.err
        return ran.json if "--json" in more else ran.out


@pytest.fixture(scope="module")
def wilg(tmp_path_factory: pytest.TempPathFactory) -> Wilg:
    folder: Path = tmp_path_factory.mktemp("wilg")
    definition = load_definition("opvang")
    rows = "".join(
        f"Organisatie {role},{role},{role}@partner.example,{role},nl,direct,\n" for role in definition.partner_roles()
    )
    (folder / "partners.csv").write_text("organisatie,naam,e-mail,rol,taal,ritme,vervanger\n" + rows)
    regie = command_in(folder)
    started = regie("traject", "start", "--title", "De Wilg", "--start", str(START), "--set", "plekken=120", "--set",
                    "opvangvorm=tgo", "--anchor", f"opening={OPENING}", "--yes")  # fmt: skip
    assert started.code == 0, started.err
    imported = regie("partner", "import", "partners.csv")
    assert imported.code == 0, imported.err
    town = Wilg(regie, {}, START, START)
    town.before = town.steps()
    town.was_on = date.fromisoformat(town.before[PERMIT]["early_finish"])
    town.later_on = definition.calendar.add_working_days(town.was_on, 30)
    return town


def test_every_step_that_applies_has_dates_and_every_other_says_why_not(wilg: Wilg) -> None:
    definition = load_definition("opvang")

    # made once per item of a list that begins empty
    not_yet = {
        step.id
        for step in definition.steps.values()
        if step.for_each and not step.repeats and not definition.lists[step.for_each].first_on
    }
    assert {name.partition("@")[0] for name in wilg.before} == set(definition.steps) - not_yet
    for name, each in wilg.before.items():
        if each["state"] == "not applicable":
            assert each["out"], name
        else:
            assert str(START) <= each["early_start"] <= each["early_finish"], name


def test_longest_chain_to_the_opening_is_explained_step_by_step(wilg: Wilg) -> None:
    chain = wilg.regie("why", "de-wilg", "f2-gefaseerde-instroom@eerste", "--json").json["chain"]

    assert chain[0].endswith("Opdracht en projectorganisatie inrichten (de doorloop begint op 1 december 2026)")
    assert "Gefaseerde instroom begeleiden" in chain[-1]
    assert len(chain) > 10
    for each in chain:
        assert re.match(r"\d{1,2} .*20\d\d: \w", each), each


def test_slipping_permit_shows_steps_dates_and_partners_before_saving(wilg: Wilg) -> None:
    definition = load_definition("opvang")

    seen = wilg.slip("--preview")

    moved = f"klaar op {say_date(wilg.later_on)} in plaats van {say_date(wilg.was_on)} (30 werkdagen later)"
    assert f"Besluit op de omgevingsvergunning (Team vergunningen of omgevingsdienst): {moved}" in seen
    for step in (
        "f1-bouw-of-verbouw",
        "f1-openingsbesluit",
        "f2-gefaseerde-instroom@eerste",
        "f3-monitoring-locatie@1",
    ):
        name, _, copy = step.partition("@")
        assert say_step(definition, OccurrenceKey(StepId(name), copy)) in seen
    assert "Eigenaar, aannemer, installateur en netbeheerder" in seen
    assert "Bericht aan inkoop-jur (Organisatie inkoop-jur): nieuwe datum" in seen
    assert "Nieuw probleem: De wettelijke datum van 'Besluit op de omgevingsvergunning' lukt niet" in seen


def test_what_was_shown_is_what_saving_does_and_looking_saves_nothing(wilg: Wilg) -> None:
    seen = wilg.slip("--preview", "--json")
    assert not seen["saved"]
    assert wilg.steps() == wilg.before

    assert wilg.slip("--yes", "--json")["saved"]

    dates = ("early_start", "early_finish", "due_on")
    after = {name: each for name, each in wilg.steps().items() if each["state"] != "not applicable"}
    moved = {
        name: each["early_finish"]
        for name, each in after.items()
        if any(each[field] != wilg.before[name][field] for field in dates)
    }
    assert {each["step"]: each["finish_after"] for each in seen["moved"]} == moved
    assert len(moved) > 20
