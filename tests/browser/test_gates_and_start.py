"""A lead starts a traject and passes a gate, in a real browser, with and without JavaScript; axe on each of these pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from regie.core.events import GateDecided
from regie.core.ids import OccurrenceKey, StepId
from regie.core.traject import State
from tests.browser.conftest import faults
from tests.browser.living import SLUG, TODAY, Living

GATE = "f0-go-besluit"
HOME = f"/trajecten/{SLUG}"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


class TestWalks:
    @pytest.fixture(params=[True, False], ids=["javascript", "no-javascript"])
    def browser_context_args(self, browser_context_args, request):  # type: ignore[no-untyped-def]
        return {**browser_context_args, "java_script_enabled": request.param}

    def test_lead_starts_a_traject_of_opvang(
        self, living: Living, page: Page, lead: int, browser_context_args: dict[str, object]
    ) -> None:
        page.goto(f"{living.url}/trajecten")
        page.get_by_role("link", name="Traject starten").click()
        press(page, "Bekijk het plan")
        expect(page.get_by_role("heading", name="Er zijn", exact=False)).to_be_visible()
        page.get_by_label("Naam", exact=True).fill("Opvang Zuidpark")
        page.get_by_label("Opening: eerste bewoners").fill("2029-03-01")
        page.get_by_label("Hoeveel plekken?").fill("80")
        press(page, "Bekijk het plan")

        expect(page.get_by_role("heading", name="Klopt dit plan?")).to_be_visible()
        expect(page.get_by_text("Alle rollen hebben iemand")).to_be_visible()
        expect(page.get_by_role("table", name="Berichten bij de start")).to_be_visible()
        if browser_context_args["java_script_enabled"]:
            assert faults(page) == []
        press(page, "Start dit traject")

        expect(page).to_have_url(f"{living.url}/trajecten/opvang-zuidpark")
        expect(page.get_by_role("heading", level=1)).to_have_text("Opvang Zuidpark")

    def test_lead_passes_a_gate_and_sees_first_what_it_does(
        self, living: Living, page: Page, lead: int, tmp_path: Path
    ) -> None:
        file = tmp_path / "besluit.pdf"
        file.write_bytes(PDF)
        page.goto(f"{living.url}{HOME}")
        page.get_by_role("link", name="Besluiten", exact=True).click()
        page.get_by_role("link", name="Go/no-go-besluit opvang in eigen regie (college en raad)").click()
        page.get_by_role("link", name="Besluit vastleggen").click()
        press(page, "Bekijk wat dit doet")
        expect(page.get_by_role("link", name="Kies wat er besloten is.")).to_be_visible()
        page.get_by_label("Go", exact=True).check()
        page.get_by_label("Waarom?").fill("Met twaalf voorwaarden")
        press(page, "Bekijk wat dit doet")

        expect(page.get_by_role("heading", name="Gevolgen")).to_be_visible()
        assert living.step(GATE).outcome is None
        page.get_by_label("Het besluit als bestand").set_input_files(file)
        press(page, "Leg dit besluit vast")

        expect(page.get_by_text("Het is vastgelegd.")).to_be_visible()
        expect(page.get_by_role("cell", name="Met twaalf voorwaarden")).to_be_visible()
        expect(page.get_by_role("link", name="besluit.pdf").first).to_be_visible()
        assert (living.step(GATE).outcome, living.step(GATE).state) == ("go", State.DONE)
        assert living.history()[-1][0] == "GateDecided"

    def test_second_of_two_is_told_and_keeps_what_was_typed(self, living: Living, page: Page, lead: int) -> None:
        page.goto(f"{living.url}{HOME}/besluiten/{GATE}/besluit")
        page.get_by_label("Go", exact=True).check()
        page.get_by_label("Waarom?").fill("Wat ik typte")
        press(page, "Bekijk wat dit doet")
        key = OccurrenceKey(StepId(GATE))
        living.does(GateDecided(key=key, outcome="go", decided_by="Bas van Rooij", on=TODAY, by="account:1"))
        press(page, "Leg dit besluit vast")

        expect(page.get_by_text("Iemand anders was u voor.")).to_be_visible()
        expect(page.get_by_text("Wat ik typte")).to_be_visible()
        expect(page.get_by_text("Bas van Rooij").first).to_be_visible()
