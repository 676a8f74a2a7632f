"""What the plan was on the first day: whatever happened since, it stays the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from regie.core.start_plan import dates_at_start
from regie.core.traject import State
from tests.support.builders import key
from tests.text.town import START, cycle_on, fact

D = date.fromisoformat


def test_on_the_first_day_it_is_the_plan_itself() -> None:
    cycle, _ = cycle_on(START)

    planned = {name: each.planned for name, each in cycle.occurrences.items() if each.planned}
    assert dates_at_start(cycle) == planned


def test_what_happens_later_does_not_move_it() -> None:
    begun, _ = cycle_on(START)
    cycle, _ = cycle_on(
        D("2027-02-10"),
        fact("visie", started_on=D("2027-01-11"), finished_on=D("2027-02-05")),
        fact("nota", pinned_start=D("2027-03-01"), pin_reason="vakantie"),
        fact("kader", out_state=State.WAIVED, out="hoeft niet"),
    )

    assert cycle.occurrences[key("nota")].planned != begun.occurrences[key("nota")].planned
    assert dates_at_start(cycle) == dates_at_start(begun)
    assert key("kader") in dates_at_start(cycle)


def test_what_this_cycle_was_begun_without_has_no_dates() -> None:
    cycle, _ = cycle_on(START, fact("kader", out_state=State.DROPPED, out="not in this rerun"))

    assert key("kader") not in dates_at_start(cycle)


def test_an_ended_cycle_keeps_the_plan_that_it_began_with() -> None:
    from regie.core.traject import CycleState

    cycle, _ = cycle_on(START)

    assert dates_at_start(replace(cycle, state=CycleState.ENDED, ended_because="done")) == dates_at_start(cycle)


def test_without_a_first_day_there_is_nothing_to_compare_with() -> None:
    cycle, _ = cycle_on(START)
    anchors = {name: dates for name, dates in cycle.anchors.items() if name != cycle.definition.start_anchor}

    assert dates_at_start(replace(cycle, anchors=anchors)) == {}
