"""Events leave for other programs: with the change or not at all, signed, in order, again under the same id."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine

from regie.actions import keep_webhooks
from regie.actions.deliver import Postage, deliver
from regie.actions.deliver_events import LEASE, deliver_events, send_test
from regie.clock import VirtualClock
from regie.errors import NotFound, Refused
from regie.failpoints import FailpointReached, set_failpoints
from regie.notify.webhook import Names, Patience, WebhookPolicy, WebhookSender
from regie.settings import Settings
from regie.store.access_log import list_access
from regie.store.session import read_scope
from regie.store.tables import EventStatus, WebhookStatus
from regie.store.webhooks import BACK_OFF, OVERLAP, Webhook, get_webhook, list_events, list_webhooks
from tests.reliability.conftest import START, Town, moment, settle_in
from tests.reliability.test_machine import Channel
from tests.support.receivers import PATIENCE_SECONDS, Receiver

NAMES = Names("urn:nld:gemeente-voorbeeldstad.regie", "nl.voorbeeldstad.regie")
SETTINGS: dict[str, Any] = {
    "cloudevents_source": NAMES.source,
    "cloudevents_type_prefix": NAMES.type_prefix,
    "webhook_internal_hosts": "127.0.0.1",
}
SENDER = WebhookSender(WebhookPolicy(frozenset(), frozenset({"127.0.0.1"})), Patience(2, 5, 10))


@pytest.fixture
def town(engine: Engine) -> Town:
    return settle_in(engine)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(moment(START))


@pytest.fixture(autouse=True)
def no_failpoints() -> Iterator[None]:
    yield
    set_failpoints({})


def chance() -> Any:
    numbers = count(1)
    return lambda length: hashlib.shake_128(str(next(numbers)).encode()).digest(length)


def listens(town: Town, url: str, **more: Any) -> keep_webhooks.NewSecret:
    given: dict[str, Any] = {"name": "Zaaksysteem", "by": "cli:test", "now": moment(START), "chance": chance(), **more}
    return keep_webhooks.add(town.context, Settings(**SETTINGS), url=url, **given)


def walks(town: Town, clock: VirtualClock, sender: WebhookSender = SENDER) -> tuple[int, int]:
    done = deliver_events(town.context, sender, NAMES, clock)
    return done.sent, done.failed


def webhook(town: Town) -> Webhook:
    with read_scope(town.engine) as session:
        (found,) = list_webhooks(session)
    return found


def is_signed(got: Any, secret: str) -> bool:
    """Checked as Standard Webhooks says it, and not by code of ours."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{expected}" in got.headers["webhook-signature"].split(" ")


# --- what is sent ------------------------------------------------------------------------------------


def test_what_happens_is_sent_as_signed_cloudevents_in_order(
    town: Town, receiver: Receiver, clock: VirtualClock
) -> None:
    new = listens(town, receiver.url())
    traject_id = town.starts()
    town.finishes(traject_id, "a", note="Jan belde")

    assert walks(town, clock) == (4, 0)

    events = [each.event for each in receiver.calls]
    assert [each["type"].removeprefix("nl.voorbeeldstad.regie.") for each in events] == [
        "doorloop-begonnen", "stap-aan-de-beurt-gekomen", "stap-afgerond", "stap-aan-de-beurt-gekomen",
    ]  # fmt: skip
    assert [each["sequence"] for each in events] == sorted(each["sequence"] for each in events)
    done = events[2]
    assert set(done) == {
        "id",
        "source",
        "specversion",
        "type",
        "subject",
        "time",
        "datacontenttype",
        "sequence",
        "data",
    }
    assert (done["specversion"], done["source"], done["subject"]) == ("1.0", NAMES.source, "de-wilg/a")
    assert re.fullmatch(r"2027-01-04T08:00:00\.000Z", done["time"])
    assert done["data"] == {
        "traject": "de-wilg", "doorloop": 1, "stap": "a", "toestand": "done", "vorigeToestand": "ready",
    }  # fmt: skip
    for got in receiver.calls:
        assert got.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
        assert got.headers["webhook-id"] == got.event["id"]
        assert got.headers["webhook-timestamp"] == str(int(clock().timestamp()))
        assert is_signed(got, new.secret)
        assert b"Jan" not in got.body
    assert walks(town, clock) == (0, 0)


def test_an_event_is_written_if_and_only_if_the_change_was_saved(town: Town, receiver: Receiver) -> None:
    listens(town, receiver.url())
    traject_id = town.starts()
    before = town.number("webhook_event"), town.number("history")

    set_failpoints({"sweep.before_commit": "raise"})
    with pytest.raises(FailpointReached):
        town.finishes(traject_id, "a")
    set_failpoints({})
    assert (town.number("webhook_event"), town.number("history")) == before

    town.finishes(traject_id, "a")
    assert (town.number("webhook_event"), town.number("history")) == (before[0] + 2, before[1] + 1)
    with pytest.raises(Refused):
        town.finishes(traject_id, "a")
    assert town.number("webhook_event") == before[0] + 2


def test_a_webhook_hears_only_of_its_kinds_and_trajects(town: Town, receiver: Receiver, clock: VirtualClock) -> None:
    first, second = town.starts("de-wilg"), town.starts("de-es")
    listens(town, receiver.url(path="/een"), kinds=["stap-afgerond"])
    listens(town, receiver.url(path="/twee"), slugs=["de-es"])

    town.finishes(first, "a")
    town.finishes(second, "a")
    walks(town, clock)

    heard = [(each.path, each.event["subject"], each.event["type"].rpartition(".")[2]) for each in receiver.calls]
    assert sorted(heard) == [
        ("/een", "de-es/a", "stap-afgerond"),
        ("/een", "de-wilg/a", "stap-afgerond"),
        ("/twee", "de-es/a", "stap-afgerond"),
        ("/twee", "de-es/b", "stap-aan-de-beurt-gekomen"),
    ]
    ids = {each.event["id"] for each in receiver.calls if each.event["subject"] == "de-es/a"}
    assert len(ids) == 1, "one event has one id, whoever hears it"


# --- trouble -----------------------------------------------------------------------------------------


def test_a_receiver_that_fails_is_tried_again_under_the_same_id_and_then_the_event_is_dead(
    town: Town, receiver: Receiver, clock: VirtualClock
) -> None:
    listens(town, receiver.url(), kinds=["stap-afgerond"])
    traject_id = town.starts()
    town.finishes(traject_id, "a")
    receiver.default_status = 503

    assert walks(town, clock) == (0, 1)
    assert walks(town, clock) == (0, 0), "it waits before the next attempt"
    for pause in BACK_OFF:
        clock.advance(seconds=pause.total_seconds())
        assert walks(town, clock) == (0, 1)
    clock.advance(days=30)
    assert walks(town, clock) == (0, 0)

    assert len(receiver.calls) == len(BACK_OFF) + 1
    assert len({each.event["id"] for each in receiver.calls}) == 1
    assert len({each.body for each in receiver.calls}) == 1
    found = webhook(town)
    assert found.counts == {EventStatus.DEAD: 1}
    assert (found.last_outcome, found.last_detail) == ("failed", "answered 503")

    receiver.default_status = 200
    assert keep_webhooks.resume(town.context, found.id, by="cli:test", now=clock()) == 1
    assert walks(town, clock) == (1, 0)
    assert webhook(town).counts == {EventStatus.SENT: 1}


def test_the_next_event_of_a_traject_waits_for_the_one_before_it_and_other_trajects_do_not(
    town: Town, receiver: Receiver, clock: VirtualClock
) -> None:
    first, second = town.starts("de-wilg"), town.starts("de-es")
    listens(town, receiver.url(), kinds=["stap-afgerond", "stap-aan-de-beurt-gekomen"])
    town.finishes(first, "a")
    receiver.will(500)
    assert walks(town, clock) == (0, 1)
    town.finishes(second, "a")

    assert walks(town, clock) == (2, 0)
    assert [each.event["subject"] for each in receiver.calls] == ["de-wilg/a", "de-es/a", "de-es/b"]
    clock.advance(minutes=1)
    assert walks(town, clock) == (2, 0)
    assert [each.event["subject"] for each in receiver.calls][3:] == ["de-wilg/a", "de-wilg/b"]


def test_a_crash_between_sending_and_noting_it_sends_the_same_id_again(
    town: Town, receiver: Receiver, clock: VirtualClock
) -> None:
    listens(town, receiver.url(), kinds=["stap-afgerond"])
    town.finishes(town.starts(), "a")
    set_failpoints({"webhook.after_send": "raise"})
    with pytest.raises(FailpointReached):
        walks(town, clock)
    set_failpoints({})

    assert walks(town, clock) == (0, 0), "the lease of who crashed has not ended"
    clock.advance(seconds=LEASE.total_seconds() + 1)
    assert walks(town, clock) == (1, 0)

    assert len(receiver.calls) == 2
    assert receiver.calls[0].body == receiver.calls[1].body
    assert webhook(town).counts == {EventStatus.SENT: 1}


def test_a_slow_receiver_holds_up_no_other_and_no_mail(town: Town, clock: VirtualClock) -> None:
    with Receiver() as slow, Receiver() as quick:
        slow.holds.clear()
        listens(town, slow.url())
        listens(town, quick.url())
        town.starts()
        walk = threading.Thread(target=walks, args=(town, clock))
        walk.start()
        try:
            assert slow.arrived.wait(PATIENCE_SECONDS)
            assert quick.arrived.wait(PATIENCE_SECONDS)
            mail = deliver(town.context, Channel([]), clock, "post", Postage())
            assert mail.sent > 0
            assert len(slow.calls) == 1
            assert walk.is_alive()
        finally:
            slow.holds.set()
            walk.join(PATIENCE_SECONDS)
    assert len(slow.calls) == len(quick.calls) == 2


# --- who listens -------------------------------------------------------------------------------------


def test_address_and_secret_are_unreadable_in_the_database_and_in_what_is_printed(
    town: Town, receiver: Receiver, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    new = listens(town, receiver.url(path="/haak/geheim-pad?sleutel=abc"))
    town.starts()
    walks(town, clock)

    assert receiver.calls[0].path == "/haak/geheim-pad?sleutel=abc"
    with town.engine.connect() as connection:
        rows = str([tuple(row) for row in connection.exec_driver_sql("SELECT * FROM webhook")])
    for secret in (new.secret, new.secret.removeprefix("whsec_"), "geheim-pad"):
        assert secret not in rows
        assert secret not in caplog.text
        assert secret not in repr(new)


def test_a_rotated_secret_signs_at_once_and_the_old_one_signs_as_well_for_a_day(
    town: Town, receiver: Receiver, clock: VirtualClock
) -> None:
    old = listens(town, receiver.url())
    new = keep_webhooks.rotate(town.context, old.webhook_id, by="cli:test", now=clock(), chance=chance_from("x"))
    town.starts()
    walks(town, clock)
    assert all(is_signed(each, old.secret) and is_signed(each, new.secret) for each in receiver.calls)

    clock.advance(seconds=OVERLAP.total_seconds())
    assert send_test(town.context, SENDER, NAMES, old.webhook_id, clock()).is_taken
    last = receiver.calls[-1]
    assert last.event["type"] == "nl.voorbeeldstad.regie.webhook-getest"
    assert is_signed(last, new.secret)
    assert not is_signed(last, old.secret)


def chance_from(word: str) -> Any:
    numbers = count(1)
    return lambda length: hashlib.shake_128(f"{word}{next(numbers)}".encode()).digest(length)


def test_a_paused_webhook_gets_nothing_and_loses_nothing(town: Town, receiver: Receiver, clock: VirtualClock) -> None:
    new = listens(town, receiver.url(), kinds=["stap-afgerond"])
    traject_id = town.starts()
    keep_webhooks.pause(town.context, new.webhook_id, by="account:1", now=clock())
    town.finishes(traject_id, "a")

    assert walks(town, clock) == (0, 0)
    assert webhook(town).status is WebhookStatus.PAUSED
    assert keep_webhooks.resume(town.context, new.webhook_id, by="account:1", now=clock()) == 1
    assert walks(town, clock) == (1, 0)


def test_a_removed_webhook_is_forgotten_and_what_waited_is_withdrawn(
    town: Town, receiver: Receiver, clock: VirtualClock
) -> None:
    new = listens(town, receiver.url())
    traject_id = town.starts()

    assert keep_webhooks.remove(town.context, new.webhook_id, by="account:1", now=clock()) == 2
    town.finishes(traject_id, "a")

    assert walks(town, clock) == (0, 0)
    with read_scope(town.engine) as session:
        assert list_webhooks(session) == ()
        assert {each.status for each in list_events(session, new.webhook_id)} == {EventStatus.WITHDRAWN}
        assert [each.what.value for each in list_access(session)][:2] == ["webhook-removed", "webhook-added"]
        with pytest.raises(NotFound, match="no webhook"):
            get_webhook(session, new.webhook_id)
    with town.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT address_sealed, secret_sealed, old_sealed FROM webhook").one()
    assert tuple(kept) == ("", "", "")


def test_with_another_key_nothing_is_sent_and_the_log_says_why(
    town: Town, receiver: Receiver, clock: VirtualClock
) -> None:
    listens(town, receiver.url(), kinds=["stap-afgerond"])
    town.finishes(town.starts(), "a")
    object.__setattr__(town.context, "audit_key", b"another key, of thirty-two signs")

    assert walks(town, clock) == (0, 1)
    assert receiver.calls == []
    assert "cannot be read with the key" in webhook(town).last_detail


def test_two_walks_at_once_send_each_event_once(town: Town, receiver: Receiver, clock: VirtualClock) -> None:
    listens(town, receiver.url())
    for number in range(5):
        town.starts(f"locatie-{number}")
    crowd = [threading.Thread(target=walks, args=(town, clock)) for _ in range(3)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join(PATIENCE_SECONDS)
    while walks(town, clock) != (0, 0):
        pass

    ids = [each.event["id"] for each in receiver.calls]
    assert len(ids) == len(set(ids)) == 10
    assert webhook(town).counts == {EventStatus.SENT: 10}
