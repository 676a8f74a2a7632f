"""Lists across trajects, read without opening one: what runs, what is due, how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlmodel import Session

from regie.core.ids import AnchorId, OccurrenceKey, RoleId, StepId
from regie.core.traject import AnchorDates, CycleState, State
from regie.store.rows import STATES
from regie.store.tables import anchor, cycle, occurrence, traject
from regie.store.trajects import find_traject_id


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


def list_trajects(
    session: Session,
    today: date | None = None,
    *,
    limit: int | None = None,
    after: str = "",
    running_only: bool = False,
) -> tuple[TrajectSummary, ...]:
    """Give trajects, those that run first, then by title; with the same few queries for one and for thousands.

    Args:
        today: what is late is counted on this day; without it nothing is.
        limit: how many at most.
        after: the short name of the traject that was the last one of the page before.
        running_only: leave out those of which every cycle has ended.

    Raises:
        NotFound: ``unknown-traject``, for ``after``.
    """
    connection = session.connection()
    listed = select(traject).order_by(traject.c.running.desc(), traject.c.title, traject.c.id)
    if running_only:
        listed = listed.where(traject.c.running.is_(True))
    if after:
        listed = listed.where(_comes_after(session, after))
    if limit is not None:
        listed = listed.limit(limit)
    is_whole = limit is None and not after and not running_only
    ids = None if is_whole else select(listed.subquery().c.id)
    anchors: dict[tuple[int, int], dict[AnchorId, AnchorDates]] = {}
    for row in connection.execute(_only(ids, select(anchor), anchor.c.traject_id)):
        dates = anchors.setdefault((row.traject_id, row.cycle), {})
        dates[AnchorId(row.anchor)] = AnchorDates(row.target, row.actual)
    counts: dict[tuple[int, int], dict[State, int]] = {}
    for traject_id, number, state, count in connection.execute(
        _only(
            ids,
            select(occurrence.c.traject_id, occurrence.c.cycle, occurrence.c.state, func.count()),
            occurrence.c.traject_id,
        ).group_by(occurrence.c.traject_id, occurrence.c.cycle, occurrence.c.state)
    ):
        counts.setdefault((traject_id, number), {})[STATES[state]] = count
    due = _due_per_cycle(session, today, ids)
    cycles: dict[int, list[CycleSummary]] = {}
    by_number = select(cycle).order_by(cycle.c.traject_id, cycle.c.number)
    for row in connection.execute(_only(ids, by_number, cycle.c.traject_id)):
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
        for row in connection.execute(listed)
    )


def _comes_after(session: Session, slug: str) -> ColumnElement[bool]:
    """Whether a traject stands below another one in the list, in its order: running, title, id."""
    last_id = find_traject_id(session, slug)
    running, title = (
        select(column).where(traject.c.id == last_id).scalar_subquery()
        for column in (traject.c.running, traject.c.title)
    )
    by_title = or_(traject.c.title > title, and_(traject.c.title == title, traject.c.id > last_id))
    return or_(traject.c.running < running, and_(traject.c.running == running, by_title))


def _only(ids: Select[tuple[int]] | None, wanted: Select[Any], owner: ColumnElement[int]) -> Select[Any]:
    return wanted if ids is None else wanted.where(owner.in_(ids))


def _due_per_cycle(
    session: Session, today: date | None, ids: Select[tuple[int]] | None
) -> Mapping[tuple[int, int], tuple[date | None, int]]:
    late = func.count().filter(occurrence.c.due_on < today) if today is not None else func.sum(0)
    wanted = (
        select(occurrence.c.traject_id, occurrence.c.cycle, func.min(occurrence.c.due_on), late)
        .where(occurrence.c.is_open.is_(True), occurrence.c.due_on.is_not(None))
        .group_by(occurrence.c.traject_id, occurrence.c.cycle)
    )
    wanted = _only(ids, wanted, occurrence.c.traject_id)
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
