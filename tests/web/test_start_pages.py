"""Starting a traject in the browser, a next cycle, and closing one: all asked and shown first, then done once."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from regie.actions.start_traject import slug_of
from regie.clock import VirtualClock
from regie.core.events import GateDecided, StepFinished
from regie.core.permissions import Permission, Right, Role, may
from regie.core.traject import CycleState, State
from regie.definitions import load_sources
from regie.reports.definition_offers import list_offers
from regie.store.definitions import retire_definition, save_definition
from regie.store.session import in_transaction, read_scope
from tests.web.conftest import SAME_ORIGIN, Browse
from tests.web.desk import SOURCES, Desk, make_desk, press, said

NEW, NEXT, CLOSE = "/trajecten/nieuw", "/trajecten/de-wilg/doorloop/nieuw", "/trajecten/de-wilg/afsluiten"
HASH = load_sources(SOURCES).content_hash
FORM = f"{NEW}?plan={HASH}"
TYPED: dict[str, object] = {
    "titel": "Opvang Zuid",
    "korte_naam": "",
    "start": "2027-06-07",
    "a_opening": "2027-10-01",
    "v_plekken": "120",
    "v_gebouw": "bestaand",
    "v_regio": "nee",
    "v_groepen": ["gezinnen", "jongeren"],
}


@pytest.fixture
def desk(sqlite_engine: Engine, clock: VirtualClock, browse: Browse) -> Desk:
    return make_desk(sqlite_engine, clock, browse)


@pytest.fixture
def lead(desk: Desk) -> TestClient:
    return desk.signs_in()


def preview(lead: TestClient, **typed: object):  # type: ignore[no-untyped-def]
    return press(lead, lead.get(FORM), NEW, doe="bekijk", **{**TYPED, **typed})


def slugs(desk: Desk) -> list[object]:
    return [row[0] for row in desk.rows("SELECT slug FROM traject ORDER BY id")]


def test_definitions_in_use_and_those_that_come_along_can_be_chosen(desk: Desk, lead: TestClient) -> None:
    page = lead.get(NEW)

    assert "Klein plan, versie 1" in said(page)
    assert "1 doorloop volgt dit plan." in page.text
    assert "Menswaardige opvang" in page.text
    assert "Komt met Regie mee." in page.text


def test_a_retired_definition_is_not_offered(desk: Desk, lead: TestClient) -> None:
    in_transaction(desk.context.engine, lambda session: retire_definition(session, HASH))

    assert "Klein plan" not in lead.get(NEW).text
    assert lead.get(FORM).status_code == 404
    assert lead.get(f"{NEW}?plan=weg").status_code == 404


def test_form_asks_the_questions_of_the_definition_by_their_kind(lead: TestClient) -> None:
    page = lead.get(FORM).text

    assert re.search(r'name="v_plekken" value="50"', page)
    assert "Een getal van 1 tot en met 200." in page
    assert len(re.findall(r'type="radio" id="[\w-]+" name="v_gebouw"', page)) == 2
    assert len(re.findall(r'type="radio" id="[\w-]+" name="v_regio"', page)) == 2
    assert re.search(r'type="checkbox" id="v_groepen" name="v_groepen" value="gezinnen" checked', page)
    assert re.search(r'type="date" id="a_opening"[^>]* required', page)


def test_traject_starts_after_its_plan_was_seen(desk: Desk, lead: TestClient) -> None:
    page = preview(lead)

    words = said(page)
    for each in (
        "Klopt dit plan?", "Opvang Zuid: 5 stappen", "1 stap doet niet mee", "Er is nog niets opgeslagen",
        "Ja: alle streefdatums", "Gita de Groot (GGD)", "Advies schrijven", "Go-besluit nemen", "1 oktober 2027",
    ):  # fmt: skip
        assert each in words, each
    assert slugs(desk) == ["de-wilg"]

    started = press(lead, page, NEW, doe="doe")

    assert (started.status_code, started.headers["location"]) == (303, "/trajecten/opvang-zuid")
    assert slugs(desk) == ["de-wilg", "opvang-zuid"]
    cycle = desk.traject(2).cycles[0]
    assert cycle.answers == {
        "plekken": 120, "gebouw": "bestaand", "regio": False, "groepen": frozenset({"gezinnen", "jongeren"}),
    }  # fmt: skip
    assert cycle.anchor_on(cycle.definition.start_anchor) == date(2027, 6, 7)
    assert lead.get("/trajecten/opvang-zuid").status_code == 200
    assert desk.rows("SELECT by FROM history WHERE traject_id = 2 AND seq = 1") == [("account:1",)]


def test_pressing_twice_starts_one_traject(desk: Desk, lead: TestClient) -> None:
    page = preview(lead)

    first, second = (press(lead, page, NEW, doe="doe") for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 303)
    assert slugs(desk) == ["de-wilg", "opvang-zuid"]


def test_dates_that_cannot_hold_are_named_in_sentences_and_it_can_be_started_all_the_same(lead: TestClient) -> None:
    page = preview(lead, a_opening="2027-06-10", v_gebouw="units")

    assert "1 datum lukt niet" in said(page)
    assert "op 10 juni 2027 lukt niet" in said(page)
    assert press(lead, page, NEW, doe="doe").status_code == 303


def test_roles_without_anybody_and_people_without_an_address_are_named(desk: Desk, lead: TestClient) -> None:
    from regie.core.ids import RoleId
    from regie.store.people import bind_role, save_person
    from regie.store.session import write_scope

    empty = said(preview(lead, v_gebouw="units"))
    with write_scope(desk.context.engine) as session:
        bind_role(session, RoleId("coa"), save_person(session, name="Coen Oud"))
    silent = said(preview(lead, v_gebouw="units"))

    assert "1 rol heeft nog niemand COA." in empty
    assert "Coen Oud (COA)" in silent
    assert "nog niemand" not in silent


def test_all_mistakes_are_said_at_once_and_nothing_typed_is_lost(desk: Desk, lead: TestClient) -> None:
    answer = preview(
        lead, titel=" ", korte_naam="Niet Goed", start="gauw", a_opening="", v_plekken="9000", v_gebouw="tent",
        v_regio="", v_groepen=[],
    )  # fmt: skip

    assert answer.status_code == 422
    fields = re.findall(r'<li><a class="nl-link" href="#([\w-]+)">', answer.text)
    assert fields == [
        "titel", "korte_naam", "start", "a_opening", "v_plekken", "v_gebouw", "v_regio", "v_groepen",
    ]  # fmt: skip
    for field in fields:
        assert f'id="{field}"' in answer.text
    for typed in ("Niet Goed", "gauw", "9000"):
        assert f'value="{typed}"' in answer.text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"titel": "De Wilg"}, "korte_naam"),
        ({"titel": "Nieuw"}, "korte_naam"),
        ({"titel": "نبيل"}, "korte_naam"),
        ({"korte_naam": "../x"}, "korte_naam"),
        ({"titel": "Locatie 123456782"}, "toch"),
        ({"titel": "a\x07b"}, "titel"),
        ({"a_opening": "2027-06-01"}, "a_opening"),
        ({"a_opening": "2027-13-01"}, "a_opening"),
        ({"v_plekken": ""}, "v_plekken"),
    ],
)
def test_what_cannot_be_stands_at_its_field(desk: Desk, lead: TestClient, typed: dict[str, str], field: str) -> None:
    answer = preview(lead, **typed)

    assert answer.status_code == 422
    assert re.findall(r'<li><a class="nl-link" href="#([\w-]+)">', answer.text) == [field]
    assert slugs(desk) == ["de-wilg"]


def test_name_taken_meanwhile_is_a_conflict_that_keeps_what_was_typed(desk: Desk, lead: TestClient) -> None:
    mine, theirs = preview(lead), preview(lead)
    press(lead, theirs, NEW, doe="doe")

    answer = press(lead, mine, NEW, doe="doe")

    assert answer.status_code == 409
    assert 'href="#korte_naam"' in answer.text
    assert 'value="Opvang Zuid"' in answer.text
    assert 'value="120"' in answer.text


def test_definition_replaced_meanwhile_is_a_conflict_that_keeps_what_was_typed(desk: Desk, lead: TestClient) -> None:
    mine = preview(lead)
    newer = {"workflow.yaml": SOURCES["workflow.yaml"].replace('version: "1"', 'version: "2"')}

    def replace(session):  # type: ignore[no-untyped-def]
        retire_definition(session, HASH)
        save_definition(session, newer, load_sources(newer), desk.clock())

    in_transaction(desk.context.engine, replace)

    for doe in ("doe", "aanpassen"):
        answer = press(lead, mine, NEW, doe=doe)
        assert answer.status_code == 409
        assert "versie 2." in said(answer)
        assert "is intussen vervangen" in said(answer)
        assert 'value="Opvang Zuid"' in answer.text
        assert 'name="v_plekken" value="120"' in answer.text
    press(lead, press(lead, answer, NEW, doe="bekijk", **TYPED), NEW, doe="doe")
    assert slugs(desk) == ["de-wilg", "opvang-zuid"]


def test_back_to_the_form_keeps_everything(lead: TestClient) -> None:
    page = press(lead, preview(lead, titel='<script>"x"'), NEW, doe="aanpassen").text

    assert 'value="&lt;script&gt;&#34;x&#34;"' in page
    assert re.search(r'value="jongeren" checked', page)
    assert 'name="v_plekken" value="120"' in page


@pytest.mark.parametrize(
    "right", [Right(Role.READER), Right(Role.MEMBER), Right(Role.ADMINISTRATOR), Right(Role.LEAD, 1)]
)
def test_who_may_not_start_is_refused_and_it_is_written_down(desk: Desk, right: Right) -> None:
    browser = desk.signs_in(right)
    token = re.search(r'name="form_token" value="([^"]+)"', browser.get("/trajecten").text)[1]  # type: ignore[index]

    answers = browser.get(NEW), browser.post(NEW, data={"form_token": token, "plan": HASH, "doe": "doe", "verzoek": "abcdefgh", **TYPED}, headers=SAME_ORIGIN)  # fmt: skip

    assert [each.status_code for each in answers] == [403, 403]
    assert slugs(desk) == ["de-wilg"]
    assert len(desk.rows("SELECT * FROM access_log WHERE about = 'start-traject'")) == 2


def test_whoever_may_start_a_traject_sees_every_traject_and_so_that_one_too() -> None:
    for role in Role:
        for right in (Right(role), Right(role, 1)):
            from regie.core.permissions import Actor

            actor = Actor("account:1", frozenset({right}))
            if may(actor, Permission.START_TRAJECT):
                assert may(actor, Permission.SEE_TRAJECT, traject_id=999)


def test_the_offered_definition_of_opvang_compiles_and_is_previewed(desk: Desk, lead: TestClient) -> None:
    with read_scope(desk.context.engine) as session:
        (opvang,) = [each.hash for each in list_offers(session) if each.id == "opvang"]
    typed = {"titel": "Zuidpark", "start": "2027-06-07", "a_opening": "2028-11-01"}
    form = lead.get(f"{NEW}?plan={opvang}")
    given = dict(re.findall(r'name="(v_[\w-]+)" value="([^"]*)" checked', form.text))
    given |= dict(re.findall(r'name="(v_[\w-]+)" value="(\d+)"', form.text)) | {
        name: re.search(r'value="([^"]*)" selected', options)[1]  # type: ignore[index]
        for name, options in re.findall(r'<select[^>]* name="(v_[\w-]+)"[^>]*>(.*?)</select>', form.text, re.DOTALL)
    }

    page = press(lead, form, NEW, doe="bekijk", **typed, **given)

    assert page.status_code == 200, re.findall(r"foutmelding|error-message[^>]*>.*?</div>", page.text)
    assert "College van burgemeester en wethouders" in page.text
    assert press(lead, page, NEW, doe="doe").status_code == 303
    assert len(desk.traject(2).cycles[0].occurrences) >= 100


# --- a next cycle ----------------------------------------------------------------------------------------


def next_preview(lead: TestClient, **typed: object):  # type: ignore[no-untyped-def]
    given = {"soort": "improvement", "start": "2027-11-01", "a_opening": "2028-03-01", "v_plekken": "60"}
    given |= {"v_gebouw": "units", "v_regio": "nee", "v_groepen": "gezinnen"}
    return press(lead, lead.get(NEXT), NEXT, doe="bekijk", **{**given, **typed})


def test_next_cycle_asks_what_changed_shows_its_plan_and_starts(desk: Desk, lead: TestClient) -> None:
    desk.does(StepFinished, "advies")

    form, page = lead.get(NEXT).text, next_preview(lead)

    assert re.search(r'value="units" checked', form)  # the answer of the cycle before
    words = said(page)
    assert "De Wilg, Verbeteren: " in words
    assert "Van 1 stap telt het resultaat van eerder." in words
    assert len(desk.traject().cycles) == 1
    started = press(lead, page, NEXT, doe="doe")
    assert (started.status_code, started.headers["location"]) == (303, "/trajecten/de-wilg?doorloop=2")
    assert desk.traject().cycles[1].kind == "improvement"
    assert desk.step("advies").kept_from == 1


def test_next_cycle_pressed_twice_opens_one(desk: Desk, lead: TestClient) -> None:
    page = next_preview(lead)

    answers = [press(lead, page, NEXT, doe="doe").status_code for _ in range(2)]

    assert answers == [303, 303]
    assert len(desk.traject().cycles) == 2


def test_second_of_two_that_open_a_cycle_is_told_and_loses_nothing(desk: Desk, lead: TestClient) -> None:
    mine, theirs = next_preview(lead, v_plekken="77"), next_preview(lead)
    press(lead, theirs, NEXT, doe="doe")

    answer = press(lead, mine, NEXT, doe="doe")

    assert answer.status_code == 409
    assert 'value="77"' in answer.text
    assert len(desk.traject().cycles) == 2


def test_next_cycle_with_mistakes_says_all_of_them(lead: TestClient) -> None:
    answer = next_preview(lead, soort="", start="", v_plekken="x")

    assert answer.status_code == 422
    fields = re.findall(r'<li><a class="nl-link" href="#([\w-]+)">', answer.text)
    assert fields == ["soort", "start", "v_plekken"]


# --- the end ---------------------------------------------------------------------------------------------


def test_closing_says_what_is_withdrawn_and_who_hears_it_then_closes_once(desk: Desk, lead: TestClient) -> None:
    page = press(lead, lead.get(CLOSE), CLOSE, doe="bekijk", reden="Het pand is verkocht")

    assert page.status_code == 200
    assert "Deze doorloop stopt hiermee" in page.text
    assert "Advies schrijven : van kan beginnen naar ingetrokken" in said(page)
    assert desk.traject().cycles[0].state is CycleState.RUNNING

    answers = [press(lead, page, CLOSE, doe="doe").status_code for _ in range(2)]

    assert answers == [303, 303]
    assert desk.traject().cycles[0].state is CycleState.ENDED
    assert desk.step("advies").state is State.WITHDRAWN
    assert "is al afgesloten" in lead.get(CLOSE).text


def test_closing_asks_why(lead: TestClient) -> None:
    answer = press(lead, lead.get(CLOSE), CLOSE, doe="bekijk", reden=" ")

    assert answer.status_code == 422
    assert 'href="#reden"' in answer.text


@pytest.mark.parametrize("path", [NEXT, CLOSE])
def test_member_neither_opens_a_cycle_nor_closes(desk: Desk, path: str) -> None:
    assert desk.signs_in(Right(Role.MEMBER)).get(path).status_code == 403


def test_looking_at_the_pages_changes_nothing(desk: Desk, lead: TestClient) -> None:
    desk.does(StepFinished, "advies")
    desk.does(GateDecided, "besluit", outcome="go", decided_by="College")
    before = desk.rows("SELECT * FROM history"), desk.rows("SELECT * FROM traject"), desk.rows("SELECT * FROM cycle")

    for path in (NEW, FORM, NEXT, CLOSE):
        assert lead.get(path).status_code == 200
    preview(lead)
    next_preview(lead)

    assert (
        desk.rows("SELECT * FROM history"),
        desk.rows("SELECT * FROM traject"),
        desk.rows("SELECT * FROM cycle"),
    ) == before


def test_a_long_title_gives_a_short_name_that_is_one() -> None:
    assert slug_of("a" * 59 + " bc") == "a" * 59
