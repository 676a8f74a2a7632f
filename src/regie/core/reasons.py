"""Why a date is what it is, as values; ``regie.text`` turns them into sentences.

A reason names what determined the date: remove it (all of them, when several tie) and the date moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from regie.core.definition import Relation
from regie.core.ids import AnchorId, OccurrenceKey
from regie.core.meetings import Meeting
from regie.core.span import Span
from regie.core.terms import TermEnd


class Cause(StrEnum):
    RELATION = "relation"
    START = "start"
    WINDOW = "window"
    PERIOD = "period"
    ITEM = "item"
    TODAY = "today"
    HAPPENED = "happened"
    PINNED = "pinned"
    PROMISED = "promised"
    HELD = "held"
    WORK = "work"
    TERM = "term"
    MEETING = "meeting"
    OUT = "out"


class Reason(NamedTuple):
    """One cause of one date.

    Args:
        on: the date this cause leads to.
        predecessor: with ``RELATION``, who is waited for; ``relation`` says how.
        term: with ``TERM``, how the last day was counted, from ``since``.
        span: with ``WORK``, how long it takes.
    """

    cause: Cause
    on: date | None = None
    predecessor: OccurrenceKey | None = None
    relation: Relation | None = None
    anchor: AnchorId | None = None
    term: TermEnd | None = None
    meeting: Meeting | None = None
    span: Span | None = None
    since: date | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One link of a chain of steps: a step, its dates, and why it starts or ends when it does."""

    key: OccurrenceKey
    start_on: date
    finish_on: date
    reason: Reason
