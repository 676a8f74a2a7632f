"""Why each date of a plan is what it is, and the longest chain to a step.

Reasons are found by asking again which of the candidates gave the date, so they can not differ from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from regie.core.definition import DateBase
from regie.core.due import NEVER, legal_term
from regie.core.ids import AnchorId, OccurrenceKey
from regie.core.network import Activity, Link, Shape
from regie.core.reasons import Cause, Hop, Reason
from regie.core.span import Span, Unit
from regie.core.traject import Occurrence

if TYPE_CHECKING:
    from regie.core.plan import Plan


def start_reasons(plan: Plan, place: int) -> tuple[Reason, ...]:
    """All that held back the start to the day it has: take these away and it starts earlier."""
    fact = plan.facts.get(place)
    activity = plan.network.activities[place]
    if fact is None:
        return finish_reasons(plan, place) if activity.is_milestone else _start_causes(plan, place)
    if fact.is_out:
        return (Reason(Cause.OUT, said=fact.out),)
    on = date.fromordinal(plan.start_ordinal(place))
    if fact.started_on or fact.finished_on:
        return (Reason(Cause.HAPPENED, on),)
    pinned_start, pinned_finish = plan.pins(place)
    if pinned_start is not None:
        return (Reason(Cause.PINNED, on, said=fact.pin_reason),)
    # a pinned end pulls a start along that could only be later
    if activity.is_milestone or (pinned_finish and plan.start_index[place] == plan.finish_index[place]):
        return finish_reasons(plan, place)
    return _start_causes(plan, place)


def _start_causes(plan: Plan, place: int) -> tuple[Reason, ...]:
    """What gave a start its day: relations, and what keeps it from being earlier besides."""
    activity = plan.network.activities[place]
    first = plan.start_index[place]
    is_plain = place not in plan.network.slow and not plan.facts
    on = plan.dates[first] if is_plain else date.fromordinal(plan.start_ordinal(place))
    reasons = []
    for link in activity.starts:
        predecessor, code, offset, relation = link
        if is_plain:
            day = (plan.start_index if code else plan.finish_index)[predecessor] + offset
        else:
            day = plan.start_day(link, activity)
        if day == first:
            reasons.append(Reason(Cause.RELATION, on, plan.network.activities[predecessor].key, relation))
    if first == plan.low_index[place]:
        reasons += _low_causes(plan, place, activity, on)
    return tuple(reasons)


def _low_causes(plan: Plan, place: int, activity: Activity, on: date) -> Iterator[Reason]:
    first, given = plan.start_index[place], plan.given
    if plan.opens_index.get(place) == first:
        yield _opening_reason(plan, place, on)
    if given.today > given.start_on and activity.calendar.ceil_index(given.today.toordinal()) == first:
        yield Reason(Cause.TODAY, on)
    if given.today <= given.start_on and activity.calendar.ceil_index(given.start_on.toordinal()) == first:
        yield Reason(Cause.START, on, anchor=plan.network.definition.start_anchor)


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
    if fact is not None and plan.pins(place)[1] is not None:
        return (Reason(Cause.PINNED, on, said=fact.pin_reason),)
    reasons: list[Reason] = []
    if activity.shape is Shape.MEETING and (meeting := meeting_reason(plan, place)) is not None:
        reasons.append(meeting)
    if activity.is_milestone and not (fact is not None and fact.started_on):
        reasons += _start_causes(plan, place)
        if fact is not None and fact.promised_on and activity.calendar.ceil_index(fact.promised_on.toordinal()) == last:
            reasons.append(Reason(Cause.PROMISED, on))
    elif plan.finish_by_work(place, activity, fact)[0] == last:
        reasons += _work_causes(plan, place, activity, fact, on)
    reasons += [
        Reason(Cause.RELATION, on, _key(plan, link), link.relation)
        for link in activity.finishes
        if plan.finish_day(link, activity) == last
    ]
    if fact is not None and fact.held_until and activity.calendar.ceil_index(fact.held_until.toordinal()) == last:
        reasons.append(Reason(Cause.HELD, on))
    # of work that began before today, both today and its length may hold back the end
    is_today = activity.calendar.ceil_index(plan.given.today.toordinal()) == last
    if is_today and (not reasons or plan.start_index[place] < last):
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
    on, finish_on = date.fromordinal(plan.start_ordinal(place)), date.fromordinal(plan.finish_ordinal(place))
    if fact is not None and fact.finished_on:
        return None, Reason(Cause.HAPPENED, finish_on)
    pinned_start, pinned_finish = plan.pins(place)
    own, _ = plan.finish_by_work(place, activity, fact)
    finishing = [(day, link) for link in activity.finishes if (day := plan.finish_day(link, activity)) > NEVER // 2]
    held = max(finishing, key=lambda each: each[0], default=None)
    if (
        fact is not None
        and pinned_finish is not None
        and max(own, held[0] if held else NEVER) < plan.finish_index[place]
    ):
        return None, Reason(Cause.PINNED, finish_on, said=fact.pin_reason)
    if held is not None and held[0] >= own:
        return held[1], Reason(Cause.RELATION, finish_on, _key(plan, held[1]), held[1].relation)
    started = plan.deciding_link(activity)
    if fact is not None and pinned_start is not None and (started[0] if started else NEVER) < plan.start_index[place]:
        return None, Reason(Cause.PINNED, on, said=fact.pin_reason)
    if started is not None and not (fact is not None and fact.started_on):
        return started[1], Reason(Cause.RELATION, on, _key(plan, started[1]), started[1].relation)
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


def _work_causes(plan: Plan, place: int, activity: Activity, fact: Occurrence | None, on: date) -> tuple[Reason, ...]:
    """What its own length, promise or term says of an end; what those say of a day before the start does not count."""
    if fact is not None and fact.promised_on:
        is_over = fact.promised_on.toordinal() < plan.start_ordinal(place)
        return start_reasons(plan, place) if is_over else (Reason(Cause.PROMISED, on),)
    if activity.shape is Shape.TERM:
        event, end = legal_term(plan, place)
        is_over = end.ends_on.toordinal() < plan.start_ordinal(place)
        term = Reason(Cause.TERM, on, term=end, since=date.fromordinal(event), span=activity.span)
        return start_reasons(plan, place) if is_over else (term,)
    if activity.shape is Shape.CONTINUOUS:
        return (Reason(Cause.PERIOD, on),)
    return (Reason(Cause.WORK, on, span=activity.span or Span(1, Unit.WORKING_DAYS)),)


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
