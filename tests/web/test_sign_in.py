"""Sign in and out on pages: by code, link and password; what goes wrong says nothing, and a GET changes nothing."""

from __future__ import annotations

import re

import pytest
from fastapi import APIRouter
from sqlalchemy import Engine, select
from starlette.responses import Response
from starlette.testclient import TestClient

from regie import doorbell
from regie.actions import sign_in as door
from regie.actions.context import Context
from regie.clock import VirtualClock
from regie.core.permissions import Permission, Right, Role, require
from regie.settings import Settings
from regie.store import accounts
from regie.store.access_log import What, list_access
from regie.store.hashes import ScryptCost
from regie.store.partners import save_person
from regie.store.session import in_transaction, read_scope
from regie.store.tables import message, signed_in
from regie.web.deps import ActorNow
from tests.web.conftest import NOW, SAME_ORIGIN, Browse, texts_of, token_on
from tests.web.signed_in import KEY, SESSION, codes, dump, newest_code, send, sign_in

ANNA, NOBODY = "anna@ggd.voorbeeld.nl", "niemand@ggd.voorbeeld.nl"
GOOD = "een zin van vier woorden"
CHEAP = ScryptCost(log_n=4, r=1, p=1)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard: list[str] = []

    def ring(settings: Settings, *, reason: str) -> bool:
        heard.append(reason)
        return True

    monkeypatch.setattr(doorbell, "ring", ring)
    return heard


@pytest.fixture
def town(sqlite_engine: Engine, rung: list[str]) -> Engine:
    """A database with Anna, and a local account."""

    def move_in(session):  # type: ignore[no-untyped-def]
        save_person(session, name="Anna", email=ANNA, language="en", organisation="GGD")
        own = accounts.add_account(session, name="nood", by="test", now=NOW)
        accounts.give_right(session, own, Right(Role.LEAD), "test", NOW)
        accounts.set_password(session, own, GOOD, b"zout" * 4, "test", NOW, CHEAP)

    in_transaction(sqlite_engine, move_in)
    return sqlite_engine


def who(browser: TestClient) -> str:
    """Whom the header of a page calls signed in."""
    found = re.search(r'class="regie-reader">[^<]* (\w+)<', browser.get("/").text)
    return found[1] if found else ""


def set_cookies(answer: object, name: str) -> list[str]:
    return [each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{name}=")]  # type: ignore[attr-defined]


def test_partner_signs_in_with_the_code_and_out_again(browse: Browse, town: Engine, rung: list[str]) -> None:
    browser = browse()

    asked = send(browser, "/aanmelden", {"email": f" {ANNA.upper()} "})
    entered = send(browser, "/aanmelden/code", {"code": newest_code(town)})

    assert (asked.status_code, asked.headers["location"]) == (303, "/aanmelden/code")
    assert rung == ["doorbell"]
    assert (entered.status_code, entered.headers["location"]) == (303, "/mijn-stappen")
    (cookie,) = set_cookies(entered, SESSION)
    assert re.fullmatch(rf"{SESSION}=[\w-]{{43}}; HttpOnly; Path=/; SameSite=lax; Secure", cookie)
    assert who(browser) == "Anna"
    session_id = browser.cookies[SESSION]

    out = send(browser, "/afmelden", on="/")

    assert out.headers["location"] == "/aanmelden?afgemeld=ja"
    assert "Max-Age=0" in set_cookies(out, SESSION)[0]
    assert who(browser) == ""
    browser.cookies.set(SESSION, session_id)
    assert who(browser) == ""
    assert browser.get("/mijn-stappen").headers["location"] == "/aanmelden?verder=%2Fmijn-stappen"


def test_known_and_unknown_address_get_the_same_answer(browse: Browse, town: Engine, rung: list[str]) -> None:
    pages = []
    for address in (ANNA, NOBODY):
        browser = browse()
        answer = send(browser, "/aanmelden", {"email": address})
        page = browser.get(answer.headers["location"])
        pages.append((answer.status_code, answer.headers["location"], sans_tokens(page.text)))

    assert pages[0] == pages[1]
    assert rung == ["doorbell", "doorbell"]
    with read_scope(town) as session:
        assert len(session.connection().execute(select(message)).all()) == 1


def sans_tokens(page: str) -> str:
    return re.sub(r'name="form_token" value="[^"]+"', "", page)


def test_at_most_three_mails_an_hour_and_the_answer_stays_the_same(browse: Browse, town: Engine) -> None:
    browser = browse()
    answers = {send(browser, "/aanmelden", {"email": ANNA}).headers["location"] for _ in range(6)}

    assert answers == {"/aanmelden/code"}
    with read_scope(town) as session:
        assert len(session.connection().execute(select(message)).all()) == 3


@pytest.mark.parametrize("address", ["", "anna", "a@b", "anna@ggd.nl\r\nBcc: x@y.nl"])
def test_what_is_no_address_is_said_at_its_field(browse: Browse, town: Engine, address: str) -> None:
    answer = send(browse(), "/aanmelden", {"email": address})

    assert answer.status_code == 422
    assert 'id="email-fout"' in answer.text  # type: ignore[attr-defined]
    assert codes(town) == []


def test_code_works_once_in_time_and_in_the_browser_that_asked(
    browse: Browse, town: Engine, clock: VirtualClock
) -> None:
    browser, other = browse(), browse()
    send(browser, "/taal", {"taal": "nl"}, on="/")
    send(browser, "/aanmelden", {"email": ANNA})
    code = newest_code(town)

    stolen = send(other, "/aanmelden/code", {"code": code})
    first = send(browser, "/aanmelden/code", {"code": f"{code[:4]} {code[4:]}"})
    browser.cookies.delete(SESSION)
    again = send(browser, "/aanmelden/code", {"code": code})
    clock.advance(minutes=1)
    send(browser, "/aanmelden", {"email": ANNA})
    late_code = next(each for each in codes(town) if each != code)
    clock.advance(minutes=10)
    late = send(browser, "/aanmelden/code", {"code": late_code})

    assert first.status_code == 303
    assert [each.status_code for each in (stolen, again, late)] == [422, 422, 422]
    texts = {sans_tokens(each.text) for each in (stolen, again, late)}  # type: ignore[attr-defined]
    assert len({re.search(r'id="code-fout">.*?</div>', each, re.DOTALL)[0] for each in texts}) == 1  # type: ignore[index]
    with read_scope(town) as session:
        assert len(session.connection().execute(select(signed_in)).all()) == 1


def test_after_five_wrong_codes_the_right_one_is_refused_too(browse: Browse, town: Engine) -> None:
    browser = browse()
    send(browser, "/aanmelden", {"email": ANNA})
    right = newest_code(town)
    wrong = "".join(str((int(each) + 1) % 10) for each in right)

    answers = [send(browser, "/aanmelden/code", {"code": each}) for each in (*[wrong] * 5, right)]

    assert [each.status_code for each in answers] == [422] * 6
    assert who(browser) == ""


def test_session_of_before_is_replaced_and_nobody_can_choose_its_id(browse: Browse, town: Engine) -> None:
    browser = browse()
    browser.cookies.set(SESSION, "vooraf-gekozen")
    sign_in(browser, town, ANNA)
    values = [each.value for each in browser.cookies.jar if each.name == SESSION]
    first = next(each for each in values if each != "vooraf-gekozen")
    browser.cookies.clear()
    browser.cookies.set(SESSION, first)

    sign_in(browser, town, ANNA)

    with read_scope(town) as session:
        rows = session.connection().execute(select(signed_in.c.id_hash, signed_in.c.revoked_at)).all()
    assert len(rows) == 2
    assert len([row for row in rows if row.revoked_at is None]) == 1
    browser.cookies.clear()
    for old in (first, "vooraf-gekozen"):
        browser.cookies.set(SESSION, old)
        assert who(browser) == ""


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/mijn-stappen/voorkeuren?a=b", "/mijn-stappen/voorkeuren?a=b"),
        ("https://elders.nl/", "/mijn-stappen"),
        ("//elders.nl", "/mijn-stappen"),
        ("/\\elders.nl", "/mijn-stappen"),
        ("javascript:alert(1)", "/mijn-stappen"),
        ("/a\r\nSet-Cookie: x=y", "/mijn-stappen"),
    ],
)
def test_reader_is_led_on_to_own_pages_only(browse: Browse, town: Engine, wanted: str, led_to: str) -> None:
    browser = browse()
    asked = send(browser, "/aanmelden", {"email": ANNA, "verder": wanted})
    page = browser.get(asked.headers["location"]).text

    entered = browser.post(
        "/aanmelden/code",
        data={
            "form_token": token_on(page, "/aanmelden/code"), "code": newest_code(town), "verder": wanted,
        },
        headers=SAME_ORIGIN,
    )  # fmt: skip

    assert entered.headers["location"] == led_to
    kept = re.search(r'name="verder" value="([^"]*)"', page)
    assert kept is not None
    assert kept[1] == (wanted if led_to == wanted else "")


def test_session_ends_after_half_an_hour_without_use_and_after_twelve_hours_of_use(
    browse: Browse, town: Engine, clock: VirtualClock
) -> None:
    browser = browse()
    sign_in(browser, town, ANNA)
    clock.advance(minutes=29)
    assert who(browser) == "Anna"
    clock.advance(minutes=30)
    assert who(browser) == ""

    sign_in(browser, town, ANNA)
    for _ in range(24):
        clock.advance(minutes=29, seconds=30)
        assert who(browser) == "Anna"
    clock.advance(minutes=20)
    assert who(browser) == ""


def test_language_that_was_chosen_is_kept_and_else_that_of_the_person_begins(browse: Browse, town: Engine) -> None:
    chose, silent = browse(), browse()
    send(chose, "/taal", {"taal": "nl"}, on="/")

    kept, new = sign_in(chose, town, ANNA), sign_in(silent, town, ANNA)

    assert set_cookies(kept, "__Host-regie-language") == []
    assert set_cookies(new, "__Host-regie-language")[0].startswith("__Host-regie-language=en; HttpOnly;")
    assert 'lang="nl"' in chose.get("/").text[:300]
    assert 'lang="en"' in silent.get("/").text[:300]


# --- staff -------------------------------------------------------------------------------------------


def test_local_account_signs_in_and_a_wrong_name_sounds_like_a_wrong_password(browse: Browse, town: Engine) -> None:
    browser = browse()
    wrong = send(browser, "/aanmelden/medewerker", {"naam": "nood", "wachtwoord": "iets anders dan dat"})
    nobody = send(browser, "/aanmelden/medewerker", {"naam": "iemand", "wachtwoord": "iets anders dan dat"})
    right = send(browser, "/aanmelden/medewerker", {"naam": "nood", "wachtwoord": GOOD})

    assert (wrong.status_code, nobody.status_code) == (422, 422)
    assert sans_tokens(wrong.text).replace("nood", "iemand") == sans_tokens(nobody.text)  # type: ignore[attr-defined]
    assert "iets anders" not in wrong.text  # type: ignore[attr-defined]
    assert right.headers["location"] == "/"
    assert who(browser) == "nood"


def test_account_is_no_partner_and_a_partner_sees_nothing_of_staff(browse: Browse, town: Engine) -> None:
    router = APIRouter()

    @router.get("/trajecten-proef/{number}")
    def show(number: int, actor: ActorNow) -> Response:
        require(actor, Permission.SEE_TRAJECT, traject_id=number)
        return Response("alles")

    @router.get("/beheer-proef")
    def manage(actor: ActorNow) -> Response:
        require(actor, Permission.MANAGE_PARTNERS)
        return Response("alles")

    staff, partner = browse(router), browse(router)
    send(staff, "/aanmelden/medewerker", {"naam": "nood", "wachtwoord": GOOD})
    sign_in(partner, town, ANNA)

    assert staff.get("/trajecten-proef/1").text == "alles"
    assert partner.get("/trajecten-proef/1").status_code == 404
    assert partner.get("/beheer-proef").status_code == 403
    refused = staff.get("/mijn-stappen")
    assert refused.status_code == 403
    assert texts_of(refused.text, "h1") == ["Dit mag niet vanaf deze pagina"]
    with read_scope(town) as session:
        assert [each.about for each in list_access(session, what=What.NOT_ALLOWED)] == ["see-own-step"]


def owner_address(town: Engine, **settings: object) -> str:
    context = Context.on(town, KEY)
    chosen = Settings(**{"base_url": "http://127.0.0.1:8080", **settings})  # type: ignore[arg-type]
    return door.owner_link(context, chosen, "cli:test", NOW)


def test_owner_link_shows_a_button_and_signs_in_once(browse: Browse, town: Engine) -> None:
    path = owner_address(town).removeprefix("http://127.0.0.1:8080")
    browser, other = browse(), browse()
    before = dump(town)
    for _ in range(3):
        assert other.get(path).status_code == 200
        assert other.head(path).status_code == 200
    assert dump(town) == before

    first, second = send(browser, path), send(other, path)

    assert first.headers["location"] == "/"
    assert who(browser) == door.OWNER
    assert second.status_code == 422
    assert "Deze link opent niets meer." in second.text  # type: ignore[attr-defined]
    assert who(other) == ""


def test_owner_link_ends_after_ten_minutes(browse: Browse, town: Engine, clock: VirtualClock) -> None:
    path = owner_address(town).removeprefix("http://127.0.0.1:8080")
    clock.advance(minutes=10, seconds=1)

    assert send(browse(), path).status_code == 422


# --- limits ------------------------------------------------------------------------------------------


def test_sixty_tries_in_ten_minutes_from_one_address_by_all_processes_together(
    browse: Browse, town: Engine, clock: VirtualClock
) -> None:
    one, two = browse(), browse()  # two applications on one database
    answers = [send(each, "/aanmelden", {"email": NOBODY}) for each in (one, two) * (door.TRIES_PER_CLIENT // 2)]

    refused = send(two, "/aanmelden", {"email": ANNA})
    others = [
        send(one, "/aanmelden/code", {"code": "1"}),
        send(one, "/aanmelden/medewerker", {"naam": "nood", "wachtwoord": GOOD}),
    ]
    elsewhere = TestClient(
        one.app, base_url=str(one.base_url), follow_redirects=False, client=("198.51.100.7", 1)
    )  # fmt: skip

    assert {each.status_code for each in answers} == {303}
    assert [each.status_code for each in (refused, *others)] == [429] * 3
    assert refused.headers["Retry-After"] == "600"
    assert texts_of(refused.text, "h1") == ["Dit was te vaak achter elkaar"]  # type: ignore[attr-defined]
    assert send(elsewhere, "/aanmelden", {"email": ANNA}).status_code == 303
    with read_scope(town) as session:
        tried = list_access(session, what=What.SIGN_IN_TRIED, limit=500)
    assert len(tried) == door.TRIES_PER_CLIENT + 2  # those that came in, the first that did not, and the other address
    assert "198.51" not in repr(tried)
    clock.advance(minutes=10, seconds=1)
    assert send(one, "/aanmelden", {"email": ANNA}).status_code == 303


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:198.51.100.7", "198.51.100.7", True),
        ("198.51.100.7", "198.51.100.8", False),
    ],
)
def test_addresses_of_one_network_count_together(town: Engine, one: str, other: str, is_same: bool) -> None:
    context = Context.on(town, KEY)
    door.admit(context, one, NOW)
    door.admit(context, other, NOW)

    with read_scope(town) as session:
        found = {each.about for each in list_access(session, what=What.SIGN_IN_TRIED)}
    assert (len(found) == 1) is is_same


# --- nothing by accident -------------------------------------------------------------------------------


def test_opening_pages_changes_nothing(browse: Browse, town: Engine) -> None:
    browser = browse()
    sign_in(browser, town, ANNA)
    stranger = browse()
    before = dump(town)

    for reader in (browser, stranger):
        for path in (
            "/", "/aanmelden", "/aanmelden/code", "/aanmelden/medewerker", "/aanmelden/eenmalig/abc", "/mijn-stappen",
            "/mijn-stappen/voorkeuren", "/afmelden", "/mijn-stappen/open", "/mijn-stappen?deel=komt&blad=3",
        ):  # fmt: skip
            assert reader.get(path).status_code in (200, 303, 405), path
            reader.head(path)

    assert dump(town) == before


def test_page_of_the_guard_asks_no_database_who_reads_it(browse: Browse, town: Engine) -> None:
    browser = browse()
    sign_in(browser, town, ANNA)

    refused = browser.post("/afmelden", data={}, headers=SAME_ORIGIN)

    assert refused.status_code == 403
    assert "regie-reader" not in refused.text
    assert 'href="/aanmelden"' not in refused.text
    assert who(browser) == "Anna"
