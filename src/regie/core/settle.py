"""What follows from the facts of a cycle: which steps apply and exist, the plan, and the states.

In this order:

1. Outcomes of gates join the answers. Conditions say which steps apply, ``only_with`` steps follow the step
   they belong to, and a no-go withdraws what it ends.
2. The occurrences that must exist are made: once, per item, per period that opens soon, and the next one.
3. Anchors that a step sets get or lose their actual date. That may open periods, so 2 and 3 repeat. The loop
   ends: each round sets an anchor that had no date, there are finitely many, and none is unset twice.
4. The plan is computed.
5. States follow: out, done, busy, else ready or not yet by the start relations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache

from regie.core.conditions import holds
from regie.core.definition import Answer, DateBase, DateRule, Definition, Effect, RerunCode, Step
from regie.core.ids import ONCE, AnchorId, OccurrenceKey, StepId
from regie.core.messages import move, reminders_of
from regie.core.network import Activity, Link, Network, build_network
from regie.core.plan import Plan, PlanInput, make_plan
from regie.core.recurrence import Period, period_at
from regie.core.span import shift
from regie.core.traject import AnchorDates, Cycle, CycleState, Occurrence, State

LOOK_AHEAD = timedelta(days=92)
"""Periods that open within this time exist already, so that people can see them coming."""

FIRST_ITEM = "eerste"
"""Key of the item that a list has by itself, on the day of its anchor."""

FIRST_CYCLE = "first"
ONE_DAY = timedelta(days=1)

_Out = tuple[State, str]


def settle(cycle: Cycle, today: date) -> tuple[Cycle, Plan]:
    """Derive everything from the facts of a cycle.

    Returns:
        The cycle with its states and dates, and the plan that they come from. Settling twice changes nothing.
    """
    outcomes = _outcomes(cycle)
    cycle = _end_by_gate(cycle)
    occurrences = dict(cycle.occurrences)
    anchors: Mapping[AnchorId, AnchorDates] = cycle.anchors
    while True:
        for key in _wanted_keys(cycle, anchors, occurrences, today):
            occurrences.setdefault(key, Occurrence(key))
        _leave_out(cycle, outcomes, occurrences, anchors)
        reached = _set_anchors(cycle.definition, anchors, occurrences)
        if reached == anchors:
            break
        anchors = reached
    cycle = replace(cycle, anchors=anchors)
    plan = make_plan(
        PlanInput(_network(cycle, occurrences), start_of(cycle, today), today, occurrences, anchors, cycle.items)
    )
    return replace(cycle, occurrences=_states(cycle, occurrences, plan, today)), plan


def start_of(cycle: Cycle, today: date) -> date:
    """First day of a cycle: its start anchor, else today."""
    return cycle.anchor_on(cycle.definition.start_anchor) or today


def network_of(cycle: Cycle) -> Network:
    """The relations between the occurrences that a cycle has now."""
    return _network(cycle, cycle.occurrences)


# --- 1: what applies ------------------------------------------------------------------------------------


def _outcomes(cycle: Cycle) -> Mapping[str, str]:
    return {key.step: each.outcome for key, each in cycle.occurrences.items() if each.outcome and not each.is_out}


def _end_by_gate(cycle: Cycle) -> Cycle:
    for key, occurrence in cycle.occurrences.items():
        gate = cycle.definition.steps[key.step].gate
        if gate is None or occurrence.outcome is None or occurrence.finished_on is None:
            continue
        outcome = gate.outcomes.get(occurrence.outcome)
        if outcome is not None and outcome.effect is Effect.ENDS_CYCLE:
            return replace(cycle, state=CycleState.ENDED, ended_because=f"{key}: {outcome.id}")
    return cycle


def _leave_out(
    cycle: Cycle,
    outcomes: Mapping[str, str],
    occurrences: dict[OccurrenceKey, Occurrence],
    anchors: Mapping[AnchorId, AnchorDates],
) -> None:
    """Put out of the plan what does not apply, and take back what applies again."""
    ended = _ended_steps(cycle, occurrences)
    left_out = _not_applicable(cycle, outcomes, occurrences)
    for key, occurrence in occurrences.items():
        if occurrence.finished_on is not None or (occurrence.out_state and not _is_derived(occurrence)):
            continue
        wanted = ended.get(key.step) or left_out.get(key.step) or _gone(cycle, key, anchors)
        if cycle.state is CycleState.ENDED and wanted is None:
            wanted = (State.WITHDRAWN, f"gate:{cycle.ended_because}")
        state, why = wanted or (None, "")
        if (occurrence.out_state, occurrence.out) != (state, why):
            occurrences[key] = replace(occurrence, out_state=state, out=why)


def _is_derived(occurrence: Occurrence) -> bool:
    return occurrence.out_state is State.NOT_APPLICABLE or occurrence.out.startswith("gate:")


def _ended_steps(cycle: Cycle, occurrences: Mapping[OccurrenceKey, Occurrence]) -> Mapping[StepId, _Out]:
    ended: dict[StepId, _Out] = {}
    for key, occurrence in occurrences.items():
        gate = cycle.definition.steps[key.step].gate
        if gate is None or occurrence.outcome is None or occurrence.finished_on is None:
            continue
        outcome = gate.outcomes.get(occurrence.outcome)
        if outcome is not None and outcome.effect is Effect.ENDS_STEPS:
            ended.update((step, (State.WITHDRAWN, f"gate:{key}: {outcome.id}")) for step in outcome.ends)
    return ended


def _not_applicable(
    cycle: Cycle, outcomes: Mapping[str, str], occurrences: Mapping[OccurrenceKey, Occurrence]
) -> Mapping[StepId, _Out]:
    answers: dict[str, object] = dict(outcomes) | dict(cycle.answers.items())
    out: dict[StepId, _Out] = {}
    for step in cycle.definition.steps.values():
        if step.when is not None and holds(step.when, answers) is False:
            out[step.id] = (State.NOT_APPLICABLE, step.when.said)
    changed = True
    while changed:  # ends: every round leaves out at least one step more
        changed = False
        for step in cycle.definition.steps.values():
            other = step.only_with
            if other is None or step.id in out:
                continue
            if other in out or _all_out(other, occurrences):
                out[step.id] = (State.NOT_APPLICABLE, f"only_with {other}")
                changed = True
    return out


def _all_out(step: StepId, occurrences: Mapping[OccurrenceKey, Occurrence]) -> bool:
    copies = [each for key, each in occurrences.items() if key.step == step]
    return bool(copies) and all(each.is_out for each in copies)


def _gone(cycle: Cycle, key: OccurrenceKey, anchors: Mapping[AnchorId, AnchorDates]) -> _Out | None:
    """An item that was taken off its list, or a period that does not exist any more."""
    step = cycle.definition.steps[key.step]
    if key.key == ONCE:
        return None
    if not key.key.isdigit():
        is_there = step.for_each is not None and key.key in _item_keys(cycle, step)
        return None if is_there else (State.NOT_APPLICABLE, f"item {key.key}")
    if key.key == "1" or _period(cycle, step, int(key.key), anchors) is not None:
        return None
    return State.NOT_APPLICABLE, f"period {key.key}"


# --- 2: what exists -------------------------------------------------------------------------------------


def _wanted_keys(
    cycle: Cycle,
    anchors: Mapping[AnchorId, AnchorDates],
    occurrences: Mapping[OccurrenceKey, Occurrence],
    today: date,
) -> Iterator[OccurrenceKey]:
    for step in cycle.definition.steps.values():
        if step.rerun.get(cycle.kind) is RerunCode.RUNS_ON and cycle.kind != FIRST_CYCLE:
            continue  # it runs on in the cycle before: no copy, no reset
        if step.for_each is not None:
            for key in _item_keys(cycle, step):
                yield OccurrenceKey(step.id, key)
        elif not step.repeats:
            yield OccurrenceKey(step.id, ONCE)
        if step.repeats and cycle.state is CycleState.RUNNING:
            yield from _wanted_periods(cycle, step, anchors, occurrences, today)


def _wanted_periods(
    cycle: Cycle,
    step: Step,
    anchors: Mapping[AnchorId, AnchorDates],
    occurrences: Mapping[OccurrenceKey, Occurrence],
    today: date,
) -> Iterator[OccurrenceKey]:
    """The first period, those that open soon, and after each finished one the next."""
    number = 1
    yield OccurrenceKey(step.id, "1")
    while True:
        last = occurrences.get(OccurrenceKey(step.id, str(number)))
        number += 1
        key = OccurrenceKey(step.id, str(number))
        if key in occurrences:
            continue
        period = _period(cycle, step, number, anchors)
        was_first_done = last is not None and not last.state.is_open
        if period is None or not (was_first_done or period.opens_on <= today + LOOK_AHEAD):
            return
        yield key


def _item_keys(cycle: Cycle, step: Step) -> tuple[str, ...]:
    assert step.for_each is not None  # the caller looked
    items = cycle.items.get(step.for_each)
    if items:
        return tuple(item.key for item in items)
    return (FIRST_ITEM,) if cycle.definition.lists[step.for_each].first_on is not None else ()


def _period(cycle: Cycle, step: Step, number: int, anchors: Mapping[AnchorId, AnchorDates]) -> Period | None:
    bases = tuple(
        _anchor_day(cycle.definition, anchors, rule)
        for rhythm in step.repeats
        for rule in (rhythm.opens, rhythm.first, rhythm.until)
        if rule is not None
    )
    return _period_from(_Rhythms(cycle.definition, step), number, bases)


class _Rhythms:
    """A step's rhythms as a cache key: cheap to hash, equal for the same step of the same definition."""

    __slots__ = ("definition", "hashed", "step")

    def __init__(self, definition: Definition, step: Step) -> None:
        self.definition = definition
        self.step = step
        self.hashed = hash((definition.content_hash, step.id))

    def __hash__(self) -> int:
        return self.hashed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rhythms) and self.step is other.step and self.definition is other.definition


@lru_cache(maxsize=20_000)
def _period_from(rhythms: _Rhythms, number: int, bases: tuple[date | None, ...]) -> Period | None:
    rules = [
        rule
        for rhythm in rhythms.step.repeats
        for rule in (rhythm.opens, rhythm.first, rhythm.until)
        if rule is not None
    ]
    # by identity: two equal rules lead to the same date anyway
    known = {id(rule): day for rule, day in zip(rules, bases, strict=True)}
    return period_at(rhythms.step.repeats, number, lambda rule: known[id(rule)], rhythms.definition.calendar)


def _anchor_day(definition: Definition, anchors: Mapping[AnchorId, AnchorDates], rule: DateRule) -> date | None:
    """The day of a rule that counts from an anchor; ``None`` while the anchor has no date."""
    if rule.base is not DateBase.ANCHOR:
        return None
    dates = anchors.get(AnchorId(rule.ref))
    day = dates.counts if dates else None
    if day is None or rule.offset is None:
        return day
    if rule.offset.in_working_days:
        return definition.calendar.add_working_days(day, rule.offset.amount)
    return shift(day, rule.offset)


# --- 3: anchors ------------------------------------------------------------------------------------------


def _set_anchors(
    definition: Definition,
    anchors: Mapping[AnchorId, AnchorDates],
    occurrences: Mapping[OccurrenceKey, Occurrence],
) -> Mapping[AnchorId, AnchorDates]:
    """Let steps make their anchors happen; a reopened step takes it back."""
    result = dict(anchors)
    for anchor in definition.anchors.values():
        if anchor.set_by is None:
            continue
        copies = [each for key, each in occurrences.items() if key.step == anchor.set_by and not each.is_out]
        if anchor.set_by_start:
            days = [day for each in copies if (day := each.started_on or each.finished_on)]
        else:
            days = [each.finished_on for each in copies if each.finished_on and _opened(definition, each)]
        dates = anchors.get(anchor.id, AnchorDates())
        actual = min(days, default=None)
        if dates.actual != actual:
            result[anchor.id] = AnchorDates(dates.target, actual)
    return result


def _opened(definition: Definition, occurrence: Occurrence) -> bool:
    gate = definition.steps[occurrence.step].gate
    if gate is None or occurrence.outcome is None:
        return True
    outcome = gate.outcomes.get(occurrence.outcome)
    return outcome is not None and outcome.effect is Effect.OPENS


# --- 4: the network --------------------------------------------------------------------------------------


def _network(cycle: Cycle, occurrences: Mapping[OccurrenceKey, Occurrence]) -> Network:
    answers = tuple(sorted(cycle.answers.items())) + tuple(sorted(_outcomes(cycle).items()))
    numbered = [key for key in occurrences if key.key.isdigit()]
    periods = tuple(
        (key, _period(cycle, cycle.definition.steps[key.step], int(key.key), cycle.anchors)) for key in numbered
    )
    return _cached_network(_Identity(cycle.definition), answers, tuple(occurrences), periods)


class _Identity:
    """A definition as a cache key, by its content hash and by itself."""

    __slots__ = ("definition",)

    def __init__(self, definition: Definition) -> None:
        self.definition = definition

    def __hash__(self) -> int:
        return hash(self.definition.content_hash)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self.definition is other.definition


@lru_cache(maxsize=512)
def _cached_network(
    identity: _Identity,
    answers: tuple[tuple[str, Answer], ...],
    keys: tuple[OccurrenceKey, ...],
    periods: tuple[tuple[OccurrenceKey, Period | None], ...],
) -> Network:
    known = {key: period for key, period in periods if period is not None}
    return build_network(identity.definition, dict(answers), keys, known)


# --- 5: states -------------------------------------------------------------------------------------------


def _states(
    cycle: Cycle, occurrences: Mapping[OccurrenceKey, Occurrence], plan: Plan, today: date
) -> dict[OccurrenceKey, Occurrence]:
    result = dict(occurrences)
    for place, activity in enumerate(plan.network.activities):
        old = result[activity.key]
        state = _state(activity, old, occurrences, plan, place, today)
        if state is State.DONE and old.state is State.DONE and old.planned is not None:
            continue  # what is done keeps the dates that it was done with
        planned = plan.planned(place)
        if state is not old.state or planned != old.planned:
            result[activity.key] = replace(old, state=state, planned=planned)
    return result


def _state(
    activity: Activity,
    occurrence: Occurrence,
    occurrences: Mapping[OccurrenceKey, Occurrence],
    plan: Plan,
    place: int,
    today: date,
) -> State:
    if occurrence.out_state is not None:
        return occurrence.out_state
    if occurrence.finished_on is not None:
        return State.DONE
    if occurrence.for_decision:
        return State.FOR_DECISION
    if occurrence.waiting_for is not None:
        return State.WAITING_FOR_PARTNER
    if occurrence.started_on is not None:
        return State.IN_PROGRESS
    if place in plan.network.held_back and not plan.may_open(place, today):
        return State.NOT_YET
    if not activity.starts:
        return State.READY
    holding = sum(_link_holds(link, activity, occurrences, plan.network, today) for link in activity.starts)
    applicable = sum(not occurrences[plan.network.activities[link.predecessor].key].is_out for link in activity.starts)
    needed = len(activity.starts)
    if activity.needed:
        # what does not apply is no alternative, unless nothing else is left
        holding -= len(activity.starts) - applicable
        needed = min(activity.needed, applicable)
    return State.READY if holding >= needed else State.NOT_YET


def _link_holds(
    link: Link,
    activity: Activity,
    occurrences: Mapping[OccurrenceKey, Occurrence],
    network: Network,
    today: date,
) -> bool:
    """Whether a relation is satisfied today, by what really happened."""
    theirs = network.activities[link.predecessor]
    predecessor = occurrences[theirs.key]
    relation = link.relation
    if predecessor.out_state is not None:
        return True
    happened_on = _happened_on(predecessor, from_finish=relation.type.from_finish)
    if happened_on is None and theirs.key.key != ONCE and theirs.key.key != activity.key.key:
        # the first finished copy is enough, whichever that was
        days = [
            day
            for key, each in occurrences.items()
            if key.step == theirs.step.id and (day := _happened_on(each, from_finish=relation.type.from_finish))
        ]
        happened_on = min(days, default=None)
    lag = relation.lag
    if happened_on is None:
        is_lead = (
            lag is not None
            and lag.amount < 0
            and predecessor.started_on is not None
            and predecessor.planned is not None
        )
        if not is_lead or lag is None or predecessor.planned is None:
            return False
        return today >= activity.calendar.next_working_day(_lagged(predecessor.planned.early_finish, link, activity))
    if lag is None or lag.amount <= 0:
        return True
    return today >= _lagged(happened_on, link, activity)


def _lagged(day: date, link: Link, activity: Activity) -> date:
    """First day that a relation with a lag allows, counted from what happened."""
    lag = link.relation.lag
    assert lag is not None  # the caller looked
    after = link.relation.type.holds_start and link.relation.type.from_finish and activity.work > 0
    calendar = activity.calendar
    if lag.in_working_days:
        return calendar.add_working_days(day, lag.amount + (1 if after else 0))
    end = shift(day, lag)
    return calendar.next_working_day(end + ONE_DAY if after else end)


def _happened_on(occurrence: Occurrence, *, from_finish: bool) -> date | None:
    if from_finish:
        return occurrence.finished_on
    return occurrence.started_on or occurrence.finished_on


def find_holding_back_start(cycle: Cycle, key: OccurrenceKey, today: date) -> tuple[OccurrenceKey, ...]:
    """The predecessors that keep an occurrence from being ready."""
    return _holding_back(cycle, key, today, at_start=True)


def find_holding_back_finish(cycle: Cycle, key: OccurrenceKey, today: date) -> tuple[OccurrenceKey, ...]:
    """The predecessors that keep an occurrence from being finished."""
    return _holding_back(cycle, key, today, at_start=False)


def _holding_back(cycle: Cycle, key: OccurrenceKey, today: date, *, at_start: bool) -> tuple[OccurrenceKey, ...]:
    network = network_of(cycle)
    activity = network.activities[network.index[key]]
    return tuple(
        network.activities[link.predecessor].key
        for link in (activity.starts if at_start else activity.finishes)
        if not _link_holds(link, activity, cycle.occurrences, network, today)
    )


def find_dependents(cycle: Cycle, key: OccurrenceKey) -> tuple[OccurrenceKey, ...]:
    """Everything that was started or finished after, and because of, an occurrence."""
    network = network_of(cycle)
    found = (network.activities[place].key for place in network.successors(network.index[key]))
    return tuple(
        each
        for each in found
        if (occurrence := cycle.occurrences[each]).out_state is None
        and (occurrence.started_on or occurrence.finished_on)
    )


# --- when time alone changes something -------------------------------------------------------------------


def next_looks(cycle: Cycle, plan: Plan, today: date) -> Iterator[date]:
    """The days after today on which a look may find something new, without anybody doing anything."""
    calendar = cycle.definition.calendar
    activities = plan.network.activities
    states = [cycle.occurrences[activity.key].state for activity in activities]
    if any(state.is_open and plan.leans_on_today(place) for place, state in enumerate(states)):
        # tomorrow's plan has other dates anyway, and nobody is told anything on a day off
        yield calendar.next_working_day(today + ONE_DAY)
        return
    for place, activity in enumerate(activities):
        if states[place].is_open:
            yield from (day for day in _own_looks(cycle, plan, place, activity) if day > today)
    for step in cycle.definition.steps.values():
        if step.repeats:
            numbers = [int(key.key) for key in cycle.occurrences if key.step == step.id and key.key.isdigit()]
            following = _period(cycle, step, max(numbers, default=0) + 1, cycle.anchors)
            if following is not None:
                yield max(following.opens_on - LOOK_AHEAD, today + ONE_DAY)


def _own_looks(cycle: Cycle, plan: Plan, place: int, activity: Activity) -> Iterator[date]:
    """The days on which something about one open occurrence may change or must be told."""
    occurrence = cycle.occurrences[activity.key]
    planned = occurrence.planned
    if occurrence.state is State.NOT_YET:
        if (opens_on := plan.opens_on(place)) is not None:
            yield opens_on
        if planned is not None and any(link.relation.lag is not None for link in activity.starts):
            yield planned.early_start
    if planned is None or planned.due_on is None:
        return
    yield planned.due_on + ONE_DAY
    if occurrence.state is State.NOT_YET:
        return
    yield planned.due_on
    yield from (move(planned.due_on, -span, cycle) for span in reminders_of(cycle, activity.step))
    yield from (move(planned.due_on, rung.after, cycle) for rung in cycle.definition.policy.ladder)
