from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from regie.core.definition import Anchor, Kind
from regie.core.ids import AnchorId, RoleId
from regie.core.lines import WHOLE_CYCLE, Line
from regie.core.traject import AnchorDates, Cycle, CycleState, Occurrence, Planned, State
from regie.store.validity import as_one_move, only_current, still_true
from tests.support import builders as b

DUE = date(2027, 3, 10)
SOON = DUE - timedelta(days=5)
LATE = DUE + timedelta(days=3)
OPENING = AnchorId("opening")
DEFINITION = b.definition(
    b.step("a"),
    anchors={
        "opening": Anchor(OPENING, {"nl": "Opening"}),
        "publiek": Anchor(AnchorId("publiek"), {}, set_by_start=True),
    },
)


def planned(**more: object) -> Planned:
    values = {
        "early_start": date(2027, 3, 1),
        "early_finish": date(2027, 3, 12),
        "late_start": date(2027, 3, 1),
        "late_finish": date(2027, 3, 12),
        "slack_working_days": 0,
        "critical": False,
        "due_on": DUE,
    }
    return Planned(**{**values, **more})  # type: ignore[arg-type]


def cycle(state: State = State.READY, *, ended: bool = False, **more: object) -> Cycle:
    """A cycle with one occurrence, ``a``, in a state."""
    dates = more.pop("planned", planned())
    anchors = more.pop("anchors", {})
    occurrence = Occurrence(b.key("a"), state=state, planned=dates, **more)  # type: ignore[arg-type]
    return Cycle(
        1,
        "first",
        DEFINITION,
        {},
        anchors,  # type: ignore[arg-type]
        {b.key("a"): occurrence},
        state=CycleState.ENDED if ended else CycleState.RUNNING,
    )


def line(kind: Kind, due_on: date | None = DUE, **more: object) -> Line:
    return Line(kind, 1, b.key("a"), RoleId("maker"), "responsible", due_on=due_on, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "now", "today"),
    [
        pytest.param(line(Kind.READY), cycle(), SOON, id="ready"),
        pytest.param(line(Kind.DUE_SOON), cycle(State.IN_PROGRESS), SOON, id="due-soon"),
        pytest.param(line(Kind.DECISION_NEEDED), cycle(State.FOR_DECISION), SOON, id="decision-needed"),
        pytest.param(
            line(Kind.DECISION_NEEDED, None),
            cycle(State.FOR_DECISION, planned=planned(due_on=None)),
            SOON,
            id="put-up-for-decision-without-a-date",
        ),
        pytest.param(line(Kind.HANDED_OVER, None), cycle(State.WAITING_FOR_PARTNER), LATE, id="handed-over"),
        pytest.param(line(Kind.DUE), cycle(State.WAITING_FOR_PARTNER), DUE, id="due-today"),
        pytest.param(line(Kind.OVERDUE), cycle(), LATE, id="overdue"),
        pytest.param(line(Kind.OVERDUE), cycle(State.NOT_YET), LATE, id="overdue-and-it-hangs"),
        pytest.param(line(Kind.ESCALATED, rung=2), cycle(), LATE, id="escalated"),
        pytest.param(line(Kind.DONE), cycle(State.DONE), LATE, id="done"),
        pytest.param(line(Kind.DONE), cycle(State.DONE, ended=True), LATE, id="done-and-the-cycle-ended"),
        pytest.param(
            line(Kind.DECISION_TAKEN, DUE, outcome="no-go"),
            cycle(State.DONE, ended=True, outcome="no-go", finished_on=DUE),
            LATE,
            id="decision-that-ended-the-cycle",
        ),
        pytest.param(
            line(Kind.DECISION_TAKEN, LATE, outcome="hold"),
            cycle(outcome="hold", held_until=LATE),
            SOON,
            id="held",
        ),
        pytest.param(line(Kind.DATE_MOVED, old_on=SOON), cycle(State.NOT_YET), SOON, id="moved"),
        pytest.param(
            line(Kind.DATE_MOVED, date(2027, 3, 12), old_on=SOON),
            cycle(planned=planned(due_on=None)),
            SOON,
            id="planned-end-moved",
        ),
        pytest.param(
            line(Kind.ESCALATED, date(2027, 3, 11), rung=99, cause="anchor:opening"),
            cycle(anchors={OPENING: AnchorDates(date(2027, 3, 11))}),
            SOON,
            id="anchor-cannot-hold",
        ),
        pytest.param(
            line(Kind.ESCALATED, date(2027, 3, 11), rung=99),
            cycle(planned=planned(legal_on=date(2027, 3, 11))),
            SOON,
            id="legal-date-cannot-hold",
        ),
        pytest.param(replace(line(Kind.CYCLE_STARTED, None), key=WHOLE_CYCLE), cycle(), SOON, id="cycle-started"),
    ],
)
def test_what_is_still_so_is_told_unchanged(told: Line, now: Cycle, today: date) -> None:
    found = still_true(told, now, today)

    assert found is not None
    assert replace(found, legal_on=told.legal_on) == told


@pytest.mark.parametrize(
    ("told", "now", "today"),
    [
        pytest.param(line(Kind.READY), cycle(State.DONE), SOON, id="ready-but-done"),
        pytest.param(line(Kind.READY), cycle(State.IN_PROGRESS), SOON, id="ready-but-begun"),
        pytest.param(line(Kind.READY), cycle(State.NOT_YET), SOON, id="ready-but-it-waits-again"),
        pytest.param(line(Kind.READY), cycle(State.WAIVED, out_state=State.WAIVED), SOON, id="ready-but-waived"),
        pytest.param(line(Kind.READY), cycle(ended=True), SOON, id="ready-but-the-cycle-ended"),
        pytest.param(line(Kind.DUE_SOON), cycle(), DUE, id="soon-but-it-is-today"),
        pytest.param(line(Kind.DUE_SOON, SOON), cycle(), SOON - timedelta(days=9), id="soon-but-the-date-moved"),
        pytest.param(line(Kind.DUE_SOON), cycle(State.NOT_YET), SOON, id="soon-but-it-waits"),
        pytest.param(line(Kind.DUE_SOON), cycle(planned=planned(due_on=None)), SOON, id="soon-but-no-date-any-more"),
        pytest.param(line(Kind.HANDED_OVER), cycle(State.DONE), SOON, id="handed-over-but-done"),
        pytest.param(line(Kind.DUE), cycle(), LATE, id="today-but-it-was-yesterday"),
        pytest.param(line(Kind.OVERDUE), cycle(State.DONE), LATE, id="late-but-done"),
        pytest.param(line(Kind.OVERDUE, SOON), cycle(), LATE, id="late-but-the-date-moved"),
        pytest.param(line(Kind.ESCALATED, rung=1), cycle(), SOON, id="escalated-but-there-is-time-again"),
        pytest.param(line(Kind.DONE), cycle(), LATE, id="done-but-reopened"),
        pytest.param(
            line(Kind.DECISION_TAKEN, DUE, outcome="go"),
            cycle(State.DONE, outcome="no-go", finished_on=DUE),
            LATE,
            id="decided-but-otherwise",
        ),
        pytest.param(line(Kind.DECISION_TAKEN, DUE, outcome="go"), cycle(), LATE, id="decided-but-reopened"),
        pytest.param(line(Kind.DATE_MOVED, SOON, old_on=DUE), cycle(), SOON, id="moved-and-back"),
        pytest.param(line(Kind.DATE_MOVED, old_on=SOON), cycle(State.DONE), SOON, id="moved-but-done"),
        pytest.param(
            line(Kind.ESCALATED, date(2027, 3, 11), rung=99, cause="anchor:opening"),
            cycle(anchors={OPENING: AnchorDates(date(2027, 4, 1))}),
            SOON,
            id="anchor-was-moved",
        ),
        pytest.param(
            line(Kind.ESCALATED, date(2027, 3, 12), rung=99, cause="anchor:opening"),
            cycle(anchors={OPENING: AnchorDates(date(2027, 3, 12))}),
            SOON,
            id="anchor-holds-again",
        ),
        pytest.param(
            line(Kind.ESCALATED, date(2027, 3, 11), rung=99, cause="anchor:publiek"),
            cycle(anchors={AnchorId("publiek"): AnchorDates(date(2027, 3, 11))}),
            SOON,
            id="anchor-that-counts-from-the-start-holds",
        ),
        pytest.param(
            line(Kind.ESCALATED, date(2027, 3, 11), rung=99, cause="anchor:opening"),
            cycle(anchors={OPENING: AnchorDates(date(2027, 3, 11), date(2027, 3, 2))}),
            SOON,
            id="anchor-happened",
        ),
        pytest.param(
            line(Kind.ESCALATED, date(2027, 3, 11), rung=99),
            cycle(planned=planned(legal_on=date(2027, 3, 20))),
            SOON,
            id="legal-date-was-extended",
        ),
        pytest.param(replace(line(Kind.CYCLE_STARTED), key=WHOLE_CYCLE), cycle(ended=True), SOON, id="cycle-ended"),
        pytest.param(replace(line(Kind.READY), key=b.key("weg")), cycle(), SOON, id="step-is-gone"),
    ],
)
def test_what_is_no_longer_so_is_not_told(told: Line, now: Cycle, today: date) -> None:
    assert still_true(told, now, today) is None


def test_who_may_begin_hears_the_date_of_today_and_not_of_last_week() -> None:
    found = still_true(line(Kind.READY, SOON), cycle(planned=planned(legal_on=LATE)), SOON)

    assert found is not None
    assert (found.due_on, found.legal_on) == (DUE, LATE)


def test_a_date_that_moved_on_is_told_as_it_is_now() -> None:
    found = still_true(line(Kind.DATE_MOVED, date(2027, 3, 9), old_on=date(2027, 3, 1), cause="b"), cycle(), SOON)

    assert found is not None
    assert (found.old_on, found.due_on, found.working_days, found.cause) == (date(2027, 3, 1), DUE, 7, "")


def test_every_kind_has_a_rule() -> None:
    for kind in Kind:
        still_true(line(kind), cycle(), DUE)


def test_of_one_step_only_the_latest_stage_is_told() -> None:
    told = [line(Kind.OVERDUE), line(Kind.READY), line(Kind.DUE_SOON), line(Kind.DONE), line(Kind.ESCALATED, rung=1)]

    assert [each.kind for each in only_current(told)] == [Kind.ESCALATED, Kind.DONE]


def test_a_threat_to_the_opening_is_told_besides_the_stage() -> None:
    told = [line(Kind.READY), line(Kind.ESCALATED, rung=99, cause="anchor:opening")]

    assert list(only_current(told)) == told


def test_two_moves_of_one_date_are_told_as_one() -> None:
    first = line(Kind.DATE_MOVED, date(2027, 3, 5), old_on=date(2027, 3, 1))
    second = line(Kind.DATE_MOVED, DUE, old_on=date(2027, 3, 5))

    (found,) = only_current(as_one_move([first, second]))

    assert (found.old_on, found.due_on) == (date(2027, 3, 1), DUE)


def test_a_date_that_moved_and_came_back_before_anybody_heard_it_is_not_told() -> None:
    there = line(Kind.DATE_MOVED, SOON, old_on=DUE)
    back = line(Kind.DATE_MOVED, DUE, old_on=SOON)

    assert [still_true(each, cycle(), SOON) for each in as_one_move([there, back])] == [None, None]


def test_lines_of_two_cycles_are_kept_apart() -> None:
    told = [line(Kind.READY), replace(line(Kind.READY), cycle=2)]

    assert list(only_current(told)) == told
