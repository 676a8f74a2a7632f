"""One step as a page or a terminal shows it: state, people, dates and why, relations, evidence, remarks, history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from regie.core.definition import Definition, EvidenceRule, Step, text_in
from regie.core.evidence import find_file_id, find_link
from regie.core.ids import OccurrenceKey, RoleId
from regie.core.messages import is_confidential
from regie.core.network import Activity, Link
from regie.core.readiness import link_holds
from regie.core.settle import network_of, settle
from regie.core.traject import Cycle, CycleState, Occurrence, State
from regie.core.transitions import NEXT, Verb
from regie.errors import NotFound
from regie.reports.subject import Subject, handed_to
from regie.reports.traject_home import key_of, load_for_view, role_names, say_event, without_secrets
from regie.store.definitions import DefinitionShelf
from regie.store.files import StoredFile, find_files
from regie.store.history import HistoryEntry, list_step_history
from regie.store.lately import names_of, names_of_people
from regie.store.portfolio import list_players
from regie.store.trajects import find_traject_id
from regie.text.dates import say_date, say_span
from regie.text.phrases import STATES, say, words_in
from regie.text.rules import say_body, say_cycle, say_outcome, say_role, say_step
from regie.text.sentences import explain_chain, explain_finish, explain_start, why

MOST_EVENTS = 50
"""So many of the latest things that happened to a step are shown."""


@dataclass(frozen=True, slots=True)
class PartView:
    """The part of a role in a step: ``responsible``, ``accountable``, ``consulted`` or ``informed``, and who plays it."""

    part: str
    role: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelatedStep:
    """A step before or after this one.

    Args:
        says: the relation in words, with this step or the other as its subject: ``begint na``.
        lag: what is between them, in words; empty when nothing is.
        is_satisfied: the relation holds today.
        at_start: it keeps the later step from beginning; else from being finished.
        on: the day that the plan has the other step finished, or it really was.
    """

    key: OccurrenceKey
    title: str
    says: str
    lag: str
    state: State
    state_said: str
    is_satisfied: bool
    at_start: bool
    on: date | None


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """A piece of evidence.

    Args:
        url: only of what may be a link.
        file: only of a file that was handed over.
    """

    text: str
    url: str = ""
    file: StoredFile | None = None


@dataclass(frozen=True, slots=True)
class HappenedView:
    """Something that was done to the step, or that changed its state.

    Args:
        moves: (from, to) states in words, when it changed.
        words: what was typed; empty when it was erased or is not for this reader.
        is_own: it was done to this step, and not to another.
    """

    at: datetime
    name: str
    what: str
    move: tuple[str, str] | None
    words: tuple[str, ...]
    is_own: bool


@dataclass(frozen=True, slots=True)
class StepView:
    """All that there is to know about one step.

    Args:
        traject_version: as many things as happened to the traject.
        holder: who must act first; empty of what is over.
        decided_by: of a gate.
        why: why it has these dates, or takes no part; ``why_start`` and ``why_finish`` name the dates too.
        chain: the longest chain that leads here, step by step.
        is_hidden: it is confidential and the reader may not see what was typed or handed over.
        may: what its state lets people do now.
    """

    traject_id: int
    traject: str
    traject_title: str
    traject_version: int
    cycle: int
    is_over: bool
    kind: str
    key: OccurrenceKey
    title: str
    done_when: str
    remark: str
    phase: str
    track: str
    today: date
    occurrence: Occurrence
    state_said: str
    is_late: bool
    is_confidential: bool
    is_hidden: bool
    holder: str
    assigned_to: str
    parts: tuple[PartView, ...]
    decided_by: str
    outcome: str
    outcomes: tuple[str, ...]
    evidence_required: bool
    why: str
    why_start: str
    why_finish: str
    chain: tuple[str, ...]
    before: tuple[RelatedStep, ...]
    after: tuple[RelatedStep, ...]
    evidence: tuple[EvidenceView, ...]
    happened: tuple[HappenedView, ...]
    may: tuple[Verb, ...]

    @property
    def remarks(self) -> tuple[HappenedView, ...]:
        """What people said of this step, the latest first."""
        return tuple(each for each in self.happened if each.is_own and each.words)

    def waits_for(self, *, at_start: bool) -> tuple[RelatedStep, ...]:
        """The steps that keep this one from beginning, or from being finished."""
        return tuple(each for each in self.before if each.at_start is at_start and not each.is_satisfied)


def make_step_view(
    session: Session,
    shelf: DefinitionShelf,
    slug: str,
    key: OccurrenceKey,
    today: date,
    language: str = "nl",
    *,
    cycle: int = 0,
    sees_confidential: bool = True,
) -> StepView:
    """Gather what there is to know about a step.

    Args:
        cycle: its number; 0 for the last that runs, or else the last there was.
        sees_confidential: else, of a confidential step, what people typed or handed over is left out.

    Raises:
        NotFound: ``unknown-traject``, ``unknown-cycle``, ``unknown-step``.
    """
    subject = look_at(session, shelf, slug, today, language, cycle=cycle, sees_confidential=sees_confidential)
    return view_step(session, subject, key, sees_confidential=sees_confidential)


def look_at(
    session: Session,
    shelf: DefinitionShelf,
    slug: str,
    today: date,
    language: str = "nl",
    *,
    cycle: int = 0,
    sees_confidential: bool = True,
) -> Subject:
    """Load a cycle and plan it for today; arguments and errors as ``make_step_view``."""
    traject_id = find_traject_id(session, slug)
    return look_at_cycle(session, shelf, traject_id, today, language, cycle=cycle, sees_confidential=sees_confidential)


def look_at_cycle(
    session: Session,
    shelf: DefinitionShelf,
    traject_id: int,
    today: date,
    language: str = "nl",
    *,
    cycle: int = 0,
    sees_confidential: bool = True,
) -> Subject:
    """The same for the traject of an id."""
    traject = load_for_view(session, shelf, traject_id, cycle)
    chosen = traject.choose_cycle(cycle)
    settled, plan = settle(chosen if sees_confidential else without_secrets(chosen), today)
    names = role_names(list_players(session, traject_ids={traject.id}), settled.definition, traject.id)
    handed = names_of_people(session, handed_to(settled))
    return Subject(traject, settled, plan, today, names, language, handed=handed)


def view_step(session: Session, subject: Subject, key: OccurrenceKey, *, sees_confidential: bool = True) -> StepView:
    """Gather what there is to know about a step of a cycle that was looked at.

    Raises:
        NotFound: ``unknown-step``.
    """
    traject, settled, plan, today, names = subject.traject, subject.cycle, subject.plan, subject.today, subject.names
    language = subject.language
    occurrence = settled.occurrences.get(key)
    if occurrence is None:
        raise NotFound(
            f"no step '{key}' in cycle {settled.number}", code="unknown-step", step=str(key), cycle=settled.number
        )
    definition, step = settled.definition, settled.definition.steps[key.step]
    is_secret = is_confidential(settled, step)
    is_hidden = is_secret and not sees_confidential
    before, after = _related(settled, key, today, language)
    entries = list_step_history(session, traject.id, settled.number, key, MOST_EVENTS)
    assigned = str(occurrence.assigned_to or "")
    called = names_of(session, {each.by for each in entries} | ({assigned} if assigned else set()))
    track = definition.tracks.get(step.track) if step.track else None
    is_planned = key in plan
    is_open = occurrence.state.is_open and settled.state is CycleState.RUNNING
    due_on = occurrence.planned.due_on if occurrence.planned else None
    return StepView(
        traject_id=traject.id,
        traject=traject.slug,
        traject_title=traject.title,
        traject_version=traject.version,
        cycle=settled.number,
        is_over=settled.state is CycleState.ENDED,
        kind=say_cycle(definition, settled.kind, language),
        key=key,
        title=text_in(step.title, language) if is_hidden else say_step(definition, key, language),
        done_when=text_in(step.done_when, language),
        remark=text_in(step.remark, language),
        phase=text_in(definition.phases[step.phase].title, language),
        track=text_in(track.title, language) if track else "",
        today=today,
        occurrence=occurrence,
        state_said=STATES[language][occurrence.state],
        is_late=is_open and due_on is not None and due_on < today,
        is_confidential=is_secret,
        is_hidden=is_hidden,
        holder=subject.holder(key) if is_open else "",
        assigned_to=called.get(assigned, ""),
        parts=tuple(_parts(definition, step, names, language)),
        decided_by=say_body(definition, step.gate.decided_by, language) if step.gate else "",
        outcome=say_outcome(step, occurrence.outcome, language) if occurrence.outcome else "",
        outcomes=tuple(say_outcome(step, each, language) for each in step.gate.outcomes) if step.gate else (),
        evidence_required=step.evidence is EvidenceRule.REQUIRED,
        why=why(plan, key, language),
        why_start=explain_start(plan, key, language) if is_planned else "",
        why_finish=explain_finish(plan, key, language) if is_planned else "",
        chain=tuple(explain_chain(plan.chain_to(key), plan, language)) if is_planned else (),
        before=before,
        after=after,
        evidence=tuple(view_evidence(session, occurrence.evidence)),
        happened=tuple(_happened(entries, settled.number, key, called, language, is_hidden=is_hidden)),
        may=tuple(_may(step, occurrence, before)) if settled.state is CycleState.RUNNING else (),
    )


def _parts(
    definition: Definition, step: Step, names: Mapping[RoleId, tuple[str, ...]], language: str
) -> Iterator[PartView]:
    parts: Sequence[tuple[str, Sequence[RoleId | None]]] = (
        ("responsible", (step.responsible,)),
        ("accountable", (step.accountable,)),
        ("consulted", step.consulted),
        ("informed", step.informed),
    )
    for part, roles in parts:
        for role in roles:
            if role is not None:
                yield PartView(part, say_role(definition, role, language), names.get(role, ()))


def _related(
    cycle: Cycle, key: OccurrenceKey, today: date, language: str
) -> tuple[tuple[RelatedStep, ...], tuple[RelatedStep, ...]]:
    """The steps before and after one, each as often as there are relations between the two."""
    network = network_of(cycle)
    place = network.index.get(key)
    if place is None:
        return (), ()
    mine = network.activities[place]

    def related(link: Link, activity: Activity, other: OccurrenceKey, *, at_start: bool) -> RelatedStep:
        occurrence = cycle.occurrences[other]
        planned = occurrence.planned.early_finish if occurrence.planned else None
        return RelatedStep(
            other,
            say_step(cycle.definition, other, language),
            words_in(language).relations[link.relation.type],
            _lag(link, language),
            occurrence.state,
            STATES[language][occurrence.state],
            link_holds(link, activity, cycle.occurrences, network, today),
            at_start,
            None if occurrence.state.is_out else occurrence.finished_on or planned,
        )

    def links_of(activity: Activity) -> Iterator[tuple[Link, bool]]:
        yield from ((link, True) for link in activity.starts)
        yield from ((link, False) for link in activity.finishes)

    before = tuple(
        related(link, mine, network.activities[link.predecessor].key, at_start=at_start)
        for link, at_start in links_of(mine)
    )
    after = tuple(
        related(link, follower, follower.key, at_start=at_start)
        for follower in (network.activities[each] for each in network.followers[place])
        for link, at_start in links_of(follower)
        if link.predecessor == place
    )
    return before, after


def _lag(link: Link, language: str) -> str:
    lag = link.relation.lag
    if lag is None or not lag.amount:
        return ""
    return say("lag_later" if lag.amount > 0 else "lag_earlier", language, span=say_span(lag, language))


def view_evidence(session: Session, evidence: Sequence[str]) -> Iterator[EvidenceView]:
    """Say of each piece of evidence what it is called, and where it leads when it may be a link."""
    files = find_files(session, [each for text in evidence if (each := find_file_id(text))])
    for text in evidence:
        file = files.get(find_file_id(text) or "")
        yield EvidenceView(file.name or file.id if file else text, find_link(text) or "", file)


def _happened(
    entries: Sequence[HistoryEntry],
    cycle: int,
    key: OccurrenceKey,
    called: Mapping[str, str],
    language: str,
    *,
    is_hidden: bool,
) -> Iterator[HappenedView]:
    for entry in entries:
        move = next((each for each in entry.payload["transitions"] if each[:2] == [cycle, str(key)]), None)
        is_own = entry.payload["cycle"] == cycle and key_of(entry) == key
        states = (_state(move[2], language), _state(move[3], language)) if move else None
        words = tuple(_words(entry, language)) if is_own and not is_hidden else ()
        yield HappenedView(entry.at, called[entry.by], say_event(entry.event, language), states, words, is_own)


def _words(entry: HistoryEntry, language: str) -> Iterator[str]:
    """What somebody typed, but for the evidence, which has a place of its own; of a proposal also its date."""
    if entry.event in ("DateProposed", "DatePromised") and (on := entry.payload["event"].get("on")):
        yield say_date(date.fromisoformat(on), language)
    for name, said in entry.words.items():
        if name != "evidence" and said:
            yield str(said)


def _state(value: str | None, language: str) -> str:
    return STATES[language][State(value)] if value else say("effect_new", language)


def _may(step: Step, occurrence: Occurrence, before: Sequence[RelatedStep]) -> Iterator[Verb]:
    """What the table of states gives, without what this step has no use for or is kept from."""
    is_gate, has_term = step.gate is not None, bool(step.terms)
    is_stopped = any(each.ends_on is None for each in occurrence.suspensions)
    is_held_back = any(not each.at_start and not each.is_satisfied for each in before)
    useless = {
        Verb.FINISH: is_gate or is_held_back,
        Verb.DECIDE: not is_gate or is_held_back,
        Verb.PUT_FOR_DECISION: not is_gate,
        Verb.ANSWER_PROPOSAL: occurrence.proposed_on is None,
        Verb.ANSWER_QUESTION: not occurrence.askers and not occurrence.declined,
        Verb.STOP_CLOCK: not has_term or is_stopped,
        Verb.START_CLOCK: not is_stopped,
        Verb.EXTEND: occurrence.extended or not any(each.value.extension for each in step.terms),
    }
    for state, verb in NEXT:
        if state is occurrence.state and not useless.get(verb, False):
            yield verb
