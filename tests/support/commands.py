"""The real command, each time in a process of its own, with a database of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Ran:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Regie = Callable[..., Ran]


def command_in(folder: Path) -> Regie:
    """Give ``regie`` with its data in a folder; keyword arguments become environment variables."""
    environment = {**os.environ, "REGIE_DATA_DIR": str(folder / "data"), "USER": "tester", "NO_COLOR": "1"}
    environment.pop("REGIE_DATABASE_URL", None)

    def run(*arguments: str, **more: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "regie", *arguments],
            env={**environment, **more},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
