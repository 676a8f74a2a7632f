"""Deciding bodies: the next feasible meeting, papers, recess."""

from __future__ import annotations

from datetime import date

import pytest

from regie.core.calendar import NamedPeriod
from regie.core.ids import BodyId
from regie.core.meetings import DecidingBody, Rhythm, YearlyPeriod
from regie.core.span import Span
from tests.support.builders import LEGAL

D = date.fromisoformat
SUMMER = YearlyPeriod("zomerreces", (7, 6), (8, 28))
CHRISTMAS = YearlyPeriod("kerstreces", (12, 19), (1, 8))


def council(papers: str = "0wd", **more: object) -> DecidingBody:
    return DecidingBody(
        BodyId("raad"),
        {"nl": "Raad"},
        LEGAL,
        Rhythm(D("2027-01-14"), 4),
        papers=Span.parse(papers),
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("ready", "meets"),
    [
        pytest.param("2027-01-14", "2027-01-14", id="ready-on-the-day-itself"),
        pytest.param("2027-01-15", "2027-02-11", id="ready-a-day-late-waits-four-weeks"),
        pytest.param("2027-04-09", "2027-06-03", id="meeting-on-ascension-day-is-not-held"),
        pytest.param("2027-06-04", "2027-07-01", id="last-before-recess"),
        pytest.param("2027-07-02", "2027-09-23", id="summer-recess"),
        pytest.param("2027-12-17", "2028-01-13", id="recess-over-new-year"),
    ],
)
def test_decision_snaps_to_the_next_meeting(ready: str, meets: str) -> None:
    meeting = council(recess=(SUMMER, CHRISTMAS)).next_feasible(D(ready), D(ready))

    assert meeting is not None
    assert meeting.held_on == D(meets)


def test_meeting_whose_papers_are_late_is_missed_and_counted() -> None:
    meeting = council("15wd").next_feasible(D("2027-01-20"), D("2027-01-25"))

    assert meeting is not None
    assert (meeting.held_on, meeting.papers_due_on) == (D("2027-03-11"), D("2027-02-18"))
    assert meeting.missed == (D("2027-02-11"),)


def test_listed_dates_count_besides_the_rhythm() -> None:
    body = council(dates=(D("2027-01-20"),))

    meeting = body.next_feasible(D("2027-01-18"), D("2027-01-18"))

    assert meeting is not None
    assert meeting.held_on == D("2027-01-20")


def test_body_that_never_meets_again_gives_nothing() -> None:
    body = DecidingBody(BodyId("x"), {"nl": "X"}, LEGAL, dates=(D("2027-01-20"),))

    assert body.next_feasible(D("2027-02-01"), D("2027-02-01")) is None


def test_recess_with_a_year_closes_only_that_year() -> None:
    once = NamedPeriod("verkiezingsreces", D("2027-02-01"), D("2027-02-28"))

    meeting = council(recess=(once,)).next_feasible(D("2027-02-01"), D("2027-02-01"))

    assert meeting is not None
    assert meeting.held_on == D("2027-03-11")


def test_ordinals_say_the_same_as_dates() -> None:
    body = council("5wd", recess=(SUMMER,))

    found = body.next_feasible_ordinals(D("2027-03-01").toordinal(), D("2027-03-01").toordinal())
    meeting = body.next_feasible(D("2027-03-01"), D("2027-03-01"))

    assert found is not None
    assert meeting is not None
    assert found == (meeting.held_on.toordinal(), meeting.papers_due_on.toordinal())
