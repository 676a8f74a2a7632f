"""Who hears what: (before, after, policy, today) -> messages, merged per person.

Reminders are read off the state of today, not off the sweeps that were missed: after an outage a step has
one current line, and never one that is no longer true. What was told is a fact of the occurrence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from regie.core.checks import find_threats
from regie.core.definition import ALL_PARTNERS, HearsWhen, Kind, NoticePolicy, Step
from regie.core.events import (
    CycleClosed,
    CycleStarted,
    Event,
    PutForDecision,
    StepEvent,
    StepWaived,
    StepWithdrawn,
    Tick,
)
from regie.core.ids import OccurrenceKey, PersonId, RoleId, StepId
from regie.core.plan import Plan
from regie.core.span import Span, shift
from regie.core.told import ASKED_ON, ROUND, THREAT
from regie.core.traject import Cycle, CycleState, Occurrence, Person, State, Traject

WHOLE_CYCLE = OccurrenceKey(StepId(""), "")
"""Stands for the cycle itself, in a line that is about no single step."""

MOST_NEIGHBOURS = 6
"""As many of the steps around it does a line show; when there are more, it holds one more."""

_REMINDERS = (Kind.DUE_SOON, Kind.DUE, Kind.OVERDUE)
_DEEDS = (Kind.DONE, Kind.DATE_MOVED, Kind.DECISION_TAKEN, Kind.HANDED_OVER, Kind.ENDED)
"""Kinds that tell what somebody did, and that somebody need not hear."""

_PASSING = (Kind.DUE_SOON, Kind.DECISION_NEEDED, Kind.DUE)
"""Kinds that are no longer true once their date is there."""

_FROM_OFTEN = tuple(HearsWhen)
"""The rhythms, the most frequent first."""


class Urgency(StrEnum):
    """When a message leaves: now, in office hours, or with the next digest."""

    AT_ONCE = "at once"
    OFFICE_HOURS = "office hours"
    DIGEST = "digest"


_FROM_SOON = tuple(Urgency)
"""The urgencies, the soonest first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that one person must hear about one occurrence.

    Args:
        part: why this person: ``responsible``, ``accountable``, ``consulted``, ``informed``, ``lead``.
        old_on: the date that was told or planned before; ``due_on`` the one that counts now.
        cause: the step (or ``anchor:<id>``) that moved the date.
        for_role_without_people: the role has nobody, so the project lead hears it.
        deputy_for: the person who is away.
        rung: of the ladder of silence, from 1.
        happening: tells it from an earlier time with the same date: of what is so the round, of what somebody did
            its place in the record.
    """

    kind: Kind
    cycle: int
    key: OccurrenceKey
    role: RoleId
    part: str
    due_on: date | None = None
    legal_on: date | None = None
    old_on: date | None = None
    cause: str = ""
    outcome: str = ""
    working_days: int = 0
    rung: int = 0
    happening: str = ""
    waits_for: tuple[OccurrenceKey, ...] = ()
    waited_by: tuple[OccurrenceKey, ...] = ()
    is_confidential: bool = False
    for_role_without_people: bool = False
    deputy_for: PersonId | None = None

    @property
    def told_as(self) -> str:
        """Under which name it is remembered that this was told; a target and a legal date are two things."""
        if self.rung == THREAT and self.cause:
            return f"{self.kind}-{self.rung} {self.cause}"
        return f"{self.kind}-{self.rung}" if self.rung else self.kind.value


@dataclass(frozen=True, slots=True)
class Message:
    """All that one event gives one person to hear."""

    to: PersonId
    lines: tuple[Line, ...]
    urgency: Urgency
    rhythm: HearsWhen = HearsWhen.AT_ONCE


@dataclass(frozen=True, slots=True)
class _Wish:
    """A line before it is known who hears it.

    Args:
        also: what is told with it, and need not be told again.
        asked_on: the day, when it is the first that anybody hears of it.
    """

    line: Line
    to: tuple[str, ...]
    also: tuple[str, ...] = ()
    asked_on: date | None = None


def decide_messages(
    traject: Traject, before: Cycle | None, after: Cycle, plan: Plan, event: Event, today: date
) -> tuple[tuple[Message, ...], Mapping[OccurrenceKey, Mapping[str, str]]]:
    """Decide who hears what about one cycle after one event.

    Returns:
        The messages, and per occurrence what has now been told (to add to its ``told``).
    """
    happening = str(traject.version + 1)
    deeds = _about_event(before, after, plan, event)
    wishes = [replace(each, line=replace(each.line, happening=happening)) for each in deeds]
    wishes += _about_today(after, plan, today)
    told: dict[OccurrenceKey, dict[str, str]] = {}
    for wish in wishes:
        stamps = told.setdefault(wish.line.key, {})
        stamps.update(dict.fromkeys((wish.line.told_as, *wish.also), _stamp(wish.line)))
        if wish.asked_on is not None:
            stamps[ASKED_ON] = wish.asked_on.isoformat()
    told.pop(WHOLE_CYCLE, None)
    lines: dict[PersonId, list[tuple[Line, Person, HearsWhen]]] = {}
    for wish in wishes:
        for line, person, rhythm in _address(wish, traject, after, today, event):
            lines.setdefault(person.id, []).append((line, person, rhythm))
    return tuple(_merge(person_lines, after) for person_lines in lines.values()), told


def _stamp(line: Line) -> str:
    return line.due_on.isoformat() if line.due_on else "none"


# --- what is to be told -------------------------------------------------------------------------------


def _about_event(before: Cycle | None, after: Cycle, plan: Plan, event: Event) -> Iterator[_Wish]:
    policy = after.definition.policy.to
    if isinstance(event, CycleStarted) and before is None:
        roles = {step.responsible for step in _steps_in(after) if step.responsible}
        line = Line(Kind.CYCLE_STARTED, after.number, WHOLE_CYCLE, RoleId(""), "responsible")
        yield _Wish(line, tuple(sorted(roles)) if Kind.CYCLE_STARTED in policy else ())
        return
    if before is None:
        return
    if isinstance(event, CycleClosed):
        line = Line(Kind.ENDED, after.number, WHOLE_CYCLE, RoleId(""), "responsible")
        yield _Wish(line, (*sorted(_roles_that_lose_work(before, after)), "lead"))
        return
    for key, occurrence in after.occurrences.items():
        old = before.occurrences.get(key)
        if old is None or old is occurrence:
            continue
        step = after.definition.steps[key.step]
        if (
            step.gate
            and occurrence.outcome
            and (occurrence.outcome, occurrence.finished_on, occurrence.held_until)
            != (
                old.outcome,
                old.finished_on,
                old.held_until,
            )
        ):
            decided_on = occurrence.finished_on or occurrence.held_until
            line = _line(Kind.DECISION_TAKEN, after, plan, occurrence, outcome=occurrence.outcome, due_on=decided_on)
            yield _Wish(line, (*policy.get(Kind.DECISION_TAKEN, ()), *sorted(_roles_that_lose_work(before, after))))
        elif occurrence.state is State.DONE and old.state is not State.DONE and occurrence.kept_from is None:
            yield _Wish(_line(Kind.DONE, after, plan, occurrence), policy.get(Kind.DONE, ()))
        elif isinstance(event, Tick):
            continue
        elif isinstance(event, StepWaived | StepWithdrawn) and old.state.is_open and occurrence.is_out:
            doers = dict.fromkeys(role for role in (step.responsible, old.waiting_for) if role)
            yield _Wish(_line(Kind.ENDED, after, plan, occurrence), tuple(doers))
        elif (turn := _turn(old, occurrence, step)) is not None:
            kind, to = turn
            if policy.get(kind):
                yield _Wish(_line(kind, after, plan, occurrence), to or policy[kind])
        elif moved := _moved(old, occurrence, after, plan, event):
            yield _Wish(moved, policy.get(Kind.DATE_MOVED, ()))


def _turn(old: Occurrence, new: Occurrence, step: Step) -> tuple[Kind, tuple[str, ...]] | None:
    """Whose turn it is when a person just gave it away, and who hears it; by the policy when nobody is named."""
    if new.state is State.WAITING_FOR_PARTNER and new.waiting_for is not None and new.waiting_for != old.waiting_for:
        return Kind.HANDED_OVER, (new.waiting_for,)
    if new.state is State.IN_PROGRESS and old.state is State.WAITING_FOR_PARTNER:
        return Kind.HANDED_OVER, ("responsible",)
    if new.state is State.FOR_DECISION and old.state is not State.FOR_DECISION:
        return Kind.DECISION_NEEDED, ()
    return None


def _moved(old: Occurrence, new: Occurrence, cycle: Cycle, plan: Plan, event: Event) -> Line | None:
    """The date that was asked, or when nothing was asked the planned end, is another one now."""
    if not (old.state.is_open and new.state.is_open and old.planned and new.planned):
        return None
    was, is_now = (
        (old.planned.due_on, new.planned.due_on)
        if old.planned.due_on and new.planned.due_on
        else (old.planned.early_finish, new.planned.early_finish)
    )
    days = abs(cycle.definition.calendar.working_days_between(was, is_now))
    if was == is_now or days < cycle.definition.policy.moved_at_least.amount:
        return None
    cause = (
        str(event.key)
        if isinstance(event, StepEvent)
        else f"anchor:{anchor}"
        if (anchor := getattr(event, "anchor", ""))
        else ""
    )
    return _line(Kind.DATE_MOVED, cycle, plan, new, old_on=was, due_on=is_now, cause=cause, working_days=days)


def _about_today(cycle: Cycle, plan: Plan, today: date) -> Iterator[_Wish]:
    if cycle.state is not CycleState.RUNNING:
        return
    policy = cycle.definition.policy
    for occurrence in cycle.occurrences.values():
        if not occurrence.state.is_open:
            continue
        if (hit := _gate_date_hit(cycle, occurrence, today)) is not None:
            yield _Wish(_line(hit, cycle, plan, occurrence, happening=occurrence.told.get(ROUND, "")), ("lead",))
        for kind, rung, to in _current(cycle, occurrence, today):
            also: tuple[str, ...] = ()
            if kind in _REMINDERS and _is_new_to_all(occurrence, policy):
                # who never heard of it is first told that it can start; that message names the date too
                kind, also, to = Kind.READY, (kind.value,), policy.to[Kind.READY]
            line = _line(kind, cycle, plan, occurrence, rung=rung, happening=occurrence.told.get(ROUND, ""))
            if occurrence.told.get(line.told_as) != _stamp(line) and not (
                kind is Kind.READY and line.told_as in occurrence.told
            ):
                yield _Wish(line, to, also, asked_on=today if kind is Kind.READY else None)
    if policy.lead is not None:
        yield from _threats(cycle, plan)


def _gate_date_hit(cycle: Cycle, occurrence: Occurrence, today: date) -> Kind | None:
    """What the lead hears, once, as soon as the date of a gate is there and nothing is decided."""
    due_on = occurrence.planned.due_on if occurrence.planned else None
    if cycle.definition.steps[occurrence.step].gate is None or cycle.definition.policy.lead is None:
        return None
    if due_on is None or today < due_on or occurrence.state is State.NOT_YET:
        return None
    told = (occurrence.told.get(Kind.DUE.value), occurrence.told.get(Kind.OVERDUE.value))
    return None if due_on.isoformat() in told else (Kind.DUE if today == due_on else Kind.OVERDUE)


def _is_new_to_all(occurrence: Occurrence, policy: NoticePolicy) -> bool:
    """Whether it can start, and whoever is told such things has not heard so yet."""
    return (
        occurrence.state is State.READY and Kind.READY.value not in occurrence.told and bool(policy.to.get(Kind.READY))
    )


def silent_from(occurrence: Occurrence, due_on: date) -> date:
    """From when on silence counts: the due date, or when it could only start after that, the day it was asked."""
    asked_on = occurrence.told.get(ASKED_ON, "")
    return max(due_on, date.fromisoformat(asked_on)) if asked_on else due_on


def _current(cycle: Cycle, occurrence: Occurrence, today: date) -> Iterator[tuple[Kind, int, tuple[str, ...]]]:
    """What is true of an occurrence today, the latest stage only: kind, rung, and the parts who hear it."""
    definition = cycle.definition
    policy = definition.policy
    step = definition.steps[occurrence.step]
    due_on = occurrence.planned.due_on if occurrence.planned else None
    if occurrence.state is State.NOT_YET:
        # whoever waits for somebody else is left alone; the lead hears that it hangs
        if due_on is not None and today > due_on and policy.lead is not None:
            yield Kind.OVERDUE, 0, ("lead",)
        return
    if due_on is None or today < due_on:
        kind = _before_due(cycle, step, due_on, today)
        if kind is not None and Kind(kind) in policy.to:
            yield kind, 0, policy.to[kind]
        elif occurrence.state is State.READY and Kind.READY in policy.to:
            yield Kind.READY, 0, policy.to[Kind.READY]
        return
    stage = Kind.DUE if today == due_on else Kind.OVERDUE
    if stage in policy.to:
        yield stage, 0, policy.to[stage]
    if _is_new_to_all(occurrence, policy):
        return  # it is asked today: nobody has been silent yet
    since = silent_from(occurrence, due_on)
    for number, rung in reversed(tuple(enumerate(policy.ladder, start=1))):
        if today >= move(since, rung.after, cycle):
            yield Kind.ESCALATED, number, rung.to
            break


def _before_due(cycle: Cycle, step: Step, due_on: date | None, today: date) -> Kind | None:
    if due_on is None:
        return None
    reminders = reminders_of(cycle, step)
    reached = [span for span in reminders if today >= move(due_on, -span, cycle)]
    if not reached:
        return None
    if step.gate is not None and len(reached) < len(reminders):
        return Kind.DECISION_NEEDED
    return Kind.DECISION_NEEDED if step.gate is not None and len(reminders) == 1 else Kind.DUE_SOON


def reminders_of(cycle: Cycle, step: Step) -> tuple[Span, ...]:
    """How long before its due date a step is reminded of, longest first: by its role, else by the policy.

    A step that is no gate has one reminder: the longest.
    """
    role = cycle.definition.roles.get(step.responsible) if step.responsible else None
    spans = role.reminded if role and role.reminded else cycle.definition.policy.remind
    return spans if step.gate is not None else spans[:1]


def move(day: date, span: Span, cycle: Cycle) -> date:
    """Move a date by a span on the cycle's own calendar."""
    return cycle.definition.calendar.add_working_days(day, span.amount) if span.in_working_days else shift(day, span)


def _threats(cycle: Cycle, plan: Plan) -> Iterator[_Wish]:
    """An anchor or a legal date that cannot hold any more is told to the lead, once per date.

    A legal date that counts from what has still to happen creeps along with it: it is told once, and again when
    the term runs.
    """
    for finding in find_threats(plan):
        if finding.key is None:
            continue
        occurrence = cycle.occurrences.get(finding.key)
        if occurrence is None or finding.limit_on is None:
            continue
        line = _line(
            Kind.ESCALATED,
            cycle,
            plan,
            occurrence,
            rung=THREAT,
            due_on=finding.limit_on,
            cause=f"anchor:{finding.anchor}" if finding.anchor else "",
            working_days=finding.working_days,
        )
        told_for = occurrence.told.get(line.told_as)
        creeps = not finding.anchor and _counts_from_what_is_to_come(occurrence, plan)
        if told_for != _stamp(line) and not (creeps and told_for is not None):
            yield _Wish(line, ("lead",))


def _counts_from_what_is_to_come(occurrence: Occurrence, plan: Plan) -> bool:
    activity = plan.network.activities[plan.network.index[occurrence.key]]
    is_counted_back = activity.term is not None and activity.term.before is not None
    waits = occurrence.state is State.NOT_YET or (occurrence.state is State.READY and not activity.starts)
    return waits and not is_counted_back


def _line(kind: Kind, cycle: Cycle, plan: Plan, occurrence: Occurrence, **more: Any) -> Line:
    step = cycle.definition.steps[occurrence.step]
    planned = occurrence.planned
    place = plan.network.index.get(occurrence.key)
    waits, waited = _neighbours(cycle, plan, place) if place is not None else ((), ())
    facts: dict[str, Any] = {
        "due_on": planned.due_on if planned else None,
        "legal_on": planned.legal_on if planned else None,
        "waits_for": waits,
        "waited_by": waited,
        "is_confidential": is_confidential(cycle, step),
    }
    return Line(kind, cycle.number, occurrence.key, step.responsible or RoleId(""), "responsible", **{**facts, **more})


def is_confidential(cycle: Cycle, step: Step) -> bool:
    """Whether nothing about where a step takes place may be told yet."""
    if step.confidential_until is None:
        return False
    dates = cycle.anchors.get(step.confidential_until)
    return dates is None or dates.actual is None


def _neighbours(cycle: Cycle, plan: Plan, place: int) -> tuple[tuple[OccurrenceKey, ...], tuple[OccurrenceKey, ...]]:
    """Open predecessors and open successors; of what repeats the next time only."""
    activities = plan.network.activities
    mine = activities[place]
    before = [activities[link.predecessor].key for link in (*mine.starts, *mine.finishes)]
    after = [activities[number].key for number in plan.network.followers[place]]
    return _still_open(cycle, before), _still_open(cycle, after)


def _still_open(cycle: Cycle, keys: Iterable[OccurrenceKey]) -> tuple[OccurrenceKey, ...]:
    steps = cycle.definition.steps
    nearest: dict[OccurrenceKey | StepId, OccurrenceKey] = {}
    for key in keys:
        found = cycle.occurrences.get(key)
        if found is not None and found.state.is_open:
            nearest.setdefault(key.step if steps[key.step].repeats else key, key)
    return tuple(nearest.values())[: MOST_NEIGHBOURS + 1]


# --- who hears it -------------------------------------------------------------------------------------


def _address(
    wish: _Wish, traject: Traject, cycle: Cycle, today: date, event: Event
) -> Iterator[tuple[Line, Person, HearsWhen]]:
    """Give each person who must hear a line, once, by the first part that they have in it."""
    own_deed = wish.line.kind in _DEEDS or (isinstance(event, PutForDecision) and event.key == wish.line.key)
    heard: set[PersonId] = set()
    for part, role in _roles(wish, cycle):
        declared = cycle.definition.roles.get(role)
        if declared is None or declared.is_group:
            continue
        people = traject.people.get(role, ())
        lead = cycle.definition.policy.lead
        missing = not people and lead is not None
        if missing and lead is not None:
            people = traject.people.get(lead, ())
        for person in people:
            reader, deputy_for = _present(person, traject, today)
            if reader.id in heard or (own_deed and reader.id == event.by):
                continue
            heard.add(reader.id)
            line = wish.line
            if (line.role, line.part) != (role, part) or missing or deputy_for:
                line = replace(line, role=role, part=part, for_role_without_people=missing, deputy_for=deputy_for)
            yield line, reader, _rhythm(wish, reader.hears or declared.hears)


def _rhythm(wish: _Wish, asked: HearsWhen) -> HearsWhen:
    """The rhythm of a reader; what is only true until its date does not wait a week or more for a digest."""
    passes = wish.line.kind in _PASSING or bool(wish.also)
    return HearsWhen.DAILY if passes and asked in (HearsWhen.WEEKLY, HearsWhen.BIWEEKLY) else asked


def _present(person: Person, traject: Traject, today: date) -> tuple[Person, PersonId | None]:
    """Give the person, or during absence the deputy, or theirs; the last who has no deputy gets it anyway."""
    reader, asked = person, {person.id}
    while reader.is_away(today) and reader.deputy is not None and reader.deputy not in asked:
        asked.add(reader.deputy)
        reader = _known(reader.deputy, traject) or Person(reader.deputy, reader.language, reader.hears)
    return reader, person.id if reader is not person else None


def _known(wanted: PersonId, traject: Traject) -> Person | None:
    return next((other for people in traject.people.values() for other in people if other.id == wanted), None)


def _roles(wish: _Wish, cycle: Cycle) -> Iterator[tuple[str, RoleId]]:
    step = cycle.definition.steps.get(wish.line.key.step)
    lead = cycle.definition.policy.lead
    for part in wish.to:
        match part:
            case "responsible" if step is not None:
                named: Sequence[RoleId | None] = (step.responsible, _asked_partner(wish, cycle))
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


def _asked_partner(wish: _Wish, cycle: Cycle) -> RoleId | None:
    """The role whose turn it is: of a date that comes or has passed it hears as if it were its own step."""
    occurrence = cycle.occurrences.get(wish.line.key)
    return occurrence.waiting_for if occurrence is not None and wish.line.kind in _REMINDERS else None


def _merge(found: Sequence[tuple[Line, Person, HearsWhen]], cycle: Cycle) -> Message:
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
            min(old.urgency, new.urgency, key=_FROM_SOON.index),
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


def _steps_in(cycle: Cycle) -> Iterator[Step]:
    for key, occurrence in cycle.occurrences.items():
        if occurrence.state.is_open:
            yield cycle.definition.steps[key.step]


def _roles_that_lose_work(before: Cycle, after: Cycle) -> set[str]:
    """Who had something to do, or would get it, in what a decision withdraws."""
    withdrawn = [
        each
        for key, each in before.occurrences.items()
        if each.state.is_open and after.occurrences[key].state is State.WITHDRAWN
    ]
    doers = {before.definition.steps[each.step].responsible for each in withdrawn}
    return {role for role in (*doers, *(each.waiting_for for each in withdrawn)) if role}


def _all_roles(cycle: Cycle) -> set[RoleId]:
    named: set[RoleId] = set()
    for step in cycle.definition.steps.values():
        named.update(role for role in (step.responsible, step.accountable) if role)
    return named
