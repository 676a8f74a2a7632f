"""An administrator keeps people in order in a real browser, with and without JavaScript; and axe on each of the pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from regie.store.people import list_people
from regie.store.session import read_scope
from tests.browser.conftest import faults
from tests.browser.living import Living

HEADER = "organisatie;naam;e-mail;rol;taal;ritme;vervanger\n"
WRONG = HEADER + "GGD;Zoë Ødegård;zoe@ggd.example;ggdd;nl;;\nGGD;;leeg;ggd;nl;;\n"
RIGHT = (
    HEADER
    + "GGD;Zoë Ødegård;zoe@ggd.example;ggd;en;wekelijks;ggd@partner.example\nCOA;Coen de Oude;coa@partner.example;coa;;;\n"
)


@pytest.fixture(params=[True, False], ids=["javascript", "no-javascript"])
def scripting(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def browser_context_args(browser_context_args, request):  # type: ignore[no-untyped-def]
    if "scripting" not in request.fixturenames:
        return browser_context_args
    return {**browser_context_args, "java_script_enabled": request.getfixturevalue("scripting")}


def addresses(living: Living) -> dict[str, str]:
    with read_scope(living.context.engine) as session:
        return {each.email: each.name for each in list_people(session)}


def test_administrator_imports_partners_after_a_dry_run(
    living: Living, page: Page, administrator: int, scripting: bool, tmp_path: Path
) -> None:
    before = addresses(living)
    file = tmp_path / "partners.csv"
    file.write_bytes(WRONG.encode("cp1252"))

    page.goto(living.url + "/beheer")
    page.get_by_role("navigation", name="Hoofdmenu").get_by_role("link", name="Beheer").click()
    page.get_by_role("link", name="Partners", exact=True).click()
    page.get_by_role("link", name="Lijst inlezen").click()
    page.get_by_label("Bestand").set_input_files(file)
    page.get_by_role("button", name="Nakijken").click()

    expect(page.get_by_role("alert").get_by_text("Er zijn 3 dingen om na te kijken")).to_be_visible()
    expect(page.get_by_role("row", name="ggdd")).to_be_visible()
    expect(page.get_by_role("button", name="Opslaan")).to_have_count(0)
    assert addresses(living) == before
    if scripting:
        assert faults(page) == []
    page.get_by_label("Lijst", exact=True).fill(RIGHT)
    page.get_by_role("button", name="Opnieuw nakijken").click()

    expect(page.get_by_text("1 nieuw, 1 gewijzigd, 0 gelijk; 1 keer een rol.")).to_be_visible()
    expect(page.get_by_role("row", name="Coen de Oude")).to_contain_text("Coen Oud → Coen de Oude")
    assert addresses(living) == before
    if scripting:
        assert faults(page) == []
    page.get_by_role("button", name="Opslaan").click()

    expect(page.get_by_role("status").get_by_text("De lijst is opgeslagen: 1 nieuw, 1 gewijzigd")).to_be_visible()
    assert addresses(living) == before | {"zoe@ggd.example": "Zoë Ødegård", "coa@partner.example": "Coen de Oude"}
