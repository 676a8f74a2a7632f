"""Statutory terms: the worked cases of the dossier, section 4.1, and every rule by itself."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.core.span import Span
from regie.core.terms import Suspension, TermKind, TermRule, end_of_term, start_of_counted_back
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


def test_clock_that_stood_still_is_made_up_for() -> None:
    stood = (Suspension(D("2027-03-15"), D("2027-03-22"), "aanvulling"),)

    end = end_of_term(D("2027-03-10"), Span.parse("8w"), LAW, LEGAL, suspensions=stood)

    assert end.nominal_on == D("2027-05-12")
    assert [step.rule for step in end.steps] == [TermRule.COUNTED, TermRule.SUSPENDED]


def test_clock_that_still_stands_counts_through_today() -> None:
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
