"""Statutory terms: the worked cases of the dossier, section 4.1, and every rule by itself."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.core.calendar import WorkCalendar
from regie.core.span import Span
from regie.core.terms import Suspension, TermKind, TermRule, end_of_term, start_of_counted_back
from regie.errors import Refused
from tests.support.builders import LEGAL

D = date.fromisoformat
LAW = TermKind.LAW


@pytest.mark.parametrize(
    ("event", "length", "ends"),
    [
        pytest.param("2027-03-10", "8w", "2027-05-10", id="1-eight-weeks-over-liberation-ascension-bridge-weekend"),
        pytest.param("2026-11-05", "6m", "2027-05-05", id="2-six-months-is-too-long-to-roll"),
        pytest.param("2026-11-13", "6w", "2026-12-28", id="3-objection-over-christmas"),
        pytest.param("2026-12-24", "3d", "2026-12-29", id="6-three-days-need-two-ordinary-days"),
        pytest.param("2027-01-04", "8w", "2027-03-01", id="ordinary-end-stays"),
        pytest.param("2026-12-01", "12w", "2027-02-23", id="exactly-twelve-weeks-counts"),
        pytest.param("2026-10-10", "12w", "2027-01-04", id="exactly-twelve-weeks-rolls-off-saturday"),
        pytest.param("2026-10-10", "13w", "2027-01-09", id="thirteen-weeks-stays-on-saturday"),
        pytest.param("2026-10-02", "3m", "2027-01-04", id="exactly-three-months-rolls"),
        pytest.param("2026-09-05", "4m", "2027-01-05", id="four-months-has-no-rule"),
        pytest.param("2026-10-04", "90d", "2027-01-04", id="ninety-days-rolls-off-saturday"),
        pytest.param("2026-10-04", "91d", "2027-01-03", id="ninety-one-days-stays-on-sunday"),
        pytest.param("2026-01-03", "1y", "2027-01-03", id="a-year-has-no-rule"),
        pytest.param("2026-11-30", "3m", "2027-03-01", id="month-end-of-february-is-sunday"),
        pytest.param("2026-12-24", "2d", "2026-12-28", id="two-days-has-no-second-rule"),
        pytest.param("2027-03-05", "3d", "2027-03-09", id="three-days-over-a-weekend-need-a-second-ordinary-day"),
        pytest.param("2027-03-10", "1wd", "2027-03-11", id="one-working-day-is-one-day"),
        pytest.param("2026-12-24", "3wd", "2026-12-30", id="working-days-are-those-of-the-law"),
        pytest.param("2027-11-29", "3m", "2028-02-29", id="month-end-of-february-is-leap-day"),
        pytest.param("2028-02-29", "1y", "2029-02-28", id="a-year-from-leap-day"),
    ],
)
def test_term_of_law_ends(event: str, length: str, ends: str) -> None:
    assert end_of_term(D(event), Span.parse(length), LAW, LEGAL).ends_on == D(ends)


def test_case_4_counted_back_is_never_extended() -> None:
    assert start_of_counted_back(D("2027-06-03"), Span.parse("4w"), LEGAL).ends_on == D("2027-05-04")


def test_case_5_twenty_working_days_before_opening() -> None:
    assert LEGAL.add_working_days(D("2027-06-03"), -20) == D("2027-04-30")


@pytest.mark.parametrize("kind", [TermKind.CONTRACT, TermKind.REGULATION])
def test_term_without_a_legal_rule_stays_on_a_day_off(kind: TermKind) -> None:
    assert end_of_term(D("2027-03-10"), Span.parse("8w"), kind, LEGAL).ends_on == D("2027-05-05")


def test_term_of_an_amvb_rolls_as_one_of_law() -> None:
    assert end_of_term(D("2027-03-10"), Span.parse("8w"), TermKind.AMVB, LEGAL).ends_on == D("2027-05-10")


def test_european_term_rolls_however_long_it_is() -> None:
    assert end_of_term(D("2026-11-05"), Span.parse("6m"), TermKind.EU, LEGAL).ends_on == D("2027-05-10")


def test_european_term_of_two_days_contains_two_working_days() -> None:
    assert end_of_term(D("2026-12-24"), Span.parse("2d"), TermKind.EU, LEGAL).ends_on == D("2026-12-29")


def test_extension_counts_from_the_nominal_end_of_the_first_term() -> None:
    end = end_of_term(D("2027-03-10"), Span.parse("8w"), LAW, LEGAL, extension=Span.parse("6w"))

    assert end.ends_on == D("2027-06-16")


def test_extension_of_three_days_contains_two_ordinary_days_of_its_own() -> None:
    end = end_of_term(D("2026-10-29"), Span.parse("8w"), LAW, LEGAL, extension=Span.parse("3d"))

    assert end.nominal_on == D("2026-12-27")
    assert end.ends_on == D("2026-12-29")


def test_short_extension_of_a_term_too_long_to_roll_rolls_itself() -> None:
    end = end_of_term(D("2026-09-20"), Span.parse("6m"), LAW, LEGAL, extension=Span.parse("2w"))

    assert end.nominal_on == D("2027-04-03")
    assert end.ends_on == D("2027-04-05")


def test_clock_that_stood_still_is_made_up_for() -> None:
    stood = (Suspension(D("2027-03-15"), D("2027-03-22"), "aanvulling"),)

    end = end_of_term(D("2027-03-10"), Span.parse("8w"), LAW, LEGAL, suspensions=stood)

    assert end.nominal_on == D("2027-05-12")
    assert [step.rule for step in end.steps] == [TermRule.COUNTED, TermRule.SUSPENDED]


# Eight weeks from 10 March 2027 end by plain counting on 5 May, and by law on 10 May; six more on 16 June.
@pytest.mark.parametrize(
    ("stood_still", "extension", "nominal"),
    [
        pytest.param([("03-15", "03-15")], None, "2027-05-05", id="resumed-on-the-same-day"),
        pytest.param([("03-15", "03-22"), ("03-18", "03-25")], None, "2027-05-15", id="days-in-two-count-once"),
        pytest.param([("03-15", "03-25"), ("03-18", "03-20")], None, "2027-05-15", id="one-inside-another"),
        pytest.param([("05-07", "05-10"), ("03-15", "03-22")], None, "2027-05-15", id="later-one-told-first"),
        pytest.param([("03-01", "03-13")], None, "2027-05-07", id="days-before-the-term-do-not-count"),
        pytest.param([("03-01", "03-09")], None, "2027-05-05", id="over-before-the-term-began"),
        pytest.param([("05-05", "05-08")], None, "2027-05-08", id="from-the-last-day-on"),
        pytest.param([("05-10", "05-12")], None, "2027-05-12", id="from-the-last-day-by-law-on"),
        pytest.param([("05-11", "05-20")], None, "2027-05-05", id="after-the-term-was-over"),
        pytest.param([("03-15", "03-22")], "6w", "2027-06-23", id="before-the-extension"),
        pytest.param([("05-06", "05-13")], "6w", "2027-06-23", id="during-the-extension"),
        pytest.param([("03-15", "03-22"), ("06-01", "06-08")], "6w", "2027-06-30", id="before-and-during"),
        pytest.param([("06-17", "06-24")], "6w", "2027-06-16", id="after-the-extension"),
    ],
)
def test_days_on_which_the_clock_stood_still_within_the_term_are_added(
    stood_still: list[tuple[str, str]], extension: str | None, nominal: str
) -> None:
    stops = [Suspension(D(f"2027-{first}"), D(f"2027-{again}"), "aanvulling") for first, again in stood_still]

    end = end_of_term(
        D("2027-03-10"),
        Span.parse("8w"),
        LAW,
        LEGAL,
        extension=Span.parse(extension) if extension else None,
        suspensions=stops,
    )

    assert end.nominal_on == D(nominal)


days_of_2027 = st.dates(D("2027-01-01"), D("2027-12-31"))
stretches = st.builds(
    lambda first, length: Suspension(first, first + timedelta(days=length), "aanvulling"),
    days_of_2027,
    st.integers(0, 40),
)


@given(days_of_2027, st.integers(1, 120), st.lists(stretches, max_size=5))
def test_stopped_term_ends_when_it_has_run_all_its_days(event: date, length: int, stops: list[Suspension]) -> None:
    end = end_of_term(event, Span.parse(f"{length}d"), TermKind.CONTRACT, LEGAL, suspensions=stops)

    day, run = event, 0
    while run < length:
        day += timedelta(days=1)
        run += not any(stop.ends_on and stop.begins_on <= day < stop.ends_on for stop in stops)
    assert end.ends_on == day


def test_term_in_working_days_makes_up_for_the_working_days_that_it_stood_still() -> None:
    weekend = (Suspension(D("2027-03-13"), D("2027-03-15"), "aanvulling"),)
    monday_too = (Suspension(D("2027-03-13"), D("2027-03-16"), "aanvulling"),)

    ends = [
        end_of_term(D("2027-03-10"), Span.parse("5wd"), TermKind.CONTRACT, LEGAL, suspensions=stood).ends_on
        for stood in (weekend, monday_too)
    ]

    assert ends == [D("2027-03-17"), D("2027-03-18")]


def test_term_may_end_on_the_last_day_of_all() -> None:
    few_days = WorkCalendar(name="thursdays and fridays", weekdays=frozenset({3, 4}))

    end = end_of_term(D("9999-12-28"), Span.parse("3d"), LAW, few_days)

    assert end.ends_on == date.max


@pytest.mark.parametrize("event", ["9999-12-28", "9999-12-31"])
def test_term_that_would_end_after_the_year_9999_is_refused(event: str) -> None:
    stood = (Suspension(D("9999-12-29"), D("9999-12-31"), "aanvulling"),)

    with pytest.raises(Refused, match="outside the years") as caught:
        end_of_term(D(event), Span.parse("3d"), TermKind.CONTRACT, LEGAL, suspensions=stood)

    assert caught.value.code == "date-out-of-range"


def test_open_stop_without_a_today_counts_no_day() -> None:
    stood = (Suspension(D("2027-03-15"), None, "aanvulling"),)

    end = end_of_term(D("2027-03-10"), Span.parse("8w"), LAW, LEGAL, suspensions=stood)

    assert end.nominal_on == D("2027-05-05")


def test_clock_that_still_stands_may_run_again_today() -> None:
    stood = (Suspension(D("2027-03-15"), None, "aanvulling"),)

    ends = [
        end_of_term(D("2027-03-10"), Span.parse("8w"), LAW, LEGAL, suspensions=stood, today=D(today)).nominal_on
        for today in ("2027-03-15", "2027-03-20")
    ]

    assert ends == [D("2027-05-05"), D("2027-05-10")]


def test_days_that_a_term_rolled_off_are_named() -> None:
    rolled = end_of_term(D("2027-03-10"), Span.parse("8w"), LAW, LEGAL).steps[-1]

    assert rolled.rule is TermRule.ROLLED
    assert rolled.days_off == ("Bevrijdingsdag", "Hemelvaartsdag", "besluit", "zaterdag", "zondag")


@given(st.dates(D("2026-01-01"), D("2028-10-01")), st.integers(1, 12))
def test_term_of_law_ends_on_an_ordinary_day_and_not_before_it_was_counted(event: date, weeks: int) -> None:
    end = end_of_term(event, Span.parse(f"{weeks}w"), LAW, LEGAL)

    assert LEGAL.is_working_day(end.ends_on)
    assert event + timedelta(weeks=weeks) == end.nominal_on <= end.ends_on


@given(st.dates(D("2026-02-01"), D("2028-10-01")), st.integers(1, 12))
def test_counted_back_never_lies_after_the_plain_count(event: date, weeks: int) -> None:
    end = start_of_counted_back(event, Span.parse(f"{weeks}w"), LEGAL)

    assert LEGAL.is_working_day(end.ends_on)
    assert end.ends_on <= event - timedelta(weeks=weeks)
