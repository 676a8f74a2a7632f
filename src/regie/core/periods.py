"""The periods of a cycle's recurring steps, as far as its anchors have dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

from regie.core.definition import DateBase, DateRule, Definition
from regie.core.ids import AnchorId, OccurrenceKey, StepId
from regie.core.outline import rhythms_of
from regie.core.recurrence import Period, Rhythms
from regie.core.span import shift
from regie.core.traject import AnchorDates

LOOK_AHEAD = timedelta(days=92)
"""Periods that open within this time exist already, so that people can see them coming."""


class CyclePeriods:
    """Gives the period of an occurrence. Counts from anchors only: what is planned may still move.

    Get one from ``periods_of``: looks at the same anchors share what was worked out.
    """

    __slots__ = ("anchors", "bases", "rhythms")

    def __init__(self, definition: Definition, anchors: Mapping[AnchorId, AnchorDates]) -> None:
        self.anchors = anchors
        self.rhythms = rhythms_of(definition)
        self.bases: dict[StepId, tuple[date | None, ...]] = {}

    def at(self, key: OccurrenceKey) -> Period | None:
        """Give the period of a recurring occurrence; ``None`` when it does not exist, or not yet has dates."""
        rhythms = self.rhythms.get(key.step)
        if rhythms is None:
            return None
        bases = self.bases.get(key.step)
        if bases is None:
            bases = self.bases[key.step] = tuple(_anchor_day(rhythms, self.anchors, rule) for rule in rhythms.rules)
        return rhythms.period(int(key.key), bases)


def periods_of(definition: Definition, anchors: Mapping[AnchorId, AnchorDates]) -> CyclePeriods:
    """Give the periods by these anchors."""
    return _cached(definition, tuple(anchors.items()))


@lru_cache(maxsize=512)
def _cached(definition: Definition, anchors: tuple[tuple[AnchorId, AnchorDates], ...]) -> CyclePeriods:
    return CyclePeriods(definition, dict(anchors))


def _anchor_day(rhythms: Rhythms, anchors: Mapping[AnchorId, AnchorDates], rule: DateRule) -> date | None:
    """The day of a rule that counts from an anchor; ``None`` while the anchor has no date."""
    if rule.base is not DateBase.ANCHOR:
        return None
    dates = anchors.get(AnchorId(rule.ref))
    day = dates.counts if dates else None
    if day is None or rule.offset is None:
        return day
    if rule.offset.in_working_days:
        return rhythms.calendar.add_working_days(day, rule.offset.amount)
    return shift(day, rule.offset)
