"""The backward pass: how late everything may be, from anchor targets and terms counted back.

With no such deadline the latest days count back from the plan's own finish. A pinned activity is a
commitment to its predecessors.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from regie.core.due import NEVER, first_place
from regie.core.ids import AnchorId
from regie.core.network import BY_DATE, Activity, Link, Shape
from regie.core.span import Span, Unit, shift

if TYPE_CHECKING:
    from regie.core.plan import Plan

FAR = 10**9


def pass_backward(plan: Plan) -> None:
    late_start, late_finish = plan.late_start_index, plan.late_finish_index
    start, finish, facts, slow = plan.start_index, plan.finish_index, plan.facts, plan.network.slow
    active = [day for day in finish if day > NEVER // 2]
    plan.last_index = max(active, default=plan.ceil(plan.given.start_on))
    hot = plan.network.hot
    horizon = plan.last_index
    for place, (day, at_start) in _deadlines(plan).items():
        horizon = max(horizon, day + finish[place] - start[place] if at_start else day)
        if at_start:
            late_start[place] = min(late_start[place], day)
        else:
            late_finish[place] = min(late_finish[place], day)
    for place in range(len(hot) - 1, -1, -1):
        work, starts, finishes = hot[place]
        first, last = start[place], finish[place]
        if last <= NEVER // 2:
            continue
        latest, bound = late_finish[place], late_start[place]
        if latest == FAR:
            # nothing asks for its end: a bound on its start counts, else the plan's own finish
            latest = plan.last_index if bound == FAR else bound + last - first
        # a lead would let a predecessor run on past the end of everything
        latest = min(latest, horizon)
        if place in facts or place in slow:
            if (fact := facts.get(place)) is not None and (fact.finished_on or fact.started_on):
                late_finish[place] = last if fact.finished_on else latest
                late_start[place] = first
                if fact.finished_on:
                    continue
                starts = ()
                begins = first
            else:
                latest, begins = _late_place(plan, place, latest, bound)
        else:
            begins = latest - work + 1 if work else latest
            if bound < begins:
                latest = min(latest, bound + last - first)
                begins = bound
        late_finish[place] = latest
        late_start[place] = begins
        _hand_back(plan, place, starts, finishes, begins, latest)


def _late_place(plan: Plan, place: int, latest: int, bound: int) -> tuple[int, int]:
    activity = plan.network.activities[place]
    first, last = plan.start_index[place], plan.finish_index[place]
    if activity.shape is Shape.MEETING and activity.body is not None and latest > last:
        latest = _last_meeting(plan, activity, last, latest)
    length = max(activity.work, 1) if activity.shape in (Shape.WORK, Shape.MEETING) else last - first + 1
    begins = latest - length + 1 if activity.work else latest
    if bound < begins:
        latest = min(latest, bound + last - first)
        begins = bound
    return latest, begins


def _last_meeting(plan: Plan, activity: Activity, known: int, latest: int) -> int:
    assert activity.body is not None  # the caller looked
    days, floor = activity.calendar.ordinal_at, activity.calendar.floor_index
    while True:
        after = activity.body.next_feasible_ordinals(days(known) + 1, 0)
        if after is None or (day := floor(after[0])) > latest:
            return known
        known = day


def _hand_back(
    plan: Plan, place: int, starts: tuple[Link, ...], finishes: tuple[Link, ...], begins: int, latest: int
) -> None:
    """Tell the predecessors how late they may be. A pinned activity is a commitment to them."""
    late_start, late_finish = plan.late_start_index, plan.late_finish_index
    fact = plan.facts.get(place)
    if fact is not None and fact.pinned_start:
        begins = min(begins, plan.start_index[place])
    if fact is not None and fact.pinned_finish:
        latest = min(latest, plan.finish_index[place])
    activity = plan.network.activities[place]
    if activity.needed:
        starts = tuple(link for link in starts if plan.start_day(link, activity) <= plan.start_index[place])
    for link in starts:
        target = late_start if link.code == 1 else late_finish
        if link.code == BY_DATE:
            _hand_back_by_date(plan, link, activity, begins)
        elif begins - link.offset < target[link.predecessor]:
            target[link.predecessor] = begins - link.offset
    for link in finishes:
        target = late_start if link.code == 1 else late_finish
        if link.code == BY_DATE:
            _hand_back_by_date(plan, link, activity, latest)
        elif latest - link.offset < target[link.predecessor]:
            target[link.predecessor] = latest - link.offset


def _hand_back_by_date(plan: Plan, link: Link, activity: Activity, day: int) -> None:
    """Find the last day of the predecessor from which the relation still leads to ``day`` or earlier."""
    relation = link.relation
    theirs = plan.network.activities[link.predecessor].calendar
    target = plan.late_finish_index if relation.type.from_finish else plan.late_start_index
    ordinal = activity.calendar.ordinal_at(day)
    lag = relation.lag or Span(0, Unit.WORKING_DAYS)
    after = relation.type.holds_start and relation.type.from_finish and activity.work > 0
    if lag.in_working_days:
        found = activity.calendar.ordinal_at(day - lag.amount - (1 if after else 0))
    else:
        wanted = ordinal - 1 if after else ordinal
        found = shift(date.fromordinal(wanted), -lag).toordinal() + 4
        # months are not of equal length: step back to the last day that still fits
        while shift(date.fromordinal(found), lag).toordinal() > wanted:
            found -= 1
    latest = theirs.floor_index(found)
    if latest < target[link.predecessor]:
        target[link.predecessor] = latest


def _deadlines(plan: Plan) -> dict[int, tuple[int, bool]]:
    """Per activity the last day allowed, and whether it holds for its start."""
    found: dict[int, tuple[int, bool]] = {}
    for place, target, at_start, _ in anchor_targets(plan):
        calendar = plan.network.activities[place].calendar
        found[place] = (
            calendar.ceil_index(target.toordinal()) if at_start else calendar.floor_index(target.toordinal()),
            at_start,
        )
    for place in _counted_back(plan):
        if (legal := plan.legal_on(place)) is not None:
            day = plan.network.activities[place].calendar.floor_index(legal.toordinal())
            known = found.get(place)
            if known is None or not known[1]:
                found[place] = (min(day, known[0]) if known else day, False)
    return found


def _counted_back(plan: Plan) -> tuple[int, ...]:
    return tuple(
        place
        for place, activity in enumerate(plan.network.activities)
        if activity.term is not None and activity.term.before is not None
    )


def anchor_targets(plan: Plan) -> Iterator[tuple[int, date, bool, AnchorId]]:
    """The anchors that have a target and did not happen yet, with the activity that makes them happen."""
    for anchor in plan.network.definition.anchors.values():
        dates = plan.given.anchors.get(anchor.id)
        if anchor.set_by is None or dates is None or dates.target is None or dates.actual is not None:
            continue
        place = first_place(plan, anchor.set_by)
        if place is not None and plan.finish_index[place] > NEVER // 2:
            yield place, dates.target, anchor.set_by_start, anchor.id
