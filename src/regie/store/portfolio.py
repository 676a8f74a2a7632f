"""What a portfolio needs of all trajects that run: five queries, for one traject and for hundreds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Integer, Select, and_, cast, func, or_, select
from sqlmodel import Session

from regie.core.ids import AnchorId, OccurrenceKey, PersonId, RoleId, StepId
from regie.core.traject import AnchorDates, CycleState, State
from regie.store.rows import STATES
from regie.store.tables import EVERY_TRAJECT, anchor, cycle, occurrence, person, role_binding, traject

Place = tuple[int, int]
"""Traject id and number of the cycle."""

Players = Mapping[tuple[int, RoleId], tuple[tuple[PersonId, str], ...]]
"""Who plays each role: id and name by (traject id, role); traject 0 is every traject."""

_WAITING = (State.WAITING_FOR_PARTNER.value, State.FOR_DECISION.value)


@dataclass(frozen=True, slots=True)
class RunningCycle:
    traject_id: int
    slug: str
    title: str
    number: int
    kind: str
    definition_hash: str

    @property
    def place(self) -> Place:
        return self.traject_id, self.number


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the open steps of a cycle: how many there are, are late, wait for somebody, end after what is due or legal."""

    open: int = 0
    late: int = 0
    waiting: int = 0
    after_due: int = 0
    after_legal: int = 0


@dataclass(frozen=True, slots=True)
class StepAtHand:
    """An open step that somebody can act on now, or that was asked for by name."""

    place: Place
    key: OccurrenceKey
    responsible: RoleId | None
    waiting_for: RoleId | None
    handed_to: str | None
    state: State
    early_start: date | None
    early_finish: date | None
    due_on: date | None


def list_running_cycles(session: Session) -> tuple[RunningCycle, ...]:
    wanted = (
        select(traject.c.id, traject.c.slug, traject.c.title, cycle.c.number, cycle.c.kind, cycle.c.definition_hash)
        .join(cycle, cycle.c.traject_id == traject.c.id)
        .where(cycle.c.state == CycleState.RUNNING.value)
        .order_by(traject.c.title, traject.c.id, cycle.c.number)
    )
    return tuple(RunningCycle(*row) for row in session.connection().execute(wanted))


def _of_running(wanted: Select[Any], table: Any) -> Select[Any]:
    same = and_(cycle.c.traject_id == table.c.traject_id, cycle.c.number == table.c.cycle)
    return wanted.select_from(table).join(cycle, same).where(cycle.c.state == CycleState.RUNNING.value)


def list_anchor_dates(session: Session) -> Mapping[Place, Mapping[AnchorId, AnchorDates]]:
    """Give the anchors of every cycle that runs."""
    found: dict[Place, dict[AnchorId, AnchorDates]] = {}
    columns = (anchor.c.traject_id, anchor.c.cycle, anchor.c.anchor, anchor.c.target, anchor.c.actual)
    for traject_id, number, name, target, actual in session.connection().execute(_of_running(select(*columns), anchor)):
        found.setdefault((traject_id, number), {})[AnchorId(name)] = AnchorDates(target, actual)
    return found


def count_open(session: Session, today: date) -> Mapping[Place, Counts]:
    """Count the open steps of every cycle that runs."""

    def times(condition: Any) -> Any:
        return func.coalesce(func.sum(cast(condition, Integer)), 0)

    wanted = _of_running(
        select(
            occurrence.c.traject_id,
            occurrence.c.cycle,
            func.count(),
            times(occurrence.c.due_on < today),
            times(occurrence.c.state.in_(_WAITING)),
            times(occurrence.c.early_finish > occurrence.c.due_on),
            times(occurrence.c.early_finish > occurrence.c.legal_on),
        ),
        occurrence,
    )
    wanted = wanted.where(occurrence.c.is_open.is_(True)).group_by(occurrence.c.traject_id, occurrence.c.cycle)
    return {(row[0], row[1]): Counts(*map(int, row[2:])) for row in session.connection().execute(wanted)}


def list_at_hand(session: Session, named: frozenset[StepId]) -> Mapping[Place, tuple[StepAtHand, ...]]:
    """Give per cycle that runs the open steps that can be acted on, and the open ones of the names, by due date."""
    wanted = _of_running(
        select(
            occurrence.c.traject_id,
            occurrence.c.cycle,
            occurrence.c.step,
            occurrence.c.key,
            occurrence.c.responsible,
            occurrence.c.waiting_for,
            person.c.name.label("handed_to"),
            occurrence.c.state,
            occurrence.c.early_start,
            occurrence.c.early_finish,
            occurrence.c.due_on,
        ),
        occurrence,
    )
    has_it = and_(person.c.id == occurrence.c.assigned_to, person.c.erased_at.is_(None))
    wanted = wanted.outerjoin(person, has_it).where(
        occurrence.c.is_open.is_(True),
        or_(occurrence.c.state != State.NOT_YET.value, occurrence.c.step.in_(sorted(named))),
    )
    found: dict[Place, list[StepAtHand]] = {}
    for row in session.connection().execute(wanted.order_by(occurrence.c.due_on, occurrence.c.id)):
        step = StepAtHand(
            (row.traject_id, row.cycle),
            OccurrenceKey(StepId(row.step), row.key),
            RoleId(row.responsible) if row.responsible else None,
            RoleId(row.waiting_for) if row.waiting_for else None,
            row.handed_to,
            STATES[row.state],
            row.early_start,
            row.early_finish,
            row.due_on,
        )
        found.setdefault(step.place, []).append(step)
    return {place: tuple(steps) for place, steps in found.items()}


def list_players(session: Session) -> Players:
    """Give who plays each role."""
    wanted = (
        select(role_binding.c.traject_id, role_binding.c.role, person.c.id, person.c.name)
        .join(person, person.c.id == role_binding.c.person_id)
        .where(person.c.erased_at.is_(None))
        .order_by(role_binding.c.traject_id, role_binding.c.role, role_binding.c.position, person.c.id)
    )
    found: dict[tuple[int, RoleId], list[tuple[PersonId, str]]] = {}
    for traject_id, role, person_id, name in session.connection().execute(wanted):
        found.setdefault((traject_id, RoleId(role)), []).append((PersonId(person_id), name))
    return {place: tuple(people) for place, people in found.items()}


def players_of(players: Players, traject_id: int, role: RoleId) -> tuple[str, ...]:
    """The names of who plays a role in a traject; bound there, they stand in the place of those of every traject."""
    found = players.get((traject_id, role)) or players.get((EVERY_TRAJECT, role), ())
    return tuple(name for _, name in found)
