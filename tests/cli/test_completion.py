"""Tab in bash: trajects, steps, anchors, outcomes, roles and definitions, and never an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from regie.cli.main import app
from tests.support.commands import command_in, environment_in

SMALL = """
regie: 1
id: klein
title: Klein
calendar: weekdays
anchors: {opening: {title: Opening, target: required, set_by: c}}
roles: {maker: {title: Maker}, baas: {title: Baas}}
steps:
  a-eerst: {title: A, takes: 5wd, responsible: maker}
  b-dan: {title: B, takes: 10wd, responsible: maker, needs: a-eerst, gate: {decided_by: baas}}
  c: {title: C, takes: 0wd, responsible: baas, needs: b-dan}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    (folder / "klein.yaml").write_text(SMALL, encoding="utf-8")
    started = command_in(folder)("traject", "start", "--title", "De Wilg", "--definition", "klein.yaml", "--start",
                                 "2026-11-02", "--anchor", "opening=2099-01-05", "--yes")  # fmt: skip
    assert started.code == 0, started.err
    (folder / "wie.csv").write_text(
        "organisatie;naam;e-mail;rol;taal;ritme;vervanger\nGGD;Bram;bram@ggd.example;maker;nl;;\n"
    )
    read = command_in(folder)("partner", "import", "wie.csv", "--definition", "klein.yaml")
    assert read.code == 0, read.err
    return folder


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        pytest.param("traj", ["traject"], id="command"),
        pytest.param("traject show ", ["de-wilg"], id="traject"),
        pytest.param("step complete de-wilg a", ["a-eerst"], id="step"),
        pytest.param("why de-wilg b", ["b-dan"], id="why"),
        pytest.param("anchor move de-wilg o", ["opening"], id="anchor"),
        pytest.param("gate decide de-wilg b-dan h", ["hold"], id="outcome"),
        pytest.param("step list de-wilg --role m", ["maker"], id="role"),
        pytest.param("step assign de-wilg c g", ["geen"], id="nobody"),
        pytest.param("step assign de-wilg c b", ["bram@ggd.example"], id="colleague"),
        pytest.param("plan op", ["opvang"], id="definition"),
        pytest.param("step show de-elk ", [], id="unknown-traject"),
    ],
)
def test_tab_offers_what_can_be_typed_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, offered: list[str]
) -> None:
    words = f"regie {typed}".split(" ")
    monkeypatch.setenv("REGIE_DATA_DIR", str(folder / "data"))
    monkeypatch.setenv("_REGIE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))

    with pytest.raises(SystemExit):
        app(args=[], prog_name="regie", standalone_mode=False)

    assert capsys.readouterr().out.split() == offered


@pytest.mark.parametrize("address", ["postgresql+psycopg://nergens/regie", "sqlite:////weg/regie.db", "onzin"])
def test_tab_without_a_database_that_can_be_read_offers_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], address: str
) -> None:
    monkeypatch.setenv("REGIE_DATABASE_URL", address)
    monkeypatch.setenv("_REGIE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "regie\ntraject\nshow\n")
    monkeypatch.setenv("COMP_CWORD", "3")

    with pytest.raises(SystemExit):
        app(args=[], prog_name="regie", standalone_mode=False)

    assert "".join(capfd.readouterr()).strip() == ""


def test_bash_takes_the_completion_that_regie_gives(folder: Path) -> None:
    """The script itself, in a real bash, as after ``regie --install-completion``."""
    command = f"{sys.executable} -m regie"
    script = f"""
printf '#!/bin/sh\\nexec {command} "$@"\\n' > "$PWD/regie"; chmod +x "$PWD/regie"; PATH="$PWD:$PATH"
source <(_REGIE_COMPLETE=source_bash regie)
COMP_WORDS=(regie traject show de) COMP_CWORD=3
_regie_completion regie
echo "${{COMPREPLY[*]}}"
"""
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment_in(folder), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip

    assert (done.stdout.strip(), done.stderr) == ("de-wilg", "")
