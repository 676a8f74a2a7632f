"""Days, periods and lengths of time as people say them."""

from __future__ import annotations

from datetime import date

import pytest

from regie.core.span import Span
from regie.text.dates import say_count, say_date, say_day, say_every, say_period, say_span

D = date.fromisoformat


@pytest.mark.parametrize(
    ("language", "said", "with_weekday"),
    [
        ("nl", "3 juni 2027", "donderdag 3 juni 2027"),
        ("en", "3 June 2027", "Thursday 3 June 2027"),
    ],
)
def test_a_day_is_said_in_full(language: str, said: str, with_weekday: str) -> None:
    assert say_date(D("2027-06-03"), language) == said
    assert say_day(D("2027-06-03"), language) == with_weekday


@pytest.mark.parametrize(
    ("first", "last", "dutch", "english"),
    [
        pytest.param("2027-06-03", "2027-06-03", "3 juni 2027", "3 June 2027", id="one-day"),
        pytest.param("2027-06-03", "2027-06-09", "3 tot en met 9 juni 2027", "3 to 9 June 2027", id="one-month"),
        pytest.param(
            "2027-06-03", "2027-07-01", "3 juni tot en met 1 juli 2027", "3 June to 1 July 2027", id="one-year"
        ),
        pytest.param(
            "2027-12-27",
            "2028-01-03",
            "27 december 2027 tot en met 3 januari 2028",
            "27 December 2027 to 3 January 2028",
            id="over-the-new-year",
        ),
        pytest.param(
            "2027-06-03",
            "2028-06-03",
            "3 juni 2027 tot en met 3 juni 2028",
            "3 June 2027 to 3 June 2028",
            id="same-month-next-year",
        ),
    ],
)
def test_a_period_names_what_differs(first: str, last: str, dutch: str, english: str) -> None:
    assert say_period(D(first), D(last), "nl") == dutch
    assert say_period(D(first), D(last), "en") == english


@pytest.mark.parametrize(
    ("span", "dutch", "english"),
    [
        ("1wd", "1 werkdag", "1 working day"),
        ("15wd", "15 werkdagen", "15 working days"),
        ("-15wd", "15 werkdagen", "15 working days"),
        ("14d", "14 dagen", "14 days"),
        ("6w", "6 weken", "6 weeks"),
        ("1m", "1 maand", "1 month"),
        ("2y", "2 jaar", "2 years"),
        ("0wd", "0 werkdagen", "0 working days"),
    ],
)
def test_a_length_of_time_says_its_unit(span: str, dutch: str, english: str) -> None:
    assert say_span(Span.parse(span), "nl") == dutch
    assert say_span(Span.parse(span), "en") == english


def test_being_one_day_short_is_singular() -> None:
    assert say_count(-1, "wd") == "-1 werkdag"


@pytest.mark.parametrize(
    ("span", "dutch", "english"),
    [("1m", "elke maand", "every month"), ("3m", "elke 3 maanden", "every 3 months"), ("1y", "elk jaar", "every year")],
)
def test_a_rhythm_is_said_as_people_do(span: str, dutch: str, english: str) -> None:
    assert say_every(Span.parse(span), "nl") == dutch
    assert say_every(Span.parse(span), "en") == english
