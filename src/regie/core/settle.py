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
from datetime import date
from functools import lru_cache

from regie.core.definition import Answer, Definition, Effect, Step
from regie.core.ids import FIRST_ITEM, ONCE, AnchorId, OccurrenceKey, StepId
from regie.core.network import Network, build_network
from regie.core.outline import FIRST_CYCLE, conditions_not_met, outline_of
from regie.core.periods import LOOK_AHEAD, CyclePeriods, periods_of
from regie.core.plan import Plan, PlanInput, make_plan
from regie.core.readiness import states_of
from regie.core.recurrence import Period
from regie.core.traject import AnchorDates, Cycle, CycleState, Occurrence, State

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
        periods = periods_of(cycle.definition, anchors)
        for key in _wanted_keys(cycle, periods, occurrences, today):
            if key not in occurrences:
                occurrences[key] = Occurrence(key)
        _leave_out(cycle, outcomes, occurrences, periods)
        reached = _set_anchors(cycle.definition, anchors, occurrences)
        if reached == anchors:
            break
        anchors = reached
    cycle = replace(cycle, anchors=anchors)
    plan = make_plan(
        PlanInput(
            _network(cycle, occurrences, outcomes, periods),
            start_of(cycle, today),
            today,
            occurrences,
            anchors,
            cycle.items,
        )
    )
    return replace(cycle, occurrences=states_of(occurrences, plan, today)), plan


def start_of(cycle: Cycle, today: date) -> date:
    """First day of a cycle: its start anchor, else today."""
    return cycle.anchor_on(cycle.definition.start_anchor) or today


def network_of(cycle: Cycle) -> Network:
    """The relations between the occurrences that a cycle has now."""
    periods = periods_of(cycle.definition, cycle.anchors)
    return _network(cycle, cycle.occurrences, _outcomes(cycle), periods)


# --- 1: what applies ------------------------------------------------------------------------------------


def _outcomes(cycle: Cycle) -> Mapping[str, str]:
    return {key.step: each.outcome for key, each in cycle.occurrences.items() if each.outcome and not each.is_out}


def _end_by_gate(cycle: Cycle) -> Cycle:
    for key, occurrence in cycle.occurrences.items():
        if occurrence.outcome is None or occurrence.finished_on is None:
            continue
        gate = cycle.definition.steps[key.step].gate
        outcome = gate.outcomes.get(occurrence.outcome) if gate is not None else None
        if outcome is not None and outcome.effect is Effect.ENDS_CYCLE:
            return replace(cycle, state=CycleState.ENDED, ended_because=f"{key}: {outcome.id}")
    return cycle


def _leave_out(
    cycle: Cycle,
    outcomes: Mapping[str, str],
    occurrences: dict[OccurrenceKey, Occurrence],
    periods: CyclePeriods,
) -> None:
    """Put out of the plan what does not apply, and take back what applies again."""
    ended = _ended_steps(cycle, occurrences)
    left_out = _not_applicable(cycle, outcomes, occurrences, ended, periods)
    for key, occurrence in occurrences.items():
        if occurrence.finished_on is not None or (occurrence.out_state and not _is_derived(occurrence)):
            continue
        wanted = ended.get(key.step) or left_out.get(key.step) or (_gone(cycle, key, periods) if key.key else None)
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
        if occurrence.outcome is None or occurrence.finished_on is None:
            continue
        gate = cycle.definition.steps[key.step].gate
        outcome = gate.outcomes.get(occurrence.outcome) if gate is not None else None
        if outcome is not None and outcome.effect is Effect.ENDS_STEPS:
            ended.update((step, (State.WITHDRAWN, f"gate:{key}: {outcome.id}")) for step in outcome.ends)
    return ended


def _not_applicable(
    cycle: Cycle,
    outcomes: Mapping[str, str],
    occurrences: Mapping[OccurrenceKey, Occurrence],
    ended: Mapping[StepId, _Out],
    periods: CyclePeriods,
) -> Mapping[StepId, _Out]:
    said = conditions_not_met(cycle.definition, _known(cycle, outcomes))
    out: dict[StepId, _Out] = {step: (State.NOT_APPLICABLE, why) for step, why in said.items()}
    companions = outline_of(cycle.definition, cycle.kind).companions
    changed = True
    while changed:  # ends: every round leaves out at least one step more
        changed = False
        for step in companions:
            other = step.only_with
            if other is None or step.id in out:
                continue
            if other in out or other in ended or _all_out(cycle, other, occurrences, periods):
                out[step.id] = (State.NOT_APPLICABLE, f"only_with {other}")
                changed = True
    return out


def _known(cycle: Cycle, outcomes: Mapping[str, str]) -> tuple[tuple[str, Answer], ...]:
    """Answers and outcomes of gates as one value, in one order."""
    return (*sorted(cycle.answers.items()), *sorted(outcomes.items()))


def _all_out(
    cycle: Cycle, step: StepId, occurrences: Mapping[OccurrenceKey, Occurrence], periods: CyclePeriods
) -> bool:
    """Whether people, a rerun, or a list or rhythm left out every copy; what followed earlier is asked anew."""
    copies = _copies(step, occurrences)
    return bool(copies) and all(
        (each.is_out and not _is_derived(each))
        or (each.key.key and each.finished_on is None and _gone(cycle, each.key, periods) is not None)
        for each in copies
    )


def _gone(cycle: Cycle, key: OccurrenceKey, periods: CyclePeriods) -> _Out | None:
    """An item that was taken off its list, or a period that does not exist any more."""
    step = cycle.definition.steps[key.step]
    if not key.key.isdigit():
        is_there = step.for_each is not None and key.key in _item_keys(cycle, step)
        return None if is_there else (State.NOT_APPLICABLE, f"item {key.key}")
    if key.key == "1" or periods.at(key) is not None:
        return None
    return State.NOT_APPLICABLE, f"period {key.key}"


# --- 2: what exists -------------------------------------------------------------------------------------


def _wanted_keys(
    cycle: Cycle, periods: CyclePeriods, occurrences: Mapping[OccurrenceKey, Occurrence], today: date
) -> Iterator[OccurrenceKey]:
    outline = outline_of(cycle.definition, cycle.kind)
    for step, once in outline.steps:
        if once is not None:
            yield once
            continue
        if step.for_each is not None:
            for key in _item_keys(cycle, step):
                yield OccurrenceKey(step.id, key)
        if step.repeats and cycle.state is CycleState.RUNNING:
            yield from _wanted_periods(step, periods, occurrences, today)


def _wanted_periods(
    step: Step, periods: CyclePeriods, occurrences: Mapping[OccurrenceKey, Occurrence], today: date
) -> Iterator[OccurrenceKey]:
    """The first period, those that open soon, and after each finished one the next."""
    number = 1
    last_key = OccurrenceKey(step.id, "1")
    yield last_key
    while True:
        number += 1
        key = OccurrenceKey(step.id, str(number))
        if key not in occurrences:
            last = occurrences.get(last_key)
            period = periods.at(key)
            was_last_done = last is not None and (last.is_out or last.is_done)
            if period is None or not (was_last_done or period.opens_on <= today + LOOK_AHEAD):
                return
            yield key
        last_key = key


def _item_keys(cycle: Cycle, step: Step) -> tuple[str, ...]:
    assert step.for_each is not None  # the caller looked
    items = cycle.items.get(step.for_each)
    if items:
        return tuple(item.key for item in items)
    return (FIRST_ITEM,) if cycle.definition.lists[step.for_each].first_on is not None else ()


# --- 3: anchors ------------------------------------------------------------------------------------------


def _set_anchors(
    definition: Definition,
    anchors: Mapping[AnchorId, AnchorDates],
    occurrences: Mapping[OccurrenceKey, Occurrence],
) -> Mapping[AnchorId, AnchorDates]:
    """Let steps make their anchors happen; a reopened step takes it back."""
    result = dict(anchors)
    for anchor in outline_of(definition, FIRST_CYCLE).set_by:
        copies = [each for each in _copies(anchor.set_by, occurrences) if not each.is_out]
        if anchor.set_by_start:
            days = [day for each in copies if (day := each.started_on or each.finished_on)]
        else:
            days = [each.finished_on for each in copies if each.finished_on and _opened(definition, each)]
        dates = anchors.get(anchor.id, AnchorDates())
        actual = min(days, default=None)
        if dates.actual != actual:
            result[anchor.id] = AnchorDates(dates.target, actual)
    return result


def _copies(step: StepId | None, occurrences: Mapping[OccurrenceKey, Occurrence]) -> list[Occurrence]:
    once = occurrences.get(OccurrenceKey(step, ONCE)) if step else None
    return [once] if once is not None else [each for key, each in occurrences.items() if key.step == step]


def _opened(definition: Definition, occurrence: Occurrence) -> bool:
    gate = definition.steps[occurrence.step].gate
    if gate is None or occurrence.outcome is None:
        return True
    outcome = gate.outcomes.get(occurrence.outcome)
    return outcome is not None and outcome.effect is Effect.OPENS


# --- 4: the network --------------------------------------------------------------------------------------


def _network(
    cycle: Cycle, occurrences: Mapping[OccurrenceKey, Occurrence], outcomes: Mapping[str, str], periods: CyclePeriods
) -> Network:
    known = tuple((key, periods.at(key)) for key in occurrences if key.key.isdigit())
    return _cached_network(cycle.definition, _known(cycle, outcomes), tuple(occurrences), known)


@lru_cache(maxsize=512)
def _cached_network(
    definition: Definition,
    answers: tuple[tuple[str, Answer], ...],
    keys: tuple[OccurrenceKey, ...],
    periods: tuple[tuple[OccurrenceKey, Period | None], ...],
) -> Network:
    known = {key: period for key, period in periods if period is not None}
    return build_network(definition, dict(answers), keys, known)
