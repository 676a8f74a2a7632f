"""Occurrences and lines as rows and back; the one place that knows both forms.

Plain functions over tuples: a traject of 110 occurrences is read in one go, thousands of times a sweep.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import Any

from regie.core.definition import Answers, Kind, QuestionKind
from regie.core.ids import OccurrenceKey, PersonId, QuestionId, RoleId, StepId
from regie.core.lines import Line
from regie.core.terms import Suspension
from regie.core.traject import Cycle, Occurrence, Planned, State
from regie.store.tables import NONE, occurrence

STATES: Mapping[str, State] = {state.value: state for state in State}
_KINDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind}

FACTS = (
    "started_on",
    "finished_on",
    "waiting_for",
    "for_decision",
    "outcome",
    "held_until",
    "out_state",
    "out",
    "kept_from",
    "pinned_start",
    "pinned_finish",
    "pin_reason",
    "promised_on",
    "proposed_on",
    "proposal_reason",
    "assigned_to",
    "declined",
    "askers",
    "suspensions",
    "extended",
    "evidence",
)
DATES = (
    "early_start",
    "early_finish",
    "late_start",
    "late_finish",
    "slack_working_days",
    "critical",
    "due_on",
    "legal_on",
)
DERIVED = ("told", "state", "is_open", "version", *DATES)
"""What followed from the facts, and what was told."""

OCCURRENCE_COLUMNS = [occurrence.c[name] for name in ("step", "key", *FACTS, "told", "state", "version", *DATES)]

facts_of: Callable[[Occurrence], tuple[Any, ...]] = attrgetter(*FACTS)


@lru_cache(maxsize=8192)
def to_occurrence(row: tuple[Any, ...]) -> Occurrence:
    """Read a row with ``OCCURRENCE_COLUMNS``, as the driver gives it.

    Most rows of a traject are read again and again without having changed: the same row is the same value.
    """
    (
        step,
        key,
        started_on,
        finished_on,
        waiting_for,
        for_decision,
        outcome,
        held_until,
        out_state,
        out,
        kept_from,
        pinned_start,
        pinned_finish,
        pin_reason,
        promised_on,
        proposed_on,
        proposal_reason,
        assigned_to,
        declined,
        askers,
        suspensions,
        extended,
        evidence,
        told,
        state,
        version,
        early_start,
        early_finish,
        late_start,
        late_finish,
        slack_working_days,
        critical,
        due_on,
        legal_on,
    ) = row
    planned = None
    if early_start is not None:
        planned = Planned(
            _day(early_start),
            _day(early_finish),
            _day(late_start),
            _day(late_finish),
            slack_working_days,
            bool(critical),
            _day(due_on),
            _day(legal_on),
        )
    return Occurrence(
        OccurrenceKey(step, key),
        _day(started_on),
        _day(finished_on),
        waiting_for,
        bool(for_decision),
        outcome,
        _day(held_until),
        STATES[out_state] if out_state else None,
        out,
        kept_from,
        _day(pinned_start),
        _day(pinned_finish),
        pin_reason,
        _day(promised_on),
        _day(proposed_on),
        proposal_reason or "",
        assigned_to,
        bool(declined),
        tuple(json.loads(askers)) if askers else (),
        _to_suspensions(suspensions) if suspensions else (),
        bool(extended),
        tuple(json.loads(evidence)) if evidence else (),
        json.loads(told) if told else {},
        STATES[state],
        planned,
        version,
    )


def _day(value: Any) -> Any:
    """Read a date: text on SQLite and in JSON, a date on PostgreSQL."""
    return date.fromisoformat(value) if type(value) is str else value


def occurrence_row(traject_id: int, cycle: Cycle, value: Occurrence, version: int) -> dict[str, Any]:
    """Give all columns of an occurrence. Empty collections are NULL: nothing to parse when read."""
    return {
        "traject_id": traject_id,
        "cycle": cycle.number,
        "step": value.key.step,
        "key": value.key.key,
        "responsible": cycle.definition.steps[value.key.step].responsible,
        "started_on": value.started_on,
        "finished_on": value.finished_on,
        "waiting_for": value.waiting_for,
        "for_decision": value.for_decision,
        "outcome": value.outcome,
        "held_until": value.held_until,
        "out_state": value.out_state.value if value.out_state else None,
        "out": value.out,
        "kept_from": value.kept_from,
        "pinned_start": value.pinned_start,
        "pinned_finish": value.pinned_finish,
        "pin_reason": value.pin_reason,
        "promised_on": value.promised_on,
        "proposed_on": value.proposed_on,
        "proposal_reason": value.proposal_reason or None,
        "assigned_to": value.assigned_to,
        "declined": value.declined,
        "askers": _json(value.askers),
        "suspensions": _json([_from_suspension(each) for each in value.suspensions]),
        "extended": value.extended,
        "evidence": _json(value.evidence),
        **derived_row(value, version),
    }


def told_text(told: Mapping[str, str]) -> str | None:
    """Give what was told as it stands in its column."""
    return _json(told)


def derived_row(value: Occurrence, version: int) -> dict[str, Any]:
    """Give the columns of what followed from facts, and of what was told."""
    return {
        "told": told_text(value.told),
        "state": value.state.value,
        "is_open": value.state.is_open,
        "version": version,
        **_planned_row(value.planned),
    }


def _json(value: Any) -> str | None:
    return json.dumps(value, separators=(",", ":")) if value else None


def _planned_row(planned: Planned | None) -> dict[str, Any]:
    if planned is None:
        return dict.fromkeys(DATES)
    return {
        "early_start": planned.early_start,
        "early_finish": planned.early_finish,
        "late_start": planned.late_start,
        "late_finish": planned.late_finish,
        "slack_working_days": planned.slack_working_days,
        "critical": planned.critical,
        "due_on": planned.due_on,
        "legal_on": planned.legal_on,
    }


def _from_suspension(value: Suspension) -> list[str | None]:
    return [value.begins_on.isoformat(), value.ends_on.isoformat() if value.ends_on else None, value.reason]


def _to_suspensions(stored: str) -> tuple[Suspension, ...]:
    return tuple(Suspension(_day(begins), _day(ends), reason) for begins, ends, reason in json.loads(stored))


# --- answers ------------------------------------------------------------------------------------------


def answers_row(answers: Answers) -> dict[str, Any]:
    """Give answers as JSON can hold them; their questions know what they were."""
    return {name: _plain_answer(value) for name, value in answers.items()}


def _plain_answer(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return value.isoformat() if isinstance(value, date) else value


def to_answers(stored: Mapping[str, Any], kinds: Mapping[QuestionId, QuestionKind]) -> Answers:
    """Read answers back, each by the kind of its question."""
    return {QuestionId(name): _to_answer(value, kinds.get(QuestionId(name))) for name, value in stored.items()}


def _to_answer(value: Any, kind: QuestionKind | None) -> Any:
    if kind is QuestionKind.SOME_OF:
        return frozenset(value)
    return date.fromisoformat(value) if kind is QuestionKind.DATE else value


# --- lines --------------------------------------------------------------------------------------------


def line_text(line: Line) -> str:
    """Give the facts of a line as JSON, without what is as always."""
    facts: dict[str, Any] = {"kind": line.kind.value, "role": line.role, "part": line.part}
    for name in ("due_on", "legal_on", "old_on", "promised_on"):
        if (day := getattr(line, name)) is not None:
            facts[name] = day.isoformat()
    for name in (
        "cause",
        "outcome",
        "working_days",
        "rung",
        "is_confidential",
        "for_role_without_people",
        "deputy_for",
        "moves",
    ):
        if value := getattr(line, name):
            facts[name] = value
    for name in ("waits_for", "waited_by"):
        if keys := getattr(line, name):
            facts[name] = keys
    return json.dumps(facts, separators=(",", ":"))


def to_line(stored: str, cycle: int, key: OccurrenceKey) -> Line:
    """Read a line back; where it is about stands in columns of its own."""
    facts = json.loads(stored)
    return Line(
        _KINDS[facts["kind"]],
        cycle,
        key,
        RoleId(facts["role"]),
        facts["part"],
        due_on=_day(facts.get("due_on")),
        legal_on=_day(facts.get("legal_on")),
        old_on=_day(facts.get("old_on")),
        cause=facts.get("cause", ""),
        outcome=facts.get("outcome", ""),
        working_days=facts.get("working_days", 0),
        rung=facts.get("rung", 0),
        waits_for=_keys(facts.get("waits_for", ())),
        waited_by=_keys(facts.get("waited_by", ())),
        is_confidential=facts.get("is_confidential", False),
        for_role_without_people=facts.get("for_role_without_people", False),
        deputy_for=PersonId(facts["deputy_for"]) if "deputy_for" in facts else None,
        promised_on=_day(facts.get("promised_on")),
        moves=facts.get("moves", 0),
    )


def day_key(day: date | None) -> str:
    """Give a date as it stands in a unique key."""
    return day.isoformat() if day else NONE


def _keys(stored: Sequence[Sequence[str]]) -> tuple[OccurrenceKey, ...]:
    return tuple(OccurrenceKey(StepId(step), key) for step, key in stored)
