"""Working days, holidays by rule and by list, and the axis behind them."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.core.calendar import EVERY_DAY, WEEKDAYS, EasterDay, FixedDay, NamedPeriod, WorkCalendar, easter_sunday
from regie.definitions.calendars import load_calendar
from regie.errors import Incomplete, Refused

D = date.fromisoformat
LEGAL = load_calendar("nl-wettelijk")
OFFICE = load_calendar("nl")
days = st.dates(D("2020-01-01"), D("2045-12-31"))


@pytest.mark.parametrize(
    ("year", "off"),
    [
        (2026, ["01-01", "01-02", "04-03", "04-06", "04-27", "05-05", "05-14", "05-15", "05-25", "12-25"]),
        (2027, ["01-01", "03-26", "03-29", "04-27", "05-05", "05-06", "05-07", "05-17"]),
        (2028, ["04-14", "04-17", "04-27", "04-28", "05-05", "05-25", "05-26", "06-05", "12-25", "12-26"]),
        (2029, ["01-01", "03-30", "04-02", "04-27", "05-10", "05-21", "12-25", "12-26"]),
    ],
)
def test_legal_days_off_on_weekdays_are_those_of_the_dossier(year: int, off: list[str]) -> None:
    found = [
        day.strftime("%m-%d")
        for offset in range(366)
        if (day := date(year, 1, 1) + timedelta(days=offset)).year == year
        and day.weekday() < 5
        and not LEGAL.is_working_day(day)
    ]

    assert found == off


@pytest.mark.parametrize("year", range(2024, 2041))
def test_holidays_by_rule_equal_those_of_an_independent_list(year: int) -> None:
    ours = {rule.on(year) for rule in LEGAL.rules}
    theirs = set(holidays.NL(years=year, categories=("public", "optional")))

    # Easter and Whit Sunday are no holidays of the law: they are Sundays anyway
    assert ours == {day for day in theirs if day not in (easter_sunday(year), easter_sunday(year) + timedelta(days=49))}


def test_kings_day_moves_off_sunday() -> None:
    assert LEGAL.day_off_name(D("2031-04-26")) == "Koningsdag"
    assert LEGAL.day_off_name(D("2031-04-27")) == "zondag"


def test_years_without_a_confirmed_list_are_known() -> None:
    assert LEGAL.is_confirmed(D("2028-12-31"))
    assert not LEGAL.is_confirmed(D("2029-01-01"))
    assert WEEKDAYS.is_confirmed(D("2999-01-01"))


@pytest.mark.parametrize(
    "calendar",
    [
        pytest.param(LEGAL, id="legal"),
        pytest.param(EVERY_DAY, id="every-day"),
        pytest.param(
            WorkCalendar(
                name="thin",
                weekdays=frozenset({1, 6}),
                rules=(FixedDay(1, 1, "nieuwjaar", 1), EasterDay(0, "pasen")),
                days_off={D("2027-03-02"): "gesloten", D("2027-03-07"): "gesloten"},
                working={D("2027-03-28"): "toch open", D("2027-03-27"): "open op zaterdag"},
            ),
            id="tuesdays-and-sundays-with-exceptions",
        ),
    ],
)
def test_axis_agrees_with_asking_day_by_day(calendar: WorkCalendar) -> None:
    first, last = date(1990, 1, 1).toordinal(), date(2046, 12, 31).toordinal()
    working = [day for day in range(first, last + 1) if calendar.is_working_day(date.fromordinal(day))]

    axis = calendar.axis(last)

    known = axis.days[: len(working)]
    assert known == working
    assert [calendar.ordinal_at(index) for index in range(len(working))] == working
    assert axis.base == first
    assert axis.last >= last
    for ordinal in range(working[0], working[-1] + 1):
        before = bisect_right(working, ordinal) - 1
        assert calendar.floor_index(ordinal) == axis.floor[ordinal - axis.base] == before
        assert calendar.ceil_index(ordinal) == (before if working[before] == ordinal else before + 1)


@given(days)
def test_next_and_previous_working_day_enclose_days_off_only(day: date) -> None:
    before, after = LEGAL.previous_working_day(day), LEGAL.next_working_day(day)

    between = [before + timedelta(days=offset) for offset in range(1, (after - before).days)]
    assert before <= day <= after
    assert LEGAL.is_working_day(before)
    assert LEGAL.is_working_day(after)
    assert not any(LEGAL.is_working_day(each) for each in between)


@given(days, st.integers(-300, 300), days)
def test_another_day_off_makes_counting_forward_no_earlier_and_back_no_later(
    start: date, count: int, closed: date
) -> None:
    stricter = WorkCalendar(name="stricter", rules=LEGAL.rules, days_off={**LEGAL.days_off, closed: "gesloten"})

    usual, moved = LEGAL.add_working_days(start, count), stricter.add_working_days(start, count)

    assert moved >= usual if count >= 0 else moved <= usual


@given(days, st.integers(0, 300))
def test_forward_then_back_returns_to_a_working_start(day: date, count: int) -> None:
    start = OFFICE.next_working_day(day)

    assert OFFICE.add_working_days(OFFICE.add_working_days(start, count), -count) == start


@given(days, days, st.integers(-200, 200))
def test_counting_keeps_the_order_of_days(one: date, other: date, count: int) -> None:
    early, late = sorted((OFFICE.next_working_day(one), OFFICE.next_working_day(other)))

    assert OFFICE.add_working_days(early, count) <= OFFICE.add_working_days(late, count)
    assert OFFICE.working_days_between(early, late) == -OFFICE.working_days_between(late, early) >= 0


@pytest.mark.parametrize(
    ("day", "count", "there"),
    [
        pytest.param("2027-05-04", 1, "2027-05-10", id="over-liberation-ascension-and-bridge"),
        pytest.param("2027-01-03", 0, "2027-01-03", id="zero-stays-on-a-sunday"),
        pytest.param("2027-01-03", 1, "2027-01-04", id="one-from-a-sunday-is-monday"),
        pytest.param("2027-01-03", -1, "2026-12-31", id="back-from-a-sunday-over-new-year"),
        pytest.param("2028-02-28", 1, "2028-02-29", id="leap-day"),
    ],
)
def test_working_days_away(day: str, count: int, there: str) -> None:
    assert LEGAL.add_working_days(D(day), count) == D(there)


def test_table_that_grows_keeps_its_indexes() -> None:
    calendar = WorkCalendar(name="fresh", rules=LEGAL.rules, days_off=LEGAL.days_off)
    start = D("2030-01-07")
    before = calendar.axis(start.toordinal())

    there = calendar.add_working_days(start, 100_000)

    after = calendar.axis(there.toordinal())
    passed = range(start.toordinal() + 1, there.toordinal() + 1)
    assert calendar.is_working_day(there)
    assert sum(calendar.is_working_day(date.fromordinal(day)) for day in passed) == 100_000
    assert after.last > before.last
    assert after.days[: len(before.days)] == before.days
    assert after.floor[: len(before.floor)] == before.floor


def test_calendar_of_one_day_a_week_counts_far_ahead() -> None:
    mondays = WorkCalendar(name="mondays", weekdays=frozenset({0}))

    assert mondays.add_working_days(D("2027-01-04"), 20_000) == D("2027-01-04") + timedelta(weeks=20_000)


def test_day_before_the_table_begins_is_refused_with_the_year() -> None:
    with pytest.raises(Incomplete, match="begins in 1990") as caught:
        LEGAL.next_working_day(D("1989-12-31"))

    assert caught.value.code == "calendar-year-missing"
    assert caught.value.facts == {"calendar": LEGAL.name, "first_year": 1990, "year": 1989}


def test_counting_back_past_the_first_working_day_is_refused() -> None:
    # the second of January 1990 is the first working day of all: the first is a holiday
    assert LEGAL.ordinal_at(0) == D("1990-01-02").toordinal()

    with pytest.raises(Incomplete, match="begins in 1990"):
        LEGAL.previous_working_day(D("1990-01-01"))


def test_last_days_of_the_year_9999_can_be_reached_and_not_passed() -> None:
    yearly = WorkCalendar(name="fridays", weekdays=frozenset({4}))
    last = date.max.toordinal()

    assert yearly.add_working_days(D("9999-12-20"), 2) == D("9999-12-31")
    with pytest.raises(Refused, match="beyond the year 9999"):
        yearly.add_working_days(D("9999-12-31"), 1)
    with pytest.raises(Refused, match="beyond the year 9999"):
        yearly.floor_index(last + 1)
    with pytest.raises(Refused, match="beyond the year 9999"):
        yearly.axis(last + 1)


def test_counting_past_the_last_year_is_refused_before_a_table_is_made() -> None:
    with pytest.raises(Refused, match="beyond the year 9999") as caught:
        EVERY_DAY.add_working_days(D("2027-01-01"), 3_000_000)

    assert caught.value.code == "date-out-of-range"
    assert EVERY_DAY.axis(0).last < D("2200-01-01").toordinal()


def test_calendar_without_working_days_is_refused() -> None:
    with pytest.raises(Incomplete, match="no working days in the week"):
        WorkCalendar(name="empty", weekdays=frozenset())


@pytest.mark.parametrize(
    ("first", "days_closed", "weekdays"),
    [
        pytest.param("2030-01-01", 500, range(5), id="longer-than-a-year"),
        pytest.param("2030-01-01", 365, range(7), id="exactly-a-year"),
        pytest.param("2032-01-01", 366, range(7), id="exactly-a-leap-year"),
        pytest.param("2045-01-01", 365, range(5), id="at-the-end-of-the-first-table"),
        pytest.param("2500-01-01", 365, range(5), id="far-beyond-the-first-table"),
    ],
)
def test_calendar_with_a_year_that_is_closed_throughout_is_refused(
    first: str, days_closed: int, weekdays: range
) -> None:
    closed = {D(first) + timedelta(days=offset): "dicht" for offset in range(days_closed)}

    with pytest.raises(Incomplete, match=f"no working day in {first[:4]}"):
        WorkCalendar(name="closed", weekdays=frozenset(weekdays), days_off=closed)


def test_year_with_a_single_working_day_is_enough() -> None:
    closed = {date(2030, 1, 2) + timedelta(days=offset): "dicht" for offset in range(364)}

    calendar = WorkCalendar(name="once", days_off=closed)

    assert calendar.add_working_days(D("2029-12-31"), 2) == D("2031-01-01")


@pytest.mark.parametrize(
    ("day", "name"),
    [
        pytest.param("2027-05-06", "Hemelvaartsdag", id="by-rule"),
        pytest.param("2027-05-07", "gelijkgestelde dag", id="listed"),
        pytest.param("2027-05-08", "zaterdag", id="weekend"),
        pytest.param("2027-12-25", "Eerste kerstdag", id="a-holiday-is-named-before-the-weekend"),
        pytest.param("2027-05-10", None, id="working-day"),
    ],
)
def test_day_off_has_a_name(day: str, name: str | None) -> None:
    assert LEGAL.day_off_name(D(day)) == name


def test_day_off_without_a_reason_is_off_all_the_same() -> None:
    calendar = WorkCalendar(name="terse", days_off={D("2027-03-01"): ""})

    assert calendar.day_off_name(D("2027-03-01")) == "vrije dag"
    assert calendar.next_working_day(D("2027-03-01")) == D("2027-03-02")


def test_working_saturday_counts_though_the_week_says_off() -> None:
    calendar = WorkCalendar(name="market", working={D("2027-03-06"): "open dag"})

    assert calendar.add_working_days(D("2027-03-05"), 1) == D("2027-03-06")


def test_period_is_known_and_is_no_day_off() -> None:
    spring = NamedPeriod("voorjaarsvakantie", D("2027-02-20"), D("2027-02-28"))
    calendar = WorkCalendar(name="school", periods=(spring,))

    assert calendar.periods_on(D("2027-02-28")) == (spring,)
    assert calendar.periods_on(D("2027-03-01")) == ()
    assert calendar.is_working_day(D("2027-02-22"))


@pytest.mark.parametrize(
    ("month", "day", "if_sunday"),
    [
        pytest.param(2, 29, 0, id="leap-day"),
        pytest.param(4, 31, 0, id="no-such-day"),
        pytest.param(1, 1, -1, id="into-the-year-before"),
        pytest.param(12, 31, 1, id="into-the-year-after"),
    ],
)
def test_holiday_that_some_year_does_not_have_is_refused(month: int, day: int, if_sunday: int) -> None:
    with pytest.raises(Refused, match="'X'") as caught:
        FixedDay(month, day, "X", if_sunday)

    assert caught.value.code == "bad-holiday"


@pytest.mark.parametrize("offset", [-81, 251])
def test_holiday_too_far_from_easter_is_refused(offset: int) -> None:
    with pytest.raises(Refused, match="outside the year of its Easter"):
        EasterDay(offset, "X")


@given(st.integers(1990, 9999), st.integers(-80, 250))
def test_holiday_by_easter_stays_in_its_year(year: int, offset: int) -> None:
    assert EasterDay(offset, "X").on(year).year == year


def test_local_closure_moves_no_legal_day() -> None:
    local = WorkCalendar(name="local", rules=LEGAL.rules, days_off={**LEGAL.days_off, D("2027-03-01"): "gesloten"})

    assert not local.is_working_day(D("2027-03-01"))
    assert LEGAL.is_working_day(D("2027-03-01"))
