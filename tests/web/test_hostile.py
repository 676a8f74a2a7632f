"""Whatever somebody typed, asks for or sends, over every route that there is: nothing comes alive, leaks or changes.

The walks follow the route table. A route with a name in its path that nobody foresaw, or that a reader may suddenly open,
turns a test red.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from regie import doorbell
from regie.core.permissions import Right, Role
from regie.web.security import HEADERS
from tests.support.databases import Databases, databases, engine_on
from tests.web.hostile import (
    KEEPS,
    LEADS,
    LIVE,
    OTHERS,
    OWN,
    SECRET,
    SLUGS,
    Town,
    fill,
    names_in,
    paths_of,
    queries_of,
    routes_of,
    send,
)
from tests.web.signed_in import dump

__all__ = ["databases"]

GETS = routes_of("GET")
OUT = frozenset({"/afmelden/werkaccount", "/aanmelden/oidc", "/auth/oidc/callback"})
"""Not there without an identity provider: ``test_oidc.py``."""


@pytest.fixture(scope="module")
def town(databases: Databases) -> Iterator[Town]:
    ring, doorbell.ring = doorbell.ring, lambda settings, reason: True  # type: ignore[assignment, misc]
    url = databases.new("sqlite")
    with tempfile.TemporaryDirectory() as folder, engine_on(url) as engine:
        found = Town(engine, Path(folder))
        yield found
        found.close()
    databases.drop(url)
    doorbell.ring = ring


@pytest.fixture(scope="module")
def chief(town: Town) -> TestClient:
    """Leads everything and keeps everything in order."""
    return town.staff(LEADS, KEEPS)


@pytest.fixture(scope="module")
def key(town: Town) -> str:
    """Of a program with all scopes, of somebody who leads and keeps everything."""
    return town.program(LEADS, KEEPS)


def content(town: Town) -> dict[str, list[tuple[object, ...]]]:
    """All that stands in the database, but for who was refused and when somebody was last seen."""
    return {
        name: rows for name, rows in dump(town.engine).items() if name not in ("access_log", "session", "api_token")
    }


# --- nothing comes alive ------------------------------------------------------------------------------


class Judge(HTMLParser):
    """Says what in a page could run, or lead to where it must not."""

    _PLACES = frozenset({"href", "src", "action", "formaction", "xlink:href", "data", "poster", "srcset", "background"})
    _NEVER = frozenset({"style", "iframe", "object", "embed", "base", "template", "foreignobject"})

    def __init__(self, *, mail: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.text = ""
        self._script = False
        self._is_mail = mail

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._script = tag == "script"
        if (tag in self._NEVER and not (self._is_mail and tag == "style")) or (
            tag == "script" and not given.get("src", "").startswith("/static/")
        ):
            self.wrong.append(f"<{tag} {given}>")
        if tag == "meta" and "http-equiv" in given and not self._is_mail:
            self.wrong.append(f"<{tag} {given}>")
        for name, value in given.items():
            if name.startswith(("on", "hx-on")) or (name == "style" and not self._is_mail) or name == "srcdoc":
                self.wrong.append(f"{tag} {name}={value}")
            if not re.fullmatch(r"[a-z][a-zA-Z0-9:_-]*", name):
                self.wrong.append(f"{tag} has {name!r}")  # an attribute made of what somebody typed
            if (name in self._PLACES or name.startswith("hx-")) and not self._is_fine(tag, name, value):
                self.wrong.append(f"{tag} {name}={value}")
        if tag == "img" and not given.get("src", "").startswith("/"):
            self.wrong.append(f"img {given}")

    @staticmethod
    def _is_fine(tag: str, name: str, value: str) -> bool:
        if name.startswith("hx-") and name not in ("hx-get", "hx-post", "hx-put", "hx-delete"):
            return True
        if value.startswith("/"):
            return not value.startswith(("//", "/\\"))
        elsewhere = tag == "a" and name == "href" and re.match(r"https://|mailto:|webcal:", value)
        return value == "" or value.startswith(("#", "?")) or bool(elsewhere)

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.wrong.append(f"script with {data[:60]!r}")
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        self._script = False


def judge(answer: Any) -> str:
    """Fail when something in an answer could come alive; give the text that a reader sees."""
    kind, where = answer.headers.get("content-type", "").partition(";")[0], str(answer.request.url)
    assert answer.status_code < 500 or "/_healthz" in where, (where, answer.status_code)
    check_headers(answer)
    if kind in ("text/html", "image/svg+xml"):
        page = Judge()
        page.feed(answer.text)
        if kind == "image/svg+xml":
            page.wrong = [each for each in page.wrong if not each.startswith("<style {}")]
        assert page.wrong == [], where
        assert "1337" not in page.text, where
        return page.text
    if kind == "text/csv":
        for row in csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"):
            assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))], (where, row)
        return str(answer.text)
    if kind in ("application/json", "application/problem+json", "text/plain", "text/calendar", "application/x-yaml"):
        return str(answer.text)
    assert kind in ("", "application/pdf", "image/png", "text/css", "text/javascript", "image/x-icon") or (
        answer.headers["content-disposition"].startswith("attachment")
    ), (where, kind)
    return ""


def check_headers(answer: Any) -> None:
    where, headers = str(answer.request.url), answer.headers
    for name, value in HEADERS.items():
        if name == "Content-Security-Policy" and "attachment" in headers.get("content-disposition", ""):
            assert "default-src 'none'" in headers[name], where
            assert "sandbox" in headers[name] or headers[name] == value, where
        else:
            assert headers[name] == value, (where, name)
    assert headers["Strict-Transport-Security"], where
    if "/static/" not in where:
        assert "no-store" in headers["Cache-Control"] or "private" in headers["Cache-Control"], where
    for cookie in headers.get_list("set-cookie"):
        assert re.match(r"__Host-regie-[a-z]+=", cookie), where
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; ")), (where, cookie)
    place = headers.get("location", "/")
    assert re.match(r"/(?![/\\])", place), (where, place)
    assert "x-evil" not in headers
    assert "evil" not in {each.partition("=")[0] for each in headers.get_list("set-cookie")}


def get(town: Town, browser: TestClient, path: str, key: str = "", **more: Any) -> Any:
    return browser.get(path, headers={"Authorization": key} if key and path.startswith("/api/") else {}, **more)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_nothing_that_was_stored_comes_alive_for_who_sees_everything(
    town: Town, chief: TestClient, key: str, language: str
) -> None:
    before, seen = content(town), set()
    for route in GETS:
        for path in paths_of(town, route.path, OWN)[: 99 if language == "nl" else 1]:
            if OWN in judge(get(town, chief, path, key, params={"taal": language})):
                seen.add(route.path)

    assert len(seen) > 55, sorted(seen)
    assert content(town) == before


@pytest.mark.parametrize("language", ["nl", "en"])
def test_nothing_that_was_stored_comes_alive_for_a_partner(town: Town, language: str) -> None:
    partner, seen = town.partner(OWN), set()
    for path in (each for route in GETS if route.path.startswith(MINE) for each in paths_of(town, route.path, OWN)):
        if OWN in judge(partner.get(path, params={"taal": language})):
            seen.add(path.split("/")[1])

    assert seen == {"mijn-stappen", "actie", "agenda", "bestanden"}


def test_nothing_comes_alive_in_a_mail(town: Town) -> None:
    assert len(town.post.sent) > 5
    for mail in town.post.sent:
        assert not re.search(r"[\r\n\x00]", mail.subject + mail.to)
        page = Judge(mail=True)
        page.feed(mail.html)
        assert page.wrong == [], mail.subject
        assert "1337" not in page.text + mail.text + mail.subject
        assert LIVE.split()[0] in page.text


# --- what is asked ------------------------------------------------------------------------------------

ASKED = f"{LIVE}\x00\r\nX-Evil: 1\r\nSet-Cookie: evil=1\u2028\ud7ff\U0001f600"


def test_nothing_that_is_asked_comes_alive_or_breaks(town: Town, chief: TestClient, key: str) -> None:
    before = content(town)
    for route in GETS:
        path, names = paths_of(town, route.path, OWN)[0], queries_of(route)
        tries = [{name: "-1" if name in NUMBERS else ASKED} for name in names]
        if names:
            tries.append(dict.fromkeys(names, "9" * 32))
            tries.append({name: ASKED[::-1] * 30 for name in names if name not in NUMBERS})
        for params in tries:
            judge(get(town, chief, path, key, params=params))

    assert content(town) == before


def test_no_name_in_a_path_comes_alive_breaks_or_leads_out(town: Town, chief: TestClient, key: str) -> None:
    before = content(town)
    for route in GETS:
        known = paths_of(town, route.path, OWN)[0].split("/")
        for place, part in enumerate(route.path.split("/")):
            if not names_in(part):
                continue
            for value in PATHS:
                path = "/".join([*known[:place], value, *known[place + 1 :]])
                answer = get(town, chief, path, key)
                judge(answer)
                assert "import " not in answer.text, path

    assert content(town) == before


PATHS = (
    quote(LIVE, safe=""),
    "..%2f..%2f..%2fetc%2fpasswd",
    "%00%0d%0aX-Evil:%201%ff%fe..%5c..%5cregie.db",
    "9" * 3000,
)
NUMBERS = frozenset({"doorloop", "blad", "pagina", "paginaGrootte", "voor"})
MINE = ("/actie/", "/mijn-stappen", "/agenda/", "/bestanden/")


# --- who may not --------------------------------------------------------------------------------------

assert GETS
UNSAFE = [(method, route) for method in ("POST", "PUT", "PATCH", "DELETE") for route in routes_of(method)]
FOR_ANYBODY = frozenset({"/taal", "/aanmelden", "/aanmelden/code", "/aanmelden/medewerker", "/afmelden", "/nieuwe-link",
    "/aanmelden/eenmalig/{token}", "/mijn-sessies/beeindigen"})  # fmt: skip
"""What needs no right, or is about the reader alone; each has its tests in ``test_sign_in.py`` and others."""
TYPED: dict[str, Any] = {
    "plan": "x",
    "na": "1",
    "naam": "Nieuw", "email": "nieuw@voorbeeld.nl", "organisatie": "Nieuw", "spreektaal": "en", "ritme": "", "vervanger": "",
    "eerste": "2027-08-01", "laatste": "2027-08-09", "datum": "2027-09-01", "tot": "2027-09-02", "reden": "omdat", "vraag": "?",
    "versie": "0", "doorloop": "1", "verzoek": "abcdefgh1234", "gezien": "", "wie": "p1", "recht": "lead",
    "traject": "", "stand": "retired", "adres": "http://127.0.0.1:9/x", "sinds": "2027-01-01", "persoon": "p1", "vorm": "csv",
    "stap": "vraag", "sleutel": "", "toelichting": "omdat", "door": "wie", "akkoord": "ja", "tekst": "tekst",
}  # fmt: skip


def refused(town: Town, browser: TestClient, key: str, mark: str, wanted: tuple[str, ...] = ("/",)) -> None:
    """Send everything to everywhere, and see that it is refused, noted, and changes nothing."""
    before, noted = content(town), len(refusals(town))
    tried = 0
    for method, route in UNSAFE:
        if route.path in FOR_ANYBODY or route.path.startswith("/actie/") or not route.path.startswith(wanted):
            continue
        for path in paths_of(town, route.path, mark)[:3]:
            answer = send(town, browser, method, path, key, TYPED)
            assert answer.status_code in (403, 404), (method, path, answer.status_code, answer.text[-1500:])
            tried += 1
    assert tried > 50
    assert content(town) == before
    assert len(refusals(town)) >= noted + tried


def refusals(town: Town) -> list[Any]:
    return town.rows("SELECT about FROM access_log WHERE outcome = 'refused'")


def test_reader_changes_nothing_anywhere(town: Town) -> None:
    right = Right(Role.READER)
    refused(town, town.staff(right), town.program(right), OWN)


def test_lead_of_one_traject_changes_nothing_of_another(town: Town) -> None:
    right = Right(Role.LEAD, town.ids[OWN])
    refused(town, town.staff(right), town.program(right), OTHERS)


def test_partner_changes_nothing_by_the_pages_of_staff(town: Town) -> None:
    refused(town, town.partner(OTHERS), town.program(), OWN, ("/trajecten", "/api", "/beheer"))


def test_administrator_changes_nothing_of_the_content(town: Town) -> None:
    refused(town, town.staff(KEEPS), town.program(KEEPS), OWN, ("/trajecten", "/api/v1/trajecten"))


def test_nobody_changes_anything_without_signing_in(town: Town) -> None:
    browser, before = town.browser(), content(town)
    browser.get("/")
    for method, route in UNSAFE:
        if route.path not in FOR_ANYBODY and not route.path.startswith("/actie/"):
            answer = send(town, browser, method, paths_of(town, route.path, OWN)[0], "Bearer x", TYPED)
            if route.path.startswith("/api/"):
                assert answer.status_code in (401, 403, 429), (route.path, answer.status_code)
            else:
                assert (answer.status_code, answer.headers.get("location")) == (303, "/aanmelden"), route.path
    assert content(town) == before


# --- who may not see ----------------------------------------------------------------------------------

TEMPLATES = ("/beheer/stappenplannen", "/beheer/kalenders", "/api/v1/stappenplannen", "/trajecten/nieuw")
"""Definitions are of all: who keeps them, or starts with one, sees them."""


def sees_nothing_of_others(town: Town, browser: TestClient, key: str) -> None:
    """Every page without a name in it, also when it is asked for what is of others; and every page of others."""
    for route in GETS:
        own_names = names_in(route.path)
        if route.path.startswith(TEMPLATES) or route.path in OUT or (not key and route.path.startswith("/api/")):
            continue
        if not own_names:
            asked = {name: SLUGS[OTHERS] for name in queries_of(route) if name not in NUMBERS}
            for params in ({}, asked, *({name: value} for name, value in asked.items())):
                answer = get(town, browser, route.path, key, params=params)
                assert OTHERS not in answer.text.replace(SLUGS[OTHERS], ""), (route.path, params)
            continue
        if route.path.startswith(("/actie/", "/agenda/", "/static/", "/aanmelden/")):
            continue  # what the address opens, it opens for whoever has it
        own = dict.fromkeys(own_names, "nergens") | {"kind": "svg", "act": "besluit", "daad": "afronden"}
        absent = get(town, browser, fill(route.path, own | NOWHERE.get(route.path, {})), key)
        for path in paths_of(town, route.path, OTHERS)[:2]:
            answer = get(town, browser, path, key)
            assert answer.status_code in (403, 404), (path, answer.status_code)
            assert OTHERS not in answer.text.replace(SLUGS[OTHERS], "").replace(path, ""), path
            assert answer.status_code == absent.status_code, (path, absent.status_code)


NOWHERE: dict[str, dict[str, str]] = {
    "/beheer/links/{number}": {"number": "999"},
    "/beheer/accounts/{number}": {"number": "999"},
    "/beheer/partners/{person_id}": {"person_id": "p999"},
}


def test_lead_of_one_traject_sees_nothing_of_another(town: Town) -> None:
    right = Right(Role.LEAD, town.ids[OWN])
    sees_nothing_of_others(town, town.staff(right), town.program(right))


def test_lead_of_one_traject_who_reads_another_sees_nothing_of_its_people(town: Town) -> None:
    rights = Right(Role.LEAD, town.ids[OWN]), Right(Role.READER, town.ids[OTHERS])
    browser, key = town.staff(*rights), town.program(*rights)
    for path in ("/beheer", "/beheer/partners", "/beheer/rollen", "/beheer/links", "/beheer/verzending"):
        assert OTHERS not in browser.get(path).text, path
    for path in ("/api/v1/partners", "/api/v1/bezorgingen"):
        assert OTHERS not in get(town, browser, path, key).text, path


def test_partner_sees_nothing_of_another_organisation(town: Town) -> None:
    sees_nothing_of_others(town, town.partner(OWN), "")


def test_link_calendar_and_mails_hold_nothing_of_another_organisation(town: Town) -> None:
    browser = town.browser()
    for path in (
        each for route in GETS if route.path.startswith(MINE[::2]) for each in paths_of(town, route.path, OWN)
    ):
        assert OTHERS not in browser.get(path).text, path
    for mail in town.post.sent:
        assert (OWN in mail.to) == (OWN in mail.text), mail.to
        assert (OTHERS in mail.to) == (OTHERS in mail.text), mail.to


def test_what_is_confidential_is_nowhere_for_an_administrator(town: Town) -> None:
    hides(town, town.staff(KEEPS), "")


def test_what_is_confidential_is_nowhere_for_a_reader(town: Town) -> None:
    hides(town, town.staff(Right(Role.READER)), "", ("/trajecten/", "/bestanden/"))


def test_no_key_shows_what_is_confidential_to_whoever_made_it(town: Town) -> None:
    hides(town, town.browser(), town.program(LEADS, KEEPS), ("/api/",))


def test_partners_of_other_steps_see_nothing_confidential(town: Town) -> None:
    hides(town, town.partner(OWN), "", MINE)


def hides(
    town: Town, browser: TestClient, key: str, under: tuple[str, ...] = ("/trajecten", "/beheer", "/bestanden")
) -> None:
    for route in GETS:
        if route.path.startswith(under) and not route.path.startswith(TEMPLATES):
            every = paths_of(town, route.path, OWN)
            for path in [each for each in every if "geheim" in each] or every:
                answer = get(town, browser, path, key)
                assert SECRET not in answer.text, path
                assert SECRET not in answer.headers.get("content-disposition", ""), path


def test_who_may_see_what_is_confidential_does(town: Town, chief: TestClient) -> None:
    """Or the tests above would prove nothing."""
    seen = set()
    for route in GETS:
        if route.path.startswith("/trajecten/{slug}") and "{daad}" not in route.path:
            seen |= {
                route.path
                for path in paths_of(town, route.path, OWN)
                if "geheim" in path and SECRET in chief.get(path).text
            }

    assert len(seen) == 3, seen
