"""Lengths of time with their unit, and moving a date by calendar units."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.core.span import MOST, Span, Unit, shift
from regie.errors import Refused

D = date.fromisoformat
amounts = st.integers(-MOST, MOST)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        pytest.param("15wd", Span(15, Unit.WORKING_DAYS), id="working-days"),
        pytest.param("-1wd", Span(-1, Unit.WORKING_DAYS), id="a-lead"),
        pytest.param("+5wd", Span(5, Unit.WORKING_DAYS), id="plus"),
        pytest.param("14d", Span(14, Unit.DAYS), id="days"),
        pytest.param("6w", Span(6, Unit.WEEKS), id="weeks"),
        pytest.param("3m", Span(3, Unit.MONTHS), id="months"),
        pytest.param("1y", Span(1, Unit.YEARS), id="years"),
        pytest.param("15 wd", Span(15, Unit.WORKING_DAYS), id="with-a-space"),
        pytest.param("1000000d", Span(MOST, Unit.DAYS), id="the-most"),
    ],
)
def test_length_is_read_as_it_is_written(text: str, span: Span) -> None:
    assert Span.parse(text) == span


@given(amounts, st.sampled_from(Unit))
def test_length_that_was_written_is_read_back(amount: int, unit: Unit) -> None:
    span = Span(amount, unit)

    assert Span.parse(str(span)) == span
    assert -span == Span(-amount, unit)


def test_only_working_days_are_in_working_days() -> None:
    assert [unit for unit in Unit if Span(1, unit).in_working_days] == [Unit.WORKING_DAYS]


@pytest.mark.parametrize(
    "text",
    [
        "15",
        "wd",
        "15 workdays",
        "15  wd",
        "1.5wd",
        "--1d",
        "1000001d",
        "-1000001d",
        "99999999d",
        "",
        "15wd extra",
        "5WD",
        "\N{ARABIC-INDIC DIGIT FIVE}wd",
    ],
)
def test_length_without_a_unit_or_with_a_strange_one_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="no length of time") as caught:
        Span.parse(text)

    assert caught.value.code == "bad-span"
    assert f"'{text}'" in caught.value.message
    assert "wd (working days)" in caught.value.hint


@pytest.mark.parametrize(
    ("day", "span", "there"),
    [
        pytest.param("2027-01-31", "1m", "2027-02-28", id="month-end-to-a-shorter-month"),
        pytest.param("2028-01-31", "1m", "2028-02-29", id="month-end-to-a-leap-day"),
        pytest.param("2028-02-29", "1y", "2029-02-28", id="leap-day-to-an-ordinary-year"),
        pytest.param("2028-02-29", "4y", "2032-02-29", id="leap-day-to-a-leap-year"),
        pytest.param("2027-03-31", "-1m", "2027-02-28", id="a-month-back"),
        pytest.param("2027-01-15", "-1m", "2026-12-15", id="a-month-back-over-new-year"),
        pytest.param("2026-11-30", "3m", "2027-02-28", id="months-over-new-year"),
        pytest.param("2026-12-31", "2w", "2027-01-14", id="weeks-over-new-year"),
        pytest.param("2026-12-31", "-365d", "2025-12-31", id="days-back"),
        pytest.param("2027-03-27", "2d", "2027-03-29", id="over-the-clock-change-in-spring"),
        pytest.param("2027-10-30", "2d", "2027-11-01", id="over-the-clock-change-in-autumn"),
    ],
)
def test_calendar_units_move_as_people_count(day: str, span: str, there: str) -> None:
    assert shift(D(day), Span.parse(span)) == D(there)


@given(st.dates(D("1990-01-01"), D("2100-12-31")), st.integers(-600, 600))
def test_months_land_in_the_month_that_was_counted(day: date, months: int) -> None:
    there = shift(day, Span(months, Unit.MONTHS))

    assert (there.year - day.year) * 12 + there.month - day.month == months
    assert there.day == day.day or (there.day < day.day and shift(there, Span(1, Unit.DAYS)).day == 1)


@pytest.mark.parametrize(
    ("day", "span"),
    [
        pytest.param("9999-12-31", "1d", id="a-day-too-far"),
        pytest.param("9999-12-01", "1m", id="a-month-too-far"),
        pytest.param("9000-01-01", "1000y", id="years-too-far"),
        pytest.param("2027-01-01", "1000000w", id="weeks-too-far"),
        pytest.param("2027-01-01", "1000000y", id="the-most-years"),
        pytest.param("0001-01-01", "-1d", id="before-the-year-one"),
        pytest.param("0001-01-01", "-1m", id="a-month-before-the-year-one"),
    ],
)
def test_moving_outside_the_years_1_to_9999_is_refused(day: str, span: str) -> None:
    with pytest.raises(Refused, match="outside the years") as caught:
        shift(D(day), Span.parse(span))

    assert caught.value.code == "date-out-of-range"
