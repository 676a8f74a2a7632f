"""What a person sees: in their language, with words they understand also when something goes wrong."""

from __future__ import annotations

import json
import logging
import re

import pytest
from fastapi import APIRouter
from jinja2 import UndefinedError
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from regie.errors import Conflict, DeliveryFailed, Incomplete, NotFound, Refused, RegieError
from regie.web import visitor
from regie.web.deps import PagesNow
from regie.web.errors import STATUSES
from tests.web import gallery
from tests.web.conftest import SAME_ORIGIN, Browse, texts_of, token_on


def language_of(answer: Response) -> str:
    (language,) = re.findall(r'<html lang="(\w+)">', answer.text)  # type: ignore[attr-defined]
    assert answer.headers["Content-Language"] == language
    return str(language)


# --- language ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wished", "given"),
    [
        ("", "nl"), ("en", "en"), ("en-GB,en;q=0.9,nl;q=0.8", "en"), ("nl-NL,en;q=0.9", "nl"), ("fr,en;q=0.5", "en"),
        ("fr", "nl"), ("en;q=0", "nl"), ("en;q=zeer", "nl"), ("nl;q=0.2,en;q=0.9", "en"), (",;,", "nl"), ("en;q=9", "nl"),
    ],
)  # fmt: skip
def test_browser_gets_the_language_it_wishes_for_when_regie_has_it(browse: Browse, wished: str, given: str) -> None:
    answer = browse().get("/", headers={"Accept-Language": wished})

    assert language_of(answer) == given


def test_installation_says_the_language_of_whoever_wishes_for_none(browse: Browse) -> None:
    assert language_of(browse(language="en").get("/")) == "en"


def test_language_in_the_address_is_for_this_page_only(browse: Browse) -> None:
    browser = browse()

    assert language_of(browser.get("/?taal=en")) == "en"
    assert language_of(browser.get("/")) == "nl"
    assert language_of(browser.get("/?taal=xx")) == "nl"


def test_chosen_language_stays_and_leads_back_to_the_page(browse: Browse) -> None:
    browser = browse(gallery.router)
    page = browser.get("/toegankelijkheid?a=1&taal=nl&b=%C3%A9").text
    (here,) = re.findall(r'name="next" value="([^"]+)"', page)
    data = {"form_token": token_on(page, "/taal"), "taal": "en", "next": here.replace("&amp;", "&")}

    answer = browser.post("/taal", data=data, headers=SAME_ORIGIN)

    assert (answer.status_code, answer.headers["location"]) == (303, "/toegankelijkheid?a=1&b=%C3%A9")
    assert language_of(browser.get("/", headers={"Accept-Language": "nl"})) == "en"


def test_language_that_regie_does_not_have_is_no_choice(browse: Browse) -> None:
    browser = browse()
    data = {"form_token": token_on(browser.get("/").text, "/taal"), "taal": "xx"}

    assert browser.post("/taal", data=data, headers=SAME_ORIGIN).status_code == 400


# --- the pages ---------------------------------------------------------------------------------------


def test_start_page_says_where_a_partner_and_a_lead_go(browse: Browse) -> None:
    page = browse(organisation="Gemeente Voorbeeldstad").get("/").text

    assert texts_of(page, "h1") == ["Samen op tijd open"]
    assert texts_of(page, "h2") == ["Bent u partner?", "Bent u projectleider of beheerder?"]
    assert texts_of(page, "title") == ["Start - Gemeente Voorbeeldstad"]


def test_accessibility_page_names_the_address_that_answers_go_to(browse: Browse) -> None:
    without = browse().get("/toegankelijkheid").text
    named = browse(reply_to="opvang@voorbeeldstad.nl").get("/toegankelijkheid").text

    assert 'href="mailto:opvang@voorbeeldstad.nl"' in named
    assert "contactpersoon" in without
    assert "mailto:" not in without


def test_every_page_has_its_landmarks_and_a_way_past_them(browse: Browse) -> None:
    page = browse(environment_label="TEST").get("/toegankelijkheid").text

    for landmark in ("<header", '<main id="inhoud"', "<footer", "<nav"):
        assert page.count(landmark) == 1
    assert page.index('href="#inhoud"') < page.index("<header")
    assert "Dit is TEST: geen echte omgeving." in page


def test_production_has_no_bar(browse: Browse) -> None:
    assert "regie-environment" not in browse().get("/").text


# --- forms -------------------------------------------------------------------------------------------


@pytest.fixture
def form(browse: Browse) -> TestClient:
    browser = browse(gallery.router)
    gallery.add_template(browser.app.state.shell.pages)  # type: ignore[attr-defined]
    return browser


def test_summary_leads_to_the_fields_and_each_field_says_its_error(form: TestClient) -> None:
    token = token_on(form.get("/proef").text, "/proef")

    answer = form.post("/proef", data={"form_token": token, "reden": "<i>ziek</i>"}, headers=SAME_ORIGIN)

    page = answer.text
    assert answer.status_code == 422
    assert re.findall(r'<a class="nl-link" href="#(\w+)">([^<]+)</a>', page) == [
        ("naam", "Vul uw naam in."), ("datum", "Kies een datum."), ("keuze", "Zeg of het lukt."),
    ]  # fmt: skip
    assert "Er zijn 3 dingen om na te kijken" in page
    for field in ("naam", "datum", "keuze"):
        assert page.count(f'id="{field}"') == 1
        assert page.count(f'id="{field}-fout"') == 1
    assert 'aria-describedby="naam-hint naam-fout" aria-invalid="true"' in page
    assert 'aria-describedby="keuze-hint keuze-fout"' in page
    assert 'id="fouten" tabindex="-1"' in page


def test_what_was_typed_stays_and_is_never_taken_for_html(form: TestClient) -> None:
    token = token_on(form.get("/proef").text, "/proef")

    page = form.post("/proef", data={"form_token": token, "reden": "<i>ziek</i>"}, headers=SAME_ORIGIN).text

    assert "&lt;i&gt;ziek&lt;/i&gt;" in page
    assert "&lt;b&gt;Plan&lt;/b&gt;" in page
    assert "<i>" not in page
    assert "<b>" not in page


def test_every_field_has_a_label_and_every_description_is_there(form: TestClient) -> None:
    page = form.get("/proef").text
    ids = re.findall(r'\bid="([^"]+)"', page)

    assert len(ids) == len(set(ids))
    for field in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page):
        if 'type="hidden"' not in field:
            (own,) = re.findall(r'\bid="([^"]+)"', field)
            assert '<label class="utrecht-form-label' in page
            assert f'for="{own}"' in page
    for named in re.findall(r'aria-(?:describedby|labelledby)="([^"]+)"', page):
        assert set(named.split()) <= set(ids)


def test_wide_table_scrolls_in_a_region_that_a_keyboard_reaches(form: TestClient) -> None:
    page = form.get("/proef").text

    assert 'role="region" aria-label="Stappen van deze week" tabindex="0"' in page
    assert page.count('<th class="utrecht-table__cell regie-row-head" scope="row">') == 2


def test_name_that_a_template_was_not_given_is_a_fault(browse: Browse) -> None:
    browser = browse()
    pages = browser.app.state.shell.pages  # type: ignore[attr-defined]
    gallery.add_template(pages, "leeg.html", "{{ nergens }}")

    with pytest.raises(UndefinedError):
        pages.render(Request({"type": "http", "headers": [], "query_string": b"", "path": "/"}), "leeg.html")


# --- when something goes wrong ------------------------------------------------------------------------


def failing(error: Exception) -> APIRouter:
    router = APIRouter()

    @router.get("/kapot")
    @router.get("/api/v1/kapot")
    def fail() -> None:
        raise error

    @router.get("/getal/{number}")
    @router.get("/api/v1/getal/{number}")
    def show(number: int, tot: int = 0) -> None:
        return None

    return router


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (Refused("no", code="x"), 422, "Dit kan zo niet"),
        (NotFound("no", code="x"), 404, "Deze pagina is er niet"),
        (Conflict("no", code="x"), 409, "Iemand anders was u voor"),
        (Conflict("no", code="database-locked", database="/geheim/db"), 503, "Regie is even niet bereikbaar"),
        (Incomplete("no", code="database-unreachable", database="geheim"), 503, "Regie is even niet bereikbaar"),
        (DeliveryFailed("no", code="x"), 503, "Regie is even niet bereikbaar"),
        (RegieError("no"), 500, "Er ging bij ons iets mis"),
        (ZeroDivisionError("geheim"), 500, "Er ging bij ons iets mis"),
    ],
)
def test_every_family_of_errors_has_its_page_in_both_languages(
    browse: Browse, error: Exception, status: int, title: str
) -> None:
    browser = browse(failing(error))

    dutch, english = browser.get("/kapot"), browser.get("/kapot?taal=en")

    assert (dutch.status_code, english.status_code) == (status, status)
    assert texts_of(dutch.text, "h1") == [title]
    assert texts_of(english.text, "h1") != [title]
    assert "geheim" not in dutch.text
    assert (dutch.headers["X-Request-ID"] in dutch.text) == (status >= 500)


def test_refusal_is_said_in_its_own_dutch_words(browse: Browse) -> None:
    error = Refused("port 8080 is in use", code="port-in-use", hint="stop it", port=8080)
    browser = browse(failing(error))

    assert "Poort 8080 is al in gebruik." in browser.get("/kapot").text
    assert "port 8080 is in use" in browser.get("/kapot?taal=en").text
    problem = browser.get("/api/v1/kapot", headers={"X-Request-ID": "abcdefgh"}).json()
    del problem["title"]
    assert problem == {
        "type": "about:blank", "status": 400, "detail": "Poort 8080 is al in gebruik.", "code": "port-in-use",
        "hint": "Stop wat de poort gebruikt, of kies een andere met --port.",
        "instance": "urn:regie:request:abcdefgh",
    }  # fmt: skip


def test_fault_is_logged_with_its_place_and_without_its_words(browse: Browse, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "regie.web")

    answer = browse(failing(ValueError("wat iemand typte"))).get("/kapot")

    (line,) = [record.getMessage() for record in caplog.records if record.name == "regie.web.fault"]
    said = json.loads(line.removeprefix("fault "))
    assert said["request"] == answer.headers["X-Request-ID"]
    assert said["fault"].startswith("ValueError test_pages.py:")
    assert "wat iemand typte" not in caplog.text


def test_fault_of_the_page_of_faults_still_gives_an_answer(browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = browse(failing(ZeroDivisionError()))
    pages = browser.app.state.shell.pages  # type: ignore[attr-defined]
    monkeypatch.setattr(pages, "render", lambda *_, **__: 1 / 0)

    answer = browser.get("/kapot")

    assert (answer.status_code, answer.text[:24]) == (500, "Er ging bij ons iets mis")
    assert answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/kapot", "/getal/een", "/nergens", "/getal/1?tot=x"])
def test_api_answers_every_error_as_a_problem(browse: Browse, path: str) -> None:
    page, problem = (
        browse(failing(NotFound("no", code="x"))).get(path),
        browse(failing(NotFound("no"))).get("/api/v1" + path),
    )

    assert page.headers["content-type"].startswith("text/html")
    assert problem.headers["content-type"] == "application/problem+json"
    assert {"status", "title", "detail", "type"} <= set(problem.json())
    assert problem.json()["status"] == problem.status_code
    assert page.status_code in (404, 400)


def test_api_names_every_wrong_value_with_400(browse: Browse) -> None:
    answer = browse(failing(NotFound("no"))).get("/api/v1/getal/een?tot=x")

    assert answer.status_code == 400
    assert [each["location"] for each in answer.json()["errors"]] == ["number", "tot"]


def test_other_method_and_slash_at_the_end_are_no_redirect(browse: Browse) -> None:
    browser = browse()

    other, slash = browser.put("/toegankelijkheid"), browser.get("/toegankelijkheid/")

    assert other.status_code == 403  # the guard comes first: no page of ours sends that
    assert slash.status_code == 404
    assert browser.get("/taal").status_code == 405
    assert browser.get("/taal").headers["Allow"] == "POST"
    assert [browser.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404, 404, 404]


def test_every_family_has_a_status() -> None:
    families = {each.family for each in (RegieError, *RegieError.__subclasses__())}

    assert families == set(STATUSES)


def test_route_may_render_with_a_status_and_headers(browse: Browse) -> None:
    router = APIRouter()

    @router.get("/eigen")
    def show(request: Request, pages: PagesNow) -> Response:
        return pages.render(request, "home.html", status=410, headers={"X-Eigen": "ja"})

    answer = browse(router).get("/eigen")

    assert (answer.status_code, answer.headers["X-Eigen"]) == (410, "ja")


@pytest.mark.parametrize("path", ["/", "/a?b=c", "/a/b#c", "/a%20b"])
def test_own_paths_are_kept(path: str) -> None:
    assert visitor.own_path(path) == path
