"""The plan as plain values, for a picture or for the table that says the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from regie.core.definition import Definition, Step, text_in
from regie.core.findings import Severity
from regie.core.ids import AnchorId, OccurrenceKey, PhaseId, StepId, TrackId
from regie.core.network import Shape
from regie.core.plan import Plan
from regie.core.traject import Cycle, Occurrence, Planned, State
from regie.text.dates import say_count, say_date
from regie.text.phrases import STATES, words_in
from regie.text.rules import say_step
from regie.text.sentences import explain_finding


class Look(StrEnum):
    """How a step is drawn."""

    DONE = "done"
    BUSY = "busy"
    PLANNED = "planned"
    LATE = "late"


class Mark(StrEnum):
    """What is drawn: a bar, or a diamond for what is a moment."""

    BAR = "bar"
    GATE = "gate"
    MILESTONE = "milestone"


@dataclass(frozen=True, slots=True)
class Bar:
    """One occurrence: when, how it stands, and how much room it has.

    Args:
        slack: working days it can slip; negative is too late already.
        is_late: its due date has passed and it is still open.
        is_critical: it is part of the longest chain of steps to what the plan is for.
        kept_from: number of the cycle whose result was carried over; 0 when it is of this one.
    """

    key: OccurrenceKey
    title: str
    first: date
    last: date
    due_on: date | None
    slack: int
    state: str
    look: Look
    mark: Mark
    is_late: bool
    is_critical: bool
    kept_from: int = 0


@dataclass(frozen=True, slots=True)
class Lane:
    """One step with all its copies, and the theme that it belongs to."""

    title: str
    track: str
    is_in_all_phases: bool
    bars: tuple[Bar, ...]

    @property
    def first(self) -> date:
        return min(bar.first for bar in self.bars)


@dataclass(frozen=True, slots=True)
class PhaseView:
    """A phase with the window that follows from its steps in this cycle; windows of phases may overlap."""

    title: str
    first: date
    last: date
    lanes: tuple[Lane, ...]


@dataclass(frozen=True, slots=True)
class AnchorView:
    """A named date; ``is_target``: it has not happened and the plan may come to another."""

    title: str
    on: date
    is_target: bool


@dataclass(frozen=True, slots=True)
class GanttView:
    """All that is drawn.

    Args:
        threats: what was asked for and can not hold, in sentences.
        critical_to: name of the anchor that the critical chain leads to; empty when it is the end of the plan.
    """

    title: str
    today: date
    phases: tuple[PhaseView, ...]
    anchors: tuple[AnchorView, ...]
    threats: tuple[str, ...] = ()
    critical_to: str = ""
    language: str = "nl"

    def bars(self) -> Iterator[Bar]:
        for phase in self.phases:
            for lane in phase.lanes:
                yield from lane.bars

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The same as rows of a table: phase, theme, step, start, finish, state, slack, and what is notable."""
        words = words_in(self.language).chart
        for phase in self.phases:
            for lane in phase.lanes:
                for bar in lane.bars:
                    notable = [words["late"]] if bar.is_late else []
                    notable += [words["critical"]] if bar.is_critical else []
                    notable += [words["kept"].format(cycle=bar.kept_from)] if bar.kept_from else []
                    yield (
                        phase.title,
                        lane.track,
                        bar.title,
                        say_date(bar.first, self.language),
                        say_date(bar.last, self.language),
                        bar.state,
                        say_slack(bar.slack, self.language),
                        ", ".join(notable),
                    )


def gantt_view(title: str, cycle: Cycle, plan: Plan, today: date, language: str = "nl") -> GanttView:
    """Gather what a picture of the plan shows. What takes no part is left out."""
    definition = cycle.definition
    critical, critical_to = _critical_chain(plan, language)
    by_phase: dict[PhaseId, dict[StepId, list[Bar]]] = {phase: {} for phase in definition.phases}
    for key, occurrence in cycle.occurrences.items():
        if occurrence.planned is not None and not occurrence.state.is_out:
            step = definition.steps[key.step]
            bar = _bar(definition, plan, occurrence, occurrence.planned, key in critical, today, language)
            by_phase.setdefault(step.phase, {}).setdefault(key.step, []).append(bar)
    phases = [
        _phase(text_in(definition.phases[phase].title, language), bars, definition, language)
        for phase, bars in by_phase.items()
        if bars
    ]
    anchors = [
        AnchorView(text_in(anchor.title, language), on, _is_target(cycle, anchor.id, on))
        for anchor in definition.anchors.values()
        if (on := plan.anchor_on(anchor.id)) is not None
    ]
    anchors.sort(key=lambda each: each.on)
    threats = tuple(
        explain_finding(replace(finding, chain=()), definition, language)
        for finding in plan.findings
        if finding.severity is Severity.ERROR
    )
    return GanttView(title, today, tuple(phases), tuple(anchors), threats, critical_to, language)


def _is_target(cycle: Cycle, anchor: AnchorId, on: date) -> bool:
    dates = cycle.anchors.get(anchor)
    return dates is not None and dates.actual is None and dates.target == on and anchor != cycle.definition.start_anchor


def say_slack(slack: int, language: str) -> str:
    words = words_in(language).chart
    if slack == 0:
        return words["no_slack"]
    return words["slack" if slack > 0 else "short"].format(days=say_count(abs(slack), "wd", language))


def _bar(
    definition: Definition,
    plan: Plan,
    occurrence: Occurrence,
    planned: Planned,
    is_critical: bool,
    today: date,
    language: str,
) -> Bar:
    is_late = occurrence.state.is_open and planned.due_on is not None and planned.due_on < today
    return Bar(
        occurrence.key,
        say_step(definition, occurrence.key, language),
        planned.early_start,
        planned.early_finish,
        planned.due_on,
        planned.slack_working_days,
        STATES[language][occurrence.state],
        _look(occurrence.state, is_late=is_late),
        _mark(plan, occurrence.key),
        is_late,
        is_critical,
        occurrence.kept_from or 0,
    )


def _look(state: State, *, is_late: bool) -> Look:
    if state is State.DONE:
        return Look.DONE
    if is_late:
        return Look.LATE
    busy = (State.IN_PROGRESS, State.WAITING_FOR_PARTNER, State.FOR_DECISION)
    return Look.BUSY if state in busy else Look.PLANNED


def _mark(plan: Plan, key: OccurrenceKey) -> Mark:
    place = plan.network.index.get(key)
    activity = plan.network.activities[place] if place is not None else None
    if activity is not None and activity.step.gate is not None:
        return Mark.GATE
    is_moment = activity is not None and activity.work == 0 and activity.shape is Shape.WORK
    return Mark.MILESTONE if is_moment else Mark.BAR


def _phase(title: str, steps: Mapping[StepId, list[Bar]], definition: Definition, language: str) -> PhaseView:
    """The lanes of a phase by theme, in the order of the definition, then by first day."""
    order = {track: number for number, track in enumerate(definition.tracks)}
    found = [(_rank(definition.steps[step], order), _lane(definition, step, steps[step], language)) for step in steps]
    lanes = tuple(lane for _, lane in sorted(found, key=lambda each: (each[0], each[1].first, each[1].title)))
    every = [bar for lane in lanes for bar in lane.bars]
    bars = [bar for bar in every if not bar.kept_from] or every
    return PhaseView(title, min(bar.first for bar in bars), max(bar.last for bar in bars), lanes)


def _rank(step: Step, order: Mapping[TrackId, int]) -> int:
    return order.get(step.track, len(order)) if step.track else len(order)


def _lane(definition: Definition, step: StepId, bars: list[Bar], language: str) -> Lane:
    declared = definition.steps[step]
    track = definition.tracks.get(declared.track) if declared.track else None
    return Lane(
        text_in(declared.title, language),
        text_in(track.title, language) if track else "",
        bool(track and track.in_all_phases),
        tuple(sorted(bars, key=lambda bar: (bar.first, bar.last, str(bar.key)))),
    )


def _critical_chain(plan: Plan, language: str) -> tuple[frozenset[OccurrenceKey], str]:
    """The longest chain to the anchor that a target was asked for; once it happened, what has no slack to the end."""
    for anchor in plan.network.definition.anchors.values():
        dates = plan.given.anchors.get(anchor.id)
        if dates is not None and dates.actual is not None:
            continue
        place = plan.first_places.get(anchor.set_by) if anchor.set_by and anchor.target_required else None
        if place is not None and plan.is_planned(place):
            hops = plan.chain_to(plan.network.activities[place].key)
            return frozenset(hop.key for hop in hops), text_in(anchor.title, language)
    found = (
        activity.key
        for place, activity in enumerate(plan.network.activities)
        if (planned := plan.planned(place)) is not None and planned.critical
    )
    return frozenset(found), ""
