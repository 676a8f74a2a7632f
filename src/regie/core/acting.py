"""As whom somebody may act on one step without signing in: who has it, who was asked, who decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from regie.core.definition import Step
from regie.core.events import (
    DatePromised,
    DateProposed,
    HandedToColleague,
    QuestionAsked,
    StepDeclined,
    StepEvent,
    StepFinished,
)
from regie.core.ids import PersonId, RoleId
from regie.core.traject import Occurrence, Person


class ActingAs(StrEnum):
    """The part that a role has in a step when it may act on it."""

    RESPONSIBLE = "responsible"
    ASKED = "asked"
    DECIDER = "decider"


_ASKING: frozenset[type[StepEvent]] = frozenset({QuestionAsked})
_WORKING = _ASKING | {StepFinished, DatePromised, DateProposed}
_GIVING_AWAY: frozenset[type[StepEvent]] = frozenset({HandedToColleague, StepDeclined})


def answers_of(part: ActingAs, *, is_deputy: bool) -> frozenset[type[StepEvent]]:
    """What somebody may do to a step by a link: who decides may only ask, and only who has it may give it away.

    Args:
        is_deputy: they act in the place of somebody who is away.
    """
    match part:
        case ActingAs.RESPONSIBLE:
            return _WORKING if is_deputy else _WORKING | _GIVING_AWAY
        case ActingAs.ASKED:
            return _WORKING
        case ActingAs.DECIDER:
            return _ASKING


def acts_as(step: Step, occurrence: Occurrence, role: RoleId) -> ActingAs | None:
    """Give as what a role may act on an occurrence now; None when it may only hear of it.

    The most lasting part counts: who is responsible stays so when nobody is asked any more.
    """
    if not role or not occurrence.state.is_open:
        return None
    if role == step.responsible:
        return ActingAs.RESPONSIBLE
    if role == occurrence.waiting_for:
        return ActingAs.ASKED
    if step.gate is not None and role == step.accountable:
        return ActingAs.DECIDER
    return None


def players(
    step: Step,
    occurrence: Occurrence,
    role: RoleId,
    people: Mapping[RoleId, tuple[Person, ...]],
    find: Callable[[PersonId], Person | None],
) -> tuple[Person, ...]:
    """Give who acts for a role on an occurrence: its people, or in their place the one to whom it was handed over.

    Who was erased since has it no longer, and the role has it again.

    Args:
        find: gives somebody who is known in the traject, such as ``traject.person``.
    """
    if occurrence.assigned_to is not None and role == step.responsible:
        assigned = find(occurrence.assigned_to)
        if assigned is not None:
            return (assigned,)
    return people.get(role, ())
