"""Nothing changes but by a form of our own, sent from our own page; and every answer carries the headers."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.testclient import TestClient

from regie.uploads import MB
from regie.web import form_token, visitor
from regie.web.security import HEADERS, ROOM_BYTES, SAFE_METHODS
from tests.web import gallery
from tests.web.conftest import BASE, SAME_ORIGIN, Browse, token_on

FORM = "application/x-www-form-urlencoded"
MOST = 10 * MB + ROOM_BYTES


@pytest.fixture
def acted() -> list[str]:
    return []


@pytest.fixture
def site(browse: Browse, acted: list[str]) -> TestClient:
    """The application, with routes for every method that say when they were reached."""
    router = APIRouter()

    def reached() -> Response:
        acted.append("reached")
        return Response("reached")

    router.add_api_route("/doe", reached, methods=["POST", "PUT", "PATCH", "DELETE"])
    router.add_api_route("/kijk", reached, methods=["GET"])
    router.add_api_route("/api/v1/doe", reached, methods=["POST"])
    browser = browse(gallery.router, router)
    gallery.add_template(app_of(browser).state.shell.pages)
    return browser


def app_of(browser: TestClient) -> FastAPI:
    assert isinstance(browser.app, FastAPI)
    return browser.app


def routes_of(browser: TestClient) -> Iterator[tuple[str, str]]:
    """Every method and path of the application, with something for what is open in the path."""
    routes = list(flat(app_of(browser).routes))
    assert len(routes) > 10
    for route in routes:
        for method in sorted(route.methods):
            yield method, re.sub(r"\{[^}]+\}", "abc123", route.path)


def flat(routes: object) -> Iterator[APIRoute]:
    for route in routes:  # type: ignore[attr-defined]
        if isinstance(route, APIRoute):
            yield route
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "app", None)
            yield from flat(getattr(inner, "routes", ()))


def unsafe(browser: TestClient) -> list[tuple[str, str]]:
    return [(method, path) for method, path in routes_of(browser) if method not in SAFE_METHODS]


def good_token(browser: TestClient, path: str) -> str:
    page = browser.get("/")
    assert page.status_code == 200
    pages = app_of(browser).state.shell.pages
    bound_to = visitor.binding_of(path, dict(browser.cookies), secure=True)
    assert bound_to
    return form_token.make_token(pages.key, bound_to)


# --- every route that there is ------------------------------------------------------------------------


def test_every_unsafe_route_refuses_what_no_own_form_sent(site: TestClient, acted: list[str]) -> None:
    ways = unsafe(site)
    assert ("POST", "/taal") in ways
    assert ("DELETE", "/doe") in ways
    for method, path in ways:
        token = good_token(site, path)
        body = {"form_token": token}
        tries = {
            "without token": ({}, SAME_ORIGIN),
            "token of another": ({"form_token": form_token.make_token(b"x" * 32, "browser:x")}, SAME_ORIGIN),
            "foreign origin": (body, {"Origin": "https://elders.nl"}),
            "foreign origin, own site": (body, {"Origin": "https://elders.nl", "Sec-Fetch-Site": "same-origin"}),
            "other site": (body, {"Origin": BASE, "Sec-Fetch-Site": "cross-site"}),
            "sister site": (body, {"Sec-Fetch-Site": "same-site"}),
            "typed in": (body, {"Sec-Fetch-Site": "none"}),
            "says nothing": (body, {}),
            "null origin": (body, {"Origin": "null"}),
            "longer origin": (body, {"Origin": BASE + ".elders.nl"}),
        }
        for name, (data, headers) in tries.items():
            answer = site.request(method, path, data=data, headers=headers)
            assert answer.status_code == (401 if path.startswith("/api/") else 403), (method, path, name)
        for kind in ("text/plain", "application/json", "", "multipart/related"):
            answer = site.request(
                method, path, content=f"form_token={token}".encode(), headers={**SAME_ORIGIN, "Content-Type": kind}
            )
            assert answer.status_code == (401 if path.startswith("/api/") else 403), (method, path, kind)
    assert acted == []


def test_every_unsafe_route_is_reached_with_a_token_from_an_own_page(site: TestClient) -> None:
    for method, path in unsafe(site):
        if path.startswith("/api/v1/") and path != "/api/v1/doe":
            continue  # takes a key, whatever form it comes from: tests/web/test_api.py
        more = {"Authorization": "Bearer x"} if path.startswith("/api/") else {}
        answer = site.request(
            method, path, data={"form_token": good_token(site, path)}, headers={**SAME_ORIGIN, **more}
        )
        assert answer.status_code not in (401, 403, 405), (method, path, answer.status_code)


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_no_header_or_field_makes_another_method_of_a_request(site: TestClient, acted: list[str], header: str) -> None:
    for method, path in unsafe(site):
        assert site.get(path, headers={header: method}, params={"_method": method}).status_code in (
            200,
            303,
            401,
            404,
            405,
        )

    assert acted == []


def test_every_get_is_safe(site: TestClient) -> None:
    """It sets no cookie but that of the browser, and needs no token; HEAD says the same without a body."""
    for method, path in routes_of(site):
        if method == "GET":
            site.cookies.clear()
            got, head = site.get(path), site.head(path)
            assert got.status_code in (200, 303, 404) or (path.startswith("/api/") and got.status_code == 401), path
            if got.status_code == 303:  # a page for who is signed in
                assert got.headers["location"].startswith("/aanmelden?verder=%2F"), path
            assert head.status_code == got.status_code
            assert head.content == b""
            assert {each.split("=")[0] for each in got.headers.get_list("set-cookie")} <= {"__Host-regie-browser"}


def test_every_answer_has_the_headers(site: TestClient) -> None:
    answers = [site.request(method, path) for method, path in routes_of(site)]
    answers += [site.get("/nergens"), site.get("/", headers={"Host": "elders.nl"}), site.get("/", headers={"Host": ""})]
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (answer.request.url, name)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "server" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Request-ID"]


def test_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    policy = HEADERS["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} <= set(policy.split("; "))


def test_pages_hold_nothing_that_the_policy_blocks(site: TestClient) -> None:
    for path in ("/", "/toegankelijkheid", "/nergens", "/proef"):
        page = site.get(path).text
        assert not re.search(r"<[^>]+\s(?:style|on\w+)=", page), path
        assert not re.search(r"<style|<script(?![^>]* src=)|javascript:", page), path
        assert all(
            each.startswith(("/", "#", "mailto:")) for each in re.findall(r'(?:href|src|action)="([^"]*)"', page)
        )


def test_without_https_there_is_no_hsts_and_cookies_have_a_plain_name(browse: Browse) -> None:
    answer = browse(base_url="http://127.0.0.1:8080").get("/")

    assert "Strict-Transport-Security" not in answer.headers
    assert answer.headers["set-cookie"].startswith("regie-browser=")
    assert "Secure" not in answer.headers["set-cookie"]


def test_cookie_of_the_browser_is_kept_from_scripts_other_hosts_and_plain_connections(site: TestClient) -> None:
    (cookie,) = site.get("/").headers.get_list("set-cookie")

    assert re.fullmatch(r"__Host-regie-browser=[\w-]{32}; HttpOnly; Path=/; SameSite=lax; Secure", cookie)
    assert "set-cookie" not in site.get("/").headers


# --- tokens ------------------------------------------------------------------------------------------


def test_token_of_another_browser_is_refused(site: TestClient) -> None:
    token = good_token(site, "/taal")
    site.cookies.clear()
    site.get("/")

    assert site.post("/taal", data={"form_token": token, "taal": "en"}, headers=SAME_ORIGIN).status_code == 403


def test_token_binds_to_the_session_once_there_is_one(site: TestClient) -> None:
    before = good_token(site, "/doe")
    site.cookies.set("__Host-regie-session", "sessie-1")

    assert site.post("/doe", data={"form_token": before}, headers=SAME_ORIGIN).status_code == 403
    assert site.post("/doe", data={"form_token": good_token(site, "/doe")}, headers=SAME_ORIGIN).status_code == 200


def test_form_on_a_link_needs_no_cookie_and_fits_only_that_link(site: TestClient) -> None:
    token = token_on(site.get("/proef").text, "/actie/abc123/proef")
    site.cookies.clear()

    own = site.post("/actie/abc123/proef", data={"form_token": token}, headers=SAME_ORIGIN)
    other = site.post("/actie/zzz999/proef", data={"form_token": token}, headers=SAME_ORIGIN)

    assert (own.status_code, other.status_code) == (200, 403)


def test_browser_that_hides_where_it_comes_from_is_believed_about_the_site(site: TestClient) -> None:
    """With no-referrer a browser sends ``Origin: null`` with a form of our own."""
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}

    assert site.post("/doe", data={"form_token": good_token(site, "/doe")}, headers=headers).status_code == 200


def test_token_may_come_in_a_header_as_htmx_sends_it(site: TestClient) -> None:
    headers = {**SAME_ORIGIN, "X-Form-Token": good_token(site, "/doe"), "Content-Type": FORM}

    assert site.post("/doe", headers=headers).status_code == 200


def test_two_tokens_in_one_form_or_one_that_is_a_file_are_refused(site: TestClient) -> None:
    token = good_token(site, "/doe")
    twice = f"form_token={token}&form_token={token}".encode()

    assert site.post("/doe", content=twice, headers={**SAME_ORIGIN, "Content-Type": FORM}).status_code == 403
    assert site.post("/doe", files={"form_token": ("a", token)}, headers=SAME_ORIGIN).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 59, "====", "\x00"])
def test_what_is_no_token_is_none(token: str) -> None:
    assert not form_token.is_token(b"k" * 32, "browser:x", token)


def test_tokens_differ_each_time_and_their_keys_per_purpose() -> None:
    key = form_token.derive_key(b"geheim" * 6, "form-token")
    one, two = form_token.make_token(key, "session:a"), form_token.make_token(key, "session:a")

    assert one != two
    assert form_token.is_token(key, "session:a", one)
    assert not form_token.is_token(key, "session:b", one)
    assert not form_token.is_token(form_token.derive_key(b"geheim" * 6, "links"), "session:a", one)


# --- bodies ------------------------------------------------------------------------------------------


def test_upload_of_many_bytes_arrives_whole(site: TestClient) -> None:
    body = bytes(range(256)) * 12_000
    data = {"form_token": good_token(site, "/proef"), "naam": "J", "datum": "2027-06-03", "keuze": "ja"}

    answer = site.post("/proef", data=data, files={"bewijs": ("a.pdf", body)}, headers=SAME_ORIGIN)

    assert answer.headers["location"] == f"/proef?bytes={len(body)}"


def test_body_may_be_as_large_as_the_largest_file_that_is_taken(browse: Browse, acted: list[str]) -> None:
    router = APIRouter()
    router.add_api_route("/proef", lambda: acted.append("reached"), methods=["POST"])
    site = browse(gallery.router, router, file_max_mb=12)
    gallery.add_template(app_of(site).state.shell.pages)

    def send(size: int) -> int:
        files = {"bewijs": ("a.pdf", b"x" * size)}
        data = {"form_token": good_token(site, "/proef"), "naam": "J", "datum": "2027-06-03", "keuze": "ja"}
        return site.post("/proef", data=data, files=files, headers=SAME_ORIGIN, follow_redirects=False).status_code

    assert (send(12 * MB), send(14 * MB)) == (303, 413)


def test_body_that_says_it_is_too_large_is_not_read(site: TestClient, acted: list[str]) -> None:
    headers = {**SAME_ORIGIN, "Content-Type": FORM, "Content-Length": str(MOST + 1)}

    answer = site.post("/doe", content=b"a=b", headers=headers)

    assert answer.status_code == 413
    assert "Dit is te groot" in answer.text
    assert acted == []


def test_body_that_hides_its_length_is_cut_off(site: TestClient, acted: list[str]) -> None:
    given = 0

    def endless() -> Iterator[bytes]:
        nonlocal given
        while given < 10 * MOST:
            given += 1_000_000
            yield b"x" * 1_000_000

    answer = site.post("/doe", content=endless(), headers={**SAME_ORIGIN, "Content-Type": FORM})

    assert answer.status_code == 413
    assert acted == []


def test_unsafe_call_of_the_api_needs_authorization_and_gets_no_page(site: TestClient, acted: list[str]) -> None:
    refused = site.post("/api/v1/doe", json={})
    taken = site.post("/api/v1/doe", json={}, headers={"Authorization": "Bearer x"})

    assert (refused.status_code, taken.status_code) == (401, 200)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["title"] == "Niet aangemeld"
    assert acted == ["reached"]


# --- hosts and redirects -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["elders.nl", "regie.voorbeeldstad.nl.elders.nl", "", "a b", "regie@elders.nl", "127.0.0.1.elders.nl"]
)
def test_other_hosts_are_refused(browse: Browse, host: str) -> None:
    assert browse().get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    "host", ["regie.voorbeeldstad.nl", "REGIE.voorbeeldstad.nl:443", "localhost:8080", "[::1]:8080", "intern.nl"]
)
def test_own_hosts_are_served(browse: Browse, host: str) -> None:
    assert browse(allowed_hosts="intern.nl").get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        "https://elders.nl",
        "//elders.nl",
        "/\\elders.nl",
        "\\\\elders.nl",
        "/\t/elders.nl",
        "elders",
        "",
        "/a\r\nX: y",
        "javascript:1",
        " /a",
    ],
)
def test_nobody_is_sent_on_to_another_place(site: TestClient, wanted: str) -> None:
    data = {"form_token": good_token(site, "/taal"), "taal": "en", "next": wanted}

    answer = site.post("/taal", data=data, headers=SAME_ORIGIN)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_address_of_a_page_cannot_make_its_own_form_lead_elsewhere(site: TestClient) -> None:
    page = site.get(f"{BASE}//elders.nl/x").text

    assert 'name="next" value="/"' in page


# --- the log -----------------------------------------------------------------------------------------


def test_log_line_has_no_path_query_address_or_token(site: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "regie.web.access")
    token = token_on(site.get("/proef").text, "/actie/abc123/proef")
    caplog.clear()

    answer = site.post("/actie/abc123/proef?q=geheim", data={"form_token": token}, headers=SAME_ORIGIN)
    site.head("/elders/geheim/x")

    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "regie.web.access"]
    assert set(lines[0]) == {"at", "request", "method", "route", "status", "ms"}
    assert lines[0] | {"ms": 0} == {
        "at": "2027-06-03T08:30:00.000+00:00", "request": answer.headers["X-Request-ID"], "method": "POST",
        "route": "/actie/{link}/proef", "status": 200, "ms": 0,
    }  # fmt: skip
    assert (lines[1]["method"], lines[1]["route"], lines[1]["status"]) == ("HEAD", "-", 404)
    assert "abc123" not in caplog.text
    assert "geheim" not in caplog.text


def test_request_id_of_a_proxy_is_kept_when_it_is_plain(site: TestClient) -> None:
    kept = site.get("/", headers={"X-Request-ID": "abcdef-123456"})
    made = site.get("/", headers={"X-Request-ID": "a b\t{}"})

    assert kept.headers["X-Request-ID"] == "abcdef-123456"
    assert re.fullmatch("[0-9a-f]{16}", made.headers["X-Request-ID"])
