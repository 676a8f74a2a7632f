"""What must follow from an event, as values: for the store to save and for people to see first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from regie.core.events import Event
from regie.core.findings import PlanFinding
from regie.core.ids import OccurrenceKey
from regie.core.lines import Message
from regie.core.plan import Plan
from regie.core.traject import Cycle, Occurrence, Planned, State, Traject


@dataclass(frozen=True, slots=True)
class Transition:
    """An occurrence changed state."""

    cycle: int
    key: OccurrenceKey
    before: State | None
    after: State


@dataclass(frozen=True, slots=True)
class Moved:
    """The dates of an occurrence changed."""

    cycle: int
    key: OccurrenceKey
    before: Planned
    after: Planned

    @property
    def finish_before(self) -> date:
        return self.before.early_finish

    @property
    def finish_after(self) -> date:
        return self.after.early_finish


@dataclass(frozen=True, slots=True)
class WantedRun:
    """An automated step that is ready to run, and the name of its action."""

    cycle: int
    key: OccurrenceKey
    action: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that one event leads to. Nothing has been saved.

    Args:
        traject: as it will be.
        added: occurrences that did not exist; ``updated``: those of which a fact, state or date changed.
        cycles: cycles of which something else changed (anchors, items, state).
        next_look_on: first day on which time alone may change something; None when never.
        plans: the plan of each cycle that was looked at, by cycle number.
        wants_cycle: kind of the next cycle that a decision asked for.
        wants_runs: automated steps that became ready.
        clock_went_back: nothing was looked at, because the clock stands before an earlier look.
    """

    event: Event
    traject: Traject
    transitions: tuple[Transition, ...] = ()
    moved: tuple[Moved, ...] = ()
    added: tuple[tuple[int, Occurrence], ...] = ()
    updated: tuple[tuple[int, Occurrence], ...] = ()
    cycles: tuple[Cycle, ...] = ()
    messages: tuple[Message, ...] = ()
    plans: tuple[tuple[int, Plan], ...] = ()
    next_look_on: date | None = None
    wants_cycle: str | None = None
    wants_runs: tuple[WantedRun, ...] = ()
    clock_went_back: bool = False

    @property
    def findings(self) -> tuple[PlanFinding, ...]:
        """What the new plans can not make true."""
        return tuple(finding for _, plan in self.plans for finding in plan.findings)

    @property
    def is_empty(self) -> bool:
        """Whether saving would write nothing that matters."""
        return not (self.transitions or self.added or self.updated or self.cycles or self.messages)
