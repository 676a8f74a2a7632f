"""Where a traject stands: what threatens the opening, what is late or due, decisions, and what was told and said.

The plan is made anew for today from what is so; the rest is read. Names of people, and no addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlmodel import Session

from regie.core.definition import Definition
from regie.core.ids import OccurrenceKey, RoleId, StepId
from regie.core.messages import is_secret
from regie.core.settle import settle
from regie.core.traject import Cycle, CycleState, State, Traject
from regie.reports.subject import (
    Subject,
    coming_gates,
    handed_to,
    phase_rows,
    phase_windows,
    say_room,
    targets,
)
from regie.store.definitions import DefinitionShelf
from regie.store.history import HistoryEntry
from regie.store.lately import IN_DIGEST, count_said, count_told, list_said, list_told, names_of, names_of_people
from regie.store.portfolio import Players, list_players, players_of
from regie.store.trajects import find_traject_id, load_cycles, load_traject
from regie.text.phrases import STATES, say, words_in
from regie.text.post import say_status
from regie.text.rules import say_cycle, say_step
from regie.text.sentences import explain_chain, explain_finding

LATELY_DAYS = 14
"""Over how many calendar days what was told and said is counted."""

_LATELY, _MOST_GATES = 10, 8
_THREATS = ("RG351", "RG352")
_BY_PEOPLE, _UNSAID = (State.WAIVED, State.WITHDRAWN), "…"


@dataclass(frozen=True, slots=True)
class Threat:
    """A target or a legal date that cannot hold: a sentence, and the chain that leads to it, step by step."""

    sentence: str
    chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Aim:
    """An anchor that was given a date and has not happened.

    Args:
        room: working days between where the plan comes out and the target; negative is too late.
        sentence: the same in words.
        chain: the longest chain that leads to it, step by step.
    """

    title: str
    target_on: date
    planned_on: date
    room: int
    sentence: str
    chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenStep:
    """An open step that is late, or due soon. ``holder``: who must act first."""

    step: str
    title: str
    holder: str
    state: str
    due_on: date


@dataclass(frozen=True, slots=True)
class Decision:
    """A gate that is coming up.

    Args:
        on: of a body that meets a meeting day.
        papers_due_on: None when that day is no meeting.
        papers_late: the last day for the papers has passed.
        missed: earlier meetings that come too early.
    """

    step: str
    title: str
    decided_by: str
    on: date
    papers_due_on: date | None
    papers_late: bool
    missed: tuple[date, ...]
    state: str


@dataclass(frozen=True, slots=True)
class ToldLine:
    at: datetime
    name: str
    what: str
    step: str
    title: str
    status: str


@dataclass(frozen=True, slots=True)
class SaidLine:
    """What a partner did. ``step`` is empty when it was about no step."""

    at: datetime
    name: str
    what: str
    step: str
    title: str


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """A phase with the window that follows from its steps; windows may overlap."""

    title: str
    first_on: date
    last_on: date
    steps: int
    done: int


@dataclass(frozen=True, slots=True)
class TrajectHome:
    """How one cycle of a traject stands today.

    Args:
        cycles: the numbers of all cycles.
        threats: what cannot hold, the worst first.
        aims: what was asked for, the earliest first.
        due: to be done from today until ``due_until``.
        more_decisions: how many come after those in ``decisions``.
        told_counts: messages of the last ``LATELY_DAYS`` days in words, with how many.
        said_counts: the same, of what partners did.
    """

    traject_id: int
    traject: str
    title: str
    cycle: int
    cycles: tuple[int, ...]
    kind: str
    is_over: bool
    today: date
    due_until: date
    steps: int
    done: int
    waiting: int
    threats: tuple[Threat, ...]
    aims: tuple[Aim, ...]
    late: tuple[OpenStep, ...]
    due: tuple[OpenStep, ...]
    decisions: tuple[Decision, ...]
    more_decisions: int
    told_counts: tuple[tuple[str, int], ...]
    told: tuple[ToldLine, ...]
    said_counts: tuple[tuple[str, int], ...]
    said: tuple[SaidLine, ...]
    phases: tuple[PhaseLine, ...]


def make_traject_home(
    session: Session,
    shelf: DefinitionShelf,
    slug: str,
    today: date,
    now: datetime,
    language: str = "nl",
    *,
    cycle: int = 0,
    sees_confidential: bool = True,
) -> TrajectHome:
    """Gather how a traject stands.

    Args:
        cycle: its number; 0 for the last that runs, or else the last there was.
        sees_confidential: else, of confidential steps, what people typed is left out.

    Raises:
        NotFound: ``unknown-traject``; ``unknown-cycle``.
    """
    traject = load_for_view(session, shelf, find_traject_id(session, slug), cycle)
    chosen = traject.choose_cycle(cycle)
    settled, plan = settle(chosen if sees_confidential else without_secrets(chosen), today)
    players = list_players(session, traject_ids={traject.id})
    subject = Subject(
        traject, settled, plan, today, role_names(players, settled.definition, traject.id), language,
        handed=names_of_people(session, handed_to(settled)),
    )  # fmt: skip
    definition, is_over = settled.definition, settled.state is CycleState.ENDED
    due_until = _end_of_week(today)
    open_steps = [] if is_over else sorted(_open_steps(subject), key=lambda each: (each.due_on, each.title))
    coming = () if is_over else coming_gates(subject)
    states = [occurrence.state for _, occurrence, _, _ in subject.planned_steps()]
    since = now - timedelta(days=LATELY_DAYS)
    return TrajectHome(
        traject.id,
        traject.slug,
        traject.title,
        settled.number,
        tuple(each.number for each in traject.cycles),
        say_cycle(definition, settled.kind, language),
        is_over,
        today,
        due_until,
        len(states),
        states.count(State.DONE),
        sum(each in (State.WAITING_FOR_PARTNER, State.FOR_DECISION) for each in states),
        () if is_over else tuple(_threats(subject)),
        () if is_over else tuple(_aims(subject)),
        tuple(each for each in open_steps if each.due_on < today),
        tuple(each for each in open_steps if today <= each.due_on <= due_until),
        tuple(
            Decision(
                str(each.key),
                each.title,
                each.decided_by,
                each.on,
                each.papers_due_on,
                each.papers_due_on is not None and each.papers_due_on < today,
                each.missed,
                STATES[language][each.state],
            )
            for each in coming[:_MOST_GATES]
        ),
        max(len(coming) - _MOST_GATES, 0),
        tuple((say_told_status(name, language), n) for name, n in count_told(session, traject.id, since).items()),
        tuple(_told(session, traject, definition, language)),
        tuple((say_event(name, language), n) for name, n in count_said(session, traject.id, since).items()),
        tuple(_said(session, traject, definition, language)),
        tuple(_phases(subject)),
    )


def load_for_view(session: Session, shelf: DefinitionShelf, traject_id: int, cycle: int = 0) -> Traject:
    """Read a traject with the steps of the cycle that is looked at, also when that has ended.

    Raises:
        NotFound: ``unknown-cycle``.
    """
    traject = load_traject(session, traject_id, shelf, for_change=False)
    chosen = traject.choose_cycle(cycle)
    if chosen.state is CycleState.RUNNING:
        return traject
    return load_cycles(session, traject_id, shelf, [chosen.number], for_change=False)


def without_secrets(cycle: Cycle) -> Cycle:
    """The same cycle without what people typed or handed over for steps that are confidential still."""
    steps = cycle.definition.steps
    kept = {
        key: replace(
            each,
            out=_UNSAID if each.out_state in _BY_PEOPLE and not each.out.startswith("gate:") else each.out,
            pin_reason="",
            proposal_reason="",
            evidence=(),
            suspensions=tuple(replace(stop, reason="") for stop in each.suspensions),
        )
        if is_secret(steps[key.step], cycle.anchors)
        else each
        for key, each in cycle.occurrences.items()
    }
    return replace(cycle, occurrences=kept)


def role_names(players: Players, definition: Definition, traject_id: int) -> Mapping[RoleId, tuple[str, ...]]:
    """Who plays each role of a definition in a traject, by name."""
    return {role: people for role in definition.roles if (people := players_of(players, traject_id, role))}


def say_event(name: str, language: str = "nl") -> str:
    """What happened, by the name of its event: ``stap afgerond``."""
    return words_in(language).events.get(name, name)


def say_told_status(status: str, language: str = "nl") -> str:
    """How something that is told stands: ``verstuurd``, or ``wacht op het overzicht``."""
    return say("in_digest", language) if status == IN_DIGEST else say_status(status, language)


def _end_of_week(today: date) -> date:
    """The Sunday of this week; at the weekend that of the next, for then this week is over."""
    return today + timedelta(days=6 - today.weekday() + (7 if today.weekday() >= 5 else 0))


def _threats(subject: Subject) -> Iterator[Threat]:
    found = [each for each in subject.plan.findings if each.code in _THREATS]
    for each in sorted(found, key=lambda finding: -finding.working_days):
        chain = explain_chain(each.chain, subject.plan, subject.language)
        yield Threat(explain_finding(replace(each, chain=()), subject.definition, subject.language), tuple(chain))


def _aims(subject: Subject) -> Iterator[Aim]:
    for each in targets(subject):
        chain = explain_chain(subject.plan.chain_to(each.key), subject.plan, subject.language)
        sentence = say_room(each, subject.language)
        yield Aim(each.title, each.on, each.comes_on, each.slack, sentence, tuple(chain))


def _open_steps(subject: Subject) -> Iterator[OpenStep]:
    for key, occurrence, _, planned in subject.open_steps():
        if planned.due_on is not None:
            state = STATES[subject.language][occurrence.state]
            yield OpenStep(str(key), subject.say_step(key), subject.holder(key), state, planned.due_on)


def _told(session: Session, traject: Traject, definition: Definition, language: str) -> Iterator[ToldLine]:
    for each in list_told(session, traject.id, _LATELY):
        own = traject.cycle(each.cycle)
        title = say_step(own.definition if own else definition, each.key, language)
        what, status = words_in(language).kinds[each.kind], say_told_status(each.status, language)
        yield ToldLine(each.at, each.name, what, str(each.key), title, status)


def _said(session: Session, traject: Traject, definition: Definition, language: str) -> Iterator[SaidLine]:
    entries = list_said(session, traject.id, _LATELY)
    names = names_of(session, {each.by for each in entries})
    for each in entries:
        key = key_of(each)
        own = traject.cycle(each.payload["cycle"])
        title = say_step(own.definition if own else definition, key, language) if key else ""
        yield SaidLine(each.at, names[each.by], say_event(each.event, language), str(key) if key else "", title)


def key_of(entry: HistoryEntry) -> OccurrenceKey | None:
    """The step that something was done to; None when it was done to none."""
    key = entry.payload["event"].get("key")
    return OccurrenceKey(StepId(key[0]), key[1]) if key else None


def _phases(subject: Subject) -> Iterator[PhaseLine]:
    for (title, first, last, count), row in zip(phase_windows(subject), phase_rows(subject), strict=True):
        yield PhaseLine(title, first, last, count, int(row[-1]))
