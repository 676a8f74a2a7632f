"""T43: sign in with an identity provider. What does not prove who somebody is opens nothing, and is noted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Engine, select
from starlette.responses import Response
from starlette.testclient import TestClient

from regie.actions import sign_in as door
from regie.actions.sign_in_with_provider import LASTS
from regie.clock import VirtualClock
from regie.core.permissions import Right, Role
from regie.oidc import OLDEST_TOKEN_SECONDS, Asking
from regie.store import accounts
from regie.store.access_log import AccessEntry, Outcome, What, list_access
from regie.store.hashes import ScryptCost
from regie.store.session import in_transaction, read_scope
from regie.store.tables import sign_in_code, signed_in
from tests.support.provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    OwnProvider,
    signed,
    signed_with_public_key,
    tampered,
    unsigned,
)
from tests.web.conftest import NOW, Browse, texts_of
from tests.web.signed_in import SESSION, dump, send

COOKIE = "__Host-regie-oidc"
LEAD = Right(Role.LEAD)
GOOD = "een zin van vier woorden"


@pytest.fixture
def provider(clock: VirtualClock) -> Iterator[OwnProvider]:
    with OwnProvider(clock, claims={"sub": "s-1", "name": "Jan de Boer", "groups": ["projectleiders"]}) as found:
        yield found


def leaves(browser: TestClient, path: str = "/aanmelden/oidc") -> str:
    """Follow the button; give the address at the provider."""
    answer = browser.get(path)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def comes_back(browser: TestClient, brought: Mapping[str, str]) -> Response:
    return browser.get("/auth/oidc/callback", params=brought)  # type: ignore[return-value]


def signs_in(browser: TestClient, provider: OwnProvider) -> Response:
    return comes_back(browser, provider.grant(leaves(browser)))


def noted(engine: Engine) -> list[AccessEntry]:
    with read_scope(engine) as session:
        return list(list_access(session, what=What.SIGN_IN_OIDC))


def open_sessions(engine: Engine) -> int:
    with read_scope(engine) as session:
        return len(session.connection().execute(select(signed_in).where(signed_in.c.revoked_at.is_(None))).all())


def is_refused(engine: Engine, answer: Response, reason: str, status: int = 403) -> None:
    """Nobody is let in, the browser gets no session, the log has the reason, and the page says what to do."""
    assert answer.status_code == status
    assert SESSION not in str(answer.headers.get("set-cookie"))
    entry = noted(engine)[0]
    assert (entry.outcome, entry.about) == (Outcome.REFUSED, reason)
    assert open_sessions(engine) == 0
    assert 'href="/aanmelden' in answer.text  # type: ignore[attr-defined]
    assert "Traceback" not in answer.text  # type: ignore[attr-defined]


# --- the good walk -----------------------------------------------------------------------------------


def test_employee_signs_in_and_has_the_rights_of_the_groups(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    browser = browse(**provider.settings)
    address = leaves(browser, "/aanmelden/oidc?verder=/trajecten")
    brought = provider.grant(address)

    entered = comes_back(browser, brought)

    asked = parse_qs(urlsplit(address).query)
    assert asked["redirect_uri"] == ["https://regie.voorbeeldstad.nl/auth/oidc/callback"]
    assert asked["scope"] == ["openid profile email"]
    assert (entered.status_code, entered.headers["location"]) == (303, "/trajecten")
    assert "Aangemeld als Jan de Boer" in browser.get("/").text
    with read_scope(sqlite_engine) as session:
        (own,) = accounts.list_accounts(session)
        assert (own.issuer, own.subject, own.rights) == (provider.issuer, "s-1", {LEAD})
    (entry,) = noted(sqlite_engine)
    assert (entry.who, entry.outcome, entry.about) == (f"account:{own.id}", Outcome.OK, "")
    assert COOKIE not in browser.cookies


def test_secret_state_nonce_and_verifier_stand_nowhere_but_where_they_must(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    browser = browse(**provider.settings)
    address = leaves(browser)
    cookie = browser.cookies[COOKIE]
    asked = parse_qs(urlsplit(address).query)
    brought = provider.grant(address)
    comes_back(browser, brought)

    kept = repr(dump(sqlite_engine)) + "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("regie")
    )
    for secret in (asked["state"][0], asked["nonce"][0], brought["code"], CLIENT_SECRET):
        assert secret not in kept
        assert secret not in cookie
    assert CLIENT_SECRET not in repr(browser.app.state.shell)  # type: ignore[attr-defined]


def test_going_to_the_provider_changes_nothing_here(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    browser = browse(**provider.settings)
    before = dump(sqlite_engine)

    first, second = leaves(browser), leaves(browser)

    assert dump(sqlite_engine) == before
    assert first != second
    header = browser.get("/aanmelden/oidc").headers["set-cookie"]
    assert header.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Max-Age=600", "Path=/"} <= set(header.split("; "))
    assert provider.asked.count("/.well-known/openid-configuration") == 1


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_cannot_begin_a_sign_in(browse: Browse, provider: OwnProvider, site: str) -> None:
    answer = browse(**provider.settings).get("/aanmelden/oidc?verder=/x", headers={"Sec-Fetch-Site": site})

    assert answer.headers["location"] == "/aanmelden?verder=%2Fx"
    assert "set-cookie" not in answer.headers


def test_reader_is_led_on_to_own_pages_only(browse: Browse, provider: OwnProvider) -> None:
    browser = browse(**provider.settings)
    for wanted in ("https://elders.nl/", "//elders.nl", "/\\elders.nl", "javascript:alert(1)"):
        address = browser.get("/aanmelden/oidc", params={"verder": wanted}).headers["location"]

        assert comes_back(browser, provider.grant(address)).headers["location"] == "/"


def test_session_of_before_ends_and_nobody_chooses_the_new_id(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    browser = browse(**provider.settings)
    signs_in(browser, provider)
    first = browser.cookies[SESSION]

    signs_in(browser, provider)

    assert browser.cookies[SESSION] != first
    assert open_sessions(sqlite_engine) == 1


def test_without_a_provider_there_is_no_such_address(browse: Browse) -> None:
    browser = browse()

    assert {browser.get(path).status_code for path in ("/aanmelden/oidc", "/auth/oidc/callback")} == {404}
    assert "werkaccount" not in browser.get("/aanmelden").text


def test_groups_and_name_may_come_from_userinfo(browse: Browse, sqlite_engine: Engine, provider: OwnProvider) -> None:
    provider.claims = {"sub": "s-1"}
    provider.userinfo = {"sub": "s-1", "name": "Jan", "groups": ["beheer"], "iss": "https://elders.nl"}
    browser = browse(**provider.settings)

    assert signs_in(browser, provider).status_code == 303
    with read_scope(sqlite_engine) as session:
        (own,) = accounts.list_accounts(session)
    assert (own.name, own.issuer, own.rights) == ("Jan", provider.issuer, {Right(Role.ADMINISTRATOR)})


def test_userinfo_of_somebody_else_is_not_believed(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    provider.claims = {"sub": "s-1"}
    provider.userinfo = {"sub": "s-2", "groups": ["beheer"]}

    is_refused(sqlite_engine, signs_in(browse(**provider.settings), provider), "other-userinfo")


def test_secret_goes_in_the_form_when_the_provider_takes_it_only_there(browse: Browse, provider: OwnProvider) -> None:
    provider.describe = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}

    assert signs_in(browse(**provider.settings), provider).status_code == 303


# --- tokens that prove nothing -------------------------------------------------------------------------

FORGED: dict[str, tuple[dict[str, Any], str]] = {
    "wrong-nonce": ({"change": lambda c: {**c, "nonce": "een andere"}}, "other-nonce"),
    "no-nonce": ({"change": lambda c: {k: v for k, v in c.items() if k != "nonce"}}, "without-nonce"),
    "nonce-in-a-list": ({"change": lambda c: {**c, "nonce": [c["nonce"]]}}, "other-nonce"),
    "for-another": ({"change": lambda c: {**c, "aud": "iets-anders"}}, "other-aud"),
    "no-audience": ({"change": lambda c: {k: v for k, v in c.items() if k != "aud"}}, "without-aud"),
    "for-two-without-azp": ({"change": lambda c: {**c, "aud": [CLIENT_ID, "ander"]}}, "other-azp"),
    "made-for-another": ({"change": lambda c: {**c, "azp": "ander"}}, "other-azp"),
    "by-another": ({"change": lambda c: {**c, "iss": "https://elders.nl"}}, "other-iss"),
    "expired": ({"change": lambda c: {**c, "exp": c["iat"] - 61}}, "expired"),
    "without-end": ({"change": lambda c: {k: v for k, v in c.items() if k != "exp"}}, "without-exp"),
    "from-the-future": ({"change": lambda c: {**c, "iat": c["iat"] + 120}}, "other-iat"),
    "made-long-ago": (
        {"change": lambda c: {**c, "iat": c["iat"] - OLDEST_TOKEN_SECONDS - 61}},
        "old",
    ),
    "no-subject": ({"change": lambda c: {**c, "sub": ""}}, "other-sub"),
    "subject-with-controls": ({"change": lambda c: {**c, "sub": "s\n1"}}, "other-sub"),
    "of-another-access-token": ({"change": lambda c: {**c, "at_hash": "AAAA"}}, "other-at-hash"),
    "alg-none": ({"sign": unsigned}, "algorithm"),
    "hs256-with-the-public-key": ({"sign": signed_with_public_key}, "algorithm"),
    "unknown-key": ({"sign": lambda c: signed(c, "twee")}, "unknown-key"),
    "key-of-another-by-our-name": ({"sign": lambda c: signed(c, "twee", kid="een")}, "signature"),
    "changed-after-signing": ({"sign": tampered}, "signature"),
    "no-token-at-all": ({"sign": lambda c: "dit.is.niets"}, "not-a-token"),
    "without-token": ({"sign": lambda c: ""}, "no-id-token"),
}


def test_token_that_proves_nothing_lets_nobody_in(browse: Browse, sqlite_engine: Engine, provider: OwnProvider) -> None:
    browser = browse(**provider.settings)
    for how, reason in FORGED.values():
        provider.change, provider.sign = how.get("change", dict), how.get("sign")

        answer = signs_in(browser, provider)

        is_refused(sqlite_engine, answer, reason)
    assert len(noted(sqlite_engine)) == len(FORGED)
    with read_scope(sqlite_engine) as session:
        assert accounts.list_accounts(session) == ()


def test_clocks_may_differ_a_minute(browse: Browse, provider: OwnProvider) -> None:
    provider.change = lambda claims: {**claims, "iat": claims["iat"] + 55, "exp": claims["iat"] - 55}

    assert signs_in(browse(**provider.settings), provider).status_code == 303


def test_new_key_is_asked_for_once_and_not_more_than_once_a_minute(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider, clock: VirtualClock
) -> None:
    browser = browse(**provider.settings)
    signs_in(browser, provider)
    provider.key, provider.keys = "twee", ["een", "twee"]

    rotated = signs_in(browser, provider)
    provider.key = "drie"
    for _ in range(3):
        signs_in(browser, provider)

    assert rotated.status_code == 303
    assert provider.asked.count("/jwks") == 2
    clock.advance(seconds=60)
    provider.keys = ["drie"]
    assert signs_in(browser, provider).status_code == 303
    assert provider.asked.count("/jwks") == 3


# --- what comes back by itself ---------------------------------------------------------------------------


def test_answer_of_another_browser_opens_nothing(browse: Browse, sqlite_engine: Engine, provider: OwnProvider) -> None:
    victim, thief = browse(**provider.settings), browse(**provider.settings)
    brought = provider.grant(leaves(victim))

    without = comes_back(thief, brought)
    is_refused(sqlite_engine, without, "other-browser")
    leaves(thief)
    with_own = comes_back(thief, brought)
    is_refused(sqlite_engine, with_own, "other-state")

    assert "/token" not in provider.asked


def test_answer_counts_once_also_with_the_cookie_put_back(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    browser = browse(**provider.settings)
    brought = provider.grant(leaves(browser))
    cookie = browser.cookies[COOKIE]
    comes_back(browser, brought)
    send(browser, "/afmelden", on="/")

    browser.cookies.set(COOKIE, cookie)
    is_refused(sqlite_engine, comes_back(browser, brought), "used")

    assert provider.asked.count("/token") == 1


def test_code_that_was_used_is_refused_by_the_provider(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    browser = browse(**provider.settings)
    code = provider.grant(leaves(browser))["code"]
    provider.grants.clear()
    state = parse_qs(urlsplit(leaves(browser)).query)["state"][0]

    is_refused(sqlite_engine, comes_back(browser, {"code": code, "state": state}), "code-refused")


def test_sign_in_lasts_ten_minutes(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider, clock: VirtualClock
) -> None:
    browser = browse(**provider.settings)
    brought = provider.grant(leaves(browser))
    cookie = browser.cookies[COOKIE]
    clock.advance(seconds=LASTS.total_seconds())
    browser.cookies.set(COOKIE, cookie)

    is_refused(sqlite_engine, comes_back(browser, brought), "other-browser")


def test_cookie_of_another_maker_counts_for_nothing(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    browser = browse(**provider.settings)
    for forged in ("", "x", "a.b.c.d", "a.1.b.", "é.1.x.y"):
        answer = browser.get(
            "/auth/oidc/callback",
            params={"state": "s", "code": "c"},
            headers={"Cookie": f"{COOKIE}={forged}".encode()},
        )

        is_refused(sqlite_engine, answer, "other-browser")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "reason", "title"),
    [
        ("access_denied", "said-access_denied", "Het aanmelden is afgebroken"),
        ("<script>alert(1)</script>", "said-other", "Het aanmelden is niet gelukt"),
    ],
)
def test_what_the_provider_refuses_is_said_and_not_repeated(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider, error: str, reason: str, title: str
) -> None:
    browser = browse(**provider.settings)
    state = parse_qs(urlsplit(leaves(browser)).query)["state"][0]

    answer = comes_back(browser, {"state": state, "error": error})

    is_refused(sqlite_engine, answer, reason)
    assert texts_of(answer.text, "h1") == [title]  # type: ignore[attr-defined]
    assert "alert(1)" not in answer.text  # type: ignore[attr-defined]


@pytest.mark.parametrize("named", ["https://elders.nl", None])
def test_answer_of_another_provider_is_told_by_its_name(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider, named: str | None
) -> None:
    provider.describe = {"authorization_response_iss_parameter_supported": True}
    browser = browse(**provider.settings)
    brought = provider.grant(leaves(browser)) | ({"iss": named} if named else {})

    is_refused(sqlite_engine, comes_back(browser, brought), "other-issuer")
    brought = provider.grant(leaves(browser)) | {"iss": provider.issuer}
    assert comes_back(browser, brought).status_code == 303


def test_coming_back_too_often_is_refused_before_anything_is_asked(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    browser = browse(**provider.settings)
    for _ in range(door.TRIES_PER_CLIENT):
        comes_back(browser, {"state": "s", "code": "c"})

    assert comes_back(browser, {"state": "s", "code": "c"}).status_code == 429
    assert len(noted(sqlite_engine)) == door.TRIES_PER_CLIENT


# --- who may come in -------------------------------------------------------------------------------------


def test_nobody_comes_in_without_a_group_that_gives_a_right(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    provider.claims["groups"] = ["kantine", "Projectleiders"]

    answer = signs_in(browse(**provider.settings), provider)

    is_refused(sqlite_engine, answer, "no-right")
    assert texts_of(answer.text, "h1") == ["U hebt nog geen toegang tot Regie"]  # type: ignore[attr-defined]
    with read_scope(sqlite_engine) as session:
        assert accounts.list_accounts(session) == ()


@pytest.mark.parametrize(
    "claims",
    [
        {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.voorbeeld.nl"}}},
        {"hasgroups": True},
    ],
)
def test_too_many_groups_to_send_are_explained(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider, claims: dict[str, Any]
) -> None:
    provider.claims = {"sub": "s-1", **claims}

    answer = signs_in(browse(**provider.settings), provider)

    is_refused(sqlite_engine, answer, "too-many-groups")
    assert "app roles" in answer.text  # type: ignore[attr-defined]


def test_app_roles_count_when_they_are_set(browse: Browse, provider: OwnProvider) -> None:
    provider.claims = {"sub": "s-1", "roles": ["projectleiders"], "_claim_names": {"groups": "src1"}}

    assert signs_in(browse(**provider.settings, oidc_groups_claim="roles"), provider).status_code == 303


@pytest.mark.parametrize(
    ("claim", "values", "good", "bad"),
    [
        ("amr", "mfa,hwk", [["pwd", "mfa"], "hwk"], [["pwd"], ["MFA"], None, [], 1]),
        ("acr", "zeker", ["zeker"], [{"zeker": True}, "half", None]),
    ],
)
def test_second_factor_is_asked_of_the_provider_when_that_is_set(
    browse: Browse,
    sqlite_engine: Engine,
    provider: OwnProvider,
    claim: str,
    values: str,
    good: list[object],
    bad: list[object],
) -> None:
    browser = browse(**provider.settings, oidc_mfa_claim=claim, oidc_mfa_values=values)
    assert ("acr_values=zeker" in leaves(browser)) is (claim == "acr")
    for said in bad:
        provider.change = lambda claims, said=said: claims | ({claim: said} if said is not None else {})  # type: ignore[misc]
        answer = signs_in(browser, provider)
        is_refused(sqlite_engine, answer, "no-mfa")
        assert texts_of(answer.text, "h1") == ["Er is een tweede stap nodig"]  # type: ignore[attr-defined]
    for said in good:
        provider.change = lambda claims, said=said: {**claims, claim: said}  # type: ignore[misc]
        assert signs_in(browser, provider).status_code == 303


def test_group_that_is_gone_takes_its_rights_and_the_sessions_of_before(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    provider.claims["groups"] = ["projectleiders", "beheer"]
    here, there = browse(**provider.settings), browse(**provider.settings)
    signs_in(here, provider)
    provider.claims["groups"] = ["projectleiders"]

    signs_in(there, provider)

    assert here.get("/trajecten").headers["location"].startswith("/aanmelden")
    assert there.get("/trajecten").status_code == 200
    provider.claims["groups"] = []
    is_refused(sqlite_engine, signs_in(browse(**provider.settings), provider), "no-right")
    assert there.get("/trajecten").headers["location"].startswith("/aanmelden")
    with read_scope(sqlite_engine) as session:
        assert [each.rights for each in accounts.list_accounts(session)] == [frozenset()]


def test_account_that_was_closed_is_refused_and_its_sessions_end(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    browser = browse(**provider.settings)
    signs_in(browser, provider)
    in_transaction(sqlite_engine, lambda session: accounts.disable_account(session, 1, "cli:test", NOW))

    assert browser.get("/trajecten").headers["location"].startswith("/aanmelden")
    answer = signs_in(browse(**provider.settings), provider)

    is_refused(sqlite_engine, answer, "disabled")
    assert texts_of(answer.text, "h1") == ["Uw account in Regie is gesloten"]  # type: ignore[attr-defined]
    assert noted(sqlite_engine)[0].who == "account:1"


def test_nobody_new_comes_in_while_that_is_off(browse: Browse, sqlite_engine: Engine, provider: OwnProvider) -> None:
    signs_in(browse(**provider.settings), provider)
    closed = browse(**provider.settings, oidc_make_new_users=False)

    assert signs_in(closed, provider).status_code == 303
    send(closed, "/afmelden", on="/")
    provider.claims["sub"] = "s-2"
    in_transaction(sqlite_engine, lambda session: door.sign_out_account(session, 1, "cli:test", NOW))
    is_refused(sqlite_engine, signs_in(closed, provider), "new")


def test_same_address_at_the_provider_is_not_the_same_person(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    provider.claims |= {"email": "jan@voorbeeldstad.nl", "groups": ["beheer"]}
    signs_in(browse(**provider.settings), provider)
    provider.claims |= {"sub": "s-2", "groups": ["projectleiders"]}

    signs_in(browse(**provider.settings), provider)

    with read_scope(sqlite_engine) as session:
        found = [(each.subject, each.rights) for each in accounts.list_accounts(session)]
    assert found == [("s-1", {Right(Role.ADMINISTRATOR)}), ("s-2", {LEAD})]


# --- a provider that is ill --------------------------------------------------------------------------------

DISCOVERY = "/.well-known/openid-configuration"
ILL = [
    (DISCOVERY, 500, "status"),
    (DISCOVERY, "not-json", "not-json"),
    (DISCOVERY, "huge", "huge"),
    (DISCOVERY, "moved", "status"),
    (DISCOVERY, "slow", "slow"),
    (DISCOVERY, "drip", "slow"),
    ("/token", 500, "status"),
    ("/token", "huge", "huge"),
    ("/token", "slow", "slow"),
    ("/token", 401, "client-refused"),
    ("/jwks", 404, "status"),
    ("/jwks", "not-json", "not-json"),
]


def test_provider_that_is_ill_gives_a_page_with_another_way_in(
    browse: Browse,
    sqlite_engine: Engine,
    provider: OwnProvider,
    clock: VirtualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    browser = browse(**provider.settings)
    own = browser.app.state.shell.provider  # type: ignore[attr-defined]
    patient, hasty = Asking(provider.issuer), Asking(provider.issuer, patience=0.05)
    for path, how, problem in ILL:
        clock.advance(hours=2)  # nothing is remembered of before
        caplog.clear()
        provider.broken = {path: how}
        before = dump(sqlite_engine)

        own._ask = patient
        brought = {} if path == DISCOVERY else provider.grant(leaves(browser))
        own._ask = hasty if how in ("slow", "drip") else patient
        answer = comes_back(browser, brought) if brought else browser.get("/aanmelden/oidc")

        assert texts_of(answer.text, "h1") == ["De aanmelddienst van uw gemeente antwoordt niet"]  # type: ignore[attr-defined]
        assert 'href="/aanmelden/medewerker"' in answer.text  # type: ignore[attr-defined]
        assert f"problem={'' if path == DISCOVERY else 'provider-'}{problem}" in caplog.text
        if path == DISCOVERY:
            assert answer.status_code == 503
            assert dump(sqlite_engine) == before
        else:
            is_refused(sqlite_engine, answer, f"provider-{problem}", 503)  # type: ignore[arg-type]


def test_provider_that_is_away_is_not_asked_again_at_once_and_found_when_it_is_back(
    browse: Browse, provider: OwnProvider, clock: VirtualClock
) -> None:
    browser = browse(**provider.settings)
    provider.broken = {DISCOVERY: 503}
    for _ in range(3):
        browser.get("/aanmelden/oidc")
    assert provider.asked == [DISCOVERY]
    provider.broken = {}
    clock.advance(seconds=10)

    assert browser.get("/aanmelden/oidc").status_code == 303


UNSAFE: list[dict[str, Any]] = [
    {"issuer": "https://elders.nl"},
    {"issuer": None},
    {"token_endpoint": "http://elders.nl/token"},
    {"jwks_uri": "file:///etc/passwd"},
    {"authorization_endpoint": "javascript:alert(1)"},
    {"userinfo_endpoint": ["x"]},
    {"id_token_signing_alg_values_supported": ["HS256", "none"]},
]


def test_provider_that_describes_something_unsafe_is_not_used(
    browse: Browse, provider: OwnProvider, clock: VirtualClock
) -> None:
    browser = browse(**provider.settings)
    for describe in UNSAFE:
        provider.describe = describe
        clock.advance(minutes=1)

        assert browser.get("/aanmelden/oidc").status_code == 503, describe
    provider.describe = {}
    clock.advance(minutes=1)
    assert browser.get("/aanmelden/oidc").status_code == 303


@pytest.mark.parametrize(
    "change", [{"oidc_client_id": ""}, {"oidc_client_secret": None}, {"oidc_discovery_url": "http://idp.voorbeeld.nl"}]
)
def test_half_a_provider_is_no_setting(browse: Browse, provider: OwnProvider, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"REGIE_OIDC|https"):
        browse(**{**provider.settings, **change})


# --- the pages around it -----------------------------------------------------------------------------------


def test_sign_in_page_has_one_button_for_staff_and_keeps_where_they_were_going(
    browse: Browse, provider: OwnProvider
) -> None:
    page = browse(**provider.settings).get("/aanmelden?verder=/trajecten/x").text

    assert 'href="/aanmelden/oidc?verder=/trajecten/x"' in page.replace("%2F", "/")
    assert page.count("nl-button--primary") == 1
    assert page.index("/aanmelden/oidc") < page.index('name="email"') < page.index("<details")
    assert page.index("<details") < page.index("/aanmelden/medewerker")


def test_who_signs_out_is_offered_to_leave_the_provider_too(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    browser = browse(**provider.settings)
    signs_in(browser, provider)

    out = send(browser, "/afmelden", on="/")
    page = browser.get(out.headers["location"]).text
    left = browser.get("/afmelden/werkaccount")

    assert out.headers["location"] == "/aanmelden?afgemeld=werkaccount"
    assert 'href="/afmelden/werkaccount"' in page
    asked = parse_qs(urlsplit(left.headers["location"]).query)
    assert left.headers["location"].startswith(f"{provider.issuer}/leave?soort=alles&")
    assert asked["post_logout_redirect_uri"] == ["https://regie.voorbeeldstad.nl/aanmelden"]
    assert asked["client_id"] == [CLIENT_ID]
    assert open_sessions(sqlite_engine) == 0


def test_provider_that_offers_no_leaving_says_so(browse: Browse, provider: OwnProvider) -> None:
    provider.describe = {"end_session_endpoint": ""}

    assert "Sluit alle vensters" in browse(**provider.settings).get("/afmelden/werkaccount").text


def test_session_that_was_ended_elsewhere_opens_nothing_anywhere(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider
) -> None:
    """Two applications on one database, as two processes are: what one ends, the other does not open."""
    one, other = browse(**provider.settings), browse(**provider.settings)
    signs_in(one, provider)
    other.cookies.set(SESSION, one.cookies[SESSION])
    assert [each.get("/trajecten").status_code for each in (one, other)] == [200, 200]

    in_transaction(sqlite_engine, lambda session: door.sign_out_account(session, 1, "cli:test", NOW))

    for each in (one, other):
        assert each.get("/trajecten").headers["location"] == "/aanmelden?verder=%2Ftrajecten"
        assert "regie-reader" not in each.get("/").text


def test_what_was_used_is_forgotten_after_a_day(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider, clock: VirtualClock
) -> None:
    browser = browse(**provider.settings)
    signs_in(browser, provider)
    clock.advance(hours=25)
    signs_in(browser, provider)

    with read_scope(sqlite_engine) as session:
        assert len(session.connection().execute(select(sign_in_code)).all()) == 1


def test_administrators_read_that_an_emergency_account_was_used_and_others_do_not(
    browse: Browse, sqlite_engine: Engine, provider: OwnProvider, clock: VirtualClock
) -> None:
    def make(session):  # type: ignore[no-untyped-def]
        own = accounts.add_account(session, name="nood", by="cli:test", now=NOW)
        accounts.give_right(session, own, LEAD, "cli:test", NOW)
        accounts.set_password(session, own, GOOD, b"zout" * 4, "cli:test", NOW, ScryptCost(log_n=4, r=1, p=1))

    in_transaction(sqlite_engine, make)
    told = "Een noodaccount is gebruikt"
    administrator, lead = browse(**provider.settings), browse(**provider.settings)
    signs_in(lead, provider)
    provider.claims |= {"sub": "s-2", "groups": ["beheer"]}
    signs_in(administrator, provider)
    send(browse(**provider.settings), "/aanmelden/medewerker", {"naam": "nood", "wachtwoord": "een heel ander woord"})
    assert told not in administrator.get("/").text

    entered = send(browse(**provider.settings), "/aanmelden/medewerker", {"naam": "nood", "wachtwoord": GOOD})

    assert entered.status_code == 303
    assert told in administrator.get("/").text
    assert told not in lead.get("/").text
    clock.advance(days=7, seconds=1)
    signs_in(administrator, provider)
    assert told not in administrator.get("/").text
