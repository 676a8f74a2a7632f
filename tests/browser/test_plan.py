"""A project lead looks at the plan: zooms, filters, folds, scrolls by keyboard, prints; on a phone the table is there."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.living import SLUG, Living

PLAN = f"/trajecten/{SLUG}/planning"
Open = Callable[..., Page]


@pytest.fixture
def plan(still: Living, context: BrowserContext, page: Page, staff: int) -> Open:
    def start(query: str = "") -> Page:
        still.lets_in(context, account=staff)
        page.goto(f"{still.url}{PLAN}{query}")
        return page

    return start


def test_lead_zooms_filters_and_folds_and_what_was_asked_stays(plan: Open) -> None:
    page = plan()
    region = page.get_by_role("region", name="Balken van de planning")
    before = region.evaluate("each => each.scrollWidth")

    page.get_by_label("Thema").select_option(label="Locatie")
    page.get_by_role("button", name="Toon").click()
    expect(page.get_by_text(re.compile(r"\d+ stappen van 105\."))).to_be_visible()
    page.get_by_role("navigation", name="Schaal").get_by_role("link", name="week").click()

    expect(page.get_by_label("Thema")).to_have_value("locatie")
    assert region.evaluate("each => each.scrollWidth") > 3 * before
    phase = page.locator("details.regie-gantt__phase").first
    names = phase.get_by_role("link")
    expect(names.first).to_be_visible()
    phase.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(names.first).to_be_hidden()


def test_chart_scrolls_by_keyboard_and_names_stay_in_sight(plan: Open) -> None:
    page = plan("?schaal=maand&toon=balken")
    region = page.get_by_role("region", name="Balken van de planning")
    name = region.get_by_role("link").first

    region.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")

    _scrolls_past(page, 100)
    left = region.bounding_box()["x"]  # type: ignore[index]
    assert 0 <= name.bounding_box()["x"] - left < 40  # type: ignore[index]


def test_link_to_today_brings_today_into_sight(plan: Open) -> None:
    page = plan("?schaal=week&toon=balken")

    page.get_by_role("link", name="Naar vandaag").click()

    _scrolls_past(page, 500)
    region, today = page.locator(".regie-gantt").bounding_box(), page.locator("#vandaag").bounding_box()
    assert region is not None
    assert today is not None
    assert region["x"] + 300 < today["x"] < region["x"] + region["width"]


def test_bar_leads_to_its_step(plan: Open) -> None:
    page = plan("?toon=balken&fase=fase-0")

    page.locator(".regie-gantt svg a").first.locator("rect").first.click()

    expect(page).to_have_url(re.compile(rf"/trajecten/{SLUG}/stappen/f0-[^?]+\?doorloop=1"))


def test_names_and_bars_are_on_one_line_also_with_large_letters(plan: Open) -> None:
    page = plan("?toon=balken&fase=fase-0")
    page.evaluate("document.documentElement.style.fontSize = '200%'")  # by script, which the policy lets be

    tops = page.evaluate(
        """() => [...document.querySelectorAll('.regie-gantt__tracks > li')].map(row => {
            const names = [...row.querySelectorAll('.regie-gantt__name')].map(each => each.getBoundingClientRect());
            const drawing = row.querySelector(':scope > svg').getBoundingClientRect();
            return [drawing.bottom - names[names.length - 1].bottom, Math.min(...names.map(each => each.height))];
        })"""
    )
    assert len(tops) > 5
    assert all(abs(difference) < 2 and height >= 48 for difference, height in tops)


@pytest.mark.parametrize("query", ["", "?toon=tabel", "?schaal=week", "?schaal=blad"])
def test_no_page_is_wider_than_a_small_phone(plan: Open, page: Page, query: str) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    plan(query)

    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    expect(page.get_by_role("table", name="Alle stappen van de planning")).to_be_visible()


def test_on_paper_everything_is_open_and_nothing_leads_elsewhere(plan: Open) -> None:
    page = plan("?schaal=blad")
    page.locator("details.regie-gantt__phase").first.locator("summary").click()
    page.emulate_media(media="print")

    for hidden in (".regie-header", ".regie-breadcrumb", ".regie-filter", ".regie-tools", ".regie-footer"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator(".regie-legend")).to_be_visible()
    for phase in page.locator("details.regie-gantt__phase").all():
        expect(phase.locator(".regie-gantt__name").first).to_be_visible()
    width = page.locator(".regie-gantt").evaluate("each => each.scrollWidth")
    assert width <= 1_530  # 420 mm less the margins


def _scrolls_past(page: Page, pixels: int) -> None:
    """Wait until the chart has moved aside; waiting inside the page would want to evaluate text, which its policy forbids."""
    for _ in range(600):
        if page.evaluate("() => document.querySelector('.regie-gantt').scrollLeft") > pixels:
            return
        page.evaluate("() => new Promise(done => requestAnimationFrame(done))")
    raise AssertionError(f"the chart does not move {pixels} pixels aside")
