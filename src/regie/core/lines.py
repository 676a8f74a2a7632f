"""What somebody must hear, as values: a line about one occurrence, and the message that one person gets.

Does not know when a line is true, nor who hears it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from regie.core.definition import HearsWhen, Kind
from regie.core.ids import OccurrenceKey, PersonId, RoleId, StepId
from regie.core.told import THREAT

WHOLE_CYCLE = OccurrenceKey(StepId(""), "")
"""Stands for the cycle itself, in a line that is about no single step."""

MOST_NEIGHBOURS = 6
"""As many of the steps around it does a line show; when there are more, it holds one more."""

REMINDERS = (Kind.DUE_SOON, Kind.DUE, Kind.OVERDUE)
"""Kinds that say how near a due date is."""


TALK = (Kind.DATE_PROPOSED, Kind.PROPOSAL_ANSWERED, Kind.DECLINED, Kind.QUESTION_ASKED, Kind.QUESTION_ANSWERED)
"""Kinds that bring what one person said to another: they wait for no digest, and carry their words."""


ACCEPTED, TURNED_DOWN = "accepted", "turned down"
"""How a proposal was answered, as the outcome of its line."""


class Urgency(StrEnum):
    """When a message leaves: now, in office hours, or with the next digest."""

    AT_ONCE = "at once"
    OFFICE_HOURS = "office hours"
    DIGEST = "digest"


FROM_SOON = tuple(Urgency)
"""The urgencies, the soonest first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that one person must hear about one occurrence.

    Args:
        part: why this person: ``responsible``, ``accountable``, ``consulted``, ``informed``, ``lead``.
        old_on: the date that was told or planned before; ``due_on`` the one that counts now.
        cause: the step (or ``anchor:<id>``) that moved the date.
        for_role_without_people: the role has nobody, so the project lead hears it.
        deputy_for: the person who is away.
        rung: of the ladder of silence, from 1.
        promised_on: what was promised when another date was proposed, and ``moves`` how many other open steps that
            date would move.
        happening: tells it from an earlier time with the same date: of what is so the round, of what somebody did
            its place in the record.
    """

    kind: Kind
    cycle: int
    key: OccurrenceKey
    role: RoleId
    part: str
    due_on: date | None = None
    legal_on: date | None = None
    old_on: date | None = None
    cause: str = ""
    outcome: str = ""
    working_days: int = 0
    rung: int = 0
    happening: str = ""
    waits_for: tuple[OccurrenceKey, ...] = ()
    waited_by: tuple[OccurrenceKey, ...] = ()
    is_confidential: bool = False
    for_role_without_people: bool = False
    deputy_for: PersonId | None = None
    promised_on: date | None = None
    moves: int = 0

    @property
    def told_as(self) -> str:
        """Under which name it is remembered that this was told; a target and a legal date are two things."""
        if self.rung == THREAT and self.cause:
            return f"{self.kind}-{self.rung} {self.cause}"
        return f"{self.kind}-{self.rung}" if self.rung else self.kind.value


@dataclass(frozen=True, slots=True)
class Message:
    """All that one event gives one person to hear."""

    to: PersonId
    lines: tuple[Line, ...]
    urgency: Urgency
    rhythm: HearsWhen = HearsWhen.AT_ONCE


@dataclass(frozen=True, slots=True)
class Wish:
    """A line before it is known who hears it.

    Args:
        also: what is told with it, and need not be told again.
        people: who hears it by name, before the parts; who plays no role in the traject is not known and does not.
        asked_on: the day, when it is the first that anybody hears of it.
    """

    line: Line
    to: tuple[str, ...]
    also: tuple[str, ...] = ()
    asked_on: date | None = None
    people: tuple[str, ...] = ()
