"""Asking for a fresh link: the same for every address, and the mail goes to the address on file."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.core.events import StepFinished
from regie.core.ids import RoleId
from regie.core.lines import Urgency
from regie.notify.sender import FolderSender
from regie.store.fresh_links import MOST_PER_HOUR, ask_fresh_link, queue_fresh_links
from regie.store.links import EXPIRES_AFTER, Link, LinkEnd, find_link, revoke_link
from regie.store.partners import erase_person, unbind_role
from regie.store.session import in_transaction, read_scope
from tests.store.test_links import S1, SECRET, Mailroom, tokens
from tests.store.world import KEY, MONDAY, Watched, World
from tests.support import builders as b

NOW = b.at(MONDAY)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
NUMBERS = itertools.count(1)


@pytest.fixture
def world(engine: Engine) -> World:
    found = World(engine, b.definition(b.step("s1", "2wd"), b.step("s2", "2wd"), b.step("s3", "2wd", ["s2"])))
    found.starts()
    return found


@pytest.fixture
def token(world: World) -> str:
    return tokens(Mailroom(world).letters(NOW)["maker"])["s1"]


def look(world: World, token: str, now: datetime) -> Link:
    with read_scope(world.engine) as session:
        found = find_link(session, token, now, secret=SECRET)
    assert found is not None
    return found


def asks(world: World, asked: Link | str, now: datetime) -> None:
    in_transaction(world.engine, lambda session: ask_fresh_link(session, asked, now, secret=SECRET))


def answers(world: World, now: datetime) -> int:
    return in_transaction(
        world.engine,
        lambda session: queue_fresh_links(session, world.shelf, now, ids=lambda: f"fresh-{next(NUMBERS)}"),
    )


def links_in(world: World, now: datetime) -> Iterator[tuple[str, dict[str, str]]]:
    for role, letter in Mailroom(world).letters(now).items():
        yield role, tokens(letter)


def test_an_expired_link_is_followed_by_one_for_the_same_step(world: World, token: str) -> None:
    later = NOW + EXPIRES_AFTER + DAY
    ended = look(world, token, later)
    assert ended.ended is LinkEnd.EXPIRED

    asks(world, ended, later)
    assert answers(world, later) == 1
    ((role, fresh),) = links_in(world, later)

    assert role == "maker"
    assert list(fresh) == ["s1"]
    assert fresh["s1"] != token
    assert look(world, fresh["s1"], later).is_live
    assert {row["urgency"] for row in world.rows("message")} == {Urgency.OFFICE_HOURS.value, Urgency.AT_ONCE.value}


def test_an_address_gets_all_that_it_may_act_on_in_one_message(world: World, token: str) -> None:
    asks(world, "  MAKER@voorbeeld.nl ", NOW + DAY)

    assert answers(world, NOW + DAY) == 1
    ((role, fresh),) = links_in(world, NOW + DAY)
    assert role == "maker"
    assert set(fresh) == {"s1", "s2"}
    assert fresh["s1"] == token  # it still works


def test_who_asked_with_a_revoked_link_gets_another_at_the_address_on_file(world: World, token: str) -> None:
    in_transaction(world.engine, lambda session: revoke_link(session, 1, NOW, by="p3", reason="doorgestuurd"))

    asks(world, look(world, token, NOW), NOW)
    answers(world, NOW)

    ((role, fresh),) = links_in(world, NOW)
    assert role == "maker"
    assert fresh["s1"] != token


def test_what_is_over_or_of_somebody_else_now_gives_no_mail(world: World, token: str) -> None:
    link = look(world, token, NOW)
    asks(world, link, NOW)
    world.happens(1, StepFinished(cycle=1, key=S1, by="p1"), NOW)
    assert answers(world, NOW) == 0

    maker = world.people["maker"]
    in_transaction(world.engine, lambda session: unbind_role(session, RoleId("maker"), maker))
    asks(world, "maker@voorbeeld.nl", NOW)
    assert answers(world, NOW) == 0


def test_a_known_and_an_unknown_address_cost_the_same(world: World, token: str) -> None:
    costs = []
    for asked in ("maker@voorbeeld.nl", "niemand@voorbeeld.nl", "", "x" * 10_000, "a\x00b", "\ud800"):
        with Watched(world.engine) as watched:
            asks(world, asked, NOW)
        costs.append((tuple(statement for statement, _ in watched.reads), watched.writes))

    assert all(each == costs[0] for each in costs)
    assert costs[0][1] == {"insert link_request": 1}


def test_nothing_that_a_stranger_typed_is_kept(world: World) -> None:
    asks(world, "niemand@voorbeeld.nl", NOW)

    assert "niemand" not in repr(world.everything())


@pytest.mark.usefixtures("token")
def test_an_address_gets_three_mails_an_hour_and_no_more(world: World) -> None:
    sent = 0
    for number in range(200):
        now = NOW + number * 20 * MINUTE / 10
        asks(world, "maker@voorbeeld.nl", now)
        answers(world, now)
        sent += len(list(links_in(world, now)))

    hours = 200 * 2 / 60
    assert MOST_PER_HOUR <= sent <= MOST_PER_HOUR * (int(hours) + 1)
    times = sorted(row["sent_at"] for row in world.rows("message") if row["id"].startswith("fresh"))
    assert all(late - early >= timedelta(hours=1) for early, late in zip(times, times[MOST_PER_HOUR:], strict=False))


@pytest.mark.usefixtures("token")
def test_a_link_and_its_address_share_their_three(world: World, token: str) -> None:
    for _ in range(2):
        asks(world, look(world, token, NOW), NOW)
        asks(world, "maker@voorbeeld.nl", NOW)

    assert len(world.rows("link_request")) == MOST_PER_HOUR


@pytest.mark.usefixtures("token")
def test_answering_twice_sends_one_mail_and_without_requests_writes_nothing(world: World) -> None:
    asks(world, "maker@voorbeeld.nl", NOW)
    assert (answers(world, NOW), answers(world, NOW)) == (1, 0)

    with Watched(world.engine) as watched:
        answers(world, NOW)
    assert watched.writes == {}


@pytest.mark.usefixtures("token")
def test_old_requests_are_forgotten(world: World) -> None:
    asks(world, "maker@voorbeeld.nl", NOW)
    answers(world, NOW)
    asks(world, "niemand@voorbeeld.nl", NOW + 2 * DAY)
    answers(world, NOW + 2 * DAY)

    assert [row["asked_at"] for row in world.rows("link_request")] == [NOW + 2 * DAY]


@pytest.mark.usefixtures("token")
def test_who_was_erased_gets_nothing(world: World) -> None:
    asks(world, "maker@voorbeeld.nl", NOW)
    in_transaction(world.engine, lambda session: erase_person(session, world.people["maker"], NOW))

    assert answers(world, NOW) == 0
    assert world.rows("link_request") == []


def test_the_next_delivery_sends_the_fresh_link(world: World, token: str, tmp_path: Path) -> None:
    asks(world, look(world, token, NOW), NOW)
    context = Context(world.engine, KEY, world.shelf, link_key=SECRET)

    done = deliver(context, FolderSender(tmp_path), lambda: NOW, "test", Postage(base_url="https://regie.example"))

    (letter,) = tmp_path.rglob("*.eml")
    assert done.sent == 1
    assert f"https://regie.example/actie/{token}" in letter.read_text().replace("=\n", "")
