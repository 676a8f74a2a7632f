"""What follows from a definition alone, worked out once: who repeats, who decides, who sets an anchor.

A look at a traject asks these of a definition that does not change; asking them of every step again was a
quarter of the time of a look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from regie.core.conditions import holds
from regie.core.definition import Anchor, Answer, Definition, RerunCode, Step
from regie.core.ids import ONCE, OccurrenceKey, StepId
from regie.core.recurrence import Rhythms

FIRST_CYCLE = "first"


@dataclass(frozen=True, slots=True)
class Outline:
    """The parts of a definition that need more than planning.

    Args:
        steps: those that exist in a cycle of this kind, in the order of the file; with their key when they exist once.
        recurring: those of them with a copy per period.
        companions: steps that make sense only with another.
        set_by: anchors that a step makes happen.
    """

    steps: tuple[tuple[Step, OccurrenceKey | None], ...]
    recurring: tuple[Step, ...]
    companions: tuple[Step, ...]
    set_by: tuple[Anchor, ...]


@lru_cache(maxsize=256)
def outline_of(definition: Definition, kind: str) -> Outline:
    """Give the outline of a definition, for one kind of cycle."""
    steps = tuple(definition.steps.values())
    here = tuple(step for step in steps if kind == FIRST_CYCLE or _has_copies(step, kind))
    return Outline(
        steps=tuple((step, None if step.for_each or step.repeats else OccurrenceKey(step.id, ONCE)) for step in here),
        recurring=tuple(step for step in here if step.repeats),
        companions=tuple(step for step in steps if step.only_with is not None),
        set_by=tuple(anchor for anchor in definition.anchors.values() if anchor.set_by is not None),
    )


def _has_copies(step: Step, kind: str) -> bool:
    """Whether a rerun makes occurrences of a step.

    One that runs on in the cycle before gets no copy and is not reset; one that is dropped gets none per period or
    item: that it was dropped is kept once.
    """
    code = step.rerun.get(kind)
    return code is not RerunCode.RUNS_ON and not (code is RerunCode.DROP and (step.repeats or step.for_each))


@lru_cache(maxsize=256)
def rhythms_of(definition: Definition) -> Mapping[StepId, Rhythms]:
    """Give the rhythms of all recurring steps."""
    return {
        step.id: Rhythms(step.repeats, definition.calendars.get(step.calendar or "", definition.calendar))
        for step in definition.steps.values()
        if step.repeats
    }


@lru_cache(maxsize=1024)
def conditions_not_met(definition: Definition, answers: tuple[tuple[str, Answer], ...]) -> Mapping[StepId, str]:
    """The steps whose condition is false by these answers, with the condition as it was written."""
    known: dict[str, object] = dict(answers)
    return {
        step.id: step.when.said
        for step in definition.steps.values()
        if step.when is not None and holds(step.when, known) is False
    }
