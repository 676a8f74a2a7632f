"""Lists of partners as people make them: all that is wrong in one go, by row and column, and nothing stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.commands import Ran, Regie, command_in

SMALL = """
regie: 1
id: klein
title: Klein
calendar: weekdays
roles: {maker: {title: Maker}, baas: {title: Baas}}
steps:
  a: {title: A, takes: 5wd, responsible: maker}
"""
Read = Callable[..., Ran]
HEADER = "organisatie;naam;e-mail;rol;taal;vervanger\n"


@pytest.fixture
def regie(tmp_path: Path) -> Regie:
    (tmp_path / "klein.yaml").write_text(SMALL, encoding="utf-8")
    return command_in(tmp_path)


@pytest.fixture
def read(regie: Regie, tmp_path: Path) -> Read:
    def read(text: str, *more: str) -> Ran:
        (tmp_path / "p.csv").write_text(text, encoding="utf-8")
        return regie("partner", "import", "p.csv", "--definition", "klein.yaml", *more)

    return read


def test_everything_that_is_wrong_is_said_in_one_go_in_dutch(read: Read, regie: Regie) -> None:
    ran = read(
        HEADER
        + "GGD;An;geen-adres;makr;fries;\n"
        + ";;;;;\n"
        + "\n"
        + "GGD;;bram@ggd.example;baas;;weg@ggd.example\n"
        + "GGD;Co;co@ggd.example;baas;;;extra;cel\n"
    )

    assert ran.code == 6
    assert ran.err.splitlines() == [
        "p.csv, rij 2, kolom 'e-mail': Dit e-mailadres kan Regie niet gebruiken."
        " Schrijf een adres zoals naam@gemeente.nl, zonder spaties of accenten.",
        "p.csv, rij 2, kolom 'taal': 'fries' kan hier niet. Kies uit: nl, en, nederlands of engels, of laat de cel leeg.",
        "p.csv, rij 2, kolom 'rol': Rol 'makr' staat niet in het stappenplan. Bedoelde u maker?",
        "p.csv, rij 5, kolom 'naam': Hier staat niets. Vul de cel in, of haal de hele rij weg.",
        "p.csv, rij 6, kolom '?': In deze rij staat iets onder geen enkele kolom."
        " Staat er een scheidingsteken in een tekst? Zet die tekst dan tussen aanhalingstekens.",
    ]
    assert ran.out == "Er is niets opgeslagen: verbeter 5 punten en lees opnieuw in.\n"
    assert regie("partner", "list", "--json").json == []


def test_column_that_is_wrong_or_not_there_is_named_once_in_the_row_of_names(read: Read) -> None:
    ran = read("naam;e-mailadres;rol\n" + "".join(f"N{n};n{n}@g.example;maker\n" for n in range(9)), "--json")

    assert [(each["row"], each["column"], each["code"]) for each in ran.json["problems"]] == [
        (1, "e-mailadres", "column-unknown"),
        (1, "e-mail", "column-missing"),
    ]
    assert "Bedoelde u 'e-mail'?" in ran.json["problems"][0]["message_nl"]


def test_empty_rows_and_the_line_that_excel_adds_are_no_partners(read: Read, regie: Regie) -> None:
    ran = read("sep=;\n" + HEADER + ";;;;;\nGGD;An;an@ggd.example;maker;;\n\n;;;;;\n")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "1 nieuw, 0 gewijzigd, 0 gelijk; 1 rol gegeven: opgeslagen.\n"
    assert [each["name"] for each in regie("partner", "list", "--json").json] == ["An"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("naam;rol;naam\nAn;maker;Bo\n", "deze kolommen staan er twee keer: naam", id="column-twice"),
        pytest.param(HEADER + ";;;;;\n", "geen partner", id="only-empty-rows"),
    ],
)
def test_list_that_is_no_list_is_refused(read: Read, text: str, says: str) -> None:
    ran = read(text)

    assert ran.code == 2
    assert says in ran.err


def test_somebody_is_erased_after_it_was_said_what_that_means(read: Read, regie: Regie) -> None:
    read(HEADER + "GGD;An Bos;an@ggd.example;maker;;co@ggd.example\nGGD;Co;co@ggd.example;maker;;\n")
    regie("traject", "start", "--title", "De Wilg", "--definition", "klein.yaml", "--start", "2027-01-04", "--yes")

    asked = regie("partner", "erase", "co@ggd.example")
    assert (asked.code, "geef --yes" in asked.err) == (2, True)
    assert len(json.loads(regie("partner", "list", "--json").out)) == 2

    done = regie("partner", "erase", "co@ggd.example", "--yes")
    assert done.code == 0
    assert done.out.splitlines() == [
        "Co (GGD) (p2) wordt gewist: naam, adres, voorkeuren, rollen, links en agenda.",
        "- open stap: A, De Wilg",
        "- An Bos (GGD) heeft dan geen vervanger meer",
        "Gewist.",
    ]
    assert [each["name"] for each in json.loads(regie("partner", "list", "--json").out)] == ["An Bos"]
    again = regie("partner", "erase", "p2", "--yes", "--json")
    assert (again.code, json.loads(again.err or again.out)["code"]) == (4, "unknown-person")
    last = json.loads(regie("partner", "erase", "p1", "--yes", "--json").out)
    assert last == {"person": "p1", "lines": 0, "files": 0}
    assert regie("audit", "verify").code == 0


def test_who_is_new_in_a_role_by_a_list_gets_a_mail_of_what_was_asked(read: Read, regie: Regie, tmp_path: Path) -> None:
    (tmp_path / "klein.yaml").write_text(SMALL + "notices: {lead: baas}\n", encoding="utf-8")
    regie("traject", "start", "--title", "De Wilg", "--definition", "klein.yaml", "--start", "2026-01-05", "--yes")
    regie("sweep")
    read(HEADER + "GGD;Co;co@ggd.example;maker;;\n")
    assert json.loads(regie("outbox", "list", "--json").out)["counts"] == {}

    regie("deliver", REGIE_MAIL_URL="mailto://127.0.0.1:9", REGIE_MAIL_FROM="regie@gemeente.example")

    assert sum(json.loads(regie("outbox", "list", "--json").out)["counts"].values()) == 1
