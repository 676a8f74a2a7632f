"""What Regie promises under crashes, crowds and clocks: tests T1, T3, T4, T6, T8, T9, T13 and T19, on both databases."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import chain, repeat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from regie.actions.deliver import Postage, deliver
from regie.actions.reconcile import find_chunk, open_sweep, reconcile, reconcile_chunk
from regie.clock import VirtualClock
from regie.core.events import StepFinished, Tick
from regie.core.ids import OccurrenceKey, RoleId, StepId
from regie.errors import Refused, RegieError
from regie.failpoints import EXIT_CODE
from regie.mailbox import Mailbox
from regie.notify.sender import AppriseSender
from regie.store.partners import bind_role, save_person
from regie.store.session import write_scope
from tests.reliability.child import finish, hand_over, sweep
from tests.reliability.conftest import ROLES, START, WIDE, Town, moment, settle_in
from tests.reliability.processes import run, start
from tests.reliability.test_machine import Channel
from tests.support.databases import KINDS, Databases, engine_on
from tests.support.servers import Behaviour, MailServer

A = OccurrenceKey(StepId("a"))
LATE = date(2027, 1, 20)


# --- T1 ---------------------------------------------------------------------------------------------


def test_t1_given_a_crash_before_the_commit_then_nothing_happened_and_repeating_does_it_once(
    town: Town, database_url: str
) -> None:
    traject_id = town.starts()
    before, messages = town.everything(), town.number("message")

    assert run(finish, database_url, traject_id, failpoint="sweep.before_commit=exit") == EXIT_CODE
    assert town.everything() == before
    assert town.number("message") == messages

    assert run(finish, database_url, traject_id) == 0
    after = town.everything()
    states = {row[2]: row[4] for row in after["occurrence"]}
    done = [row for row in after["notice"] if row[2] == "a" and row[4] == "done"]
    assert states == {"a": "done", "b": "ready", "c": "not yet"}
    assert len(done) == 3
    assert len(after["history"]) == len(before["history"]) + 1
    with pytest.raises(Refused, match="it is done"):
        town.finishes(traject_id, "a")
    assert town.everything() == after


# --- T3 ---------------------------------------------------------------------------------------------


def test_t3_given_eight_sweeps_at_once_then_each_thing_is_told_once_and_the_second_round_writes_nothing(
    town: Town,
) -> None:
    for number in range(100):
        town.starts(f"locatie-{number}", WIDE)
    before = town.everything()["notice"]

    with ThreadPoolExecutor(8) as crowd:
        swept = list(crowd.map(lambda _: reconcile(town.context, moment(LATE)), range(8)))

    settled = town.everything()
    new = [row for row in settled["notice"] if row not in before]
    assert Counter((row[2], row[4]) for row in new) == dict.fromkeys([(role, "overdue") for role in ROLES], 100)
    assert sum(each.notices for each in swept) == len(new) == 500
    assert not any(each.failed for each in swept)
    again = reconcile(town.context, moment(LATE))
    assert (again.looked_at, again.notices) == (0, 0)
    assert reconcile_chunk(town.context, range(1, 101), moment(LATE)).notices == 0
    assert town.everything() == settled


def test_t3_given_sweeps_in_two_processes_then_together_they_do_what_one_would(town: Town, database_url: str) -> None:
    for number in range(30):
        town.starts(f"locatie-{number}")

    processes = [start(sweep, database_url, LATE) for _ in range(2)]
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0, 0]
    late = [row for row in town.everything()["notice"] if row[4] in ("overdue", "escalated-1")]
    assert len(late) == 60
    assert [row[2] for row in town.everything()["history"]].count("Tick") == 30


# --- T4 ---------------------------------------------------------------------------------------------


def test_t4_given_a_crash_at_each_point_in_turn_then_of_a_thousand_messages_none_is_lost_or_stuck(
    town: Town, database_url: str, tmp_path: Path
) -> None:
    with write_scope(town.engine) as session:
        for number in range(23):  # with who plays the role already, two dozen hear of each step
            person = save_person(session, name=f"P {number}", email=f"p{number}@partner.example")
            bind_role(session, RoleId("maker"), person)
    for number in range(20):
        town.starts(f"locatie-{number}")
    late = date(2027, 1, 12)
    started = town.number("message")

    assert run(sweep, database_url, late, failpoint="sweep.after_select=exit") == EXIT_CODE
    assert run(sweep, database_url, late, failpoint="sweep.before_commit=exit") == EXIT_CODE
    assert town.number("message") == started
    assert run(sweep, database_url, late) == 0
    assert town.number("message") == 1_000

    post = tmp_path / "post"
    for failpoint in ("deliver.after_mark_sending", "deliver.after_send", "deliver.after_mark"):
        assert run(hand_over, database_url, post, late, failpoint, failpoint=f"{failpoint}=exit") == EXIT_CODE
        assert sum(town.states().values()) == 1_000
    channel = Channel([])
    clock = VirtualClock(moment(late))
    for _ in range(12):
        clock.advance(hours=1)
        deliver(town.context, channel, clock, "after", Postage())

    handed_over = len(list(post.glob("*.eml"))) + len(channel.calls)
    assert town.states() == {"sent": 1_000}
    # only of the one that was sent and not noted nobody knew
    assert handed_over == 1_001
    assert town.number("message WHERE uncertainties > 0") == 1


# --- T6 ---------------------------------------------------------------------------------------------


def test_t6_given_a_server_that_never_answers_after_the_mail_then_it_is_tried_once_more_and_a_person_is_asked(
    town: Town,
) -> None:
    with MailServer() as server:
        server.will(*[Behaviour.DROP_AFTER_LETTER] * 50)
        town.starts()
        clock = VirtualClock(moment(START))
        sender = AppriseSender(server.url, Mailbox("regie@gemeente.example"), clock=clock)
        for _ in range(30):
            deliver(town.context, sender, clock, "test", Postage())
            clock.advance(hours=6)
        with town.engine.connect() as connection:
            rows = connection.execute(text("SELECT status, attempt FROM message")).all()

    assert rows
    assert {(status, attempt) for status, attempt in rows} == {("uncertain", 2)}
    received = Counter(mail.letter["X-Regie-Id"] for mail in server.messages)
    assert sorted(received.values()) == [2] * len(rows)


# --- T8 ---------------------------------------------------------------------------------------------


@contextmanager
def a_state(databases: Databases, kind: str, finished: Sequence[int]) -> Iterator[Town]:
    """Six trajects in a database of their own, of each of which so many steps are done."""
    url = databases.new(kind)
    with engine_on(url) as own:
        town = settle_in(own)
        for number, amount in enumerate(finished):
            traject_id = town.starts(f"locatie-{number}")
            for step in "abc"[:amount]:
                town.finishes(traject_id, step)
        yield town
    databases.drop(url)


def all_of(town: Town) -> dict[str, list[tuple[object, ...]]]:
    """Everything but the ids of messages, which are given in the order of the sweep."""
    query = "SELECT recipient, urgency, status, not_before_at, created_at FROM message ORDER BY 1, 2, 3, 4, 5"
    looks = "SELECT id, next_look_on, dirty, checked_at FROM traject ORDER BY 1"
    with town.engine.connect() as connection:
        more = {
            name: [tuple(row) for row in connection.execute(text(each))] for name, each in enumerate((query, looks))
        }
    return {**town.everything(), "message": more[0], "look": more[1]}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    finished=st.lists(st.integers(0, 3), min_size=6, max_size=6),
    days=st.integers(1, 40),
    chance=st.randoms(use_true_random=False),
)
def test_t8_given_any_state_then_a_sweep_in_pieces_and_in_any_order_leads_to_what_one_sweep_does(
    databases: Databases, kind: str, finished: list[int], days: int, chance: random.Random
) -> None:
    day = START + timedelta(days=days)
    with a_state(databases, kind, finished) as town:
        reconcile(town.context, moment(day))
        whole = all_of(town)
        reconcile(town.context, moment(day))
        assert all_of(town) == whole

    with a_state(databases, kind, finished) as town:
        open_sweep(town.context, moment(day))
        mixed = list(find_chunk(town.context, moment(day)))
        chance.shuffle(mixed)
        looked_at = tuple(mixed)
        while mixed:
            size = chance.randrange(1, 4)
            reconcile_chunk(town.context, mixed[:size], moment(day))
            del mixed[:size]
        assert all_of(town) == whole
        # a second look, which a second sweep would not even take
        reconcile_chunk(town.context, looked_at, moment(day))
        assert all_of(town) == whole


# --- T9 ---------------------------------------------------------------------------------------------


def test_t9_given_ten_days_without_a_sweep_then_one_current_line_a_step_and_no_old_one(town: Town) -> None:
    daily = {"workflow.yaml": WIDE["workflow.yaml"].replace("remind: 5wd", "remind: [5wd, 4wd, 3wd, 2wd, 1wd]")}
    daily["workflow.yaml"] = daily["workflow.yaml"].replace("due: 5wd", "due: 10wd")
    town.starts(sources=daily)
    deliver(town.context, Channel([]), lambda: moment(START), "first", Postage())
    due, outage = date(2027, 1, 18), date(2027, 1, 12)
    reconcile(town.context, moment(outage))  # it is said that they are due soon, and not handed over
    before = town.everything()["notice"]
    assert {row[4] for row in before} >= {"due-soon"}

    back = moment(outage + timedelta(days=10))
    reconcile(town.context, back)
    channel = Channel([])
    deliver(town.context, channel, lambda: back, "second", Postage())

    new = [row for row in town.everything()["notice"] if row not in before]
    assert Counter((row[2], row[4]) for row in new) == dict.fromkeys([(role, "overdue") for role in ROLES], 1)
    assert {row[6] for row in new} == {due.isoformat()}
    assert len(channel.calls) == len(ROLES)
    assert town.states() == {"sent": 2 * len(ROLES), "withdrawn": len(ROLES)}


# --- T13 --------------------------------------------------------------------------------------------


def test_t13_given_a_clock_that_jumps_back_then_nothing_moves_and_somebody_is_warned(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    traject_id = town.starts()
    town.happens(traject_id, Tick(), LATE)
    before = town.everything()

    with caplog.at_level(logging.WARNING):
        swept = reconcile_chunk(town.context, [traject_id], moment(LATE) - timedelta(hours=2))

    assert swept.clock_went_back == 1
    assert swept.notices == 0
    assert town.everything() == before
    assert any("clock_went_back" in record.message for record in caplog.records)


def test_t13_given_a_clock_that_is_two_hours_behind_at_a_sweep_then_one_warning_and_nothing_is_written(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(5):
        town.starts(f"locatie-{number}")
    reconcile(town.context, moment(LATE))
    before = town.everything()

    with caplog.at_level(logging.WARNING):
        swept = reconcile(town.context, moment(LATE) - timedelta(hours=2))

    assert swept.notices == 0
    assert town.everything() == before
    assert [record.getMessage() for record in caplog.records] == ["sweep.clock_went_back seconds=7200"]


def test_t13_given_a_clock_that_steps_back_during_a_sweep_then_the_outcome_is_as_without(
    town: Town, databases: Databases, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [town.starts(f"locatie-{number}") for number in range(6)]
    with engine_on(databases.new(town.engine.dialect.name)) as other:
        plain = settle_in(other)
        for number in range(6):
            plain.starts(f"locatie-{number}")
        reconcile(plain.context, moment(LATE))
        expected = plain.everything()

    reconcile_chunk(town.context, ids[:3], moment(LATE))
    with caplog.at_level(logging.WARNING):
        stepped = reconcile_chunk(town.context, ids, moment(LATE) - timedelta(hours=2))
    reconcile(town.context, moment(LATE))

    assert stepped.clock_went_back == 3
    assert [record.getMessage() for record in caplog.records] == ["sweep.clock_went_back trajects=3"]
    assert town.everything() == expected


def test_t13_given_a_clock_that_steps_back_while_a_message_is_on_its_way_then_it_is_not_taken_for_untrue(
    town: Town,
) -> None:
    town.starts()
    due = moment(date(2027, 1, 11))
    deliver(town.context, Channel([]), lambda: moment(START), "first", Postage())
    reconcile(town.context, due)
    looks = chain([due], repeat(due - timedelta(hours=30)))

    deliver(town.context, Channel([]), lambda: next(looks), "second", Postage())

    assert set(town.states()) == {"sent"}


# --- T19 --------------------------------------------------------------------------------------------


def test_t19_given_two_people_on_one_step_then_one_wins_and_the_other_sees_how_it_is(town: Town) -> None:
    traject_id = town.starts()
    with town.engine.connect() as connection:
        seen = connection.execute(text("SELECT version FROM occurrence WHERE step = 'a'")).scalar_one()

    def finish(who: str) -> str:
        event = StepFinished(key=A, by=who, note=who, seen_version=seen)
        try:
            town.happens(traject_id, event)
        except RegieError as error:
            return f"{error.code}: {error.facts['state']}, {int(str(error.facts['version'])) - seen} later"
        return "saved"

    with ThreadPoolExecutor(2) as pair:
        outcomes = sorted(pair.map(finish, ("anna", "bram")))

    assert outcomes == ["occurrence-changed: done, 1 later", "saved"]
    assert [row[2] for row in town.everything()["history"]].count("StepFinished") == 1


def test_t19_given_the_same_request_twice_then_it_has_one_effect(town: Town) -> None:
    traject_id = town.starts()

    first = town.happens(traject_id, StepFinished(key=A), request_id="press-1")
    again = town.happens(traject_id, StepFinished(key=A), request_id="press-1")

    assert not first.repeated
    assert again.repeated
    assert again.saved is not None
    assert first.saved is not None
    assert again.saved.seq == first.saved.seq
    assert [row[2] for row in town.everything()["history"]].count("StepFinished") == 1
