"""The page behind the link in a mail, as a partner meets it: from the mail that left to what stands in the record."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.actions.reconcile import reconcile
from regie.actions.start_traject import NewTraject, start_traject
from regie.clock import VirtualClock
from regie.core.acting import ActingAs, answers_of
from regie.core.events import (
    DatePromised,
    DateProposed,
    HandedToColleague,
    PartnerAsked,
    QuestionAsked,
    StepDeclined,
    StepFinished,
)
from regie.core.ids import OccurrenceKey, RoleId, StepId
from regie.core.traject import Occurrence, State
from regie.definitions import load_sources
from regie.notify.sender import Delivery, DeliveryOutcome, OutgoingMessage
from regie.store.links import list_links, revoke_link
from regie.store.people import bind_role, save_person
from regie.store.session import read_scope, write_scope
from regie.store.tables import metadata
from regie.store.trajects import load_traject
from tests.web.conftest import BASE, LINK_KEY, SAME_ORIGIN, Browse, texts_of, token_on

SOURCES = {
    "workflow.yaml": """
regie: 1
id: klein
title: Klein
calendar: weekdays
roles:
  ggd: {title: {nl: GGD, en: Health service}}
  coa: {title: COA}
  lead: {title: Projectleider}
anchors: {opening: {title: Opening, target: required}}
notices: {lead: lead, remind: 5wd}
steps:
  zorg:
    title: {nl: Zorgafspraken maken, en: Agree on care}
    takes: 10wd
    responsible: ggd
    done_when: {nl: de afspraken staan op papier, en: the agreement is on paper}
    evidence: required
    due: 20wd after start
  plekken: {title: Plekken verdelen, takes: 5wd, responsible: coa, needs: zorg, due: 10wd before opening}
  brief: {title: Brief sturen, takes: 2wd, responsible: ggd, needs: {finish_to_finish: plekken}}
"""
}
START = date(2027, 6, 3)


@dataclass
class Post:
    """Takes every message, and gives the links that stand in it."""

    sent: list[OutgoingMessage] = field(default_factory=list)

    def send(self, message: OutgoingMessage) -> Delivery:
        self.sent.append(message)
        return Delivery(DeliveryOutcome.ACCEPTED, "250")

    def paths(self, to: str) -> list[str]:
        """Of the newest mail to somebody."""
        newest = [each for each in self.sent if each.to == to][-1]
        return re.findall(rf"{re.escape(BASE)}(/actie/[a-z0-9]+)", newest.text)


@dataclass
class Town:
    """A started traject with its people, the post that left, and a browser."""

    context: Context
    clock: VirtualClock
    browser: TestClient
    traject_id: int
    post: Post

    def delivers(self) -> None:
        reconcile(self.context, self.clock())
        deliver(self.context, self.post, self.clock, "t", Postage(base_url=BASE))

    def step(self, name: str) -> Occurrence:
        with read_scope(self.context.engine) as session:
            traject = load_traject(session, self.traject_id, self.context.shelf, for_change=False, whole=True)
        return traject.cycles[0].occurrences[OccurrenceKey(StepId(name))]

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        with self.context.engine.connect() as connection:
            return {
                name: sorted((tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))), key=repr)
                for name in metadata.tables
            }

    def press(self, path: str, act: str, on: str = "", **typed: str) -> object:
        """Open a page, fill in the form and send it, as a browser does."""
        page = self.browser.get(on or path).text
        action = f"{path}/{act}"
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', _form(page, action)))
        return self.browser.post(action, data={**hidden, **typed}, headers=SAME_ORIGIN)

    def events(self) -> list[tuple[str, str]]:
        with self.context.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text("SELECT event, by FROM history ORDER BY seq"))]  # type: ignore[misc]


def _form(page: str, action: str) -> str:
    found = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert found is not None, f"no form for {action} on: {page[:2000]}"
    return found[0]


@pytest.fixture
def town(sqlite_engine: Engine, clock: VirtualClock, browse: Browse) -> Town:
    context = Context.on(sqlite_engine, b"k" * 32, link_key=LINK_KEY, brake_at=1_000)
    with write_scope(sqlite_engine) as session:
        for role, name in (("ggd", "Gita de Groot"), ("coa", "Coen Oud"), ("lead", "Lies Leider")):
            person = save_person(session, name=name, email=f"{role}@partner.example", organisation=role.upper())
            bind_role(session, RoleId(role), person)
    new = NewTraject("De Wilg", START, targets={"opening": date(2027, 9, 30)}, by="lead")  # type: ignore[dict-item]
    traject_id, _ = start_traject(context, SOURCES, load_sources(SOURCES), new, clock())
    made = Town(context, clock, browse(), traject_id, Post())
    made.delivers()
    return made


@pytest.fixture
def link(town: Town) -> str:
    """The link to 'Zorgafspraken maken' in the mail to the GGD."""
    return town.post.paths("ggd@partner.example")[0]


def test_the_page_says_what_is_asked_by_whom_why_and_by_when(town: Town, link: str) -> None:
    page = town.browser.get(link)

    assert page.status_code == 200
    assert texts_of(page.text, "h1") == ["Zorgafspraken maken"]
    said = re.sub(r"<[^>]+>|\s+", " ", page.text)
    for words in (
        "Lies Leider", "de afspraken staan op papier", "De Wilg", "donderdag 1 juli 2027", "Plekken verdelen", "GGD",
    ):  # fmt: skip
        assert words in said, words


def test_opening_a_link_however_often_and_by_whomever_changes_nothing(town: Town, link: str) -> None:
    before = town.rows()

    for path in (link, f"{link}?gedaan=klaar", f"{link}/vraag", f"{link}/andere-datum", f"{link}/collega", f"{link}/x"):
        for method in ("GET", "HEAD"):
            assert town.browser.request(method, path).status_code in (200, 404)

    assert town.rows() == before


def test_partner_finishes_with_evidence_and_whoever_waits_hears_it(town: Town, link: str) -> None:
    done = town.press(link, "klaar", bewijs="https://zaken.voorbeeldstad.nl/12", opmerking="Op tijd gelukt")

    assert (done.status_code, done.headers["location"]) == (303, f"{link}?gedaan=klaar")
    receipt = town.browser.get(done.headers["location"]).text
    assert "Dank u wel" in receipt
    assert "Deze stap is klaar" in receipt
    assert "Gita de Groot" in receipt
    assert town.step("zorg").evidence == ("https://zaken.voorbeeldstad.nl/12",)
    assert town.events()[-1] == ("StepFinished", "p1")
    town.delivers()
    assert town.post.paths("coa@partner.example")


def test_evidence_that_is_asked_and_missing_is_said_at_its_field_and_nothing_typed_is_lost(
    town: Town, link: str
) -> None:
    answer = town.press(link, "klaar", opmerking="Ik ben er bijna")

    assert answer.status_code == 422
    assert 'href="#bewijs"' in answer.text
    assert "Ik ben er bijna" in answer.text
    assert town.step("zorg").state is State.READY


def test_partner_finishes_with_a_file(town: Town, link: str) -> None:
    page = town.browser.get(link).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', _form(page, f"{link}/klaar")))
    pdf = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"

    done = town.browser.post(
        f"{link}/klaar", data=hidden, files={"bestand": ("../../afspraak.pdf", pdf, "text/html")}, headers=SAME_ORIGIN
    )

    assert done.status_code == 303, done.text
    (evidence,) = town.step("zorg").evidence
    assert evidence.startswith("bestand:")


def test_file_that_is_not_what_it_says_is_refused_and_kept_nowhere(town: Town, link: str) -> None:
    page = town.browser.get(link).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', _form(page, f"{link}/klaar")))

    refused = town.browser.post(
        f"{link}/klaar", data=hidden, files={"bestand": ("a.pdf", b"<html><script>", "application/pdf")},
        headers=SAME_ORIGIN,
    )  # fmt: skip

    assert refused.status_code == 422
    assert town.step("zorg").state is State.READY
    assert not town.rows()["file"]


def test_pressing_twice_is_pressing_once(town: Town, link: str) -> None:
    page = town.browser.get(link).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', _form(page, f"{link}/klaar")))
    sent = {**hidden, "bewijs": "zaak 12"}

    first = town.browser.post(f"{link}/klaar", data=sent, headers=SAME_ORIGIN)
    second = town.browser.post(f"{link}/klaar", data=sent, headers=SAME_ORIGIN)

    assert first.status_code == 303
    assert second.status_code in (303, 409)
    assert "Deze stap is klaar" in town.browser.get(link).text
    assert [event for event, _ in town.events()].count("StepFinished") == 1


def test_partner_accepts_the_date(town: Town, link: str) -> None:
    assert town.press(link, "akkoord").status_code == 303

    assert town.step("zorg").promised_on == date(2027, 7, 1)
    assert "U zegde de datum toe" in town.browser.get(f"{link}?gedaan=akkoord").text
    assert "akkoord" not in town.browser.get(link).text.replace("gedaan=akkoord", "")


def test_partner_proposes_another_date_and_the_lead_hears_it(town: Town, link: str) -> None:
    done = town.press(
        link, "andere-datum", on=f"{link}/andere-datum", datum="2027-07-08", reden="De arts is met vakantie"
    )

    assert done.status_code == 303, done.text
    assert town.step("zorg").proposed_on == date(2027, 7, 8)
    assert town.step("zorg").promised_on is None
    town.delivers()
    mail = [each for each in town.post.sent if each.to == "lead@partner.example"][-1]
    assert "De arts is met vakantie" in mail.text
    assert "8 juli 2027" in mail.text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        pytest.param({"datum": "", "reden": "x"}, "datum", id="no-date"),
        pytest.param({"datum": "gisteren", "reden": "x"}, "datum", id="no-such-date"),
        pytest.param({"datum": "2027-06-01", "reden": "x"}, "datum", id="a-day-that-is-past"),
        pytest.param({"datum": "2027-07-08", "reden": " "}, "reden", id="no-reason"),
    ],
)
def test_proposal_that_cannot_be_is_said_at_its_field(town: Town, link: str, typed: dict[str, str], field: str) -> None:
    answer = town.press(link, "andere-datum", on=f"{link}/andere-datum", **typed)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert town.step("zorg").proposed_on is None


def test_partner_hands_over_to_a_colleague_who_gets_a_link_of_their_own(town: Town, link: str) -> None:
    done = town.press(
        link, "collega", on=f"{link}/collega", naam="Hanna Haak", email="hanna@ggd.example", reden="Met verlof"
    )

    assert done.status_code == 303, done.text
    assert town.step("zorg").assigned_to is not None
    town.delivers()
    theirs = town.post.paths("hanna@ggd.example")[0]
    assert theirs != link
    assert "Zorgafspraken maken" in town.browser.get(theirs).text
    assert town.press(theirs, "klaar", bewijs="zaak 12").status_code == 303
    assert town.events()[-1][1] == "p4"


def test_who_handed_a_step_over_can_do_nothing_to_it_any_more(town: Town, link: str) -> None:
    form = town.browser.get(link).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', _form(form, f"{link}/klaar")))
    town.press(link, "collega", on=f"{link}/collega", naam="Hanna Haak", email="hanna@ggd.example")

    page = town.browser.get(link).text
    late = town.browser.post(f"{link}/klaar", data={**hidden, "bewijs": "zaak"}, headers=SAME_ORIGIN)

    assert "niet meer bij u" in page
    assert "Zorgafspraken" not in page
    assert late.status_code == 409
    assert town.step("zorg").state is State.READY


def test_revoked_link_can_do_nothing_though_nothing_else_changed_since_the_page_was_opened(
    town: Town, link: str
) -> None:
    hidden = dict(
        re.findall(
            r'<input type="hidden" name="(\w+)" value="([^"]*)"', _form(town.browser.get(link).text, f"{link}/klaar")
        )
    )
    with write_scope(town.context.engine) as session:
        for each in list_links(session, town.clock(), step="zorg"):
            revoke_link(session, each.id, town.clock(), by="p3", reason="verkeerd adres")

    for act, typed in (("klaar", {"bewijs": "zaak"}), ("collega", {"naam": "X", "email": "x@elders.example"})):
        late = town.browser.post(f"{link}/{act}", data={**hidden, **typed}, headers=SAME_ORIGIN)
        assert late.status_code == 409

    assert (town.step("zorg").state, town.step("zorg").assigned_to) == (State.READY, None)
    assert len(town.rows()["person"]) == 3


@pytest.mark.parametrize(
    ("act", "typed"),
    [
        pytest.param("collega", {"naam": "Hanna Haak", "email": "hanna@elders.example"}, id="hand-over"),
        pytest.param("niet-van-ons", {"reden": "niet van ons"}, id="decline"),
    ],
)
def test_partner_who_was_asked_cannot_give_away_what_is_of_another(town: Town, act: str, typed: dict[str, str]) -> None:
    asked = PartnerAsked(key=OccurrenceKey(StepId("zorg")), role=RoleId("coa"), by="p3")
    apply_event(town.context, town.traject_id, asked, town.clock())
    town.delivers()
    theirs = town.post.paths("coa@partner.example")[0]
    page = town.browser.get(theirs).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', _form(page, f"{theirs}/klaar")))

    answer = town.browser.post(f"{theirs}/{act}", data={**hidden, **typed}, headers=SAME_ORIGIN)

    assert f"{theirs}/{act}" not in page
    assert answer.status_code == 409
    assert (town.step("zorg").assigned_to, town.step("zorg").declined) == (None, False)
    assert len(town.rows()["person"]) == 3


@pytest.mark.parametrize(
    ("part", "is_deputy", "may"),
    [
        (ActingAs.RESPONSIBLE, False, {"ask", "work", "give away"}),
        (ActingAs.RESPONSIBLE, True, {"ask", "work"}),
        (ActingAs.ASKED, False, {"ask", "work"}),
        (ActingAs.ASKED, True, {"ask", "work"}),
        (ActingAs.DECIDER, False, {"ask"}),
        (ActingAs.DECIDER, True, {"ask"}),
    ],
)
def test_part_that_a_link_gives_says_what_may_be_answered(part: ActingAs, is_deputy: bool, may: set[str]) -> None:
    groups = {
        "ask": {QuestionAsked},
        "work": {StepFinished, DatePromised, DateProposed},
        "give away": {HandedToColleague, StepDeclined},
    }

    assert answers_of(part, is_deputy=is_deputy) == {each for name in may for each in groups[name]}


def test_handing_over_never_changes_somebody_who_is_on_file(town: Town, link: str) -> None:
    town.press(link, "collega", on=f"{link}/collega", naam="Iemand Anders", email="coa@partner.example")

    with town.context.engine.connect() as connection:
        names = connection.execute(text("SELECT name, organisation_id FROM person WHERE id = 'p2'")).one()
    assert names[0] == "Coen Oud"


def test_partner_says_that_it_is_not_theirs(town: Town, link: str) -> None:
    done = town.press(link, "niet-van-ons", on=f"{link}/niet-van-ons", reden="Dit doet de GGZ")

    assert done.status_code == 303, done.text
    assert town.step("zorg").declined
    town.delivers()
    assert "Dit doet de GGZ" in [each for each in town.post.sent if each.to == "lead@partner.example"][-1].text


def test_partner_asks_a_question(town: Town, link: str) -> None:
    done = town.press(link, "vraag", on=f"{link}/vraag", vraag="Voor hoeveel mensen?")

    assert done.status_code == 303, done.text
    town.delivers()
    assert "Voor hoeveel mensen?" in [each for each in town.post.sent if each.to == "lead@partner.example"][-1].text


def test_page_knows_whose_turn_it_is_and_for_how_long_it_was(town: Town, link: str) -> None:
    fresh = town.browser.get(link).text
    town.clock.advance(days=4)
    town.press(link, "vraag", on=f"{link}/vraag", vraag="Voor hoeveel mensen?")
    town.clock.advance(days=2)

    asked = re.sub(r"\s+", " ", town.browser.get(link).text)

    assert "U, sinds donderdag 3 juni 2027" in fresh
    assert "Tot nu toe" not in fresh
    assert "De projectleider, sinds maandag 7 juni 2027" in asked
    assert "4 dagen bij u, 3 dagen bij de projectleider" in asked


def test_what_looks_like_a_citizens_number_is_asked_about_first(town: Town, link: str) -> None:
    first = town.press(link, "vraag", on=f"{link}/vraag", vraag="Gaat het om 111222333?")

    assert first.status_code == 422
    assert "burgerservicenummer" in first.text
    assert "111222333" in first.text
    sure = town.press(link, "vraag", on=f"{link}/vraag", vraag="Gaat het om zaak 111222333?", toch="ja")
    assert sure.status_code == 303


def test_second_of_two_is_told_what_changed_and_loses_nothing(town: Town, link: str) -> None:
    form = town.browser.get(link).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', _form(form, f"{link}/klaar")))
    town.press(link, "akkoord")

    answer = town.browser.post(
        f"{link}/klaar", data={**hidden, "bewijs": "zaak 12", "opmerking": "Zie de zaak"}, headers=SAME_ORIGIN
    )

    assert answer.status_code == 409
    assert "Zie de zaak" in answer.text
    assert town.step("zorg").state is State.READY


def test_step_that_waits_can_be_asked_about_but_not_finished(town: Town) -> None:
    with write_scope(town.context.engine) as session:
        assert list_links(session, town.clock())
    brief = town.post.paths("ggd@partner.example")[-1]

    page = town.browser.get(brief).text

    assert "Brief sturen" in page
    assert f'action="{brief}/klaar"' not in page
    assert "Plekken verdelen" in page


def test_link_of_a_step_that_somebody_else_finished_says_when_and_by_whom(town: Town, link: str) -> None:
    event = StepFinished(key=OccurrenceKey(StepId("zorg")), by="p3", evidence=("zaak 9",))
    apply_event(town.context, town.traject_id, event, town.clock())

    page = town.browser.get(link).text

    assert "Deze stap is klaar" in page
    assert "Lies Leider" in page
    assert "3 juni 2027" in page
    assert "/klaar" not in page


def test_expired_link_offers_a_fresh_one_that_goes_to_the_address_on_file(town: Town, link: str) -> None:
    town.clock.advance(days=31)

    page = town.browser.get(link).text
    asked = town.browser.post(
        f"{link}/nieuwe-link", data={"form_token": token_on(page, f"{link}/nieuwe-link")}, headers=SAME_ORIGIN
    )
    count = len(town.post.sent)
    town.delivers()

    assert "verlopen" in page
    assert asked.status_code == 200
    fresh = {path for each in town.post.sent[count:] for path in re.findall(r"/actie/[a-z0-9]+", each.text)}
    assert {each.to for each in town.post.sent[count:] if link not in each.text} >= {"ggd@partner.example"}
    assert fresh
    assert link not in fresh


def test_revoked_link_tells_nothing_of_the_step(town: Town, link: str) -> None:
    with write_scope(town.context.engine) as session:
        for each in list_links(session, town.clock(), step="zorg"):
            revoke_link(session, each.id, town.clock(), by="p3", reason="verkeerd adres")

    page = town.browser.get(link)

    assert page.status_code == 200
    assert "ingetrokken" in page.text
    for secret in ("Zorgafspraken", "De Wilg", "Gita"):
        assert secret not in page.text


@pytest.mark.parametrize("path", ["/actie/voorbeeld", "/actie/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "/actie/a%00b"])
def test_unknown_link_says_the_same_as_a_cut_one_and_asks_for_an_address(town: Town, path: str) -> None:
    page = town.browser.get(path)

    assert page.status_code == 404
    assert "kennen we niet" in page.text


def test_asking_by_address_answers_alike_for_known_and_unknown(town: Town) -> None:
    page = town.browser.get("/actie/onbekend").text
    answers = [
        town.browser.post(
            "/nieuwe-link", data={"form_token": token_on(page, "/nieuwe-link"), "email": email}, headers=SAME_ORIGIN
        )
        for email in ("coa@partner.example", "niemand@elders.example", "", "geen adres")
    ]

    bodies = {re.sub(r'value="[^"]*"', "", each.text) for each in answers}
    assert [each.status_code for each in answers] == [200] * 4
    assert len(bodies) == 1


def test_link_opens_no_other_step_and_no_other_traject(town: Town, link: str) -> None:
    other = town.post.paths("ggd@partner.example")[-1]
    form = town.browser.get(link).text
    token = token_on(form, f"{link}/klaar")

    crossed = town.browser.post(f"{other}/klaar", data={"form_token": token, "versie": "1"}, headers=SAME_ORIGIN)

    assert other != link
    assert crossed.status_code == 403
    assert town.step("brief").state is not State.DONE


def test_page_speaks_the_language_of_its_reader_until_they_choose_another(town: Town, link: str) -> None:
    with write_scope(town.context.engine) as session:
        save_person(session, name="Gita de Groot", email="ggd@partner.example", language="en", organisation="GGD")

    theirs = town.browser.get(link, headers={"Accept-Language": "nl"})
    chosen = town.browser.get(f"{link}?taal=nl")

    assert 'lang="en"' in theirs.text[:200]
    assert texts_of(theirs.text, "h1") == ["Agree on care"]
    assert texts_of(chosen.text, "h1") == ["Zorgafspraken maken"]


def test_title_that_holds_a_script_is_shown_as_text(town: Town, link: str) -> None:
    answer = town.press(link, "vraag", on=f"{link}/vraag", vraag="", x="<script>alert(1)</script>")

    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
