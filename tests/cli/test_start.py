"""Starting a traject, and looking where nothing has been started: what is wrong, what needs a look, and what is asked."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.commands import Regie, command_in, environment_in

SMALL = """
regie: 1
id: klein
title: Klein
calendar: nl
anchors: {opening: {title: Opening, target: required, set_by: c}}
questions:
  plekken: {ask: "Hoeveel plekken?", number: {from: 1, to: 500}}
  haast: {ask: "Is er haast?", yes_no: true, default: false}
roles: {maker: {title: Maker}, baas: {title: Baas}}
steps:
  a: {title: A, takes: 900wd, responsible: maker}
  b: {title: B, takes: 5wd, responsible: maker, needs: a}
  c: {title: C, takes: 0wd, responsible: baas, needs: b}
"""
CTRL_C = "\x03"
GIVEN = ("--title", "De Wilg", "--definition", "klein.yaml", "--start", "2026-11-02", "--set", "plekken=80")


@pytest.fixture
def regie(tmp_path: Path) -> Regie:
    (tmp_path / "klein.yaml").write_text(SMALL, encoding="utf-8")
    return command_in(tmp_path)


def test_all_faults_of_a_start_file_are_named_with_their_lines(regie: Regie, tmp_path: Path) -> None:
    (tmp_path / "start.yaml").write_text(
        "titel: De Wilg\nstart: morgen\nanswers:\n  plekken: [1, {x: 2}]\nanchors: {opening: ooit}\n", encoding="utf-8"
    )

    ran = regie("traject", "start", "--file", "start.yaml", "--yes")

    assert ran.code == 6
    assert ran.err.startswith("fout [start-file-invalid]: Bestand 'start.yaml' klopt nog niet. Regel 1, bij 'titel': ")
    for line in (1, 2, 4, 5):
        assert f"Regel {line}, bij '" in ran.err
    assert "Regel 2, bij 'start': dit moet een datum zijn, zoals 2027-06-03." in ran.err


def test_start_file_that_is_no_yaml_names_the_line(regie: Regie, tmp_path: Path) -> None:
    (tmp_path / "start.yaml").write_text('title: De Wilg\nanswers: {plekken: "80\n', encoding="utf-8")

    ran = regie("traject", "start", "--file", "start.yaml", "--yes")

    assert "is niet te lezen: het gaat mis op regel " in ran.err


def test_what_in_the_plan_needs_a_look_is_said_before_saving(regie: Regie) -> None:
    seen = regie("traject", "start", *GIVEN, "--anchor", "opening=2034-01-05", "--preview")

    assert seen.code == 0
    assert [line for line in seen.err.splitlines() if "vrije dagen" in line] == [
        "  let op: De vrije dagen van 2030 staan nog niet vast; datums in dat jaar kunnen veranderen."
    ]


@pytest.mark.parametrize(
    "command",
    [
        ["traject", "list"],
        ["traject", "show", "de-wilg"],
        ["due"],
        ["outbox", "list"],
        ["partner", "list"],
        ["step", "complete", "de-wilg", "a", "--yes"],
        ["sweep"],
        ["audit", "verify"],
        ["db", "status"],
    ],
    ids=" ".join,
)
def test_where_there_is_no_database_none_is_made_and_the_way_on_is_said(
    regie: Regie, tmp_path: Path, command: list[str]
) -> None:
    ran = regie(*command)

    assert ran.code == 7
    assert "is nog geen database van Regie" in ran.err
    assert "regie traject start" in ran.err
    assert not (tmp_path / "data").exists()


def test_doctor_makes_no_database_and_looks_at_the_rest(regie: Regie, tmp_path: Path) -> None:
    lines = {line["what"]: line["verdict"] for line in regie("doctor", "--json").json}

    assert lines["database"] == "let op"
    assert {"mail", "Prefect"} <= set(lines)
    assert not (tmp_path / "data").exists()


def test_text_that_is_far_too_long_is_refused_with_its_measure(regie: Regie) -> None:
    ran = regie("traject", "start", *GIVEN[2:], "--title", "W" * 201, "--anchor", "opening=2034-01-05", "--yes")

    assert ran.code == 6
    assert "De tekst bij 'naam van het traject' is te lang: 201 tekens, en er passen er 200 in." in ran.err


# --- at a terminal -----------------------------------------------------------------------------------


def at_a_terminal(folder: Path, *keys: str) -> tuple[int, str]:
    """Start a traject as somebody does who reads, then types; give the exit code and what stood on the screen."""
    screen, own = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "regie", "traject", "start", "--definition", "klein.yaml"],
        cwd=folder, env=environment_in(folder), stdin=own, stdout=own, stderr=own, start_new_session=True,
    )  # fmt: skip
    os.close(own)
    try:
        seen = _read_and_type(process, screen, list(keys))
        return process.wait(10), seen.replace("\r\n", "\n")
    finally:
        os.close(screen)
        process.kill()
        process.wait(10)


def _read_and_type(process: subprocess.Popen[bytes], screen: int, keys: list[str]) -> str:
    seen, until = "", time.monotonic() + 60
    while time.monotonic() < until:
        # A key waits until it is read; Ctrl-C does not: just before the wait for a key it would go unheard.
        if not select.select([screen], [], [], 1.0 if keys[:1] == [CTRL_C] else 0.1)[0]:
            if keys and seen.rstrip(" ").endswith((":", "]")):
                key = keys.pop(0)
                process.send_signal(signal.SIGINT) if key == CTRL_C else os.write(screen, key.encode() + b"\n")
                seen += "\n"
            continue
        try:
            seen += os.read(screen, 4096).decode("utf-8", "replace")
        except OSError:  # the other side is gone
            return seen
    raise AssertionError(f"still waiting after a minute: {seen!r}")


def test_wrong_answer_is_asked_again_with_what_is_wrong_and_ja_is_yes(regie: Regie, tmp_path: Path) -> None:
    code, seen = at_a_terminal(
        tmp_path, "!!!", "De Wilg", "veel", "80", "misschien", "nee", "ooit", "3-6-2001", "5 januari 2034", "x", "ja"
    )

    assert code == 0, seen
    assert "Van '!!!' is geen korte naam te maken." in seen
    assert "'veel' past niet bij 'plekken'. Geef een heel getal van 1 tot en met 500." in seen
    assert "'misschien' past niet bij 'haast'. Zeg ja of nee." in seen
    assert "'ooit' is geen datum" in seen
    assert "Deze dag ligt voor de eerste dag van het traject." in seen
    assert "Antwoord met j (ja) of n (nee)." in seen
    assert [each["opening"] for each in regie("traject", "list", "--json").json] == ["2034-01-05"]


def test_ctrl_c_at_a_question_stops_and_saves_nothing(regie: Regie, tmp_path: Path) -> None:
    code, seen = at_a_terminal(tmp_path, "De Wilg", CTRL_C)

    assert code == 130, seen
    assert seen.rstrip().endswith("Gestopt. Niets is half opgeslagen.")
    assert "Traceback" not in seen
    assert not (tmp_path / "data").exists()
