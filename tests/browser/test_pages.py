"""Every page as people meet it: axe, both languages; no page wider than a small phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import faults
from tests.browser.living import SLUG, Living

OPEN = ["/", "/toegankelijkheid", "/aanmelden", "/aanmelden/medewerker", "/bestaat-niet"]
OF_LEADS = ["/trajecten", f"/trajecten/{SLUG}", f"/trajecten/{SLUG}/stappen/f0-visie-menswaardige-opvang"]


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("path", OPEN)
def test_axe_finds_nothing_on_a_page_for_everybody(still: Living, page: Page, path: str, language: str) -> None:
    page.goto(f"{still.url}{path}?taal={language}")

    assert faults(page) == []


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("path", OF_LEADS)
def test_axe_finds_nothing_on_a_page_for_leads(
    still: Living, context: BrowserContext, page: Page, path: str, language: str, staff: int
) -> None:
    still.lets_in(context, account=staff)
    page.goto(f"{still.url}{path}?taal={language}")

    assert faults(page) == []
