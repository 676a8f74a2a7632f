"""What a document is about, and the views on it that several documents share. No clock, no database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from regie.core.definition import Definition, Step, text_in
from regie.core.holding import find_holding_back_start
from regie.core.ids import AnchorId, BodyId, OccurrenceKey, PersonId, PhaseId, RoleId
from regie.core.latest import anchor_targets
from regie.core.plan import Plan
from regie.core.traject import Cycle, Occurrence, Planned, State, Traject
from regie.core.why import meeting_reason
from regie.text.dates import say_count, say_date, say_period
from regie.text.phrases import STATES, say, say_list
from regie.text.rules import say_anchor, say_body, say_role, say_step

Names = Mapping[RoleId, tuple[str, ...]]
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was made: its name, its media type and its bytes."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Subject:
    """What a document is about: a cycle as it stands today, with its plan and the people.

    Args:
        names: per role who plays it.
        handed: what those are called to whom a step was handed over.
        earlier: the dates of an earlier report, to say what moved since; with ``earlier_on`` its day.
    """

    traject: Traject
    cycle: Cycle
    plan: Plan
    today: date
    names: Names
    language: str = "nl"
    earlier: Mapping[OccurrenceKey, Planned] = field(default_factory=dict)
    earlier_on: date | None = None
    handed: Mapping[PersonId, str] = field(default_factory=dict)

    @property
    def definition(self) -> Definition:
        return self.cycle.definition

    def planned_steps(self) -> Iterator[tuple[OccurrenceKey, Occurrence, Step, Planned]]:
        """All that takes part, in the order of the plan."""
        for key, occurrence in self.cycle.occurrences.items():
            if occurrence.planned is not None and not occurrence.state.is_out:
                yield key, occurrence, self.definition.steps[key.step], occurrence.planned

    def open_steps(self) -> Iterator[tuple[OccurrenceKey, Occurrence, Step, Planned]]:
        return (each for each in self.planned_steps() if each[1].state.is_open)

    def people_in(self, role: RoleId | None) -> str:
        """The names of who plays a role; of a role that nobody plays its own name."""
        if role is None:
            return "-"
        return say_list(self.names.get(role, ()), self.language) or say_role(self.definition, role, self.language)

    def holder(self, key: OccurrenceKey) -> str:
        """Who has the ball: whoever must act first, which of a step that cannot start is somebody else."""
        occurrence, step = self.cycle.occurrences[key], self.definition.steps[key.step]
        lead = self.definition.policy.lead
        asks_lead = occurrence.proposed_on or occurrence.declined or occurrence.askers
        if lead and asks_lead and occurrence.state is not State.FOR_DECISION:
            return self.people_in(lead)
        if occurrence.state is State.WAITING_FOR_PARTNER and occurrence.waiting_for:
            return self.people_in(occurrence.waiting_for)
        if occurrence.state is State.FOR_DECISION and step.gate is not None:
            return say_body(self.definition, step.gate.decided_by, self.language)
        if occurrence.state is State.NOT_YET and (holds := find_holding_back_start(self.cycle, key, self.today)):
            holders = dict.fromkeys(self._doer(each) for each in holds)
            return say_list(list(holders), self.language, most=3)
        return self._doer(key)

    def _doer(self, key: OccurrenceKey) -> str:
        """Who does a step: to whom it was handed over, else who plays its role."""
        occurrence = self.cycle.occurrences.get(key)
        handed = self.handed.get(occurrence.assigned_to) if occurrence and occurrence.assigned_to else None
        return handed or self.people_in(self.definition.steps[key.step].responsible)

    def say_date(self, day: date | None) -> str:
        return say_date(day, self.language) if day else "-"

    def say_step(self, key: OccurrenceKey) -> str:
        return say_step(self.definition, key, self.language)


@dataclass(frozen=True, slots=True)
class Target:
    """An anchor that was given a date and has not happened.

    ``slack``: working days between where the plan comes out and the target; negative is too late.
    """

    title: str
    on: date
    comes_on: date
    slack: int
    key: OccurrenceKey
    anchor: AnchorId


def targets(subject: Subject) -> tuple[Target, ...]:
    """The anchors that were given a date and have not happened, the earliest first."""
    found = []
    for place, target, at_start, anchor in anchor_targets(subject.plan):
        ordinal = subject.plan.start_ordinal(place) if at_start else subject.plan.finish_ordinal(place)
        comes_on, activity = date.fromordinal(ordinal), subject.plan.network.activities[place]
        slack = activity.calendar.working_days_between(comes_on, target)
        title = say_anchor(subject.definition, anchor, subject.language)
        found.append(Target(title, target, comes_on, slack, activity.key, AnchorId(anchor)))
    return tuple(sorted(found, key=lambda each: each.on))


def handed_to(cycle: Cycle) -> frozenset[PersonId]:
    """Everybody to whom a step of a cycle was handed over."""
    return frozenset(each.assigned_to for each in cycle.occurrences.values() if each.assigned_to is not None)


def phase_windows(subject: Subject) -> list[tuple[str, date, date, int]]:
    """Per phase its title, first and last day, and number of steps that take part. Windows may overlap.

    What was kept from an earlier cycle was done then, and stretches no window of this one.
    """
    windows = []
    for phase, found in _by_phase(subject).items():
        own = [planned for planned, occurrence in found if occurrence.kept_from is None]
        dates = own or [planned for planned, _ in found]
        first, last = min(each.early_start for each in dates), max(each.early_finish for each in dates)
        windows.append((text_in(subject.definition.phases[phase].title, subject.language), first, last, len(found)))
    return windows


def phase_rows(subject: Subject) -> list[Row]:
    """Per phase its title, its window in words, how many steps, and how many of them are done."""
    rows: list[Row] = []
    by_phase = _by_phase(subject).values()
    for (title, first, last, count), planned in zip(phase_windows(subject), by_phase, strict=True):
        done = sum(occurrence.state is State.DONE for _, occurrence in planned)
        rows.append((title, say_period(first, last, subject.language), str(count), str(done)))
    return rows


def _by_phase(subject: Subject) -> Mapping[PhaseId, Sequence[tuple[Planned, Occurrence]]]:
    found: dict[PhaseId, list[tuple[Planned, Occurrence]]] = {phase: [] for phase in subject.definition.phases}
    for _, occurrence, step, planned in subject.planned_steps():
        found.setdefault(step.phase, []).append((planned, occurrence))
    return {phase: planned for phase, planned in found.items() if planned}


@dataclass(frozen=True, slots=True)
class Coming:
    """A decision that is still to come.

    Args:
        on: the day that the plan has it; of a body that meets a meeting day.
        papers_due_on: last day for the papers of that meeting; None when the day is no meeting.
        missed: earlier meetings that are held too early for the papers.
    """

    key: OccurrenceKey
    title: str
    decided_by: str
    on: date
    papers_due_on: date | None
    missed: tuple[date, ...]
    state: State


def coming_gates(subject: Subject) -> tuple[Coming, ...]:
    """The decisions that are still to come, by date."""
    found = []
    for key, occurrence, step, planned in subject.open_steps():
        if step.gate is None:
            continue
        body = subject.definition.bodies.get(BodyId(step.gate.decided_by))
        meeting = body.next_feasible(planned.early_finish, date.min) if body else None
        is_meeting = meeting is not None and meeting.held_on == planned.early_finish
        reason = meeting_reason(subject.plan, subject.plan.network.index[key]) if is_meeting else None
        found.append(
            Coming(
                key,
                subject.say_step(key),
                say_body(subject.definition, step.gate.decided_by, subject.language),
                planned.early_finish,
                meeting.papers_due_on if meeting and is_meeting else None,
                reason.meeting.missed if reason and reason.meeting else (),
                occurrence.state,
            )
        )
    return tuple(sorted(found, key=lambda each: each.on))


def gates(subject: Subject) -> list[tuple[date, Row]]:
    """The decisions that are still to come, by date: step, who decides, date, papers by, how it stands."""
    return [
        (
            each.on,
            (
                each.title,
                each.decided_by,
                subject.say_date(each.on),
                subject.say_date(each.papers_due_on),
                STATES[subject.language][each.state],
            ),
        )
        for each in coming_gates(subject)
    ]


def anchor_rows(subject: Subject) -> list[Row]:
    """The named dates: title, date, and whether it happened, was asked for, or follows from the plan."""
    found = []
    for anchor in subject.definition.anchors.values():
        on = subject.plan.anchor_on(anchor.id)
        if on is None:
            continue
        dates = subject.cycle.anchors.get(anchor.id)
        is_start = anchor.id == subject.definition.start_anchor
        kind = "anchor_planned"
        if (dates is not None and dates.actual is not None) or (is_start and on <= subject.today):
            kind = "anchor_actual"
        elif dates is not None and dates.target is not None:
            kind = "anchor_target"
        title = text_in(anchor.title, subject.language)
        found.append((on, (title, subject.say_date(on), say(kind, subject.language))))
    return [row for _, row in sorted(found, key=lambda each: each[0])]


def say_room(target: Target, language: str) -> str:
    """How a target stands: how much room there is, or by how much it is missed."""
    phrase = "target_late" if target.slack < 0 else "target_room" if target.slack else "target_tight"
    return say(
        phrase,
        language,
        target=target.title,
        on=say_date(target.on, language),
        comes_on=say_date(target.comes_on, language),
        days=say_count(abs(target.slack), "wd", language),
    )
