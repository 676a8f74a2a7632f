"""What the plan was on the first day of a cycle, to compare with what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from regie.core.ids import OccurrenceKey
from regie.core.settle import settle
from regie.core.traject import Cycle, CycleState, Occurrence, Planned, State


def dates_at_start(cycle: Cycle) -> Mapping[OccurrenceKey, Planned]:
    """Plan a cycle as if its first day were today and nothing had happened; empty before it has a first day.

    Answers, targets and lists are those of now: a plan that was never asked is no plan to compare with. What was kept
    from another cycle, or dropped when this one began, was so on the first day too.
    """
    start_anchor = cycle.definition.start_anchor
    start_on = cycle.anchor_on(start_anchor)
    if start_on is None:
        return {}
    anchors = {
        anchor: dates if anchor == start_anchor or not cycle.definition.anchors[anchor].set_by else replace(dates, actual=None)
        for anchor, dates in cycle.anchors.items()
    }  # fmt: skip
    occurrences = {key: _at_start(each) for key, each in cycle.occurrences.items()}
    blank = replace(cycle, anchors=anchors, occurrences=occurrences, state=CycleState.RUNNING, ended_because="")
    settled, _ = settle(blank, start_on)
    return {key: each.planned for key, each in settled.occurrences.items() if each.planned is not None}


def _at_start(occurrence: Occurrence) -> Occurrence:
    if occurrence.kept_from is not None:
        return occurrence
    if occurrence.out_state is State.DROPPED:
        return Occurrence(occurrence.key, out_state=occurrence.out_state, out=occurrence.out)
    return Occurrence(occurrence.key)
