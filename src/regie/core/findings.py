"""What a plan can not make true, as values with a stable code.

Codes RG351-RG357 stand in ``docs/finding-codes.md``; the findings about a file have their own module.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from regie.core.ids import AnchorId, OccurrenceKey
from regie.core.reasons import Hop


class Severity(StrEnum):
    """``error``: a date that was asked for cannot hold. ``warning``: somebody should look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class PlanFinding:
    """One date that can not hold, or needs a look.

    Args:
        code: RG351 target, RG352 legal date, RG353 pin against a relation, RG354 year not confirmed,
            RG355 planned after the due date, RG356 in a period to avoid, RG357 no meeting found.
        on: what the plan comes to; ``limit_on`` what was asked or allowed.
        working_days: by how many working days it is missed.
        chain: the steps that lead to it, first step first.
    """

    code: str
    key: OccurrenceKey | None
    severity: Severity
    on: date | None = None
    limit_on: date | None = None
    working_days: int = 0
    anchor: AnchorId | None = None
    chain: tuple[Hop, ...] = ()
    said: str = ""
