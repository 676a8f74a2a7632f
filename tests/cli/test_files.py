"""Files on the command line: handed over with a step, shown, got back, removed, and looked after."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from regie.failpoints import EXIT_CODE
from tests.support.commands import Ran, Regie, command_in, environment_in, process_in
from tests.support.documents import PDF, PNG, office, pdf_of

SMALL = """
regie: 1
id: klein
title: Klein
calendar: weekdays
roles: {maker: {title: Maker}, baas: {title: Baas}}
notices: {lead: baas}
steps:
  a: {title: A, takes: 5wd, responsible: maker, evidence: required}
  b: {title: B, takes: 5wd, responsible: maker}
"""
COMPLETE = ("step", "complete", "de-wilg", "a", "--yes", "--json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "klein.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "Besluit (déf).pdf").write_bytes(PDF)
    (tmp_path / "foto.png").write_bytes(PNG)
    (tmp_path / "plaatje.svg").write_text("<svg/>")
    return tmp_path


@pytest.fixture
def regie(folder: Path) -> Regie:
    return command_in(folder)


@pytest.fixture
def town(regie: Regie) -> Regie:
    started = regie("traject", "start", "--title", "De Wilg", "--definition", "klein.yaml", "--start", "2026-01-05", "--yes")  # fmt: skip
    assert started.code == 0, started.err
    return regie


@pytest.fixture
def done(town: Regie) -> Regie:
    assert completes(town).code == 0
    return town


def completes(regie: Regie, *more: str) -> Ran:
    return regie(*COMPLETE, "--file", "Besluit (déf).pdf", "--file", "foto.png", *more)


def the_files(regie: Regie) -> list[dict[str, str]]:
    return list(regie("file", "list", "de-wilg", "--json").json)


def on_disk(folder: Path) -> list[Path]:
    return sorted(each for each in (folder / "data" / "bestanden").rglob("*") if each.is_file())


def test_a_step_is_completed_with_files_and_shows_them(done: Regie, folder: Path) -> None:
    first, second = the_files(done)
    shown = done("step", "show", "de-wilg", "a")
    data = done("step", "show", "de-wilg", "a", "--json").json

    assert first["name"] == "Besluit (déf).pdf"
    assert second["media_type"] == "image/png"
    assert first["uploaded_by"] == "cli:tester"
    assert f"Bewijs: Besluit (déf).pdf ({len(PDF)} bytes); ophalen: regie file get {first['id']}" in shown.out
    assert data["state"] == "done"
    assert data["evidence"] == [f"bestand:{first['id']}", f"bestand:{second['id']}"]
    assert [each["sha256"] for each in data["files"]] == [first["sha256"], second["sha256"]]
    assert len(on_disk(folder)) == 2


def test_links_and_names_stand_beside_files(town: Regie) -> None:
    completes(town, "--evidence", "https://zaak.voorbeeldstad.nl/1", "--evidence", "zaak 12")

    shown = town("step", "show", "de-wilg", "a").out

    assert "Bewijs: https://zaak.voorbeeldstad.nl/1" in shown
    assert "Bewijs: zaak 12" in shown


def test_a_file_is_listed_for_people(done: Regie) -> None:
    listed = done("file", "list", "de-wilg")

    assert listed.out.splitlines()[0] == "nummer\tstap\tnaam\tgrootte\twanneer\twie\tstand"
    assert "Besluit (déf).pdf" in listed.out


@pytest.mark.parametrize(
    ("more", "code", "exit_code"),
    [
        (["--file", "plaatje.svg"], "file-kind-unknown", 6),
        (["--file", "weg.pdf"], "file-unreadable", 6),
        (["--file", "."], "file-unreadable", 6),
        (["--file", "/dev/null"], "file-unreadable", 6),
        (["--evidence", "javascript:alert(1)"], "evidence-unsafe", 6),
        (["--evidence", "bestand:weg"], "no-such-file", 4),
        (["--seen-version", "7"], "occurrence-changed", 5),
    ],
)
def test_when_anything_is_refused_the_step_is_open_and_nothing_is_kept(
    town: Regie, folder: Path, more: list[str], code: str, exit_code: int
) -> None:
    before = town("step", "show", "de-wilg", "a", "--json").json

    ran = completes(town, *more)

    assert f'"code": "{code}"' in ran.err
    assert ran.code == exit_code
    assert town("step", "show", "de-wilg", "a", "--json").json == before
    assert (the_files(town), on_disk(folder)) == ([], [])


def test_a_preview_keeps_nothing(town: Regie, folder: Path) -> None:
    ran = town("step", "complete", "de-wilg", "a", "--file", "foto.png", "--preview", "--json")

    assert ran.code == 0
    assert ran.json["saved"] is False
    assert on_disk(folder) == []


def test_the_limit_is_a_setting_and_is_named(town: Regie, folder: Path) -> None:
    (folder / "groot.pdf").write_bytes(pdf_of(1024 * 1024 + 1))

    refused = town("step", "complete", "de-wilg", "a", "--yes", "--file", "groot.pdf", REGIE_FILE_MAX_MB="1")
    taken = town("step", "complete", "de-wilg", "a", "--yes", "--file", "groot.pdf")

    assert "Het bestand 'groot.pdf' is groter dan 1 MB." in refused.err
    assert taken.code == 0


def test_a_name_that_looks_like_a_citizen_number_is_warned_of(town: Regie, folder: Path) -> None:
    (folder / "dossier 111222333.pdf").write_bytes(PDF)

    ran = town(*COMPLETE, "--file", "dossier 111222333.pdf")

    assert ran.code == 0
    assert "burgerservicenummer" in ran.err


# --- getting -----------------------------------------------------------------------------------------


def test_a_file_comes_back_as_it_was_and_replaces_nothing(done: Regie, folder: Path) -> None:
    file_id = the_files(done)[0]["id"]
    (folder / "uit").mkdir()

    got = done("file", "get", file_id, "--output", "uit", "--json")
    again = done("file", "get", file_id, "--output", "uit")
    nowhere = done("file", "get", file_id, "--output", "nergens/x.pdf")

    assert Path(folder / got.json["path"]).read_bytes() == PDF
    assert got.json["path"] == "uit/Besluit (déf).pdf"
    assert (again.code, nowhere.code) == (6, 6)
    assert "is er al" in again.err
    assert "kan niet worden geschreven" in nowhere.err


def test_a_file_that_was_exchanged_on_disk_is_not_given(done: Regie, folder: Path) -> None:
    file_id = the_files(done)[0]["id"]
    (path,) = (each for each in on_disk(folder) if each.name == file_id)
    path.write_bytes(PDF.replace(b"Catalog", b"Catalok"))

    got = done("file", "get", file_id, "--output", "x.pdf", "--json")

    assert '"code": "file-bytes-differ"' in got.err
    assert not (folder / "x.pdf").exists()


def test_what_is_not_there_is_said(done: Regie, folder: Path) -> None:
    unknown = done("file", "get", "weg", "--output", "x.pdf")
    file_id = the_files(done)[0]["id"]
    for path in on_disk(folder):
        path.unlink()
    gone = done("file", "get", file_id, "--output", "x.pdf")

    assert (unknown.code, gone.code) == (4, 7)
    assert "Er is geen bestand 'weg'." in unknown.err
    assert not (folder / "x.pdf").exists()


# --- removing ----------------------------------------------------------------------------------------


def test_a_file_is_removed_with_a_reason_that_the_history_keeps(done: Regie, folder: Path) -> None:
    file_id = the_files(done)[0]["id"]

    asked = done("file", "remove", file_id, "--reason", "verkeerd")
    removed = done("file", "remove", file_id, "--reason", "verkeerd", "--erase-name", "--yes", "--json")
    again = done("file", "remove", file_id, "--reason", "verkeerd", "--yes")
    got = done("file", "get", file_id, "--output", "x.pdf")

    assert asked.code == 2
    assert removed.json["removed_by"] == "cli:tester"
    assert removed.json["name"] == ""
    assert (again.code, got.code) == (6, 6)
    assert len(on_disk(folder)) == 1
    assert f"Bewijs: {file_id} (verwijderd)" in done("step", "show", "de-wilg", "a").out
    assert "bestand verwijderd" in done("history", "de-wilg").out
    assert done("audit", "verify").code == 0


# --- looking after -----------------------------------------------------------------------------------


def doctor(regie: Regie) -> dict[str, dict[str, str]]:
    return {line["what"]: line for line in regie("doctor", "--json").json}


def test_the_doctor_sees_files_without_content_and_content_without_file(done: Regie, folder: Path) -> None:
    well = doctor(done)
    first, second = on_disk(folder)
    second.rename(second.with_name(f"0000{second.name[-2:]}"))

    ill = doctor(done)

    assert well["bestanden"]["verdict"] == "goed"
    assert well["bestanden"]["said"] == "2 bestanden, allemaal met hun inhoud"
    assert "resten van bestanden" not in well
    assert ill["bestanden"]["verdict"] == "fout"
    assert second.name in ill["bestanden"]["said"]
    assert ill["resten van bestanden"]["verdict"] == "let op"
    assert first.exists()


def test_the_clean_up_takes_what_is_older_than_a_day(done: Regie, folder: Path) -> None:
    first, _ = on_disk(folder)
    old, young = (first.with_name(f"{name}{first.parent.name}") for name in ("oud-", "jong-"))
    for path in (old, young):
        path.write_bytes(PDF)
    os.utime(old, (0, 0))

    gone = done("file", "clean-up", "--json")

    assert [each["id"] for each in gone.json] == [old.name]
    assert young.exists()
    assert len(on_disk(folder)) == 3
    assert done("file", "clean-up").out == "Opgeruimd: geen resten.\n"


# --- T35 and crashes, in processes of their own ------------------------------------------------------


def test_a_file_for_which_there_is_no_room_is_refused_whole_and_later_taken(town: Regie, folder: Path) -> None:
    (folder / "groot.pdf").write_bytes(pdf_of(1024 * 1024))
    command = [sys.executable, "-m", "regie", *COMPLETE, "--file", "groot.pdf"]

    full = subprocess.run(
        ["bash", "-c", 'ulimit -f 512; trap "" XFSZ; exec "$@"', "bash", *command],
        env=environment_in(folder),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert full.returncode == 7, full.stderr
    assert '"code": "files-full"' in full.stderr
    assert "Traceback" not in full.stderr
    assert (the_files(town), on_disk(folder)) == ([], [])
    assert town("step", "show", "de-wilg", "a", "--json").json["state"] == "ready"
    assert town(*COMPLETE, "--file", "groot.pdf").code == 0
    assert len(the_files(town)) == len(on_disk(folder)) == 1


@pytest.mark.parametrize(
    ("point", "is_done"),
    [
        ("file.after_write", False),
        ("file.after_rename", False),
        ("sweep.before_commit", False),
        ("file.after_commit", True),
    ],
)
def test_a_process_that_dies_leaves_the_step_as_it_was_or_done(
    town: Regie, folder: Path, point: str, is_done: bool
) -> None:
    died = process_in(folder)(*COMPLETE, "--file", "foto.png", REGIE_FAILPOINTS=f"{point}=exit", REGIE_ALLOW_FAILPOINTS="1")  # fmt: skip

    assert died.code == EXIT_CODE
    assert len(the_files(town)) == is_done
    assert town("step", "show", "de-wilg", "a", "--json").json["state"] == ("done" if is_done else "ready")
    seen = doctor(town)
    assert seen["bestanden"]["verdict"] == "goed"
    assert ("resten van bestanden" in seen) is not is_done
    if not is_done:
        assert town(*COMPLETE, "--file", "foto.png").code == 0


def test_a_document_with_macros_is_refused_in_words(town: Regie, folder: Path) -> None:
    (folder / "nota.docx").write_bytes(office(word__vbaProject_dot_bin=b"x"))

    ran = town("step", "complete", "de-wilg", "a", "--yes", "--file", "nota.docx")

    assert ran.err.startswith("fout [file-has-macros]: In het bestand 'nota.docx' zitten macro's.")
