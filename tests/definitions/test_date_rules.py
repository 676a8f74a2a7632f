"""Dates in words: what each sentence means, and where a wrong one goes wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.core.definition import DateBase, DateRule
from regie.core.span import Span
from regie.definitions.date_rules import BadRule, parse_rule

ANCHORS = {"start", "opening"}
STEPS = {"f0-go-besluit"}
LISTS = {"arrival"}


def read(text: str) -> DateRule:
    return parse_rule(text, anchors=ANCHORS, steps=STEPS, lists=LISTS)


@pytest.mark.parametrize(
    ("said", "base", "ref", "offset"),
    [
        ("10wd after start", DateBase.ANCHOR, "start", "10wd"),
        ("20wd before opening", DateBase.ANCHOR, "opening", "-20wd"),
        ("4w before opening", DateBase.ANCHOR, "opening", "-4w"),
        ("before opening", DateBase.ANCHOR, "opening", "-1wd"),
        ("0wd after opening", DateBase.ANCHOR, "opening", "0wd"),
        ("on opening", DateBase.ANCHOR, "opening", None),
        ("opening", DateBase.ANCHOR, "opening", None),
        ("15wd after predecessors", DateBase.PREDECESSORS, "", "15wd"),
        ("5wd after arrival", DateBase.ITEM, "arrival", "5wd"),
        ("on period", DateBase.PERIOD, "", None),
        ("5wd after period", DateBase.PERIOD, "", "5wd"),
        ("10wd after f0-go-besluit", DateBase.STEP, "f0-go-besluit", "10wd"),
        ("  3 wd   after   start ", DateBase.ANCHOR, "start", "3wd"),
    ],
)
def test_a_rule_counts_from_what_it_names(said: str, base: DateBase, ref: str, offset: str | None) -> None:
    rule = read(said)

    assert (rule.base, rule.ref, rule.said) == (base, ref, said.strip())
    assert rule.offset == (Span.parse(offset) if offset else None)


@pytest.mark.parametrize(
    ("said", "of_start"),
    [
        pytest.param("on f0-go-besluit", False, id="the-day-it-finishes"),
        pytest.param("5wd after f0-go-besluit", False, id="after-it-finishes"),
        pytest.param("before f0-go-besluit", True, id="before-it-begins"),
        pytest.param("5wd before f0-go-besluit", True, id="days-before-it-begins"),
    ],
)
def test_before_a_step_looks_at_its_start(said: str, of_start: bool) -> None:
    assert read(said).of_start is of_start


@pytest.mark.parametrize(
    ("said", "day", "month", "years", "offset"),
    [
        ("before 1 november in even years", 1, 11, "even", "-1wd"),
        ("before 1 februari in odd years", 1, 2, "odd", "-1wd"),
        ("on 31 december", 31, 12, "every", None),
        ("10wd before 15 July", 15, 7, "every", "-10wd"),
        ("on 29 february", 29, 2, "every", None),
        ("before 1 November in EVEN years", 1, 11, "even", "-1wd"),
    ],
)
def test_a_fixed_day_returns_in_its_years(said: str, day: int, month: int, years: str, offset: str | None) -> None:
    rule = read(said)

    assert (rule.base, rule.day, rule.month, rule.years) == (DateBase.CALENDAR, day, month, years)
    assert rule.offset == (Span.parse(offset) if offset else None)
    assert rule.year == 0


@pytest.mark.parametrize(
    ("said", "on", "offset"),
    [
        ("on 3 juni 2027", (2027, 6, 3), None),
        ("before 1 November 2027", (2027, 11, 1), "-1wd"),
        ("10wd before 29 februari 2028", (2028, 2, 29), "-10wd"),
        ("on 2027-06-03", (2027, 6, 3), None),
        ("2w after 2027-06-03", (2027, 6, 3), "2w"),
        ("2027-06-03", (2027, 6, 3), None),
    ],
)
def test_a_day_with_its_year_does_not_return(said: str, on: tuple[int, int, int], offset: str | None) -> None:
    rule = read(said)

    assert (rule.base, (rule.year, rule.month, rule.day)) == (DateBase.CALENDAR, on)
    assert rule.offset == (Span.parse(offset) if offset else None)


@pytest.mark.parametrize(
    ("said", "at", "message"),
    [
        ("10wd past start", 0, "cannot read the date rule '10wd past start'"),
        ("10 after start", 0, "cannot read the date rule '10 after start'"),
        ("after start", 0, "'after' needs a length"),
        ("-5wd after start", 0, "a date rule counts without a sign"),
        ("9999999wd after start", 0, "'9999999wd' is too long a time"),
        ("10wd after strat", 11, "there is no anchor, step or list 'strat'"),
        ("on 31 november", 3, "there is no day '31 november'"),
        ("on 1 brumaire", 5, "'brumaire' is not a month"),
        ("on 1 november in leap years", 3, "cannot read the day '1 november in leap years'"),
        ("on the opening day", 3, "cannot read 'the opening day'"),
        ("on 29 februari 2027", 3, "there is no day '29 februari 2027'"),
        ("on 29 februari in odd years", 3, "there is no day '29 februari in odd years'"),
        ("on 2027-13-01", 3, "there is no day '2027-13-01'"),
        ("on 1 november 1027", 3, "no plan runs in 1027"),
        ("10wd on opening", 0, "cannot read the date rule '10wd on opening'"),
    ],
)
def test_a_wrong_rule_says_where(said: str, at: int, message: str) -> None:
    with pytest.raises(BadRule) as raised:
        read(said)

    assert (raised.value.at, raised.value.message) == (at, message)


@given(st.text(max_size=60))
def test_any_text_is_a_rule_or_says_why_not(text: str) -> None:
    said: DateRule | BadRule
    try:
        said = read(text)
    except BadRule as bad:
        said = bad

    assert said.said == text.strip() if isinstance(said, DateRule) else 0 <= said.at <= len(text)
