"""Lists across trajects, read without opening one: what runs, what is due, how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import func, select
from sqlmodel import Session

from regie.core.ids import AnchorId, OccurrenceKey, RoleId, StepId
from regie.core.traject import AnchorDates, CycleState, State
from regie.store.rows import STATES
from regie.store.tables import anchor, cycle, occurrence, traject


@dataclass(frozen=True, slots=True)
class CycleSummary:
    """How a cycle stands. ``counts`` leaves out states that nothing is in."""

    number: int
    kind: str
    state: CycleState
    definition_hash: str
    anchors: Mapping[AnchorId, AnchorDates]
    counts: Mapping[State, int]
    next_due_on: date | None = None
    """The earliest due date of an open step, late or not."""
    late: int = 0
    """Open steps that were due before the day that was asked about."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        return sum(count for state, count in self.counts.items() if state.is_open)


@dataclass(frozen=True, slots=True)
class TrajectSummary:
    id: int
    slug: str
    title: str
    is_running: bool
    next_look_on: date | None
    checked_at: datetime | None
    created_at: datetime
    cycles: tuple[CycleSummary, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class DueStep:
    """An open step with a due date, late or soon."""

    traject_id: int
    traject: str
    traject_title: str
    cycle: int
    definition_hash: str
    key: OccurrenceKey
    role: RoleId | None
    state: State
    due_on: date
    legal_on: date | None
    finish_on: date | None
    slack_working_days: int | None
    is_late: bool


def list_trajects(session: Session, today: date | None = None) -> tuple[TrajectSummary, ...]:
    """Give all trajects, those that run first, then by title.

    Args:
        today: what is late is counted on this day; without it nothing is.
    """
    connection = session.connection()
    anchors: dict[tuple[int, int], dict[AnchorId, AnchorDates]] = {}
    for row in connection.execute(select(anchor)):
        dates = anchors.setdefault((row.traject_id, row.cycle), {})
        dates[AnchorId(row.anchor)] = AnchorDates(row.target, row.actual)
    counts: dict[tuple[int, int], dict[State, int]] = {}
    for traject_id, number, state, count in connection.execute(
        select(occurrence.c.traject_id, occurrence.c.cycle, occurrence.c.state, func.count()).group_by(
            occurrence.c.traject_id, occurrence.c.cycle, occurrence.c.state
        )
    ):
        counts.setdefault((traject_id, number), {})[STATES[state]] = count
    due = _due_per_cycle(session, today)
    cycles: dict[int, list[CycleSummary]] = {}
    for row in connection.execute(select(cycle).order_by(cycle.c.traject_id, cycle.c.number)):
        place = (row.traject_id, row.number)
        next_due_on, late = due.get(place, (None, 0))
        cycles.setdefault(row.traject_id, []).append(
            CycleSummary(
                row.number,
                row.kind,
                CycleState(row.state),
                row.definition_hash,
                anchors.get(place, {}),
                counts.get(place, {}),
                next_due_on,
                late,
            )
        )
    rows = connection.execute(select(traject).order_by(traject.c.running.desc(), traject.c.title, traject.c.id))
    return tuple(
        TrajectSummary(
            row.id,
            row.slug,
            row.title,
            row.running,
            row.next_look_on,
            row.checked_at,
            row.created_at,
            tuple(cycles.get(row.id, ())),
        )
        for row in rows
    )


def _due_per_cycle(session: Session, today: date | None) -> Mapping[tuple[int, int], tuple[date | None, int]]:
    late = func.count().filter(occurrence.c.due_on < today) if today is not None else func.sum(0)
    wanted = (
        select(occurrence.c.traject_id, occurrence.c.cycle, func.min(occurrence.c.due_on), late)
        .where(occurrence.c.is_open.is_(True), occurrence.c.due_on.is_not(None))
        .group_by(occurrence.c.traject_id, occurrence.c.cycle)
    )
    return {(row[0], row[1]): (row[2], int(row[3])) for row in session.connection().execute(wanted)}


def list_due_steps(
    session: Session, today: date, until: date, role: RoleId | None = None, traject_id: int | None = None
) -> tuple[DueStep, ...]:
    """Give the open steps of running cycles that are due on or before a day, the latest ones first.

    Args:
        role: only those that this role is responsible for.
    """
    wanted = (
        select(
            occurrence.c.traject_id,
            traject.c.slug,
            traject.c.title,
            occurrence.c.cycle,
            cycle.c.definition_hash,
            occurrence.c.step,
            occurrence.c.key,
            occurrence.c.responsible,
            occurrence.c.state,
            occurrence.c.due_on,
            occurrence.c.legal_on,
            occurrence.c.early_finish,
            occurrence.c.slack_working_days,
        )
        .join(
            cycle,
            (cycle.c.traject_id == occurrence.c.traject_id) & (cycle.c.number == occurrence.c.cycle),
        )
        .join(traject, traject.c.id == occurrence.c.traject_id)
        .where(
            occurrence.c.is_open.is_(True),
            occurrence.c.due_on.is_not(None),
            occurrence.c.due_on <= until,
            cycle.c.state == CycleState.RUNNING.value,
        )
        .order_by(occurrence.c.due_on, traject.c.slug, occurrence.c.cycle, occurrence.c.id)
    )
    if role is not None:
        wanted = wanted.where(occurrence.c.responsible == role)
    if traject_id is not None:
        wanted = wanted.where(occurrence.c.traject_id == traject_id)
    return tuple(
        DueStep(
            row.traject_id,
            row.slug,
            row.title,
            row.cycle,
            row.definition_hash,
            OccurrenceKey(StepId(row.step), row.key),
            RoleId(row.responsible) if row.responsible else None,
            STATES[row.state],
            row.due_on,
            row.legal_on,
            row.early_finish,
            row.slack_working_days,
            row.due_on < today,
        )
        for row in session.connection().execute(wanted)
    )


def count_states(session: Session, traject_id: int | None = None) -> Mapping[State, int]:
    """Give how many occurrences of running cycles stand in each state; states that nothing is in are left out."""
    wanted = (
        select(occurrence.c.state, func.count())
        .join(
            cycle,
            (cycle.c.traject_id == occurrence.c.traject_id) & (cycle.c.number == occurrence.c.cycle),
        )
        .where(cycle.c.state == CycleState.RUNNING.value)
        .group_by(occurrence.c.state)
    )
    if traject_id is not None:
        wanted = wanted.where(occurrence.c.traject_id == traject_id)
    return {STATES[state]: count for state, count in session.connection().execute(wanted)}
