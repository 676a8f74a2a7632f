"""A partner acts from the mail that a real mail server received, in a real browser, with and without JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from regie.core.traject import State
from tests.browser.living import Living

CARE, SCHOOL = "f1-zorgafspraken", "f1-onderwijs-en-leerlingenvervoer"
WITH_EVIDENCE = {
    "workflow.yaml": """
regie: 1
id: klein
title: Klein
calendar: weekdays
roles: {ggd: {title: {nl: GGD, en: Health service}}}
steps:
  zorg:
    title: {nl: Zorgafspraken op papier, en: Agreement on paper}
    takes: 10wd
    responsible: ggd
    evidence: required
"""
}
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture(params=[True, False], ids=["javascript", "no-javascript"])
def browser_context_args(browser_context_args, request):  # type: ignore[no-untyped-def]
    return {**browser_context_args, "java_script_enabled": request.param}


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_partner_completes_from_the_mail(living: Living, page: Page) -> None:
    link = living.hands(CARE, "ggd")
    before = living.history()

    page.goto(link)
    page.reload()  # scanners and people open it more than once
    assert living.history() == before
    page.get_by_label("Opmerking").fill("Afgesproken op 6 september")
    press(page, "Ja, dit is klaar")

    expect(page.get_by_role("status").get_by_text("Dank u wel, het is vastgelegd.")).to_be_visible()
    assert living.step(CARE).state is State.DONE
    assert living.history()[-1][0] == "StepFinished"
    page.goto(link)  # later, from the same mail
    expect(page.get_by_text("Deze stap is klaar.")).to_be_visible()
    expect(page.get_by_text("Gita de Groot")).to_be_visible()
    expect(page.get_by_role("button", name="Stuur mij een nieuwe link")).to_be_visible()
    expect(page.get_by_role("button", name="Ja, dit is klaar")).to_have_count(0)


def test_partner_proposes_a_date_after_a_mistake_that_costs_nothing(living: Living, page: Page) -> None:
    page.goto(living.hands(CARE, "ggd"))
    page.get_by_role("link", name="Nee, ik stel een andere datum voor").click()
    page.get_by_label("Waarom lukt de gevraagde datum niet?").fill("De dokter is op vakantie")
    page.get_by_label("Datum waarop het klaar is").fill("2027-09-01")  # before today
    page.locator("form[action$='/andere-datum']").get_by_role("button").evaluate(
        "button => button.formNoValidate = true"
    )
    press(page, "Stel deze datum voor")

    expect(page.get_by_role("heading", name="Er is 1 ding om na te kijken")).to_be_visible()
    expect(page.get_by_label("Waarom lukt de gevraagde datum niet?")).to_have_value("De dokter is op vakantie")
    page.get_by_label("Datum waarop het klaar is").fill("2028-06-20")
    press(page, "Stel deze datum voor")

    expect(page.get_by_text("U stelde dinsdag 20 juni 2028 voor.")).to_be_visible()
    assert str(living.step(CARE).proposed_on) == "2028-06-20"
    living.delivers()
    told = [mail.letter["Subject"] for mail in living.mail.mail_to("projectleider@partner.example")]
    assert any("Andere datum gevraagd" in subject and "20 juni 2028" in subject for subject in told)


def test_partner_hands_over_to_a_colleague_who_goes_on(living: Living, page: Page) -> None:
    first = living.hands(CARE, "ggd")
    page.goto(first)
    page.get_by_role("link", name="Een collega doet dit").click()
    page.get_by_label("Naam van uw collega").fill("Karim Bos")
    page.get_by_label("E-mailadres van uw collega").fill("k.bos@partner.example")
    press(page, "Geef door aan deze collega")
    expect(page.get_by_text("Dank u wel")).to_be_visible()

    living.delivers()
    (second,) = living.links_to("k.bos@partner.example")
    page.goto(second)
    press(page, "Ja, dit is klaar")
    assert living.step(CARE).state is State.DONE
    page.goto(first)
    expect(page.get_by_role("button", name="Ja, dit is klaar")).to_have_count(0)


def test_partner_asks_and_says_that_a_step_is_not_theirs(living: Living, page: Page) -> None:
    page.goto(living.hands(CARE, "ggd"))
    page.get_by_role("link", name="Ik heb een vraag").click()
    page.get_by_label("Uw vraag").fill("Geldt dit ook voor de tandarts?")
    press(page, "Stuur de vraag")
    expect(page.get_by_text("Dank u wel")).to_be_visible()
    page.get_by_role("link", name="Dit is niet voor onze organisatie").click()
    page.get_by_label("Reden").fill("Dit doet de huisartsenpost")
    press(page, "Meld dat dit niet voor ons is")

    assert [event for event, _ in living.history()[-2:]] == ["QuestionAsked", "StepDeclined"]


def test_partner_hands_over_a_file_that_is_asked(living: Living, page: Page, tmp_path: Path) -> None:
    file = tmp_path / "afspraak.pdf"
    file.write_bytes(PDF)
    living.starts(WITH_EVIDENCE, slug="klein")
    page.goto(living.links_to("ggd@partner.example")[-1])
    press(page, "Ja, dit is klaar")
    expect(page.get_by_role("link", name="kan niet klaar zijn zonder bewijs")).to_be_visible()

    page.get_by_label("Bestand").set_input_files(file)
    press(page, "Ja, dit is klaar")

    expect(page.get_by_text("Dank u wel")).to_be_visible()
    assert living.step("zorg", slug="klein").evidence[0].startswith("bestand:")
