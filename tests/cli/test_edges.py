"""What comes in at the edges: control characters, the day of a request, closing, and lists in pages."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from regie.clock import local_date, system_clock
from tests.support.commands import Ran, Regie, command_in

PERMIT = """
regie: 1
id: vergunning
title: Vergunning
calendar: weekdays
roles: {maker: {title: Maker}, baas: {title: Baas}}
notices: {lead: baas}
steps:
  a: {title: A, takes: 5wd, responsible: maker}
  besluit:
    title: Besluit
    responsible: baas
    term: {length: 8w, kind: law, article: Omgevingswet 16.64, source: "https://wetten.overheid.nl", valid_from: 2024-01-01}
"""
HEADER = "organisatie;naam;e-mail;rol\n"


@pytest.fixture
def regie(tmp_path: Path) -> Regie:
    (tmp_path / "vergunning.yaml").write_text(PERMIT, encoding="utf-8")
    return command_in(tmp_path)


@pytest.fixture
def town(regie: Regie) -> Regie:
    assert starts(regie, "De Wilg").code == 0
    return regie


def starts(regie: Regie, title: str, **more: str) -> Ran:
    return regie(
        "traject",
        "start",
        "--title",
        title,
        "--definition",
        "vergunning.yaml",
        "--start",
        "2026-01-05",
        "--yes",
        **more,
    )


# --- control characters ------------------------------------------------------------------------------


def test_control_character_in_an_option_is_refused_by_its_code_and_stores_nothing(town: Regie) -> None:
    for arguments in (
        ["step", "complete", "de-wilg", "a", "--note", "x\x1b[2J"],
        ["step", "complete", "de-wilg", "a", "--evidence", "x\ny"],
        ["step", "waive", "de-wilg", "a", "--reason", "x", "--approved-by", "\x07"],
        ["item", "add", "de-wilg", "komst", "b\x08us", "--on", "2027-06-03"],
        ["traject", "start", "--title", "De\x0bLinde", "--definition", "vergunning.yaml"],
        ["traject", "close", "de-wilg", "--reason", "x\x01"],
    ):
        ran = town(*arguments, "--yes", "--json")

        assert ran.code == 6, arguments
        assert json.loads(ran.err)["code"] == "control-character"
    assert [each["event"] for each in town("history", "de-wilg", "--json").json] == ["CycleStarted"]
    assert [each["slug"] for each in town("traject", "list", "--json").json] == ["de-wilg"]


def test_list_of_partners_with_a_control_character_names_its_rows_and_stores_nobody(
    regie: Regie, tmp_path: Path
) -> None:
    rows = "GGD;An\x00na;anna@ggd.example;maker\nGGD;Bram;bram@ggd.example;maker\nGGD;Co\x0br;cor@ggd.example;maker\n"
    (tmp_path / "p.csv").write_text(HEADER + rows, encoding="utf-8")

    ran = regie("partner", "import", "p.csv", "--definition", "vergunning.yaml")

    assert ran.code == 6
    assert [line.partition(": ")[0] for line in ran.err.splitlines()] == [
        "p.csv, rij 2, kolom 'naam'",
        "p.csv, rij 4, kolom 'naam'",
    ]
    assert ran.err.count("een teken dat Regie niet kan bewaren") == 2
    assert regie("partner", "list", "--json").json == []


def test_yaml_is_refused_at_the_place_where_a_nul_hides(town: Regie, tmp_path: Path) -> None:
    (tmp_path / "start.yaml").write_text('title: "De Lin\\0de"\ndefinition: vergunning.yaml\n', encoding="utf-8")

    ran = town("traject", "start", "--file", "start.yaml", "--yes", "--json")

    assert ran.code == 6
    assert "start.yaml:1:8 RG104 control character U+0000" in json.loads(ran.err)["message"]


# --- a term that stands still ------------------------------------------------------------------------


def test_term_stands_still_from_the_day_after_the_request(town: Regie) -> None:
    today = local_date(system_clock())
    town("step", "start", "de-wilg", "besluit", "--on", str(today - timedelta(days=10)), "--yes")
    before = date.fromisoformat(town("step", "show", "de-wilg", "besluit", "--json").json["legal_on"])

    asked = town("term", "stop", "de-wilg", "besluit", "--requested-on", str(today - timedelta(days=8)),
                 "--reason", "gegevens ontbreken", "--yes")  # fmt: skip
    done = town("term", "resume", "de-wilg", "besluit", "--on", str(today), "--yes")

    assert (asked.code, done.code) == (0, 0), asked.err + done.err
    legal_on = date.fromisoformat(town("step", "show", "de-wilg", "besluit", "--json").json["legal_on"])
    # seven days: the request was eight days ago, and today counts again
    assert legal_on == before + timedelta(days=7)


def test_term_is_stopped_by_one_of_two_days(town: Regie) -> None:
    ran = town("term", "stop", "de-wilg", "besluit", "--requested-on", "2026-11-02", "--on", "2026-11-03",
               "--reason", "x", "--yes")  # fmt: skip

    assert ran.code == 2
    assert "--requested-on" in ran.err


# --- closing -----------------------------------------------------------------------------------------


def test_traject_is_closed_once_and_hidden_but_not_gone(town: Regie) -> None:
    starts(town, "De Linde")
    close = ("traject", "close", "de-wilg", "--reason", "eigenaar verkoopt niet")

    seen = town(*close, "--preview", "--json")
    assert not seen.json["saved"]
    assert seen.json["cycles"] == [{"cycle": 1, "withdrawn": ["a", "besluit"], "under_way": [], "kept": 0}]
    assert len(town("traject", "list", "--json").json) == 2

    closed = town(*close, "--yes")
    assert closed.code == 0
    assert "2 open stappen" in closed.out
    assert [each["slug"] for each in town("traject", "list", "--json").json] == ["de-linde"]
    everything = town("traject", "list", "--all", "--json").json
    assert {each["slug"]: each["running"] for each in everything} == {"de-linde": True, "de-wilg": False}
    assert "doorloop afgesloten" in town("history", "de-wilg").out

    again = town(*close, "--yes", "--json")
    assert again.code == 6
    assert json.loads(again.err)["code"] == "traject-closed"


def test_closing_is_not_guessed_without_a_terminal(town: Regie) -> None:
    ran = town("traject", "close", "de-wilg", "--reason", "x")

    assert ran.code == 2
    assert len(town("traject", "list", "--json").json) == 1


# --- pages -------------------------------------------------------------------------------------------


def test_list_is_shown_in_pages_that_say_how_to_go_on(town: Regie) -> None:
    starts(town, "De Linde")
    starts(town, "De Eik")

    first = town("traject", "list", "--limit", "2")
    assert "de-eik" in first.out
    assert "de-linde" in first.out
    assert "--after de-linde" in first.err
    last = town("traject", "list", "--limit", "2", "--after", "de-linde")
    assert "de-wilg" in last.out
    assert last.err == ""
    assert [each["slug"] for each in town("traject", "list", "--limit", "1", "--after", "de-eik", "--json").json] == [
        "de-linde"
    ]
    assert len(town("traject", "list", "--json").json) == 3
    assert town("traject", "list", "--limit", "0").code == 2
    assert town("traject", "list", "--after", "de-elk").code == 4
