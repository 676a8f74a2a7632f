"""What a portfolio needs of all trajects that run: five queries, for one traject and for hundreds.

The database picks the steps that are shown, so that what is read grows with the trajects and not with their steps.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlmodel import Session

from regie.core.ids import AnchorId, OccurrenceKey, PersonId, RoleId, StepId
from regie.core.traject import AnchorDates, CycleState, State
from regie.store.rows import STATES
from regie.store.tables import EVERY_TRAJECT, anchor, cycle, occurrence, person, role_binding, traject

Place = tuple[int, int]
"""Traject id and number of the cycle."""

Seen = Collection[int] | None
"""The ids of the trajects that may be seen; None for all."""

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
    """An open step that is shown of a cycle."""

    key: OccurrenceKey
    responsible: RoleId | None
    waiting_for: RoleId | None
    handed_to: str | None
    state: State
    early_start: date | None
    early_finish: date | None
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Open:
    """The open steps of one cycle: how many, and those that matter.

    Args:
        to_act: what can be acted on and is due first.
        decision: the gate that the plan has first.
        aim: the step that makes the anchor happen that the cycle is for.
    """

    counts: Counts = Counts()
    to_act: StepAtHand | None = None
    decision: StepAtHand | None = None
    aim: StepAtHand | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What to look for in the cycles of one definition: its gates, and the step that its aim hangs on."""

    gates: frozenset[StepId]
    aim: StepId | None


def list_running_cycles(session: Session, seen: Seen = None) -> tuple[RunningCycle, ...]:
    wanted = (
        select(traject.c.id, traject.c.slug, traject.c.title, cycle.c.number, cycle.c.kind, cycle.c.definition_hash)
        .join(cycle, cycle.c.traject_id == traject.c.id)
        .where(cycle.c.state == CycleState.RUNNING.value)
        .order_by(traject.c.title, traject.c.id, cycle.c.number)
    )
    if seen is not None:
        wanted = wanted.where(traject.c.id.in_(sorted(seen)))
    return tuple(RunningCycle(*row) for row in session.connection().execute(wanted))


def _of_running(wanted: Select[Any], table: Any, seen: Seen) -> Select[Any]:
    same = and_(cycle.c.traject_id == table.c.traject_id, cycle.c.number == table.c.cycle)
    found = wanted.select_from(table).join(cycle, same).where(cycle.c.state == CycleState.RUNNING.value)
    return found if seen is None else found.where(table.c.traject_id.in_(sorted(seen)))


def list_anchor_dates(session: Session, seen: Seen = None) -> Mapping[Place, Mapping[AnchorId, AnchorDates]]:
    """Give the anchors of every cycle that runs."""
    found: dict[Place, dict[AnchorId, AnchorDates]] = {}
    columns = (anchor.c.traject_id, anchor.c.cycle, anchor.c.anchor, anchor.c.target, anchor.c.actual)
    wanted = _of_running(select(*columns), anchor, seen)
    for traject_id, number, name, target, actual in session.connection().execute(wanted):
        found.setdefault((traject_id, number), {})[AnchorId(name)] = AnchorDates(target, actual)
    return found


def look_at_open(session: Session, today: date, asked: Mapping[str, Asked], seen: Seen = None) -> Mapping[Place, Open]:
    """Count the open steps of every cycle that runs, and give those that matter, at most three a cycle.

    One walk along the open steps counts them and picks; the second query reads only what was picked.

    Args:
        asked: per content hash of a definition.
    """
    due, finish, state = occurrence.c.due_on, occurrence.c.early_finish, occurrence.c.state
    gates = {each: look.gates for each, look in asked.items()}
    aims = {each: frozenset({look.aim} - {None}) for each, look in asked.items()}
    wanted = _of_running(
        select(
            occurrence.c.traject_id,
            occurrence.c.cycle,
            func.count(),
            _times(due < today),
            _times(state.in_(_WAITING)),
            _times(finish > due),
            _times(finish > occurrence.c.legal_on),
            _first(state != State.NOT_YET.value, func.coalesce(due, finish, date.max)),
            _first(and_(_is_step_of(gates), finish.is_not(None)), finish),
            _first(_is_step_of(aims), func.coalesce(finish, date.max)),
        ),
        occurrence,
        seen,
    )
    wanted = wanted.where(occurrence.c.is_open.is_(True)).group_by(occurrence.c.traject_id, occurrence.c.cycle)
    rows = session.connection().execute(wanted).all()
    picked = {(row[0], row[1]): [_id_in(each) for each in row[7:]] for row in rows}
    steps = _read_steps(session, [each for ids in picked.values() for each in ids if each is not None])
    return {
        (row[0], row[1]): Open(
            Counts(*map(int, row[2:7])), *(steps.get(each) if each else None for each in picked[row[0], row[1]])
        )
        for row in rows
    }


def _times(condition: Any) -> Any:
    return func.coalesce(func.sum(cast(condition, Integer)), 0)


_PADDING = 10**15
"""Added to an id, so that ids of any length sort as text."""


def _first(condition: Any, day: Any) -> Any:
    """Of the rows for which something holds the one with the first day, as text that ends with its id."""
    name = cast(day, Text) + " " + cast(occurrence.c.id + literal(_PADDING, BigInteger), Text)
    return func.min(case((condition, name)))


def _id_in(text: str | None) -> int | None:
    return int(text.split(" ")[1]) - _PADDING if text else None


def _is_step_of(steps: Mapping[str, Collection[StepId | None]]) -> Any:
    """Whether an occurrence is of one of some steps, by the definition of its cycle."""
    each_of = (
        and_(occurrence.c.step.in_(sorted(filter(None, names))), cycle.c.definition_hash == each)
        for each, names in steps.items()
        if names
    )
    return or_(false(), *each_of)


def _read_steps(session: Session, ids: Collection[int]) -> Mapping[int, StepAtHand]:
    columns = ("id", "step", "key", "responsible", "waiting_for", "state", "early_start", "early_finish", "due_on")
    # numbers of our own, put in the text: a driver has a limit to what it binds
    chosen: Any = bindparam("ids", sorted(set(ids)), expanding=True, literal_execute=True)
    has_it = and_(person.c.id == occurrence.c.assigned_to, person.c.erased_at.is_(None))
    wanted = (
        select(person.c.name, *(occurrence.c[each] for each in columns))
        .select_from(occurrence)
        .outerjoin(person, has_it)
        .where(occurrence.c.id.in_(chosen))
    )
    return {
        own_id: StepAtHand(
            OccurrenceKey(StepId(step), key),
            RoleId(responsible) if responsible else None,
            RoleId(waiting_for) if waiting_for else None,
            handed_to,
            STATES[state],
            *dates,
        )
        for handed_to, own_id, step, key, responsible, waiting_for, state, *dates in session.connection().execute(
            wanted
        )
    }


def list_players(
    session: Session, roles: Collection[RoleId] | None = None, traject_ids: Collection[int] | None = None
) -> Players:
    """Give who plays each role.

    Args:
        roles: these only.
        traject_ids: those bound in these only, besides those of every traject.
    """
    wanted = (
        select(role_binding.c.traject_id, role_binding.c.role, person.c.id, person.c.name)
        .join(person, person.c.id == role_binding.c.person_id)
        .where(person.c.erased_at.is_(None))
        .order_by(role_binding.c.traject_id, role_binding.c.role, role_binding.c.position, person.c.id)
    )
    if roles is not None:
        wanted = wanted.where(role_binding.c.role.in_(sorted(roles)))
    if traject_ids is not None:
        wanted = wanted.where(role_binding.c.traject_id.in_(sorted({EVERY_TRAJECT, *traject_ids})))
    found: dict[tuple[int, RoleId], list[tuple[PersonId, str]]] = {}
    for traject_id, role, person_id, name in session.connection().execute(wanted):
        found.setdefault((traject_id, RoleId(role)), []).append((PersonId(person_id), name))
    return {place: tuple(people) for place, people in found.items()}


def players_of(players: Players, traject_id: int, role: RoleId) -> tuple[str, ...]:
    """The names of who plays a role in a traject; bound there, they stand in the place of those of every traject."""
    found = players.get((traject_id, role)) or players.get((EVERY_TRAJECT, role), ())
    return tuple(name for _, name in found)
