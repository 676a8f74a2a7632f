"""What is shipped for an installation fits the program: settings, service and the commands of the runbook."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
import typer

from regie.cli.main import app
from regie.settings import ENV_PREFIX, Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
RUNBOOK = (DEPLOY / "RUNBOOK.md").read_text(encoding="utf-8")


def variables(*, also_commented: bool) -> dict[str, str]:
    mark = "#?" if also_commented else ""
    lines = (DEPLOY / "env.example").read_text(encoding="utf-8")
    return dict(re.findall(rf"^{mark}({ENV_PREFIX}[A-Z_]+)=(.*)$", lines, flags=re.MULTILINE))


def service() -> configparser.ConfigParser:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(DEPLOY / "regie.service", encoding="utf-8")
    return read


def test_every_variable_of_the_example_is_a_setting() -> None:
    known = {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields}

    assert set(variables(also_commented=True)) <= known


@pytest.mark.parametrize("also_commented", [False, True])
def test_the_example_is_accepted_as_it_stands(also_commented: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    given = variables(also_commented=also_commented)
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    settings = load_settings()

    assert str(settings.data_dir) == given["REGIE_DATA_DIR"]
    assert settings.mail_from is not None


def test_the_service_runs_up_and_writes_where_the_example_says() -> None:
    unit = service()["Service"]
    folder = variables(also_commented=False)["REGIE_DATA_DIR"]

    assert unit["ExecStart"].split()[-2:] == ["/opt/regie/.venv/bin/regie", "up"]
    assert folder == f"/var/lib/{unit['StateDirectory']}"
    assert unit["EnvironmentFile"] in RUNBOOK


def test_the_service_gives_children_the_time_that_up_takes_to_stop_them() -> None:
    from regie.supervise import STOP_WITHIN

    children = 3
    assert int(service()["Service"]["TimeoutStopSec"]) > children * (STOP_WITHIN + 3)


def test_every_command_and_option_of_the_runbook_exists() -> None:
    group = typer.main.get_command(app)
    named = re.findall(r"`regie ([a-z][^`]*)`", RUNBOOK)

    assert len(named) > 15
    for words in named:
        assert_known(group, words.split())


def assert_known(command: object, words: list[str]) -> None:
    for word in words:
        if word.startswith("--"):
            known = {option for parameter in command.params for option in parameter.opts}  # type: ignore[attr-defined]
            assert word in known, words
        elif hasattr(command, "commands"):
            assert word in command.commands, words
            command = command.commands[word]
