"""The pages of project leads: only what is theirs, nothing that a row costs, meaning in words."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from regie.core.events import DateProposed, StepFinished
from regie.core.ids import RoleId
from regie.core.permissions import Right, Role
from regie.store.partners import bind_role
from regie.store.session import in_transaction
from tests.store.world import Watched, World
from tests.support import builders as b
from tests.web.conftest import Browse
from tests.web.staff import OPENING, SignIn, refusals, staff_of, two_trajects

STEP = "/trajecten/de-wilg/stappen/advies"


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    return two_trajects(sqlite_engine)


@pytest.fixture
def signs_in(world: World, browse: Browse) -> SignIn:
    return staff_of(world, browse)


@pytest.mark.parametrize("path", ["/trajecten", "/trajecten/de-wilg", "/trajecten/weg", STEP])
def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(world: World, browse: Browse, path: str) -> None:
    answer = browse().get(path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/aanmelden?verder=%2Ftrajecten")


def test_portfolio_has_the_most_threatened_first_and_says_it_in_words(signs_in: SignIn) -> None:
    page = signs_in(Right(Role.LEAD)).get("/trajecten").text

    assert re.findall(r'scope="row"><a class="nl-link" href="/trajecten/([\w-]+)"', page) == ["krap", "de-wilg"]
    assert "streefdatum lukt niet" in page
    assert "op schema" in page
    assert "te kort" in page
    assert "Naam van maker" in page
    assert 'role="region" aria-label="Trajecten die lopen" tabindex="0"' in page


def test_portfolio_is_narrowed_by_a_plain_form(signs_in: SignIn) -> None:
    browser = signs_in(Right(Role.READER))

    problems = browser.get("/trajecten", params={"problemen": "ja"}).text
    nothing = browser.get("/trajecten", params={"zoek": '"><script>alert(1)</script>'}).text

    assert "1 traject van 2" in problems
    assert "/trajecten/krap" in problems
    assert "/trajecten/de-wilg" not in problems
    assert re.search(r'id="problemen"[^>]*checked', problems)
    assert "<script>alert" not in nothing
    assert "Geen traject past hierbij." in nothing
    assert browser.get("/trajecten", params={"zoek": "x" * 10_000}).status_code == 200


def test_reader_sees_only_the_trajects_of_their_rights(signs_in: SignIn, world: World) -> None:
    browser = signs_in(Right(Role.MEMBER, 1))

    page = browser.get("/trajecten").text

    assert "1 traject van 1" in page
    assert "krap" not in page
    assert browser.get("/trajecten/de-wilg").status_code == 200


@pytest.mark.parametrize("path", ["/trajecten/{}", "/trajecten/{}/stappen/advies"])
def test_traject_of_others_is_not_there_just_like_one_that_is_not(signs_in: SignIn, world: World, path: str) -> None:
    browser = signs_in(Right(Role.LEAD, 1))

    others, unknown = browser.get(path.format("krap")), browser.get(path.format("weg"))

    assert (others.status_code, unknown.status_code) == (404, 404)
    plain = re.compile(r'name="(form_token|next)" value="[^"]*"')
    assert plain.sub("", others.text) == plain.sub("", unknown.text)
    assert "wilg" not in unknown.text
    assert refusals(world) == [("not-allowed", "see-traject traject:2"), ("not-allowed", "see-traject traject:-")]


def test_somebody_without_rights_gets_no_portfolio(signs_in: SignIn, world: World) -> None:
    answer = signs_in().get("/trajecten")

    assert answer.status_code in (403, 422)
    assert "krap" not in answer.text
    assert refusals(world) == [("not-allowed", "see-portfolio")]


def test_home_says_what_threatens_the_opening_and_along_which_chain(signs_in: SignIn) -> None:
    browser = signs_in(Right(Role.LEAD))

    tight, calm = browser.get("/trajecten/krap").text, browser.get("/trajecten/de-wilg").text

    assert "Dit lukt niet" in tight
    assert "op 4 juni 2027 lukt niet" in tight
    assert len(re.search(r'<ol class="regie-chain">(.*?)</ol>', tight, re.DOTALL)[1].split("<li>")) == 4  # type: ignore[index]
    assert "alle streefdatums en wettelijke datums zijn haalbaar" in calm
    assert "Besluiten die eraan komen" in calm
    assert "@voorbeeld" not in calm


def test_step_page_shows_relations_evidence_and_history(signs_in: SignIn, world: World) -> None:
    evidence = ("https://zaak.voorbeeldstad.nl/1?a=1&b=2", "<b>map</b>")
    done = StepFinished(key=b.key("advies"), by="p4", evidence=evidence, note="<script>x</script>")
    world.happens(1, done, b.at(date.fromisoformat("2027-06-02")))

    page = signs_in(Right(Role.LEAD)).get(STEP).text

    assert 'href="https://zaak.voorbeeldstad.nl/1?a=1&amp;b=2" rel="noopener noreferrer"' in page
    assert "&lt;b&gt;map" in page
    assert "<script>x" not in page
    assert 'href="/trajecten/de-wilg/stappen/besluit?doorloop=1"' in page
    assert "stap afgerond" in page
    assert f'href="{STEP}/heropenen?doorloop=1"' in page
    assert "Reopen" in signs_in(Right(Role.LEAD), Right(Role.MEMBER)).get(STEP, params={"taal": "en"}).text


def test_what_is_typed_at_a_confidential_step_is_not_for_readers(signs_in: SignIn, world: World) -> None:
    done = StepFinished(key=b.key("geheim"), by="p3", evidence=("https://zaak.nl/molenweg",), note="bij de Molenweg")
    world.happens(1, done, b.at(date.fromisoformat("2027-06-02")))
    path = "/trajecten/de-wilg/stappen/geheim"

    lead, reader = (
        signs_in(Right(Role.LEAD)).get(path).text,
        signs_in(Right(Role.READER), Right(Role.READER, 1)).get(path).text,
    )

    assert "Molenweg" in lead
    assert "olenweg" not in reader
    assert "Deze stap is vertrouwelijk." in reader


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/trajecten/de-wilg/stappen/weg", 404), ("/trajecten/de-wilg?doorloop=9", 404), ("/trajecten/de-wilg?doorloop=x", 400),
        (f"{STEP}?doorloop=1", 200), (f"{STEP}?doorloop=-1", 400), ("/trajecten/de-wilg/stappen/advies@zo", 404),
    ],
)  # fmt: skip
def test_address_that_leads_nowhere_says_so(signs_in: SignIn, path: str, status: int) -> None:
    assert signs_in(Right(Role.LEAD)).get(path).status_code == status


def test_pages_ask_no_more_of_the_database_for_more(signs_in: SignIn, world: World) -> None:
    browser = signs_in(Right(Role.LEAD))
    paths = ("/trajecten", "/trajecten/de-wilg", STEP)
    before = [_reads(world, browser, path) for path in paths]
    for number in range(6):
        world.starts(f"huis-{number}", start=date.fromisoformat("2027-06-01"), targets={"opening": OPENING})
        in_transaction(
            world.engine, lambda session, n=number: bind_role(session, RoleId("other"), world.people["boss"], n + 3)
        )
        proposal = DateProposed(key=b.key("advies"), by="p4", on=OPENING + timedelta(days=number), reason="ziek")
        world.happens(1, proposal, b.at(date.fromisoformat("2027-06-02"), 8 + number))
    after = [_reads(world, browser, path) for path in paths]

    assert browser.get("/trajecten").text.count("<tr") == 9
    assert after[0] == before[0]
    # who waits for an answer, and what they are called, are each asked once
    assert all(late - early <= 1 for early, late in zip(before, after, strict=True))


def _reads(world: World, browser: TestClient, path: str) -> int:
    with Watched(world.engine) as watched:
        assert browser.get(path).status_code == 200
    assert not watched.writes
    return len(watched.reads)
