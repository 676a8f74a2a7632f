"""As whom somebody may act on one step without signing in: who has it, who was asked, who decides."""

from __future__ import annotations

from enum import StrEnum

from regie.core.definition import Step
from regie.core.ids import RoleId
from regie.core.traject import Occurrence


class ActingAs(StrEnum):
    """The part that a role has in a step when it may act on it."""

    RESPONSIBLE = "responsible"
    ASKED = "asked"
    DECIDER = "decider"


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
