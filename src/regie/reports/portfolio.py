"""All trajects that run, the most threatened first: next decision, opening, what is late, who holds the ball.

Read from what the last plan of each traject left in the database; nothing is planned anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from regie.core.definition import Anchor, Definition
from regie.core.ids import RoleId
from regie.core.traject import State
from regie.store.portfolio import (
    Asked,
    Open,
    Players,
    StepAtHand,
    list_anchor_dates,
    list_players,
    list_running_cycles,
    look_at_open,
    players_of,
)
from regie.text.rules import say_anchor, say_body, say_step

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

    @property
    def has_problem(self) -> bool:
        """Whether something is late, a legal date breaks, or the opening comes after its target."""
        room = self.opening.room if self.opening else None
        return self.late > 0 or self.after_legal > 0 or (room is not None and room < 0)

    def mentions(self, text: str) -> bool:
        """Whether all words of a text are in what is shown by name, in capitals or not."""
        shown = [self.traject, self.title]
        shown += [self.next_decision.title, self.next_decision.decided_by] if self.next_decision else []
        shown += [self.ball.title, self.ball.role, *self.ball.people] if self.ball else []
        where = " ".join(shown).casefold()
        return all(word in where for word in text.casefold().split())


def narrow(rows: Sequence[PortfolioRow], text: str = "", *, only_problems: bool = False) -> tuple[PortfolioRow, ...]:
    """Give the rows that a reader asked for, in the same order."""
    return tuple(row for row in rows if (row.has_problem or not only_problems) and row.mentions(text))


def make_portfolio(
    session: Session, shelf: Shelf, today: date, language: str = "nl", *, seen: Collection[int] | None = None
) -> tuple[PortfolioRow, ...]:
    """Gather all trajects that run, the most threatened first. A definition is asked for once.

    Args:
        seen: the ids of the trajects that the reader may see; None for all.
    """
    cycles = list_running_cycles(session, seen)
    definitions = {each: shelf(each, session) for each in sorted({row.definition_hash for row in cycles})}
    main = {name: _main_anchor(each) for name, each in definitions.items()}
    asked = {
        name: Asked(
            frozenset(step.id for step in each.steps.values() if step.gate is not None),
            anchor.set_by if (anchor := main[name]) else None,
        )
        for name, each in definitions.items()
    }
    anchors, open_steps = list_anchor_dates(session, seen), look_at_open(session, today, asked, seen)
    turns = {
        row.place: _turn(definitions[row.definition_hash], found.to_act)
        for row in cycles
        if (found := open_steps.get(row.place)) is not None and found.to_act is not None
    }
    players = list_players(session, {role for role in turns.values() if role}, seen)
    rows = []
    for row in cycles:
        definition, found = definitions[row.definition_hash], open_steps.get(row.place, Open())
        count, anchor = found.counts, main[row.definition_hash]
        opening = None
        if anchor is not None:
            known = anchors.get(row.place, {}).get(anchor.id)
            target, actual = (known.target, known.actual) if known else (None, None)
            opening = _opening(definition, anchor, target, actual, found.aim, language)
        rows.append(
            PortfolioRow(
                row.slug,
                row.title,
                row.number,
                row.kind,
                _next_decision(definition, found.decision, language),
                opening,
                count.open,
                count.late,
                count.waiting,
                count.after_due,
                count.after_legal,
                _ball(definition, found.to_act, turns.get(row.place), row.traject_id, players, language),
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
    aim: StepAtHand | None,
    language: str,
) -> OpeningView:
    planned = (aim.early_start if anchor.set_by_start else aim.early_finish) if aim else None
    planned = actual or planned
    room = definition.calendar.working_days_between(planned, target) if planned and target else None
    return OpeningView(say_anchor(definition, anchor.id, language), target, planned, room)


def _next_decision(definition: Definition, step: StepAtHand | None, language: str) -> NextDecision | None:
    gate = definition.steps[step.key.step].gate if step else None
    if step is None or gate is None or step.early_finish is None:
        return None
    title, body = say_step(definition, step.key, language), say_body(definition, gate.decided_by, language)
    return NextDecision(str(step.key), title, body, step.early_finish)


def _turn(definition: Definition, step: StepAtHand) -> RoleId | None:
    """The role, or the body that decides, whose turn a step is."""
    gate = definition.steps[step.key.step].gate
    if step.state is State.FOR_DECISION and gate is not None:
        return RoleId(gate.decided_by)
    return step.waiting_for if step.state is State.WAITING_FOR_PARTNER and step.waiting_for else step.responsible


def _ball(
    definition: Definition,
    step: StepAtHand | None,
    role: RoleId | None,
    traject_id: int,
    players: Players,
    language: str,
) -> Ball | None:
    """The step to act on that is due first, and who that asks it of."""
    if step is None:
        return None
    people = players_of(players, traject_id, role) if role else ()
    if step.handed_to and role == step.responsible and step.state is not State.FOR_DECISION:
        people = (step.handed_to,)
    holder = say_body(definition, role, language) if role else ""
    return Ball(str(step.key), say_step(definition, step.key, language), holder, people, step.due_on)
