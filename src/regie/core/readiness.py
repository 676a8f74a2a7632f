"""The state of an occurrence: out, done, busy, else ready or not yet by its start relations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from regie.core.ids import ONCE, OccurrenceKey
from regie.core.network import Activity, Link, Network
from regie.core.plan import Plan
from regie.core.span import shift
from regie.core.traject import Occurrence, State

ONE_DAY = timedelta(days=1)


def states_of(
    occurrences: Mapping[OccurrenceKey, Occurrence], plan: Plan, today: date
) -> dict[OccurrenceKey, Occurrence]:
    """Give the occurrences with the state and the dates that follow from a plan."""
    result = dict(occurrences)
    for place, activity in enumerate(plan.network.activities):
        old = result[activity.key]
        # predecessors come first, so that what is asked of them is what this plan says, not the one before
        state = _state(activity, old, result, plan, place, today)
        if state is State.DONE and old.state is State.DONE and old.planned is not None:
            continue  # what is done keeps the dates that it was done with
        planned = plan.planned(place)
        if state is not old.state or planned != old.planned:
            result[activity.key] = old.standing(state, planned)
    return result


def _state(
    activity: Activity,
    occurrence: Occurrence,
    occurrences: Mapping[OccurrenceKey, Occurrence],
    plan: Plan,
    place: int,
    today: date,
) -> State:
    if occurrence.out_state is not None:
        return occurrence.out_state
    if occurrence.finished_on is not None:
        return State.DONE
    if occurrence.for_decision:
        return State.FOR_DECISION
    if occurrence.waiting_for is not None:
        return State.WAITING_FOR_PARTNER
    if occurrence.started_on is not None:
        return State.IN_PROGRESS
    if place in plan.network.held_back and not plan.may_open(place, today):
        return State.NOT_YET
    if not activity.starts:
        return State.READY
    holding = sum(link_holds(link, activity, occurrences, plan.network, today) for link in activity.starts)
    applicable = sum(not occurrences[plan.network.activities[link.predecessor].key].is_out for link in activity.starts)
    needed = len(activity.starts)
    if activity.needed:
        # what does not apply is no alternative, unless nothing else is left
        holding -= len(activity.starts) - applicable
        needed = min(activity.needed, applicable)
    return State.READY if holding >= needed else State.NOT_YET


def link_holds(
    link: Link,
    activity: Activity,
    occurrences: Mapping[OccurrenceKey, Occurrence],
    network: Network,
    today: date,
) -> bool:
    """Whether a relation is satisfied today, by what really happened."""
    theirs = network.activities[link.predecessor]
    predecessor = occurrences[theirs.key]
    relation = link.relation
    if predecessor.out_state is not None:
        return True
    happened_on = _happened_on(predecessor, from_finish=relation.type.from_finish)
    if happened_on is None and theirs.key.key != ONCE and theirs.key.key != activity.key.key:
        # the first finished copy is enough, whichever that was
        days = [
            day
            for key, each in occurrences.items()
            if key.step == theirs.step.id and (day := _happened_on(each, from_finish=relation.type.from_finish))
        ]
        happened_on = min(days, default=None)
    lag = relation.lag
    if happened_on is None:
        is_lead = (
            lag is not None
            and lag.amount < 0
            and predecessor.started_on is not None
            and predecessor.planned is not None
        )
        if not is_lead or lag is None or predecessor.planned is None:
            return False
        return today >= activity.calendar.next_working_day(_lagged(predecessor.planned.early_finish, link, activity))
    if lag is None or lag.amount <= 0:
        return True
    return today >= _lagged(happened_on, link, activity)


def _lagged(day: date, link: Link, activity: Activity) -> date:
    """First day that a relation with a lag allows, counted from what happened."""
    lag = link.relation.lag
    assert lag is not None  # the caller looked
    after = link.relation.type.holds_start and link.relation.type.from_finish and activity.work > 0
    calendar = activity.calendar
    if lag.in_working_days:
        return calendar.add_working_days(day, lag.amount + (1 if after else 0))
    end = shift(day, lag)
    return calendar.next_working_day(end + ONE_DAY if after else end)


def _happened_on(occurrence: Occurrence, *, from_finish: bool) -> date | None:
    if from_finish:
        return occurrence.finished_on
    return occurrence.started_on or occurrence.finished_on
