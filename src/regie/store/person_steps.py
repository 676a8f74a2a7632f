"""The steps of people over all their trajects, with what stands around them; as many queries for one as for hundreds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, exists, false, or_, select, union_all
from sqlmodel import Session

from regie.core.ids import AnchorId, OccurrenceKey, PersonId, RoleId, StepId
from regie.core.traject import AnchorDates, CycleState, State
from regie.errors import NotFound
from regie.store.rows import STATES
from regie.store.tables import (
    EVERY_TRAJECT,
    absence,
    anchor,
    cycle,
    occurrence,
    organisation,
    person,
    role_binding,
    traject,
)

Place = tuple[int, int]
"""Traject id and number of the cycle."""


@dataclass(frozen=True, slots=True)
class Group:
    """A person and those of the same organisation; ``names`` holds all of them by id, the person first.

    Args:
        stands_in_for: who is away and has the person as deputy; ``names`` holds them too.
        elsewhere: who of those is of another organisation: no colleague, so seen for as long as that lasts only.
    """

    id: PersonId
    name: str
    language: str
    organisation: str
    names: Mapping[PersonId, str]
    stands_in_for: frozenset[PersonId] = frozenset()
    elsewhere: frozenset[PersonId] = frozenset()


@dataclass(frozen=True, slots=True)
class PersonStep:
    """An occurrence in which somebody plays the role that must act, or must answer; or that was handed over to them.

    Args:
        planned_on: the day on which the plan has it finished.
        people: who of those asked about play that role, or the one that is waited for.
        roles: which of the two that is.
        is_with_lead: they proposed a date, asked something or said that it is not theirs, and nobody answered yet.
    """

    traject_id: int
    traject: str
    traject_title: str
    cycle: int
    definition_hash: str
    key: OccurrenceKey
    responsible: RoleId | None
    waiting_for: RoleId | None
    state: State
    started_on: date | None
    finished_on: date | None
    planned_on: date | None
    due_on: date | None
    promised_on: date | None
    legal_on: date | None
    people: frozenset[PersonId]
    roles: frozenset[RoleId]
    proposed_on: date | None = None
    is_with_lead: bool = False

    @property
    def place(self) -> Place:
        return self.traject_id, self.cycle


@dataclass(frozen=True, slots=True)
class Around:
    """What else stands in a cycle: the open occurrences of the steps that were asked for, and the anchors."""

    open: Mapping[StepId, Sequence[OccurrenceKey]]
    anchors: Mapping[AnchorId, AnchorDates]


def get_group(session: Session, person_id: PersonId, *, colleagues: bool = True, today: date | None = None) -> Group:
    """Give a person with, when asked, the others of the organisation, and for whom they stand in.

    Args:
        today: on which it counts who is away; without it nobody is.

    Raises:
        NotFound: ``unknown-person``, also when somebody was erased.
    """
    is_away = (
        exists().where(absence.c.person_id == person.c.id, absence.c.begins_on <= today, absence.c.ends_on >= today)
        if today is not None
        else false()
    )
    stands_in = and_(person.c.deputy_id == person_id, is_away)
    own = select(person.c.organisation_id).where(person.c.id == person_id).scalar_subquery()
    wanted = (
        select(
            person.c.id,
            person.c.name,
            person.c.language,
            organisation.c.name.label("organisation"),
            stands_in.label("stands_in"),
            or_(person.c.id == person_id, person.c.organisation_id == own).label("is_near"),
        )
        .outerjoin(organisation, organisation.c.id == person.c.organisation_id)
        .where(person.c.erased_at.is_(None))
        .where(
            or_(person.c.id == person_id, person.c.organisation_id == own, stands_in)
            if colleagues
            else person.c.id == person_id
        )
        .order_by(person.c.name, person.c.id)
    )
    rows = session.connection().execute(wanted).all()
    mine = next((row for row in rows if row.id == person_id), None)
    if mine is None:
        raise NotFound(f"no person '{person_id}'", code="unknown-person", person=person_id)
    names = {PersonId(row.id): row.name for row in (mine, *(row for row in rows if row is not mine))}
    away = frozenset(PersonId(row.id) for row in rows if row.stands_in)
    elsewhere = frozenset(PersonId(row.id) for row in rows if row.stands_in and not row.is_near)
    return Group(person_id, mine.name, mine.language, mine.organisation or "", names, away, elsewhere)


def list_person_steps(session: Session, people: Sequence[PersonId], done_since: date) -> tuple[PersonStep, ...]:
    """Give what people must do in cycles that run, and what was finished on or after a day, in order of the due date.

    Somebody bound to a role in a traject itself stands in the place of those who play it everywhere, and who got a
    step from a colleague in the place of those of its role.
    """
    theirs = select(role_binding.c.role).where(role_binding.c.person_id.in_(people))
    own = role_binding.alias("own")
    in_place_of_everyone = exists().where(
        own.c.traject_id == occurrence.c.traject_id, own.c.role == role_binding.c.role
    )
    is_handed_over = exists().where(person.c.id == occurrence.c.assigned_to, person.c.erased_at.is_(None))
    plays = and_(
        or_(
            and_(role_binding.c.role == occurrence.c.responsible, ~is_handed_over),
            and_(
                role_binding.c.role == occurrence.c.waiting_for,
                or_(occurrence.c.responsible.is_(None), occurrence.c.responsible != occurrence.c.waiting_for),
            ),
        ),
        or_(
            role_binding.c.traject_id == occurrence.c.traject_id,
            and_(role_binding.c.traject_id == EVERY_TRAJECT, ~in_place_of_everyone),
        ),
    )
    of_cycle = and_(cycle.c.traject_id == occurrence.c.traject_id, cycle.c.number == occurrence.c.cycle)
    in_view = and_(
        cycle.c.state == CycleState.RUNNING.value,
        or_(
            occurrence.c.is_open.is_(True),
            and_(occurrence.c.state == State.DONE.value, occurrence.c.finished_on >= done_since),
        ),
    )

    def steps_with(person_column: Any, role_column: Any) -> Any:
        return select(
            occurrence.c.id.label("number"),
            occurrence.c.traject_id,
            traject.c.slug,
            traject.c.title,
            occurrence.c.cycle,
            cycle.c.definition_hash,
            occurrence.c.step,
            occurrence.c.key,
            occurrence.c.responsible,
            occurrence.c.waiting_for,
            occurrence.c.state,
            occurrence.c.started_on,
            occurrence.c.finished_on,
            occurrence.c.early_finish,
            occurrence.c.due_on,
            occurrence.c.promised_on,
            occurrence.c.legal_on,
            occurrence.c.proposed_on,
            or_(
                occurrence.c.proposed_on.is_not(None), occurrence.c.declined.is_(True), occurrence.c.askers.is_not(None)
            ).label("is_with_lead"),
            person_column.label("person_id"),
            role_column.label("role"),
        ).select_from(occurrence)

    by_role = (
        steps_with(role_binding.c.person_id, role_binding.c.role)
        .join(role_binding, plays)
        .join(cycle, of_cycle)
        .join(traject, traject.c.id == occurrence.c.traject_id)
        .where(
            role_binding.c.person_id.in_(people),
            # says nothing new, but keeps a database from joining every step there is with every person
            or_(occurrence.c.responsible.in_(theirs), occurrence.c.waiting_for.in_(theirs)),
            in_view,
        )
    )
    by_name = (
        steps_with(occurrence.c.assigned_to, occurrence.c.responsible)
        .join(cycle, of_cycle)
        .join(traject, traject.c.id == occurrence.c.traject_id)
        .where(occurrence.c.assigned_to.in_(people), occurrence.c.responsible.is_not(None), is_handed_over, in_view)
    )
    wanted = union_all(by_role, by_name).order_by("due_on", "slug", "cycle", "number")
    rows = session.connection().execute(wanted).all()
    playing: dict[int, tuple[set[PersonId], set[RoleId]]] = {}
    for row in rows:
        names, roles = playing.setdefault(row.number, (set(), set()))
        names.add(PersonId(row.person_id))
        roles.add(RoleId(row.role))
    found: dict[int, PersonStep] = {}
    for row in rows:
        if row.number in found:
            continue
        names, roles = playing[row.number]
        found[row.number] = PersonStep(
            row.traject_id,
            row.slug,
            row.title,
            row.cycle,
            row.definition_hash,
            OccurrenceKey(StepId(row.step), row.key),
            RoleId(row.responsible) if row.responsible else None,
            RoleId(row.waiting_for) if row.waiting_for else None,
            STATES[row.state],
            row.started_on,
            row.finished_on,
            row.early_finish,
            row.due_on,
            row.promised_on,
            row.legal_on,
            frozenset(names),
            frozenset(roles),
            row.proposed_on,
            bool(row.is_with_lead),
        )
    return tuple(found.values())


def load_around(session: Session, trajects: Sequence[int], steps: Sequence[StepId]) -> Mapping[Place, Around]:
    """Give per cycle of some trajects which of some steps are open, and the anchors: two queries, however many."""
    connection = session.connection()
    open_: dict[Place, dict[StepId, list[OccurrenceKey]]] = {}
    wanted = (
        select(occurrence.c.traject_id, occurrence.c.cycle, occurrence.c.step, occurrence.c.key)
        .where(occurrence.c.traject_id.in_(trajects), occurrence.c.is_open.is_(True), occurrence.c.step.in_(steps))
        .order_by(occurrence.c.id)
    )
    for traject_id, number, step, key in connection.execute(wanted):
        found = open_.setdefault((traject_id, number), {})
        found.setdefault(StepId(step), []).append(OccurrenceKey(StepId(step), key))
    anchors: dict[Place, dict[AnchorId, AnchorDates]] = {}
    for row in connection.execute(select(anchor).where(anchor.c.traject_id.in_(trajects))):
        dates = anchors.setdefault((row.traject_id, row.cycle), {})
        dates[AnchorId(row.anchor)] = AnchorDates(row.target, row.actual)
    return {place: Around(open_.get(place, {}), anchors.get(place, {})) for place in {**open_, **anchors}}


def list_handed_to(session: Session, person_id: PersonId) -> tuple[tuple[int, int, OccurrenceKey], ...]:
    """Give the open steps in running cycles that were handed to somebody: traject, cycle and step."""
    wanted = (
        select(occurrence.c.traject_id, occurrence.c.cycle, occurrence.c.step, occurrence.c.key)
        .join(cycle, (cycle.c.traject_id == occurrence.c.traject_id) & (cycle.c.number == occurrence.c.cycle))
        .where(
            occurrence.c.assigned_to == person_id,
            occurrence.c.is_open.is_(True),
            cycle.c.state == CycleState.RUNNING.value,
        )
        .order_by(occurrence.c.traject_id, occurrence.c.cycle, occurrence.c.step, occurrence.c.key)
    )
    found = session.connection().execute(wanted)
    return tuple((traject_id, number, OccurrenceKey(StepId(step), key)) for traject_id, number, step, key in found)
