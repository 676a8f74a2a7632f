"""What leads and members do to a step: the form, its consequences, and only then saved; by whom; and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from regie import doorbell
from regie.core.events import (
    ClockStopped,
    DatePinned,
    DatePromised,
    DateProposed,
    Event,
    HandedToColleague,
    PartnerAsked,
    QuestionAsked,
    StepDeclined,
    StepFinished,
    StepStarted,
    StepWaived,
)
from regie.core.ids import PersonId, RoleId
from regie.core.permissions import Right, Role
from regie.core.traject import Occurrence, State
from regie.store.partners import save_person
from regie.store.session import in_transaction
from regie.web.acts import STEP_ACTS
from tests.store.world import Watched, World
from tests.support import builders as b
from tests.web.conftest import SAME_ORIGIN, Browse, texts_of
from tests.web.leads import BASE, do, enter, fields_of, history, new_world, press, weigh

D = date.fromisoformat
STEP = f"{BASE}/stappen/advies"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
SCRIPT = '"><script>alert(1)</script>'
SignIn = Callable[..., TestClient]


@pytest.fixture
def world(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(doorbell, "ring_about", lambda *_: True)
    return new_world(sqlite_engine)


@pytest.fixture
def lead(world: World, browse: Browse) -> TestClient:
    return enter(world, browse, "petra", Right(Role.LEAD))


def fact(world: World, name: str = "advies") -> Occurrence:
    return world.loads(1, whole=True).cycles[0].occurrences[b.key(name)]


def happens(world: World, *events: Event) -> None:
    for event in events:
        world.happens(1, event, b.at(D("2027-06-02")))


ADVICE = {"key": b.key("advies"), "by": "p4"}
PERMIT = {"key": b.key("vergunning"), "by": "p1"}
WALKS: list[tuple[str, str, list[Event], dict[str, str], str, Callable[[Occurrence], bool]]] = [
    ("beginnen", "advies", [], {"datum": "2027-06-02", "opmerking": "we gaan"}, "StepStarted",
     lambda o: o.started_on == D("2027-06-02") and o.state is State.IN_PROGRESS),
    ("afronden", "advies", [], {"datum": "2027-06-02", "bewijs": "https://zaak.nl/1\r\nzaak 12"}, "StepFinished",
     lambda o: o.finished_on == D("2027-06-02") and o.evidence == ("https://zaak.nl/1", "zaak 12")),
    ("partner", "advies", [], {"rol": "boss"}, "PartnerAsked", lambda o: o.waiting_for == "boss"),
    ("verdergaan", "advies", [PartnerAsked(role=RoleId("boss"), **ADVICE)], {}, "WorkResumed",
     lambda o: o.waiting_for is None and o.state is State.IN_PROGRESS),
    ("overslaan", "advies", [], {"reden": "niet nodig", "akkoord": "de wethouder"}, "StepWaived",
     lambda o: o.state is State.WAIVED and o.out == "niet nodig (de wethouder)"),
    ("weer-opnemen", "advies", [StepWaived(reason="x", approved_by="y", **ADVICE)], {}, "StepTakenUpAgain",
     lambda o: o.state is State.READY),
    ("intrekken", "advies", [], {"reden": "vervalt"}, "StepWithdrawn", lambda o: o.state is State.WITHDRAWN),
    ("heropenen", "advies", [StepFinished(**ADVICE)], {"reden": "er ontbrak iets"}, "StepReopened",
     lambda o: o.state is State.READY and o.finished_on is None),
    ("vastzetten", "advies", [], {"begin": "2027-06-07", "einde": "2027-06-21", "reden": "zaal bezet"}, "DatePinned",
     lambda o: (o.pinned_start, o.pinned_finish, o.pin_reason) == (D("2027-06-07"), D("2027-06-21"), "zaal bezet")),
    ("loslaten", "advies", [DatePinned(finish_on=D("2027-06-21"), reason="x", **ADVICE)], {}, "DatePinned",
     lambda o: o.pinned_finish is None),
    ("toezegging", "advies", [], {"datum": "2027-06-10"}, "DatePromised", lambda o: o.promised_on == D("2027-06-10")),
    ("toezegging-terugnemen", "advies", [DatePromised(on=D("2027-06-10"), **ADVICE)], {}, "DatePromised",
     lambda o: o.promised_on is None),
    ("overdragen", "advies", [], {"aan": "p2"}, "HandedToColleague", lambda o: o.assigned_to == "p2"),
    ("teruggeven", "advies", [HandedToColleague(to=PersonId("p2"), **ADVICE)], {}, "HandedToColleague",
     lambda o: o.assigned_to is None),
    ("termijn-stilzetten", "vergunning", [], {"grond": "aanvulling", "datum": "2027-06-02", "reden": "stukken"},
     "ClockStopped", lambda o: o.suspensions[0].begins_on == D("2027-06-03")),
    ("termijn-hervatten", "vergunning", [ClockStopped(on=D("2027-06-01"), reason="x", **PERMIT)],
     {"datum": "2027-06-03"}, "ClockResumed", lambda o: o.suspensions[0].ends_on == D("2027-06-03")),
    ("termijn-verlengen", "vergunning", [], {"reden": "ingewikkeld"}, "TermExtended", lambda o: o.extended),
    ("voorstel", "advies", [DateProposed(on=D("2027-06-24"), reason="ziek", **ADVICE)], {"antwoord": "ja"},
     "ProposalAnswered", lambda o: o.promised_on == D("2027-06-24") and o.proposed_on is None),
    ("antwoord", "advies", [QuestionAsked(text="Welke versie?", **ADVICE)], {"tekst": "De laatste.\r\nVan mei."},
     "QuestionAnswered", lambda o: o.askers == ()),
]  # fmt: skip


@pytest.mark.parametrize(("path", "step", "before", "typed", "event", "holds"), WALKS, ids=[each[0] for each in WALKS])
def test_lead_acts_and_sees_the_consequences_first(
    world: World, lead: TestClient, path: str, step: str, before: list[Event], typed: dict[str, str], event: str,
    holds: Callable[[Occurrence], bool],
) -> None:  # fmt: skip
    happens(world, *before)
    told, home = history(world), f"{BASE}/stappen/{step}"
    assert f'href="{home}/{path}?doorloop=1"' in lead.get(home).text

    shown = weigh(lead, f"{home}/{path}", typed)
    assert history(world) == told  # nothing was saved yet
    saved = press(lead, shown.text, f"{home}/{path}", "opslaan")

    assert (saved.status_code, saved.headers["location"]) == (303, f"{home}?doorloop=1&gedaan={path}")
    assert history(world)[len(told) :] == [(event, "account:1")]
    assert holds(fact(world, step))
    assert 'role="status"' in lead.get(saved.headers["location"]).text


def test_every_act_is_walked() -> None:
    assert {each.path for each in STEP_ACTS} == {each[0] for each in WALKS}


def test_consequences_name_steps_with_old_and_new_dates_people_and_what_breaks(world: World, lead: TestClient) -> None:
    page = weigh(lead, f"{STEP}/vastzetten", {"einde": "2027-09-30", "reden": "eerder kan niet"}).text

    assert re.search(r"Verschuift \d+ stappen van \d+ partner\w*, stuurt .*, breekt", page)
    assert "Dit lukt dan niet meer" in page
    moved = page[page.index("Stappen die verschuiven") :]
    assert re.search(
        r"OPEN</th>.*?<td[^>]*>klaar \d+ \w+ 2027</td><td[^>]*>klaar \d+ \w+ 2027.*?\d+ werkdagen later", moved
    )
    assert "Naam van" in page
    assert "Er is nog niets opgeslagen." in page
    assert history(world) == []


def test_going_back_keeps_all_that_was_typed(world: World, lead: TestClient) -> None:
    typed = {"begin": "", "einde": "2027-06-21", "reden": "zaal & bezet"}
    shown = weigh(lead, f"{STEP}/vastzetten", typed)

    back = press(lead, shown.text, f"{STEP}/vastzetten", "wijzig")

    assert back.status_code == 200
    found = fields_of(back.text, f"{STEP}/vastzetten")
    assert (found["einde"], found["reden"]) == (["2027-06-21"], ["zaal & bezet"])
    assert history(world) == []


def test_saving_without_having_seen_the_consequences_shows_them(world: World, lead: TestClient) -> None:
    page = lead.get(f"{STEP}/intrekken").text

    answer = press(lead, page, f"{STEP}/intrekken", "opslaan", {"reden": "vervalt"})

    assert "Dit gebeurt er als u opslaat" in answer.text
    assert history(world) == []


def test_pressing_twice_has_one_effect(world: World, lead: TestClient) -> None:
    shown = weigh(lead, f"{STEP}/overdragen", {"aan": "p2", "reden": "vakantie"})

    answers = [press(lead, shown.text, f"{STEP}/overdragen", "opslaan") for _ in range(2)]

    assert [each.status_code for each in answers] == [303, 303]
    assert len({each.headers["location"] for each in answers}) == 1
    assert history(world) == [("HandedToColleague", "account:1")]


def test_reopening_twice_has_one_effect_though_what_depends_on_it_changed_with_it(
    world: World, lead: TestClient
) -> None:
    happens(
        world,
        StepFinished(**ADVICE),
        StepFinished(key=b.key("bewijs"), evidence=("z",)),
        StepFinished(key=b.key("bouw")),
    )
    shown = weigh(lead, f"{STEP}/heropenen", {"reden": "fout", "ook": ["bouw"]})

    answers = [press(lead, shown.text, f"{STEP}/heropenen", "opslaan") for _ in range(2)]

    assert [each.status_code for each in answers] == [303, 303]
    assert (fact(world).finished_on, fact(world, "bouw").finished_on) == (None, None)
    assert history(world)[-1] == ("StepReopened", "account:1")
    assert len(history(world)) == 4


def test_what_depends_on_it_stays_when_it_is_not_ticked_and_must_be_seen_first(world: World, lead: TestClient) -> None:
    happens(world, StepFinished(**ADVICE), StepFinished(key=b.key("bewijs"), evidence=("z",)))
    early = lead.get(f"{STEP}/heropenen").text
    assert "Welke van deze stappen" not in early
    happens(world, StepFinished(key=b.key("bouw")))

    late = press(lead, early, f"{STEP}/heropenen", "bekijk", {"reden": "fout"})
    assert late.status_code == 422
    assert "ook aan andere stappen gewerkt" in late.text
    assert "BOUW (2 juni 2027)" in late.text
    assert do(lead, f"{STEP}/heropenen", {"reden": "fout"}).status_code == 303
    assert (fact(world).finished_on, fact(world, "bouw").finished_on) == (None, D("2027-06-02"))


# --- evidence ----------------------------------------------------------------------------------------


def test_file_is_asked_with_the_consequences_and_kept_with_the_step(world: World, lead: TestClient) -> None:
    path = f"{BASE}/stappen/bewijs/afronden"
    shown = weigh(lead, path, {"datum": "2027-06-03"})
    assert 'type="file"' in shown.text
    assert "kies een bestand" in shown.text

    without = press(lead, shown.text, path, "opslaan")
    assert without.status_code == 422
    assert "zonder bewijs" in without.text
    wrong = press(lead, without.text, path, "opslaan", files=[("bestanden", ("x.pdf", b"<html>", "application/pdf"))])
    assert wrong.status_code == 422
    assert 'id="bestanden-fout"' in wrong.text
    assert history(world) == []

    two = [("bestanden", (name, PDF, "application/pdf")) for name in ("Besluit.pdf", "Bijlage.pdf")]
    saved = [press(lead, wrong.text, path, "opslaan", files=two) for _ in range(2)]

    assert [each.status_code for each in saved] == [303, 303]
    assert history(world) == [("StepFinished", "account:1")]
    assert len(fact(world, "bewijs").evidence) == 2
    assert "Besluit.pdf" in lead.get(f"{BASE}/stappen/bewijs").text


def test_link_alone_is_evidence_enough_and_what_a_browser_runs_is_none(world: World, lead: TestClient) -> None:
    path = f"{BASE}/stappen/bewijs/afronden"

    unsafe = weigh(lead, path, {"bewijs": "javascript:alert(1)"})
    assert unsafe.status_code == 422
    assert 'id="bewijs-fout"' in unsafe.text
    assert do(lead, path, {"bewijs": "https://zaak.nl/7"}).status_code == 303
    assert fact(world, "bewijs").evidence == ("https://zaak.nl/7",)


# --- mistakes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "typed", "field", "says"),
    [
        ("beginnen", {"datum": "gisteren", "opmerking": "wel getypt"}, "datum", "Kies een datum."),
        ("beginnen", {"datum": "2027-06-20", "opmerking": "wel getypt"}, "datum", "het is vandaag 3 juni 2027"),
        ("afronden", {"datum": "2027-05-01", "opmerking": "wel getypt"}, "datum", "1 mei 2027"),
        ("overslaan", {"reden": "wel getypt", "akkoord": " "}, "akkoord", "Vul dit in."),
        ("intrekken", {"reden": "  "}, "reden", "Vul dit in."),
        ("intrekken", {"reden": "wel getypt" + "x" * 2_000}, "reden", "Dit is te lang."),
        ("vastzetten", {"reden": "wel getypt"}, "begin", "Kies een begindatum"),
        ("vastzetten", {"begin": "2027-06-21", "einde": "2027-06-07", "reden": "wel getypt"}, "einde", "21 juni 2027"),
        ("partner", {"rol": "niemand", "opmerking": "wel getypt"}, "rol", "Maak een keuze."),
        ("overdragen", {"aan": "p99", "reden": "wel getypt"}, "aan", "Maak een keuze."),
        ("toezegging", {"datum": "2027-06-01", "reden": "wel getypt"}, "datum", "die dag is voorbij"),
        ("intrekken", {"reden": "wel getypt: 123456782"}, "toch", "burgerservicenummer"),
    ],
)  # fmt: skip
def test_mistake_is_said_at_its_field_and_keeps_what_was_typed(
    world: World, lead: TestClient, path: str, typed: dict[str, str], field: str, says: str
) -> None:
    answer = weigh(lead, f"{STEP}/{path}", typed)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert says in re.search(rf'id="{field}-fout">.*?</div>', answer.text, re.DOTALL)[0]  # type: ignore[index]
    kept = fields_of(answer.text, f"{STEP}/{path}")
    assert {name: kept[name] for name in typed if name not in ("rol", "aan")} == {
        name: [value] for name, value in typed.items() if name not in ("rol", "aan")
    }
    assert texts_of(answer.text, "title")[0].startswith("Fout:")
    assert history(world) == []


def test_number_that_is_no_citizen_number_passes_when_one_says_so(world: World, lead: TestClient) -> None:
    first = weigh(lead, f"{STEP}/intrekken", {"reden": "zaak 123456782"})
    shown = press(lead, first.text, f"{STEP}/intrekken", "bekijk", {"toch": "ja"})

    assert press(lead, shown.text, f"{STEP}/intrekken", "opslaan").status_code == 303
    assert fact(world).state is State.WITHDRAWN


def test_refusal_of_a_proposal_wants_a_reason_and_the_proposal_is_shown(world: World, lead: TestClient) -> None:
    happens(world, DateProposed(on=D("2027-06-24"), reason="vakantie", **ADVICE))

    form = lead.get(f"{STEP}/voorstel").text
    assert "24 juni 2027: vakantie" in form
    without = press(lead, form, f"{STEP}/voorstel", "bekijk", {"antwoord": "nee"})
    assert without.status_code == 422
    assert re.search(r'value="nee" checked', without.text)
    assert do(lead, f"{STEP}/voorstel", {"antwoord": "nee", "reden": "te laat"}).status_code == 303
    assert (fact(world).proposed_on, fact(world).promised_on) == (None, None)


@pytest.mark.parametrize(
    "said", [QuestionAsked(text="Welk stuk?", **ADVICE), StepDeclined(reason="Niet van ons", **ADVICE)], ids=["question", "not-ours"]
)  # fmt: skip
def test_what_was_asked_stands_above_the_answer(world: World, lead: TestClient, said: Event) -> None:
    happens(world, said)

    page = lead.get(f"{STEP}/antwoord").text

    assert "Naam van other" in page
    assert ("Welk stuk?" in page) or ("Niet van ons" in page)
    assert do(lead, f"{STEP}/antwoord", {"tekst": "Toch wel"}).status_code == 303
    assert (fact(world).askers, fact(world).declined) == ((), False)


def test_colleague_of_the_organisation_can_be_chosen_and_a_stranger_cannot(world: World, lead: TestClient) -> None:
    def join(session):  # type: ignore[no-untyped-def]
        save_person(
            session, person_id=world.people["other"], name="Olga", email="other@voorbeeld.nl", organisation="GGD"
        )
        save_person(session, name="An", email="an@voorbeeld.nl", organisation="GGD")
        save_person(session, name="Vera", email="vera@voorbeeld.nl", organisation="Politie")

    in_transaction(world.engine, join)

    page = lead.get(f"{STEP}/overdragen").text

    assert "An (GGD)" in page
    assert "Vera" not in page


# --- two people at once ------------------------------------------------------------------------------


def test_second_of_two_people_hears_what_changed_loses_nothing_and_goes_on(
    world: World, lead: TestClient, browse: Browse
) -> None:
    second = enter(world, browse, "maarten", Right(Role.MEMBER))
    early = second.get(f"{STEP}/afronden").text
    do(lead, f"{STEP}/beginnen", {"datum": "2027-06-02"})

    stale = press(second, early, f"{STEP}/afronden", "bekijk", {"opmerking": "helemaal klaar", "datum": "2027-06-03"})

    assert stale.status_code == 409
    alert = re.search(r'role="alert">(.*?)</form>', stale.text, re.DOTALL)[1]  # type: ignore[index]
    assert re.search(
        r"petra</span>, 3 juni 2027.*?begonnen.*?van kan beginnen naar bezig", alert, re.DOTALL | re.IGNORECASE
    )
    assert fields_of(stale.text, f"{STEP}/afronden")["opmerking"] == ["helemaal klaar"]
    shown = press(second, stale.text, f"{STEP}/afronden", "bekijk")
    assert press(second, shown.text, f"{STEP}/afronden", "opslaan").status_code == 303
    assert history(world) == [("StepStarted", "account:1"), ("StepFinished", "account:2")]


def test_change_between_the_consequences_and_saving_is_no_less_a_conflict(
    world: World, lead: TestClient, browse: Browse
) -> None:
    second = enter(world, browse, "maarten", Right(Role.MEMBER))
    shown = weigh(second, f"{STEP}/toezegging", {"datum": "2027-06-10", "reden": "gebeld"})
    do(lead, f"{STEP}/partner", {"rol": "boss"})

    stale = press(second, shown.text, f"{STEP}/toezegging", "opslaan")

    assert stale.status_code == 409
    assert fields_of(stale.text, f"{STEP}/toezegging")["reden"] == ["gebeld"]
    assert [event for event, _ in history(world)] == ["PartnerAsked"]


def test_act_that_cannot_be_done_any_more_says_who_was_first_and_keeps_the_words(
    world: World, lead: TestClient, browse: Browse
) -> None:
    second = enter(world, browse, "maarten", Right(Role.MEMBER))
    early = second.get(f"{STEP}/afronden").text
    do(lead, f"{STEP}/afronden", {"datum": "2027-06-02"})

    stale = press(second, early, f"{STEP}/afronden", "bekijk", {"opmerking": "ook klaar"})

    assert stale.status_code == 409
    assert "Dit kan nu niet bij deze stap. De stand is: klaar." in stale.text
    assert "petra" in stale.text
    assert fields_of(stale.text, f"{STEP}/afronden")["opmerking"] == ["ook klaar"]
    assert 'value="bekijk"' not in stale.text
    assert second.get(f"{STEP}/afronden").status_code == 409


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999"])
def test_form_without_the_version_that_was_seen_does_not_slip_past(
    world: World, lead: TestClient, version: str
) -> None:
    page = lead.get(f"{STEP}/intrekken").text

    answer = press(lead, page, f"{STEP}/intrekken", "bekijk", {"reden": "vervalt", "versie": version})

    assert answer.status_code == 409


# --- who may -----------------------------------------------------------------------------------------


def post(browser: TestClient, path: str, **typed: str) -> int:
    """Send what no page offers, with a token from a page that is the reader's."""
    token = re.search(r'name="form_token" value="([^"]+)"', browser.get(BASE).text or browser.get("/").text)
    assert token is not None
    sent = {"form_token": token[1], "versie": "0", "getoond": "a" * 32, "doe": "opslaan", **typed}
    return browser.post(path, data=sent, headers=SAME_ORIGIN).status_code


@pytest.mark.parametrize("role", [Role.READER, Role.ADMINISTRATOR])
def test_who_only_reads_or_administers_sees_no_act_and_cannot_do_one(world: World, browse: Browse, role: Role) -> None:
    browser = enter(world, browse, "kijker", Right(role))

    assert "Wat u nu kunt doen" not in browser.get(STEP).text
    assert {browser.get(f"{STEP}/{each.path}").status_code for each in STEP_ACTS} == {403}
    assert {post(browser, f"{STEP}/{each.path}", reden="x", akkoord="x") for each in STEP_ACTS} == {403}
    assert history(world) == []
    refused = [row["about"] for row in world.rows("access_log") if row["outcome"] == "refused"]
    assert refused == [f"{each.permission} traject:1" for each in STEP_ACTS] * 2


def test_lead_of_another_traject_finds_nothing_here(world: World, browse: Browse) -> None:
    browser = enter(world, browse, "ander", Right(Role.LEAD, 2))

    assert browser.get(f"{STEP}/intrekken").status_code == 404
    token = re.search(r'name="form_token" value="([^"]+)"', browser.get("/trajecten/krap").text)
    sent = {"form_token": token[1], "reden": "x", "versie": "1"}  # type: ignore[index]
    assert browser.post(f"{STEP}/intrekken", data=sent, headers=SAME_ORIGIN).status_code == 404
    assert history(world) == []


def test_member_does_what_members_do_and_is_offered_nothing_more(world: World, browse: Browse) -> None:
    browser = enter(world, browse, "maarten", Right(Role.MEMBER))

    page = browser.get(STEP).text

    offered = set(re.findall(rf'href="{STEP}/([\w-]+)\?', page))
    assert offered == {"beginnen", "afronden", "partner", "toezegging", "overdragen"}
    assert do(browser, f"{STEP}/beginnen").status_code == 303
    assert post(browser, f"{STEP}/overslaan", reden="x", akkoord="x") == 403


def test_who_is_not_signed_in_is_sent_to_sign_in(world: World, browse: Browse) -> None:
    assert browse().get(f"{STEP}/beginnen").headers["location"].startswith("/aanmelden?verder=")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{STEP}/dansen", 404), (f"{BASE}/stappen/weg/beginnen", 404), (f"{STEP}/beginnen?doorloop=9", 404),
        (f"{STEP}/verdergaan", 409), (f"{STEP}/heropenen", 409), (f"{STEP}/termijn-verlengen", 409),
        (f"{BASE}/stappen/besluit/afronden", 409), (f"{BASE}/stappen/open/beginnen", 409),
    ],
)  # fmt: skip
def test_act_that_is_not_there_or_not_now_says_so(lead: TestClient, path: str, status: int) -> None:
    assert lead.get(path).status_code == status


# --- texts -------------------------------------------------------------------------------------------


def test_script_in_what_is_typed_is_text_on_every_page(world: World, lead: TestClient) -> None:
    typed = {"antwoord": "nee", "reden": SCRIPT}
    happens(world, DateProposed(on=D("2027-06-24"), reason=SCRIPT, **ADVICE))

    pages = [lead.get(f"{STEP}/voorstel"), weigh(lead, f"{STEP}/voorstel", typed)]
    pages += [press(lead, pages[1].text, f"{STEP}/voorstel", "wijzig")]
    pages += [weigh(lead, f"{STEP}/voorstel", {**typed, "antwoord": ""})]
    happens(world, StepStarted(**ADVICE, note=SCRIPT))
    pages += [press(lead, pages[1].text, f"{STEP}/voorstel", "opslaan")]

    assert [each.status_code for each in pages] == [200, 200, 200, 422, 409]
    for each in pages:
        assert "<script>alert" not in each.text
        assert "&lt;script&gt;alert" in each.text


def test_page_speaks_english(lead: TestClient) -> None:
    page = lead.get(f"{STEP}/overslaan?taal=en").text

    assert texts_of(page, "h1") == ["Skip"]
    assert "See the consequences" in page


def test_pages_ask_no_more_of_the_database_for_more_steps_that_move(world: World, lead: TestClient) -> None:
    def reads(path: str, typed: dict[str, str]) -> int:
        page = lead.get(path).text
        with Watched(world.engine) as watched:
            assert press(lead, page, path, "bekijk", typed).status_code == 200
        return len(watched.reads)

    few = reads(f"{STEP}/toezegging", {"datum": "2027-06-07"})
    many = reads(f"{STEP}/vastzetten", {"einde": "2027-09-30", "reden": "x"})

    assert many - few <= 2
