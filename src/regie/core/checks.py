"""What a plan can not make true: targets, legal dates, pins, periods to avoid, unconfirmed years."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from regie.core.due import NEVER
from regie.core.findings import PlanFinding, Severity
from regie.core.latest import anchor_targets
from regie.core.network import Activity, Shape
from regie.core.traject import Occurrence
from regie.core.why import meeting_reason

if TYPE_CHECKING:
    from regie.core.plan import Plan


def find_all(plan: Plan) -> Iterator[PlanFinding]:
    yield from _broken_targets(plan)
    for place, activity in enumerate(plan.network.activities):
        if not plan.is_planned(place) or ((fact := plan.facts.get(place)) and fact.finished_on):
            continue
        finish_on = date.fromordinal(plan.finish_ordinal(place))
        legal_on = plan.legal_on(place)
        if legal_on is not None and finish_on > legal_on:
            yield _broken(plan, "RG352", place, legal_on, activity.term.article if activity.term else "")
        due_on = plan.due_on(place)
        if due_on is not None and finish_on > due_on:
            days = activity.calendar.floor_index(finish_on.toordinal()) - activity.calendar.floor_index(
                due_on.toordinal()
            )
            yield PlanFinding("RG355", activity.key, Severity.WARNING, on=finish_on, limit_on=due_on, working_days=days)
        if fact is not None and (fact.pinned_start or fact.pinned_finish):
            yield from _broken_pins(plan, place, activity, fact)
        yield from _avoided(plan, activity, place)
        if activity.shape is Shape.MEETING and meeting_reason(plan, place) is None:
            yield PlanFinding("RG357", activity.key, Severity.ERROR, on=finish_on)
    yield from _unconfirmed(plan)


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


def _broken(plan: Plan, code: str, place: int, limit: date, article: str) -> PlanFinding:
    activity = plan.network.activities[place]
    finish_on = date.fromordinal(plan.finish_ordinal(place))
    days = activity.calendar.floor_index(finish_on.toordinal()) - activity.calendar.floor_index(limit.toordinal())
    chain = plan.chain_to(activity.key)
    return PlanFinding(code, activity.key, Severity.ERROR, finish_on, limit, max(days, 1), chain=chain, said=article)


def _broken_pins(plan: Plan, place: int, activity: Activity, fact: Occurrence) -> Iterator[PlanFinding]:
    asked = max((plan.start_day(link, activity) for link in activity.starts), default=NEVER)
    if fact.pinned_start and asked > plan.start_index[place]:
        days = asked - plan.start_index[place]
        on = date.fromordinal(activity.calendar.ordinal_at(asked))
        yield PlanFinding("RG353", activity.key, Severity.WARNING, on, fact.pinned_start, days)
    asked = max((plan.finish_day(link, activity) for link in activity.finishes), default=NEVER)
    asked = max(asked, plan.start_index[place] + activity.work - 1) if activity.shape is Shape.WORK else asked
    if fact.pinned_finish and asked > plan.finish_index[place]:
        days = asked - plan.finish_index[place]
        on = date.fromordinal(activity.calendar.ordinal_at(asked))
        yield PlanFinding("RG353", activity.key, Severity.WARNING, on, fact.pinned_finish, days)


def _avoided(plan: Plan, activity: Activity, place: int) -> Iterator[PlanFinding]:
    if not activity.step.avoids:
        return
    on = date.fromordinal(plan.finish_ordinal(place))
    for day in {date.fromordinal(plan.start_ordinal(place)), on}:
        for period in activity.calendar.periods_on(day):
            if any(name in period.name for name in activity.step.avoids):
                yield PlanFinding("RG356", activity.key, Severity.WARNING, on=day, said=period.name)
                return


def _unconfirmed(plan: Plan) -> Iterator[PlanFinding]:
    """One warning per unconfirmed year in which a statutory term ends, one for the plan as a whole."""
    legal = plan.network.definition.legal_calendar
    told: set[int] = set()
    for place, activity in enumerate(plan.network.activities):
        if activity.term is None or not plan.is_planned(place):
            continue
        on = plan.legal_on(place)
        if on is not None and not legal.is_confirmed(on) and on.year not in told:
            told.add(on.year)
            yield PlanFinding("RG354", activity.key, Severity.WARNING, on=on, said=legal.name)
    last = plan.finish_on
    if not plan.calendar.is_confirmed(last) and last.year not in told:
        yield PlanFinding("RG354", None, Severity.WARNING, on=last, said=plan.calendar.name)
