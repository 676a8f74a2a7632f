"""Leads act in a real browser: a partner's date is accepted, the opening moves, and two leads meet at one step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from regie.core.ids import AnchorId
from regie.core.permissions import Role
from regie.core.traject import State
from tests.browser.conftest import faults
from tests.browser.living import OPENING, SLUG, TODAY, Living, cycle_of

STEP = "f1-onderwijs-en-leerlingenvervoer"
BASE = f"/trajecten/{SLUG}"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.fixture
def step(living: Living) -> str:
    """An open step for which a partner asked another date."""
    (found, *_) = [k for k, each in cycle_of(living.context).occurrences.items() if each.proposed_on is not None]
    return str(found)


def test_lead_accepts_the_date_that_a_partner_proposed(living: Living, lead: int, page: Page, step: str) -> None:
    page.goto(f"{living.url}{BASE}/stappen/{step}")
    page.get_by_role("link", name="Antwoorden op het voorstel").click()
    expect(page.get_by_text("Eerder lukt niet: vakantie")).to_be_visible()
    page.get_by_label("Ja, deze datum is afgesproken").check()
    press(page, "Bekijk de gevolgen")

    expect(page.get_by_role("heading", level=1)).to_have_text("Dit gebeurt er als u opslaat")
    assert faults(page) == []
    assert living.step(step).promised_on is None
    press(page, "Opslaan")

    expect(page.get_by_role("status")).to_contain_text("Het antwoord is vastgelegd.")
    assert living.step(step).promised_on == TODAY + timedelta(days=60)
    assert living.history()[-1] == ("ProposalAnswered", f"account:{lead}")


def test_lead_moves_the_opening_and_sees_the_consequences_first(living: Living, lead: int, page: Page) -> None:
    later = OPENING + timedelta(days=91)
    page.goto(f"{living.url}{BASE}")
    page.get_by_role("link", name="Datums van dit traject").click()
    page.get_by_role("row", name="Opening: eerste bewoners").get_by_role("link", name="Verzetten").click()
    page.get_by_label("Nieuwe streefdatum").fill(later.isoformat())
    page.get_by_label("Waarom?").fill("De bouw loopt uit")
    press(page, "Bekijk de gevolgen")

    expect(page.locator(".nl-paragraph--lead", has_text="Verschuift")).to_be_visible()
    assert faults(page) == []
    press(page, "Terug en wijzigen")
    expect(page.get_by_label("Waarom?")).to_have_value("De bouw loopt uit")
    assert cycle_of(living.context).anchors[AnchorId("opening")].target == OPENING
    press(page, "Bekijk de gevolgen")
    press(page, "Opslaan")

    expect(page.get_by_role("status")).to_contain_text("Opgeslagen: Opening: eerste bewoners.")
    assert cycle_of(living.context).anchors[AnchorId("opening")].target == later
    assert living.history()[-1] == ("AnchorMoved", f"account:{lead}")


def test_second_of_two_leads_is_told_what_changed_and_keeps_what_was_typed(
    living: Living, lead: int, page: Page, browser: Browser, step: str
) -> None:
    other_context = browser.new_context(locale="nl-NL")
    living.lets_in(other_context, account=living.account("lotte", Role.LEAD))
    other = other_context.new_page()
    other.goto(f"{living.url}{BASE}/stappen/{step}/intrekken")
    other.get_by_label("Waarom?").fill("Dit doet de provincie")
    page.goto(f"{living.url}{BASE}/stappen/{step}/overdragen")
    page.get_by_label("Aan wie?").select_option(index=1)
    press(page, "Bekijk de gevolgen")
    press(page, "Opslaan")

    press(other, "Bekijk de gevolgen")

    expect(other.get_by_role("alert")).to_contain_text("petra")
    expect(other.get_by_label("Waarom?")).to_have_value("Dit doet de provincie")
    assert faults(other) == []
    press(other, "Bekijk de gevolgen")
    press(other, "Opslaan")
    expect(other.get_by_role("status")).to_contain_text("De stap is ingetrokken.")
    assert living.step(step).state is State.WITHDRAWN
    other_context.close()
