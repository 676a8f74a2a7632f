"""The command line as people use it: real input, wrong input, exit codes, no tracebacks."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from regie.definitions.calendars import workflow_defs_dir
from tests.support.commands import Regie, command_in

SMALL = """
regie: 1
id: klein
title: Klein
calendar: weekdays
anchors: {opening: {title: Opening, target: required, set_by: c}}
roles: {maker: {title: Maker}, baas: {title: Baas}}
notices: {lead: baas}
steps:
  a: {title: A, takes: 5wd, responsible: maker, evidence: required}
  b: {title: B, takes: 10wd, responsible: maker, needs: a, gate: {decided_by: baas}}
  c: {title: C, takes: 0wd, responsible: baas, needs: b}
"""


@pytest.fixture
def regie(tmp_path: Path) -> Regie:
    (tmp_path / "klein.yaml").write_text(SMALL, encoding="utf-8")
    return command_in(tmp_path)


@pytest.fixture
def town(regie: Regie) -> Regie:
    started = regie("traject", "start", "--title", "De Wilg", "--definition", "klein.yaml", "--start", "2026-11-02",
                    "--anchor", "opening=2099-01-05", "--yes")  # fmt: skip
    assert started.code == 0, started.err
    return regie


# --- plan --------------------------------------------------------------------------------------------


def test_plan_prints_exactly_what_was_promised(regie: Regie) -> None:
    plan = regie("plan", "klein.yaml", "--start", "2027-01-04", "--json").json

    assert set(plan) == {"start", "finish", "steps", "findings"}
    assert (plan["start"], plan["finish"]) == ("2027-01-04", "2027-01-22")
    assert [step["step"] for step in plan["steps"]] == ["a", "b", "c"]
    assert set(plan["steps"][0]) == {
        "step", "key", "early_start", "early_finish", "late_start", "late_finish",
        "slack_working_days", "critical", "due_on", "legal_on", "state", "why",
    }  # fmt: skip
    assert plan["steps"][1]["early_start"] == "2027-01-11"
    assert plan["steps"][2]["early_finish"] == "2027-01-22"
    assert all(step["critical"] for step in plan["steps"])


def test_plan_of_the_default_definition_has_every_step(regie: Regie) -> None:
    plan = regie("plan", "opvang", "--start", "2026-12-01", "--anchor", "opening=2028-04-03", "--json").json

    assert len({step["step"] for step in plan["steps"]}) == 110
    impossible = [finding for finding in plan["findings"] if finding["code"] == "RG351"]
    assert impossible[0]["chain"][0] == "f0-opdracht-projectorganisatie"
    assert impossible[0]["chain"][-1] == "f2-gefaseerde-instroom@eerste"
    assert impossible[0]["working_days"] > 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["plan", "weg.yaml"], 3, "weg.yaml", id="no-such-file"),
        pytest.param(["plan", "klein.yaml", "--start", "morgen"], 2, "geen datum", id="no-date"),
        pytest.param(["plan", "klein.yaml", "--anchor", "opening"], 2, "naam=waarde", id="no-pair"),
        pytest.param(
            ["plan", "klein.yaml", "--anchor", "feest=2028-01-01"], 6, "geen ankerdatum 'feest'", id="unknown-anchor"
        ),
        pytest.param(
            ["plan", "klein.yaml", "--set", "kleur=rood"], 6, "vraag 'kleur' staat niet", id="unknown-question"
        ),
        pytest.param(["plan", "klein.yaml", "--start", "1950-01-02"], 7, "1990", id="year-without-calendar"),
        pytest.param(["dans"], 2, "No such command", id="unknown-command"),
        pytest.param([], 2, "", id="no-arguments"),
    ],
)
def test_wrong_use_is_answered_with_a_code_and_a_sentence(
    regie: Regie, arguments: list[str], code: int, says: str
) -> None:
    ran = regie(*arguments)

    assert ran.code == code
    assert says in ran.err + ran.out


def test_definition_with_errors_names_every_place_and_stores_nothing(regie: Regie, tmp_path: Path) -> None:
    (tmp_path / "fout.yaml").write_text(
        "regie: 1\nid: x\ntitle: X\nsteps:\n  a: {titel: A, takes: 5}\n  b: {title: B, needs: c}\n", encoding="utf-8"
    )

    checked = regie("definition", "check", "fout.yaml")
    started = regie("traject", "start", "--title", "X", "--definition", "fout.yaml", "--yes")

    assert checked.code == started.code == 3
    assert checked.err.count("fout.yaml:5:") == started.err.count("fout.yaml:5:") == 3
    assert started.err.startswith("fout [definition-invalid]: Het stappenplan 'fout.yaml' klopt nog niet.")
    assert not (tmp_path / "data").exists()


# --- a traject ---------------------------------------------------------------------------------------


def test_start_needs_its_target_and_says_so(regie: Regie) -> None:
    ran = regie("traject", "start", "--title", "X", "--definition", "klein.yaml", "--yes")

    assert ran.code == 6
    assert "'Opening' kan niet zonder streefdatum" in ran.err


def test_traject_lives_in_the_time_zone_of_the_installation(regie: Regie, tmp_path: Path) -> None:
    started = regie("traject", "start", "--title", "Kralendijk", "--definition", "klein.yaml", "--anchor",
                    "opening=2099-01-05", "--yes", REGIE_TIMEZONE="America/Curacao")  # fmt: skip
    assert started.code == 0, started.err

    with closing(sqlite3.connect(next((tmp_path / "data").glob("*.db")))) as connection:
        assert connection.execute("SELECT zone FROM traject").fetchall() == [("America/Curacao",)]


def test_step_is_completed_with_evidence_and_shown(town: Regie) -> None:
    bare = town("step", "complete", "de-wilg", "a", "--yes")
    assert bare.code == 6
    assert bare.err.splitlines() == [
        "fout [evidence-missing]: Stap 'A' kan niet klaar zijn zonder bewijs.",
        "  tip: Geef een link of een document op.",
    ]

    done = town("step", "complete", "de-wilg", "a", "--evidence", "https://zaak/1", "--yes", "--json")
    assert done.code == 0
    assert done.json["saved"]
    assert {"step": "b", "before": "not yet", "after": "ready"} in done.json["transitions"]

    again = town("step", "complete", "de-wilg", "a", "--evidence", "https://zaak/1", "--yes", "--json")
    assert again.code == 6
    assert json.loads(again.err) == {
        "code": "transition-refused",
        "message": "cannot finish 'a': it is done",
        "hint": "",
        "message_nl": "Stap 'A' is al klaar. Afronden kan niet meer.",
        "hint_nl": "Klopt er iets niet? Heropen de stap dan eerst.",
    }


def test_step_too_early_names_what_it_waits_for(town: Regie) -> None:
    ran = town("gate", "decide", "de-wilg", "b", "go", "--decided-by", "college", "--yes")

    assert ran.code == 6
    assert "Over 'B' kan nog geen besluit vallen: de stap wacht op 'A'." in ran.err
    assert "Volgens het plan begint 'B' op" in ran.err


def test_refusal_is_in_the_language_that_was_set(town: Regie) -> None:
    ran = town("gate", "decide", "de-wilg", "b", "go", "--decided-by", "college", "--yes", REGIE_LANGUAGE="en")

    assert ran.code == 6
    assert ran.err == "error [step-not-ready]: cannot decide 'b' yet\n  hint: it waits for: a\n"


def test_wrong_setting_is_said_in_dutch_as_no_language_is_known_then(regie: Regie) -> None:
    ran = regie("traject", "list", REGIE_LANGUAGE="fy")

    assert ran.code == 6
    assert "fout [settings-invalid]: De instellingen kloppen niet. REGIE_LANGUAGE moet" in ran.err


def test_unknown_step_and_traject_are_not_found_with_a_guess(town: Regie) -> None:
    step = town("step", "show", "de-wilg", "aa")
    assert step.code == 4
    assert step.err == "fout [unknown-step]: Doorloop 1 heeft geen stap 'aa'.\n  tip: Bedoelde u 'a'?\n"
    other = town("traject", "show", "de-wilgg")
    assert other.code == 4
    assert other.err == "fout [unknown-traject]: Er is geen traject 'de-wilgg'.\n  tip: Bedoelde u: de-wilg?\n"


def test_change_without_a_terminal_is_not_guessed(town: Regie) -> None:
    ran = town("step", "start", "de-wilg", "a")

    assert ran.code == 2
    assert "--yes" in ran.err
    assert town("step", "list", "de-wilg", "--state", "in progress", "--json").json == []


def test_preview_lists_the_consequences_and_saves_nothing(town: Regie) -> None:
    town("step", "complete", "de-wilg", "a", "--evidence", "x", "--yes")

    seen = town("date", "pin", "de-wilg", "b", "--finish", "2099-02-02", "--reason", "zaal", "--preview", "--json")

    assert seen.code == 0
    assert not seen.json["saved"]
    assert {each["step"] for each in seen.json["moved"]} == {"b", "c"}
    assert [each["code"] for each in seen.json["broken"]] == ["RG351"]
    assert town("why", "de-wilg", "b", "--json").json["early_finish"] != "2099-02-02"


def test_partners_are_read_whole_or_not_at_all(town: Regie, tmp_path: Path) -> None:
    header = "organisatie;naam;e-mail;rol;taal;ritme;vervanger\n"
    (tmp_path / "fout.csv").write_text(
        header + "GGD;Bram;bram@ggd.example;maker;nl;direct;\nGGD;An;geen-adres;kok;nl;direct;\n"
    )
    (tmp_path / "goed.csv").write_text(header + "GGD;Bram;bram@ggd.example;maker;nl;direct;\n")

    wrong = town("partner", "import", "fout.csv", "--definition", "klein.yaml")
    assert wrong.code == 6
    assert "fout.csv, rij 3, kolom 'rol': Rol 'kok' staat niet in het stappenplan." in wrong.err
    assert town("partner", "list", "--json").json == []

    assert town("partner", "import", "goed.csv", "--definition", "klein.yaml", "--dry-run").code == 0
    assert town("partner", "list", "--json").json == []
    assert town("partner", "import", "goed.csv", "--definition", "klein.yaml").code == 0
    assert [each["name"] for each in town("partner", "list", "--json").json] == ["Bram"]
    assert [each["role"] for each in town("role", "list", "de-wilg", "--json").json if each["unfilled"]] == ["baas"]


def test_unreachable_mail_server_loses_nothing_and_says_so(town: Regie, tmp_path: Path) -> None:
    header = "organisatie;naam;e-mail;rol;taal;ritme;vervanger\n"
    (tmp_path / "p.csv").write_text(
        header + "GGD;Bram;bram@ggd.example;maker;nl;direct;\nG;Bo;bo@g.example;baas;nl;direct;\n"
    )
    town("partner", "import", "p.csv", "--definition", "klein.yaml")
    town("sweep")
    mail = {"REGIE_MAIL_URL": "mailto://127.0.0.1:9", "REGIE_MAIL_FROM": "regie@gemeente.example"}

    before = town("outbox", "list", "--json").json["counts"]
    ran = town("deliver", **mail)

    if sum(before.values()) and ran.code:  # outside office hours nothing is due yet
        assert ran.code == 8
    assert sum(town("outbox", "list", "--json").json["counts"].values()) >= sum(before.values())


def test_what_people_read_is_dutch_with_dates_in_words(town: Regie) -> None:
    steps = town("step", "list", "de-wilg", "--state", "kan beginnen").out
    assert "kan beginnen" in steps
    assert "november 2026" in steps
    assert town("step", "list", "de-wilg", "--state", "onzin").code == 2
    assert "doorloop begonnen" in town("history", "de-wilg").out
    assert "5 januari 2099" in town("traject", "list").out
    shown = town("traject", "show", "de-wilg").out
    assert "De Wilg - doorloop 1: eerste doorloop" in shown
    assert "Opening: 5 januari 2099" in shown


def test_history_is_kept_and_verified(town: Regie) -> None:
    town("step", "start", "de-wilg", "a", "--yes", "--by", "anna")

    history = town("history", "de-wilg", "--json").json
    assert [each["event"] for each in history] == ["CycleStarted", "StepStarted"]
    assert history[1]["by"] == "anna"
    assert town("audit", "verify").code == 0


def test_history_names_steps_and_decisions_as_people_know_them(town: Regie) -> None:
    for done in (
        ("step", "complete", "de-wilg", "a", "--evidence", "zaak 1", "--yes"),
        ("gate", "decide", "de-wilg", "b", "hold", "--decided-by", "college", "--reason", "Wacht", "--until", "2098-12-01", "--yes"),
        ("anchor", "move", "de-wilg", "opening", "2099-02-05", "--reason", "Uitstel", "--yes"),
    ):  # fmt: skip
        ran = town(*done)
        assert ran.code == 0, ran.err

    finished, held, moved = town("history", "de-wilg").out.splitlines()[-3:]

    assert finished.endswith("A: kan beginnen → klaar; B: nog niet → kan beginnen; zaak 1")
    assert held.endswith("B; Aanhouden; Wacht")
    assert moved.endswith("Opening; Uitstel")


def test_doctor_says_what_is_missing(town: Regie) -> None:
    lines = {line["what"]: line for line in town("doctor", "--json").json}

    assert lines["rollen van de-wilg"]["verdict"] == "let op"
    assert lines["vastlegging"]["verdict"] == "goed"
    assert lines["database"]["verdict"] == "goed"


def test_database_of_another_version_is_left_alone(town: Regie, tmp_path: Path) -> None:
    with sqlite3.connect(next((tmp_path / "data").glob("*.db"))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'uit-de-toekomst'")

    ran = town("traject", "list")

    assert ran.code == 5
    assert "database-version" in ran.err


def test_ctrl_c_ends_with_130_and_one_line(regie: Regie, tmp_path: Path) -> None:
    story = str(workflow_defs_dir() / "opvang" / "rehearsals" / "8-stilte-klimt-de-ladder.yaml")
    process = subprocess.Popen(
        [sys.executable, "-m", "regie", "definition", "rehearse", "opvang", *[story] * 200],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().startswith("goed")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=40)

    assert process.returncode == 130
    assert "Traceback" not in err
