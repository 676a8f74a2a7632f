"""The backward pass: how late everything may be, from anchor targets and terms counted back.

With no such deadline the latest days count back from the plan's own finish. A pinned activity is a
commitment to its predecessors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from regie.core.definition import DateRule
from regie.core.due import NEVER, date_of, first_place, legal_term, source_of
from regie.core.ids import AnchorId
from regie.core.network import BY_DATE, Activity, Link, Shape
from regie.core.span import Span, Unit, shift

if TYPE_CHECKING:
    from regie.core.plan import Plan

FAR = 10**9


def pass_backward(plan: Plan) -> None:
    late_start, late_finish = plan.late_start_index, plan.late_finish_index
    start, finish, facts, slow = plan.start_index, plan.finish_index, plan.facts, plan.network.slow
    hot = plan.network.hot
    final, horizon = _last_days(plan)
    for place in range(len(hot) - 1, -1, -1):
        work, starts, finishes = hot[place]
        first, last = start[place], finish[place]
        if last <= NEVER // 2:
            continue
        latest, bound = late_finish[place], late_start[place]
        if latest == FAR:
            # nothing asks for its end: a bound on its start counts, else the plan's own finish
            latest = final[place] if bound == FAR else bound + last - first
        if latest > horizon[place]:
            # a lead would let a predecessor run on past the end of everything
            latest = horizon[place]
        if place in facts or place in slow:
            _place_late(plan, place, latest, bound)
            continue
        begins = latest - work + 1 if work else latest
        if bound < begins:
            latest = min(latest, bound + last - first)
            begins = bound
        late_finish[place] = latest
        late_start[place] = begins
        for predecessor, code, offset, _ in starts:
            target = late_start if code else late_finish
            if begins - offset < target[predecessor]:
                target[predecessor] = begins - offset
        for predecessor, code, offset, _ in finishes:
            target = late_start if code else late_finish
            if latest - offset < target[predecessor]:
                target[predecessor] = latest - offset


def _last_days(plan: Plan) -> tuple[list[int], list[int]]:
    """Per activity the plan's own finish, and the last day of all: that, or a later deadline. Enters the deadlines."""
    finish = plan.finish_index
    if plan.network.elsewhere:
        own = max((plan.finish_ordinal(place) for place in range(len(finish)) if plan.is_planned(place)), default=0)
    else:
        index = max(finish, default=NEVER)
        own = plan.calendar.ordinal_at(index) if index > NEVER // 2 else 0
    own = max(own, plan.given.start_on.toordinal())
    last = own
    for place, day, at_start in _deadlines(plan):
        late = plan.late_start_index if at_start else plan.late_finish_index
        late[place] = min(late[place], day)
        ends = day + finish[place] - plan.start_index[place] if at_start else day
        last = max(last, plan.network.activities[place].calendar.ordinal_at(ends))
    return _on_axes(plan, own), _on_axes(plan, last)


def _on_axes(plan: Plan, ordinal: int) -> list[int]:
    """A day as an index, per activity on its own calendar."""
    days = [plan.calendar.floor_index(ordinal)] * len(plan.finish_index)
    for place in plan.network.elsewhere:
        days[place] = plan.network.activities[place].calendar.floor_index(ordinal)
    return days


def _place_late(plan: Plan, place: int, latest: int, bound: int) -> None:
    """Give one activity its latest days with all that can be said about it, and hand them back."""
    fact = plan.facts.get(place)
    if fact is not None and fact.finished_on:
        plan.late_start_index[place], plan.late_finish_index[place] = plan.start_index[place], plan.finish_index[place]
        return
    activity = plan.network.activities[place]
    counts_term = activity.shape is Shape.TERM and not (fact is not None and fact.promised_on)
    event = _late_event(plan, place, activity, latest) if counts_term else None
    if fact is not None and fact.started_on:
        begins = plan.start_index[place]
    else:
        latest, begins = _fit(plan, place, activity, latest, bound, event)
    plan.late_start_index[place], plan.late_finish_index[place] = begins, latest
    for link, day in binding_links(plan, place, begins, latest):
        _ask(plan, link.predecessor, link.relation.type.from_finish, last_that_fits(plan, link, activity, day))
    if event is not None:
        _hand_back_event(plan, place, activity, event)
    _hand_back_window(plan, place, activity, begins)


def _ask(plan: Plan, place: int, of_finish: bool, day: int) -> None:
    late = plan.late_finish_index if of_finish else plan.late_start_index
    late[place] = min(late[place], day)


def _fit(plan: Plan, place: int, activity: Activity, latest: int, bound: int, event: int | None) -> tuple[int, int]:
    """The last day and the first day, as late as may be."""
    first, last = plan.start_index[place], plan.finish_index[place]
    calendar, fact = activity.calendar, plan.facts.get(place)
    length = max(activity.work, 1) if activity.shape in (Shape.WORK, Shape.MEETING) else last - first + 1
    if event is not None:
        begins = min(first + event - calendar.floor_index(plan.term_ends[place][0]), latest)
    elif activity.shape is Shape.CALENDAR and not (fact is not None and fact.promised_on):
        own = plan.end_by_calendar(activity, first)
        begins = _last_fit(first + latest - own, latest, lambda day: plan.end_by_calendar(activity, day))
    else:
        papers = FAR
        if activity.shape is Shape.MEETING and activity.body is not None:
            # a meeting may be on a day off of the step's own calendar
            found = activity.body.last_feasible_ordinals(calendar.ordinal_at(latest + 1) - 1)
            if found is not None:
                latest, papers = (calendar.floor_index(day) for day in found)
        begins = min(latest - length + 1 if activity.work else latest, papers)
    if bound < begins:
        latest = min(latest, bound + last - first)
        begins = bound
    return latest, begins


def _last_fit(guess: int, latest: int, end: Callable[[int], int]) -> int:
    """The last day from which ``end`` leads to ``latest`` or earlier. Ends, as a later day never ends earlier."""
    while end(guess) > latest:
        guess -= 1
    while end(guess + 1) <= latest:
        guess += 1
    return guess


def binding_links(plan: Plan, place: int, begins: int, latest: int) -> Iterator[tuple[Link, int]]:
    """The relations by which an activity bounds its predecessors, each with its day that they must allow.

    A pinned activity is a commitment to them. Of a join only those count that hold now.
    """
    activity, fact = plan.network.activities[place], plan.facts.get(place)
    if not plan.is_planned(place) or (fact is not None and fact.finished_on):
        return
    pinned_start, pinned_finish = plan.pins(place)
    if pinned_start is not None:
        begins = min(begins, plan.start_index[place])
    if pinned_finish is not None:
        latest = min(latest, plan.finish_index[place])
    if fact is None or not fact.started_on:
        for link in activity.starts:
            if not activity.needed or plan.start_day(link, activity) <= plan.start_index[place]:
                yield link, begins
    for link in activity.finishes:
        yield link, latest


def last_that_fits(plan: Plan, link: Link, activity: Activity, day: int) -> int:
    """The last day of the predecessor, on its own axis, from which the relation still leads to ``day`` or earlier."""
    if link.code != BY_DATE:
        return day - link.offset
    relation = link.relation
    lag = relation.lag or Span(0, Unit.WORKING_DAYS)
    # what starts after an end may do so the day after; all else is counted from the day itself
    after = 1 if relation.type.holds_start and relation.type.from_finish and activity.work > 0 else 0
    if lag.in_working_days:
        found = activity.calendar.ordinal_at(day - lag.amount) - after
    else:
        wanted = activity.calendar.ordinal_at(day) - after
        found = shift(date.fromordinal(wanted), -lag).toordinal() + 4
        # months are not of equal length: step back to the last day that still fits
        while shift(date.fromordinal(found), lag).toordinal() > wanted:
            found -= 1
    return plan.network.activities[link.predecessor].calendar.floor_index(found)


# --- dates that count from others ---------------------------------------------------------------------


def _late_event(plan: Plan, place: int, activity: Activity, latest: int) -> int:
    """The last working day of the event from which a statutory term still ends in time."""
    calendar, fact = activity.calendar, plan.facts.get(place)
    event, known = legal_term(plan, place)
    ends_on = known.ends_on.toordinal()
    index = calendar.floor_index(ends_on)
    # on a day off after the latest day is too late, unless it ends there now
    limit = ends_on if index == latest else calendar.ordinal_at(latest)

    def end(day: int) -> int:
        return plan.end_of_term(activity, fact, calendar.ordinal_at(day)).ends_on.toordinal()

    return _last_fit(calendar.floor_index(event) + latest - index, limit, end)


def _hand_back_event(plan: Plan, place: int, activity: Activity, event: int) -> None:
    """Tell what a statutory term counts from how late it may be."""
    known = plan.term_ends[place][0]  # it may be a day off, and then stay one
    day = known if activity.calendar.floor_index(known) == event else activity.calendar.ordinal_at(event)
    rule = activity.term.after if activity.term is not None else None
    if rule is not None and date_of(plan, rule, place) is not None:
        _hand_back_rule(plan, place, rule, day)
        return
    for link in activity.starts:
        if link.relation.type.from_finish and plan.is_planned(link.predecessor):
            theirs = plan.network.activities[link.predecessor].calendar
            _ask(plan, link.predecessor, True, theirs.floor_index(day))


def _hand_back_window(plan: Plan, place: int, activity: Activity, begins: int) -> None:
    if activity.step.window is not None and activity.step.window.opens is not None:
        _hand_back_rule(plan, place, activity.step.window.opens, activity.calendar.ordinal_at(begins))


def _hand_back_rule(plan: Plan, place: int, rule: DateRule, day: int) -> None:
    """Tell the activity that a rule counts on from how late it may be, so that the rule still leads to a day."""
    source = source_of(plan, rule, place)
    if source is None or source[0] >= place:
        return
    other, of_start = source
    if rule.offset is None:
        found = day
    elif rule.offset.in_working_days:
        calendar = plan.network.activities[place].calendar
        found = calendar.ordinal_at(calendar.floor_index(day) - rule.offset.amount)
    else:
        found = shift(date.fromordinal(day), -rule.offset).toordinal()
    _ask(plan, other, not of_start, plan.network.activities[other].calendar.floor_index(found))


def _deadlines(plan: Plan) -> Iterator[tuple[int, int, bool]]:
    """The activities with a deadline: the last day allowed, and whether it holds for the start."""
    for place, target, at_start, _ in anchor_targets(plan):
        calendar = plan.network.activities[place].calendar
        day = target.toordinal()
        yield place, calendar.ceil_index(day) if at_start else calendar.floor_index(day), at_start
    for place, activity in enumerate(plan.network.activities):
        if activity.term is None or activity.term.before is None or not plan.is_planned(place):
            continue
        if (legal := plan.legal_on(place)) is not None:
            yield place, activity.calendar.floor_index(legal.toordinal()), False


def anchor_targets(plan: Plan) -> Iterator[tuple[int, date, bool, AnchorId]]:
    """The anchors that have a target and did not happen yet, with the activity that makes them happen."""
    for anchor in plan.network.definition.anchors.values():
        dates = plan.given.anchors.get(anchor.id)
        if anchor.set_by is None or dates is None or dates.target is None or dates.actual is not None:
            continue
        place = first_place(plan, anchor.set_by)
        if place is not None and plan.finish_index[place] > NEVER // 2:
            yield place, dates.target, anchor.set_by_start, anchor.id
