"""The pages about accounts, sessions and keys: who gets in, who stays, and what nobody can do to themselves or another."""

from __future__ import annotations

import re
from html import unescape

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from regie.core.permissions import EVERY_TRAJECT, MAY, STAFF_ROLES, Right, Role, Scope
from regie.store.accounts import (
    disable_account,
    get_account,
    give_right,
    set_password,
    sign_in_from_provider,
    token_actor,
)
from regie.store.session import in_transaction, read_scope
from regie.store.sessions import open_session
from regie.web.routes.admin import AREAS
from tests.store.world import World, at_once
from tests.web.admin_world import Enter, enter, noted, refusals, world
from tests.web.conftest import NOW, SAME_ORIGIN, Browse, token_on
from tests.web.signed_in import SESSION, send, sign_in
from tests.web.test_security import app_of, flat

__all__ = ["enter", "world"]

ADMINISTRATOR = Right(Role.ADMINISTRATOR)
ACCOUNTS, SESSIONS, TOKENS = "/beheer/accounts", "/beheer/sessies", "/beheer/tokens"


@pytest.fixture
def visitor(enter: Enter) -> TestClient:
    return enter(ADMINISTRATOR, name="ada")


def rights(world: World, number: int) -> frozenset[Right]:
    with read_scope(world.engine) as session:
        return get_account(session, number).rights


def is_open(world: World, number: int) -> bool:
    with read_scope(world.engine) as session:
        return get_account(session, number).disabled_at is None


def number_of(visitor: TestClient) -> int:
    return visitor.account  # type: ignore[attr-defined, no-any-return]


def seen(visitor: TestClient, path: str) -> str:
    return unescape(re.findall(r'name="gezien" value="([^"]*)"', visitor.get(path).text)[-1])


def press(visitor: TestClient, path: str, data: dict[str, object], on: str) -> Response:
    """Send a form of a page, or what somebody forged: with a token of the same session."""
    page = visitor.get(on).text
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token is not None
    return visitor.post(path, data={"form_token": token[1], **data}, headers=SAME_ORIGIN)  # type: ignore[return-value]


# --- who may be here at all ----------------------------------------------------------------------------


def routes(visitor: TestClient) -> list[tuple[str, str]]:
    """Every method and address under ``/beheer`` of this slice, with something for what is open in it."""
    mine = ("partners", "rollen", "accounts", "sessies", "tokens")
    found = [
        (method, re.sub(r"\{person_id\}", "p1", re.sub(r"\{number\}", "1", re.sub(r"\{role\}", "other", each.path))))
        for each in flat(app_of(visitor).routes)
        for method in sorted(each.methods)
        if re.match(rf"/beheer/({'|'.join(mine)})(/|$)", each.path)
    ]
    assert len(found) > 25
    return found


@pytest.mark.parametrize("role", [each for each in STAFF_ROLES if each is not Role.ADMINISTRATOR])
def test_nobody_but_an_administrator_changes_or_sees_more_than_their_right(
    enter: Enter, world: World, role: Role
) -> None:
    other = enter(Right(role))
    permission = {each.path: each.permission for each in AREAS}
    before = {name: rows for name, rows in world.everything().items() if name != "access_log"}

    for method, path in routes(other):
        area = permission["/".join(path.split("/")[:3])]
        open_to_them = (
            method == "GET" and area in MAY[role] and not path.endswith(("nieuw", "inlezen", "wissen", ".csv"))
        )
        answer = other.get(path) if method == "GET" else press(other, path, {}, on="/")
        assert answer.status_code == (200 if open_to_them else 403), (method, path)

    assert {name: rows for name, rows in world.everything().items() if name != "access_log"} == before
    assert {what for what, _ in refusals(world)} == {"not-allowed"}


def test_administrator_of_one_project_administers_nothing(enter: Enter) -> None:
    local = enter(Right(Role.ADMINISTRATOR, 1))

    statuses = {path: local.get(path).status_code for _, path in routes(local) if path.count("/") == 2}

    assert statuses == {
        "/beheer/partners": 200, "/beheer/rollen": 200, ACCOUNTS: 403, SESSIONS: 403, TOKENS: 403,
    }  # fmt: skip


def test_partner_and_stranger_find_no_administration(browse: Browse, world: World) -> None:
    stranger, partner = browse(), browse()
    sign_in(partner, world.engine, "other@voorbeeld.nl")

    for method, path in routes(stranger):
        if method == "GET":
            assert stranger.get(path).headers["location"].startswith("/aanmelden?verder="), path
            assert partner.get(path).status_code == 403, path
        else:
            assert press(partner, path, {}, on="/").status_code == 403, path


# --- accounts ------------------------------------------------------------------------------------------


def test_account_is_made_and_given_a_right_and_all_of_it_is_noted(visitor: TestClient, world: World) -> None:
    form = {"naam": "Petra <b>Bos</b>", "email": "petra@stad.example", "spreektaal": "en"}

    made = send(visitor, f"{ACCOUNTS}/nieuw", form)
    path = made.headers["location"].partition("?")[0]
    own = int(path.rpartition("/")[2])
    given = send(visitor, f"{path}/rechten", {"rol": "lead", "waar": "1", "gezien": seen(visitor, path)}, on=path)

    assert (made.status_code, given.status_code) == (303, 303)
    assert rights(world, own) == {Right(Role.LEAD, 1)}
    page = visitor.get(path).text
    assert "Projectleider, Opvang De Wilg" in page
    assert "<b>Bos" not in page
    by = f"account:{number_of(visitor)}"
    assert noted(world, "account-added")[-1] == (by, f"account:{own}")
    assert noted(world, "right-given")[-1] == (by, f"account:{own} lead 1")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"naam": ""}, "naam"),
        ({"naam": "ADA"}, "naam"),
        ({"email": "x"}, "email"),
        ({"spreektaal": "fr"}, "spreektaal"),
    ],
)
def test_account_that_cannot_be_made_keeps_what_was_typed(
    visitor: TestClient, world: World, wrong: dict[str, str], field: str
) -> None:
    form = {"naam": "nieuw", "email": "nieuw@stad.example", "spreektaal": "nl", **wrong}

    answer = send(visitor, f"{ACCOUNTS}/nieuw", form)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text  # type: ignore[attr-defined]
    assert f'name="email" value="{form["email"]}"' in answer.text  # type: ignore[attr-defined]
    assert len(world.rows("account")) == 1


def test_right_is_taken_and_the_account_closed_and_its_session_ends(enter: Enter, world: World) -> None:
    ada, other = enter(ADMINISTRATOR), enter(Right(Role.LEAD), Right(Role.READER))
    path = f"{ACCOUNTS}/{number_of(other)}"

    take = {"rol": "reader", "waar": "0", "gezien": seen(ada, path)}
    assert send(ada, f"{path}/rechten/weg", take, on=path).status_code == 303
    assert rights(world, number_of(other)) == {Right(Role.LEAD)}
    assert send(ada, f"{path}/sluiten", {"gezien": seen(ada, path)}, on=path).status_code == 303

    assert not is_open(world, number_of(other))
    assert other.get("/trajecten").status_code == 303
    assert "gesloten" in ada.get(ACCOUNTS).text
    assert send(ada, f"{path}/openen", {"gezien": seen(ada, path)}, on=path).status_code == 303
    assert is_open(world, number_of(other))


@pytest.mark.parametrize(
    ("act", "data"),
    [
        ("rechten", {"rol": "lead", "waar": "0"}),
        ("rechten/weg", {"rol": "administrator", "waar": "0"}),
        ("sluiten", {}),
        ("openen", {}),
        ("link", {}),
    ],
)
def test_nobody_raises_or_lowers_themselves(enter: Enter, world: World, act: str, data: dict[str, object]) -> None:
    ada = enter(ADMINISTRATOR, base_url="http://127.0.0.1:8090")
    ada.cookies.set("regie-session", ada.cookies[SESSION])
    enter(ADMINISTRATOR)
    path = f"{ACCOUNTS}/{number_of(ada)}"
    showing = f'["administrator {EVERY_TRAJECT}", "open"]'

    answer = ada.post(
        f"{path}/{act}",
        data={"form_token": token_on(ada.get(path).text, "/afmelden"), "gezien": showing, **data},
        headers={"Origin": "http://127.0.0.1:8090", "Sec-Fetch-Site": "same-origin"},
    )

    assert answer.status_code == 422
    assert "Uw eigen account en rechten verandert u niet zelf." in answer.text
    assert rights(world, number_of(ada)) == {ADMINISTRATOR}
    assert is_open(world, number_of(ada))


def test_last_administrator_stays_also_when_two_take_each_other_away_at_once(enter: Enter, world: World) -> None:
    ada, bob = enter(ADMINISTRATOR), enter(ADMINISTRATOR)
    tries = []
    for one, other in ((ada, bob), (bob, ada)):
        path = f"{ACCOUNTS}/{number_of(other)}"
        page = one.get(path).text
        data = {
            "form_token": token_on(page, f"{path}/sluiten"), "gezien": '["administrator 0", "open"]',
        }  # fmt: skip
        tries.append(lambda one=one, path=path, data=data: one.post(f"{path}/sluiten", data=data, headers=SAME_ORIGIN))

    answers = at_once(tries)

    # the second is signed out by the first, or finds that there is nobody else
    assert sorted(each.status_code for each in answers)[0] == 303
    assert sum(is_open(world, number_of(each)) for each in (ada, bob)) == 1


def test_last_administrator_by_rights_is_told_so(enter: Enter, world: World) -> None:
    """A lead with the right by another way than the page cannot happen; so it is tried on the action itself."""
    from regie.actions import keep_accounts
    from regie.core.permissions import Actor
    from regie.errors import Refused

    only = enter(ADMINISTRATOR)
    closed = enter(ADMINISTRATOR)
    in_transaction(world.engine, lambda session: disable_account(session, number_of(closed), "cli:x", NOW))
    context = only.app.state.shell.context  # type: ignore[attr-defined]
    stranger = Actor("token:9", frozenset({ADMINISTRATOR}))

    for act in (
        lambda: keep_accounts.close_account(context, stranger, number_of(only), ["administrator 0", "open"], NOW),
        lambda: keep_accounts.change_right(
            context, stranger, number_of(only), ADMINISTRATOR, give=False, seen=["administrator 0", "open"], now=NOW
        ),
    ):
        with pytest.raises(Refused, match="last administrator"):
            act()
    assert rights(world, number_of(only)) == {ADMINISTRATOR}
    assert is_open(world, number_of(only))


def test_change_of_another_administrator_is_not_overwritten(enter: Enter, world: World) -> None:
    ada, other = enter(ADMINISTRATOR), enter(Right(Role.READER))
    path = f"{ACCOUNTS}/{number_of(other)}"
    old = seen(ada, path)
    in_transaction(
        world.engine, lambda session: give_right(session, number_of(other), Right(Role.MEMBER), "cli:x", NOW)
    )

    answer = send(ada, f"{path}/rechten", {"rol": "lead", "waar": "1", "gezien": old}, on=path)
    page = answer.text  # type: ignore[attr-defined]

    assert answer.status_code == 409
    assert "Projectlid, alle trajecten" in page
    assert re.search(r'value="lead" checked', page)
    assert re.search(r'value="1" selected', page)
    assert Right(Role.LEAD, 1) not in rights(world, number_of(other))


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"rol": "partner", "waar": "0"}, 422), ({"rol": "", "waar": "0"}, 422), ({"rol": "lead", "waar": "99"}, 422),
        ({"rol": "lead", "waar": "x"}, 422),
    ],
)  # fmt: skip
def test_right_that_there_is_not_is_refused(enter: Enter, world: World, data: dict[str, str], status: int) -> None:
    ada, other = enter(ADMINISTRATOR), enter(Right(Role.READER))
    path = f"{ACCOUNTS}/{number_of(other)}"

    answer = send(ada, f"{path}/rechten", {**data, "gezien": seen(ada, path)}, on=path)

    assert answer.status_code == status
    assert rights(world, number_of(other)) == {Right(Role.READER)}
    assert ada.get(f"{ACCOUNTS}/999").status_code == 404


def test_one_time_link_is_for_a_regie_that_nobody_else_can_reach(enter: Enter, world: World) -> None:
    far, other = enter(ADMINISTRATOR), enter(Right(Role.LEAD))
    path = f"{ACCOUNTS}/{number_of(other)}"

    assert "Maak een link" not in far.get(path).text
    assert press(far, f"{path}/link", {}, on=path).status_code == 422

    near = enter(ADMINISTRATOR, base_url="http://127.0.0.1:8090")
    near.cookies.set("regie-session", near.cookies[SESSION])
    origin = {"Origin": "http://127.0.0.1:8090", "Sec-Fetch-Site": "same-origin"}
    token = token_on(near.get(path).text, f"{path}/link")
    made = near.post(f"{path}/link", data={"form_token": token}, headers=origin)
    (address,) = re.findall(r"http://127\.0\.0\.1:8090(/aanmelden/eenmalig/[\w-]+)", made.text)
    near.cookies.delete("regie-session")
    door = near.get(address).text
    came = near.post(address, data={"form_token": token_on(door, address)}, headers=origin)

    assert came.status_code == 303
    assert noted(world, "sign-in-link") == [(f"account:{number_of(other)}", "")]
    assert noted(world, "link-made")[-1] == (f"account:{number_of(near)}", f"account:{number_of(other)}")


# --- sessions ------------------------------------------------------------------------------------------


def test_one_session_of_somebody_ends_and_then_all(visitor: TestClient, browse: Browse, world: World) -> None:
    first, second, partner = browse(), browse(), browse()
    sign_in(first, world.engine, "other@voorbeeld.nl")
    sign_in(second, world.engine, "other@voorbeeld.nl")
    sign_in(partner, world.engine, "boss@voorbeeld.nl")
    page = visitor.get(SESSIONS).text
    who = f"person:{world.people['other']}"
    numbers = re.findall(rf'name="wie" value="{who}">\s*<input type="hidden" name="sessie" value="(\w+)"', page)

    one = send(visitor, f"{SESSIONS}/beeindigen", {"wie": who, "sessie": numbers[0]}, on=SESSIONS)
    left = [each.get("/mijn-sessies").status_code for each in (first, second)]
    rest = send(visitor, f"{SESSIONS}/beeindigen", {"wie": who}, on=SESSIONS)

    assert len(numbers) == 2
    assert one.headers["location"] == f"{SESSIONS}?gedaan=1"
    assert sorted(left) == [200, 303]
    assert rest.headers["location"] == f"{SESSIONS}?gedaan=1"
    assert [each.get("/mijn-sessies").status_code for each in (first, second, partner)] == [303, 303, 200]
    assert noted(world, "sessions-ended")[0][1] == f"{who} sessions:1"


@pytest.mark.parametrize(
    "data",
    [
        {"wie": "", "sessie": ""},
        {"wie": "account:", "sessie": ""},
        {"wie": "account:1", "sessie": "a"},
        {"wie": "person:%", "sessie": "%" * 12},
    ],
)
def test_number_that_is_none_ends_nothing(visitor: TestClient, world: World, data: dict[str, object]) -> None:
    before = world.rows("session")

    answer = send(visitor, f"{SESSIONS}/beeindigen", data, on=SESSIONS)

    assert answer.headers["location"] == f"{SESSIONS}?gedaan=0"
    assert world.rows("session") == before


def test_everybody_ends_their_own_sessions_and_no_others(enter: Enter, world: World) -> None:
    reader, other = enter(Right(Role.READER)), enter(Right(Role.READER))
    in_transaction(
        world.engine, lambda session: open_session(session, NOW, lambda: "z" * 43, account_id=number_of(reader))
    )
    page = reader.get("/mijn-sessies").text
    (number,) = re.findall(r'name="sessie" value="(\w+)"', page)
    theirs = [row["id_hash"][:12] for row in world.rows("session") if row["account_id"] == number_of(other)]

    own = send(reader, "/mijn-sessies/beeindigen", {"sessie": number}, on="/mijn-sessies")
    foreign = press(reader, "/mijn-sessies/beeindigen", {"sessie": theirs[0]}, on="/mijn-sessies")
    nothing = press(reader, "/mijn-sessies/beeindigen", {"sessie": ""}, on="/mijn-sessies")

    assert own.headers["location"] == "/mijn-sessies?gedaan=1"
    assert (foreign.headers["location"], nothing.headers["location"]) == ("/mijn-sessies?gedaan=0",) * 2
    assert [each.get("/mijn-sessies").status_code for each in (reader, other)] == [200, 200]


def test_own_sessions_are_for_who_is_signed_in(browse: Browse, world: World) -> None:
    assert browse().get("/mijn-sessies").headers["location"] == "/aanmelden?verder=%2Fmijn-sessies"


# --- keys ----------------------------------------------------------------------------------------------


def key_form(visitor: TestClient, **more: object) -> dict[str, object]:
    return {
        "naam": "zaaksysteem", "account": str(number_of(visitor)), "mag": ["read", "partners"], "dagen": "30",
        "gezien": seen(visitor, TOKENS), **more,
    }  # fmt: skip


def test_key_is_shown_once_and_works_until_it_is_revoked(visitor: TestClient, world: World) -> None:
    made = send(visitor, TOKENS, key_form(visitor))
    key = re.search(r'id="sleutel">(regie_[\w-]+)<', made.text)[1]  # type: ignore[attr-defined, index]

    actor = in_transaction(world.engine, lambda session: token_actor(session, key, NOW))
    assert actor is not None
    assert actor.scopes == {Scope.READ, Scope.PARTNERS}
    assert made.headers["cache-control"] == "no-store"
    assert key not in visitor.get(TOKENS).text
    ended = send(visitor, f"{TOKENS}/1/intrekken", on=TOKENS)
    assert ended.status_code == 303
    assert in_transaction(world.engine, lambda session: token_actor(session, key, NOW)) is None
    assert noted(world, "token-revoked") == [(f"account:{number_of(visitor)}", "token:1")]


def test_loading_the_answer_again_makes_no_second_key(visitor: TestClient, world: World) -> None:
    form = key_form(visitor)

    first, again = send(visitor, TOKENS, form), send(visitor, TOKENS, form)

    assert (first.status_code, again.status_code) == (200, 409)
    assert len(world.rows("api_token")) == 1


def test_key_in_the_name_of_somebody_who_signs_in_is_refused(enter: Enter, world: World) -> None:
    ada, petra = enter(ADMINISTRATOR), enter(Right(Role.LEAD), name="petra")
    program = enter(Right(Role.LEAD, 1), name="zaaksysteem")
    in_transaction(
        world.engine, lambda s: set_password(s, number_of(petra), "een zin van vier woorden", b"s" * 16, "cli:x", NOW)
    )

    refused = send(ada, TOKENS, key_form(ada, account=str(number_of(petra))))
    made = send(ada, TOKENS, key_form(ada, account=str(number_of(program))))

    assert refused.status_code == 422
    assert "Dit account is van een ander" in refused.text  # type: ignore[attr-defined]
    assert ">petra</option>" not in ada.get(TOKENS).text
    assert made.status_code == 200
    assert [row["account_id"] for row in world.rows("api_token")] == [number_of(program)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"naam": ""}, "naam"), ({"mag": []}, "mag"), ({"mag": ["alles"]}, "mag"), ({"dagen": "0"}, "dagen"),
        ({"dagen": "366"}, "dagen"), ({"dagen": "veel"}, "dagen"), ({"account": ""}, "account"), ({"account": "77"}, "account"),
    ],
)  # fmt: skip
def test_key_that_cannot_be_made_keeps_what_was_typed(
    visitor: TestClient, world: World, wrong: dict[str, object], field: str
) -> None:
    answer = send(visitor, TOKENS, {**key_form(visitor), "naam": "<i>zaak</i>", **wrong})
    page = answer.text  # type: ignore[attr-defined]

    assert answer.status_code == 422
    assert f'href="#{field}"' in page
    assert "<i>zaak" not in page
    assert ("&lt;i&gt;zaak" in page) == (field != "naam")
    assert world.rows("api_token") == []


def test_pages_say_that_passwords_are_given_on_the_machine_itself(visitor: TestClient) -> None:
    assert "regie account password noodtoegang" in visitor.get(ACCOUNTS).text


def test_closed_account_gets_no_key(enter: Enter, world: World) -> None:
    ada, other = enter(ADMINISTRATOR), enter()
    in_transaction(world.engine, lambda session: disable_account(session, number_of(other), "cli:x", NOW))

    answer = send(ada, TOKENS, key_form(ada, account=str(number_of(other))))

    assert answer.status_code == 422
    assert "Dit account is gesloten." in answer.text  # type: ignore[attr-defined]


def test_right_that_a_group_gives_stays_and_the_page_says_why(visitor: TestClient, world: World) -> None:
    who = {"issuer": "https://sso.example", "subject": "7", "name": "Sam", "email": "", "now": NOW}
    own = in_transaction(
        world.engine, lambda session: sign_in_from_provider(session, rights=[Right(Role.READER)], **who)
    )
    path = f"{ACCOUNTS}/{own}"

    answer = send(
        visitor, f"{path}/rechten/weg", {"rol": "reader", "waar": "0", "gezien": seen(visitor, path)}, on=path
    )

    assert answer.headers["location"] == f"{path}?gedaan=groep"
    assert "Dit recht komt van een groep" in visitor.get(answer.headers["location"]).text
    assert rights(world, own or 0) == {Right(Role.READER)}
    assert "regie account password" not in visitor.get(path).text  # there is none to set
