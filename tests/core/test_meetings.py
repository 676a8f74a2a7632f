"""Deciding bodies: the next feasible meeting, papers, recess."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.core.calendar import NamedPeriod, WorkCalendar
from regie.core.ids import BodyId
from regie.core.meetings import DecidingBody, Rhythm, YearlyPeriod
from regie.core.span import Span, Unit
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


@pytest.mark.parametrize(
    ("papers", "due"),
    [
        pytest.param("0wd", "2027-06-03", id="on-the-day-itself"),
        pytest.param("1wd", "2027-06-02", id="a-working-day-before"),
        pytest.param("10wd", "2027-05-20", id="two-weeks-of-working-days"),
        pytest.param("14wd", "2027-05-13", id="over-whit-monday"),
        pytest.param("18wd", "2027-05-04", id="over-whit-liberation-ascension-and-bridge"),
        pytest.param("2w", "2027-05-20", id="calendar-weeks"),
        pytest.param("4w", "2027-05-04", id="weeks-that-lead-to-ascension-day"),
        pytest.param("17d", "2027-05-14", id="days-that-lead-to-whit-monday"),
    ],
)
def test_papers_are_due_before_the_meeting_on_a_working_day(papers: str, due: str) -> None:
    meeting = council(papers).next_feasible(D("2027-06-03"), D("2027-01-01"))

    assert meeting is not None
    assert (meeting.held_on, meeting.papers_due_on) == (D("2027-06-03"), D(due))


def test_papers_that_are_ready_on_their_last_day_are_in_time() -> None:
    body = council("10wd")

    in_time = body.next_feasible_ordinals(D("2027-06-03").toordinal(), D("2027-05-20").toordinal())
    too_late = body.next_feasible_ordinals(D("2027-06-03").toordinal(), D("2027-05-21").toordinal())

    assert in_time is not None
    assert too_late is not None
    assert in_time[0] == D("2027-06-03").toordinal()
    assert too_late[0] == D("2027-07-01").toordinal()


def test_days_without_a_meeting_are_told_with_the_recess_or_the_holiday() -> None:
    body = council("15wd", recess=(SUMMER,))

    over_summer = body.next_feasible(D("2027-07-02"), D("2027-07-02"))
    over_ascension = body.next_feasible(D("2027-04-09"), D("2027-04-09"))

    assert over_summer is not None
    assert over_summer.not_held == ((D("2027-07-29"), "zomerreces"), (D("2027-08-26"), "zomerreces"))
    assert over_summer.missed == ()
    assert over_ascension is not None
    assert over_ascension.not_held == ((D("2027-05-06"), "Hemelvaartsdag"),)


def test_missed_and_not_held_are_told_apart() -> None:
    meeting = council("15wd", recess=(SUMMER,)).next_feasible(D("2027-06-20"), D("2027-06-20"))

    assert meeting is not None
    assert meeting.held_on == D("2027-09-23")
    assert meeting.missed == (D("2027-07-01"),)
    assert [day for day, _ in meeting.not_held] == [D("2027-07-29"), D("2027-08-26")]


def test_rhythm_does_not_begin_before_its_first_meeting() -> None:
    meeting = council().next_feasible(D("2026-10-01"), D("2026-10-01"))

    assert meeting is not None
    assert meeting.held_on == D("2027-01-14")


def test_local_closing_day_holds_no_meeting() -> None:
    closed = WorkCalendar(name="town", days_off={D("2027-02-11"): "gemeentehuis dicht"})
    body = DecidingBody(BodyId("raad"), {"nl": "Raad"}, closed, Rhythm(D("2027-01-14"), 4))

    meeting = body.next_feasible(D("2027-01-15"), D("2027-01-15"))

    assert meeting is not None
    assert meeting.held_on == D("2027-03-11")
    assert meeting.not_held == ((D("2027-02-11"), "gemeentehuis dicht"),)


def test_listed_dates_count_besides_the_rhythm() -> None:
    body = council(dates=(D("2027-01-20"),))

    meeting = body.next_feasible(D("2027-01-18"), D("2027-01-18"))

    assert meeting is not None
    assert meeting.held_on == D("2027-01-20")


@pytest.mark.parametrize("asked", ["2030-01-01", "2034-06-01", "2039-12-31"])
def test_search_ends_after_five_years_whatever_the_year_it_begins(asked: str) -> None:
    near, far = (D(asked).toordinal() + days for days in (5 * 366, 5 * 366 + 7))
    every_day = WorkCalendar(name="every-day", weekdays=frozenset(range(7)))

    found = [
        DecidingBody(BodyId("x"), {}, every_day, dates=(date.fromordinal(day),)).next_feasible(D(asked), D(asked))
        for day in (near, far)
    ]

    assert found[0] is not None
    assert found[0].held_on.toordinal() == near
    assert found[1] is None


def test_body_in_recess_all_year_never_meets() -> None:
    body = council(recess=(YearlyPeriod("altijd reces", (1, 1), (12, 31)),))

    assert body.next_feasible(D("2027-01-01"), D("2027-01-01")) is None


@pytest.mark.parametrize("asked", ["0001-01-01", "1985-01-01", "9999-12-31"])
def test_search_at_the_ends_of_time_gives_nothing(asked: str) -> None:
    yearly = DecidingBody(
        BodyId("x"), {}, WorkCalendar(name="fridays", weekdays=frozenset({4})), dates=(D("2027-01-15"),)
    )

    assert yearly.next_feasible(D(asked), D(asked)) is None


def brute_force(body: DecidingBody, ready: date, papers_ready: date) -> date | None:
    """Look at every day, one by one."""
    assert body.rhythm is not None
    for offset in range(5 * 366 + 1):
        day = ready + timedelta(days=offset)
        weeks, rest = divmod((day - body.rhythm.first_on).days, 7)
        in_rhythm = weeks >= 0 and rest == 0 and weeks % body.rhythm.every_weeks == 0
        if not (in_rhythm or day in body.dates) or not LEGAL.is_working_day(day):
            continue
        if any(recess.covers(day) for recess in body.recess):
            continue
        if LEGAL.add_working_days(day, -body.papers.amount) >= papers_ready:
            return day
    return None


days = st.dates(D("2026-06-01"), D("2031-12-31"))


@given(
    ready=days,
    papers_ready=days,
    first=days,
    weeks=st.integers(1, 9),
    papers=st.integers(0, 40),
    dates=st.lists(days, max_size=3),
)
def test_search_finds_what_looking_at_every_day_finds(
    ready: date, papers_ready: date, first: date, weeks: int, papers: int, dates: list[date]
) -> None:
    body = DecidingBody(
        BodyId("raad"),
        {},
        LEGAL,
        Rhythm(first, weeks),
        tuple(dates),
        Span(papers, Unit.WORKING_DAYS),
        (SUMMER, CHRISTMAS),
    )

    meeting = body.next_feasible(ready, papers_ready)

    assert (meeting.held_on if meeting else None) == brute_force(body, ready, papers_ready)


def test_listed_dates_outside_a_rhythm_keep_their_order() -> None:
    body = DecidingBody(BodyId("x"), {}, LEGAL, dates=(D("2027-03-02"), D("2027-01-19"), D("2027-03-02")))

    meeting = body.next_feasible(D("2027-01-01"), D("2027-01-01"))

    assert meeting is not None
    assert meeting.held_on == D("2027-01-19")


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
