"""What left the building, in a real browser: an administrator revokes a link, and the partner's page says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from regie.core.permissions import Role
from tests.browser.conftest import faults
from tests.browser.living import Living

CARE = "f1-zorgafspraken"
PAGES = ["/beheer/links", "/beheer/links/1", "/beheer/verzending", "/beheer/webhooks", "/beheer/webhooks/nieuw"]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_administrator_revokes_a_link_and_the_page_of_the_partner_says_so(
    living: Living, page: Page, context: BrowserContext, administrator: int
) -> None:
    link = living.hands(CARE, "ggd")
    page.goto(link)
    expect(page.get_by_role("button", name="Ja, dit is klaar")).to_be_visible()

    page.goto(f"{living.url}/beheer/links")
    page.get_by_label("Naam van wie de link heeft").fill("Gita")
    press(page, "Toon")
    page.get_by_role("link", name="Gita de Groot").first.click()
    press(page, "Trek in")
    expect(page.get_by_role("heading", name="Er is 1 ding om na te kijken")).to_be_visible()
    page.get_by_label("Waarom?").fill("Gita werkt hier niet meer")
    press(page, "Trek in")
    expect(page.get_by_text("De link is ingetrokken.")).to_be_visible()
    assert faults(page) == []

    page.goto(link)
    expect(page.get_by_role("button", name="Ja, dit is klaar")).to_have_count(0)
    expect(page.get_by_text("werkt niet meer").first).to_be_visible()
    assert living.history()[-1][0] == "LinkRevoked"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_axe_finds_nothing_and_no_page_is_wider_than_a_small_phone(
    living: Living, page: Page, context: BrowserContext, language: str
) -> None:
    living.hands(CARE, "ggd")
    living.lets_in(context, account=living.account("alles", Role.LEAD, Role.ADMINISTRATOR))
    page.goto(f"{living.url}/beheer/verzending")
    one = page.locator("tbody a").first.get_attribute("href") or ""
    for number, path in enumerate([*PAGES, one]):
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{living.url}{path}?taal={language}")
        assert faults(page) == [], path
        _keep(page, f"{number}-{language}-1280")
        page.set_viewport_size({"width": 320, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        _keep(page, f"{number}-{language}-320")


def _keep(page: Page, name: str) -> None:
    """Keep a picture for who asks for it in ``REGIE_PICTURES``."""
    if folder := os.environ.get("REGIE_PICTURES"):
        page.screenshot(path=Path(folder) / f"left-{name}.png", full_page=True)
