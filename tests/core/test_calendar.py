"""Working days, holidays by rule and by list, and the axis behind them."""

from __future__ import annotations

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.core.calendar import EVERY_DAY, WEEKDAYS, WorkCalendar, easter_sunday
from regie.core.span import Span, shift
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


@given(days)
def test_axis_agrees_with_asking_day_by_day(day: date) -> None:
    before, after = day, day
    while not LEGAL.is_working_day(before):
        before -= timedelta(days=1)
    while not LEGAL.is_working_day(after):
        after += timedelta(days=1)

    assert LEGAL.previous_working_day(day) == before
    assert LEGAL.next_working_day(day) == after
    assert LEGAL.ordinal_at(LEGAL.floor_index(day.toordinal())) == before.toordinal()


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
    calendar = WorkCalendar(name="fresh")
    known = calendar.floor_index(D("2030-01-07").toordinal())

    assert calendar.add_working_days(D("2030-01-07"), 100_000).year == 2413
    assert calendar.floor_index(D("2030-01-07").toordinal()) == known


def test_day_before_the_table_begins_is_refused_with_the_year() -> None:
    with pytest.raises(Incomplete, match="begins in 1990"):
        LEGAL.next_working_day(D("1989-12-31"))


def test_counting_past_the_last_year_is_refused() -> None:
    with pytest.raises(Refused, match="beyond the year 9999"):
        EVERY_DAY.add_working_days(D("9999-12-30"), 1_000_000)


def test_calendar_without_working_days_is_refused() -> None:
    with pytest.raises(Incomplete, match="no working days in the week"):
        WorkCalendar(name="empty", weekdays=frozenset())


def test_calendar_with_a_year_that_is_closed_throughout_is_refused() -> None:
    closed = {date(2030, 1, 1) + timedelta(days=offset): "dicht" for offset in range(500)}

    with pytest.raises(Incomplete, match="a year without working days"):
        WorkCalendar(name="closed", days_off=closed)


def test_local_closure_moves_no_legal_day() -> None:
    local = WorkCalendar(name="local", rules=LEGAL.rules, days_off={**LEGAL.days_off, D("2027-03-01"): "gesloten"})

    assert not local.is_working_day(D("2027-03-01"))
    assert LEGAL.is_working_day(D("2027-03-01"))


@pytest.mark.parametrize(
    ("day", "span", "there"),
    [
        ("2027-01-31", "1m", "2027-02-28"),
        ("2028-01-31", "1m", "2028-02-29"),
        ("2028-02-29", "1y", "2029-02-28"),
        ("2027-03-31", "-1m", "2027-02-28"),
        ("2026-12-31", "2w", "2027-01-14"),
        ("2026-12-31", "-365d", "2025-12-31"),
    ],
)
def test_calendar_units_move_as_people_count(day: str, span: str, there: str) -> None:
    assert shift(D(day), Span.parse(span)) == D(there)


@pytest.mark.parametrize("text", ["15", "wd", "15 workdays", "1.5wd", "--1d", "99999999d", "", "15wd extra"])
def test_length_without_a_unit_or_with_a_strange_one_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="no length of time"):
        Span.parse(text)


def test_moving_outside_the_calendar_of_python_is_refused() -> None:
    with pytest.raises(Refused, match="outside the years"):
        shift(D("9999-12-31"), Span.parse("1d"))
