from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from regie.core.definition import HearsWhen
from regie.core.events import StepFinished
from regie.errors import Refused
from regie.store.brake import Sweep, begin_sweep, discard_held, end_sweep, find_sweep, hold_everything, release_held
from regie.store.outbox import list_messages, make_digests
from regie.store.session import in_transaction, read_scope
from regie.store.tables import tally
from tests.store.world import MONDAY, OPENING, OPENING_ANCHOR, PostOffice, World, chain
from tests.support import builders as b

NOW = b.at(MONDAY)
DUE_SOON = date(2027, 5, 14)


def statuses(world: World) -> list[str]:
    return [row["status"] for row in world.rows("message")]


def sent_before(world: World, per_day: dict[date, int]) -> None:
    rows = [
        {"hour": datetime(day.year, day.month, day.day, 9, tzinfo=UTC), "messages": count}
        for day, count in per_day.items()
    ]
    in_transaction(world.engine, lambda session: session.connection().execute(tally.insert(), rows))


def reminding(engine: Engine, **more: int) -> tuple[World, int]:
    """A world with one step that is reminded of on 14 May."""
    world = World(engine, b.definition(b.step("a", due="10wd before opening"), anchors=OPENING_ANCHOR), **more)
    return world, world.starts(targets={"opening": OPENING})


# --- the number of a day --------------------------------------------------------------------------------


def test_messages_over_the_number_of_a_day_are_held_and_the_next_day_leave_again(engine: Engine) -> None:
    world = World(engine, chain(1), brake_at=3)

    for number in range(5):
        world.starts(f"t{number}")
    world.starts("tomorrow", start=MONDAY + timedelta(days=1))

    assert statuses(world) == ["pending", "pending", "pending", "held", "held", "pending"]
    assert [row["state"] for row in world.rows("notice")][-4:] == ["held", "held", "queued", "queued"]
    assert len(PostOffice(world).claims(b.at(date(2028, 1, 1)))) == 4


def test_a_held_message_says_why_and_asks_for_a_person(engine: Engine) -> None:
    world = World(engine, chain(1), brake_at=0)
    world.starts()

    with read_scope(engine) as session:
        (entry,) = list_messages(session, status="held")

    assert (entry.detail, entry.needs_a_person, entry.not_before_at) == ("held by the brake", True, None)


def test_on_a_busy_installation_five_ordinary_days_may_leave_in_one(engine: Engine) -> None:
    world = World(engine, chain(1), brake_at=3)
    first = MONDAY - timedelta(days=28)
    weekdays = [first + timedelta(days=offset) for offset in range(28) if offset % 7 < 5]
    # on half of the days two messages, on the rest one; weekends do not count
    sent_before(world, {day: 1 + place % 2 for place, day in enumerate(weekdays)})

    for number in range(9):
        world.starts(f"t{number}")

    assert statuses(world).count("pending") == 7
    assert statuses(world).count("held") == 2


def test_one_wild_day_does_not_loosen_the_brake(engine: Engine) -> None:
    world = World(engine, chain(1), brake_at=1)
    sent_before(world, {MONDAY - timedelta(days=3): 10_000})

    for number in range(2):
        world.starts(f"t{number}")

    assert statuses(world) == ["pending", "held"]


def test_digests_are_no_flood_one_a_day_being_the_most_there_can_be(engine: Engine) -> None:
    world = World(engine, chain(1), brake_at=1)
    world.hears("maker", HearsWhen.DAILY)
    for number in range(3):
        world.starts(f"t{number}")

    in_transaction(engine, lambda session: make_digests(session, MONDAY, NOW, world.new_id))

    assert statuses(world) == ["pending"]


# --- after a silence ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("silence", "status"),
    [
        pytest.param(timedelta(days=14), "pending", id="two-weeks"),
        pytest.param(timedelta(days=14, hours=1), "held", id="longer"),
    ],
)
def test_after_a_long_silence_all_of_the_first_sweep_is_held(engine: Engine, silence: timedelta, status: str) -> None:
    world, traject_id = reminding(engine)
    now = b.at(DUE_SOON)
    begin_sweep(engine, now - silence)

    begin_sweep(engine, now)
    world.sweeps(traject_id, DUE_SOON)

    assert statuses(world)[-1] == status


def test_the_sweep_after_it_is_as_always(engine: Engine) -> None:
    world, traject_id = reminding(engine)
    begin_sweep(engine, b.at(date(2027, 4, 1)))
    begin_sweep(engine, b.at(DUE_SOON - timedelta(days=1)))
    end_sweep(engine)

    begin_sweep(engine, b.at(DUE_SOON))
    world.sweeps(traject_id, DUE_SOON)

    assert statuses(world)[-1] == "pending"


def test_late_sweep_that_died_at_its_work_leaves_its_silence_to_the_next(engine: Engine) -> None:
    world, traject_id = reminding(engine)
    begin_sweep(engine, b.at(date(2027, 4, 1)))
    begin_sweep(engine, b.at(DUE_SOON, 7))  # and it came to no end

    begin_sweep(engine, b.at(DUE_SOON))
    world.sweeps(traject_id, DUE_SOON)

    assert statuses(world)[-1] == "held"


def test_sweeps_that_overlap_the_first_one_are_held_with_it(engine: Engine) -> None:
    world, traject_id = reminding(engine)
    begin_sweep(engine, b.at(date(2027, 4, 1)))
    begin_sweep(engine, b.at(DUE_SOON))

    begin_sweep(engine, b.at(DUE_SOON) + timedelta(minutes=20))
    world.sweeps(traject_id, DUE_SOON)

    assert statuses(world)[-1] == "held"


def test_what_a_person_does_after_a_silence_is_told(engine: Engine) -> None:
    world = World(engine, chain(2))
    traject_id = world.starts()
    begin_sweep(engine, b.at(MONDAY - timedelta(days=60)))
    begin_sweep(engine, NOW)

    world.happens(traject_id, StepFinished(key=b.key("s1"), by="p4"), NOW)

    assert statuses(world) == ["pending", "pending"]


def test_a_digest_that_was_held_waits_for_its_release_too(engine: Engine) -> None:
    world, traject_id = reminding(engine)
    world.hears("maker", HearsWhen.DAILY)
    begin_sweep(engine, b.at(date(2027, 4, 1)))
    begin_sweep(engine, b.at(DUE_SOON))
    world.sweeps(traject_id, DUE_SOON)
    made = [
        in_transaction(engine, lambda session: make_digests(session, DUE_SOON, b.at(DUE_SOON), world.new_id)),
        in_transaction(engine, lambda session: release_held(session, b.at(DUE_SOON), by="p9")).notices,
        in_transaction(engine, lambda session: make_digests(session, DUE_SOON, b.at(DUE_SOON), world.new_id)),
    ]

    assert made == [0, 1, 1]


def test_a_sweep_is_noted_at_most_once_an_hour_and_never_backwards(engine: Engine) -> None:
    noted = [begin_sweep(engine, NOW + timedelta(minutes=minutes)) for minutes in (0, 59, 60, -600)]

    with read_scope(engine) as session:
        last = find_sweep(session)
    hour = NOW + timedelta(hours=1)
    assert noted == [Sweep(NOW), Sweep(NOW), Sweep(hour, NOW), Sweep(hour, NOW)]
    assert last == Sweep(hour, NOW)


def test_a_moment_without_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        begin_sweep(engine, NOW.replace(tzinfo=None))


def test_without_any_sweep_there_is_none(engine: Engine) -> None:
    with read_scope(engine) as session:
        assert find_sweep(session) is None


# --- what a person does about it ------------------------------------------------------------------------


def test_what_was_released_leaves_as_far_as_it_is_still_true(engine: Engine) -> None:
    world = World(engine, chain(1), brake_at=0)
    first, second = world.starts("een"), world.starts("twee")
    assert first != second
    world.happens(second, StepFinished(key=b.key("s1"), by="p4"), NOW)

    released = in_transaction(engine, lambda session: release_held(session, NOW, by="p9"))

    letters = PostOffice(world).delivers(NOW)
    assert (released.messages, released.notices) == (2, 4)
    assert [[line.kind.value for line in letter.parts[0].lines] for letter in letters] == [
        ["cycle-started", "ready"],
        ["cycle-started"],
    ]


def test_what_was_thrown_away_is_not_told_later(engine: Engine) -> None:
    world, traject_id = reminding(engine)
    PostOffice(world).delivers(NOW)
    world.brake_at = 0
    world.sweeps(traject_id, DUE_SOON)
    world.brake_at = 200

    thrown = in_transaction(
        engine, lambda session: discard_held(session, b.at(DUE_SOON), by="p9", reason="klok stond verkeerd")
    )
    world.sweeps(traject_id, DUE_SOON + timedelta(days=1))

    assert thrown.messages == 1
    assert statuses(world) == ["sent", "withdrawn"]
    assert world.rows("message")[1]["detail"] == "discarded by p9 at 2027-05-14T07:00:00+00:00: klok stond verkeerd"
    assert world.rows("notice")[-1]["state"] == "discarded"
    assert PostOffice(world).claims(b.at(date(2027, 5, 20))) == ()


def test_throwing_away_needs_a_reason(engine: Engine) -> None:
    with pytest.raises(Refused, match="say why") as error:
        in_transaction(engine, lambda session: discard_held(session, NOW, by="p9", reason="  "))

    assert error.value.code == "reason-missing"


# --- after a backup was put back ------------------------------------------------------------------------


def holds(world: World, now: datetime) -> int:
    return in_transaction(
        world.engine, lambda session: hold_everything(session, now, by="p9", reason="kopie teruggezet")
    ).messages


def test_on_request_all_that_did_not_leave_is_held_and_what_left_stays_as_it_was(engine: Engine) -> None:
    world = World(engine, chain(1))
    world.starts("een")
    PostOffice(world).delivers(NOW)
    world.starts("twee")

    held = holds(world, NOW)

    assert (held, statuses(world)) == (1, ["sent", "held"])
    assert world.rows("message")[1]["detail"] == "held by p9 at 2027-01-04T08:00:00+00:00: kopie teruggezet"
    assert PostOffice(world).claims(NOW + timedelta(days=30)) == ()


@pytest.mark.parametrize("since", [timedelta(minutes=5), timedelta(days=2)], ids=["within-the-hour", "days-later"])
def test_on_request_all_of_the_next_sweep_is_held_and_nothing_of_the_one_after_it(
    engine: Engine, since: timedelta
) -> None:
    world, traject_id = reminding(engine)
    PostOffice(world).delivers(NOW)
    now = b.at(DUE_SOON)
    begin_sweep(engine, now - since)
    holds(world, now - timedelta(minutes=1))

    sweeps = [begin_sweep(engine, now + timedelta(minutes=minutes)) for minutes in (0, 20)]
    end_sweep(engine)
    sweeps.append(begin_sweep(engine, now + timedelta(minutes=80)))
    world.sweeps(traject_id, DUE_SOON)

    assert [sweep.must_hold for sweep in sweeps] == [True, True, False]
    assert statuses(world) == ["sent", "pending"]


def test_what_the_sweep_after_a_request_says_is_held_and_can_be_let_go(engine: Engine) -> None:
    world, traject_id = reminding(engine)
    PostOffice(world).delivers(NOW)
    holds(world, NOW)
    begin_sweep(engine, b.at(DUE_SOON))

    world.sweeps(traject_id, DUE_SOON)
    in_sweep = statuses(world)
    in_transaction(engine, lambda session: release_held(session, b.at(DUE_SOON), by="p9"))

    assert (in_sweep, statuses(world)) == (["sent", "held"], ["sent", "pending"])


def test_a_message_in_the_hands_of_a_sender_is_left_to_it_until_its_time_is_up(engine: Engine) -> None:
    world = World(engine, chain(1))
    world.starts()
    (claimed,) = PostOffice(world).claims(NOW)

    held = [holds(world, NOW), holds(world, NOW + timedelta(days=1))]

    assert (held, claimed.attempt) == ([0, 1], 1)


def test_a_digest_that_waits_is_held_on_request(engine: Engine) -> None:
    world = World(engine, chain(1))
    world.hears("maker", HearsWhen.DAILY)
    world.starts()
    holds(world, NOW)

    made = in_transaction(engine, lambda session: make_digests(session, MONDAY, NOW, world.new_id))

    assert made == 0


def test_holding_everything_needs_a_reason(engine: Engine) -> None:
    with pytest.raises(Refused, match="say why") as error:
        in_transaction(engine, lambda session: hold_everything(session, NOW, by="p9", reason=" "))

    assert error.value.code == "reason-missing"
