"""Everything of one person, and of their organisation, over all trajects: what is asked now, what comes, what was done.

What is confidential names no traject and no place, as in mails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlmodel import Session

from regie.core.definition import Definition, text_in
from regie.core.ids import OccurrenceKey, PersonId, StepId
from regie.core.messages import is_secret
from regie.core.traject import State
from regie.store.person_steps import Around, Group, PersonStep, get_group, list_person_steps, load_around
from regie.text.phrases import STATES, say
from regie.text.rules import say_role, say_step

DONE_DAYS = 28
"""For how long, in calendar days, what was done stays in view."""

PARTS = ("asked", "waiting", "coming", "done")
"""Whose turn it is, the most pressing first."""

Shelf = Callable[[str, Session], Definition]
"""Gives a definition by its content hash, such as ``DefinitionShelf.get``."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A step that is waited for, or that waits, and the role that must do it."""

    title: str
    role: str


@dataclass(frozen=True, slots=True)
class MyStep:
    """One step of a person or of a colleague, with its three dates side by side.

    Args:
        traject_id: for who must act or point there; not for people to read.
        traject: short name; empty when confidential.
        traject_title: of what is confidential only that it is.
        planned_on: the day that the plan has it finished.
        due_on: the day that the plan asks for.
        promised_on: the day that the partner said.
        legal_on: the last day that the law allows.
        holder: the role whose turn it is.
        is_mine: the person plays the role; else only a colleague does.
        may_act: the person may act on it: it is theirs, or that of somebody who is away and whose deputy they are.
        people: names of those who play it, in the organisation or away with the person as deputy.
        stands_in_for: names of those among them who are away and have the person as deputy.
        waits_for: open steps that come before this one.
        waited_by: open steps that come after it.
        proposed_on: the day that somebody asked for and the lead did not answer yet.
    """

    traject_id: int
    traject: str
    traject_title: str
    cycle: int
    key: OccurrenceKey
    title: str
    state: State
    state_said: str
    planned_on: date | None
    due_on: date | None
    promised_on: date | None
    legal_on: date | None
    finished_on: date | None
    is_late: bool
    is_confidential: bool
    holder: str
    is_mine: bool
    may_act: bool
    people: tuple[str, ...]
    waits_for: tuple[Neighbour, ...] = ()
    waited_by: tuple[Neighbour, ...] = ()
    proposed_on: date | None = None
    stands_in_for: tuple[str, ...] = ()

    @property
    def until(self) -> date | None:
        """The day to hold on to: what the law allows when that is sooner than what is due."""
        return min(filter(None, (self.due_on, self.legal_on)), default=None)


@dataclass(frozen=True, slots=True)
class MySteps:
    """The steps of a person, late ones first in each part, then by date.

    Args:
        asked: it is the turn of the person or the organisation.
        waiting: theirs, but the turn is somebody else's.
        coming: it cannot begin yet.
        done: finished in the last ``DONE_DAYS`` days, the latest first.
        totals: how many there are of each part, also of what is on another page.
    """

    person: PersonId
    name: str
    organisation: str
    language: str
    today: date
    asked: tuple[MyStep, ...]
    waiting: tuple[MyStep, ...]
    coming: tuple[MyStep, ...]
    done: tuple[MyStep, ...]
    totals: Mapping[str, int] = field(default_factory=dict)

    @property
    def open(self) -> tuple[MyStep, ...]:
        return (*self.asked, *self.waiting, *self.coming)


def make_my_steps(
    session: Session,
    shelf: Shelf,
    person_id: PersonId,
    today: date,
    *,
    colleagues: bool = True,
    language: str = "",
    part: str = "",
    skip: int = 0,
    most: int | None = None,
) -> MySteps:
    """Gather the steps of a person. What is not shown is counted, and no more is asked about it.

    Args:
        colleagues: with those of everyone of the same organisation.
        language: other than that of the person.
        part: one of ``PARTS``; the others are counted only.
        skip: so many of each part stand on the pages before this one.
        most: of each part; None for all.

    Raises:
        NotFound: ``unknown-person``.
    """
    group = get_group(session, person_id, colleagues=colleagues, today=today)
    found = list_person_steps(session, tuple(group.names), today - timedelta(days=DONE_DAYS))
    # what somebody of another organisation did is not the deputy's, only what they should do now
    rows = [row for row in found if row.state.is_open or row.people - group.elsewhere]
    definitions = {each: shelf(each, session) for each in sorted({row.definition_hash for row in rows})}
    said = language or group.language
    parts: dict[str, list[PersonStep]] = {name: [] for name in PARTS}
    for row in rows:
        parts[_part(row)].append(row)
    shown: dict[str, list[PersonStep]] = {}
    for name, those in parts.items():
        if name == "done":
            those.sort(key=lambda row: _latest_first(row, definitions, said))
        else:
            those.sort(key=lambda row: _late_first(row, definitions, said, today))
        shown[name] = those[skip : None if most is None else skip + most] if part in ("", name) else []
    gathered = _gather(session, shown, definitions, group, said, today)
    totals = {name: len(those) for name, those in parts.items()}
    return MySteps(person_id, group.name, group.organisation, said, today, **gathered, totals=totals)


def _gather(
    session: Session,
    shown: Mapping[str, Sequence[PersonStep]],
    definitions: Mapping[str, Definition],
    group: Group,
    language: str,
    today: date,
) -> Mapping[str, tuple[MyStep, ...]]:
    rows = [row for those in shown.values() for row in those]
    followers = {each: _followers(definitions[each]) for each in {row.definition_hash for row in rows}}
    near = {near for row in rows for near in followers[row.definition_hash].get(row.key.step, ())}
    for row in rows:
        near |= {each.predecessor for each in definitions[row.definition_hash].steps[row.key.step].needs}
    around = load_around(session, sorted({row.traject_id for row in rows}), sorted(near))

    def make(row: PersonStep) -> MyStep:
        about = _Around(around.get(row.place, Around({}, {})), definitions[row.definition_hash], language)
        return _my_step(row, group, about, followers[row.definition_hash], today)

    return {name: tuple(map(make, those)) for name, those in shown.items()}


@dataclass(frozen=True, slots=True)
class _Around:
    around: Around
    definition: Definition
    language: str

    def neighbours(self, steps: Iterable[StepId]) -> tuple[Neighbour, ...]:
        """Those steps that are open; of what repeats the next time only."""
        found = []
        for step in dict.fromkeys(steps):
            if keys := self.around.open.get(step):
                role = self.definition.steps[step].responsible
                name = say_role(self.definition, role, self.language) if role else ""
                found.append(Neighbour(self.title(keys[0]), name))
        return tuple(found)

    def title(self, key: OccurrenceKey) -> str:
        """The name of a step; of what is confidential not which copy, for that may name a place."""
        step = self.definition.steps[key.step]
        if is_secret(step, self.around.anchors):
            return text_in(step.title, self.language)
        return say_step(self.definition, key, self.language)


def _followers(definition: Definition) -> Mapping[StepId, tuple[StepId, ...]]:
    found: dict[StepId, list[StepId]] = {}
    for step in definition.steps.values():
        for relation in step.needs:
            found.setdefault(relation.predecessor, []).append(step.id)
    return {step: tuple(after) for step, after in found.items()}


def _part(row: PersonStep) -> str:
    if row.state is State.DONE:
        return "done"
    if row.state is State.NOT_YET:
        return "coming"
    if row.is_with_lead:
        return "waiting"
    waits_elsewhere = row.state is State.WAITING_FOR_PARTNER and row.waiting_for and row.waiting_for not in row.roles
    return "waiting" if waits_elsewhere or row.state is State.FOR_DECISION else "asked"


def _my_step(
    row: PersonStep, group: Group, about: _Around, followers: Mapping[StepId, tuple[StepId, ...]], today: date
) -> MyStep:
    definition, language = about.definition, about.language
    step = definition.steps[row.key.step]
    is_hidden = is_secret(step, about.around.anchors)
    holder = row.waiting_for if row.state is State.WAITING_FOR_PARTNER and row.waiting_for else row.responsible
    if row.is_with_lead and row.state not in (State.NOT_YET, State.FOR_DECISION):
        holder = definition.policy.lead or holder
    is_open = row.state.is_open
    return MyStep(
        row.traject_id,
        "" if is_hidden else row.traject,
        say("confidential", language) if is_hidden else row.traject_title,
        row.cycle,
        row.key,
        about.title(row.key),
        row.state,
        STATES[language][row.state],
        row.planned_on,
        row.due_on,
        row.promised_on,
        row.legal_on,
        row.finished_on,
        _is_late(row, today),
        is_hidden,
        say_role(definition, holder, language) if holder else "",
        group.id in row.people,
        is_open and bool(row.people & {group.id, *group.stands_in_for}),
        tuple(name for person, name in group.names.items() if person in row.people),
        about.neighbours(relation.predecessor for relation in step.needs) if is_open else (),
        about.neighbours(followers.get(step.id, ())) if is_open else (),
        row.proposed_on,
        tuple(name for person, name in group.names.items() if is_open and person in row.people & group.stands_in_for),
    )


def _is_late(row: PersonStep, today: date) -> bool:
    return row.state.is_open and row.due_on is not None and row.due_on < today


def _names(row: PersonStep, definitions: Mapping[str, Definition], language: str) -> tuple[str, str, int]:
    """By what steps of one day are put in order; of what may be confidential no name, for the order would tell it."""
    definition = definitions[row.definition_hash]
    if definition.steps[row.key.step].confidential_until is not None:
        return "", text_in(definition.steps[row.key.step].title, language), row.traject_id
    return row.traject_title, say_step(definition, row.key, language), row.traject_id


def _late_first(
    row: PersonStep, definitions: Mapping[str, Definition], language: str, today: date
) -> tuple[bool, date, str, str, int]:
    until = min(filter(None, (row.due_on, row.legal_on)), default=date.max)
    return not _is_late(row, today), until, *_names(row, definitions, language)


def _latest_first(row: PersonStep, definitions: Mapping[str, Definition], language: str) -> tuple[int, str, str, int]:
    return -(row.finished_on or date.min).toordinal(), *_names(row, definitions, language)
