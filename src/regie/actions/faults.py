"""One bad row, person or text delays only itself: what to do with a fault among many things to do."""

from __future__ import annotations

import traceback
from pathlib import Path

import regie
from regie.errors import RegieError

_PACKAGE = Path(regie.__file__).parent


def is_about_the_database(error: Exception) -> bool:
    """Whether a fault is of the database as a whole, and so of everything that is still to be done."""
    return isinstance(error, RegieError) and error.code.startswith("database-")


def where(error: BaseException) -> str:
    """Give the last place of ours where a fault passed; its text may hold what somebody typed, and stays out of logs."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
