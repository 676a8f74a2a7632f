"""What is so: a traject, its cycles and their occurrences, as frozen values.

Facts stand apart from what follows from them. ``Occurrence.state`` and ``Occurrence.planned`` are the
last known consequences, kept to see what changed; the engine derives both anew from the facts, so the
order in which facts arrived can not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from regie.core.definition import Answers, Definition, HearsWhen
from regie.core.ids import AnchorId, ListId, OccurrenceKey, PersonId, RoleId, StepId
from regie.core.terms import Suspension
from regie.errors import NotFound


class State(StrEnum):
    """Where an occurrence stands. Late is not among them: it is derived from a date."""

    NOT_YET = "not yet"
    READY = "ready"
    IN_PROGRESS = "in progress"
    WAITING_FOR_PARTNER = "waiting for partner"
    FOR_DECISION = "for decision"
    DONE = "done"
    NOT_APPLICABLE = "not applicable"
    WAIVED = "waived"
    DROPPED = "dropped"
    WITHDRAWN = "withdrawn"

    @property
    def is_out(self) -> bool:
        """Whether it takes no part in the plan; counts as satisfied for its successors."""
        return self in OUT_STATES

    @property
    def is_open(self) -> bool:
        """Whether somebody may still have to do something."""
        return self not in OUT_STATES and self is not State.DONE


OUT_STATES = frozenset({State.NOT_APPLICABLE, State.WAIVED, State.DROPPED, State.WITHDRAWN})


class Planned(NamedTuple):
    """The dates of an occurrence in one plan. First and last day inclusive; slack in working days."""

    early_start: date
    early_finish: date
    late_start: date
    late_finish: date
    slack_working_days: int
    critical: bool
    due_on: date | None = None
    legal_on: date | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A step in a cycle: its facts, and what followed from them when it was last looked at.

    Args:
        out: why it is left out of the plan; only with an ``is_out`` state as ``out_state``.
        out_state: what kind of left out; waived, dropped and withdrawn are facts, not applicable is derived.
        kept_from: number of the cycle whose result was carried over.
        held_until: a gate was held; it returns to the table not before this day.
        proposed_on: the date that a partner asked for and the lead has not answered; ``proposal_reason`` says why.
        assigned_to: who does it in place of the people of its role.
        declined: the role said that the step is not theirs; until the lead acts the lead hears what they would.
        askers: who waits for an answer of the lead, in order of asking.
        told: what was told already, per kind the due date that it was told for.
        extended: the statutory term was prolonged by its extension.
        version: rises with every saved change; the guard against two people at once.
    """

    key: OccurrenceKey
    started_on: date | None = None
    finished_on: date | None = None
    waiting_for: RoleId | None = None
    for_decision: bool = False
    outcome: str | None = None
    held_until: date | None = None
    out_state: State | None = None
    out: str = ""
    kept_from: int | None = None
    pinned_start: date | None = None
    pinned_finish: date | None = None
    pin_reason: str = ""
    promised_on: date | None = None
    proposed_on: date | None = None
    proposal_reason: str = ""
    assigned_to: PersonId | None = None
    declined: bool = False
    askers: tuple[str, ...] = ()
    suspensions: tuple[Suspension, ...] = ()
    extended: bool = False
    evidence: tuple[str, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)
    state: State = State.NOT_YET
    planned: Planned | None = None
    version: int = 0

    @property
    def step(self) -> StepId:
        return self.key.step

    @property
    def is_out(self) -> bool:
        return self.out_state is not None

    @property
    def is_done(self) -> bool:
        return self.finished_on is not None and self.out_state is None

    def standing(self, state: State, planned: Planned | None) -> Occurrence:
        """Give the same facts with what follows from them. Quicker than ``replace``: a look does it for every step."""
        new = object.__new__(Occurrence)
        for name in Occurrence.__slots__:
            object.__setattr__(new, name, getattr(self, name))
        object.__setattr__(new, "state", state)
        object.__setattr__(new, "planned", planned)
        return new


@dataclass(frozen=True, slots=True)
class AnchorDates:
    """``target`` is what was asked for, until it happens; then ``actual`` counts."""

    target: date | None = None
    actual: date | None = None

    @property
    def counts(self) -> date | None:
        return self.actual or self.target


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a growing list, such as an arrival: a date and a number, never a name."""

    key: str
    on: date | None = None
    number: int | None = None


class CycleState(StrEnum):
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Cycle:
    """One pass through the phases, on the definition version that it started with."""

    number: int
    kind: str
    definition: Definition
    answers: Answers
    anchors: Mapping[AnchorId, AnchorDates]
    occurrences: Mapping[OccurrenceKey, Occurrence] = field(default_factory=dict)
    items: Mapping[ListId, tuple[Item, ...]] = field(default_factory=dict)
    parent: int | None = None
    state: CycleState = CycleState.RUNNING
    ended_because: str = ""

    def anchor_on(self, anchor: AnchorId) -> date | None:
        """The date that counts for an anchor: what happened, else the target."""
        dates = self.anchors.get(anchor)
        return dates.counts if dates else None


@dataclass(frozen=True, slots=True)
class Absence:
    begins_on: date
    ends_on: date

    def covers(self, day: date) -> bool:
        return self.begins_on <= day <= self.ends_on


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who plays a role; the core knows an id and habits, no name and no address.

    ``deputy`` hears it while the person is away. ``hears`` overrules the rhythm of the role.
    """

    id: PersonId
    language: str = "nl"
    hears: HearsWhen | None = None
    away: tuple[Absence, ...] = ()
    deputy: PersonId | None = None

    def is_away(self, day: date) -> bool:
        return any(absence.covers(day) for absence in self.away)


@dataclass(frozen=True, slots=True)
class Traject:
    """One location's run of a definition, with all its cycles and the people bound to roles.

    Args:
        checked_at: high-water mark of the clock: the latest moment this traject was looked at.
        next_look_on: first day on which time alone may change something, as the last look found.
        people: per role the people who play it, in order of preference.
        others: who plays no role, but has a step of their own or waits for an answer.
    """

    id: int
    slug: str
    title: str
    cycles: tuple[Cycle, ...]
    people: Mapping[RoleId, tuple[Person, ...]] = field(default_factory=dict)
    zone: str = "Europe/Amsterdam"
    checked_at: datetime | None = None
    next_look_on: date | None = None
    version: int = 0
    others: tuple[Person, ...] = ()

    def person(self, wanted: str) -> Person | None:
        """Somebody who plays a role here or has a step, by id; None when nobody here is."""
        return next(
            (each for people in (*self.people.values(), self.others) for each in people if each.id == wanted), None
        )

    def cycle(self, number: int) -> Cycle | None:
        return next((cycle for cycle in self.cycles if cycle.number == number), None)

    def get_cycle(self, number: int) -> Cycle:
        """Give a cycle that must be there.

        Raises:
            NotFound: ``unknown-cycle``.
        """
        found = self.cycle(number)
        if found is None:
            numbers = [str(each.number) for each in self.cycles]
            raise NotFound(
                f"traject '{self.slug}' has no cycle {number}",
                code="unknown-cycle",
                hint=f"one of: {', '.join(numbers)}",
                traject=self.slug,
                cycle=number,
                options=numbers,
            )
        return found

    def choose_cycle(self, number: int = 0) -> Cycle:
        """Give a cycle to look at; 0 for the last that runs, or else the last there was.

        Raises:
            NotFound: ``unknown-cycle``.
        """
        return self.get_cycle(number) if number else (self.running() or self.cycles)[-1]

    def running(self) -> tuple[Cycle, ...]:
        return tuple(cycle for cycle in self.cycles if cycle.state is CycleState.RUNNING)
