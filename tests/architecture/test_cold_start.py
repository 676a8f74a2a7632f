"""What a cold start may cost: which libraries a command may load."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_command_line_loads_no_database_no_prefect_and_no_yaml() -> None:
    loaded = loaded_by("import regie.cli.main")

    assert not loaded & {
        "prefect",
        "sqlmodel",
        "sqlalchemy",
        "apprise",
        "pydantic",
        "ruamel",
        "fastapi",
        "jinja2",
        "uvicorn",
        "babel",
    }


def test_planning_a_definition_loads_no_database_and_no_prefect() -> None:
    loaded = loaded_by(
        "from regie.cli.main import app\n"
        "import contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    app(['plan', 'opvang', '--start', '2026-12-01', '--json'])"
    )

    assert "pydantic" in loaded
    assert not loaded & {"prefect", "sqlmodel", "sqlalchemy", "apprise", "fastapi"}


@pytest.mark.parametrize("module", ["regie", "regie.core"])
def test_the_core_loads_only_the_standard_library(module: str) -> None:
    assert not loaded_by(f"import {module}") & {"pydantic", "sqlalchemy", "ruamel", "prefect", "typer", "rich"}
