"""The feed as a calendar program gets it, and the page where a partner makes, renews and ends it."""

from __future__ import annotations

import logging
import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from regie.actions.apply_event import apply_event
from regie.actions.keep_agenda import make_agenda
from regie.core.events import DatePromised
from regie.core.ids import RoleId
from regie.store.access_log import What, list_access
from regie.store.accounts import add_account
from regie.store.partners import erase_person
from regie.store.session import in_transaction, read_scope
from regie.store.sessions import open_session
from regie.web.routes.agenda import PAGE
from tests.store.world import OPENING, OPENING_ANCHOR, Watched, World
from tests.support import builders as b
from tests.support.agendas import context_of, read_ics
from tests.web.conftest import BASE, NOW, SAME_ORIGIN, Browse, token_on

PROMISED = date(2027, 6, 10)
NAME = "ADVIES - Opvang De Wilg"


@pytest.fixture
def world(engine: Engine) -> World:
    """On both databases: a traject with one step of ``other``."""
    step = b.step("advies", due="5wd before opening", responsible=RoleId("other"))
    found = World(engine, b.definition(step, anchors=OPENING_ANCHOR))
    found.starts(targets={"opening": OPENING})
    return found


@pytest.fixture
def visitor(world: World, browse: Browse) -> TestClient:
    found = browse(engine=world.engine)
    shelf = found.app.state.shell.context.shelf  # type: ignore[attr-defined]
    shelf.put(world.definition)
    return found


@pytest.fixture
def feed(world: World) -> str:
    """The path of the feed of ``other``."""
    return f"/agenda/{make_agenda(context_of(world), world.people['other'], NOW).token}.ics"


def sign_in(world: World, visitor: TestClient, **whose: Any) -> None:
    whose = whose or {"person_id": world.people["other"]}
    own = in_transaction(world.engine, lambda session: open_session(session, NOW, lambda: "s" * 43, **whose))
    visitor.cookies.set("__Host-regie-session", own)


def press(visitor: TestClient, what: str) -> Any:
    """Press a button on the page, and follow to where that leads."""
    path = f"{PAGE}/{what}"
    sent = visitor.post(path, data={"form_token": token_on(visitor.get(PAGE).text, path)}, headers=SAME_ORIGIN)
    assert sent.status_code == 303
    return visitor.get(sent.headers["location"])


def address_on(page: str) -> str:
    found = re.search(rf'value="{re.escape(BASE)}(/agenda/[a-z2-7]{{32}}\.ics)"', page)
    assert found is not None
    return found[1]


# --- the feed ----------------------------------------------------------------------------------------


def test_feed_is_a_calendar_without_cookie_that_only_its_reader_may_keep(visitor: TestClient, feed: str) -> None:
    answer = visitor.get(feed)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "private, max-age=900"
    assert "set-cookie" not in answer.headers
    assert set(read_ics(answer.content)) == {NAME}


def test_who_has_the_newest_version_gets_no_other_until_something_changes(
    world: World, visitor: TestClient, feed: str
) -> None:
    etag = visitor.get(feed).headers["ETag"]

    for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        same = visitor.get(feed, headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
        assert "set-cookie" not in same.headers
    assert visitor.get(feed, headers={"If-None-Match": '"x"'}).status_code == 200
    promised = DatePromised(key=b.key("advies"), on=PROMISED, by="p4")
    apply_event(context_of(world), 1, promised, NOW)
    new = visitor.get(feed, headers={"If-None-Match": etag})
    assert (new.status_code, read_ics(new.content)[NAME].on) == (200, PROMISED)


def test_head_says_the_same_without_the_feed(visitor: TestClient, feed: str) -> None:
    got, head = visitor.get(feed), visitor.head(feed)

    assert (head.status_code, head.content) == (200, b"")
    assert {name: head.headers[name] for name in ("ETag", "Content-Type", "Content-Length")} == {
        name: got.headers[name] for name in ("ETag", "Content-Type", "Content-Length")
    }


def test_only_the_exact_address_opens_and_no_other_tells_why(world: World, visitor: TestClient, feed: str) -> None:
    token = feed.removeprefix("/agenda/").removesuffix(".ics")
    old = feed
    make_agenda(context_of(world), world.people["other"], NOW, renew=True)
    wrong = [
        old,
        "/agenda/x.ics",
        f"/agenda/{token[:-1]}.ics",
        f"/agenda/{'a' * 5000}.ics",
        "/agenda/%00.ics",
        "/agenda/é.ics",
    ]

    answers = [visitor.get(path) for path in wrong]

    assert {(each.status_code, each.text, each.headers.get("set-cookie")) for each in answers} == {
        (404, "Niet gevonden. / Not found.\n", None)
    }


def test_wrong_token_costs_the_same_whatever_is_wrong_with_it(world: World, visitor: TestClient, feed: str) -> None:
    make_agenda(context_of(world), world.people["other"], NOW, renew=True)
    wrong = {"ended": feed, "unknown": f"/agenda/{'a' * 32}.ics", "cut": "/agenda/a.ics"}
    statements = {}

    for name, path in wrong.items():
        with Watched(world.engine) as watched:
            visitor.get(path)
        statements[name] = [statement for statement, _ in watched.reads]

    assert statements["ended"] == statements["unknown"] == statements["cut"]
    assert len(statements["ended"]) == 1


def test_feed_of_who_was_erased_is_gone_at_once(world: World, visitor: TestClient, feed: str) -> None:
    in_transaction(world.engine, lambda session: erase_person(session, world.people["other"], NOW))

    assert visitor.get(feed).status_code == 404


def test_no_log_tells_the_token(
    world: World, visitor: TestClient, feed: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a good one, a wrong one, and one on which something breaks; at the lowest level, in all that Regie logs."""
    token = feed.removeprefix("/agenda/").removesuffix(".ics")
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # that is the browser of the test
    visitor.get(feed)
    visitor.get(f"/agenda/{token}x.ics")
    monkeypatch.setattr("regie.web.routes.agenda.load_agenda", lambda *_: 1 / 0)
    broken = visitor.get(feed)

    assert broken.status_code == 500
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("regie"))
    assert said.count('"route": "/agenda/{token}.ics"') == 3
    assert token not in "\n".join(f"{record.getMessage()}{record.__dict__}" for record in caplog.records)


def test_reading_changes_nothing_in_the_database(world: World, visitor: TestClient, feed: str) -> None:
    before = world.everything()

    with Watched(world.engine) as watched:
        bodies = {visitor.get(feed).content for _ in range(100)}

    assert len(bodies) == 1
    assert watched.writes == {}
    assert world.everything() == before


# --- the page ----------------------------------------------------------------------------------------


def test_page_asks_who_is_not_signed_in_to_sign_in_and_come_back(visitor: TestClient) -> None:
    answer = visitor.get(PAGE)

    assert (answer.status_code, answer.headers["location"]) == (303, "/aanmelden?verder=%2Fmijn-stappen%2Fagenda")


def test_partner_makes_renews_and_stops_a_feed(world: World, visitor: TestClient) -> None:
    sign_in(world, visitor)
    assert "/agenda/" not in visitor.get(PAGE).text.replace(PAGE, "").replace("mijn-stappen/agenda", "")

    made = press(visitor, "maak").text
    first = address_on(made)
    assert "Het adres is gemaakt" in made
    assert "Outlook haalt zo'n agenda zelden op" in made
    assert set(read_ics(visitor.get(first).content)) == {NAME}
    assert address_on(visitor.get(PAGE).text) == first

    renewed = press(visitor, "vernieuw").text
    second = address_on(renewed)
    assert "U hebt een nieuw adres" in renewed
    assert (visitor.get(first).status_code, visitor.get(second).status_code) == (404, 200)

    stopped = press(visitor, "stop").text
    assert "Het adres werkt niet meer" in stopped
    assert visitor.get(second).status_code == 404
    assert token_on(stopped, f"{PAGE}/maak")


def test_page_is_there_in_english(world: World, visitor: TestClient) -> None:
    sign_in(world, visitor)
    press(visitor, "maak")

    page = visitor.get(f"{PAGE}?taal=en").text

    assert "Your steps in your calendar" in page
    assert "Outlook rarely fetches such a calendar" in page


def test_looking_at_the_page_makes_no_feed(world: World, visitor: TestClient) -> None:
    sign_in(world, visitor)
    before = world.rows("feed")

    visitor.get(f"{PAGE}?stand=gemaakt")

    assert world.rows("feed") == before == []
    assert "Het adres is gemaakt" not in visitor.get(f"{PAGE}?stand=gemaakt").text


def test_page_holds_nothing_that_the_policy_blocks(world: World, visitor: TestClient) -> None:
    sign_in(world, visitor)
    page = press(visitor, "maak").text

    assert not re.search(r"<[^>]+\s(?:style|on\w+)=", page)
    links = re.findall(r'(?:href|src|action)="([^"]*)"', page)
    (webcal,) = [each for each in links if not each.startswith(("/", "#"))]
    assert re.fullmatch(r"webcal://regie\.voorbeeldstad\.nl/agenda/[a-z2-7]{32}\.ics", webcal)


def test_account_of_the_municipality_has_no_such_page_and_that_it_tried_is_noted(
    world: World, visitor: TestClient
) -> None:
    account = in_transaction(world.engine, lambda session: add_account(session, name="anna", by="cli:x", now=NOW))
    sign_in(world, visitor, account_id=account)

    answer = visitor.get(PAGE)

    assert answer.status_code in (403, 422)  # by the table of web/errors.py
    with read_scope(world.engine) as session:
        (noted,) = list_access(session, what=What.NOT_ALLOWED)
    assert (noted.who, noted.about) == (f"account:{account}", "see-own-step")
