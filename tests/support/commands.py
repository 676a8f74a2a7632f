"""The real command, with a database of its own: in this process, or where it matters in a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock


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


def environment_in(folder: Path) -> dict[str, str]:
    """The environment of a command that keeps its data in a folder."""
    environment = {**os.environ, "REGIE_DATA_DIR": str(folder / "data"), "USER": "tester", "NO_COLOR": "1"}
    environment.pop("REGIE_DATABASE_URL", None)
    return environment


def command_in(folder: Path) -> Regie:
    """Give ``regie`` with its data in a folder; keyword arguments become environment variables.

    It runs in this process, from its front door on: a process each costs a hundred times as much.
    """

    def run(*arguments: str, **more: str) -> Ran:
        from regie.cli.main import run as run_regie

        out, err = io.StringIO(), io.StringIO()
        with _standing_in(folder, {**environment_in(folder), **more}, out, err):
            try:
                run_regie(list(arguments))
            except SystemExit as end:
                code = end.code
        assert isinstance(code, int)
        assert "Traceback" not in err.getvalue(), err.getvalue()
        return Ran(code, out.getvalue(), err.getvalue())

    return run


@contextlib.contextmanager
def _standing_in(folder: Path, environment: Mapping[str, str], out: io.StringIO, err: io.StringIO) -> Iterator[None]:
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "stdin", io.StringIO()),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        logging_as_it_was(),
    ):
        yield


@contextlib.contextmanager
def logging_as_it_was() -> Iterator[None]:
    """Take away the redaction that a command or a flow puts in place for the whole of its process."""
    factory = logging.getLogRecordFactory()
    loggers = [logging.getLogger(name) for name in ("", "apprise", "urllib3")]
    before = [(logger, list(logger.filters), logger.level) for logger in loggers]
    try:
        yield
    finally:
        logging.setLogRecordFactory(factory)
        for logger, filters, level in before:
            logger.filters[:] = filters
            logger.setLevel(level)


def process_in(folder: Path) -> Regie:
    """The same, each time in a process of its own."""

    def run(*arguments: str, **more: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "regie", *arguments],
            env={**environment_in(folder), **more},
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
