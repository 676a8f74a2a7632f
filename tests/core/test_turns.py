"""On which days whose turn it was."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from regie.core.turns import Deed, Happened, Turn, days_of, turns_of

FIRST = date(2027, 1, 4)
TODAY = date(2027, 1, 13)
LETTERS = {Turn.EARLIER: "E", Turn.NOBODY: ".", Turn.PARTNER: "P", Turn.LEAD: "L", Turn.DECIDER: "D"}


def drawn(*story: tuple[int, Deed], today: date = TODAY) -> str:
    """One letter a day, from the first day on."""
    happened = [Happened(FIRST + timedelta(days=day), deed) for day, deed in story]
    return "".join(LETTERS[each.turn] * each.days for each in turns_of(happened, FIRST, today))


@pytest.mark.parametrize(
    ("story", "days"),
    [
        pytest.param((), "..........", id="not-ready-yet"),
        pytest.param(((0, Deed.RELEASED),), "PPPPPPPPPP", id="ready-from-the-start"),
        pytest.param(((-5, Deed.RELEASED),), "PPPPPPPPPP", id="ready-before-the-first-day"),
        pytest.param(((2, Deed.RELEASED), (5, Deed.ENDED)), "..PPP.....", id="done"),
        pytest.param(((0, Deed.RELEASED), (3, Deed.ASKED_LEAD), (7, Deed.ANSWERED)), "PPPLLLLPPP", id="answered"),
        pytest.param(((0, Deed.RELEASED), (3, Deed.ASKED_LEAD), (3, Deed.ANSWERED)), "PPPPPPPPPP", id="same-day"),
        pytest.param(
            ((0, Deed.RELEASED), (1, Deed.ASKED_LEAD), (2, Deed.ASKED_LEAD), (4, Deed.ANSWERED), (6, Deed.ANSWERED)),
            "PLLLLLPPPP",
            id="two-questions-need-two-answers",
        ),
        pytest.param(((1, Deed.ASKED_LEAD), (4, Deed.ANSWERED)), ".LLL......", id="asked-before-it-can-begin"),
        pytest.param(((0, Deed.RELEASED), (2, Deed.PUT_UP), (6, Deed.CAME_BACK)), "PPDDDDPPPP", id="on-the-table"),
        pytest.param(((0, Deed.RELEASED), (2, Deed.PUT_UP), (3, Deed.ASKED_LEAD)), "PPDDDDDDDD", id="table-first"),
        pytest.param(((0, Deed.RELEASED), (2, Deed.LOCKED), (4, Deed.RELEASED)), "PP..PPPPPP", id="waits-again"),
        pytest.param(((0, Deed.RELEASED), (2, Deed.ENDED), (5, Deed.REOPENED)), "PP...PPPPP", id="reopened"),
        pytest.param(
            ((0, Deed.RELEASED), (1, Deed.ASKED_LEAD), (3, Deed.ENDED), (5, Deed.REOPENED)),
            "PLL..PPPPP",
            id="the-end-answers-all",
        ),
        pytest.param(((0, Deed.RELEASED), (4, Deed.HANDED_OVER)), "EEEEPPPPPP", id="a-colleague-goes-on"),
        pytest.param(((0, Deed.HANDED_OVER), (4, Deed.RELEASED)), "....PPPPPP", id="handed-over-before-it-can-begin"),
        pytest.param(
            ((0, Deed.RELEASED), (2, Deed.ASKED_LEAD), (4, Deed.HANDED_OVER), (6, Deed.ANSWERED)),
            "EELLLLPPPP",
            id="handed-over-while-the-lead-is-asked",
        ),
        pytest.param(((0, Deed.RELEASED), (30, Deed.ENDED)), "PPPPPPPPPP", id="not-yet-happened"),
    ],
)
def test_each_day_belongs_to_whom_the_turn_was_with_at_its_end(story: tuple[tuple[int, Deed], ...], days: str) -> None:
    assert drawn(*story) == days


def test_before_the_first_day_there_is_nothing_to_count() -> None:
    assert turns_of([], FIRST, FIRST - timedelta(days=1)) == ()


def test_a_history_that_goes_back_in_time_is_an_error() -> None:
    with pytest.raises(ValueError, match="goes back"):
        turns_of([Happened(TODAY, Deed.RELEASED), Happened(FIRST, Deed.ENDED)], FIRST, TODAY)


def test_days_are_counted_for_each() -> None:
    happened = [Happened(FIRST, Deed.RELEASED), Happened(FIRST + timedelta(days=4), Deed.ASKED_LEAD)]

    assert days_of(turns_of(happened, FIRST, TODAY)) == {
        Turn.NOBODY: 0, Turn.EARLIER: 0, Turn.PARTNER: 4, Turn.LEAD: 6, Turn.DECIDER: 0,
    }  # fmt: skip
