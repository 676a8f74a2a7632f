"""Every command stands in the reference, and every exit code in its table."""

from __future__ import annotations

import re
from pathlib import Path

import typer

from regie.cli.common import EXIT_CODES, INTERRUPTED
from regie.cli.main import app

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")


def test_every_command_has_its_heading_and_no_other_does() -> None:
    commands = set(typer.main.get_group(app).commands)

    assert set(re.findall(r"^## regie ([a-z]+)$", TEXT, flags=re.MULTILINE)) == commands


def test_every_subcommand_is_named_under_its_heading() -> None:
    for name, command in typer.main.get_group(app).commands.items():
        section = TEXT.split(f"## regie {name}\n")[1].split("\n## ")[0]
        for sub in getattr(command, "commands", {}):
            assert f"`{sub}`" in section, f"{name} {sub}"


def test_every_exit_code_is_in_the_table() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, flags=re.MULTILINE)}

    assert codes == {0, 2, INTERRUPTED, *EXIT_CODES.values()}
