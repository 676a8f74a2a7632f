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

from regie.core.definition import DateBase, DateRule, Relation
from regie.core.findings import PlanFinding, Severity
from regie.core.ids import ONCE, AnchorId, ListId, OccurrenceKey, StepId
from regie.core.network import BY_DATE, FROM_FINISH, Activity, Link, Network, Shape
from regie.core.reasons import Cause, Hop, Reason
from regie.core.recurrence import Period, period_at
from regie.core.span import Span, Unit, shift
from regie.core.terms import TermEnd, TermKind, end_of_term, start_of_counted_back
from regie.core.traject import AnchorDates, Item, Occurrence, Planned

NEVER = -(10**9)
FAR = 10**9
_NO_FACTS: Mapping[OccurrenceKey, Occurrence] = {}


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
    plan.pass_backward()
    return plan


class Plan:
    """The dates of all activities. Made by ``make_plan``; not changed afterwards."""

    def __init__(self, given: PlanInput) -> None:
        network = given.network
        self.given = given
        self.network = network
        self.calendar = network.definition.calendar
        count = len(network.activities)
        self._start = [0] * count
        self._finish = [0] * count
        self._late_start = [FAR] * count
        self._late_finish = [FAR] * count
        self._low = [0] * count
        # days that are not on the working-day axis, where a fact or a term put them
        self._exact_start: dict[int, int] = {}
        self._exact_finish: dict[int, int] = {}
        self._terms: dict[int, tuple[int, TermEnd]] = {}
        self._periods: dict[int, Period | None] = {}
        self._facts: dict[int, Occurrence] = {}
        index = network.index
        for key, occurrence in given.occurrences.items():
            if (place := index.get(key)) is not None and _has_facts(occurrence):
                self._facts[place] = occurrence

    # --- forward -----------------------------------------------------------------------------------

    def pass_forward(self) -> None:
        start, finish, facts, low = self._start, self._finish, self._facts, self._low
        slow = self.network.slow
        base = max(self._ceil(self.given.start_on), self._ceil(self.given.today))
        low[:] = [base] * len(start)
        held_back = frozenset(self.network.held_back)
        for place, (work, starts, finishes) in enumerate(self.network.hot):
            if place in held_back:
                low[place] = max(base, self._opens(place))
            if place in facts or place in slow:
                self._place(place)
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

    def _place(self, place: int) -> None:
        """Plan one activity with all that can be said about it."""
        fact = self._facts.get(place)
        activity = self.network.activities[place]
        if fact is not None and fact.is_out:
            self._start[place] = self._finish[place] = NEVER
            return
        if fact is not None and fact.finished_on:
            self._put_start(place, min(fact.started_on or fact.finished_on, fact.finished_on))
            self._put_finish(place, fact.finished_on)
            return
        if fact is not None and fact.started_on:
            self._put_start(place, fact.started_on)
        elif fact is not None and fact.pinned_start:
            self._put_start(place, fact.pinned_start)
        else:
            self._start[place] = max(self._low[place], self._start_by_links(activity))
        if fact is not None and fact.pinned_finish:
            self._put_finish(place, fact.pinned_finish)
            if activity.work == 0 or self._start[place] > self._finish[place]:
                self._start[place] = self._finish[place]
            return
        last, exact = self._finish_by_work(place, activity, fact)
        for day, day_exact in self._finish_bounds(place, activity, fact):
            if day > last:
                last, exact = day, day_exact
        self._finish[place] = last
        if exact is not None:
            self._exact_finish[place] = exact
        if activity.shape is Shape.MEETING:
            self._snap_to_meeting(place, activity)
        if activity.work == 0 and not (fact and fact.started_on):
            self._start[place] = self._finish[place]

    def _start_by_links(self, activity: Activity) -> int:
        days = [day for link in activity.starts if (day := self._start_day(link, activity)) > NEVER]
        if not days:
            return NEVER
        if not activity.needed:
            return max(days)
        return sorted(days)[min(activity.needed, len(days)) - 1]

    def _start_day(self, link: Link, activity: Activity) -> int:
        """First day that a start relation allows."""
        place = link.predecessor
        if self._finish[place] <= NEVER // 2:
            return NEVER
        if link.code != BY_DATE:
            return (self._finish if link.code == FROM_FINISH else self._start)[place] + link.offset
        relation = link.relation
        from_finish = relation.type.from_finish
        origin = self.finish_ordinal(place) if from_finish else self.start_ordinal(place)
        lag = relation.lag or Span(0, Unit.WORKING_DAYS)
        calendar = activity.calendar
        if lag.in_working_days:
            if from_finish:
                return calendar.floor_index(origin) + lag.amount + (1 if activity.work else 0)
            return calendar.ceil_index(origin) + lag.amount
        end = shift(date.fromordinal(origin), lag).toordinal()
        return calendar.ceil_index(end + 1) if from_finish and activity.work else calendar.ceil_index(end)

    def _finish_day(self, link: Link, activity: Activity) -> int:
        """First day on which a finish relation allows the end."""
        place = link.predecessor
        if self._finish[place] <= NEVER // 2:
            return NEVER
        if link.code != BY_DATE:
            return (self._finish if link.code == FROM_FINISH else self._start)[place] + link.offset
        relation = link.relation
        origin = self.finish_ordinal(place) if relation.type.from_finish else self.start_ordinal(place)
        lag = relation.lag or Span(0, Unit.WORKING_DAYS)
        if lag.in_working_days:
            return activity.calendar.ceil_index(origin) + lag.amount
        return activity.calendar.ceil_index(shift(date.fromordinal(origin), lag).toordinal())

    def _finish_by_work(self, place: int, activity: Activity, fact: Occurrence | None) -> tuple[int, int | None]:
        """Last day by the step's own length, and the exact day when it is no working day."""
        first = self._start[place]
        calendar = activity.calendar
        if fact is not None and fact.promised_on:
            promised = max(fact.promised_on.toordinal(), self.start_ordinal(place))
            return calendar.ceil_index(promised), None
        if activity.shape is Shape.TERM and activity.term is not None:
            end = self._count_term(place, activity, fact)
            day = end.ends_on.toordinal()
            return max(calendar.floor_index(day), first), day
        if activity.shape is Shape.CALENDAR and activity.span is not None:
            end_on = shift(date.fromordinal(self.start_ordinal(place)), activity.span).toordinal() - 1
            return max(calendar.floor_index(end_on), first), None
        if activity.shape is Shape.CONTINUOUS:
            period = self.period(place)
            if period is None:
                return first, None
            return max(calendar.floor_index(period.closes_on.toordinal()), first), None
        return first + max(activity.work, 1) - 1, None

    def _finish_bounds(self, place: int, activity: Activity, fact: Occurrence | None) -> Iterator[tuple[int, int | None]]:
        calendar = activity.calendar
        for link in activity.finishes:
            yield self._finish_day(link, activity), None
        yield calendar.ceil_index(self.given.today.toordinal()), None
        if fact is not None and fact.held_until:
            yield calendar.ceil_index(fact.held_until.toordinal()), None

    def _count_term(self, place: int, activity: Activity, fact: Occurrence | None) -> TermEnd:
        term = activity.term
        assert term is not None  # the caller looked
        event = self.term_event(place)
        end = end_of_term(
            date.fromordinal(event),
            term.length,
            term.kind,
            self.network.definition.legal_calendar,
            extension=term.extension if fact is not None and fact.extended else None,
            suspensions=fact.suspensions if fact is not None else (),
            today=self.given.today,
        )
        self._terms[place] = (event, end)
        return end

    def term_event(self, place: int) -> int:
        """The day from which the statutory term of an activity counts: day 0."""
        activity = self.network.activities[place]
        term = activity.term
        if term is not None and term.after is not None:
            known = self.date_of(term.after, place)
            if known is not None:
                return known
        finished = [
            self.finish_ordinal(link.predecessor)
            for link in activity.starts
            if link.relation.type.from_finish and self._finish[link.predecessor] > NEVER // 2
        ]
        return max(finished) if finished else self.start_ordinal(place)

    def _snap_to_meeting(self, place: int, activity: Activity) -> None:
        if activity.body is None:
            return
        found = activity.body.next_feasible_ordinals(self.finish_ordinal(place), self.start_ordinal(place))
        if found is not None:
            self._finish[place] = activity.calendar.floor_index(found[0])

    def _put_start(self, place: int, day: date) -> None:
        ordinal = day.toordinal()
        calendar = self.network.activities[place].calendar
        self._start[place] = calendar.ceil_index(ordinal)
        self._exact_start[place] = ordinal

    def _put_finish(self, place: int, day: date) -> None:
        ordinal = day.toordinal()
        calendar = self.network.activities[place].calendar
        self._finish[place] = calendar.floor_index(ordinal)
        self._exact_finish[place] = ordinal

    # --- backward ----------------------------------------------------------------------------------

    def pass_backward(self) -> None:
        late_start, late_finish = self._late_start, self._late_finish
        start, finish, facts, slow = self._start, self._finish, self._facts, self.network.slow
        active = [day for day in finish if day > NEVER // 2]
        self.last_index = max(active, default=self._ceil(self.given.start_on))
        hot = self.network.hot
        horizon = self.last_index
        for place, (day, at_start) in self._deadlines().items():
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
                latest = self.last_index if bound == FAR else bound + last - first
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
                    latest, begins = self._late_place(place, latest, bound)
            else:
                begins = latest - work + 1 if work else latest
                if bound < begins:
                    latest = min(latest, bound + last - first)
                    begins = bound
            late_finish[place] = latest
            late_start[place] = begins
            self._hand_back(place, starts, finishes, begins, latest)

    def _late_place(self, place: int, latest: int, bound: int) -> tuple[int, int]:
        activity = self.network.activities[place]
        first, last = self._start[place], self._finish[place]
        if activity.shape is Shape.MEETING and activity.body is not None and latest > last:
            latest = self._last_meeting(activity, last, latest)
        length = max(activity.work, 1) if activity.shape in (Shape.WORK, Shape.MEETING) else last - first + 1
        begins = latest - length + 1 if activity.work else latest
        if bound < begins:
            latest = min(latest, bound + last - first)
            begins = bound
        return latest, begins

    def _last_meeting(self, activity: Activity, known: int, latest: int) -> int:
        assert activity.body is not None  # the caller looked
        days, floor = activity.calendar.ordinal_at, activity.calendar.floor_index
        while True:
            after = activity.body.next_feasible_ordinals(days(known) + 1, 0)
            if after is None or (day := floor(after[0])) > latest:
                return known
            known = day

    def _hand_back(self, place: int, starts: tuple[Link, ...], finishes: tuple[Link, ...], begins: int, latest: int) -> None:
        """Tell the predecessors how late they may be. A pinned activity is a commitment to them."""
        late_start, late_finish = self._late_start, self._late_finish
        fact = self._facts.get(place)
        if fact is not None and fact.pinned_start:
            begins = min(begins, self._start[place])
        if fact is not None and fact.pinned_finish:
            latest = min(latest, self._finish[place])
        activity = self.network.activities[place]
        if activity.needed:
            starts = tuple(link for link in starts if self._start_day(link, activity) <= self._start[place])
        for link in starts:
            target = late_start if link.code == 1 else late_finish
            if link.code == BY_DATE:
                self._hand_back_by_date(link, activity, begins)
            elif begins - link.offset < target[link.predecessor]:
                target[link.predecessor] = begins - link.offset
        for link in finishes:
            target = late_start if link.code == 1 else late_finish
            if link.code == BY_DATE:
                self._hand_back_by_date(link, activity, latest)
            elif latest - link.offset < target[link.predecessor]:
                target[link.predecessor] = latest - link.offset

    def _hand_back_by_date(self, link: Link, activity: Activity, day: int) -> None:
        """Find the last day of the predecessor from which the relation still leads to ``day`` or earlier."""
        relation = link.relation
        theirs = self.network.activities[link.predecessor].calendar
        target = self._late_finish if relation.type.from_finish else self._late_start
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

    def _deadlines(self) -> dict[int, tuple[int, bool]]:
        """Per activity the last day allowed, and whether it holds for its start."""
        found: dict[int, tuple[int, bool]] = {}
        for place, target, at_start, _ in self._anchor_targets():
            calendar = self.network.activities[place].calendar
            found[place] = (
                calendar.ceil_index(target.toordinal()) if at_start else calendar.floor_index(target.toordinal()),
                at_start,
            )
        for place in self._counted_back:
            if (legal := self.legal_on(place)) is not None:
                day = self.network.activities[place].calendar.floor_index(legal.toordinal())
                known = found.get(place)
                if known is None or not known[1]:
                    found[place] = (min(day, known[0]) if known else day, False)
        return found

    @cached_property
    def _counted_back(self) -> tuple[int, ...]:
        return tuple(
            place
            for place, activity in enumerate(self.network.activities)
            if activity.term is not None and activity.term.before is not None
        )

    def _anchor_targets(self) -> Iterator[tuple[int, date, bool, AnchorId]]:
        """The anchors that have a target and did not happen yet, with the activity that makes them happen."""
        for anchor in self.network.definition.anchors.values():
            dates = self.given.anchors.get(anchor.id)
            if anchor.set_by is None or dates is None or dates.target is None or dates.actual is not None:
                continue
            place = self.first_place(anchor.set_by)
            if place is not None and self._finish[place] > NEVER // 2:
                yield place, dates.target, anchor.set_by_start, anchor.id

    # --- dates that hang on others ------------------------------------------------------------------

    def first_place(self, step: StepId) -> int | None:
        """Where the first copy of a step stands in the network; ``None`` when it has none."""
        index = self.network.index
        place = index.get(OccurrenceKey(step, ONCE))
        if place is not None:
            return place
        return self._first_places.get(step)

    @cached_property
    def _first_places(self) -> Mapping[StepId, int]:
        found: dict[StepId, int] = {}
        for place, activity in enumerate(self.network.activities):
            found.setdefault(activity.step.id, place)
        return found

    def anchor_on(self, anchor: AnchorId) -> date | None:
        """The date that counts for an anchor: what happened, else its target, else what the plan expects."""
        known = self.given.anchors.get(anchor)
        if known is not None and known.counts is not None:
            return known.counts
        if anchor == self.network.definition.start_anchor:
            return self.given.start_on
        declared = self.network.definition.anchors.get(anchor)
        place = self.first_place(declared.set_by) if declared and declared.set_by else None
        # 0 is what an activity holds that was not planned yet
        if declared is None or place is None or self._finish[place] <= 0:
            return None
        return date.fromordinal(self.start_ordinal(place) if declared.set_by_start else self.finish_ordinal(place))

    def date_of(self, rule: DateRule, place: int) -> int | None:
        """Work out a date rule for an activity, as an ordinal; ``None`` while it hangs on what nobody knows."""
        base = self._base_of(rule, place)
        if base is None:
            return None
        calendar = self.network.activities[place].calendar
        if rule.offset is None:
            return base
        if rule.offset.in_working_days:
            amount = rule.offset.amount
            if amount == 0:
                return base
            index = calendar.floor_index(base) + amount if amount > 0 else calendar.ceil_index(base) + amount
            return calendar.ordinal_at(index)
        return shift(date.fromordinal(base), rule.offset).toordinal()

    def _base_of(self, rule: DateRule, place: int) -> int | None:
        activity = self.network.activities[place]
        match rule.base:
            case DateBase.ANCHOR:
                day = self.anchor_on(AnchorId(rule.ref))
                return day.toordinal() if day else None
            case DateBase.STEP:
                step = StepId(rule.ref)
                other = self.network.index.get(OccurrenceKey(step, activity.key.key))
                other = self.first_place(step) if other is None else other
                if other is None or self._finish[other] <= 0:
                    return None
                return self.start_ordinal(other) if rule.of_start else self.finish_ordinal(other)
            case DateBase.PREDECESSORS:
                days = [
                    self.finish_ordinal(link.predecessor)
                    for link in activity.starts
                    if self._finish[link.predecessor] > NEVER // 2
                ]
                return max(days) if days else self.given.start_on.toordinal()
            case DateBase.ITEM:
                day = self.item_on(place)
                return day.toordinal() if day else None
            case DateBase.PERIOD:
                period = self.period(place)
                return period.closes_on.toordinal() if period else None
            case DateBase.CALENDAR:
                return _next_calendar_day(rule, self.given.start_on)

    def item_on(self, place: int) -> date | None:
        """The date of the item that an activity was made for."""
        activity = self.network.activities[place]
        if activity.step.for_each is None or activity.key.key.isdigit():
            return None
        item = next(
            (item for item in self.given.items.get(activity.step.for_each, ()) if item.key == activity.key.key), None
        )
        if item is not None and item.on is not None:
            return item.on
        first_on = self.network.definition.lists[activity.step.for_each].first_on
        return self.anchor_on(first_on) if first_on is not None and item is None else None

    def period(self, place: int) -> Period | None:
        """The period of a recurring activity; ``None`` when it has none, or hangs on an unknown date."""
        if place not in self._periods:
            activity = self.network.activities[place]
            number = activity.key.key
            self._periods[place] = (
                period_at(activity.step.repeats, int(number), lambda rule: self._day_of(rule, place), activity.calendar)
                if number.isdigit()
                else None
            )
        return self._periods[place]

    def _day_of(self, rule: DateRule, place: int) -> date | None:
        ordinal = self.date_of(rule, place)
        return date.fromordinal(ordinal) if ordinal is not None else None

    def _opens(self, place: int) -> int:
        """First day that a window, a period or an item allows."""
        activity = self.network.activities[place]
        days = [NEVER]
        if activity.step.window and activity.step.window.opens:
            day = self.date_of(activity.step.window.opens, place)
            if day is not None:
                days.append(activity.calendar.ceil_index(day))
        period = self.period(place)
        if period is not None:
            days.append(activity.calendar.ceil_index(period.opens_on.toordinal()))
        return max(days)

    def opens_on(self, place: int) -> date | None:
        """First day that a window or a period allows; ``None`` when nothing holds it back."""
        day = self._opens(place)
        if day == NEVER:
            return None
        return date.fromordinal(self.network.activities[place].calendar.ordinal_at(day))

    def may_open(self, place: int, today: date) -> bool:
        """Whether the window or the period of an activity has opened."""
        opens_on = self.opens_on(place)
        return opens_on is None or opens_on <= today

    def leans_on_today(self, place: int) -> bool:
        """Whether tomorrow's plan has other dates for it, because nothing happened today."""
        fact = self._facts.get(place)
        if not self.is_planned(place) or (fact is not None and fact.finished_on):
            return False
        today = self.network.activities[place].calendar.ceil_index(self.given.today.toordinal())
        if fact is not None and fact.started_on:
            return self._finish[place] <= today
        return self._start[place] <= today

    # --- what users ask -----------------------------------------------------------------------------

    def start_ordinal(self, place: int) -> int:
        exact = self._exact_start.get(place)
        return exact if exact is not None else self.network.activities[place].calendar.ordinal_at(self._start[place])

    def finish_ordinal(self, place: int) -> int:
        exact = self._exact_finish.get(place)
        return exact if exact is not None else self.network.activities[place].calendar.ordinal_at(self._finish[place])

    def is_planned(self, place: int) -> bool:
        """Whether an activity takes part in the plan."""
        return self._finish[place] > NEVER // 2

    def slack(self, place: int) -> int:
        """Working days an activity can slip before it moves a target; negative: already too late."""
        return min(self._late_finish[place] - self._finish[place], self._late_start[place] - self._start[place])

    def start_slack(self, place: int) -> int:
        return self._late_start[place] - self._start[place]

    def free_slack(self, place: int) -> int:
        """Working days an activity can slip before any successor moves."""
        room = self._late_finish[place] - self._finish[place]
        last = self._finish[place]
        for number in range(place + 1, len(self.network.activities)):
            _, starts, finishes = self.network.hot[number]
            if not self.is_planned(number):
                continue
            activity = self.network.activities[number]
            for link in starts:
                if link.predecessor == place and link.relation.type.from_finish:
                    room = min(room, self._start[number] - self._start_day(link, activity))
            for link in finishes:
                if link.predecessor == place and link.relation.type.from_finish:
                    room = min(room, self._finish[number] - self._finish_day(link, activity))
        return max(room, 0) if last > NEVER // 2 else 0

    def planned(self, place: int) -> Planned | None:
        """All dates of an activity; ``None`` when it takes no part."""
        if not self.is_planned(place):
            return None
        day_at = self.network.activities[place].calendar.ordinal_at
        fact = self._facts.get(place)
        slack = self.slack(place)
        is_done = fact is not None and fact.finished_on is not None
        start_on, finish_on = self.start_ordinal(place), self.finish_ordinal(place)
        return Planned(
            date.fromordinal(start_on),
            date.fromordinal(finish_on),
            date.fromordinal(start_on if is_done else day_at(self._late_start[place])),
            date.fromordinal(finish_on if is_done else day_at(self._late_finish[place])),
            slack,
            slack <= 0 and not is_done,
            self.due_on(place),
            self.legal_on(place),
        )

    def __getitem__(self, key: OccurrenceKey) -> Planned:
        planned = self.planned(self.network.index[key])
        if planned is None:
            raise KeyError(key)
        return planned

    def __contains__(self, key: object) -> bool:
        place = self.network.index.get(key) if isinstance(key, OccurrenceKey) else None
        return place is not None and self.is_planned(place)

    @property
    def start_on(self) -> date:
        """First day of the first activity."""
        days = [self.start_ordinal(place) for place in range(len(self._start)) if self.is_planned(place)]
        return date.fromordinal(min(days)) if days else self.given.start_on

    @property
    def finish_on(self) -> date:
        """Last day of the last activity."""
        days = [self.finish_ordinal(place) for place in range(len(self._start)) if self.is_planned(place)]
        return date.fromordinal(max(days)) if days else self.given.start_on

    def due_on(self, place: int) -> date | None:
        """What the plan asks: the due rule, else the end of the window, the item's or the period's own day."""
        activity = self.network.activities[place]
        rule = activity.due or (activity.step.window.closes if activity.step.window else None)
        calendar = activity.calendar
        if rule is not None and not (rule.base is DateBase.ITEM and activity.key.key.isdigit()):
            day = self.date_of(rule, place)
            if day is None:
                return None
            return date.fromordinal(calendar.ordinal_at(calendar.floor_index(day)) if rule.offset else day)
        period = self.period(place)
        if period is not None:
            return calendar.previous_working_day(period.closes_on)
        return self.item_on(place)

    def legal_on(self, place: int) -> date | None:
        """What the law allows; ``None`` when no statutory term counts."""
        activity = self.network.activities[place]
        term = activity.term
        if term is None:
            return None
        if term.before is not None:
            event = self.date_of(term.before, place)
            return None if event is None else self._back_from(event, term.length).ends_on
        return self._legal_term(place)[1].ends_on

    def _back_from(self, event: int, length: Span) -> TermEnd:
        return start_of_counted_back(date.fromordinal(event), length, self.network.definition.legal_calendar)

    def _legal_term(self, place: int) -> tuple[int, TermEnd]:
        if place not in self._terms:
            self._count_term(place, self.network.activities[place], self._facts.get(place))
        return self._terms[place]

    # --- reasons -------------------------------------------------------------------------------------

    def start_reasons(self, place: int) -> tuple[Reason, ...]:
        """All that held back the start to the day it has: take these away and it starts earlier."""
        fact = self._facts.get(place)
        activity = self.network.activities[place]
        first = self._start[place]
        on = date.fromordinal(self.start_ordinal(place))
        if fact is not None and fact.is_out:
            return (Reason(Cause.OUT, said=fact.out),)
        if fact is not None and (fact.started_on or fact.finished_on):
            return (Reason(Cause.HAPPENED, on),)
        if fact is not None and fact.pinned_start:
            return (Reason(Cause.PINNED, on, said=fact.pin_reason),)
        reasons = [
            Reason(Cause.RELATION, on, self._key(link), link.relation)
            for link in activity.starts
            if self._start_day(link, activity) == first
        ]
        if activity.work == 0:
            reasons += [
                Reason(Cause.RELATION, on, self._key(link), link.relation)
                for link in activity.finishes
                if self._finish_day(link, activity) == first
            ]
        if self._opens(place) == first:
            reasons.append(self._opening_reason(place, on))
        if self._ceil(self.given.today) == first and self.given.today > self.given.start_on:
            reasons.append(Reason(Cause.TODAY, on))
        if self._ceil(self.given.start_on) == first and self.given.today <= self.given.start_on:
            reasons.append(Reason(Cause.START, on, anchor=self.network.definition.start_anchor))
        return tuple(reasons)

    def finish_reasons(self, place: int) -> tuple[Reason, ...]:
        """All that held back the finish to the day it has."""
        fact = self._facts.get(place)
        activity = self.network.activities[place]
        last = self._finish[place]
        on = date.fromordinal(self.finish_ordinal(place))
        if fact is not None and fact.is_out:
            return (Reason(Cause.OUT, said=fact.out),)
        if fact is not None and fact.finished_on:
            return (Reason(Cause.HAPPENED, on),)
        if fact is not None and fact.pinned_finish:
            return (Reason(Cause.PINNED, on, said=fact.pin_reason),)
        if activity.work == 0 and activity.shape is Shape.WORK:
            return self.start_reasons(place)
        if activity.shape is Shape.MEETING and activity.body is not None:
            meeting = self._meeting(place)
            if meeting is not None:
                return (meeting,)
        reasons = []
        own, _ = self._finish_by_work(place, activity, fact)
        if own == last:
            reasons.append(self._work_reason(place, activity, fact, on))
        reasons += [
            Reason(Cause.RELATION, on, self._key(link), link.relation)
            for link in activity.finishes
            if self._finish_day(link, activity) == last
        ]
        if fact is not None and fact.held_until and activity.calendar.ceil_index(fact.held_until.toordinal()) == last:
            reasons.append(Reason(Cause.HELD, on))
        if activity.calendar.ceil_index(self.given.today.toordinal()) == last and not reasons:
            reasons.append(Reason(Cause.TODAY, on))
        return tuple(reasons)

    def chain_to(self, key: OccurrenceKey) -> tuple[Hop, ...]:
        """The longest chain of steps that leads to an occurrence, first step first.

        From each step it goes back to the predecessor that leaves the least room, also where something
        else than a relation (today, a meeting, a window) has the last word.
        """
        hops: list[Hop] = []
        place: int | None = self.network.index[key]
        while place is not None:
            link, reason = self._tightest(place)
            activity = self.network.activities[place]
            hops.append(
                Hop(
                    activity.key,
                    date.fromordinal(self.start_ordinal(place)),
                    date.fromordinal(self.finish_ordinal(place)),
                    reason,
                )
            )
            place = link.predecessor if link is not None else None
        return tuple(reversed(hops))

    def _tightest(self, place: int) -> tuple[Link | None, Reason]:
        activity = self.network.activities[place]
        fact = self._facts.get(place)
        on = date.fromordinal(self.start_ordinal(place))
        if fact is not None and fact.finished_on:
            return None, Reason(Cause.HAPPENED, date.fromordinal(self.finish_ordinal(place)))
        own, _ = self._finish_by_work(place, activity, fact)
        finishing = [(self._finish_day(link, activity), link) for link in activity.finishes]
        held = [(day, link) for day, link in finishing if day > NEVER // 2 and day >= own]
        if held:
            _, link = max(held, key=lambda each: each[0])
            reason = Reason(Cause.RELATION, date.fromordinal(self.finish_ordinal(place)), self._key(link), link.relation)
            return link, reason
        starting = [(self._start_day(link, activity), link) for link in activity.starts]
        starting = [(day, link) for day, link in starting if day > NEVER // 2]
        if starting and not (fact is not None and fact.started_on):
            _, link = max(starting, key=lambda each: each[0])
            return link, Reason(Cause.RELATION, on, self._key(link), link.relation)
        reasons = self.start_reasons(place)
        return None, reasons[0] if reasons else Reason(Cause.START, on)

    def _key(self, link: Link) -> OccurrenceKey:
        return self.network.activities[link.predecessor].key

    def _opening_reason(self, place: int, on: date) -> Reason:
        period = self.period(place)
        activity = self.network.activities[place]
        if period is not None and activity.calendar.ceil_index(period.opens_on.toordinal()) == self._start[place]:
            return Reason(Cause.PERIOD, on, since=period.opens_on)
        rule = activity.step.window.opens if activity.step.window else None
        anchor = AnchorId(rule.ref) if rule and rule.base is DateBase.ANCHOR else None
        return Reason(Cause.WINDOW, on, anchor=anchor, said=rule.said if rule else "")

    def _work_reason(self, place: int, activity: Activity, fact: Occurrence | None, on: date) -> Reason:
        if fact is not None and fact.promised_on:
            return Reason(Cause.PROMISED, on)
        if activity.shape is Shape.TERM:
            event, end = self._legal_term(place)
            return Reason(Cause.TERM, on, term=end, since=date.fromordinal(event), span=activity.span)
        if activity.shape is Shape.CONTINUOUS:
            return Reason(Cause.PERIOD, on)
        return Reason(Cause.WORK, on, span=activity.span or Span(1, Unit.WORKING_DAYS))

    def _meeting(self, place: int) -> Reason | None:
        activity = self.network.activities[place]
        assert activity.body is not None  # the caller looked
        fact = self._facts.get(place)
        ready, _ = self._finish_by_work(place, activity, fact)
        for day, _ in self._finish_bounds(place, activity, fact):
            ready = max(ready, day)
        meeting = activity.body.next_feasible(
            date.fromordinal(activity.calendar.ordinal_at(ready)), date.fromordinal(self.start_ordinal(place))
        )
        return Reason(Cause.MEETING, meeting.held_on, meeting=meeting) if meeting else None

    # --- findings ------------------------------------------------------------------------------------

    @cached_property
    def findings(self) -> tuple[PlanFinding, ...]:
        """What can not hold or needs a look: targets, legal dates, pins, unconfirmed years."""
        return tuple(sorted(self._find(), key=lambda finding: (finding.severity, finding.code, str(finding.key))))

    def _find(self) -> Iterator[PlanFinding]:
        yield from self._broken_targets()
        for place, activity in enumerate(self.network.activities):
            if not self.is_planned(place) or (fact := self._facts.get(place)) and fact.finished_on:
                continue
            finish_on = date.fromordinal(self.finish_ordinal(place))
            legal_on = self.legal_on(place)
            if legal_on is not None and finish_on > legal_on:
                yield self._broken("RG352", place, legal_on, activity.term.article if activity.term else "")
            due_on = self.due_on(place)
            if due_on is not None and finish_on > due_on:
                days = activity.calendar.floor_index(finish_on.toordinal()) - activity.calendar.floor_index(due_on.toordinal())
                yield PlanFinding("RG355", activity.key, Severity.WARNING, on=finish_on, limit_on=due_on, working_days=days)
            if fact is not None and (fact.pinned_start or fact.pinned_finish):
                yield from self._broken_pins(place, activity, fact)
            yield from self._avoided(activity, place)
            if activity.shape is Shape.MEETING and self._meeting(place) is None:
                yield PlanFinding("RG357", activity.key, Severity.ERROR, on=finish_on)
        yield from self._unconfirmed()

    def _broken_targets(self) -> Iterator[PlanFinding]:
        for place, target, at_start, anchor in self._anchor_targets():
            reached = date.fromordinal(self.start_ordinal(place) if at_start else self.finish_ordinal(place))
            calendar = self.network.activities[place].calendar
            allowed = calendar.ceil_index(target.toordinal()) if at_start else calendar.floor_index(target.toordinal())
            days = (self._start if at_start else self._finish)[place] - allowed
            if days > 0:
                key = self.network.activities[place].key
                yield PlanFinding(
                    "RG351", key, Severity.ERROR, reached, target, days, anchor=anchor, chain=self.chain_to(key)
                )

    def _broken(self, code: str, place: int, limit: date, article: str) -> PlanFinding:
        activity = self.network.activities[place]
        finish_on = date.fromordinal(self.finish_ordinal(place))
        days = activity.calendar.floor_index(finish_on.toordinal()) - activity.calendar.floor_index(limit.toordinal())
        chain = self.chain_to(activity.key)
        return PlanFinding(code, activity.key, Severity.ERROR, finish_on, limit, max(days, 1), chain=chain, said=article)

    def _broken_pins(self, place: int, activity: Activity, fact: Occurrence) -> Iterator[PlanFinding]:
        asked = max((self._start_day(link, activity) for link in activity.starts), default=NEVER)
        if fact.pinned_start and asked > self._start[place]:
            days = asked - self._start[place]
            on = date.fromordinal(activity.calendar.ordinal_at(asked))
            yield PlanFinding("RG353", activity.key, Severity.WARNING, on, fact.pinned_start, days)
        asked = max((self._finish_day(link, activity) for link in activity.finishes), default=NEVER)
        asked = max(asked, self._start[place] + activity.work - 1) if activity.shape is Shape.WORK else asked
        if fact.pinned_finish and asked > self._finish[place]:
            days = asked - self._finish[place]
            on = date.fromordinal(activity.calendar.ordinal_at(asked))
            yield PlanFinding("RG353", activity.key, Severity.WARNING, on, fact.pinned_finish, days)

    def _avoided(self, activity: Activity, place: int) -> Iterator[PlanFinding]:
        if not activity.step.avoids:
            return
        on = date.fromordinal(self.finish_ordinal(place))
        for day in {date.fromordinal(self.start_ordinal(place)), on}:
            for period in activity.calendar.periods_on(day):
                if any(name in period.name for name in activity.step.avoids):
                    yield PlanFinding("RG356", activity.key, Severity.WARNING, on=day, said=period.name)
                    return

    def _unconfirmed(self) -> Iterator[PlanFinding]:
        """One warning per unconfirmed year in which a statutory term ends, one for the plan as a whole."""
        legal = self.network.definition.legal_calendar
        told: set[int] = set()
        for place, activity in enumerate(self.network.activities):
            if activity.term is None or not self.is_planned(place):
                continue
            on = self.legal_on(place)
            if on is not None and not legal.is_confirmed(on) and on.year not in told:
                told.add(on.year)
                yield PlanFinding("RG354", activity.key, Severity.WARNING, on=on, said=legal.name)
        last = self.finish_on
        if not self.calendar.is_confirmed(last) and last.year not in told:
            yield PlanFinding("RG354", None, Severity.WARNING, on=last, said=self.calendar.name)

    def _ceil(self, day: date) -> int:
        return self.calendar.ceil_index(day.toordinal())


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


def _next_calendar_day(rule: DateRule, start_on: date) -> int | None:
    """First day of the rule on or after the start of the cycle, in the years that it returns in."""
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
