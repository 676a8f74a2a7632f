"""What is told: (before, after, policy, today) -> messages. Who hears it is for ``recipients``.

Reminders are read off the state of today, not off the sweeps that were missed: after an outage a step has
one current line, and never one that is no longer true. What was told is a fact of the occurrence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from regie.core.checks import find_threats
from regie.core.definition import HearsWhen, Kind, NoticePolicy, Step
from regie.core.events import (
    CycleClosed,
    CycleStarted,
    DateProposed,
    Event,
    HandedToColleague,
    ProposalAnswered,
    QuestionAnswered,
    QuestionAsked,
    StepDeclined,
    StepEvent,
    StepWaived,
    StepWithdrawn,
    Tick,
)
from regie.core.ids import AnchorId, OccurrenceKey, PersonId, RoleId, StepId
from regie.core.lines import ACCEPTED, MOST_NEIGHBOURS, REMINDERS, TURNED_DOWN, WHOLE_CYCLE, Line, Message, Wish
from regie.core.network import Network
from regie.core.plan import Plan
from regie.core.recipients import address, merge_lines
from regie.core.settle import settle
from regie.core.span import Span, shift
from regie.core.told import ASKED_ON, ROUND, THREAT
from regie.core.traject import AnchorDates, Cycle, CycleState, Occurrence, Person, State, Traject

SAYINGS = (DateProposed, ProposalAnswered, HandedToColleague, StepDeclined, QuestionAsked, QuestionAnswered)
"""What one person says to another about a step."""


def decide_messages(
    traject: Traject, before: Cycle | None, after: Cycle, plan: Plan, event: Event, today: date
) -> tuple[tuple[Message, ...], Mapping[OccurrenceKey, Mapping[str, str]]]:
    """Decide who hears what about one cycle after one event.

    Returns:
        The messages, and per occurrence what has now been told (to add to its ``told``).
    """
    happening = str(traject.version + 1)
    deeds = _about_event(traject, before, after, plan, event, today)
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
        for line, person, rhythm in address(wish, traject, after, today, event):
            lines.setdefault(person.id, []).append((line, person, rhythm))
    return tuple(merge_lines(person_lines, after) for person_lines in lines.values()), told


def _stamp(line: Line) -> str:
    return line.due_on.isoformat() if line.due_on else "none"


def _about_event(
    traject: Traject, before: Cycle | None, after: Cycle, plan: Plan, event: Event, today: date
) -> Iterator[Wish]:
    policy = after.definition.policy.to
    if isinstance(event, CycleStarted) and before is None:
        roles = {step.responsible for step in _steps_in(after) if step.responsible}
        line = Line(Kind.CYCLE_STARTED, after.number, WHOLE_CYCLE, RoleId(""), "responsible")
        yield Wish(line, tuple(sorted(roles)) if Kind.CYCLE_STARTED in policy else ())
        return
    if before is None:
        return
    if isinstance(event, CycleClosed):
        line = Line(Kind.ENDED, after.number, WHOLE_CYCLE, RoleId(""), "responsible")
        yield Wish(line, (*sorted(_roles_that_lose_work(before, after)), "lead"))
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
            yield Wish(line, (*policy.get(Kind.DECISION_TAKEN, ()), *sorted(_roles_that_lose_work(before, after))))
        elif occurrence.state is State.DONE and old.state is not State.DONE and occurrence.kept_from is None:
            yield Wish(_line(Kind.DONE, after, plan, occurrence), policy.get(Kind.DONE, ()))
        elif isinstance(event, Tick):
            continue
        elif isinstance(event, StepWaived | StepWithdrawn) and old.state.is_open and occurrence.is_out:
            doers = dict.fromkeys(role for role in (step.responsible, old.waiting_for) if role)
            yield Wish(_line(Kind.ENDED, after, plan, occurrence), tuple(doers))
        elif (said := _said(traject, old, after, occurrence, plan, event, today)) is not None:
            yield said
        elif (turn := _turn(old, occurrence, step)) is not None:
            kind, to = turn
            if policy.get(kind):
                yield Wish(_line(kind, after, plan, occurrence), to or policy[kind])
        elif moved := _moved(old, occurrence, after, plan, event):
            yield Wish(moved, policy.get(Kind.DATE_MOVED, ()))


def _said(
    traject: Traject, old: Occurrence, cycle: Cycle, new: Occurrence, plan: Plan, event: Event, today: date
) -> Wish | None:
    """What one person said to another about this step; None when the event is no such thing or nobody hears it."""
    if not isinstance(event, SAYINGS) or event.key != new.key:
        return None
    policy = cycle.definition.policy.to
    people: tuple[str, ...] = ()
    match event:
        case DateProposed():
            asked = new.planned.due_on or new.planned.early_finish if new.planned else None
            moves = count_moved(cycle, new.key, event.on, today)
            facts: dict[str, Any] = {"due_on": event.on, "old_on": asked, "promised_on": new.promised_on}
            line = _line(Kind.DATE_PROPOSED, cycle, plan, new, **facts, moves=moves)
        case ProposalAnswered():
            facts = {"old_on": old.proposed_on, "outcome": ACCEPTED if event.accepted else TURNED_DOWN}
            if event.accepted:
                facts["due_on"] = new.promised_on
            line = _line(Kind.PROPOSAL_ANSWERED, cycle, plan, new, **facts)
        case HandedToColleague():
            if _is_new_to_all(new, cycle.definition.policy):
                return None  # it is told today that it can start, and that reaches who has it now
            line = _line(Kind.HANDED_OVER, cycle, plan, new, cause=event.to or "")
            return Wish(line, ("responsible",))
        case StepDeclined():
            line = _line(Kind.DECLINED, cycle, plan, new)
        case QuestionAsked():
            line = _line(Kind.QUESTION_ASKED, cycle, plan, new)
        case QuestionAnswered():
            line = _line(Kind.QUESTION_ANSWERED, cycle, plan, new)
            people = tuple(each for each in old.askers if traject.person(each) is not None)
            # who asked under a name that nobody has, such as on a command line, is one of the role
            to_role = old.declined or len(people) < len(old.askers)
            return Wish(line, ("responsible",) if to_role else (), people=people)
    to = policy.get(line.kind, ())
    return Wish(line, to) if to else None


def count_moved(cycle: Cycle, key: OccurrenceKey, on: date, today: date) -> int:
    """Count the other open steps whose planned dates would be others if this one were promised for a day."""
    promised = replace(cycle.occurrences[key], promised_on=on)
    would_be, _ = settle(replace(cycle, occurrences={**cycle.occurrences, key: promised}), today)
    return sum(
        each.state.is_open and each.key != key and _dates(each) != _dates(would_be.occurrences[each.key])
        for each in cycle.occurrences.values()
    )


def _dates(occurrence: Occurrence) -> tuple[date | None, ...]:
    planned = occurrence.planned
    return (planned.early_start, planned.early_finish, planned.due_on) if planned else ()


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


def _about_today(cycle: Cycle, plan: Plan, today: date) -> Iterator[Wish]:
    if cycle.state is not CycleState.RUNNING:
        return
    policy = cycle.definition.policy
    for occurrence in cycle.occurrences.values():
        if not occurrence.state.is_open:
            continue
        if (hit := _gate_date_hit(cycle, occurrence, today)) is not None:
            yield Wish(_line(hit, cycle, plan, occurrence, happening=occurrence.told.get(ROUND, "")), ("lead",))
        for kind, rung, to in _current(cycle, occurrence, today):
            also: tuple[str, ...] = ()
            if kind in REMINDERS and _is_new_to_all(occurrence, policy):
                # who never heard of it is first told that it can start; that message names the date too
                kind, also, to = Kind.READY, (kind.value,), policy.to[Kind.READY]
            line = _line(kind, cycle, plan, occurrence, rung=rung, happening=occurrence.told.get(ROUND, ""))
            if occurrence.told.get(line.told_as) != _stamp(line) and not (
                kind is Kind.READY and line.told_as in occurrence.told
            ):
                yield Wish(line, to, also, asked_on=today if kind is Kind.READY else None)
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


def _threats(cycle: Cycle, plan: Plan) -> Iterator[Wish]:
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
            yield Wish(line, ("lead",))


def _counts_from_what_is_to_come(occurrence: Occurrence, plan: Plan) -> bool:
    activity = plan.network.activities[plan.network.index[occurrence.key]]
    is_counted_back = activity.term is not None and activity.term.before is not None
    waits = occurrence.state is State.NOT_YET or (occurrence.state is State.READY and not activity.starts)
    return waits and not is_counted_back


def _line(kind: Kind, cycle: Cycle, plan: Plan, occurrence: Occurrence, **more: Any) -> Line:
    step = cycle.definition.steps[occurrence.step]
    planned = occurrence.planned
    place = plan.network.index.get(occurrence.key)
    waits, waited = neighbours(cycle, plan.network, place) if place is not None else ((), ())
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
    return is_secret(step, cycle.anchors)


def is_secret(step: Step, anchors: Mapping[AnchorId, AnchorDates]) -> bool:
    """The same, for who has the anchors of a cycle and no more."""
    if step.confidential_until is None:
        return False
    dates = anchors.get(step.confidential_until)
    return dates is None or dates.actual is None


def neighbours(
    cycle: Cycle, network: Network, place: int
) -> tuple[tuple[OccurrenceKey, ...], tuple[OccurrenceKey, ...]]:
    """Open predecessors and open successors; of what repeats the next time only."""
    activities = network.activities
    mine = activities[place]
    before = [activities[link.predecessor].key for link in (*mine.starts, *mine.finishes)]
    after = [activities[number].key for number in network.followers[place]]
    return _still_open(cycle, before), _still_open(cycle, after)


def _still_open(cycle: Cycle, keys: Iterable[OccurrenceKey]) -> tuple[OccurrenceKey, ...]:
    steps = cycle.definition.steps
    nearest: dict[OccurrenceKey | StepId, OccurrenceKey] = {}
    for key in keys:
        found = cycle.occurrences.get(key)
        if found is not None and found.state.is_open:
            nearest.setdefault(key.step if steps[key.step].repeats else key, key)
    return tuple(nearest.values())[: MOST_NEIGHBOURS + 1]


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
