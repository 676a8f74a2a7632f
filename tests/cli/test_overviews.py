"""What a partner has to do and how all trajects stand, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Regie, command_in

SMALL = """
regie: 1
id: klein
title: Klein
calendar: weekdays
roles: {maker: {title: Maker}}
anchors:
  start: {title: Start}
  opening: {title: Opening, target: required, set_by: b}
steps:
  a: {title: Plan maken, takes: 5wd, due: 2026-11-06, responsible: maker}
  b: {title: Openen, takes: 5wd, needs: [a], responsible: maker}
"""


@pytest.fixture
def regie(tmp_path: Path) -> Regie:
    (tmp_path / "klein.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "p.csv").write_text("naam;e-mail;rol;organisatie\nAn;an@ggd.example;maker;GGD\n", encoding="utf-8")
    run = command_in(tmp_path)
    assert run("partner", "import", "p.csv", "--definition", "klein.yaml").code == 0
    return run


def start(regie: Regie) -> None:
    started = regie("traject", "start", "--title", "De Wilg", "--definition", "klein.yaml", "--start", "2026-11-02",
                    "--anchor", "opening=2099-01-05", "--yes")  # fmt: skip
    assert started.code == 0, started.err


def test_portfolio_says_who_is_at_turn_and_what_is_planned_against_what_was_asked(regie: Regie) -> None:
    assert regie("portfolio").out == "Er loopt geen traject.\n"
    start(regie)

    (row,) = regie("portfolio", "--json").json

    assert (row["traject"], row["open"], row["next_decision"]) == ("de-wilg", 2, None)
    assert row["opening"]["target_on"] == "2099-01-05"
    assert row["opening"]["room"] > 0
    assert (row["ball"]["step"], row["ball"]["people"]) == ("a", ["An"])
    assert "An: Plan maken" in regie("portfolio").out


def test_home_of_a_traject_says_what_threatens_what_is_due_and_what_was_told(regie: Regie) -> None:
    start(regie)

    data, shown = regie("traject", "home", "de-wilg", "--json").json, regie("traject", "home", "de-wilg")

    assert shown.code == 0, shown.err
    assert (data["traject"], data["cycle"], data["steps"], data["threats"]) == ("de-wilg", 1, 2, [])
    assert [(each["title"], each["target_on"]) for each in data["aims"]] == [("Opening", "2099-01-05")]
    assert {each["step"] for each in (*data["late"], *data["due"])} <= {"a"}
    assert {each["name"] for each in data["told"]} == {"An"}
    assert "an@ggd" not in regie("traject", "home", "de-wilg", "--json").out
    assert "De Wilg - doorloop 1: eerste doorloop; 0 van 2 stappen klaar" in shown.out
    assert "Verteld in 14 dagen" in shown.out
    assert shown.out.endswith("0 van 2\n")
    assert regie("traject", "home", "weg").code == 4


def test_step_says_what_can_be_done_with_it_now_and_what_was_said_of_it(regie: Regie) -> None:
    start(regie)
    before = regie("step", "show", "de-wilg", "a").out
    regie("step", "complete", "de-wilg", "a", "--note", "Met dank aan de buurt", "--yes")
    after = regie("step", "show", "de-wilg", "a").out

    assert "Wat nu kan: beginnen, afronden" in before
    assert "Wat nu kan: heropenen" in after
    assert "Met dank aan de buurt" in after


def test_steps_of_a_partner_are_found_by_address_and_by_number(regie: Regie) -> None:
    assert regie("partner", "steps", "an@ggd.example").out == "An (GGD)\nEr is nu niets gevraagd.\n"
    start(regie)

    by_address = regie("partner", "steps", "an@ggd.example", "--json").json
    by_number = regie("partner", "steps", by_address["person"], "--json").json

    assert by_address == by_number
    assert [(each["step"], each["due_on"], each["mine"]) for each in by_address["asked"]] == [("a", "2026-11-06", True)]
    assert [each["waits_for"] for each in by_address["coming"]] == [[{"title": "Plan maken", "role": "Maker"}]]
    assert "Nu gevraagd" in regie("partner", "steps", "an@ggd.example").out


def test_steps_of_nobody_are_refused(regie: Regie) -> None:
    ran = regie("partner", "steps", "weg@ggd.example")

    assert ran.code == 4
    assert "weg@ggd.example" in ran.err
