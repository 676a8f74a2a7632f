"""One step as the partner sees it who holds a link to it: what is asked, by when, why, and what may be answered.

It says the same as the mail, by the same sentences. Read only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Session

from regie.core.acting import ActingAs
from regie.core.definition import EvidenceRule, Kind, Step
from regie.core.engine import local_day
from regie.core.holding import find_holding_back_finish, find_holding_back_start
from regie.core.ids import OccurrenceKey, PersonId
from regie.core.lines import Line
from regie.core.messages import is_confidential, neighbours
from regie.core.settle import network_of
from regie.core.traject import Cycle, Occurrence, State
from regie.core.turns import Stretch, Turn, days_of
from regie.errors import NotFound
from regie.reports.ball_clock import ball_clock
from regie.store.definitions import DefinitionShelf
from regie.store.history import list_history_about
from regie.store.letters import letter_about
from regie.store.links import Link, find_link
from regie.store.people import get_person
from regie.store.trajects import load_traject
from regie.text.lines import Told, tell
from regie.text.phrases import words_in
from regie.text.rules import say_outcome, say_step


class Act(StrEnum):
    """What a partner may answer; the value is how it stands in an address."""

    DONE = "klaar"
    ACCEPT = "akkoord"
    PROPOSE = "andere-datum"
    COLLEAGUE = "collega"
    NOT_OURS = "niet-van-ons"
    ASK = "vraag"


@dataclass(frozen=True, slots=True)
class PartnerStep:
    """A step behind a link.

    Args:
        told: what is asked, in words; None when the link ended.
        holds_back: titles of what must be finished before this step can be.
        acts: what may be answered today.
        version: of the step as it is shown.
        outcome: of a decision that was taken, in words.
        settled_by: who brought the step where it stands, as people call them; empty when that is not known.
        traject: its name; empty while nobody may know.
        turns: on which days whose turn it was, up to today.
    """

    link: Link
    today: date
    title: str
    told: Told | None
    traject: str
    lead_name: str
    state: str
    evidence_required: bool
    holds_back: tuple[str, ...]
    acts: frozenset[Act]
    version: int
    planned_on: date | None
    due_on: date | None
    promised_on: date | None
    proposed_on: date | None
    legal_on: date | None
    outcome: str = ""
    settled_by: str = ""
    turns: tuple[Stretch, ...] = ()

    @property
    def spent(self) -> tuple[tuple[str, int], ...]:
        """Calendar days that each had the turn; who had none is left out."""
        counts = days_of(self.turns)
        return tuple((turn.value, days) for turn, days in counts.items() if days and turn is not Turn.NOBODY)

    @property
    def is_live(self) -> bool:
        return self.told is not None


def open_partner_step(
    session: Session, shelf: DefinitionShelf, token: str, now: datetime, language: str = "", *, secret: bytes
) -> PartnerStep | None:
    """Give what a link shows now; None when there is no such link. Writes nothing.

    Args:
        language: else that of who holds the link.
        secret: the key of the links.
    """
    link = find_link(session, token, now, secret=secret)
    if link is None:
        return None
    traject = load_traject(session, link.traject_id, shelf, for_change=False, whole=True)
    cycle = traject.cycle(link.cycle)
    assert cycle is not None  # a foreign key says so
    occurrence, step = cycle.occurrences[link.key], cycle.definition.steps[link.key.step]
    today, tongue = local_day(now, traject.zone), language or link.language
    line = _line(link, cycle, occurrence, today)
    letter = letter_about(session, traject, cycle, line, link.person)
    told = tell(letter, letter.parts[0], line, tongue, is_brief=False)
    shows = link.is_live or (link.ended is not None and link.ended.tells)
    planned = occurrence.planned
    held_by = _held_by(cycle, occurrence, today) if link.is_live else ()
    return PartnerStep(
        link,
        today,
        say_step(cycle.definition, link.key, tongue) if shows else "",
        told if link.is_live else None,
        "" if line.is_confidential or not shows else traject.title,
        letter.parts[0].lead_name,
        words_in(tongue).states[occurrence.state] if shows else "",
        step.evidence is EvidenceRule.REQUIRED,
        tuple(say_step(cycle.definition, key, tongue) for key in held_by),
        frozenset(_acts(link, step, occurrence, today, is_held=bool(held_by))) if link.is_live else frozenset(),
        occurrence.version,
        planned.early_finish if planned else None,
        planned.due_on if planned else None,
        occurrence.promised_on,
        occurrence.proposed_on,
        planned.legal_on if planned else None,
        say_outcome(step, link.settled.outcome, tongue) if link.settled and link.settled.outcome else "",
        _name(session, link.settled.by) if link.settled else "",
        _turns(session, link, traject.zone, today) if link.is_live else (),
    )


def _turns(session: Session, link: Link, zone: str, today: date) -> tuple[Stretch, ...]:
    entries = list_history_about(session, link.traject_id, link.key.step)
    return ball_clock(entries, link.cycle, link.key, zone, today)


def _line(link: Link, cycle: Cycle, found: Occurrence, today: date) -> Line:
    network, planned = network_of(cycle), found.planned
    before, after = neighbours(cycle, network, network.index[link.key]) if link.key in network.index else ((), ())
    return Line(
        _kind(found, planned.due_on if planned else None, today),
        link.cycle,
        link.key,
        link.role,
        "accountable" if link.acts_as is ActingAs.DECIDER else "responsible",
        due_on=planned.due_on if planned else None,
        legal_on=planned.legal_on if planned else None,
        waits_for=before,
        waited_by=after,
        is_confidential=is_confidential(cycle, cycle.definition.steps[link.key.step]),
        deputy_for=link.deputy_for,
    )


def _kind(found: Occurrence, due_on: date | None, today: date) -> Kind:
    if found.state is State.FOR_DECISION:
        return Kind.DECISION_NEEDED
    if due_on is not None and today >= due_on and found.state is not State.NOT_YET:
        return Kind.DUE if today == due_on else Kind.OVERDUE
    return Kind.READY if found.state is State.READY or due_on is None else Kind.DUE_SOON


def _held_by(cycle: Cycle, found: Occurrence, today: date) -> tuple[OccurrenceKey, ...]:
    if found.state is State.NOT_YET:
        return find_holding_back_start(cycle, found.key, today)
    return find_holding_back_finish(cycle, found.key, today)


def _acts(link: Link, step: Step, found: Occurrence, today: date, *, is_held: bool) -> Iterator[Act]:
    yield Act.ASK
    if link.acts_as is ActingAs.DECIDER:
        return
    yield Act.PROPOSE
    due_on = found.planned.due_on if found.planned else None
    if due_on is not None and due_on >= today and found.promised_on != due_on:
        yield Act.ACCEPT
    if step.gate is None and found.state not in (State.NOT_YET, State.FOR_DECISION) and not is_held:
        yield Act.DONE
    if link.acts_as is ActingAs.RESPONSIBLE and link.deputy_for is None:
        yield Act.COLLEAGUE
        if not found.declined:
            yield Act.NOT_OURS


def _name(session: Session, by: str) -> str:
    try:
        return get_person(session, PersonId(by)).name
    except NotFound:
        return ""
