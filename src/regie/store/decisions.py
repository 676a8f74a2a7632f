"""The record of what was decided at gates; rows are added by ``save_changes`` and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session

from regie.core.ids import OccurrenceKey, StepId
from regie.store.tables import decision


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision as it was recorded.

    Args:
        decided_by: who decided, as it was typed; ``recorded_by`` is who wrote it down, by id.
        held_until: only when it was held.
    """

    cycle: int
    key: OccurrenceKey
    outcome: str
    decided_by: str
    decided_on: date
    reason: str
    document: str
    held_until: date | None
    recorded_at: datetime
    recorded_by: str


def list_decisions(session: Session, traject_id: int) -> tuple[RecordedDecision, ...]:
    """Give all decisions of a traject, the latest first."""
    wanted = select(decision).where(decision.c.traject_id == traject_id).order_by(decision.c.id.desc())
    return tuple(
        RecordedDecision(
            row.cycle,
            OccurrenceKey(StepId(row.step), row.key),
            row.outcome,
            row.decided_by,
            row.decided_on,
            row.reason,
            row.document,
            row.held_until,
            row.recorded_at,
            row.recorded_by,
        )
        for row in session.connection().execute(wanted)
    )
