"""The stories of the default definition: months of it, lived by everybody in it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from regie.core.definition import Definition
from regie.definitions import load_definition
from regie.definitions.calendars import workflow_defs_dir
from regie.definitions.rehearsal import read_rehearsal, run_rehearsal

STORIES = sorted((workflow_defs_dir() / "opvang" / "rehearsals").glob("*.yaml"))


@lru_cache(maxsize=1)
def opvang() -> Definition:
    return load_definition("opvang")


def test_there_are_at_least_six_stories() -> None:
    assert len(STORIES) >= 6


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in STORIES])
def test_story_of_the_default_definition_holds(path: Path) -> None:
    rehearsed = run_rehearsal(opvang(), read_rehearsal(path))

    assert rehearsed.failures == ()
    assert rehearsed.checks > 0
