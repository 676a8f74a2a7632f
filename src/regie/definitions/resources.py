"""Where the definitions and calendars that come with Regie are; not what they say."""

from __future__ import annotations

from pathlib import Path


def workflow_defs_dir() -> Path:
    """The folder with definitions and calendars: of the installed package, else of the source tree."""
    here = Path(__file__).resolve()
    packaged = here.parents[1] / "_data" / "workflow_defs"
    return packaged if packaged.is_dir() else here.parents[3] / "workflow_defs"
