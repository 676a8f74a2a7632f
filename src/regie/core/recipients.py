"""Who hears a line, and in which message: the people of a role, their deputies and rhythms, one message a person.

Does not know what is true today, nor why something is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from regie.core.acting import players
from regie.core.definition import ALL_PARTNERS, HearsWhen, Kind
from regie.core.events import Event, PutForDecision
from regie.core.ids import PersonId, RoleId
from regie.core.lines import FROM_SOON, REMINDERS, TALK, Line, Message, Urgency, Wish
from regie.core.told import THREAT
from regie.core.traject import Cycle, Person, Traject

_DEEDS = (Kind.DONE, Kind.DATE_MOVED, Kind.DECISION_TAKEN, Kind.HANDED_OVER, Kind.ENDED, *TALK)
"""Kinds that tell what somebody did, and that somebody need not hear."""

ASKS_THE_ROLE = (Kind.READY, *REMINDERS, Kind.DECISION_NEEDED)
"""Kinds that ask the role to do something; once it said that a step is not theirs the lead hears them."""

_PASSING = (Kind.DUE_SOON, Kind.DECISION_NEEDED, Kind.DUE)
"""Kinds that are no longer true once their date is there."""

_FROM_OFTEN = tuple(HearsWhen)
"""The rhythms, the most frequent first."""


def address(
    wish: Wish, traject: Traject, cycle: Cycle, today: date, event: Event
) -> Iterator[tuple[Line, Person, HearsWhen]]:
    """Give each person who must hear a line, once, by the first part that they have in it."""
    own_deed = wish.line.kind in _DEEDS or (isinstance(event, PutForDecision) and event.key == wish.line.key)
    heard: set[PersonId] = set()
    for person in filter(None, map(traject.person, wish.people)):
        reader, deputy_for = present(person, traject.person, today)
        if reader.id not in heard and not (own_deed and reader.id == event.by):
            heard.add(reader.id)
            yield replace(wish.line, deputy_for=deputy_for), reader, HearsWhen.AT_ONCE
    for part, role in _roles(wish, cycle):
        declared = cycle.definition.roles.get(role)
        if declared is None or declared.is_group:
            continue
        people = _people(wish, part, role, traject, cycle)
        lead = cycle.definition.policy.lead
        missing = not people and lead is not None
        if missing and lead is not None:
            people = traject.people.get(lead, ())
        for person in people:
            reader, deputy_for = present(person, traject.person, today)
            if reader.id in heard or (own_deed and reader.id == event.by):
                continue
            heard.add(reader.id)
            line = wish.line
            if (line.role, line.part) != (role, part) or missing or deputy_for:
                line = replace(line, role=role, part=part, for_role_without_people=missing, deputy_for=deputy_for)
            yield line, reader, _rhythm(wish, reader.hears or declared.hears)


def _rhythm(wish: Wish, asked: HearsWhen) -> HearsWhen:
    """The rhythm of a reader; what is only true until its date does not wait a week or more for a digest."""
    if wish.line.kind in TALK:
        return HearsWhen.AT_ONCE
    passes = wish.line.kind in _PASSING or bool(wish.also)
    return HearsWhen.DAILY if passes and asked in (HearsWhen.WEEKLY, HearsWhen.BIWEEKLY) else asked


def present(person: Person, find: Callable[[PersonId], Person | None], today: date) -> tuple[Person, PersonId | None]:
    """Give the person, or during absence the deputy, or theirs; the last who has no deputy gets it anyway.

    Args:
        find: gives somebody who is known in the traject, such as ``traject.person``.
    """
    reader, asked = person, {person.id}
    while reader.is_away(today) and reader.deputy is not None and reader.deputy not in asked:
        asked.add(reader.deputy)
        reader = find(reader.deputy) or Person(reader.deputy, reader.language, reader.hears)
    return reader, person.id if reader is not person else None


def _roles(wish: Wish, cycle: Cycle) -> Iterator[tuple[str, RoleId]]:
    step = cycle.definition.steps.get(wish.line.key.step)
    lead = cycle.definition.policy.lead
    for part in wish.to:
        match part:
            case "responsible" if step is not None and _is_declined(wish, cycle):
                named: Sequence[RoleId | None] = (lead, _asked_partner(wish, cycle))
            case "responsible" if step is not None:
                named = (step.responsible, _asked_partner(wish, cycle))
            case "accountable" if step is not None:
                named = (step.accountable,)
            case "consulted" if step is not None:
                named = step.consulted
            case "informed" if step is not None:
                named = step.informed
            case "lead":
                named = (lead,)
            case _:
                named = (RoleId(part),)
        for role in named:
            if role == ALL_PARTNERS:
                yield from ((part, each) for each in sorted(_all_roles(cycle)))
            elif role is not None:
                yield part, role


def _people(wish: Wish, part: str, role: RoleId, traject: Traject, cycle: Cycle) -> tuple[Person, ...]:
    """The people of a role; of who must do the step, or is asked by name of the role, who has it in their place."""
    occurrence = cycle.occurrences.get(wish.line.key)
    if occurrence is None or part not in ("responsible", role) or _is_declined(wish, cycle):
        return traject.people.get(role, ())
    return players(cycle.definition.steps[occurrence.step], occurrence, role, traject.people, traject.person)


def _is_declined(wish: Wish, cycle: Cycle) -> bool:
    """Whether the lead hears it in place of the role, which said that the step is not theirs."""
    occurrence = cycle.occurrences.get(wish.line.key)
    if occurrence is None or not occurrence.declined or cycle.definition.policy.lead is None:
        return False
    return wish.line.kind in ASKS_THE_ROLE


def _asked_partner(wish: Wish, cycle: Cycle) -> RoleId | None:
    """The role whose turn it is: of a date that comes or has passed it hears as if it were its own step."""
    occurrence = cycle.occurrences.get(wish.line.key)
    return occurrence.waiting_for if occurrence is not None and wish.line.kind in REMINDERS else None


def merge_lines(found: Sequence[tuple[Line, Person, HearsWhen]], cycle: Cycle) -> Message:
    """One message: when something in it can not wait the rest goes with it, else it keeps the person's own rhythm."""
    person = found[0][1]
    lines = _strongest([line for line, _, _ in found])
    is_urgent_now = any(is_urgent(line, cycle) for line in lines)
    soonest = min((rhythm for _, _, rhythm in found), key=_FROM_OFTEN.index)
    if is_urgent_now or soonest is HearsWhen.AT_ONCE:
        return Message(person.id, lines, Urgency.AT_ONCE if is_urgent_now else Urgency.OFFICE_HOURS)
    return Message(person.id, lines, Urgency.DIGEST, soonest)


def _strongest(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Leave out what a stronger line about the same step says too, the most urgent first."""
    escalated = {line.key for line in lines if line.kind is Kind.ESCALATED and line.rung != THREAT}
    reached = {line.key for line in lines if line.kind in (Kind.DUE, Kind.OVERDUE)}
    weaker = {Kind.OVERDUE: escalated, Kind.DUE: escalated, Kind.READY: reached}
    return tuple(line for line in lines if line.key not in weaker.get(line.kind, ()))


def merge_messages(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Make one of the messages that cycles which run at once have for the same person."""
    merged: dict[PersonId, Message] = {}
    for new in messages:
        old = merged.get(new.to, new)
        merged[new.to] = Message(
            new.to,
            new.lines if old is new else (*old.lines, *new.lines),
            min(old.urgency, new.urgency, key=FROM_SOON.index),
            min(old.rhythm, new.rhythm, key=_FROM_OFTEN.index),
        )
    return tuple(merged.values())


def is_urgent(line: Line, cycle: Cycle) -> bool:
    """Whether a line cannot wait: a gate date hit, an escalation, a statutory term that is near or broken."""
    step = cycle.definition.steps.get(line.key.step)
    if line.kind is Kind.ESCALATED:
        return True
    reached = line.kind in (Kind.DUE, Kind.OVERDUE)
    has_term = step is not None and bool(step.terms) and line.legal_on is not None
    return step is not None and (
        (step.gate is not None and reached) or (has_term and (reached or line.kind is Kind.DUE_SOON))
    )


def _all_roles(cycle: Cycle) -> set[RoleId]:
    named: set[RoleId] = set()
    for step in cycle.definition.steps.values():
        named.update(role for role in (step.responsible, step.accountable) if role)
    return named
