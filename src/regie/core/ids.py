"""Names for things, so that a step is never taken for a role.

Ids come from the domain and keep its Dutch: ``f0-startnota``, ``projectleider``.
"""

from __future__ import annotations

from typing import NamedTuple, NewType

StepId = NewType("StepId", str)
PhaseId = NewType("PhaseId", str)
TrackId = NewType("TrackId", str)
RoleId = NewType("RoleId", str)
AnchorId = NewType("AnchorId", str)
ListId = NewType("ListId", str)
BodyId = NewType("BodyId", str)
QuestionId = NewType("QuestionId", str)
PersonId = NewType("PersonId", str)

ONCE = ""
"""The key of a step that exists once in its cycle."""

FIRST_ITEM = "eerste"
"""Key of the item that a list has by itself, on the day of its anchor."""


class OccurrenceKey(NamedTuple):
    """A step in a cycle: the step, and the key that tells its copies apart.

    ``key`` is empty for a step that exists once, ``2028-03-01`` for the period of a recurring step that
    begins on that day, and the item's own key for a step made once per item.
    """

    step: StepId
    key: str = ONCE

    def __str__(self) -> str:
        return f"{self.step}@{self.key}" if self.key else self.step

    @classmethod
    def read(cls, text: str) -> OccurrenceKey:
        """Read what ``str`` writes.

        >>> OccurrenceKey.read("f2-omgevingsoverleg@2028-03-01").key
        '2028-03-01'
        """
        step, _, key = text.partition("@")
        return cls(StepId(step), key)


class OccurrenceId(NamedTuple):
    """An occurrence anywhere: traject, cycle number, step, key."""

    traject: str
    cycle: int
    step: StepId
    key: str = ONCE
