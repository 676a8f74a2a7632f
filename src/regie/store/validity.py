"""Whether a line is still true when it is about to be told. Pure: a line, its cycle and a day.

It mirrors ``core.messages``: whatever that would tell today is true here, else a line would be withdrawn and
told anew without end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import assert_never

from regie.core.definition import Kind
from regie.core.ids import AnchorId, OccurrenceKey
from regie.core.lines import WHOLE_CYCLE, Line
from regie.core.told import THREAT
from regie.core.traject import Cycle, CycleState, Occurrence, State

_STAGES = (Kind.READY, Kind.DUE_SOON, Kind.DECISION_NEEDED, Kind.DUE, Kind.OVERDUE, Kind.ESCALATED)
"""From early to late: of these a reader needs the latest only."""


def still_true(line: Line, cycle: Cycle, today: date) -> Line | None:
    """Give the line as it is true today, with dates brought up to date; None when it no longer is."""
    occurrence = cycle.occurrences.get(line.key)
    is_running = cycle.state is CycleState.RUNNING
    match line.kind:
        case Kind.CYCLE_STARTED | Kind.DIGEST:
            return line if is_running else None
        case Kind.HANDED_OVER:
            return line if is_running and occurrence is not None and _is_their_turn(line, occurrence) else None
        case Kind.DATE_PROPOSED | Kind.PROPOSAL_ANSWERED | Kind.DECLINED | Kind.QUESTION_ASKED | Kind.QUESTION_ANSWERED:
            return line if is_running and occurrence is not None and _still_matters(line, occurrence) else None
        case Kind.DECISION_TAKEN:
            return line if occurrence is not None and _is_the_decision(line, occurrence) else None
        case Kind.ENDED if line.key == WHOLE_CYCLE:
            return None if is_running else line
        case Kind.ENDED:
            return line if occurrence is not None and occurrence.is_out else None
        case Kind.DONE:
            return line if occurrence is not None and occurrence.state is State.DONE else None
        case Kind.ESCALATED if line.rung == THREAT:
            return line if is_running and occurrence is not None and _is_threatened(line, occurrence, cycle) else None
        case (
            Kind.READY
            | Kind.DUE_SOON
            | Kind.DECISION_NEEDED
            | Kind.DUE
            | Kind.OVERDUE
            | Kind.ESCALATED
            | Kind.DATE_MOVED
        ):
            if not is_running or occurrence is None or not occurrence.state.is_open:
                return None
            return _still_open(line, occurrence, cycle, today)
        case _:
            assert_never(line.kind)


def _is_their_turn(line: Line, occurrence: Occurrence) -> bool:
    if not occurrence.state.is_open:
        return False
    if line.cause:
        return occurrence.assigned_to == line.cause
    return line.part == "responsible" or occurrence.waiting_for in (None, line.part)


def _still_matters(line: Line, occurrence: Occurrence) -> bool:
    """What was asked and not answered; an answer is news for as long as the step is open."""
    match line.kind:
        case Kind.DATE_PROPOSED:
            return occurrence.proposed_on is not None and occurrence.proposed_on == line.due_on
        case Kind.DECLINED:
            return occurrence.declined
        case Kind.QUESTION_ASKED:
            return bool(occurrence.askers)
        case _:
            return occurrence.state.is_open


def _is_the_decision(line: Line, occurrence: Occurrence) -> bool:
    decided = (occurrence.outcome, occurrence.finished_on or occurrence.held_until)
    return decided == (line.outcome, line.due_on)


def _is_threatened(line: Line, occurrence: Occurrence, cycle: Cycle) -> bool:
    planned = occurrence.planned
    if planned is None or line.due_on is None:
        return False
    reached = planned.early_finish
    if line.cause.startswith("anchor:"):
        anchor = AnchorId(line.cause.removeprefix("anchor:"))
        dates = cycle.anchors.get(anchor)
        if dates is None or dates.actual is not None or dates.target != line.due_on:
            return False
        declared = cycle.definition.anchors.get(anchor)
        if declared is not None and declared.set_by_start:
            reached = planned.early_start
    elif planned.legal_on != line.due_on or occurrence.finished_on is not None:
        return False
    return reached > line.due_on


def _still_open(line: Line, occurrence: Occurrence, cycle: Cycle, today: date) -> Line | None:
    planned = occurrence.planned
    due_on = planned.due_on if planned else None
    legal_on = planned.legal_on if planned else None
    if line.kind is Kind.DATE_MOVED:
        return _still_moved(line, occurrence, cycle)
    if line.kind is Kind.READY:
        return replace(line, due_on=due_on, legal_on=legal_on) if occurrence.state is State.READY else None
    if line.kind is Kind.DECISION_NEEDED and occurrence.state is State.FOR_DECISION:
        return replace(line, due_on=due_on, legal_on=legal_on)
    if due_on is None or (due_on != line.due_on and occurrence.told.get(line.told_as) != due_on.isoformat()):
        return None  # the new date is told in its own time, unless it only crept with the days
    is_true = {
        Kind.DUE_SOON: today < due_on and occurrence.state is not State.NOT_YET,
        Kind.DECISION_NEEDED: today < due_on and occurrence.state is not State.NOT_YET,
        Kind.DUE: today == due_on and occurrence.state is not State.NOT_YET,
        Kind.OVERDUE: today > due_on,
        Kind.ESCALATED: today >= due_on,
    }
    return replace(line, due_on=due_on, legal_on=legal_on) if is_true[line.kind] else None


def _still_moved(line: Line, occurrence: Occurrence, cycle: Cycle) -> Line | None:
    """A date that moved on is told as it is now; one that came back is not told."""
    planned = occurrence.planned
    if planned is None or line.old_on is None:
        return None
    is_now = line.due_on
    if is_now not in (planned.due_on, planned.early_finish):
        is_now = planned.due_on or planned.early_finish
    if is_now is None or is_now == line.old_on:
        return None
    if is_now == line.due_on:
        return line
    days = abs(cycle.definition.calendar.working_days_between(line.old_on, is_now))
    return replace(line, due_on=is_now, legal_on=planned.legal_on, cause="", working_days=days)


def as_one_move(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Let every move of a date, of those that are told together, count from the date that the reader knows."""
    known: dict[tuple[int, OccurrenceKey], date | None] = {}
    for line in lines:
        if line.kind is Kind.DATE_MOVED:
            known.setdefault((line.cycle, line.key), line.old_on)
    return tuple(
        replace(line, old_on=known[line.cycle, line.key]) if line.kind is Kind.DATE_MOVED else line for line in lines
    )


def only_current(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Leave out what a later line about the same occurrence makes needless."""
    latest: dict[tuple[int, OccurrenceKey, str], Line] = {}
    for line in lines:
        place = (line.cycle, line.key, _group(line))
        known = latest.get(place)
        if known is None or _is_later(line, known):
            latest[place] = line
    return tuple(latest.values())


def _group(line: Line) -> str:
    if line.kind in _STAGES and line.rung != THREAT:
        return "stage"
    return (
        line.told_as
        if line.kind is Kind.DATE_MOVED
        else f"{line.told_as}:{line.outcome}:{line.due_on}:{line.happening}"
    )


def _is_later(line: Line, known: Line) -> bool:
    if line.kind not in _STAGES:
        return True
    return (_STAGES.index(line.kind), line.rung) >= (_STAGES.index(known.kind), known.rung)
