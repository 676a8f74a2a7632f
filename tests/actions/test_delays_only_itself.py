"""G13: one bad row, person, text or channel delays only itself; a database that is away concerns all."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text

from regie.actions import deliver as delivering
from regie.actions.deliver import LEASE_SECONDS, Postage, deliver
from regie.actions.reconcile import reconcile, reconcile_chunk
from regie.clock import VirtualClock
from regie.errors import Incomplete
from regie.notify.sender import Delivery, OutgoingMessage, Timeouts
from regie.store.outbox import BACK_OFF
from tests.reliability.conftest import START, Town, moment, settle_in
from tests.reliability.test_machine import Channel

LATE = date(2027, 1, 20)


@pytest.fixture
def town(engine: Engine) -> Town:
    return settle_in(engine)


def damage(town: Town, statement: str) -> None:
    with town.engine.begin() as connection:
        connection.execute(text(statement))


def test_a_traject_with_a_damaged_row_delays_only_itself(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    ids = [town.starts(f"locatie-{number}") for number in range(4)]
    damage(town, "UPDATE occurrence SET told = '{Jan Jansen' WHERE traject_id = 2 AND step = 'a'")

    swept = reconcile(town.context, moment(LATE))

    assert swept.failed == (2,)
    assert swept.looked_at == 3
    late = {row[0] for row in town.everything()["notice"] if row[4] == "overdue"}
    assert late == set(ids) - {2}
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert said[0].startswith("sweep.failed traject=2 error=JSONDecodeError at=rows.py:")


def test_a_sweep_without_a_database_stops_at_the_first_traject(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def away(_context: object, traject_id: int, *_others: object) -> None:
        asked.append(traject_id)
        raise Incomplete("it is gone", code="database-unreachable")

    monkeypatch.setattr("regie.actions.reconcile.apply_event", away)

    with pytest.raises(Incomplete, match="gone"):
        reconcile_chunk(town.context, [1, 2, 3], moment(LATE))
    assert asked == [1]


def test_a_message_that_cannot_be_written_delays_only_itself_and_fails_in_the_end(town: Town) -> None:
    town.starts()
    others = town.number("message") - 1
    damage(town, "UPDATE notice SET payload = '{kapot' WHERE id = (SELECT min(id) FROM notice)")
    channel = Channel([])
    clock = VirtualClock(moment(START))

    done = deliver(town.context, channel, clock, "post", Postage())

    assert (done.sent, done.refused) == (others, 1)
    assert town.states() == {"sent": others, "pending": 1}
    for pause in BACK_OFF:
        clock.advance(seconds=pause.total_seconds())
        deliver(town.context, channel, clock, "post", Postage())
    assert town.states() == {"sent": others, "failed": 1}
    assert len(channel.calls) == others
    with town.engine.connect() as connection:
        reason = connection.execute(text("SELECT detail FROM message WHERE status = 'failed'")).scalar_one()
    assert reason == "could not be written: JSONDecodeError"


def test_a_channel_that_breaks_on_one_message_leaves_it_uncertain_and_hands_over_the_others(town: Town) -> None:
    class Brittle(Channel):
        def send(self, message: OutgoingMessage) -> Delivery:
            if not self.calls:
                self.calls.append((message.message_id, "broke"))
                raise RuntimeError("maker@partner.example")
            return super().send(message)

    town.starts()
    everything = town.number("message")

    done = deliver(town.context, Brittle([]), lambda: moment(START), "post", Postage())

    assert (done.sent, done.uncertain) == (everything - 1, 1)
    with town.engine.connect() as connection:
        reason = connection.execute(text("SELECT detail FROM message WHERE status = 'uncertain'")).scalar_one()
    assert reason == "the sender broke: RuntimeError"


def test_delivery_without_a_database_stops_and_sends_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.starts()
    channel = Channel([])

    def away(*_all: object, **_named: object) -> None:
        raise Incomplete("it is gone", code="database-unreachable")

    monkeypatch.setattr(delivering, "load_letter", away)

    with pytest.raises(Incomplete, match="gone"):
        deliver(town.context, channel, lambda: moment(START), "post", Postage())
    assert channel.calls == []


def test_a_lease_lasts_more_than_three_times_the_slowest_hand_over() -> None:
    waits = Timeouts()

    assert 3 * (waits.connect_seconds + 10 * waits.answer_seconds) < LEASE_SECONDS
    assert timedelta(seconds=LEASE_SECONDS) < timedelta(hours=1)
