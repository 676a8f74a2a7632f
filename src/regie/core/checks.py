"""What a plan can not make true: targets, legal dates, pins, periods to avoid, unconfirmed years."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from regie.core.due import NEVER
from regie.core.findings import PlanFinding, Severity
from regie.core.latest import anchor_targets
from regie.core.network import Activity, Shape
from regie.core.why import meeting_reason

if TYPE_CHECKING:
    from regie.core.plan import Plan


def find_all(plan: Plan) -> Iterator[PlanFinding]:
    """Give all that can not hold or needs a look."""
    yield from find_threats(plan)
    for place, activity in enumerate(plan.network.activities):
        fact = plan.facts.get(place)
        if not plan.is_planned(place) or (fact is not None and fact.finished_on):
            continue
        finish_on = date.fromordinal(plan.finish_ordinal(place))
        due_on = plan.due_on(place)
        if due_on is not None and finish_on > due_on:
            days = _days_late(activity, finish_on, due_on)
            yield PlanFinding("RG355", activity.key, Severity.WARNING, finish_on, due_on, days)
        if fact is not None:
            yield from _broken_pins(plan, place, activity)
        yield from _avoided(plan, activity, place)
        if activity.shape is Shape.MEETING and meeting_reason(plan, place) is None:
            yield PlanFinding("RG357", activity.key, Severity.ERROR, on=finish_on)
    yield from _unconfirmed(plan)


def find_threats(plan: Plan) -> Iterator[PlanFinding]:
    """Give the anchor targets and legal dates that can not hold, each with the chain that breaks it."""
    yield from _broken_targets(plan)
    for place, activity in enumerate(plan.network.activities):
        fact = plan.facts.get(place)
        if activity.term is None or not plan.is_planned(place) or (fact is not None and fact.finished_on):
            continue
        finish_on = date.fromordinal(plan.finish_ordinal(place))
        legal_on = plan.legal_on(place)
        if legal_on is not None and finish_on > legal_on:
            days = max(_days_late(activity, finish_on, legal_on), 1)
            chain, article = plan.chain_to(activity.key), activity.term.article
            yield PlanFinding(
                "RG352", activity.key, Severity.ERROR, finish_on, legal_on, days, chain=chain, said=article
            )


def _days_late(activity: Activity, on: date, limit: date) -> int:
    floor = activity.calendar.floor_index
    return floor(on.toordinal()) - floor(limit.toordinal())


def _broken_targets(plan: Plan) -> Iterator[PlanFinding]:
    for place, target, at_start, anchor in anchor_targets(plan):
        reached = date.fromordinal(plan.start_ordinal(place) if at_start else plan.finish_ordinal(place))
        calendar = plan.network.activities[place].calendar
        allowed = calendar.ceil_index(target.toordinal()) if at_start else calendar.floor_index(target.toordinal())
        days = (plan.start_index if at_start else plan.finish_index)[place] - allowed
        if days > 0:
            key = plan.network.activities[place].key
            yield PlanFinding(
                "RG351", key, Severity.ERROR, reached, target, days, anchor=anchor, chain=plan.chain_to(key)
            )


def _broken_pins(plan: Plan, place: int, activity: Activity) -> Iterator[PlanFinding]:
    pinned_start, pinned_finish = plan.pins(place)
    ready = plan.start_by_links(activity)
    if pinned_start is not None and ready > plan.start_index[place]:
        yield _broken_pin(activity, pinned_start, ready, ready - plan.start_index[place])
    if pinned_finish is None or (activity.is_milestone and ready > plan.finish_index[place]):
        return
    begins = plan.start_index[place] if pinned_start is not None else max(ready, plan.start_index[place])
    asked = max((plan.finish_day(link, activity) for link in activity.finishes), default=NEVER)
    if activity.shape is Shape.CALENDAR:
        asked = max(asked, plan.end_by_calendar(activity, begins))
    elif activity.shape in (Shape.WORK, Shape.MEETING):
        asked = max(asked, begins + max(activity.work, 1) - 1)
    if asked > plan.finish_index[place]:
        yield _broken_pin(activity, pinned_finish, asked, asked - plan.finish_index[place])


def _broken_pin(activity: Activity, pinned_on: date, asked: int, days: int) -> PlanFinding:
    on = date.fromordinal(activity.calendar.ordinal_at(asked))
    return PlanFinding("RG353", activity.key, Severity.WARNING, on, pinned_on, days)


def _avoided(plan: Plan, activity: Activity, place: int) -> Iterator[PlanFinding]:
    if not activity.step.avoids:
        return
    on = date.fromordinal(plan.finish_ordinal(place))
    for day in (date.fromordinal(plan.start_ordinal(place)), on):
        for period in activity.calendar.periods_on(day):
            if any(name in period.name for name in activity.step.avoids):
                yield PlanFinding("RG356", activity.key, Severity.WARNING, on=day, said=period.name)
                return


def _unconfirmed(plan: Plan) -> Iterator[PlanFinding]:
    """One warning per unconfirmed year: the first step whose term ends in it, else that the plan comes there."""
    legal = plan.network.definition.legal_calendar
    told: set[int] = set()
    for place, activity in enumerate(plan.network.activities):
        if activity.term is None or not plan.is_planned(place):
            continue
        on = plan.legal_on(place)
        if on is not None and not legal.is_confirmed(on) and on.year not in told:
            told.add(on.year)
            yield PlanFinding("RG354", activity.key, Severity.WARNING, on=on, said=legal.name)
    ends: dict[int, date] = {}
    for place in range(len(plan.network.activities)):
        fact = plan.facts.get(place)
        if not plan.is_planned(place) or (fact is not None and fact.finished_on):
            continue
        on = date.fromordinal(plan.finish_ordinal(place))
        if not plan.calendar.is_confirmed(on) and on.year not in told:
            ends[on.year] = max(on, ends.get(on.year, on))
    for on in ends.values():
        yield PlanFinding("RG354", None, Severity.WARNING, on=on, said=plan.calendar.name)
