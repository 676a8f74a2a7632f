"""The plan: forward and backward pass, slack, chains, and the reason of every date.

Theory. Every activity has a first and a last day, held as indexes on a working-day axis, both inclusive.
The forward pass gives the earliest days in network order: relations, the start of the cycle, windows and
periods, today, and facts that overrule them (what happened, what is pinned, what was promised). The backward
pass gives the latest days from anchor targets and terms counted back; with no such deadline from the plan's
own finish. A plan is a pure function of what it is given; nothing is shifted silently: a target that
cannot hold stays where it is and becomes a finding.

Reasons are found by asking again which of the candidates gave the date, so they can not differ from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from regie.core import checks, due, why
from regie.core.calendar import WorkCalendar
from regie.core.due import NEVER
from regie.core.findings import PlanFinding
from regie.core.ids import AnchorId, ListId, OccurrenceKey, StepId
from regie.core.latest import FAR, binding_links, last_that_fits, pass_backward
from regie.core.network import BY_DATE, FROM_FINISH, Activity, Link, Network, Shape
from regie.core.reasons import Hop, Reason
from regie.core.recurrence import Period
from regie.core.span import Span, Unit, shift
from regie.core.terms import TermEnd, end_of_term
from regie.core.traject import AnchorDates, Item, Occurrence, Planned


@dataclass(frozen=True, slots=True)
class PlanInput:
    """All that a plan follows from.

    Args:
        start_on: first day of the cycle.
        today: nothing that has not happened is planned before it.
    """

    network: Network
    start_on: date
    today: date
    occurrences: Mapping[OccurrenceKey, Occurrence]
    anchors: Mapping[AnchorId, AnchorDates]
    items: Mapping[ListId, tuple[Item, ...]]


def make_plan(given: PlanInput) -> Plan:
    """Compute the plan: every date, forwards and backwards.

    Raises:
        Incomplete: ``calendar-year-missing`` when a date lies before the calendars begin.
        Refused: ``date-out-of-range`` beyond the year 9999.
    """
    plan = Plan(given)
    plan.pass_forward()
    pass_backward(plan)
    return plan


class Plan:
    """The dates of all activities. Made by ``make_plan``; not changed afterwards."""

    def __init__(self, given: PlanInput) -> None:
        network = given.network
        self.given = given
        self.network = network
        self.calendar = network.definition.calendar
        count = len(network.activities)
        self.start_index = [0] * count
        self.finish_index = [0] * count
        self.late_start_index = [FAR] * count
        self.late_finish_index = [FAR] * count
        self.low_index = [0] * count
        # days off, where a fact or a term put a date that the working-day axis can not hold
        self.exact_start: dict[int, int] = {}
        self.exact_finish: dict[int, int] = {}
        self.term_ends: dict[int, tuple[int, TermEnd]] = {}
        self.period_cache: dict[int, Period | None] = {}
        self.bases_cache: dict[StepId, tuple[date | None, ...]] = {}
        self.opens_index: dict[int, int] = {}
        self.facts: dict[int, Occurrence] = {}
        index = network.index
        for key, occurrence in given.occurrences.items():
            if (place := index.get(key)) is not None and _has_facts(occurrence):
                self.facts[place] = occurrence

    # --- forward -----------------------------------------------------------------------------------

    def pass_forward(self) -> None:
        start, finish, facts, low = self.start_index, self.finish_index, self.facts, self.low_index
        slow = self.network.slow
        low[:] = [self._earliest(self.calendar)] * len(start)
        for place in self.network.elsewhere:
            low[place] = self._earliest(self.network.activities[place].calendar)
        held_back = self.network.held_back
        for place, (work, starts, finishes) in enumerate(self.network.hot):
            if place in held_back:
                self.opens_index[place] = opens = due.opens_index(self, place)
                low[place] = max(low[place], opens)
            if place in facts or place in slow:
                self._place(place)
                if place in self.exact_finish:
                    # what ends with it looks at the exact day
                    slow = slow.union(self.network.followers[place])
                continue
            first = low[place]
            for link in starts:
                day = (start if link[1] else finish)[link[0]] + link[2]
                if day > first:
                    first = day
            last = first + work - 1 if work else first
            for link in finishes:
                day = (start if link[1] else finish)[link[0]] + link[2]
                if day > last:
                    last = day
            start[place] = first
            finish[place] = last if work or not finishes else max(first, last)
            if not work:
                start[place] = finish[place]

    def _earliest(self, calendar: WorkCalendar) -> int:
        """First working day on or after the start of the cycle, and on or after today."""
        return max(calendar.ceil_index(day.toordinal()) for day in (self.given.start_on, self.given.today))

    def _place(self, place: int) -> None:
        """Plan one activity with all that can be said about it."""
        fact = self.facts.get(place)
        activity = self.network.activities[place]
        if fact is not None and fact.is_out:
            self.start_index[place] = self.finish_index[place] = NEVER
            return
        if fact is not None and fact.finished_on:
            self._put_start(place, min(fact.started_on or fact.finished_on, fact.finished_on))
            self._put_finish(place, fact.finished_on)
            return
        pinned_start, pinned_finish = self.pins(place)
        if fact is not None and fact.started_on:
            self._put_start(place, fact.started_on)
        elif pinned_start is not None:
            self._put_start(place, pinned_start)
        else:
            self.start_index[place] = max(self.low_index[place], self.start_by_links(activity))
        if pinned_finish is not None:
            self._put_finish(place, pinned_finish)
            if self.start_index[place] > self.finish_index[place]:
                self.start_index[place] = self.finish_index[place]
                self._keep_exact(self.exact_start, place, self.finish_index[place], pinned_finish.toordinal())
            return
        last, exact = self.finish_by_work(place, activity, fact)
        for day, day_exact in self.finish_bounds(place, activity, fact):
            if day > last:
                last, exact = day, day_exact
        self.finish_index[place] = last
        if exact is not None:
            self._keep_exact(self.exact_finish, place, last, exact)
        if activity.shape is Shape.MEETING:
            self._snap_to_meeting(place, activity)
        if activity.is_milestone and not (fact and fact.started_on):
            self.start_index[place] = self.finish_index[place]

    def pins(self, place: int) -> tuple[date | None, date | None]:
        """The pinned first and last day that still hold: a day that passed without it happening does not."""
        fact, today = self.facts.get(place), self.given.today
        if fact is None or fact.finished_on:
            return None, None
        start = fact.pinned_start if fact.pinned_start and fact.pinned_start >= today and not fact.started_on else None
        finish = fact.pinned_finish if fact.pinned_finish and fact.pinned_finish >= today else None
        if self.network.activities[place].is_milestone:
            start = finish = finish or start
        return start, finish

    def start_by_links(self, activity: Activity) -> int:
        """First day that the start relations allow: all of them, or as many as the step needs."""
        found = self.deciding_link(activity)
        return found[0] if found else NEVER

    def deciding_link(self, activity: Activity) -> tuple[int, Link] | None:
        """The start relation that was the last to hold of those that had to, with the day that it allows."""
        days = [(day, link) for link in activity.starts if (day := self.start_day(link, activity)) > NEVER]
        if not days:
            return None
        if not activity.needed:
            return max(days, key=_first_of)
        return sorted(days, key=_first_of)[min(activity.needed, len(days)) - 1]

    def start_day(self, link: Link, activity: Activity) -> int:
        """First day that a start relation allows."""
        place = link.predecessor
        if self.finish_index[place] <= NEVER // 2:
            return NEVER
        if link.code != BY_DATE:
            return self._origin(link, is_reached=not activity.work) + link.offset
        relation = link.relation
        from_finish = relation.type.from_finish
        origin = self.finish_ordinal(place) if from_finish else self.start_ordinal(place)
        lag = relation.lag or Span(0, Unit.WORKING_DAYS)
        calendar = activity.calendar
        if lag.in_working_days:
            if from_finish and activity.work:
                return calendar.floor_index(origin) + lag.amount + 1
            return calendar.ceil_index(origin) + lag.amount
        end = shift(date.fromordinal(origin), lag).toordinal()
        return calendar.ceil_index(end + 1) if from_finish and activity.work else calendar.ceil_index(end)

    def finish_day(self, link: Link, activity: Activity) -> int:
        """First day on which a finish relation allows the end."""
        place = link.predecessor
        if self.finish_index[place] <= NEVER // 2:
            return NEVER
        if link.code != BY_DATE:
            return self._origin(link, is_reached=True) + link.offset
        relation = link.relation
        origin = self.finish_ordinal(place) if relation.type.from_finish else self.start_ordinal(place)
        lag = relation.lag or Span(0, Unit.WORKING_DAYS)
        if lag.in_working_days:
            return activity.calendar.ceil_index(origin) + lag.amount
        return activity.calendar.ceil_index(shift(date.fromordinal(origin), lag).toordinal())

    def _origin(self, link: Link, *, is_reached: bool) -> int:
        """The day that a relation in working days counts from; an end on a day off is reached the working day after."""
        place = link.predecessor
        if link.code != FROM_FINISH:
            return self.start_index[place]
        if is_reached and place in self.exact_finish:
            return self.finish_index[place] + 1
        return self.finish_index[place]

    def finish_by_work(self, place: int, activity: Activity, fact: Occurrence | None) -> tuple[int, int | None]:
        """Last day by the step's own length, and the exact day when it is no working day."""
        first = self.start_index[place]
        calendar = activity.calendar
        if fact is not None and fact.promised_on:
            promised = max(fact.promised_on.toordinal(), self.start_ordinal(place))
            return calendar.ceil_index(promised), None
        if activity.shape is Shape.TERM and activity.term is not None:
            end = self.count_term(place, activity, fact)
            day = max(end.ends_on.toordinal(), self.start_ordinal(place))
            return max(calendar.floor_index(day), first), day
        if activity.shape is Shape.CALENDAR and activity.span is not None:
            return self.end_by_calendar(activity, first, self.start_ordinal(place)), None
        if activity.shape is Shape.CONTINUOUS:
            period = self.period(place)
            if period is None:
                return first, None
            return max(calendar.floor_index(period.closes_on.toordinal()), first), None
        return first + max(activity.work, 1) - 1, None

    def end_by_calendar(self, activity: Activity, first: int, start: int | None = None) -> int:
        """Last day of a length in calendar units that begins on a working day, or on the day off before it."""
        assert activity.span is not None  # of this shape
        begins = activity.calendar.ordinal_at(first) if start is None else start
        end_on = shift(date.fromordinal(begins), activity.span).toordinal() - 1
        return max(activity.calendar.floor_index(end_on), first)

    def finish_bounds(
        self, place: int, activity: Activity, fact: Occurrence | None
    ) -> Iterator[tuple[int, int | None]]:
        calendar = activity.calendar
        for link in activity.finishes:
            yield self.finish_day(link, activity), None
        yield calendar.ceil_index(self.given.today.toordinal()), None
        if fact is not None and fact.held_until:
            yield calendar.ceil_index(fact.held_until.toordinal()), None

    def count_term(self, place: int, activity: Activity, fact: Occurrence | None) -> TermEnd:
        event = self.term_event(place)
        end = self.end_of_term(activity, fact, event)
        self.term_ends[place] = (event, end)
        return end

    def end_of_term(self, activity: Activity, fact: Occurrence | None, event: int) -> TermEnd:
        """How the statutory term of an activity ends when it counts from that day."""
        term = activity.term
        assert term is not None  # the caller looked
        return end_of_term(
            date.fromordinal(event),
            term.length,
            term.kind,
            self.network.definition.legal_calendar,
            extension=term.extension if fact is not None and fact.extended else None,
            suspensions=fact.suspensions if fact is not None else (),
            today=self.given.today,
        )

    def term_event(self, place: int) -> int:
        """The day from which the statutory term of an activity counts: day 0."""
        activity = self.network.activities[place]
        term = activity.term
        if term is not None and term.after is not None:
            known = due.date_of(self, term.after, place)
            if known is not None:
                return known
        finished = [
            self.finish_ordinal(link.predecessor)
            for link in activity.starts
            if link.relation.type.from_finish and self.finish_index[link.predecessor] > NEVER // 2
        ]
        return max(finished) if finished else self.start_ordinal(place)

    def _snap_to_meeting(self, place: int, activity: Activity) -> None:
        if activity.body is None:
            return
        found = activity.body.next_feasible_ordinals(self.finish_ordinal(place), self.start_ordinal(place))
        if found is not None:
            self.finish_index[place] = activity.calendar.floor_index(found[0])

    def _put_start(self, place: int, day: date) -> None:
        ordinal = day.toordinal()
        self.start_index[place] = index = self.network.activities[place].calendar.ceil_index(ordinal)
        self._keep_exact(self.exact_start, place, index, ordinal)

    def _put_finish(self, place: int, day: date) -> None:
        ordinal = day.toordinal()
        self.finish_index[place] = index = self.network.activities[place].calendar.floor_index(ordinal)
        self._keep_exact(self.exact_finish, place, index, ordinal)

    def _keep_exact(self, exact: dict[int, int], place: int, index: int, ordinal: int) -> None:
        if self.network.activities[place].calendar.ordinal_at(index) != ordinal:
            exact[place] = ordinal

    # --- what users ask -----------------------------------------------------------------------------

    def start_ordinal(self, place: int) -> int:
        exact = self.exact_start.get(place)
        return (
            exact if exact is not None else self.network.activities[place].calendar.ordinal_at(self.start_index[place])
        )

    def finish_ordinal(self, place: int) -> int:
        exact = self.exact_finish.get(place)
        return (
            exact if exact is not None else self.network.activities[place].calendar.ordinal_at(self.finish_index[place])
        )

    def is_planned(self, place: int) -> bool:
        """Whether an activity takes part in the plan."""
        return self.finish_index[place] > NEVER // 2

    def slack(self, place: int) -> int:
        """Working days an activity can slip before it moves a target; negative: already too late."""
        return min(
            self.late_finish_index[place] - self.finish_index[place],
            self.late_start_index[place] - self.start_index[place],
        )

    def start_slack(self, place: int) -> int:
        return self.late_start_index[place] - self.start_index[place]

    def free_slack(self, place: int) -> int:
        """Working days an activity can slip before any successor moves."""
        room = self.slack(place)
        for number in self.network.followers[place]:
            for link, day in binding_links(self, number, self.start_index[number], self.finish_index[number]):
                if link.predecessor == place:
                    now = (self.finish_index if link.relation.type.from_finish else self.start_index)[place]
                    room = min(room, last_that_fits(self, link, self.network.activities[number], day) - now)
        return max(room, 0)

    def planned(self, place: int) -> Planned | None:
        """All dates of an activity; ``None`` when it takes no part."""
        first, last = self.start_index[place], self.finish_index[place]
        if last <= NEVER // 2:
            return None
        activity = self.network.activities[place]
        late_first, late_last = self.late_start_index[place], self.late_finish_index[place]
        if activity.calendar is self.calendar:
            days = self.dates
        else:
            days = activity.calendar.dates_through(min(first, late_first), max(last, late_last))
        start_on, finish_on, late_finish = days[first], days[last], days[late_last]
        if place in self.exact_start:
            start_on = date.fromordinal(self.exact_start[place])
        if place in self.exact_finish:
            finish_on = date.fromordinal(self.exact_finish[place])
            # a term may end on a day off, and then as late as that
            late_finish = max(late_finish, finish_on) if late_last >= last else late_finish
        fact = self.facts.get(place)
        is_done = fact is not None and fact.finished_on is not None
        start_slack, finish_slack = late_first - first, late_last - last
        slack = start_slack if start_slack < finish_slack else finish_slack
        return Planned(
            start_on,
            finish_on,
            start_on if is_done else days[late_first],
            finish_on if is_done else late_finish,
            slack,
            slack <= 0 and not is_done,
            due.due_on(self, place) if activity.due or place in self.network.held_back else None,
            due.legal_on(self, place) if activity.term is not None else None,
        )

    def __getitem__(self, key: OccurrenceKey) -> Planned:
        planned = self.planned(self.network.index[key])
        if planned is None:
            raise KeyError(key)
        return planned

    def __contains__(self, key: object) -> bool:
        place = self.network.index.get(key) if isinstance(key, OccurrenceKey) else None
        return place is not None and self.is_planned(place)

    @cached_property
    def dates(self) -> list[date]:
        """The working days of the definition's own calendar, by index, as far as the plan comes."""
        places = set(range(len(self.finish_index))).difference(self.network.elsewhere)
        planned = [place for place in places if self.is_planned(place)]
        first, late_first = self.start_index, self.late_start_index
        last, late_last = self.finish_index, self.late_finish_index
        return self.calendar.dates_through(
            min((min(first[place], late_first[place]) for place in planned), default=0),
            max((max(last[place], late_last[place]) for place in planned), default=0),
        )

    @property
    def start_on(self) -> date:
        """First day of the first activity."""
        days = [self.start_ordinal(place) for place in range(len(self.start_index)) if self.is_planned(place)]
        return date.fromordinal(min(days)) if days else self.given.start_on

    @property
    def finish_on(self) -> date:
        """Last day of the last activity."""
        days = [self.finish_ordinal(place) for place in range(len(self.start_index)) if self.is_planned(place)]
        return date.fromordinal(max(days)) if days else self.given.start_on

    # --- asked of other modules, so that a plan answers for itself ------------------------------------

    @cached_property
    def first_places(self) -> Mapping[StepId, int]:
        """Where the first copy of each step stands."""
        found: dict[StepId, int] = {}
        for place, activity in enumerate(self.network.activities):
            found.setdefault(activity.step.id, place)
        return found

    def anchor_on(self, anchor: AnchorId) -> date | None:
        """The date that counts for an anchor: what happened, else its target, else what the plan expects."""
        return due.anchor_on(self, anchor)

    def period(self, place: int) -> Period | None:
        """The period of a recurring activity; ``None`` when it has none, or hangs on an unknown date."""
        return due.period_of(self, place)

    def item_on(self, place: int) -> date | None:
        """The date of the item that an activity was made for."""
        return due.item_on(self, place)

    def opens_on(self, place: int) -> date | None:
        """First day that a window or a period allows; ``None`` when nothing holds it back."""
        return due.opening_day(self, place)

    def may_open(self, place: int, today: date) -> bool:
        """Whether the window or the period of an activity has opened."""
        return due.may_open(self, place, today)

    def leans_on_today(self, place: int) -> bool:
        """Whether tomorrow's plan has other dates for it, because nothing happened today."""
        return due.leans_on_today(self, place)

    def due_on(self, place: int) -> date | None:
        """What the plan asks."""
        return due.due_on(self, place)

    def legal_on(self, place: int) -> date | None:
        """What the law allows; ``None`` when no statutory term counts."""
        return due.legal_on(self, place)

    def start_reasons(self, place: int) -> tuple[Reason, ...]:
        """All that held back the start to the day it has: take these away and it starts earlier."""
        return why.start_reasons(self, place)

    def finish_reasons(self, place: int) -> tuple[Reason, ...]:
        """All that held back the finish to the day it has."""
        return why.finish_reasons(self, place)

    def chain_to(self, key: OccurrenceKey) -> tuple[Hop, ...]:
        """The longest chain of steps that leads to an occurrence, first step first."""
        return why.chain_to(self, key)

    @cached_property
    def findings(self) -> tuple[PlanFinding, ...]:
        """What can not hold or needs a look, errors first."""
        return tuple(sorted(checks.find_all(self), key=lambda each: (each.severity, each.code, str(each.key))))


def _first_of(found: tuple[int, Link]) -> int:
    return found[0]


def _has_facts(occurrence: Occurrence) -> bool:
    return bool(
        occurrence.started_on
        or occurrence.finished_on
        or occurrence.out_state
        or occurrence.pinned_start
        or occurrence.pinned_finish
        or occurrence.promised_on
        or occurrence.held_until
        or occurrence.suspensions
        or occurrence.extended
    )
