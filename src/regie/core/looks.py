"""When time alone changes something: the days on which a cycle must be looked at again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from regie.core.ids import OccurrenceKey, StepId
from regie.core.messages import move, reminders_of, silent_from
from regie.core.network import Activity
from regie.core.outline import outline_of
from regie.core.periods import LOOK_AHEAD, periods_of
from regie.core.plan import Plan
from regie.core.traject import Cycle, State

ONE_DAY = timedelta(days=1)


def next_looks(cycle: Cycle, plan: Plan, today: date) -> Iterator[date]:
    """The days after today on which a look may find something new, without anybody doing anything."""
    calendar = cycle.definition.calendar
    activities = plan.network.activities
    states = [cycle.occurrences[activity.key].state for activity in activities]
    if any(state.is_open and plan.leans_on_today(place) for place, state in enumerate(states)):
        tomorrow = today + ONE_DAY
        yield (moves_on := calendar.next_working_day(tomorrow))  # a day off moves no planned date
        if moves_on == tomorrow:
            return  # nothing can come sooner
    for place, activity in enumerate(activities):
        if states[place].is_open:
            yield from (day for day in _own_looks(cycle, plan, place, activity) if day > today)
    periods = periods_of(cycle.definition, cycle.anchors)
    numbers: dict[StepId, int] = {}
    for key in cycle.occurrences:
        if key.key.isdigit():
            numbers[key.step] = max(numbers.get(key.step, 0), int(key.key))
    for step in outline_of(cycle.definition, cycle.kind).recurring:
        following = periods.at(OccurrenceKey(step.id, str(numbers.get(step.id, 0) + 1)))
        if following is not None:
            yield max(following.opens_on - LOOK_AHEAD, today + ONE_DAY)


def _own_looks(cycle: Cycle, plan: Plan, place: int, activity: Activity) -> Iterator[date]:
    """The days on which something about one open occurrence may change or must be told."""
    occurrence = cycle.occurrences[activity.key]
    planned = occurrence.planned
    if occurrence.state is State.NOT_YET:
        if (opens_on := plan.opens_on(place)) is not None:
            yield opens_on
        if planned is not None and any(link.relation.lag is not None for link in activity.starts):
            yield planned.early_start
    if planned is not None and occurrence.state is not State.NOT_YET:
        # past the day on which it was to end, or to begin as pinned, the plan moves on with today
        counts_on = planned.early_finish if occurrence.started_on else planned.early_start
        yield cycle.definition.calendar.next_working_day(counts_on + ONE_DAY)
    if planned is None or planned.due_on is None:
        return
    yield planned.due_on + ONE_DAY
    if occurrence.state is State.NOT_YET:
        return
    yield planned.due_on
    yield from (move(planned.due_on, -span, cycle) for span in reminders_of(cycle, activity.step))
    since = silent_from(occurrence, planned.due_on)
    yield from (move(since, rung.after, cycle) for rung in cycle.definition.policy.ladder)
