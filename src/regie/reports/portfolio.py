"""All trajects that run, the most threatened first: next decision, opening, what is late, who holds the ball.

Read from what the last plan of each traject left in the database; nothing is planned anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from regie.core.definition import Anchor, Definition
from regie.core.ids import RoleId
from regie.core.traject import State
from regie.store.portfolio import (
    Counts,
    Players,
    StepAtHand,
    count_open,
    list_anchor_dates,
    list_at_hand,
    list_players,
    list_running_cycles,
    players_of,
)
from regie.text.rules import say_anchor, say_body, say_role, say_step

Shelf = Callable[[str, Session], Definition]
"""Gives a definition by its content hash, such as ``DefinitionShelf.get``."""


@dataclass(frozen=True, slots=True)
class NextDecision:
    """The first gate that is still to come: who decides, and the day that the plan has it."""

    step: str
    title: str
    decided_by: str
    on: date


@dataclass(frozen=True, slots=True)
class OpeningView:
    """The date that the traject is for, such as the opening.

    Args:
        target_on: what was asked for; None when nothing was.
        planned_on: where the plan comes out; None when that is not known yet.
        room: working days between the two; negative is too late, None when one of the two is not known.
    """

    title: str
    target_on: date | None
    planned_on: date | None
    room: int | None


@dataclass(frozen=True, slots=True)
class Ball:
    """Who must act first: the most urgent step that can be acted on. ``people``: names; empty when nobody plays it."""

    step: str
    title: str
    role: str
    people: tuple[str, ...]
    due_on: date | None


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """One cycle of one traject. ``after_due``, ``after_legal``: open steps planned to end after that date."""

    traject: str
    title: str
    cycle: int
    kind: str
    next_decision: NextDecision | None
    opening: OpeningView | None
    open: int
    late: int
    waiting: int
    after_due: int
    after_legal: int
    ball: Ball | None

    @property
    def threat(self) -> tuple[int, int, int, int]:
        """What to sort by: legal terms that break, then least room, then late, then after due; smallest first."""
        room = self.opening.room if self.opening and self.opening.room is not None else 10**6
        return -self.after_legal, room, -self.late, -self.after_due


def make_portfolio(session: Session, shelf: Shelf, today: date, language: str = "nl") -> tuple[PortfolioRow, ...]:
    """Gather all trajects that run, the most threatened first. A definition is asked for once."""
    cycles = list_running_cycles(session)
    definitions = {each: shelf(each, session) for each in sorted({row.definition_hash for row in cycles})}
    named = {step.id for each in definitions.values() for step in each.steps.values() if step.gate is not None}
    main = {name: _main_anchor(each) for name, each in definitions.items()}
    named |= {each.set_by for each in main.values() if each is not None and each.set_by is not None}
    anchors, counts = list_anchor_dates(session), count_open(session, today)
    at_hand, players = list_at_hand(session, frozenset(named)), list_players(session)
    rows = []
    for row in cycles:
        definition, steps = definitions[row.definition_hash], at_hand.get(row.place, ())
        dates = anchors.get(row.place, {})
        anchor = main[row.definition_hash]
        opening = None
        if anchor is not None:
            known = dates.get(anchor.id)
            target, actual = (known.target, known.actual) if known else (None, None)
            opening = _opening(definition, anchor, target, actual, steps, language)
        count = counts.get(row.place, Counts())
        rows.append(
            PortfolioRow(
                row.slug,
                row.title,
                row.number,
                row.kind,
                _next_decision(definition, steps, language),
                opening,
                count.open,
                count.late,
                count.waiting,
                count.after_due,
                count.after_legal,
                _ball(definition, steps, row.traject_id, players, language),
            )
        )
    return tuple(sorted(rows, key=lambda each: (each.threat, each.title, each.traject, each.cycle)))


def _main_anchor(definition: Definition) -> Anchor | None:
    """The anchor that a target is asked for; else the first that a step makes happen and that is not the start."""
    set_by = [each for each in definition.anchors.values() if each.id != definition.start_anchor]
    return next((each for each in set_by if each.target_required), set_by[0] if set_by else None)


def _opening(
    definition: Definition,
    anchor: Anchor,
    target: date | None,
    actual: date | None,
    steps: Sequence[StepAtHand],
    language: str,
) -> OpeningView:
    found = next((each for each in steps if each.key.step == anchor.set_by), None)
    planned = (found.early_start if anchor.set_by_start else found.early_finish) if found else None
    planned = actual or planned
    room = definition.calendar.working_days_between(planned, target) if planned and target else None
    return OpeningView(say_anchor(definition, anchor.id, language), target, planned, room)


def _next_decision(definition: Definition, steps: Sequence[StepAtHand], language: str) -> NextDecision | None:
    coming = [
        (step.early_finish, str(step.key), step, gate)
        for step in steps
        if step.early_finish is not None and (gate := definition.steps[step.key.step].gate) is not None
    ]
    if not coming:
        return None
    on, name, step, gate = min(coming, key=lambda each: each[:2])
    return NextDecision(
        name, say_step(definition, step.key, language), say_body(definition, gate.decided_by, language), on
    )


def _ball(
    definition: Definition, steps: Sequence[StepAtHand], traject_id: int, players: Players, language: str
) -> Ball | None:
    """The step to act on that is due first, and who that asks it of."""
    able = [step for step in steps if step.state is not State.NOT_YET]
    if not able:
        return None
    step = min(able, key=lambda each: (each.due_on or each.early_finish or date.max, str(each.key)))
    gate = definition.steps[step.key.step].gate
    role = step.waiting_for if step.state is State.WAITING_FOR_PARTNER and step.waiting_for else step.responsible
    holder = say_role(definition, role, language) if role else ""
    if step.state is State.FOR_DECISION and gate is not None:
        holder, role = say_body(definition, gate.decided_by, language), RoleId(gate.decided_by)
    people = players_of(players, traject_id, role) if role else ()
    if step.handed_to and role == step.responsible and step.state is not State.FOR_DECISION:
        people = (step.handed_to,)
    return Ball(str(step.key), say_step(definition, step.key, language), holder, people, step.due_on)
