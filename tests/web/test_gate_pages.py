"""Decisions in the browser: what is coming, putting it on the table, and recording what was decided, once."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from regie.clock import VirtualClock
from regie.core.events import GateDecided, StepFinished
from regie.core.permissions import Right, Role
from regie.core.traject import CycleState, State
from tests.web.conftest import SAME_ORIGIN, Browse, token_on
from tests.web.desk import Desk, hidden_on, make_desk, press, said

GATE = "/trajecten/de-wilg/besluiten/besluit"
DECIDE = f"{GATE}/besluit"
GO = {"uitkomst": "go", "besloten_door": "College", "datum": "2027-06-03", "reden": "", "link": "", "tot": ""}
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture
def desk(sqlite_engine: Engine, clock: VirtualClock, browse: Browse) -> Desk:
    return make_desk(sqlite_engine, clock, browse)


@pytest.fixture
def ready(desk: Desk) -> Desk:
    """The advice is there, so that the go decision can be taken."""
    desk.does(StepFinished, "advies")
    return desk


@pytest.fixture
def lead(ready: Desk) -> TestClient:
    return ready.signs_in()


def decisions(desk: Desk) -> list[tuple[object, ...]]:
    return desk.rows("SELECT step, outcome, decided_by, reason, document, recorded_by FROM decision ORDER BY id")


def weighed(browser: TestClient, **typed: str):  # type: ignore[no-untyped-def]
    return press(browser, browser.get(DECIDE), DECIDE, doe="bekijk", **{**GO, **typed})


def test_list_has_the_meeting_the_papers_and_the_next_meeting_of_each_decision(ready: Desk, lead: TestClient) -> None:
    page = lead.get("/trajecten/de-wilg/besluiten")

    assert page.status_code == 200
    row = re.search(r"Go-besluit nemen.*?</tr>", page.text, re.DOTALL)[0]  # type: ignore[index]
    for words in ("College", "15 juni 2027", "8 juni 2027", "29 juni 2027", "22 juni 2027", "kan beginnen"):
        assert words in row, words
    assert "geen vergadering nodig" in page.text
    assert "Besloten" not in re.findall(r"<caption.*?</caption>", page.text)


def test_list_has_what_was_decided_by_whom_when_and_the_document(ready: Desk, lead: TestClient) -> None:
    ready.does(
        GateDecided, "besluit", outcome="go", decided_by="Het college", document="https://zaken.voorbeeld.nl/7?a=1&b=2"
    )

    page = lead.get("/trajecten/de-wilg/besluiten").text

    assert "Het college" in page
    assert "3 juni 2027" in page
    assert 'href="https://zaken.voorbeeld.nl/7?a=1&amp;b=2"' in page


def test_the_lists_ask_as_much_for_ten_decisions_as_for_one(ready: Desk, lead: TestClient) -> None:
    def statements() -> int:
        seen: list[str] = []
        listen = lambda *args: seen.append(args[2])  # noqa: E731 - of the signature that SQLAlchemy wants
        event.listen(ready.context.engine, "before_cursor_execute", listen)
        assert lead.get("/trajecten/de-wilg/besluiten").status_code == 200
        assert lead.get("/trajecten/de-wilg/besluiten/keuze").status_code == 200
        event.remove(ready.context.engine, "before_cursor_execute", listen)
        return len(seen)

    until = ready.clock().date().replace(day=20)
    ready.does(GateDecided, "keuze", outcome="hold", decided_by="x", reason="later", held_until=until)
    statements()  # the first look of a session is written down
    one = statements()
    for _ in range(9):
        ready.does(GateDecided, "keuze", outcome="hold", decided_by="x", reason="later", held_until=until)

    assert statements() == one


def test_gate_page_says_what_by_whom_when_with_papers_and_what_it_waits_for_and_holds_up(desk: Desk) -> None:
    page = desk.signs_in().get(GATE)

    words = said(page)
    for each in (
        "Hierover besluit: College", "het college heeft besloten", "dinsdag 29 juni 2027", "dinsdag 22 juni 2027",
        "De vergadering van 15 juni 2027 is te vroeg",
        "Het plan rekent op deze vergadering", "Advies schrijven", "Bouwen", "Openen", "Deze doorloop stopt.",
    ):  # fmt: skip
        assert each in words, each
    assert "besluiten/besluit/besluit" not in page.text  # nothing can be decided before the advice is there


def test_meetings_that_are_skipped_say_why(ready: Desk, lead: TestClient) -> None:
    ready.does(GateDecided, "besluit", outcome="hold", decided_by="c", reason="later", held_until=ready.clock().date().replace(month=7, day=21))  # fmt: skip

    words = said(lead.get(GATE))  # type: ignore[arg-type]

    assert "Op 27 juli 2027 is er geen vergadering: zomerreces." in words
    assert "Aangehouden tot 21 juli 2027." in words


def test_a_step_that_is_no_gate_leads_to_its_own_page(lead: TestClient) -> None:
    answer = lead.get("/trajecten/de-wilg/besluiten/advies")

    assert (answer.status_code, answer.headers["location"]) == (303, "/trajecten/de-wilg/stappen/advies?doorloop=0")
    assert lead.get("/trajecten/de-wilg/besluiten/weg").status_code == 404


def test_looking_changes_nothing(ready: Desk, lead: TestClient) -> None:
    before = ready.rows("SELECT * FROM history"), ready.rows("SELECT * FROM occurrence")

    for path in ("", "/voorleggen", "/terug", "/besluit", "?gedaan=besluit"):
        assert lead.get(GATE + path).status_code == 200

    assert (ready.rows("SELECT * FROM history"), ready.rows("SELECT * FROM occurrence")) == before


def test_consequences_come_first_and_nothing_is_saved_until_they_were_seen(ready: Desk, lead: TestClient) -> None:
    page = weighed(lead)

    assert page.status_code == 200
    words = said(page)
    assert "Gevolgen" in words
    assert "Go-besluit nemen : van kan beginnen naar klaar" in words
    assert "Lies Leider (LEAD)" in words
    assert decisions(ready) == []

    saved = press(lead, page, DECIDE, doe="vast")

    assert (saved.status_code, saved.headers["location"]) == (303, f"{GATE}?doorloop=1&gedaan=besluit")
    assert decisions(ready) == [("besluit", "go", "College", "", "", "account:1")]
    assert ready.step("besluit").state is State.DONE
    assert "Het is vastgelegd." in lead.get(saved.headers["location"]).text


def test_pressing_twice_records_one_decision(ready: Desk, lead: TestClient) -> None:
    page = weighed(lead)

    first, second = (press(lead, page, DECIDE, doe="vast") for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 303)
    assert len(decisions(ready)) == 1


def test_no_go_ends_the_cycle_after_saying_so(ready: Desk, lead: TestClient) -> None:
    page = weighed(lead, uitkomst="no-go", reden="Geen draagvlak")

    assert "Deze doorloop stopt hiermee" in page.text
    assert press(lead, page, DECIDE, doe="vast").status_code == 303
    assert ready.traject().cycles[0].state is CycleState.ENDED
    assert decisions(ready)[0][:4] == ("besluit", "no-go", "College", "Geen draagvlak")


def test_hold_keeps_it_until_a_day(ready: Desk, lead: TestClient) -> None:
    page = weighed(lead, uitkomst="hold", reden="Meer tijd nodig", tot="2027-06-21")
    press(lead, page, DECIDE, doe="vast")

    assert ready.step("besluit").held_until is not None
    assert "tot 21 juni 2027" in lead.get(GATE).text


def test_all_mistakes_are_said_at_once_and_nothing_typed_is_lost(ready: Desk, lead: TestClient) -> None:
    answer = weighed(lead, uitkomst="hold", besloten_door=" ", datum="gisteren", reden="", link="https://a.nl/b")

    assert answer.status_code == 422
    assert re.findall(r'href="#(\w+)">', answer.text)[1:] == ["besloten_door", "datum", "tot", "reden"]
    assert 'value="gisteren"' in answer.text
    assert 'value="https://a.nl/b"' in answer.text
    assert re.search(r'value="hold" checked', answer.text)
    assert decisions(ready) == []


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"datum": "2027-06-04"}, "datum"),
        ({"datum": "2027-06-01"}, "datum"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"uitkomst": "hold", "reden": "x", "tot": "2027-06-01"}, "tot"),
        ({"uitkomst": "misschien"}, "uitkomst"),
        ({"besloten_door": "raad \x07"}, "uitkomst"),
        ({"reden": "burger 123456782"}, "toch"),
    ],
)
def test_what_the_rules_refuse_stands_at_its_field(
    ready: Desk, lead: TestClient, typed: dict[str, str], field: str
) -> None:
    answer = weighed(lead, **typed)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert decisions(ready) == []


def test_typed_script_is_shown_as_text(lead: TestClient) -> None:
    page = weighed(lead, besloten_door='"><script>alert(1)</script>')

    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_second_of_two_is_told_what_changed_and_keeps_what_was_typed(ready: Desk, lead: TestClient) -> None:
    page = weighed(lead, reden="Akkoord met voorwaarden")
    ready.does(GateDecided, "besluit", outcome="go", decided_by="Iemand anders")

    answer = press(lead, page, DECIDE, doe="vast")

    assert answer.status_code == 409
    words = said(answer)
    for each in ("Iemand anders was u voor", "besluit genomen", "Gita de Groot", "Iemand anders op 3 juni 2027"):
        assert each in words, each
    assert "Akkoord met voorwaarden" in words
    assert len(decisions(ready)) == 1


def test_second_of_two_goes_on_when_it_still_can(ready: Desk, lead: TestClient) -> None:
    page = lead.get(DECIDE)
    later = ready.clock().date().replace(day=21)
    ready.does(GateDecided, "besluit", outcome="hold", decided_by="B", reason="wacht", held_until=later)

    told = press(lead, page, DECIDE, doe="bekijk", **{**GO, "reden": "Toch nu"})
    page = press(lead, told, DECIDE, doe="bekijk", **{**GO, "reden": "Toch nu"})
    saved = press(lead, page, DECIDE, doe="vast")

    assert (told.status_code, page.status_code, saved.status_code) == (409, 200, 303)
    assert ">\nToch nu</textarea>" in told.text
    assert [each[1] for each in decisions(ready)] == ["hold", "go"]


def test_a_file_is_the_document_and_its_link_is_on_the_page(ready: Desk, lead: TestClient) -> None:
    page = weighed(lead)

    saved = press(lead, page, DECIDE, doe="vast", files={"bestand": ("besluit.pdf", PDF, "text/html")})

    assert saved.status_code == 303
    (document,) = [each[4] for each in decisions(ready)]
    assert str(document).startswith("bestand:")
    assert ready.step("besluit").evidence == (document,)
    assert f'href="/bestanden/{str(document).removeprefix("bestand:")}">besluit.pdf' in lead.get(GATE).text
    assert ready.rows("SELECT name, step FROM file") == [("besluit.pdf", "besluit")]


def test_a_file_that_may_not_come_in_saves_nothing(ready: Desk, lead: TestClient) -> None:
    answer = press(lead, weighed(lead), DECIDE, doe="vast", files={"bestand": ("x.html", b"<html>", "text/html")})

    assert answer.status_code == 422
    assert 'id="bestand"' in answer.text
    assert decisions(ready) == []
    assert ready.rows("SELECT * FROM file") == []


def test_link_and_file_together_are_refused(ready: Desk, lead: TestClient) -> None:
    page = weighed(lead, link="https://a.nl/b")
    assert 'type="file"' not in page.text

    answer = press(lead, page, DECIDE, doe="vast", files={"bestand": ("besluit.pdf", PDF, "application/pdf")})

    assert answer.status_code == 422
    assert "niet allebei" in answer.text
    assert ready.rows("SELECT * FROM file") == []


def test_back_to_the_form_keeps_everything(lead: TestClient) -> None:
    page = press(lead, weighed(lead, reden="Zo is het"), DECIDE, doe="aanpassen")

    assert page.status_code == 200
    assert ">\nZo is het</textarea>" in page.text


def test_gate_is_put_on_the_table_and_comes_back(ready: Desk, lead: TestClient) -> None:
    put = press(lead, lead.get(f"{GATE}/voorleggen"), f"{GATE}/voorleggen")
    assert (put.status_code, ready.step("besluit").state) == (303, State.FOR_DECISION)
    assert "Het ligt ter besluit bij: College." in said(lead.get(put.headers["location"]))

    back = press(lead, lead.get(f"{GATE}/terug"), f"{GATE}/terug")

    assert (back.status_code, ready.step("besluit").state) == (303, State.IN_PROGRESS)


def test_reader_sees_and_may_not_decide(ready: Desk) -> None:
    reader = ready.signs_in(Right(Role.READER))
    page = reader.get(GATE)
    assert "Besluit vastleggen" not in page.text
    token = token_on(page.text, "/taal")

    answers = [
        reader.get(DECIDE),
        *(
            reader.post(
                f"{GATE}/{act}",
                data={"form_token": token, "versie": "1", "doorloop": "1", "verzoek": "abcdefgh", **GO, "doe": "vast"},
                headers=SAME_ORIGIN,
            )
            for act in ("besluit", "voorleggen", "terug")
        ),
    ]

    assert [each.status_code for each in answers] == [403] * 4
    assert decisions(ready) == []
    assert len(ready.rows("SELECT * FROM access_log WHERE outcome = 'refused'")) == 4


def test_of_others_there_is_nothing_here(ready: Desk) -> None:
    member = ready.signs_in(Right(Role.MEMBER, ready.traject_id))
    assert member.get(GATE).status_code == 200

    assert member.get("/trajecten/anders/besluiten").status_code == 404


def test_of_a_confidential_gate_a_reader_sees_no_reason_and_no_document(ready: Desk, lead: TestClient) -> None:
    ready.does(GateDecided, "geheim", outcome="go", decided_by="College", reason="om het adres", document="https://geheim.nl/1")  # fmt: skip
    reader = ready.signs_in(Right(Role.READER), name="Rik Lezer")

    for path in ("/trajecten/de-wilg/besluiten", "/trajecten/de-wilg/besluiten/geheim"):
        assert "geheim.nl" in lead.get(path).text
        assert "geheim.nl" not in reader.get(path).text
        assert "om het adres" not in reader.get(path).text


def test_english_reader_gets_it_in_english(lead: TestClient) -> None:
    page = said(lead.get(f"{GATE}?taal=en"))

    assert "Take the go decision" in page
    assert "Tuesday 15 June 2027" in page
    assert "Vergadering" not in page


def test_forms_carry_what_makes_them_safe_to_repeat(lead: TestClient) -> None:
    assert set(hidden_on(weighed(lead).text, DECIDE)) == {"form_token", "versie", "doorloop", "verzoek", *GO, "toch"}
