"""Why each date of a plan is what it is, and the longest chain to a step.

Reasons are found by asking again which of the candidates gave the date, so they can not differ from it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from regie.core.definition import DateBase
from regie.core.due import NEVER, legal_term
from regie.core.ids import AnchorId, OccurrenceKey
from regie.core.network import BY_DATE, FROM_FINISH, Activity, Link, Shape
from regie.core.reasons import Cause, Hop, Reason
from regie.core.span import Span, Unit
from regie.core.traject import Occurrence

if TYPE_CHECKING:
    from regie.core.plan import Plan


def start_reasons(plan: Plan, place: int) -> tuple[Reason, ...]:
    """All that held back the start to the day it has: take these away and it starts earlier."""
    fact = plan.facts.get(place)
    activity = plan.network.activities[place]
    first = plan.start_index[place]
    if fact is not None and fact.is_out:
        return (Reason(Cause.OUT, said=fact.out),)
    on = date.fromordinal(plan.start_ordinal(place))
    if fact is not None and (fact.started_on or fact.finished_on):
        return (Reason(Cause.HAPPENED, on),)
    if fact is not None and fact.pinned_start:
        return (Reason(Cause.PINNED, on, said=fact.pin_reason),)
    reasons = []
    start, finish = plan.start_index, plan.finish_index
    for link in activity.starts:
        if link.code == BY_DATE:
            day = plan.start_day(link, activity)
        else:
            day = (finish if link.code == FROM_FINISH else start)[link.predecessor] + link.offset
        if day == first:
            reasons.append(Reason(Cause.RELATION, on, _key(plan, link), link.relation))
    if activity.work == 0:
        reasons += [
            Reason(Cause.RELATION, on, _key(plan, link), link.relation)
            for link in activity.finishes
            if plan.finish_day(link, activity) == first
        ]
    if plan.opens_index.get(place) == first:
        reasons.append(_opening_reason(plan, place, on))
    if plan.today_index == first and plan.given.today > plan.given.start_on:
        reasons.append(Reason(Cause.TODAY, on))
    if plan.begin_index == first and plan.given.today <= plan.given.start_on:
        reasons.append(Reason(Cause.START, on, anchor=plan.network.definition.start_anchor))
    return tuple(reasons)


def finish_reasons(plan: Plan, place: int) -> tuple[Reason, ...]:
    """All that held back the finish to the day it has."""
    fact = plan.facts.get(place)
    activity = plan.network.activities[place]
    last = plan.finish_index[place]
    if fact is not None and fact.is_out:
        return (Reason(Cause.OUT, said=fact.out),)
    on = date.fromordinal(plan.finish_ordinal(place))
    if fact is not None and fact.finished_on:
        return (Reason(Cause.HAPPENED, on),)
    if fact is not None and fact.pinned_finish:
        return (Reason(Cause.PINNED, on, said=fact.pin_reason),)
    if activity.work == 0 and activity.shape is Shape.WORK:
        return start_reasons(plan, place)
    if activity.shape is Shape.MEETING and activity.body is not None:
        meeting = meeting_reason(plan, place)
        if meeting is not None:
            return (meeting,)
    reasons = []
    own, _ = plan.finish_by_work(place, activity, fact)
    if own == last:
        reasons.append(_work_reason(plan, place, activity, fact, on))
    reasons += [
        Reason(Cause.RELATION, on, _key(plan, link), link.relation)
        for link in activity.finishes
        if plan.finish_day(link, activity) == last
    ]
    if fact is not None and fact.held_until and activity.calendar.ceil_index(fact.held_until.toordinal()) == last:
        reasons.append(Reason(Cause.HELD, on))
    if activity.calendar.ceil_index(plan.given.today.toordinal()) == last and not reasons:
        reasons.append(Reason(Cause.TODAY, on))
    return tuple(reasons)


def chain_to(plan: Plan, key: OccurrenceKey) -> tuple[Hop, ...]:
    """The longest chain of steps that leads to an occurrence, first step first.

    From each step it goes back to the predecessor that leaves the least room, also where something
    else than a relation (today, a meeting, a window) has the last word.
    """
    hops: list[Hop] = []
    place: int | None = plan.network.index[key]
    while place is not None:
        link, reason = _tightest(plan, place)
        activity = plan.network.activities[place]
        hops.append(
            Hop(
                activity.key,
                date.fromordinal(plan.start_ordinal(place)),
                date.fromordinal(plan.finish_ordinal(place)),
                reason,
            )
        )
        place = link.predecessor if link is not None else None
    return tuple(reversed(hops))


def _tightest(plan: Plan, place: int) -> tuple[Link | None, Reason]:
    activity = plan.network.activities[place]
    fact = plan.facts.get(place)
    on = date.fromordinal(plan.start_ordinal(place))
    if fact is not None and fact.finished_on:
        return None, Reason(Cause.HAPPENED, date.fromordinal(plan.finish_ordinal(place)))
    own, _ = plan.finish_by_work(place, activity, fact)
    finishing = [(plan.finish_day(link, activity), link) for link in activity.finishes]
    held = [(day, link) for day, link in finishing if day > NEVER // 2 and day >= own]
    if held:
        _, link = max(held, key=lambda each: each[0])
        reason = Reason(Cause.RELATION, date.fromordinal(plan.finish_ordinal(place)), _key(plan, link), link.relation)
        return link, reason
    starting = [(plan.start_day(link, activity), link) for link in activity.starts]
    starting = [(day, link) for day, link in starting if day > NEVER // 2]
    if starting and not (fact is not None and fact.started_on):
        _, link = max(starting, key=lambda each: each[0])
        return link, Reason(Cause.RELATION, on, _key(plan, link), link.relation)
    reasons = start_reasons(plan, place)
    return None, reasons[0] if reasons else Reason(Cause.START, on)


def _key(plan: Plan, link: Link) -> OccurrenceKey:
    return plan.network.activities[link.predecessor].key


def _opening_reason(plan: Plan, place: int, on: date) -> Reason:
    period = plan.period(place)
    activity = plan.network.activities[place]
    if period is not None and activity.calendar.ceil_index(period.opens_on.toordinal()) == plan.start_index[place]:
        return Reason(Cause.PERIOD, on, since=period.opens_on)
    rule = activity.step.window.opens if activity.step.window else None
    anchor = AnchorId(rule.ref) if rule and rule.base is DateBase.ANCHOR else None
    return Reason(Cause.WINDOW, on, anchor=anchor, said=rule.said if rule else "")


def _work_reason(plan: Plan, place: int, activity: Activity, fact: Occurrence | None, on: date) -> Reason:
    if fact is not None and fact.promised_on:
        return Reason(Cause.PROMISED, on)
    if activity.shape is Shape.TERM:
        event, end = legal_term(plan, place)
        return Reason(Cause.TERM, on, term=end, since=date.fromordinal(event), span=activity.span)
    if activity.shape is Shape.CONTINUOUS:
        return Reason(Cause.PERIOD, on)
    return Reason(Cause.WORK, on, span=activity.span or Span(1, Unit.WORKING_DAYS))


def meeting_reason(plan: Plan, place: int) -> Reason | None:
    activity = plan.network.activities[place]
    assert activity.body is not None  # the caller looked
    fact = plan.facts.get(place)
    ready, _ = plan.finish_by_work(place, activity, fact)
    for day, _ in plan.finish_bounds(place, activity, fact):
        ready = max(ready, day)
    meeting = activity.body.next_feasible(
        date.fromordinal(activity.calendar.ordinal_at(ready)), date.fromordinal(plan.start_ordinal(place))
    )
    return Reason(Cause.MEETING, meeting.held_on, meeting=meeting) if meeting else None
