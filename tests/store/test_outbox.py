from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from regie.core.definition import HearsWhen
from regie.core.events import StepFinished
from regie.core.lines import Urgency
from regie.errors import NotFound, Refused
from regie.store.outbox import (
    BACK_OFF,
    Claimed,
    list_messages,
    make_digests,
    oldest_pending,
    outbox_counts,
)
from regie.store.session import in_transaction, read_scope
from regie.store.tables import MessageStatus
from tests.store.world import MONDAY, PostOffice, World, at_once, chain
from tests.support import builders as b

NOW = b.at(MONDAY)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(engine: Engine) -> World:
    found = World(engine, chain(3))
    found.starts()
    return found


@pytest.fixture
def post(world: World) -> PostOffice:
    return PostOffice(world)


def only(claimed: tuple[Claimed, ...]) -> Claimed:
    (found,) = claimed
    return found


# --- taking ---------------------------------------------------------------------------------------------


def test_a_message_is_marked_before_it_is_handed_over(post: PostOffice) -> None:
    claimed = only(post.claims(NOW))

    row = post.only_message()
    assert claimed == Claimed(row["id"], 1)
    assert (row["status"], row["attempt"], row["owner"]) == ("sending", 1, "bezorger-1")
    assert row["lease_until"] == NOW + timedelta(seconds=600)
    assert post.claims(NOW) == ()


def test_a_message_that_must_wait_for_office_hours_waits(engine: Engine) -> None:
    world = World(engine, chain(1))
    world.office = lambda moment: moment + timedelta(hours=3)
    world.starts()
    post = PostOffice(world)

    assert post.claims(NOW + timedelta(hours=2)) == ()
    assert len(post.claims(NOW + timedelta(hours=3))) == 1


def test_messages_are_taken_oldest_first_and_at_most_so_many(engine: Engine) -> None:
    world = World(engine, chain(1))
    for number, hour in enumerate((11, 9, 10)):
        world.office = lambda _moment, hour=hour: b.at(MONDAY, hour)
        world.starts(f"t{number}")
    post = PostOffice(world)

    first = post.claims(b.at(MONDAY, 12), limit=2)
    second = post.claims(b.at(MONDAY, 12), limit=2)

    assert [each.id for each in (*first, *second)] == ["m00002", "m00003", "m00001"]


def test_two_processes_never_take_the_same_message(engine: Engine) -> None:
    world = World(engine, chain(1))
    for number in range(30):
        world.starts(f"t{number}")

    def take(owner: str) -> list[str]:
        post, mine = PostOffice(world, owner), []
        while batch := post.claims(NOW, limit=4):
            mine += [each.id for each in batch]
        return mine

    taken = [name for mine in at_once([lambda owner=owner: take(owner) for owner in "abc"]) for name in mine]

    assert sorted(taken) == [f"m{number:05}" for number in range(1, 31)]


# --- how an attempt ends --------------------------------------------------------------------------------


def test_a_message_that_was_accepted_is_sent_for_good(post: PostOffice) -> None:
    claimed = only(post.claims(NOW))
    post.letter(claimed, NOW)

    assert post.sent(claimed, NOW + MINUTE)

    row = post.only_message()
    assert (row["status"], row["sent_at"], row["owner"], row["lease_until"]) == ("sent", NOW + MINUTE, None, None)
    assert post.claims(NOW + timedelta(days=20)) == ()


def test_a_refused_message_is_tried_again_after_a_longer_while_each_time_and_then_fails(post: PostOffice) -> None:
    now, waits = NOW, []
    for _ in BACK_OFF:
        claimed = only(post.claims(now))
        post.letter(claimed, now)
        post.refused(claimed, now)
        row = post.only_message()
        waits.append(row["not_before_at"] - now)
        assert (row["status"], row["detail"]) == ("pending", "550 no")
        assert post.claims(row["not_before_at"] - timedelta(seconds=1)) == ()
        now = row["not_before_at"]
    post.refused(only(post.claims(now)), now)

    row = post.only_message()
    assert [wait // MINUTE for wait in waits] == [1, 5, 15, 60, 240, 720]
    assert (row["status"], row["attempt"], row["not_before_at"]) == ("failed", 7, None)
    assert post.claims(now + timedelta(days=20)) == ()


def test_a_refusal_that_will_not_change_is_not_tried_again(post: PostOffice) -> None:
    post.refused(only(post.claims(NOW)), NOW, permanent=True)

    assert post.only_message()["status"] == "failed"


def test_an_answer_that_was_lost_is_tried_once_more_and_then_asks_a_person(post: PostOffice) -> None:
    first = only(post.claims(NOW))
    post.letter(first, NOW)
    post.uncertain(first, NOW)
    assert post.only_message()["status"] == "uncertain"
    assert post.claims(NOW + 14 * MINUTE) == ()

    again = NOW + 15 * MINUTE
    second = only(post.claims(again))
    post.letter(second, again)
    post.uncertain(second, again)

    with read_scope(post.world.engine) as session:
        (entry,) = list_messages(session)
    assert (entry.status, entry.attempt, entry.needs_a_person) == (MessageStatus.UNCERTAIN, 2, True)
    assert post.claims(NOW + timedelta(days=20)) == ()


def test_a_refusal_in_between_does_not_make_an_uncertain_message_certain(post: PostOffice) -> None:
    now = NOW
    for end in (post.uncertain, post.refused, post.uncertain):
        claimed = only(post.claims(now))
        post.letter(claimed, now)
        end(claimed, now)
        now += timedelta(hours=1)

    assert post.claims(now + timedelta(days=20)) == ()
    assert post.only_message()["status"] == "uncertain"


def test_after_it_was_uncertain_a_message_may_still_be_sent(post: PostOffice) -> None:
    post.uncertain(only(post.claims(NOW)), NOW)
    claimed = only(post.claims(NOW + 15 * MINUTE))

    assert post.sent(claimed, NOW + 15 * MINUTE)

    assert post.only_message()["status"] == "sent"


# --- a process that stops -------------------------------------------------------------------------------


def test_what_a_stopped_process_had_not_begun_is_certain_and_tried_again(post: PostOffice) -> None:
    post.claims(NOW)
    ended = NOW + timedelta(seconds=601)

    assert PostOffice(post.world, "bezorger-2").claims(ended) == ()

    row = post.only_message()
    assert (row["status"], row["uncertainties"], row["not_before_at"]) == ("pending", 0, ended + MINUTE)
    assert only(post.claims(ended + MINUTE)).attempt == 2


def test_what_a_stopped_process_was_handing_over_is_uncertain(post: PostOffice) -> None:
    claimed = only(post.claims(NOW))
    post.letter(claimed, NOW)
    ended = NOW + timedelta(seconds=601)

    post.claims(ended)
    row = post.only_message()
    again = only(post.claims(ended + 15 * MINUTE))
    post.letter(again, ended + 15 * MINUTE)
    post.claims(ended + timedelta(hours=1))

    assert (row["status"], row["uncertainties"]) == ("uncertain", 1)
    row = post.only_message()
    assert (row["status"], row["uncertainties"], row["not_before_at"]) == ("uncertain", 2, None)


def test_a_process_that_stops_each_time_makes_a_message_fail_in_the_end(post: PostOffice) -> None:
    """A message that kills whoever renders it must not be taken for ever."""
    now = NOW
    for _ in range(20):
        post.claims(now)
        now += timedelta(days=1)

    assert post.only_message()["status"] == "failed"


def test_a_lease_begins_anew_with_each_hand_over(post: PostOffice) -> None:
    claimed = only(post.claims(NOW, lease_seconds=60))

    post.letter(claimed, NOW + timedelta(seconds=59))
    post.claims(NOW + timedelta(seconds=90))

    assert post.only_message()["status"] == "sending"


def test_who_lost_the_lease_does_not_hand_over_and_marks_nothing(post: PostOffice) -> None:
    slow = only(post.claims(NOW))
    now = NOW + timedelta(hours=1)
    post.claims(now)
    quick = only(post.claims(now + MINUTE))
    before = post.only_message()

    assert post.letter(slow, now + MINUTE) is None
    assert not post.sent(slow, now + MINUTE)
    assert not post.refused(slow, now + MINUTE)
    assert not post.uncertain(slow, now + MINUTE)

    assert post.only_message() == before
    assert post.letter(quick, now + MINUTE) is not None


def test_a_late_yes_counts_as_long_as_nobody_took_the_message_again(post: PostOffice) -> None:
    claimed = only(post.claims(NOW))
    post.letter(claimed, NOW)
    late = NOW + timedelta(seconds=700)
    post.claims(late)
    assert post.only_message()["status"] == "uncertain"

    assert post.sent(claimed, late)

    assert post.only_message()["status"] == "sent"


def test_a_message_that_is_sent_is_not_handed_over_again_by_who_was_slow(post: PostOffice) -> None:
    claimed = only(post.claims(NOW))
    post.letter(claimed, NOW)
    post.sent(claimed, NOW)

    assert post.letter(claimed, NOW + MINUTE) is None


# --- a person looks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["failed", "uncertain", "pending"])
def test_a_person_may_let_a_message_leave_again(post: PostOffice, how: str) -> None:
    claimed = only(post.claims(NOW))
    if how == "failed":
        post.refused(claimed, NOW, permanent=True)
    elif how == "pending":
        post.refused(claimed, NOW)
    else:
        post.uncertain(claimed, NOW)
        post.uncertain(only(post.claims(NOW + 15 * MINUTE)), NOW + 15 * MINUTE)

    post.retries(claimed.id)

    row = post.only_message()
    assert (row["status"], row["refusals"], row["uncertainties"], row["detail"]) == ("pending", 0, 0, "retried by p9")
    assert only(post.claims(NOW + 15 * MINUTE)).attempt > claimed.attempt


def test_a_message_that_was_sent_is_not_sent_again(post: PostOffice) -> None:
    claimed = only(post.claims(NOW))
    post.sent(claimed, NOW)

    with pytest.raises(Refused, match="it is sent") as error:
        post.retries(claimed.id)

    assert error.value.code == "message-not-waiting"


def test_an_unknown_message_is_not_found(post: PostOffice) -> None:
    with pytest.raises(NotFound, match="no message 'm99999'"):
        post.retries("m99999")


def test_the_outbox_is_counted_and_listed(world: World, post: PostOffice) -> None:
    other_id = world.starts("de-linde")
    post.sent(post.claims(NOW)[0], NOW)

    with read_scope(world.engine) as session:
        counts, since = outbox_counts(session), oldest_pending(session)
        every = list_messages(session)
        sent = list_messages(session, status="sent")
        about = list_messages(session, traject_id=other_id)
        nobody = list_messages(session, recipient="p2")

    assert counts == {MessageStatus.SENT: 1, MessageStatus.SENDING: 1}
    assert since is None
    assert [each.id for each in every] == ["m00001", "m00002"]
    assert [each.id for each in sent] == ["m00001"]
    assert [each.id for each in about] == ["m00002"]
    assert nobody == ()
    assert (about[0].name, about[0].urgency, about[0].is_digest) == ("Naam van maker", Urgency.OFFICE_HOURS, False)
    assert [(line.traject, line.step, line.kind) for line in about[0].lines] == [
        ("de-linde", "", "cycle-started"),
        ("de-linde", "s1", "ready"),
    ]


def test_the_oldest_waiting_message_says_since_when(post: PostOffice) -> None:
    with read_scope(post.world.engine) as session:
        assert oldest_pending(session) == NOW


def test_a_message_older_than_a_month_helps_nobody_any_more(post: PostOffice) -> None:
    late = NOW + timedelta(days=31)
    claimed = only(post.claims(late))

    assert post.letter(claimed, late) is None

    row = post.only_message()
    assert (row["status"], row["detail"]) == ("expired", "not sent within 30 days")


# --- digests --------------------------------------------------------------------------------------------


def digest(world: World, day: date, hour: int = 8) -> int:
    return in_transaction(world.engine, lambda session: make_digests(session, day, b.at(day, hour), world.new_id))


@pytest.fixture
def calm(engine: Engine) -> World:
    """A world in which the maker hears things in a digest."""
    found = World(engine, chain(4))
    found.hears("maker", HearsWhen.DAILY)
    return found


def test_what_can_wait_is_told_once_in_the_morning(calm: World) -> None:
    traject_id = calm.starts()
    calm.happens(traject_id, StepFinished(key=b.key("s1"), by="p4"), b.at(MONDAY))
    assert calm.rows("message") == []
    tuesday = MONDAY + timedelta(days=1)

    made = [digest(calm, tuesday), digest(calm, tuesday), digest(calm, tuesday, hour=16)]

    assert made == [1, 0, 0]
    (letter,) = PostOffice(calm).delivers(b.at(tuesday))
    assert letter.is_digest
    assert [(line.kind.value, str(line.key)) for part in letter.parts for line in part.lines] == [
        ("cycle-started", ""),
        ("date-moved", "s2"),
        ("date-moved", "s3"),
        ("date-moved", "s4"),
        ("ready", "s2"),
    ]


def test_nobody_gets_two_digests_on_a_day(calm: World) -> None:
    traject_id = calm.starts()
    assert digest(calm, MONDAY) == 1

    calm.happens(traject_id, StepFinished(key=b.key("s1"), by="p4"), b.at(MONDAY, 10))

    assert digest(calm, MONDAY, hour=16) == 0
    assert digest(calm, MONDAY + timedelta(days=1)) == 1


def test_digests_made_at_the_same_moment_are_made_once(calm: World) -> None:
    for number in range(5):
        calm.starts(f"t{number}")

    made = at_once([lambda: digest(calm, MONDAY)] * 4)

    assert sum(made) == 1
    (message,) = calm.rows("message")
    assert {row["message_id"] for row in calm.rows("notice")} == {message["id"]}


@pytest.mark.parametrize(
    ("rhythm", "told_on", "said"),
    [
        pytest.param(HearsWhen.DAILY, "2027-01-05", {"2027-01-05"}, id="daily"),
        pytest.param(HearsWhen.WEEKLY, "2027-01-05", {"2027-01-11"}, id="weekly-on-the-next-monday"),
        pytest.param(HearsWhen.WEEKLY, "2027-01-11", {"2027-01-11"}, id="weekly-on-monday-itself"),
        # 2027-01-11 is in week 2, 2027-01-18 in week 3
        pytest.param(HearsWhen.BIWEEKLY, "2027-01-05", {"2027-01-11"}, id="biweekly-on-an-even-monday"),
        pytest.param(HearsWhen.BIWEEKLY, "2027-01-12", {"2027-01-25"}, id="biweekly-not-on-an-odd-monday"),
    ],
)
def test_each_rhythm_has_its_day(engine: Engine, rhythm: HearsWhen, told_on: str, said: set[str]) -> None:
    world = World(engine, chain(1))
    world.hears("maker", rhythm)
    world.starts(start=date.fromisoformat(told_on))

    days = [date.fromisoformat(told_on) + timedelta(days=offset) for offset in range(21)]

    assert {str(day) for day in days if digest(world, day, hour=10)} == said


def test_a_monday_without_digest_costs_a_day_and_no_message(engine: Engine) -> None:
    """Easter Monday, or a server that was down."""
    world = World(engine, chain(1))
    world.hears("maker", HearsWhen.WEEKLY)
    world.starts(start=date(2027, 1, 6))
    world.starts("later", start=date(2027, 1, 12))

    made = digest(world, date(2027, 1, 12))

    (message,) = world.rows("message")
    told = {row["traject_id"] for row in world.rows("notice") if row["message_id"] == message["id"]}
    assert (made, told) == (1, {1})


def test_a_digest_gathers_all_trajects_of_a_person(calm: World) -> None:
    for name in ("de-wilg", "de-linde"):
        calm.starts(name)

    digest(calm, MONDAY)

    (letter,) = PostOffice(calm).delivers(b.at(MONDAY))
    assert [part.traject_slug for part in letter.parts] == ["de-wilg", "de-linde"]
