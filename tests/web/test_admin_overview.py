"""The main menu and the overview of what administrators keep in order: each reader sees what is theirs, and no dead link."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update

from regie.core.permissions import EVERY_TRAJECT, IN_ANY_TRAJECT, IN_OWN_TRAJECTS, MAY, STAFF_ROLES, Right, Role
from regie.store.partners import save_person, unbind_role
from regie.store.session import in_transaction
from regie.store.tables import message
from regie.web.routes.admin import AREAS
from tests.store.world import World
from tests.support import builders as b
from tests.web.admin_world import Enter, enter, refusals, world
from tests.web.conftest import Browse, texts_of
from tests.web.signed_in import sign_in

__all__ = ["enter", "world"]


def menu(page: str) -> list[tuple[str, str]]:
    """Each entry of the main menu with what it says of itself."""
    found = re.search(r'<nav class="regie-nav".*?</nav>', page, re.DOTALL)
    if found is None:
        return []
    return [
        (re.sub(r"<.*", "", text), mark)
        for mark, text in re.findall(r'<a class="regie-nav__link"[^>]*?(?:aria-current="(\w+)")?>([^<]+)', found[0])
    ]


def test_nobody_sees_a_menu_of_what_is_not_for_them(browse: Browse, world: World) -> None:
    assert menu(browse().get("/").text) == []


@pytest.mark.parametrize(
    ("rights", "entries"),
    [
        pytest.param([Right(Role.ADMINISTRATOR)], ["Trajecten", "Beheer"], id="administrator"),
        pytest.param([Right(Role.LEAD)], ["Trajecten", "Beheer"], id="lead"),
        pytest.param([Right(Role.READER)], ["Trajecten"], id="reader"),
        pytest.param([], [], id="no-right-at-all"),
    ],
)
def test_menu_has_what_the_rights_of_its_reader_open(enter: Enter, rights: list[Right], entries: list[str]) -> None:
    assert [text for text, _ in menu(enter(*rights).get("/").text)] == entries


def test_partner_has_their_steps_in_the_menu_and_nothing_else(browse: Browse, world: World) -> None:
    browser = browse()
    sign_in(browser, world.engine, "other@voorbeeld.nl")

    assert menu(browser.get("/mijn-stappen").text) == [("Mijn stappen", "page")]
    assert menu(browser.get("/mijn-stappen/voorkeuren").text) == [("Mijn stappen", "true")]


def test_menu_marks_the_page_and_the_part_that_it_is_in(enter: Enter) -> None:
    browser = enter(Right(Role.ADMINISTRATOR))

    assert menu(browser.get("/beheer").text) == [("Trajecten", ""), ("Beheer", "page")]
    assert menu(browser.get("/trajecten/de-wilg").text) == [("Trajecten", "true"), ("Beheer", "")]
    assert [text for text, _ in menu(browser.get("/beheer?taal=en").text)] == ["Projects", "Administration"]


def test_overview_leads_to_no_page_that_is_not_there(enter: Enter) -> None:
    browser = enter(Right(Role.ADMINISTRATOR), Right(Role.LEAD))

    page = browser.get("/beheer").text
    shown = re.findall(r'<h3[^>]*><a class="nl-link" href="([^"]+)"', page)

    there = browser.app.state.paths  # type: ignore[attr-defined]
    assert shown == [each.path for each in AREAS if each.path in there]
    assert {path: browser.get(path).status_code for path in shown} == dict.fromkeys(shown, 200)


@pytest.mark.parametrize("role", STAFF_ROLES)
@pytest.mark.parametrize("traject_id", [EVERY_TRAJECT, 1])
def test_overview_shows_a_reader_only_what_they_can_open(enter: Enter, role: Role, traject_id: int) -> None:
    browser = enter(Right(role, traject_id))
    answer = browser.get("/beheer")
    wanted = {each.permission for each in AREAS} & MAY[role]
    if traject_id != EVERY_TRAJECT:
        wanted &= IN_ANY_TRAJECT | IN_OWN_TRAJECTS
    shown = re.findall(r'<h3[^>]*><a class="nl-link" href="([^"]+)"', answer.text)

    assert answer.status_code == (200 if wanted else 403)
    there = browser.app.state.paths  # type: ignore[attr-defined]
    assert shown == [each.path for each in AREAS if each.permission in wanted and each.path in there]
    assert {path: browser.get(path).status_code for path in shown} == dict.fromkeys(shown, 200)


def test_overview_is_refused_and_noted_for_who_may_do_nothing_there(enter: Enter, world: World) -> None:
    assert enter(Right(Role.READER)).get("/beheer").status_code == 403
    assert refusals(world) == [("not-allowed", "see-partners")]


def test_overview_names_what_needs_attention_and_says_so_when_nothing_does(enter: Enter, world: World) -> None:
    browser = enter(Right(Role.ADMINISTRATOR))
    behind = browser.get("/beheer").text
    in_transaction(world.engine, lambda session: session.connection().execute(update(message).values(status="sent")))
    calm = browser.get("/beheer").text

    def disturb(session):  # type: ignore[no-untyped-def]
        unbind_role(session, b.RoleId("other"), world.people["other"])
        save_person(session, person_id=world.people["maker"], name="Naam van maker", email="")

    in_transaction(world.engine, disturb)
    page = browser.get("/beheer").text

    assert "De rondes of de post lopen achter." in behind
    assert "Er is nu niets dat uw aandacht vraagt." in calm
    assert "Opvang De Wilg: 1 rol heeft niemand: " in page
    assert "1 persoon met een rol heeft geen e-mailadres" in page
    assert "Er is nu niets" not in page


def test_overview_says_nothing_of_trajects_that_are_not_the_readers(enter: Enter, world: World) -> None:
    world.starts("krap", start=b.MONDAY)
    in_transaction(world.engine, lambda session: unbind_role(session, b.RoleId("other"), world.people["other"]))

    page = enter(Right(Role.LEAD, 1)).get("/beheer").text

    assert page.count("1 rol heeft niemand") == 1
    assert "krap" not in page


def test_post_that_failed_is_counted(enter: Enter, world: World) -> None:
    in_transaction(world.engine, lambda session: session.connection().execute(update(message).values(status="failed")))

    page = enter(Right(Role.ADMINISTRATOR)).get("/beheer").text

    assert re.search(r"Post: [1-9]\d* mislukt", page)


def heading_levels(page: str) -> list[str]:
    return re.findall(r"<h([1-6])", page)


def test_headings_are_in_order(enter: Enter) -> None:
    page = enter(Right(Role.ADMINISTRATOR)).get("/beheer").text

    assert texts_of(page, "h1") == ["Beheer"]
    assert heading_levels(page)[:3] == ["1", "2", "2"]
