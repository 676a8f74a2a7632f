"""An administrator keeps it in order: changes days by a new version, and every page of that is one for everybody."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from regie.store.definitions import list_definitions
from regie.store.session import read_scope
from tests.browser.conftest import faults
from tests.browser.living import Living

PLANS, CALENDARS = "/beheer/stappenplannen", "/beheer/kalenders"


def hash_in(living: Living) -> str:
    with read_scope(living.context.engine) as session:
        return list_definitions(session)[-1].content_hash


def test_days_are_changed_by_a_draft_whose_consequences_are_seen_before_it_is_activated(
    living: Living, page: Page, administrator: int
) -> None:
    page.goto(f"{living.url}{CALENDARS}")
    page.get_by_role("link", name=re.compile("^Veranderen")).click()
    page.get_by_label("Sluitingsdagen").fill("2027-12-24 Kerstavond\nmorgen vrij")
    page.get_by_role("button", name="Concept maken").click()

    expect(page.get_by_role("alert")).to_contain_text("Dit klopt niet: morgen vrij")
    assert faults(page) == []
    expect(page.get_by_label("Sluitingsdagen")).to_have_value("2027-12-24 Kerstavond\nmorgen vrij")

    days = "\n".join(f"2027-10-{day:02} sluiting" for day in (4, 5, 6, 7, 8, 11, 12, 13, 14, 15))
    page.get_by_label("Sluitingsdagen").fill(days)
    page.get_by_role("button", name="Concept maken").click()

    expect(page.get_by_role("status")).to_contain_text("bewaard als concept")
    page.get_by_role("link", name="Wat lopende trajecten zou overkomen").click()
    expect(page.get_by_role("main")).to_contain_text(re.compile(r"Opvang De Wilg.*\d+ stappen later", re.DOTALL))
    page.go_back()
    page.get_by_role("link", name="Verschil met versie 2026.1").click()
    expect(page.get_by_role("main")).to_contain_text("vrije dag 4 oktober 2027 (sluiting) is nieuw.")
    page.go_back()
    page.get_by_role("button", name="Activeren").click()

    expect(page.get_by_role("status")).to_contain_text("nieuwe trajecten kunnen haar volgen")
    page.goto(f"{living.url}{PLANS}")
    expect(page.get_by_role("row", name=re.compile("2026.2"))).to_contain_text("actief")
    expect(page.get_by_role("row", name=re.compile("2026.1"))).to_contain_text("uit gebruik")
    page.goto(f"{living.url}/beheer/audit?log=toegang")
    expect(page.get_by_role("main")).to_contain_text("versie van stappenplan geactiveerd")
