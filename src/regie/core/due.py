"""Dates that hang on others: date rules, anchors, periods, items; due and legal dates.

Everything is worked out from a plan in the making: what has not been planned yet has no date.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from regie.core.definition import DateBase, DateRule
from regie.core.ids import FIRST_ITEM, ONCE, AnchorId, OccurrenceKey, StepId
from regie.core.outline import rhythms_of
from regie.core.recurrence import Period, Rhythms
from regie.core.span import Span, shift
from regie.core.terms import TermEnd, start_of_counted_back

if TYPE_CHECKING:
    from regie.core.plan import Plan

NEVER = -(10**9)


def first_place(plan: Plan, step: StepId) -> int | None:
    """Where the first copy of a step stands in the network; ``None`` when it has none."""
    index = plan.network.index
    place = index.get(OccurrenceKey(step, ONCE))
    if place is not None:
        return place
    return plan.first_places.get(step)


def anchor_on(plan: Plan, anchor: AnchorId) -> date | None:
    """The date that counts for an anchor: what happened, else its target, else what the plan expects."""
    known = plan.given.anchors.get(anchor)
    if known is not None and known.counts is not None:
        return known.counts
    if anchor == plan.network.definition.start_anchor:
        return plan.given.start_on
    declared = plan.network.definition.anchors.get(anchor)
    place = first_place(plan, declared.set_by) if declared and declared.set_by else None
    # 0 is what an activity holds that was not planned yet
    if declared is None or place is None or plan.finish_index[place] <= 0:
        return None
    return date.fromordinal(plan.start_ordinal(place) if declared.set_by_start else plan.finish_ordinal(place))


def date_of(plan: Plan, rule: DateRule, place: int) -> int | None:
    """Work out a date rule for an activity, as an ordinal; ``None`` while it hangs on what nobody knows."""
    base = _base_of(plan, rule, place)
    if base is None:
        return None
    calendar = plan.network.activities[place].calendar
    if rule.offset is None:
        return base
    if rule.offset.in_working_days:
        amount = rule.offset.amount
        if amount == 0:
            return base
        index = calendar.floor_index(base) + amount if amount > 0 else calendar.ceil_index(base) + amount
        return calendar.ordinal_at(index)
    return shift(date.fromordinal(base), rule.offset).toordinal()


def _base_of(plan: Plan, rule: DateRule, place: int) -> int | None:
    activity = plan.network.activities[place]
    match rule.base:
        case DateBase.ANCHOR:
            day = anchor_on(plan, AnchorId(rule.ref))
            return day.toordinal() if day else None
        case DateBase.STEP:
            step = StepId(rule.ref)
            other = plan.network.index.get(OccurrenceKey(step, activity.key.key))
            other = first_place(plan, step) if other is None else other
            if other is None or plan.finish_index[other] <= 0:
                return None
            return plan.start_ordinal(other) if rule.of_start else plan.finish_ordinal(other)
        case DateBase.PREDECESSORS:
            days = [
                plan.finish_ordinal(link.predecessor)
                for link in activity.starts
                if plan.finish_index[link.predecessor] > NEVER // 2
            ]
            return max(days) if days else plan.given.start_on.toordinal()
        case DateBase.ITEM:
            day = item_on(plan, place)
            return day.toordinal() if day else None
        case DateBase.PERIOD:
            period = period_of(plan, place)
            return period.closes_on.toordinal() if period else None
        case DateBase.CALENDAR:
            return _next_calendar_day(rule, plan.given.start_on)


def source_of(plan: Plan, rule: DateRule, place: int) -> tuple[int, bool] | None:
    """The activity that a rule counts from while it has a planned date, and whether it is by its start."""
    if rule.base is DateBase.STEP:
        step = StepId(rule.ref)
        other = plan.network.index.get(OccurrenceKey(step, plan.network.activities[place].key.key))
        other, of_start = first_place(plan, step) if other is None else other, rule.of_start
    elif rule.base is DateBase.ANCHOR and (declared := plan.network.definition.anchors.get(AnchorId(rule.ref))):
        known = plan.given.anchors.get(declared.id)
        if declared.set_by is None or (known is not None and known.counts is not None):
            return None
        other, of_start = first_place(plan, declared.set_by), declared.set_by_start
    else:
        return None
    return (other, of_start) if other is not None and plan.is_planned(other) else None


def item_on(plan: Plan, place: int) -> date | None:
    """The date of the item that an activity was made for."""
    activity = plan.network.activities[place]
    if activity.step.for_each is None or activity.key.key.isdigit():
        return None
    item = next(
        (item for item in plan.given.items.get(activity.step.for_each, ()) if item.key == activity.key.key),
        None,
    )
    if item is not None and item.on is not None:
        return item.on
    first_on = plan.network.definition.lists[activity.step.for_each].first_on
    # the first item is on the day of the anchor, wherever that moves, until it gets a day of its own
    return anchor_on(plan, first_on) if first_on is not None and activity.key.key == FIRST_ITEM else None


def period_of(plan: Plan, place: int) -> Period | None:
    """The period of a recurring activity; ``None`` when it has none, or hangs on an unknown date."""
    if place not in plan.period_cache:
        activity = plan.network.activities[place]
        number = activity.key.key
        rhythms = rhythms_of(plan.network.definition).get(activity.step.id) if number.isdigit() else None
        plan.period_cache[place] = rhythms.period(int(number), _bases(plan, rhythms, place)) if rhythms else None
    return plan.period_cache[place]


def _bases(plan: Plan, rhythms: Rhythms, place: int) -> tuple[date | None, ...]:
    """The days that the rhythms of an activity count from: for every copy the same when they are anchors."""
    step = plan.network.activities[place].step.id
    bases = plan.bases_cache.get(step)
    if bases is None:
        bases = tuple(_day_of(plan, rule, place) for rule in rhythms.rules)
        if rhythms.is_anchored:
            plan.bases_cache[step] = bases
    return bases


def _day_of(plan: Plan, rule: DateRule, place: int) -> date | None:
    ordinal = date_of(plan, rule, place)
    return date.fromordinal(ordinal) if ordinal is not None else None


def opens_index(plan: Plan, place: int) -> int:
    """First day that a window, a period or an item allows."""
    activity = plan.network.activities[place]
    days = [NEVER]
    if activity.step.window and activity.step.window.opens:
        day = date_of(plan, activity.step.window.opens, place)
        if day is not None:
            days.append(activity.calendar.ceil_index(day))
    period = period_of(plan, place)
    if period is not None:
        days.append(activity.calendar.ceil_index(period.opens_on.toordinal()))
    return max(days)


def opening_day(plan: Plan, place: int) -> date | None:
    """First day that a window or a period allows; ``None`` when nothing holds it back."""
    day = plan.opens_index.get(place, NEVER)
    if day == NEVER:
        return None
    return date.fromordinal(plan.network.activities[place].calendar.ordinal_at(day))


def may_open(plan: Plan, place: int, today: date) -> bool:
    """Whether the window or the period of an activity has opened."""
    opens_on = opening_day(plan, place)
    return opens_on is None or opens_on <= today


def leans_on_today(plan: Plan, place: int) -> bool:
    """Whether tomorrow's plan has other dates for it, because nothing happened today."""
    fact = plan.facts.get(place)
    if not plan.is_planned(place) or (fact is not None and fact.finished_on):
        return False
    today = plan.network.activities[place].calendar.ceil_index(plan.given.today.toordinal())
    if fact is not None and fact.started_on:
        return plan.finish_index[place] <= today
    return plan.start_index[place] <= today


def due_on(plan: Plan, place: int) -> date | None:
    """What the plan asks, and of a gate that is held not before the day on which it returns to the table."""
    asked_on = _asked_on(plan, place)
    fact = plan.facts.get(place)
    if fact is None or fact.held_until is None:
        return asked_on
    return max(asked_on or fact.held_until, fact.held_until)


def _asked_on(plan: Plan, place: int) -> date | None:
    """The due rule, else the end of the window, the item's or the period's own day."""
    activity = plan.network.activities[place]
    rule = activity.due or (activity.step.window.closes if activity.step.window else None)
    calendar = activity.calendar
    if rule is not None and not (rule.base is DateBase.ITEM and activity.key.key.isdigit()):
        day = date_of(plan, rule, place)
        if day is None:
            return None
        return date.fromordinal(calendar.ordinal_at(calendar.floor_index(day)) if rule.offset else day)
    period = period_of(plan, place)
    if period is not None:
        return calendar.previous_working_day(period.closes_on)
    return item_on(plan, place)


def legal_on(plan: Plan, place: int) -> date | None:
    """What the law allows; ``None`` when no statutory term counts."""
    activity = plan.network.activities[place]
    term = activity.term
    if term is None:
        return None
    if term.before is not None:
        event = date_of(plan, term.before, place)
        return None if event is None else _back_from(plan, event, term.length).ends_on
    return legal_term(plan, place)[1].ends_on


def _back_from(plan: Plan, event: int, length: Span) -> TermEnd:
    return start_of_counted_back(date.fromordinal(event), length, plan.network.definition.legal_calendar)


def legal_term(plan: Plan, place: int) -> tuple[int, TermEnd]:
    if place not in plan.term_ends:
        plan.count_term(place, plan.network.activities[place], plan.facts.get(place))
    return plan.term_ends[place]


def _next_calendar_day(rule: DateRule, start_on: date) -> int | None:
    """First day of the rule after the start of the cycle, in the years that it returns in; or the day itself."""
    if rule.year:
        return date(rule.year, rule.month, rule.day).toordinal()
    parity = {"even": 0, "odd": 1}.get(rule.years)
    for year in range(start_on.year, start_on.year + 12):
        if parity is not None and year % 2 != parity:
            continue
        try:
            day = date(year, rule.month, rule.day)
        except ValueError:
            continue  # 29 February in a common year
        if day > start_on:
            return day.toordinal()
    return None
