"""The API as a program meets it: rights first, what a lead can do, who was first, and what is said when it does not go."""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
from datetime import date, timedelta
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from regie.clock import VirtualClock
from regie.core.acting import ActingAs
from regie.core.definition import Case, Term
from regie.core.events import StepFinished
from regie.core.ids import PersonId, RoleId
from regie.core.permissions import SCOPES, Permission, Right, Role, Scope
from regie.core.span import Span
from regie.core.terms import TermKind
from regie.store.accounts import disable_account, revoke_token
from regie.store.links import Wanted, issue_link
from regie.store.people import NEW_IN_A_ROLE
from regie.store.session import in_transaction, write_scope
from regie.web.api.acts import ACTS
from regie.web.api.openapi import permission_of, routes
from regie.web.api.version import API_VERSION
from tests.store.world import World
from tests.support import builders as b
from tests.support.documents import JPEG, PDF, pdf_of
from tests.web.api import ALL_SCOPES, BOTH, Program, make_world, program
from tests.web.conftest import LINK_KEY, NOW, Browse

STEP = "/trajecten/de-wilg/stappen/advies"


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    return make_world(sqlite_engine)


@pytest.fixture
def lead(world: World, browse: Browse) -> Program:
    return program(world, browse, BOTH)


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is a problem as all are, and give it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["api-version"] == API_VERSION
    said: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= said.keys()
    assert (said["status"], said["code"]) == (status, code)
    return said


def refusals(world: World) -> list[tuple[str, str, str]]:
    rows = world.rows("access_log")
    return [(row["who"], row["what"], row["about"]) for row in rows if row["outcome"] == "refused"]


def every_route() -> list[tuple[str, str, Permission]]:
    filled = {"slug": "de-wilg", "sleutel": "advies", "anker": "opening", "lijst": "arrival", "naam": "opvang"}
    found = []
    for route in routes():
        path = re.sub(r"\{(\w+)\}", lambda gap: filled.get(gap[1], "1"), route.path)
        found += [
            (method, path.removeprefix("/api/v1"), permission_of(route)) for method in sorted(route.methods or ())
        ]
    return found


# --- rights ------------------------------------------------------------------------------------------


def test_every_route_takes_one_right_and_refuses_whoever_has_no_key(world: World, browse: Browse) -> None:
    browser = browse()
    ways = every_route()
    assert len(ways) > 40

    for method, path, _ in ways:
        for headers in ({}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer"}):
            answer = browser.request(method, f"/api/v1{path}", json={}, headers=headers)
            problem(answer, 401, "token-missing")
            assert answer.headers["www-authenticate"] == "Bearer"


def test_every_route_refuses_a_key_without_the_scope_of_its_right(world: World, browse: Browse) -> None:
    programs: dict[tuple[Scope, ...], Program] = {}
    wanted: list[tuple[str, str, str]] = []
    for method, path, permission in every_route():
        others = tuple(each for each in Scope if permission not in SCOPES[each])
        if others not in programs:
            programs[others] = program(world, browse, BOTH, others, name=f"lid{len(programs)}")
        own = programs[others]
        said = problem(own.ask(method, path, json={"reden": "x"}), 403, "scope-missing")
        assert "bereik" in said["detail"]
        wanted.append((f"token:{own.number}", "not-allowed", permission.value))
    assert sorted(refusals(world)) == sorted(wanted)


def test_every_route_about_a_traject_hides_that_of_others_like_one_that_is_not_there(
    world: World, browse: Browse
) -> None:
    mine = program(world, browse, [Right(Role.LEAD, 2)])
    before = world.rows("history")

    ways = [each for each in every_route() if each[1].startswith("/trajecten/de-wilg")]
    assert len(ways) > 35
    for method, path, _ in ways:
        body = _body_for(path)
        others = mine.ask(method, path, json=body, headers={"If-Match": "*"})
        absent = mine.ask(method, path.replace("de-wilg", "weg"), json=body, headers={"If-Match": "*"})
        said, missing = problem(others, 404, "nothing-here"), problem(absent, 404, "nothing-here")
        assert {**said, "instance": ""} == {**missing, "instance": ""}
    assert world.rows("history") == before


def test_what_is_about_all_wants_a_right_for_all(world: World, browse: Browse) -> None:
    mine = program(world, browse, [Right(Role.LEAD, 1), Right(Role.ADMINISTRATOR, 1)])

    for method, path, permission in every_route():
        if permission in (
            Permission.START_TRAJECT,
            Permission.MANAGE_PARTNERS,
            Permission.RETRY_DELIVERY,
            Permission.SEE_AUDIT,
        ):
            problem(mine.ask(method, path, json=_body_for(path)), 403, "not-allowed")
    assert [each["slug"] for each in mine.get("/trajecten").json()["trajecten"]] == ["de-wilg"]


def test_lead_sees_only_messages_about_the_own_trajects(world: World, browse: Browse) -> None:
    mine = program(world, browse, [Right(Role.LEAD, 1)])
    all_of_them = program(world, browse, BOTH, name="alles")

    def about(who: Program, **params: str) -> set[str]:
        found = who.get("/bezorgingen", **params).json()["bezorgingen"]
        return {line["traject"] for each in found for line in each["regels"]}

    assert about(all_of_them) == {"de-wilg", "krap"}
    assert about(mine) == {"de-wilg"}
    assert about(mine, traject="krap") == set()


def test_lead_takes_away_a_link_of_the_own_traject_and_knows_of_no_other(world: World, browse: Browse) -> None:
    mine = program(world, browse, [Right(Role.LEAD, 1)])
    with write_scope(world.engine) as session:
        for traject_id in (1, 2):
            wanted = Wanted(traject_id, 1, b.key("advies"), PersonId("p4"), RoleId("other"), ActingAs.RESPONSIBLE)
            issue_link(session, wanted, LINK_KEY, "m", NOW)
    found = mine.get("/links").json()["links"]

    assert [(each["traject"], each["stap"], each["werkt"]) for each in found] == [("de-wilg", "advies", True)]
    assert mine.get("/links", traject="krap").json()["links"] == []
    problem(mine.post("/links/2/intrekkingen", {"reden": "x"}), 404, "unknown-link")
    for _ in range(2):
        done = mine.post("/links/1/intrekkingen", {"reden": "verkeerde persoon"})
        assert (done.status_code, done.json()["werkt"], done.json()["redenIntrekking"]) == (
            201,
            False,
            "verkeerde persoon",
        )
    assert mine.get("/links", alleenOpen="true").json() == {"links": [], "volgende": None}
    assert [row["event"] for row in world.rows("history")].count("LinkRevoked") == 1


@pytest.mark.parametrize("role", [Role.READER, Role.ADMINISTRATOR])
def test_who_may_only_look_does_nothing_to_a_step(world: World, browse: Browse, role: Role) -> None:
    reader = program(world, browse, [Right(role)])

    assert reader.get(STEP).status_code == 200
    for act in ACTS:
        path = f"/trajecten/de-wilg/{act.on}/advies/{act.collection}"
        problem(reader.post(path, _body_for(path), seen="*"), 403, "not-allowed")


def _body_for(path: str) -> dict[str, Any]:
    """Something that fits every act, as far as its form goes."""
    bodies: dict[str, dict[str, Any]] = {
        "vrijstellingen": {"reden": "x", "akkoordVan": "y"},
        "vastzettingen": {"reden": "x", "beginOp": "2027-08-01"},
        "toezeggingen": {"op": "2027-08-01"},
        "voorstellen": {"op": "2027-08-01", "reden": "x"},
        "voorstelantwoorden": {"akkoord": True},
        "vragen": {"tekst": "x"},
        "vraagantwoorden": {"tekst": "x"},
        "overdrachten": {"aan": "p1"},
        "partnervragen": {"rol": "maker"},
        "uitspraken": {"uitkomst": "go", "beslotenDoor": "het college"},
        "verzettingen": {"naar": "2027-10-01", "reden": "x"},
        "doorlopen": {"soort": "improvement", "naDoorloop": 1},
        "arrival": {"items": []},
        "trajecten": {"titel": "Nieuw"},
        "partner-importen": {"rijen": [{"naam": "a", "eMail": "a@b.nl", "rol": "maker"}]},
        "afsluitingen": {"reden": "x"},
        "intrekkingen": {"reden": "x"},
        "heropeningen": {"reden": "x"},
        "afwijzingen": {"reden": "x"},
        "termijnstops": {"reden": "x"},
        "termijnverlengingen": {"reden": "x"},
    }
    return bodies.get(path.rpartition("/")[2], {})


@pytest.mark.parametrize("why", ["unknown", "revoked", "expired", "disabled"])
def test_key_that_does_not_work_says_no_more_than_that(
    world: World, browse: Browse, clock: VirtualClock, why: str
) -> None:
    own = program(world, browse, lasts=timedelta(days=2))
    if why == "unknown":
        own.key = "regie_" + "x" * 40
    elif why == "revoked":
        in_transaction(world.engine, lambda session: revoke_token(session, own.number, "cli:x", NOW))
    elif why == "expired":
        clock.advance(days=3)
    else:
        in_transaction(world.engine, lambda session: disable_account(session, 1, "cli:x", NOW))

    problem(own.get("/trajecten"), 401, "token-refused")

    who = "nobody" if why == "unknown" else f"token:{own.number}"
    noted = "revoked" if why == "disabled" else why  # the keys of an account end with it
    assert (who, "token-used", noted) in refusals(world)
    assert own.key not in json.dumps(world.rows("access_log"), default=str)


def test_wrong_keys_are_counted_and_a_good_one_from_the_same_network_goes_on(world: World, browse: Browse) -> None:
    own = program(world, browse)
    wrong = Program(own.browser, "regie_wrong")

    tried = [wrong.get("/trajecten").status_code for _ in range(61)]

    assert tried == [401] * 60 + [429]
    assert wrong.get("/trajecten").headers["retry-after"] == "600"
    assert own.get("/trajecten").status_code == 200


def test_use_of_a_key_is_noted_once_a_day(world: World, browse: Browse, clock: VirtualClock) -> None:
    own = program(world, browse)

    def used() -> int:
        return sum(row["what"] == "token-used" for row in world.rows("access_log"))

    for _ in range(5):
        assert own.get("/trajecten").status_code == 200
    assert used() == 1
    clock.advance(days=1)
    own.get("/trajecten")
    assert used() == 2


def test_key_stands_in_no_log(world: World, browse: Browse, caplog: pytest.LogCaptureFixture) -> None:
    own = program(world, browse)
    with caplog.at_level(0):
        own.get(STEP)
        Program(own.browser, "regie_secretsecret").get("/trajecten")

    assert own.key not in caplog.text
    assert "secretsecret" not in caplog.text
    assert "/api/v1/trajecten/{slug}/stappen/{sleutel}" in caplog.text


# --- the form of requests and answers ------------------------------------------------------------------


def test_every_error_is_a_problem_with_the_version(lead: Program) -> None:
    problem(lead.get("/weg"), 404, "nothing-here")
    problem(lead.get("/trajecten/"), 404, "nothing-here")
    problem(lead.get(f"{STEP}/"), 404, "nothing-here")
    wrong = lead.ask("DELETE", "/trajecten")
    assert "GET" in wrong.headers["allow"]
    problem(wrong, 405, "method-not-allowed")
    problem(lead.ask("POST", "/trajecten", content=b"titel=x", headers={"Content-Type": "text/plain"}), 415, "not-json")
    problem(lead.ask("POST", "/trajecten", content=b"{}"), 415, "not-json")
    large = lead.ask("POST", "/trajecten", content=b" " * 1_100_000, headers={"Content-Type": "application/json"})
    problem(large, 413, "body-too-large")
    problem(lead.ask("GET", "/trajecten", headers={"Host": "elders.nl"}), 400, "host-refused")


def test_fault_of_ours_says_nothing_but_its_number(lead: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise ValueError("geheim adres db.intern")

    monkeypatch.setattr("regie.web.api.trajects.make_portfolio", breaks)

    said = problem(lead.get("/trajecten"), 500, "fault")

    assert "intern" not in json.dumps(said)
    assert re.fullmatch(r"urn:regie:request:[0-9a-f]{16}", said["instance"])


def test_what_is_wrong_with_a_request_is_400_with_every_error_and_its_place(lead: Program) -> None:
    body = {"naar": "3 juni 2027", "reden": "", "extra": 1}
    said = problem(lead.post("/trajecten/de-wilg/datums/opening/verzettingen", body, seen="*"), 400, "request-invalid")

    assert {(each["in"], each["location"], each["code"]) for each in said["errors"]} == {
        ("body", "#/naar", "date-form"),
        ("body", "#/reden", "string-too-short"),
        ("body", "#/extra", "extra-forbidden"),
    }
    assert said["errors"][0]["detail"] == "Schrijf een datum als 2027-06-03."
    said = problem(lead.get("/trajecten", pagina=0, paginaGrootte="veel", problemen="soms"), 400, "request-invalid")
    assert [(each["in"], each["location"]) for each in said["errors"]] == [
        ("query", "problemen"),
        ("query", "pagina"),
        ("query", "paginaGrootte"),
    ]
    broken = lead.ask("POST", "/trajecten", content=b"{", headers={"Content-Type": "application/json"})
    assert problem(broken, 400, "request-invalid")["errors"][0]["location"] == "#"
    for content in (b"\xff", b"[" * 100_000, b'{"titel": ' + b"9" * 5_000 + b"}", b"null"):
        odd = lead.ask("POST", "/trajecten", content=content, headers={"Content-Type": "application/json"})
        problem(odd, 400, "request-invalid")
    problem(lead.post("/trajecten/de-wilg/datums/opening/verzettingen", {"naar": 1780000000, "reden": "x"}), 400,
            "request-invalid")  # fmt: skip


def test_answers_of_a_start_that_are_wrong_are_all_named(lead: Program) -> None:
    said = problem(lead.post("/trajecten", {"titel": "Tweede", "antwoorden": {"wie": 1}}), 400, "bad-answers")

    assert {each["location"] for each in said["errors"]} >= {"#/antwoorden/wie", "#/streefdatums/opening"}


def test_language_of_what_is_said_is_asked_for(lead: Program) -> None:
    dutch = lead.ask("GET", "/trajecten/weg").json()["detail"]
    english = lead.ask("GET", "/trajecten/weg", headers={"Accept-Language": "en"}).json()["detail"]

    assert (dutch, english) == ("Hier is niets.", "there is nothing here")


def test_other_sites_get_in_only_when_they_were_named(world: World, browse: Browse) -> None:
    asks = {"Origin": "https://portaal.nl", "Access-Control-Request-Method": "GET"}
    closed = program(world, browse, name="dicht").browser
    opened = program(world, browse, name="open", api_origins="https://portaal.nl").browser

    assert "access-control-allow-origin" not in closed.get("/api/v1/openapi.json", headers=asks).headers
    assert closed.options("/api/v1/trajecten", headers=asks).status_code == 405
    allowed = opened.options("/api/v1/trajecten", headers=asks)
    assert allowed.headers["access-control-allow-origin"] == "https://portaal.nl"
    assert "access-control-allow-credentials" not in allowed.headers
    assert opened.options("/api/v1/trajecten", headers={**asks, "Origin": "https://elders.nl"}).status_code == 400
    assert "access-control-allow-origin" not in opened.get("/", headers=asks).headers


# --- looking -----------------------------------------------------------------------------------------


def test_portfolio_is_paged_with_the_most_threatened_first(lead: Program) -> None:
    first = lead.get("/trajecten", paginaGrootte=1).json()
    second = lead.get("/trajecten", paginaGrootte=1, pagina=2).json()

    assert [each["slug"] for page in (first, second) for each in page["trajecten"]] == ["krap", "de-wilg"]
    assert second["paginering"] == {"pagina": 2, "paginaGrootte": 1, "totaal": 2}
    assert first["trajecten"][0]["opening"]["ruimteWerkdagen"] < 0
    problem(lead.get("/trajecten", paginaGrootte=101), 400, "request-invalid")


def test_steps_are_filtered_and_one_step_says_all(lead: Program) -> None:
    rows = lead.get("/trajecten/de-wilg/stappen", stand="kan-beginnen").json()["stappen"]
    one = lead.get(STEP).json()

    assert [each["sleutel"] for each in rows] == ["advies", "geheim", "instroom@eerste"]
    assert lead.get("/trajecten/de-wilg/stappen", rol="other").json()["paginering"]["totaal"] == 1
    assert [each["stap"] for each in one["erna"]] == ["besluit"]
    assert one["vervaltOp"] == "2027-06-15"
    assert "werkdagen" in one["waaromEinde"]
    assert one["mensen"][0]["mensen"] == ["Naam van other"]
    problem(lead.get("/trajecten/de-wilg/stappen/weg"), 404, "unknown-step")
    problem(lead.get("/trajecten/de-wilg/stappen", doorloop=9), 404, "unknown-cycle")


def test_what_did_not_change_is_not_sent_again(lead: Program) -> None:
    for path in (STEP, "/trajecten/de-wilg", "/trajecten/de-wilg/planning", "/trajecten/de-wilg/datums/opening"):
        tag = lead.tag(path)
        again = lead.ask("GET", path, headers={"If-None-Match": tag})
        assert (again.status_code, again.text, again.headers["etag"]) == (304, "", tag)


def test_plan_gates_dates_and_lists_are_told(lead: Program) -> None:
    plan = lead.get("/trajecten/krap/planning").json()
    assert "RG351" in {each["code"] for each in plan["bevindingen"]}
    assert {each["sleutel"] for each in plan["stappen"]} >= {"advies", "besluit", "open", "geheim", "instroom@eerste"}
    gates = lead.get("/trajecten/de-wilg/besluiten").json()["besluiten"]
    assert [(each["sleutel"], each["uitkomsten"]) for each in gates] == [("besluit", ["go", "hold", "stop"])]
    dates = {each["anker"]: each for each in lead.get("/trajecten/de-wilg/datums").json()["datums"]}
    assert dates["opening"]["streefdatum"] == "2027-09-01"
    assert lead.get("/trajecten/de-wilg/lijsten").json()["lijsten"][0]["lijst"] == "arrival"
    roles = {each["rol"]: each for each in lead.get("/trajecten/de-wilg/rollen").json()["rollen"]}
    assert roles["maker"]["mensen"] == ["Naam van maker"]


def test_record_is_paged_in_utc_and_names_the_token(lead: Program) -> None:
    lead.post(f"{STEP}/begin-meldingen", {"opmerking": "we zijn begonnen"}, seen=lead.tag(STEP))

    first = lead.get("/trajecten/de-wilg/geschiedenis", paginaGrootte=1).json()
    rest = lead.get("/trajecten/de-wilg/geschiedenis", na=first["volgende"]).json()

    assert rest["volgende"] is None
    (mine,) = rest["gebeurtenissen"]
    assert (mine["soort"], mine["door"], mine["stap"]) == ("StepStarted", "koppeling", "advies")
    assert (mine["op"], mine["woorden"]) == ("2027-06-03T08:30:00Z", {"note": "we zijn begonnen"})
    assert lead.get(f"/trajecten/de-wilg/geschiedenis/{mine['volgnummer']}").json() == mine
    problem(lead.get("/trajecten/de-wilg/geschiedenis/999"), 404, "nothing-here")


def test_no_scope_shows_what_is_confidential(world: World, lead: Program) -> None:
    secret = StepFinished(key=b.key("geheim"), note="Dorpsstraat 1", evidence=("https://x.nl/dorpsstraat",), by="p1")
    world.happens(1, secret, b.at(date(2027, 6, 2)))

    for path in ("", "/stappen", "/stappen/geheim", "/planning", "/geschiedenis", "/besluiten"):
        assert "orpsstraat" not in lead.get(f"/trajecten/de-wilg{path}").text, path
    assert lead.get("/trajecten/de-wilg/stappen/geheim").json()["isVertrouwelijk"] is True


def test_number_of_queries_does_not_grow_with_what_is_shown(world: World, lead: Program) -> None:
    asked: list[str] = []
    event.listen(world.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))

    def cost(path: str) -> int:
        lead.get(path)
        asked.clear()
        assert lead.get(path).status_code == 200
        return len(asked)

    paths = ["/trajecten", "/trajecten/de-wilg/stappen", "/trajecten/de-wilg/geschiedenis", "/bezorgingen", "/partners"]
    lead.post(f"{STEP}/vragen", {"tekst": "de eerste"}, seen="*")
    before = [cost(path) for path in paths]
    for number in range(4):
        world.starts(f"meer-{number}", start=date(2027, 6, 1), targets={"opening": date(2027, 9, 1)})
        lead.post(f"{STEP}/vragen", {"tekst": f"vraag {number}"}, seen="*")

    assert [cost(path) for path in paths] == before


# --- acting ------------------------------------------------------------------------------------------


def test_act_is_shown_first_then_done_once_and_stands_in_the_record(world: World, lead: Program) -> None:
    before, tag = world.rows("history"), lead.tag(STEP)
    body = {"bewijs": ["https://zaken.nl/1"], "opmerking": "BSN 123456782"}

    shown = lead.post(f"{STEP}/afrondingen", body, proef="true")
    assert (shown.status_code, shown.json()["opgeslagen"]) == (200, False)
    assert world.rows("history") == before

    done = lead.post(f"{STEP}/afrondingen", body, seen=tag, key="verzoek-0001")
    said = done.json()
    assert (done.status_code, said["opgeslagen"], said["herhaald"]) == (201, True, False)
    assert said["gevolgen"] == shown.json()["gevolgen"]
    assert said["gevolgen"][0]["overgangen"][0] == {"stap": "advies", "van": "kan-beginnen", "naar": "klaar"}
    assert "burgerservicenummer" in said["waarschuwingen"][0]
    record = lead.ask("GET", done.headers["location"].removeprefix("/api/v1")).json()
    assert (record["soort"], record["volgnummer"]) == ("StepFinished", said["volgnummer"])

    again = lead.post(f"{STEP}/afrondingen", body, seen=tag, key="verzoek-0001")
    assert (again.status_code, again.json()["herhaald"]) == (200, True)
    assert again.json()["volgnummer"] == said["volgnummer"]
    assert len(world.rows("history")) == len(before) + 1


def test_same_request_key_of_another_token_is_another_request(world: World, browse: Browse, lead: Program) -> None:
    other = program(world, browse, BOTH, name="andere")
    lead.post(f"{STEP}/begin-meldingen", {}, seen="*", key="verzoek-0001")

    problem(other.post(f"{STEP}/begin-meldingen", {}, seen="*", key="verzoek-0001"), 409, "transition-refused")
    problem(lead.post(f"{STEP}/afrondingen", {}, seen="*", key="verzoek-0001"), 409, "request-reused")
    problem(lead.post(f"{STEP}/afrondingen", {}, seen="*", key="kort"), 400, "request-invalid")


def test_second_of_two_is_told_what_changed_and_nothing_is_lost(world: World, lead: Program) -> None:
    seen = lead.tag(STEP)
    lead.post(f"{STEP}/begin-meldingen", {}, seen=seen)
    before = world.rows("history")

    said = problem(lead.post(f"{STEP}/afrondingen", {}, seen=seen), 412, "occurrence-changed")

    assert said["huidig"]["stand"] == "bezig"
    assert said["huidig"]["laatst"][0] == {"op": "2027-06-03T08:30:00Z", "door": "koppeling", "wat": "stap begonnen"}
    assert world.rows("history") == before
    problem(lead.post(f"{STEP}/afrondingen", {}), 428, "if-match-missing")
    problem(lead.post(f"{STEP}/afrondingen", {}, seen="W/niets"), 400, "if-match-wrong")
    assert lead.post(f"{STEP}/afrondingen", {}, seen=lead.tag(STEP)).status_code == 201


def test_refusal_by_how_things_stand_is_409_and_by_what_was_sent_400(lead: Program) -> None:
    problem(lead.post(f"{STEP}/heropeningen", {"reden": "x"}, seen="*"), 409, "transition-refused")
    problem(lead.post(f"{STEP}/uitspraken".replace("stappen", "besluiten"), _body_for("/uitspraken"), seen="*"), 409,
            "not-a-gate")  # fmt: skip
    problem(lead.post(f"{STEP}/partnervragen", {"rol": "niemand"}, seen="*"), 400, "unknown-role")
    problem(lead.post(f"{STEP}/afrondingen", {"op": "2028-01-01"}, seen="*"), 400, "date-in-the-future")
    problem(lead.post("/trajecten/de-wilg/stappen/weg/afrondingen", {}, seen="*"), 404, "unknown-step")


def test_every_act_of_a_lead_on_a_step_goes(lead: Program) -> None:
    def do(collection: str, body: dict[str, Any], step: str = "stappen/advies") -> None:
        path = f"/trajecten/de-wilg/{step}"
        answer = lead.post(f"{path}/{collection}", body, seen=lead.tag(path))
        assert answer.status_code == 201, (collection, answer.text)
        done.add(collection)

    done: set[str] = set()
    do("begin-meldingen", {"op": "2027-06-02"})
    do("partnervragen", {"rol": "maker"})
    do("hervattingen", {})
    do("voorstellen", {"op": "2027-06-18", "reden": "drukte"})
    do("voorstelantwoorden", {"akkoord": True})
    do("toezeggingen", {"op": "2027-06-21"})
    do("toezeggingen", {"op": None})
    do("vragen", {"tekst": "Mag het later?"})
    do("vraagantwoorden", {"tekst": "Ja."})
    do("afwijzingen", {"reden": "niet van ons"})
    do("overdrachten", {"aan": "p1", "reden": "zij weet ervan"})
    do("overdrachten", {"aan": None})
    do("vastzettingen", {"eindeOp": "2027-06-25", "reden": "afgesproken"})
    do("losmakingen", {})
    do("vrijstellingen", {"reden": "al gedaan", "akkoordVan": "wethouder"})
    do("heropnames", {})
    do("afrondingen", {"bewijs": ["https://x.nl/1"]})
    do("voorleggingen", {}, "besluiten/besluit")
    do("uitspraken", {"uitkomst": "hold", "beslotenDoor": "college", "reden": "x", "aangehoudenTot": "2027-07-01"},
       "besluiten/besluit")  # fmt: skip
    do("heropeningen", {"reden": "fout", "ook": []})
    do("intrekkingen", {"reden": "hoeft niet"})

    assert {each.collection for each in ACTS} - done == {"termijnstops", "termijnhervattingen", "termijnverlengingen"}
    assert lead.get(STEP).json()["stand"] == "ingetrokken"


def file_of(content: bytes = PDF, name: str = "advies.pdf") -> dict[str, str]:
    return {"naam": name, "inhoud": base64.b64encode(content).decode()}


def test_step_is_finished_with_files_that_go_out_again(world: World, lead: Program) -> None:
    link, more = "https://zaken.nl/1", file_of(JPEG, "../foto.jpg")
    body = {"bewijs": [link], "bestanden": [file_of(), more]}
    shown = lead.post(f"{STEP}/afrondingen", body, proef="true")
    assert (shown.status_code, world.rows("file")) == (200, [])

    done = lead.post(f"{STEP}/afrondingen", body, seen="*", key="verzoek-0001")
    again = lead.post(f"{STEP}/afrondingen", body, seen="*", key="verzoek-0001")

    assert (done.status_code, again.json()["herhaald"]) == (201, True)
    first, *files = lead.get(STEP).json()["bewijs"]
    assert (first["adres"], [each["tekst"] for each in files]) == (link, ["advies.pdf", "foto.jpg"])
    assert len(world.rows("file")) == 2
    for each, content, kind in zip(files, (PDF, JPEG), ("application/pdf", "image/jpeg"), strict=True):
        answer = lead.get(f"/trajecten/de-wilg/bestanden/{each['bestand']}")
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, content, kind)
        assert answer.headers["content-disposition"].startswith("attachment;")
        problem(lead.get(f"/trajecten/krap/bestanden/{each['bestand']}"), 404, "nothing-here")
    assert refusals(world)[-1][2].endswith(f"file:{files[-1]['bestand']}")
    problem(lead.get("/trajecten/de-wilg/bestanden/weg"), 404, "nothing-here")


def test_no_scope_hands_out_a_file_of_what_is_confidential(world: World, lead: Program) -> None:
    path = "/trajecten/de-wilg/stappen/geheim"
    lead.post(f"{path}/afrondingen", {"bestanden": [file_of()]}, seen="*")

    (file,) = world.rows("file")

    problem(lead.get(f"/trajecten/de-wilg/bestanden/{file['id']}"), 403, "not-allowed")


def test_decision_comes_with_its_document(lead: Program) -> None:
    lead.post(f"{STEP}/afrondingen", {}, seen="*")
    path = "/trajecten/de-wilg/besluiten/besluit"
    body = {"uitkomst": "go", "beslotenDoor": "college", "bestand": file_of(name="besluit.pdf")}

    both = lead.post(f"{path}/uitspraken", {**body, "document": "https://zaken.nl/2"}, seen="*")
    problem(both, 400, "one-document")
    assert lead.post(f"{path}/uitspraken", body, seen="*").status_code == 201

    (document,) = lead.get(path.replace("besluiten", "stappen")).json()["bewijs"]
    assert lead.get(f"/trajecten/de-wilg/bestanden/{document['bestand']}").content == PDF


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (file_of(b"<html><script>1</script>"), "file-content-differs"),
        (file_of(name="advies.exe"), "file-kind-unknown"),
        (file_of(b""), "file-empty"),
        (file_of(pdf_of(1024 * 1024 + 1)), "file-too-large"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_file_that_is_not_taken_keeps_all_as_it_was(
    world: World, browse: Browse, file: dict[str, str], code: str, tmp_path: Path
) -> None:
    own = program(world, browse, file_max_mb=1, files_dir=tmp_path)
    before = world.rows("history")

    problem(own.post(f"{STEP}/afrondingen", {"bestanden": [file_of(), file]}, proef="true"), 400, code)
    problem(own.post(f"{STEP}/afrondingen", {"bestanden": [file_of(), file]}, seen="*"), 400, code)

    assert (world.rows("history"), world.rows("file")) == (before, [])
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_content_that_is_not_in_base64_is_refused_at_its_place(lead: Program) -> None:
    good = file_of()["inhoud"]
    for wrong, code in ((f"{good[:20]}\n{good[20:]}", "base64-form"), ("é", "base64-form"), (5, "bytes-type")):
        body = {"bestanden": [{"naam": "a.pdf", "inhoud": wrong}]}
        (error,) = problem(lead.post(f"{STEP}/afrondingen", body, seen="*"), 400, "request-invalid")["errors"]
        assert (error["location"], error["code"]) == ("#/bestanden/0/inhoud", code)


def test_only_where_files_come_along_more_may_be_sent_than_a_million_bytes(lead: Program) -> None:
    large = {"bestanden": [file_of(pdf_of(2_000_000))], "opmerking": ""}
    problem(lead.post(f"{STEP}/begin-meldingen", {"opmerking": "x" * 1_100_000}, seen="*"), 413, "body-too-large")
    assert lead.post(f"{STEP}/afrondingen", large, seen="*").status_code == 201


def test_report_for_the_steering_group_is_a_pdf(lead: Program) -> None:
    answer = lead.get("/trajecten/de-wilg/stuurgroepverslag")

    assert (answer.headers["content-type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert "stuurgroep-de-wilg-2027-06-03.pdf" in answer.headers["content-disposition"]
    problem(lead.get("/trajecten/de-wilg/stuurgroepverslag", doorloop=7), 404, "unknown-cycle")


def test_gate_that_stops_ends_the_cycle_and_says_so_first(lead: Program) -> None:
    lead.post(f"{STEP}/afrondingen", {}, seen="*")
    path = "/trajecten/de-wilg/besluiten/besluit"
    body = {"uitkomst": "stop", "beslotenDoor": "college", "reden": "geen draagvlak"}

    shown = lead.post(f"{path}/uitspraken", body, proef="true").json()["gevolgen"][0]
    lead.post(f"{path}/uitspraken", body, seen=lead.tag(path))

    assert ("open", "ingetrokken") in {(each["stap"], each["naar"]) for each in shown["overgangen"]}
    assert lead.get("/trajecten/de-wilg/doorlopen/1").json()["isAfgelopen"] is True


def test_term_stands_still_runs_again_and_is_extended(sqlite_engine: Engine, browse: Browse) -> None:
    term = Term(Span.parse("8w"), TermKind.LAW, extension=Span.parse("6w"))
    permit = b.step("vergunning", "5wd", ["aanvraag"], terms=(Case(term),))
    world = World(sqlite_engine, b.definition(b.step("aanvraag", "1wd"), permit, calendar=b.LEGAL))
    world.starts("de-wilg", start=date(2027, 6, 1))
    lead = program(world, browse)
    lead.post("/trajecten/de-wilg/stappen/aanvraag/afrondingen", {}, seen="*")
    path = "/trajecten/de-wilg/stappen/vergunning"

    def do(collection: str, body: dict[str, Any]) -> str:
        assert lead.post(f"{path}/{collection}", body, seen=lead.tag(path)).status_code == 201
        return str(lead.get(path).json()["wettelijkOp"])

    first = lead.get(path).json()["wettelijkOp"]
    do("termijnstops", {"reden": "aanvulling gevraagd", "gevraagdOp": "2027-06-02"})
    problem(lead.post(f"{path}/termijnstops", {"reden": "x"}, seen="*"), 409, "already-suspended")
    do("termijnhervattingen", {"op": "2027-06-03"})
    assert do("termijnverlengingen", {"reden": "complex"}) > first


def test_anchor_is_moved_after_the_consequences_were_seen(world: World, lead: Program) -> None:
    path = "/trajecten/de-wilg/datums/opening"
    seen = lead.tag(path)
    body = {"naar": "2027-06-08", "reden": "eerder open"}

    shown = lead.post(f"{path}/verzettingen", body, proef="true").json()["gevolgen"][0]
    assert [each["code"] for each in shown["nietMeerHaalbaar"]] == ["RG351"]
    assert lead.post(f"{path}/verzettingen", body, seen=seen).status_code == 201
    assert lead.get(path).json()["streefdatum"] == "2027-06-08"
    problem(lead.post(f"{path}/verzettingen", {**body, "naar": "2027-06-09"}, seen=seen), 412, "resource-changed")
    problem(lead.post(f"{path}/verzettingen", body), 428, "if-match-missing")
    problem(lead.post("/trajecten/de-wilg/datums/weg/verzettingen", body, seen="*"), 404, "unknown-anchor")


def test_retry_of_a_move_gets_its_first_answer_though_the_tag_is_old_by_then(lead: Program) -> None:
    path = "/trajecten/de-wilg/datums/opening"
    seen, body = lead.tag(path), {"naar": "2027-10-01", "reden": "later"}

    first = lead.post(f"{path}/verzettingen", body, seen=seen, key="verzet-0001")
    again = lead.post(f"{path}/verzettingen", body, seen=seen, key="verzet-0001")

    assert (first.status_code, again.status_code, again.json()["herhaald"]) == (201, 200, True)


def test_list_grows_and_the_second_writer_is_told(lead: Program) -> None:
    path = "/trajecten/de-wilg/lijsten/arrival"
    seen = lead.tag(path)
    body = {"items": [{"sleutel": "eerste"}, {"sleutel": "tweede", "op": "2027-11-01", "aantal": 20}]}

    assert lead.post(path, body, seen=seen, method="PUT").status_code == 201
    assert [each["sleutel"] for each in lead.get(path).json()["items"]] == ["eerste", "tweede"]
    assert lead.get("/trajecten/de-wilg/stappen/instroom@tweede").status_code == 200
    problem(lead.post(path, {"items": []}, seen=seen, method="PUT"), 412, "resource-changed")
    problem(lead.post("/trajecten/de-wilg/lijsten/weg", body, seen="*", method="PUT"), 404, "unknown-list")


def test_traject_is_looked_at_started_once_and_closed(world: World, lead: Program) -> None:
    questions = lead.get("/stappenplannen/opvang").json()
    answers = {each["naam"]: (each["keuzes"] or [each["van"] or 1])[0] for each in questions["vragen"]}
    answers |= {each["naam"]: [each["keuzes"][0]] for each in questions["vragen"] if each["soort"] == "some_of"}
    answers |= {each["naam"]: True for each in questions["vragen"] if each["soort"] == "yes_no"}
    body = {
        "titel": "Opvang De Hoeve",
        "stappenplan": "opvang",
        "antwoorden": answers,
        "streefdatums": {each["naam"]: "2028-10-02" for each in questions["streefdatums"]},
    }

    shown = lead.post("/trajecten", body, proef="true")
    assert (shown.status_code, shown.json()["slug"]) == (200, "opvang-de-hoeve")
    problem(lead.get("/trajecten/opvang-de-hoeve"), 404, "nothing-here")
    first = lead.post("/trajecten", body, key="start-000001")
    again = lead.post("/trajecten", body, key="start-000001")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["location"] == "/api/v1/trajecten/opvang-de-hoeve"
    assert first.json()["stappen"] > 60
    problem(lead.post("/trajecten", body), 409, "slug-taken")
    problem(lead.post("/trajecten", {**body, "stappenplan": "calendars"}), 400, "definition-not-offered")

    closing = "/trajecten/opvang-de-hoeve/afsluitingen"
    assert lead.post(closing, {"reden": "gaat niet door"}, proef="true").json()["opgeslagen"] is False
    assert lead.post(closing, {"reden": "gaat niet door"}).status_code == 201
    problem(lead.post(closing, {"reden": "nog eens"}), 409, "traject-closed")


def test_next_cycle_is_looked_at_and_opened_once(world: World, lead: Program) -> None:
    path = "/trajecten/de-wilg/doorlopen"
    kind = next(iter(world.definition.cycle_kinds), "")
    body = {"soort": kind, "naDoorloop": 1, "streefdatums": {"opening": "2028-09-01"}}

    shown = lead.post(path, body, proef="true")
    assert (shown.status_code, shown.json()["nummer"], shown.json()["opgeslagen"]) == (200, 2, False)
    assert len(lead.get(path).json()["doorlopen"]) == 1
    assert lead.post(path, body, key="doorloop-01").status_code == 201
    again = lead.post(path, body, key="doorloop-01")
    assert (again.status_code, again.json()["nummer"]) == (200, 2)
    problem(lead.post(path, body), 409, "cycle-taken")
    problem(lead.post(path, {**body, "soort": "zomaar", "naDoorloop": 2}), 400, "unknown-cycle-kind")


# --- the office --------------------------------------------------------------------------------------


def test_partners_are_read_in_whole_or_not_at_all(world: World, lead: Program) -> None:
    rows = [{"naam": "Bo Bakker", "eMail": "bo@voorbeeld.nl", "rol": "maker", "organisatie": "Bakker bv"}]
    body = {"rijen": rows, "traject": "de-wilg"}

    dry = lead.post("/partner-importen", body, proef="true").json()
    assert (dry["opgeslagen"], dry["nieuw"]) == (False, 1)
    assert lead.get("/partners").json()["paginering"]["totaal"] == 4
    wrong = {**body, "rijen": [*rows, {"naam": "", "eMail": "geen adres", "rol": "tovenaar"}]}
    said = problem(lead.post("/partner-importen", wrong), 400, "request-invalid")
    assert {each["location"] for each in said["errors"]} >= {"#/rijen/1/naam", "#/rijen/1/eMail", "#/rijen/1/rol"}
    assert lead.get("/partners").json()["paginering"]["totaal"] == 4
    assert world.rows("link_request") == []
    assert lead.post("/partner-importen", body).json()["opgeslagen"] is True
    assert [row["address_seal"] for row in world.rows("link_request")] == [NEW_IN_A_ROLE]
    names = [each["naam"] for each in lead.get("/partners", traject="de-wilg").json()["partners"]]
    assert "Bo Bakker" in names
    assert "Bo Bakker" not in [each["naam"] for each in lead.get("/partners", traject="krap").json()["partners"]]


def test_lead_of_one_traject_sees_only_its_partners(world: World, browse: Browse, lead: Program) -> None:
    rows = [{"naam": "Bo Bakker", "eMail": "bo@voorbeeld.nl", "rol": "maker"}]
    lead.post("/partner-importen", {"rijen": rows, "traject": "de-wilg"})
    other = program(world, browse, [Right(Role.LEAD, 2)], name="ander")

    assert "Bo Bakker" not in other.get("/partners").text
    assert other.get("/partners", traject="de-wilg").json()["partners"] == []


def test_deliveries_are_listed_and_one_that_failed_leaves_again(world: World, lead: Program) -> None:
    page = lead.get("/bezorgingen", paginaGrootte=1, traject="de-wilg").json()
    (first,) = page["bezorgingen"]
    assert first["regels"][0]["traject"] == "de-wilg"
    assert lead.get("/bezorgingen", traject="weg").json()["bezorgingen"] == []
    problem(lead.get("/bezorgingen", status="zoek"), 400, "status-unknown")
    assert lead.post(f"/bezorgingen/{first['kenmerk']}/herkansingen", {}).status_code == 201
    problem(lead.post("/bezorgingen/m99999/herkansingen", {}), 404, "unknown-message")


def test_access_log_is_read_with_a_moment_of_any_zone(lead: Program) -> None:
    rows = lead.get("/toegangsregels", vanaf="2027-06-03T10:30:00+02:00", paginaGrootte=2).json()
    older = lead.get("/toegangsregels", voor=rows["volgende"]).json()

    assert len(rows["toegangsregels"]) == 2
    assert rows["toegangsregels"][0]["nummer"] > older["toegangsregels"][0]["nummer"]
    assert {each["op"] for each in rows["toegangsregels"]} == {"2027-06-03T08:30:00Z"}
    assert lead.get("/toegangsregels", vanaf="2027-06-04T00:00:00Z").json()["toegangsregels"] == []
    for wrong in ("2027-06-04T00:00:00", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"):
        problem(lead.get("/toegangsregels", vanaf=wrong), 400, "request-invalid")
    problem(lead.get("/toegangsregels", voor=10**19), 400, "request-invalid")


def test_all_scopes_together_open_nothing_that_wants_a_person(lead: Program) -> None:
    taken = {permission for _, _, permission in every_route()}

    assert taken <= {permission for each in ALL_SCOPES for permission in SCOPES[each]}


def test_worked_example_in_the_manual_works(lead: Program) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    commands = re.findall(r"```sh\n(curl .+?)\n```", text, re.DOTALL)
    assert len(commands) == 3
    known, answers = {"$TOKEN": lead.key, "$REGIE": "", "$ETAG": ""}, []

    for command in commands:
        words = [reduce(lambda said, gap: said.replace(*gap), known.items(), each) for each in shlex.split(command)]
        headers = dict(each.split(": ", 1) for flag, each in pairwise(words) if flag == "-H")
        body = next((each for flag, each in pairwise(words) if flag == "-d"), None)
        answers.append(lead.browser.request("POST" if body else "GET", words[-1], content=body, headers=headers))
        known["$ETAG"] = answers[0].headers["etag"]

    assert [each.status_code for each in answers] == [200, 200, 201]
    assert answers[1].json()["opgeslagen"] is False
    assert lead.get(STEP).json()["stand"] == "klaar"


def test_example_with_a_file_in_the_manual_works(lead: Program, tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    (making, sending) = re.findall(r"```sh\n(printf .+?) \| (curl .+?)\n```", text, re.DOTALL)[0]
    (tmp_path / "advies.pdf").write_bytes(pdf_of(5_000))

    body = subprocess.run(["bash", "-c", making], cwd=tmp_path, capture_output=True, check=True).stdout
    address = shlex.split(sending)[-1].replace("$REGIE", "").removeprefix("/api/v1")
    headers = {"If-Match": "*", "Content-Type": "application/json"}

    assert lead.ask("POST", address, content=body, headers=headers).status_code == 201
    (proof,) = lead.get(STEP).json()["bewijs"]
    assert lead.get(f"/trajecten/de-wilg/bestanden/{proof['bestand']}").content == pdf_of(5_000)
