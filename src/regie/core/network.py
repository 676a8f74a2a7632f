"""Relations as a graph of occurrences: who waits for whom, and how far apart.

Made once for a definition, its answers and the occurrences that exist; the planner then runs over it
with facts and dates. Knows nothing of today and nothing of what happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from regie.core.calendar import WorkCalendar
from regie.core.conditions import holds
from regie.core.definition import Case, DateRule, Definition, Duration, Relation, RelationType, Step, Term
from regie.core.ids import ONCE, BodyId, OccurrenceKey, StepId
from regie.core.meetings import DecidingBody
from regie.core.recurrence import Period
from regie.core.span import Span, Unit

T = TypeVar("T")

FROM_FINISH, FROM_START, BY_DATE = 0, 1, 2


class Link(NamedTuple):
    """A relation between two occurrences.

    ``code`` says how it is counted: from the predecessor's finish or start on the same working-day axis
    (then ``offset`` is in working days), or by date (calendar units, or two different calendars).
    """

    predecessor: int
    code: int
    offset: int
    relation: Relation


class Shape(IntEnum):
    """How the last day follows from the first."""

    WORK = 0
    CALENDAR = 1
    TERM = 2
    CONTINUOUS = 3
    MEETING = 4


@dataclass(frozen=True, slots=True)
class Activity:
    """An occurrence as the planner sees it.

    Args:
        work: length in working days; 0 is a milestone, reached on the day its last predecessor finishes.
        needed: how many start links must hold; 0 means all of them.
    """

    key: OccurrenceKey
    step: Step
    calendar: WorkCalendar
    work: int
    shape: Shape
    span: Span | None
    term: Term | None
    due: DateRule | None
    body: DecidingBody | None
    starts: tuple[Link, ...]
    finishes: tuple[Link, ...]
    needed: int

    @property
    def is_milestone(self) -> bool:
        """Whether it has one day, on which its last predecessor finishes; a decision waits for its meeting."""
        return self.work == 0 and self.shape is Shape.WORK


@dataclass(frozen=True, slots=True)
class Network:
    """Activities in an order in which every predecessor comes before its successors."""

    definition: Definition
    activities: tuple[Activity, ...]
    index: Mapping[OccurrenceKey, int]
    # for each activity what the planner's inner loop needs, and nothing else
    hot: tuple[tuple[int, tuple[Link, ...], tuple[Link, ...]], ...]
    slow: frozenset[int]
    """Activities that the inner loop can not plan by itself: terms, meetings, joins, windows, lags by date, own calendars."""
    elsewhere: tuple[int, ...]
    """Activities on another calendar than the definition's: their indexes count along another axis."""
    held_back: frozenset[int]
    """Activities that may not start before a date: windows, periods, items."""
    followers: tuple[tuple[int, ...], ...]
    """Per activity those that wait for it directly."""

    def successors(self, start: int) -> tuple[int, ...]:
        """Give everything that waits for an activity, directly or not, in plan order."""
        found: set[int] = set()
        todo = [start]
        while todo:
            new = [place for place in self.followers[todo.pop()] if place not in found]
            found.update(new)
            todo += new
        return tuple(sorted(found))


def choose(cases: tuple[Case[T], ...], answers: Mapping[str, object]) -> T | None:
    """Give the first case that holds; while nothing is known yet, the first that may hold."""
    open_case: T | None = None
    for case in cases:
        verdict = holds(case.when, answers)
        if verdict:
            return case.value
        if verdict is None and open_case is None:
            open_case = case.value
    return open_case


def build_network(
    definition: Definition,
    answers: Mapping[str, object],
    keys: Iterable[OccurrenceKey],
    periods: Mapping[OccurrenceKey, Period] = MappingProxyType({}),
) -> Network:
    """Lay the relations between the occurrences that exist.

    Copies of two steps are related one to one when they are made for the same item, or when both steps
    repeat in the same rhythm. A recurring step that finishes with others in another rhythm waits for those
    that fall due in its own period. Else every copy of the successor waits for the predecessor's first copy:
    its first finished occurrence is enough.

    Args:
        periods: of the recurring occurrences, as far as their dates are known.
    """
    copies: dict[StepId, list[str]] = {}
    for step_id, key in keys:
        copies.setdefault(step_id, []).append(key)
    for theirs in copies.values():
        theirs.sort(key=_key_order)
    activities: list[Activity] = []
    index: dict[OccurrenceKey, int] = {}
    for step in definition.steps.values():
        for key in copies.get(step.id, ()):
            predecessors = [
                (relation, index[OccurrenceKey(relation.predecessor, theirs)])
                for relation in step.needs
                for theirs in _related(definition, step, key, relation, copies, periods)
            ]
            activity = _make_activity(definition, step, key, answers, predecessors, activities)
            index[activity.key] = len(activities)
            activities.append(activity)
    return Network(
        definition,
        tuple(activities),
        index,
        tuple((each.work, each.starts, each.finishes) for each in activities),
        frozenset(number for number, each in enumerate(activities) if _is_slow(each, definition.calendar)),
        tuple(number for number, each in enumerate(activities) if each.calendar is not definition.calendar),
        frozenset(number for number, each in enumerate(activities) if each.step.window or each.key.key != ONCE),
        _followers(activities),
    )


def _followers(activities: Sequence[Activity]) -> tuple[tuple[int, ...], ...]:
    found: list[list[int]] = [[] for _ in activities]
    for number, activity in enumerate(activities):
        for place in dict.fromkeys(link.predecessor for link in (*activity.starts, *activity.finishes)):
            found[place].append(number)
    return tuple(tuple(each) for each in found)


def _key_order(key: str) -> tuple[int, int, str]:
    return (0, int(key), "") if key.isdigit() else (1, 0, key)


def _is_slow(activity: Activity, calendar: WorkCalendar) -> bool:
    links = (*activity.starts, *activity.finishes)
    return (
        activity.shape is not Shape.WORK
        or activity.step.window is not None
        or activity.needed > 0
        or activity.calendar is not calendar
        or any(link.code == BY_DATE for link in links)
    )


def _make_activity(
    definition: Definition,
    step: Step,
    key: str,
    answers: Mapping[str, object],
    predecessors: Sequence[tuple[Relation, int]],
    activities: Sequence[Activity],
) -> Activity:
    calendar = definition.calendars.get(step.calendar, definition.calendar) if step.calendar else definition.calendar
    duration = choose(step.takes, answers)
    term = choose(step.terms, answers)
    body = definition.bodies.get(BodyId(step.gate.decided_by)) if step.gate else None
    shape, work, span = _shape(duration, term, body)
    starts: list[Link] = []
    finishes: list[Link] = []
    for relation, place in predecessors:
        link = _make_link(place, relation, work, calendar, activities[place].calendar)
        (starts if relation.type.holds_start else finishes).append(link)
    return Activity(
        OccurrenceKey(step.id, key),
        step,
        calendar,
        work,
        shape,
        span,
        term,
        choose(step.due, answers),
        body,
        tuple(starts),
        tuple(finishes),
        step.join.at_least,
    )


def _shape(duration: Duration | None, term: Term | None, body: DecidingBody | None) -> tuple[Shape, int, Span | None]:
    if duration is None and term is not None and term.before is None:
        return Shape.TERM, 1, term.length
    if duration is None:
        return (Shape.MEETING if body else Shape.WORK), 1, None
    if duration.span is None:
        return Shape.CONTINUOUS, 1, None
    if duration.span.unit is not Unit.WORKING_DAYS:
        return Shape.CALENDAR, 1, duration.span
    return (Shape.MEETING if body else Shape.WORK), duration.span.amount, duration.span


def _related(
    definition: Definition,
    step: Step,
    key: str,
    relation: Relation,
    copies: Mapping[StepId, Sequence[str]],
    periods: Mapping[OccurrenceKey, Period],
) -> Sequence[str]:
    """Which copies of the predecessor this copy is related to."""
    theirs = copies.get(relation.predecessor, ())
    if not theirs or not key or theirs == [ONCE]:
        return theirs[:1]
    predecessor = definition.steps[relation.predecessor]
    if not key.isdigit() or step.repeats == predecessor.repeats:
        return [key] if key in theirs else theirs[:1]
    mine = periods.get(OccurrenceKey(step.id, key))
    if mine is None or relation.type.holds_start:
        return theirs[:1]
    return [
        other
        for other in theirs
        if (period := periods.get(OccurrenceKey(relation.predecessor, other)))
        and mine.opens_on <= period.closes_on <= mine.closes_on
    ]


def _make_link(place: int, relation: Relation, work: int, calendar: WorkCalendar, theirs: WorkCalendar) -> Link:
    lag = relation.lag
    if theirs is not calendar or (lag is not None and not lag.in_working_days):
        return Link(place, BY_DATE, 0, relation)
    days = lag.amount if lag else 0
    if relation.type is RelationType.FINISH_TO_START and work > 0:
        days += 1
    return Link(place, FROM_FINISH if relation.type.from_finish else FROM_START, days, relation)
