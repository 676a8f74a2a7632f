"""Which occurrences hold each other back, asked of a cycle as it stands."""

from __future__ import annotations

from datetime import date

from regie.core.ids import OccurrenceKey
from regie.core.readiness import link_holds
from regie.core.settle import network_of
from regie.core.traject import Cycle


def find_holding_back_start(cycle: Cycle, key: OccurrenceKey, today: date) -> tuple[OccurrenceKey, ...]:
    """The predecessors that keep an occurrence from being ready."""
    return _holding_back(cycle, key, today, at_start=True)


def find_holding_back_finish(cycle: Cycle, key: OccurrenceKey, today: date) -> tuple[OccurrenceKey, ...]:
    """The predecessors that keep an occurrence from being finished."""
    return _holding_back(cycle, key, today, at_start=False)


def _holding_back(cycle: Cycle, key: OccurrenceKey, today: date, *, at_start: bool) -> tuple[OccurrenceKey, ...]:
    network = network_of(cycle)
    activity = network.activities[network.index[key]]
    return tuple(
        network.activities[link.predecessor].key
        for link in (activity.starts if at_start else activity.finishes)
        if not link_holds(link, activity, cycle.occurrences, network, today)
    )


def find_dependents(cycle: Cycle, key: OccurrenceKey) -> tuple[OccurrenceKey, ...]:
    """Everything that was started or finished after, and because of, an occurrence."""
    network = network_of(cycle)
    found = (network.activities[place].key for place in network.successors(network.index[key]))
    return tuple(
        each
        for each in found
        if (occurrence := cycle.occurrences[each]).out_state is None
        and (occurrence.started_on or occurrence.finished_on)
    )
