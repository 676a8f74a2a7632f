"""The plan as plain values, for a picture or for the table that says the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from regie.core.definition import Definition, Step, text_in
from regie.core.findings import Severity
from regie.core.ids import AnchorId, OccurrenceKey, PhaseId, StepId, TrackId
from regie.core.messages import is_secret
from regie.core.network import Shape
from regie.core.plan import Plan
from regie.core.start_plan import dates_at_start
from regie.core.traject import Cycle, CycleState, Occurrence, Planned, State
from regie.text.dates import say_count
from regie.text.phrases import STATES, words_in
from regie.text.rules import say_role, say_step
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
        first: of the plan as it is now; of what began the day that it really did, and so on.
        slack: working days it can slip; negative is too late already.
        is_late: its due date has passed and it is still open.
        is_critical: it is part of the longest chain of steps to what the plan is for.
        kept_from: number of the cycle whose result was carried over; 0 when it is of this one.
        at_start: first and last day of the plan as it was on the first day of the cycle; None of what came later.
        role: title of who does it; empty when nobody is named.
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
    at_start: tuple[date, date] | None = None
    started_on: date | None = None
    finished_on: date | None = None
    promised_on: date | None = None
    legal_on: date | None = None
    role: str = ""
    cycle: int = 1

    @property
    def moments(self) -> Iterator[date]:
        """All days of it that a picture shows."""
        found = (self.first, self.last, *(self.at_start or ()), self.promised_on, self.legal_on)
        return (each for each in found if each is not None)


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
    id: str = ""
    cycle: int = 1


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


LATE, CRITICAL, OPEN = "late", "critical", "open"
"""What can be asked of a state besides the states themselves."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which steps are wanted: the ids of a phase, track, responsible role and state; an empty one wants all."""

    phase: str = ""
    track: str = ""
    role: str = ""
    state: str = ""

    def takes(self, step: Step) -> bool:
        return all(
            not wanted or wanted == (found or "")
            for wanted, found in ((self.phase, step.phase), (self.track, step.track), (self.role, step.responsible))
        )

    def takes_state(self, state: State, *, is_late: bool, is_critical: bool) -> bool:
        others = {LATE: is_late, CRITICAL: is_critical, OPEN: state.is_open}
        return not self.state or others.get(self.state, state.value == self.state)


EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be wanted of some cycles, by id and in words. ``total``: how many steps take part."""

    phases: Mapping[str, str] = field(default_factory=dict)
    tracks: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    total: int = 0


def choices_of(cycles: Sequence[Cycle], language: str = "nl") -> Choices:
    """Gather what the steps of some cycles give to choose from, in the order of their definition; roles by name."""
    phases: dict[str, str] = {}
    tracks: dict[str, str] = {}
    roles: dict[str, str] = {}
    found: set[State] = set()
    total = 0
    for cycle in cycles:
        definition = cycle.definition
        shown = [each for each in cycle.occurrences.values() if _is_shown(each)]
        steps = [definition.steps[each.step] for each in shown]
        used = {each.phase for each in steps}, {each.track for each in steps}
        phases |= {each.id: text_in(each.title, language) for each in definition.phases.values() if each.id in used[0]}
        tracks |= {each.id: text_in(each.title, language) for each in definition.tracks.values() if each.id in used[1]}
        roles |= {role: say_role(definition, role, language) for each in steps if (role := each.responsible)}
        found |= {each.state for each in shown}
        total += len(shown)
    words = words_in(language).chart
    states = {OPEN: words["open"], LATE: words["late"], CRITICAL: words["critical"]}
    states |= {each.value: STATES[language][each] for each in State if each in found}
    return Choices(phases, tracks, dict(sorted(roles.items(), key=lambda each: each[1].casefold())), states, total)


def _is_shown(occurrence: Occurrence) -> bool:
    return occurrence.planned is not None and not occurrence.state.is_out


def gantt_view(
    title: str,
    cycle: Cycle,
    plan: Plan,
    today: date,
    language: str = "nl",
    *,
    wanted: Wanted = EVERYTHING,
    sees_confidential: bool = True,
) -> GanttView:
    """Gather what a picture of the plan shows. What takes no part is left out.

    Args:
        sees_confidential: else a copy of a confidential step is not called by what people typed.
    """
    definition = cycle.definition
    at_start = dates_at_start(cycle)
    critical, critical_to = _critical_chain(plan, language)
    by_phase: dict[PhaseId, dict[StepId, list[Bar]]] = {phase: {} for phase in definition.phases}
    for key, occurrence in cycle.occurrences.items():
        if occurrence.planned is None or occurrence.state.is_out or not wanted.takes(definition.steps[key.step]):
            continue
        step = definition.steps[key.step]
        is_hidden = not sees_confidential and is_secret(step, cycle.anchors)
        name = text_in(step.title, language) if is_hidden else say_step(definition, key, language)
        role = say_role(definition, step.responsible, language) if step.responsible else ""
        bar = _bar(
            name,
            role,
            cycle.number,
            plan,
            occurrence,
            occurrence.planned,
            at_start.get(key),
            key in critical,
            today,
            language,
            is_over=cycle.state is CycleState.ENDED,
        )
        if wanted.takes_state(occurrence.state, is_late=bar.is_late, is_critical=bar.is_critical):
            by_phase.setdefault(step.phase, {}).setdefault(key.step, []).append(bar)
    phases = [_phase(phase, cycle.number, bars, definition, language) for phase, bars in by_phase.items() if bars]
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


def join_views(title: str, views: Sequence[GanttView], called: Sequence[str]) -> GanttView:
    """Put the plans of several cycles in one picture, one below the other.

    Args:
        called: what each cycle is called, in words.
    """
    if len(views) == 1:
        return replace(views[0], title=title)
    phases = [
        replace(phase, title=f"{name}: {phase.title}")
        for view, name in zip(views, called, strict=True)
        for phase in view.phases
    ]
    anchors = [
        replace(each, title=f"{each.title} ({name})")
        for view, name in zip(views, called, strict=True)
        for each in view.anchors
    ]
    return replace(
        views[0],
        title=title,
        phases=tuple(phases),
        anchors=tuple(sorted(anchors, key=lambda each: each.on)),
        threats=tuple(each for view in views for each in view.threats),
        critical_to=", ".join(dict.fromkeys(view.critical_to for view in views if view.critical_to)),
    )


def _is_target(cycle: Cycle, anchor: AnchorId, on: date) -> bool:
    dates = cycle.anchors.get(anchor)
    return dates is not None and dates.actual is None and dates.target == on and anchor != cycle.definition.start_anchor


def say_slack(slack: int, language: str) -> str:
    words = words_in(language).chart
    if slack == 0:
        return words["no_slack"]
    return words["slack" if slack > 0 else "short"].format(days=say_count(abs(slack), "wd", language))


def _bar(
    title: str,
    role: str,
    cycle: int,
    plan: Plan,
    occurrence: Occurrence,
    planned: Planned,
    begun: Planned | None,
    is_critical: bool,
    today: date,
    language: str,
    *,
    is_over: bool,
) -> Bar:
    is_late = not is_over and occurrence.state.is_open and planned.due_on is not None and planned.due_on < today
    return Bar(
        occurrence.key,
        title,
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
        (begun.early_start, begun.early_finish) if begun and not occurrence.kept_from else None,
        occurrence.started_on,
        occurrence.finished_on,
        occurrence.promised_on,
        planned.legal_on,
        role,
        cycle,
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


def _phase(
    phase: PhaseId, cycle: int, steps: Mapping[StepId, list[Bar]], definition: Definition, language: str
) -> PhaseView:
    """The lanes of a phase by theme, in the order of the definition, then by first day."""
    order = {track: number for number, track in enumerate(definition.tracks)}
    found = [(_rank(definition.steps[step], order), _lane(definition, step, steps[step], language)) for step in steps]
    lanes = tuple(lane for _, lane in sorted(found, key=lambda each: (each[0], each[1].first, each[1].title)))
    every = [bar for lane in lanes for bar in lane.bars]
    bars = [bar for bar in every if not bar.kept_from] or every
    title = text_in(definition.phases[phase].title, language)
    return PhaseView(title, min(bar.first for bar in bars), max(bar.last for bar in bars), lanes, str(phase), cycle)


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
