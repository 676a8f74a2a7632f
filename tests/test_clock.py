"""The clock: aware, in UTC, and movable in tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from regie.clock import VirtualClock, local_date, system_clock

NOON = datetime(2027, 6, 3, 12, 0, tzinfo=UTC)


def test_system_clock_is_aware_and_in_utc_and_does_not_run_back() -> None:
    first, second = system_clock(), system_clock()

    assert first.utcoffset() == timedelta(0)
    assert first <= second


def test_virtual_clock_stands_still_until_it_is_moved() -> None:
    clock = VirtualClock(NOON)

    assert clock() == clock() == NOON
    assert clock.advance(weeks=1, hours=2) == clock() == datetime(2027, 6, 10, 14, 0, tzinfo=UTC)
    assert clock.set_to(NOON - timedelta(days=400)) == clock() == datetime(2026, 4, 29, 12, 0, tzinfo=UTC)


def test_virtual_clock_speaks_utc_whatever_zone_it_was_set_in() -> None:
    clock = VirtualClock(datetime(2027, 6, 3, 14, 0, tzinfo=timezone(timedelta(hours=2))))

    assert clock() == NOON
    assert clock().tzinfo is UTC


@pytest.mark.parametrize("use", [VirtualClock, VirtualClock(NOON).set_to, local_date])
def test_moment_without_a_time_zone_is_a_mistake(use: object) -> None:
    with pytest.raises(ValueError, match="time zone"):
        use(datetime(2027, 6, 3, 12, 0))  # type: ignore[operator]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        pytest.param("2027-06-02T21:59:59+00:00", "Europe/Amsterdam", "2027-06-02", id="summer-just-before-midnight"),
        pytest.param("2027-06-02T22:00:00+00:00", "Europe/Amsterdam", "2027-06-03", id="summer-midnight"),
        pytest.param("2027-01-02T22:30:00+00:00", "Europe/Amsterdam", "2027-01-02", id="winter-half-past-eleven"),
        pytest.param("2027-01-02T23:00:00+00:00", "Europe/Amsterdam", "2027-01-03", id="winter-midnight"),
        pytest.param("2027-03-28T00:59:59+00:00", "Europe/Amsterdam", "2027-03-28", id="before-the-clock-goes-ahead"),
        pytest.param("2027-03-28T01:00:00+00:00", "Europe/Amsterdam", "2027-03-28", id="the-clock-goes-ahead"),
        pytest.param("2027-10-31T00:30:00+00:00", "Europe/Amsterdam", "2027-10-31", id="hour-that-comes-twice-first"),
        pytest.param("2027-10-31T01:30:00+00:00", "Europe/Amsterdam", "2027-10-31", id="hour-that-comes-twice-second"),
        pytest.param("2028-02-28T23:00:00+00:00", "Europe/Amsterdam", "2028-02-29", id="leap-day"),
        pytest.param("2027-12-31T23:30:00+00:00", "Europe/Amsterdam", "2028-01-01", id="new-year"),
        pytest.param("2027-06-03T03:30:00+00:00", "America/Curacao", "2027-06-02", id="curacao"),
    ],
)
def test_day_is_counted_where_the_town_is(moment: str, zone: str, day: str) -> None:
    assert local_date(datetime.fromisoformat(moment), zone) == date.fromisoformat(day)
