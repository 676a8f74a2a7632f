"""Gates as a page shows them: what is decided, by whom, at which meetings, with papers by when; and what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from regie.core.definition import Effect, Outcome, text_in
from regie.core.ids import BodyId, OccurrenceKey
from regie.core.messages import is_confidential
from regie.core.settle import settle
from regie.core.traject import CycleState, State
from regie.core.transitions import Verb
from regie.core.why import meeting_reason
from regie.errors import Refused
from regie.reports.audit import HIDDEN
from regie.reports.step_view import EvidenceView, StepView, look_at, view_evidence, view_step
from regie.reports.subject import Subject
from regie.reports.traject_home import load_for_view, role_names, without_secrets
from regie.store.decisions import RecordedDecision, list_decisions
from regie.store.definitions import DefinitionShelf
from regie.store.lately import names_of
from regie.store.portfolio import list_players
from regie.store.trajects import find_traject_id
from regie.text.phrases import STATES, words_in
from regie.text.rules import say_body, say_cycle, say_outcome, say_step
from regie.text.sentences import explain_finish

MOST_MEETINGS = 4
"""So many of the next meetings are shown."""

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MeetingView:
    """A meeting that can decide.

    Args:
        papers_late: the last day for the papers has passed.
        is_planned: the plan counts on this one.
        missed: earlier meetings that come too early for the papers.
        not_held: days on which there would have been a meeting, each with the recess or day off.
    """

    held_on: date
    papers_due_on: date
    papers_late: bool
    is_planned: bool
    missed: tuple[date, ...]
    not_held: tuple[tuple[date, str], ...]


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """What may be decided.

    Args:
        ends: titles of the steps that it lets lapse.
        opens_cycle: the kind of next cycle that it asks for, in words.
    """

    id: str
    title: str
    effect: Effect
    ends: tuple[str, ...] = ()
    opens_cycle: str = ""

    @property
    def needs_reason(self) -> bool:
        return self.effect is not Effect.OPENS

    @property
    def needs_date(self) -> bool:
        """Whether the record asks until when it is held."""
        return self.effect is Effect.WAITS

    @property
    def may_have_date(self) -> bool:
        return self.effect in (Effect.WAITS, Effect.STAYS_CLOSED)


@dataclass(frozen=True, slots=True)
class DecisionView:
    """What was decided. ``document``: None when there is none, or when it is not for this reader."""

    outcome: str
    decided_by: str
    decided_on: date
    held_until: date | None
    reason: str
    document: EvidenceView | None
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True)
class GateLine:
    """A gate in a list. ``decisions``: what was decided, the latest first."""

    cycle: int
    key: OccurrenceKey
    title: str
    decided_by: str
    state: State
    state_said: str
    planned_on: date | None
    due_on: date | None
    is_late: bool
    held_until: date | None
    outcome: str
    meetings: tuple[MeetingView, ...]
    decisions: tuple[DecisionView, ...]


@dataclass(frozen=True, slots=True)
class CycleGates:
    """The gates of one cycle: still to decide, the earliest first; decided, the latest first; left out."""

    number: int
    kind: str
    is_over: bool
    coming: tuple[GateLine, ...]
    decided: tuple[GateLine, ...]
    out: tuple[GateLine, ...]


@dataclass(frozen=True, slots=True)
class GatesView:
    """All gates of the cycles that run, or of the last there was."""

    traject_id: int
    traject: str
    title: str
    today: date
    cycles: tuple[CycleGates, ...]


@dataclass(frozen=True, slots=True)
class GateView:
    """One gate.

    Args:
        step: everything that holds for any step.
        has_meetings: a body with meeting days decides; else a role does, on a day of its own.
        why: why it is planned on the day that it is.
        may: which of ``put up for decision``, ``resume`` and ``decide`` its state lets people do now.
    """

    step: StepView
    has_meetings: bool
    meetings: tuple[MeetingView, ...]
    outcomes: tuple[OutcomeView, ...]
    decisions: tuple[DecisionView, ...]
    why: str
    may: tuple[Verb, ...]

    @property
    def version(self) -> int:
        return self.step.occurrence.version

    def outcome(self, name: str) -> OutcomeView | None:
        return next((each for each in self.outcomes if each.id == name), None)


_GATE_VERBS = (Verb.PUT_FOR_DECISION, Verb.RESUME, Verb.DECIDE)


def make_gate_view(
    session: Session,
    shelf: DefinitionShelf,
    slug: str,
    key: OccurrenceKey,
    today: date,
    language: str = "nl",
    *,
    cycle: int = 0,
    sees_confidential: bool = True,
) -> GateView:
    """Gather what there is to know about a gate.

    Args:
        cycle: its number; 0 for the last that runs, or else the last there was.
        sees_confidential: else, of a confidential gate, what people typed or handed over is left out.

    Raises:
        NotFound: ``unknown-traject``, ``unknown-cycle``, ``unknown-step``.
        Refused: ``not-a-gate``.
    """
    subject = look_at(session, shelf, slug, today, language, cycle=cycle, sees_confidential=sees_confidential)
    view = view_step(session, subject, key, sees_confidential=sees_confidential)
    gate = subject.definition.steps[key.step].gate
    if gate is None:
        raise Refused(f"'{key}' is no gate", code="not-a-gate", hint="finish it instead")
    is_planned = key in subject.plan and not view.is_over and view.occurrence.state.is_open
    recorded = [each for each in list_decisions(session, subject.traject.id) if each.cycle == subject.cycle.number]
    decisions = _decisions(session, subject, recorded, sees_confidential=sees_confidential)
    return GateView(
        view,
        BodyId(gate.decided_by) in subject.definition.bodies,
        tuple(_meetings(subject, key, MOST_MEETINGS)) if is_planned else (),
        tuple(_outcome(subject, each) for each in gate.outcomes.values()),
        decisions.get(key, ()),
        explain_finish(subject.plan, key, language) if is_planned else view.why,
        tuple(each for each in view.may if each in _GATE_VERBS),
    )


def make_gates_view(
    session: Session,
    shelf: DefinitionShelf,
    slug: str,
    today: date,
    language: str = "nl",
    *,
    sees_confidential: bool = True,
) -> GatesView:
    """Gather the gates of all cycles that run, or of the last there was.

    Raises:
        NotFound: ``unknown-traject``.
    """
    traject = load_for_view(session, shelf, find_traject_id(session, slug))
    players = list_players(session, traject_ids={traject.id})
    recorded = list_decisions(session, traject.id)
    found = []
    for cycle in reversed(traject.running() or traject.cycles[-1:]):
        settled, plan = settle(cycle if sees_confidential else without_secrets(cycle), today)
        names = role_names(players, settled.definition, traject.id)
        subject = Subject(traject, settled, plan, today, names, language)
        own = [each for each in recorded if each.cycle == cycle.number]
        found.append(_cycle_gates(subject, _decisions(session, subject, own, sees_confidential=sees_confidential)))
    return GatesView(traject.id, traject.slug, traject.title, today, tuple(found))


def _cycle_gates(subject: Subject, decisions: Mapping[OccurrenceKey, tuple[DecisionView, ...]]) -> CycleGates:
    is_over = subject.cycle.state is CycleState.ENDED
    lines = [_line(subject, key, decisions.get(key, ())) for key in _gates(subject)]
    coming = [each for each in lines if each.state.is_open and not is_over]
    return CycleGates(
        subject.cycle.number,
        say_cycle(subject.definition, subject.cycle.kind, subject.language),
        is_over,
        tuple(sorted(coming, key=lambda each: (each.planned_on or date.max, each.title))),
        tuple(
            sorted(
                (each for each in lines if each.state is State.DONE),
                key=lambda each: each.decisions[0].decided_on if each.decisions else date.min,
                reverse=True,
            )
        ),
        tuple(each for each in lines if each.state.is_out or (is_over and each.state.is_open)),
    )


def _gates(subject: Subject) -> Iterator[OccurrenceKey]:
    steps = subject.definition.steps
    return (key for key in subject.cycle.occurrences if steps[key.step].gate is not None)


def _line(subject: Subject, key: OccurrenceKey, decisions: tuple[DecisionView, ...]) -> GateLine:
    occurrence, step = subject.cycle.occurrences[key], subject.definition.steps[key.step]
    assert step.gate is not None  # the caller picked the gates
    planned, is_open = occurrence.planned, occurrence.state.is_open
    due_on = planned.due_on if planned else None
    is_running = subject.cycle.state is CycleState.RUNNING
    return GateLine(
        subject.cycle.number,
        key,
        subject.say_step(key),
        say_body(subject.definition, step.gate.decided_by, subject.language),
        occurrence.state,
        STATES[subject.language][occurrence.state],
        planned.early_finish if planned else None,
        due_on,
        is_open and is_running and due_on is not None and due_on < subject.today,
        occurrence.held_until,
        say_outcome(step, occurrence.outcome, subject.language) if occurrence.outcome else "",
        tuple(_meetings(subject, key, 2)) if is_open and is_running and key in subject.plan else (),
        decisions,
    )


def _meetings(subject: Subject, key: OccurrenceKey, most: int) -> Iterator[MeetingView]:
    """The next meetings that can decide, the first one with what was passed over to get there."""
    step = subject.definition.steps[key.step]
    assert step.gate is not None  # the caller looked
    body = subject.definition.bodies.get(BodyId(step.gate.decided_by))
    if body is None:
        return
    place = subject.plan.network.index[key]
    reason = meeting_reason(subject.plan, place)
    meeting = reason.meeting if reason else None
    papers_ready_on = date.fromordinal(subject.plan.start_ordinal(place))
    planned_on = date.fromordinal(subject.plan.finish_ordinal(place))
    days_off = words_in(subject.language).days_off
    for _ in range(most):
        if meeting is None:
            return
        yield MeetingView(
            meeting.held_on,
            meeting.papers_due_on,
            meeting.papers_due_on < subject.today,
            meeting.held_on == planned_on,
            meeting.missed,
            tuple((day, days_off.get(why, why)) for day, why in meeting.not_held),
        )
        meeting = body.next_feasible(meeting.held_on + _ONE_DAY, papers_ready_on)


def _outcome(subject: Subject, outcome: Outcome) -> OutcomeView:
    definition, language = subject.definition, subject.language
    return OutcomeView(
        outcome.id,
        text_in(outcome.title, language),
        outcome.effect,
        tuple(say_step(definition, OccurrenceKey(each), language) for each in outcome.ends),
        say_cycle(definition, outcome.opens_cycle, language) if outcome.opens_cycle else "",
    )


def _decisions(
    session: Session, subject: Subject, recorded: Sequence[RecordedDecision], *, sees_confidential: bool
) -> Mapping[OccurrenceKey, tuple[DecisionView, ...]]:
    """What was decided, per gate, the latest first; the names and the documents of all are asked for at once."""
    called = names_of(session, {each.recorded_by for each in recorded})
    given = list(dict.fromkeys(each.document for each in recorded if each.document))
    documents = dict(zip(given, view_evidence(session, given), strict=True))
    steps = subject.definition.steps
    found: dict[OccurrenceKey, tuple[DecisionView, ...]] = {}
    for each in recorded:
        step = steps.get(each.key.step)
        is_hidden = step is None or (is_confidential(subject.cycle, step) and not sees_confidential)
        view = DecisionView(
            say_outcome(step, each.outcome, subject.language),
            HIDDEN[subject.language] if is_hidden else each.decided_by,
            each.decided_on,
            each.held_until,
            "" if is_hidden else each.reason,
            None if is_hidden else documents.get(each.document),
            each.recorded_at,
            called[each.recorded_by],
        )
        found[each.key] = (*found.get(each.key, ()), view)
    return found
