"""What people type wrong, and the lists that they bring: said in Dutch, by its code, with nothing stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.commands import Regie, command_in

SMALL = """
regie: 1
id: klein
title: Klein
calendar: weekdays
lists: {komst: {title: Komst}}
phases: {fase-0: {title: Fase 0}}
roles: {maker: {title: Maker}, baas: {title: Baas}}
steps:
  a: {title: A, takes: 5wd, phase: fase-0, responsible: maker}
  b: {title: B, takes: 0wd, phase: fase-0, responsible: maker, needs: a, gate: {decided_by: baas, no_go: ends the cycle}}
"""
HEADER = "organisatie;naam;e-mail;rol\n"


@pytest.fixture
def town(tmp_path: Path) -> Regie:
    (tmp_path / "klein.yaml").write_text(SMALL, encoding="utf-8")
    regie = command_in(tmp_path)
    ran = regie(
        "traject", "start", "--title", "De Wilg", "--definition", "klein.yaml", "--start", "2026-11-02", "--yes"
    )
    assert ran.code == 0, ran.err
    return regie


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["traject", "start", "--titel", "x"], 2, "bedoelde u: ", id="option-misspelt"),
        pytest.param(["step", "waive", "de-wilg", "a"], 2, "ontbreekt", id="option-missing"),
        pytest.param(["due", "--until", "gisteren"], 2, "--until: 'gisteren' is geen datum", id="no-date"),
        pytest.param(["step", "list", "de-wilg", "--phase", "fase-9"], 2, "bedoelde u 'fase-0'", id="phase"),
        pytest.param(["step", "list", "de-wilg", "--role", "makr"], 2, "bedoelde u 'maker'", id="role"),
        pytest.param(["step", "list", "de-wilg", "--cycle", "7"], 4, "geen doorloop 7", id="cycle-of-steps"),
        pytest.param(["gate", "list", "de-wilg", "--cycle", "7"], 4, "geen doorloop 7", id="cycle-of-gates"),
        pytest.param(["anchor", "list", "de-wilg", "--cycle", "7"], 4, "geen doorloop 7", id="cycle-of-anchors"),
        pytest.param(["traject", "show", "de-wilg", "--cycle", "7"], 4, "geen doorloop 7", id="cycle-of-traject"),
        pytest.param(["outbox", "list", "--status", "onzin"], 2, "'onzin' is er niet", id="status"),
        pytest.param(["mail", "preview", "de-wilg", "a", "--language", "fr"], 2, "kies uit: nl, en", id="language"),
        pytest.param(["mail", "preview", "de-wilg", "a", "reday"], 2, "bedoelde u 'ready'?", id="kind-of-mail"),
        pytest.param(["step", "ask", "de-wilg", "a", "--role", "bas", "--yes"], 4, "Bedoelde u baas?", id="role-guessed"),
        pytest.param(["date", "unpin", "de-wilg", "a", "--yes"], 6, "geen datum vast", id="pin-that-is-not-there"),
        pytest.param(["step", "complete", "de-wilg", "a", "--note", "n" * 10_001, "--yes"], 6, "er passen er 10000 in",
                     id="note-too-long"),
        pytest.param(["item", "remove", "de-wilg", "komst", "weg", "--yes"], 2, "'weg' is er niet", id="item"),
        pytest.param(["item", "add", "de-wilg", "komst", "een", "--on", "2027-01-04", "--number", "-4", "--yes"],
                     2, "--number", id="fewer-than-nobody"),
    ],
)  # fmt: skip
def test_what_is_typed_wrong_is_said_in_dutch(town: Regie, arguments: list[str], code: int, says: str) -> None:
    ran = town(*arguments)

    assert ran.code == code, ran.err
    assert says in ran.err
    assert "Error:" not in ran.err
    assert ran.out == ""


def test_wrong_usage_is_a_document_for_machines(town: Regie) -> None:
    ran = town("step", "waive", "de-wilg", "a", "--json")

    assert (ran.code, ran.out) == (2, "")
    assert json.loads(ran.err)["code"] == "usage"


def test_data_folder_that_cannot_be_made_is_refused_by_its_code(town: Regie, tmp_path: Path) -> None:
    (tmp_path / "bestand").write_text("x", encoding="utf-8")
    (tmp_path / "p.csv").write_text(HEADER + "GGD;Bram;bram@ggd.example;maker\n", encoding="utf-8")

    for command in (["partner", "import", "p.csv", "--definition", "klein.yaml"], ["db", "upgrade"]):
        ran = town(*command, REGIE_DATA_DIR=str(tmp_path / "bestand" / "map"))

        assert ran.code == 6
        assert "data-dir-unusable" in ran.err
        assert "REGIE_DATA_DIR" in ran.err


def test_citizen_number_in_a_remark_is_warned_of_and_the_step_is_done(town: Regie) -> None:
    ran = town("step", "complete", "de-wilg", "a", "--note", "BSN 123456782", "--yes")

    assert ran.code == 0
    assert "BSN" in ran.err


def test_decision_that_ends_the_cycle_says_so_before_it_is_saved(town: Regie) -> None:
    town("step", "complete", "de-wilg", "a", "--yes")
    decide = ("gate", "decide", "de-wilg", "b", "no-go", "--decided-by", "college", "--reason", "te duur")

    seen = town(*decide, "--preview")
    decided = town(*decide, "--yes")
    shown = town("traject", "show", "de-wilg")

    assert (seen.code, decided.code, shown.code) == (0, 0, 0)
    assert "Let op: doorloop 1 stopt hiermee." in seen.out
    assert "afgesloten: B: No-go" in shown.out
    assert "haalbaar" not in shown.out


def test_states_of_gates_are_said_in_dutch(town: Regie) -> None:
    assert "nog niet" in town("gate", "list", "de-wilg").out
    assert town("gate", "list", "de-wilg", "--json").json[0]["state"] == "not yet"


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("cp1252", ";"), ("utf-16", ";"), ("utf-8-sig", "\t"), ("utf-8", ",")],
    ids=["excel-on-windows", "unicode-text", "tabs", "commas"],
)
def test_list_is_read_as_a_spreadsheet_writes_it(town: Regie, tmp_path: Path, encoding: str, separator: str) -> None:
    text = (HEADER + "Súdwest;Zoë;zoe@g.example;maker\n").replace(";", separator)
    (tmp_path / "p.csv").write_bytes(text.encode(encoding))

    ran = town("partner", "import", "p.csv", "--definition", "klein.yaml")

    assert ran.code == 0, ran.err
    assert town("partner", "list", "--json").json[0]["name"] == "Zoë"


@pytest.mark.parametrize("content", ["", HEADER], ids=["empty", "header-only"])
def test_list_without_partners_is_refused(town: Regie, tmp_path: Path, content: str) -> None:
    (tmp_path / "p.csv").write_text(content, encoding="utf-8")

    ran = town("partner", "import", "p.csv", "--definition", "klein.yaml")

    assert ran.code == 2
    assert "geen partner" in ran.err
