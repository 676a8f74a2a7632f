"""Days in the hands of an administrator: shown by year, asked about, changed by a new version that nothing else is touched by."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import Engine
from starlette.responses import Response
from starlette.testclient import TestClient

from regie.core.permissions import Right, Role
from regie.definitions.day_changes import DECREE_DAY, read_days
from regie.store.definitions import get_sources, list_definitions
from regie.store.session import read_scope
from tests.store.world import World
from tests.web.conftest import Browse, texts_of
from tests.web.order_admin import OPENING, SMALL, START, make_sign_in, make_world
from tests.web.signed_in import send

HERE = "/beheer/kalenders"
AS_IT_IS = {
    "versie": "2027.2", "gesloten": "", "gewerkt": "", "gelijkgesteld": "", "bekend": "", "orgaan": "college", "weken": "1",
    "eerste": "2026-01-06", "los": "", "stukken": "5wd", "reces": "07-20 08-15 zomerreces",
}  # fmt: skip


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    found = make_world(sqlite_engine)
    found.starts("de-wilg", start=START, targets={"opening": OPENING})
    return found


@pytest.fixture
def visitor(world: World, browse: Browse) -> TestClient:
    return make_sign_in(world, browse)(Right(Role.ADMINISTRATOR))


@pytest.fixture
def path(world: World) -> str:
    return f"{HERE}/{world.definition.content_hash}"


def change(visitor: TestClient, path: str, **typed: str) -> Response:
    return send(visitor, f"{path}/dagen", {**AS_IT_IS, **typed})


def test_list_says_up_to_which_year_days_are_known(visitor: TestClient, path: str) -> None:
    page = visitor.get(HERE).text

    assert re.search(r"Klein plan 2027\.1.*?actief.*?>1<.*?2028", page, re.DOTALL)
    assert f'href="{path}/dagen"' in page


def test_list_warns_of_trajects_that_go_beyond_the_known_years(visitor: TestClient, world: World) -> None:
    world.engine.dispose()
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE occurrence SET legal_on = '2031-03-01' WHERE step = 'open'")

    page = visitor.get(HERE).text

    assert "Dagen na 2028 zijn nog niet bekend" in page
    assert "1 maart 2031" in page


def test_year_shows_each_day_that_is_not_as_any_other(visitor: TestClient, path: str) -> None:
    page = " ".join(visitor.get(f"{path}?jaar=2027").text.split())

    assert len(texts_of(page, "h3")) == 12
    for said in (
        "woensdag 5</span> Bevrijdingsdag: feestdag",
        "vrijdag 7</span> gelijkgestelde dag: bij besluit vrij",
        "vergadering van College; stukken uiterlijk 10 mei 2027",
        "geen vergadering van College: zomerreces",
        "dinsdag 20</span> zomerreces van College, tot en met 15 augustus 2027",
    ):
        assert said in page
    assert "nog niet bekend" not in page
    assert "Van 2029 zijn de gelijkgestelde dagen nog niet bekend." in visitor.get(f"{path}?jaar=2029").text


_QUESTION_ABOUT_A_DAY_IS_ANSWERED_WITH_TH = [
        ("dag=2027-05-05", "Woensdag 5 mei 2027 is geen werkdag: Bevrijdingsdag."),
        ("dag=2027-05-08", "Zaterdag 8 mei 2027 is geen werkdag: zaterdag."),
        ("dag=2027-05-04", "Dinsdag 4 mei 2027 is een werkdag."),
        ("dag=2027-05-05&taal=en", "Wednesday 5 May 2027 is not a working day: Bevrijdingsdag."),
        ("van=2027-05-03&aantal=10", "10 werkdagen na 3 mei 2027 is vrijdag 21 mei 2027."),
        ("van=2027-05-03&aantal=-1", "1 werkdag voor 3 mei 2027 is vrijdag 30 april 2027."),
    ]  # fmt: skip


def test_question_about_a_day_is_answered_with_the_reason(visitor: TestClient, path: str) -> None:
    for query, said in _QUESTION_ABOUT_A_DAY_IS_ANSWERED_WITH_TH:
        assert said in visitor.get(f"{path}?{query}").text


_QUESTION_THAT_MAKES_NO_SENSE_IS_NO_FAULT = [("dag=gisteren", 422), ("van=2027-05-03&aantal=veel", 422), ("van=1990-01-01&aantal=-5000", 422), ("jaar=1899", 404), ("jaar=9999999999", 404)]  # fmt: skip


def test_question_that_makes_no_sense_is_no_fault(visitor: TestClient, path: str) -> None:
    for query, status in _QUESTION_THAT_MAKES_NO_SENSE_IS_NO_FAULT:
        assert visitor.get(f"{path}?{query}").status_code == status


def test_changed_days_make_a_draft_with_the_same_steps_and_the_comments_in_place(
    visitor: TestClient, world: World, path: str
) -> None:
    answer = change(
        visitor,
        path,
        gesloten="2027-12-24 Kerstavond: \"<b>\" 'x'\n2027-06-14 sluiting",
        gelijkgesteld="2029-05-11",
        bekend="2029",
        los="2027-06-03",
        reces="07-20 08-15 zomerreces\n2027-10-18 2027-10-22 herfstreces",
        stukken="7wd",
    )
    new = answer.headers["location"].split("/")[-1].partition("?")[0]

    assert answer.status_code == 303
    with read_scope(world.engine) as session:
        sources = get_sources(session, new)
        assert {each.version: each.status.value for each in list_definitions(session)} == {
            "2027.1": "active",
            "2027.2": "draft",
        }
    days = read_days(sources)
    assert days.closed == {date(2027, 12, 24): "Kerstavond: \"<b>\" 'x'", date(2027, 6, 14): "sluiting"}
    assert days.decreed == {date(2029, 5, 11): DECREE_DAY}
    assert days.bodies["college"].dates == (date(2027, 6, 3),)
    assert "# Opmerking die blijft staan." in sources["workflow.yaml"]
    assert SMALL[SMALL.index("steps:") :] in sources["workflow.yaml"]
    shown = visitor.get(f"{HERE}/{new}?jaar=2029").text
    assert "gelijkgestelde dag: bij besluit vrij" in shown
    assert "nog niet bekend" not in shown
    effect = " ".join(visitor.get(f"/beheer/stappenplannen/{new}/gevolgen").text.split())
    assert re.search(r"Opvang De Wilg</a>, doorloop 1: \d stap(pen)? later", effect)
    # a second change builds on the first
    assert "2027-12-24 Kerstavond" in visitor.get(f"{HERE}/{new}/dagen").text
    assert 'value="2027.3"' in visitor.get(f"{HERE}/{new}/dagen").text


def test_mistakes_are_named_and_everything_typed_is_kept(visitor: TestClient, world: World, path: str) -> None:
    typed = {
        "versie": "", "gesloten": "2027-12-24\n31 december oud jaar", "gewerkt": "2027-02-30 schrikkeldag",
        "bekend": "ooit", "weken": "vaak", "eerste": "2026-01-10", "los": "dinsdag", "stukken": "een week",
        "reces": "07-20 08-15\n2027-10-22 2027-10-18 verkeerd om\n13-40 01-01 onzin",
    }  # fmt: skip

    answer = change(visitor, path, **typed)

    assert answer.status_code == 422
    assert len(re.findall(r'<li><a class="nl-link" href="#', answer.text)) == 11
    for text in typed.values():
        assert text.replace('"', "&#34;") in answer.text
    assert len(world.rows("definition")) == 1


def test_days_that_leave_no_definition_are_shown_at_their_lines(visitor: TestClient, world: World, path: str) -> None:
    answer = change(visitor, path, gesloten="2027-05-10 a", gewerkt="2027-05-10 b")

    assert answer.status_code == 422
    assert "Zo klopt het stappenplan niet meer." in answer.text
    assert "RG304" in answer.text
    assert len(world.rows("definition")) == 1


def test_nothing_changed_or_a_version_that_is_taken_is_said(visitor: TestClient, path: str) -> None:
    same, taken = change(visitor, path), change(visitor, path, versie="2027.1", gesloten="2027-12-24 Kerstavond")

    assert (same.status_code, taken.status_code) == (422, 409)
    assert "Er is niets veranderd aan de dagen." in same.text
    assert "Er is al een andere versie 2027.1" in taken.text
    assert "2027-12-24 Kerstavond" in taken.text


def test_form_that_was_not_drawn_by_us_is_refused(visitor: TestClient, path: str) -> None:
    assert change(visitor, path, orgaan="college", weken="1", los="x" * 20_001).status_code == 400
