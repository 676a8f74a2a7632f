"""A world in which everybody does the work on the planned day: for rehearsals, the demo and tests.

Not part of running a traject; it decides nothing, it only says which events such a world would bring.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from regie.core import events as happened
from regie.core.definition import Effect, EvidenceRule, Gate
from regie.core.holding import find_holding_back_finish
from regie.core.ids import StepId
from regie.core.traject import Cycle, Occurrence, State

EVIDENCE = "https://dossier.example/bewijs"


def next_deed(
    cycle: Cycle, today: date, *, by: str = "rehearsal", except_for: Collection[StepId] = ()
) -> happened.StepEvent | None:
    """Give one thing that a diligent world does today; ``None`` when all is done for today.

    Steps start on their planned first day and finish on their planned last day; gates are passed.

    Args:
        except_for: steps that nobody touches.
    """
    for key, occurrence in cycle.occurrences.items():
        if key.step in except_for or occurrence.planned is None or not occurrence.state.is_open:
            continue
        if occurrence.state is State.READY and occurrence.planned.early_start <= today:
            if occurrence.planned.early_finish > today or find_holding_back_finish(cycle, key, today):
                return happened.StepStarted(key=key, cycle=cycle.number, by=by)
            return _end(cycle, occurrence, by)
        is_busy = occurrence.state is State.IN_PROGRESS and occurrence.planned.early_finish <= today
        if is_busy and not find_holding_back_finish(cycle, key, today):
            return _end(cycle, occurrence, by)
    return None


def _end(cycle: Cycle, occurrence: Occurrence, by: str) -> happened.StepEvent:
    step = cycle.definition.steps[occurrence.step]
    if step.gate is not None:
        return happened.GateDecided(
            key=occurrence.key,
            cycle=cycle.number,
            by=by,
            outcome=passing_outcome(step.gate),
            decided_by=step.gate.decided_by,
        )
    evidence = (EVIDENCE,) if step.evidence is EvidenceRule.REQUIRED else ()
    return happened.StepFinished(key=occurrence.key, cycle=cycle.number, by=by, evidence=evidence)


def passing_outcome(gate: Gate) -> str:
    """The first outcome that opens a gate and asks for nothing more."""
    opening = [outcome for outcome in gate.outcomes.values() if outcome.effect is Effect.OPENS]
    plain = [outcome.id for outcome in opening if outcome.opens_cycle is None]
    return (plain or [outcome.id for outcome in opening])[0]
