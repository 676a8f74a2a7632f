"""What holds for every plan: random networks against a slow, plain reference, and laws of plans."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import date, timedelta

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from regie.core.calendar import EVERY_DAY
from regie.core.definition import Case, Duration, Gate, Join, RelationType, Step, Term
from regie.core.ids import BodyId
from regie.core.meetings import DecidingBody, Rhythm
from regie.core.plan import Plan
from regie.core.reasons import Cause
from regie.core.span import Span, Unit, shift
from regie.core.terms import TermKind
from regie.core.traject import Occurrence
from tests.support.builders import LEGAL, MONDAY, key, plan_of, step

ONE_DAY = timedelta(days=1)


@st.composite
def networks(draw: st.DrawFn, most: int = 12) -> list[Step]:
    """Steps in network order with relations of all types, lags and leads in all units."""
    count = draw(st.integers(1, most))
    steps = []
    for number in range(count):
        needs = []
        for other in draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else ():
            kind = draw(st.sampled_from(["", "ss:", "ff:", "sf:"]))
            amount = draw(st.integers(-6, 20))
            unit = draw(st.sampled_from(["wd", "d", "w", "m"]))
            lag = "" if amount == 0 else f"{amount:+d}{unit}"
            needs.append(f"{kind or 'fs:'}s{other}{lag}")
        takes = draw(st.integers(0, 15))
        steps.append(step(f"s{number}", f"{takes}wd", needs))
    return steps


def reference(steps: list[Step], start: date) -> dict[str, tuple[date, date]]:
    """The rules of the design, day by day, without an axis or an index."""
    work = LEGAL.is_working_day

    def on_or_after(day: date) -> date:
        while not work(day):
            day += ONE_DAY
        return day

    def move(day: date, count: int) -> date:
        direction = ONE_DAY if count > 0 else -ONE_DAY
        for _ in range(abs(count)):
            day += direction
            while not work(day):
                day += direction
        return day

    found: dict[str, tuple[date, date]] = {}
    for each in steps:
        takes = each.takes[0].value.span.amount
        starts, ends = [on_or_after(start)], []
        for need in each.needs:
            origin = found[need.predecessor][1 if need.type.from_finish else 0]
            lag = need.lag or Span(0, Unit.WORKING_DAYS)
            after = need.type is RelationType.FINISH_TO_START and takes > 0
            if lag.in_working_days:
                day = move(origin, lag.amount + (1 if after else 0))
            else:
                day = on_or_after(shift(origin, lag) + (ONE_DAY if after else timedelta()))
            (starts if need.type.holds_start else ends).append(day)
        first = max(starts)
        if takes:
            last = max([move(first, takes - 1), *ends])
            found[each.id] = (first, last)
        else:
            found[each.id] = (max([first, *ends]),) * 2
    return found


def dates(plan: Plan) -> dict[str, tuple[date, date]]:
    return {
        activity.step.id: (plan[activity.key].early_start, plan[activity.key].early_finish)
        for activity in plan.network.activities
    }


@given(networks(), st.dates(date(2027, 1, 1), date(2027, 12, 31)))
def test_earliest_dates_equal_the_plain_rules(steps: list[Step], start: date) -> None:
    assert dates(plan_of(*steps, start=start, calendar=LEGAL)) == reference(steps, start)


@given(networks())
def test_early_is_never_after_late_without_a_deadline(steps: list[Step]) -> None:
    plan = plan_of(*steps, calendar=LEGAL)

    for activity in plan.network.activities:
        found = plan[activity.key]
        assert found.early_start <= found.late_start
        assert found.early_finish <= found.late_finish
        assert found.slack_working_days >= 0


@given(networks())
def test_something_is_always_critical(steps: list[Step]) -> None:
    plan = plan_of(*steps)

    assert any(plan[activity.key].critical for activity in plan.network.activities)


@given(networks(), st.data())
def test_a_step_that_slips_by_its_slack_does_not_move_the_end(steps: list[Step], data: st.DataObject) -> None:
    plan = plan_of(*steps, calendar=LEGAL)
    chosen = data.draw(st.sampled_from(steps))
    slack = plan[key(chosen.id)].slack_working_days
    takes = chosen.takes[0].value.span.amount
    if takes == 0:
        return
    # slipping the start by the slack: a plain predecessor that ends just before the later start
    later = LEGAL.add_working_days(plan[key(chosen.id)].early_start, slack)
    pinned = Occurrence(chosen_key := key(chosen.id), pinned_start=later, pin_reason="later")
    slipped = plan_of(*steps, calendar=LEGAL, facts=[pinned])

    assert chosen_key in slipped
    assert slipped.finish_on == plan.finish_on


@given(networks(), st.data())
def test_removing_every_named_cause_of_a_start_moves_it_earlier(steps: list[Step], data: st.DataObject) -> None:
    plan = plan_of(*steps, calendar=LEGAL)
    place = data.draw(st.integers(0, len(steps) - 1))
    chosen = steps[place]
    reasons = plan.start_reasons(place)
    if any(reason.cause is not Cause.RELATION for reason in reasons):
        return
    named = {(reason.predecessor.step, reason.relation) for reason in reasons if reason.predecessor}
    without = tuple(need for need in chosen.needs if (need.predecessor, need) not in named)
    changed = [*steps[:place], replace(chosen, needs=without), *steps[place + 1 :]]

    assert reasons
    assert plan_of(*changed, calendar=LEGAL)[key(chosen.id)].early_start < plan[key(chosen.id)].early_start


@given(networks())
def test_every_date_has_a_reason(steps: list[Step]) -> None:
    plan = plan_of(*steps, calendar=LEGAL)

    for place in range(len(steps)):
        assert plan.start_reasons(place)
        assert plan.finish_reasons(place)


@given(networks(), st.randoms(use_true_random=False))
def test_order_of_the_facts_does_not_matter(steps: list[Step], shuffle: random.Random) -> None:
    facts = [Occurrence(key(each.id), finished_on=MONDAY) for each in steps[::2]]
    shuffled = list(facts)
    shuffle.shuffle(shuffled)

    assert dates(plan_of(*steps, facts=facts)) == dates(plan_of(*steps, facts=shuffled))


@given(networks())
def test_longest_chain_runs_without_a_gap_from_a_step_that_waits_for_nobody(steps: list[Step]) -> None:
    plan = plan_of(*steps, calendar=LEGAL)
    last = max(plan.network.activities, key=lambda each: plan[each.key].early_finish)

    chain = plan.chain_to(last.key)
    assert chain[-1].key == last.key
    assert chain[0].reason.cause is not Cause.RELATION
    for before, hop in itertools.pairwise(chain):
        assert hop.reason.predecessor == before.key


@given(st.lists(st.integers(1, 20), min_size=1, max_size=12), st.data())
def test_length_of_the_longest_path_equals_networkx(lengths: list[int], data: st.DataObject) -> None:
    graph = nx.DiGraph()
    graph.add_node(0)
    steps = []
    for number, length in enumerate(lengths):
        before = data.draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        steps.append(step(f"s{number}", f"{length}wd", [f"s{other}" for other in before]))
        graph.add_edge("source", number, weight=0)
        graph.add_edge(number, ("end", number), weight=length)
        for other in before:
            graph.add_edge(other, number, weight=lengths[other])

    plan = plan_of(*steps)
    longest = nx.dag_longest_path_length(graph)
    from tests.support.builders import WEEKDAYS

    assert WEEKDAYS.working_days_between(plan.start_on, plan.finish_on) + 1 == longest


@given(networks(most=6))
def test_adding_a_holiday_never_makes_a_date_earlier(steps: list[Step]) -> None:
    from regie.core.calendar import WorkCalendar
    from tests.support.builders import LEGAL_RULES

    forward = [
        replace(each, needs=tuple(need for need in each.needs if not need.lag or need.lag.amount >= 0))
        for each in steps
    ]
    closed = WorkCalendar(
        name="closed",
        rules=LEGAL_RULES,
        days_off={date(2027, 1, 12): "gesloten", date(2027, 5, 7): "besluit"},
    )
    before = dates(plan_of(*forward, calendar=LEGAL))
    after = dates(plan_of(*forward, calendar=closed))

    assert all(after[name][1] >= before[name][1] for name in before)


COUNCIL = DecidingBody(BodyId("raad"), {"nl": "Raad"}, LEGAL, Rhythm(date(2027, 1, 14), 4), papers=Span.parse("15wd"))
WORLD = {"calendar": LEGAL, "calendars": {"every-day": EVERY_DAY}, "bodies": {COUNCIL.id: COUNCIL}}


@st.composite
def mixed_networks(draw: st.DrawFn) -> list[Step]:
    """Networks with lengths in months, terms, decisions, joins and steps that are worked on every day."""
    steps = []
    for plain in draw(networks(most=7)):
        kind = draw(st.sampled_from(["work", "calendar", "term", "meeting"]))
        length = Span.parse(draw(st.sampled_from(["10d", "3w", "1m", "2m"])))
        other = {"calendar": draw(st.sampled_from([None, None, "every-day"]))}
        if kind == "calendar":
            other["takes"] = (Case(Duration(length)),)
        elif kind == "term":
            other |= {"takes": (), "terms": (Case(Term(length, draw(st.sampled_from(list(TermKind)[:2])))),)}
        elif kind == "meeting":
            other["gate"] = Gate("raad", {})
        elif len(plain.needs) > 1:
            other["join"] = Join(draw(st.integers(0, 1)))
        steps.append(replace(plain, **other))
    return steps


@given(mixed_networks(), st.data())
def test_slipping_by_the_slack_never_moves_the_end_whatever_the_step_is(steps: list[Step], data: st.DataObject) -> None:
    plan = plan_of(*steps, **WORLD)
    activity = data.draw(st.sampled_from(plan.network.activities))
    found = plan[activity.key]
    later = activity.calendar.add_working_days(found.early_start, found.slack_working_days)
    pinned = Occurrence(activity.key, pinned_start=later, pin_reason="later")

    assert found.slack_working_days >= 0
    assert found.early_start <= found.late_start
    assert found.early_finish <= found.late_finish
    assert plan_of(*steps, **WORLD, facts=[pinned]).finish_on == plan.finish_on


@given(networks(), st.data())
def test_slipping_by_the_free_slack_moves_no_successor(steps: list[Step], data: st.DataObject) -> None:
    plan = plan_of(*steps, **WORLD)
    place = data.draw(st.integers(0, len(steps) - 1))
    chosen = plan.network.activities[place]
    later = LEGAL.add_working_days(plan[chosen.key].early_start, plan.free_slack(place))
    slipped = plan_of(*steps, **WORLD, facts=[Occurrence(chosen.key, pinned_start=later, pin_reason="later")])

    for number in plan.network.followers[place] if chosen.work else ():
        follower = plan.network.activities[number].key
        assert slipped[follower].early_start == plan[follower].early_start
        assert slipped[follower].early_finish == plan[follower].early_finish


@st.composite
def facts_of(draw: st.DrawFn, steps: list[Step], today: date) -> list[Occurrence]:
    """What may have been recorded about steps: begun, done, pinned, promised, held."""
    days, past = st.integers(-20, 30), st.integers(0, 20)
    found = []
    for each in steps:
        day, before = today + draw(days) * ONE_DAY, today - draw(past) * ONE_DAY
        fact = Occurrence(key(each.id), pin_reason="said")
        recorded = [
            {},
            {"started_on": before},
            {"finished_on": before},
            {"pinned_start": day},
            {"pinned_finish": day},
            {"promised_on": day},
            {"held_until": day},
            {"started_on": before, "promised_on": day},
        ]
        found.append(replace(fact, **draw(st.sampled_from(recorded))))
    return found


@given(mixed_networks(), st.integers(0, 40), st.data())
def test_whatever_was_recorded_every_date_has_a_reason_and_nothing_open_is_planned_before_today(
    steps: list[Step], days: int, data: st.DataObject
) -> None:
    today = MONDAY + days * ONE_DAY
    facts = data.draw(facts_of(steps, today))
    plan = plan_of(*steps, **WORLD, today=today, facts=facts)

    for place, fact in enumerate(facts):
        found = plan[fact.key]
        assert plan.start_reasons(place)
        assert plan.finish_reasons(place)
        assert plan.chain_to(fact.key)[-1].key == fact.key
        assert found.early_start <= found.early_finish
        assert fact.finished_on or found.early_finish >= today
        assert fact.finished_on or fact.started_on or found.early_start >= today
