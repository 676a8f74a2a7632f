"""The page of a partner: own steps and those of the organisation, a way to act, and how they want to hear."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from regie import doorbell
from regie.clock import VirtualClock
from regie.core.definition import HearsWhen
from regie.core.ids import AnchorId, PersonId, RoleId
from regie.core.traject import Absence
from regie.store.access_log import What, list_access
from regie.store.links import find_link
from regie.store.partners import bind_role, get_person, save_person, set_absence, set_deputy
from regie.store.session import in_transaction, read_scope
from regie.store.tables import link
from tests.store.world import OPENING, OPENING_ANCHOR, Watched, World
from tests.support import builders as b
from tests.web.conftest import NOW, SAME_ORIGIN, Browse, texts_of, token_on
from tests.web.signed_in import dump, send, sign_in

OTHER = RoleId("other")
ADDRESS = "other@voorbeeld.nl"
Enter = Callable[[str], TestClient]


@pytest.fixture
def world(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(doorbell, "ring", lambda settings, reason: True)
    definition = b.definition(
        b.step("eerst"),
        b.step("advies", due="5wd before opening", responsible=OTHER),
        b.step("toets", needs=["eerst", "advies"], due="4wd before opening", responsible=OTHER),
        b.step("geheim", due="1wd before opening", responsible=OTHER, confidential_until=AnchorId("opening")),
        anchors=OPENING_ANCHOR,
    )
    found = World(sqlite_engine, definition)
    found.starts("de-wilg", targets={"opening": OPENING})

    def join(session):  # type: ignore[no-untyped-def]
        save_person(session, person_id=found.people["other"], name="Olga", email=ADDRESS, organisation="GGD")
        found.people["an"] = save_person(session, name="An", email="an@voorbeeld.nl", organisation="GGD")
        found.people["vreemd"] = save_person(session, name="Vera", email="vera@voorbeeld.nl", organisation="Politie")

    in_transaction(sqlite_engine, join)
    return found


@pytest.fixture
def enter(browse: Browse, world: World) -> Enter:
    """Give a browser in which somebody is signed in; its application knows the definition of the builders."""

    def start(address: str) -> TestClient:
        found = browse()
        found.app.state.shell.context.shelf.put(world.definition)  # type: ignore[attr-defined]
        sign_in(found, world.engine, address)
        return found

    return start


@pytest.fixture
def visitor(enter: Enter) -> TestClient:
    return enter(ADDRESS)


def test_page_shows_late_first_with_the_dates_side_by_side_and_who_waits(enter: Enter, clock: VirtualClock) -> None:
    clock.set_to(datetime(2027, 5, 26, 8, 30, tzinfo=UTC))
    page = enter(ADDRESS).get("/mijn-stappen").text

    assert texts_of(page, "h1") == ["Mijn stappen"]
    assert texts_of(page, "h2") == ["Nu gevraagd (2)", "Komt nog (1)"]
    assert texts_of(page, "h3") == ["ADVIES", "GEHEIM", "TOETS"]
    assert page.count("Te laat") == 1
    first = page[page.index("ADVIES") : page.index("GEHEIM")]
    assert re.findall(r"<dt>(\w+)</dt><dd>([^<]+)</dd></div>\n    <div>|\Z", first)[:3] == [
        ("Gevraagd", "25 mei 2027"), ("Gepland", re.search(r"Gepland</dt><dd>([^<]+)", first)[1]),  # type: ignore[index]
        ("Toegezegd", "nog niet"),
    ]  # fmt: skip
    assert "TOETS (" in first
    secret = page[page.index("GEHEIM") : page.index("TOETS</h3>")]
    assert "een vertrouwelijk traject" in secret
    assert "Wilg" not in secret
    assert "de-wilg" not in page


def test_page_speaks_english(visitor: TestClient) -> None:
    page = visitor.get("/mijn-stappen?taal=en").text

    assert texts_of(page, "h2") == ["Asked now (2)", "Still to come (1)"]
    assert "a confidential project" in page


def test_button_leads_to_the_page_of_the_step_by_a_link_of_ones_own_and_twice_is_once(
    visitor: TestClient, world: World
) -> None:
    step = {"traject": "1", "doorloop": "1", "stap": "advies", "sleutel": ""}
    page = visitor.get("/mijn-stappen")
    token = token_on(page.text, "/mijn-stappen/open")

    answers = [
        visitor.post("/mijn-stappen/open", data={"form_token": token, **step}, headers=SAME_ORIGIN) for _ in range(2)
    ]

    (address,) = {each.headers["location"] for each in answers}
    assert {each.status_code for each in answers} == {303}
    assert address.startswith("/actie/")
    with read_scope(world.engine) as session:
        found = find_link(session, address.removeprefix("/actie/"), NOW, secret=b"l" * 32)
        assert len(session.connection().execute(select(link)).all()) == 1
    assert found is not None
    assert found.is_live
    assert (found.person, str(found.key)) == (world.people["other"], "advies")


@pytest.mark.parametrize(
    "step",
    [
        {"traject": "1", "doorloop": "1", "stap": "eerst"},  # of another organisation
        {"traject": "1", "doorloop": "1", "stap": "nergens"},
        {"traject": "1", "doorloop": "9", "stap": "advies"},
        {"traject": "99", "doorloop": "1", "stap": "advies"},
    ],
)
def test_step_of_another_organisation_is_not_there(visitor: TestClient, world: World, step: dict[str, str]) -> None:
    answer = send(visitor, "/mijn-stappen/open", step, on="/mijn-stappen")

    assert answer.status_code == 404
    assert "Hier is niets." in answer.text  # type: ignore[attr-defined]
    with read_scope(world.engine) as session:
        (noted,) = list_access(session, what=What.NOT_ALLOWED)
        assert session.connection().execute(select(link)).all() == []
    assert (noted.who, noted.about) == (f"person:{world.people['other']}", "act-on-own-step")


def test_somebody_of_another_organisation_sees_none_of_it(enter: Enter, world: World) -> None:
    other = enter("vera@voorbeeld.nl")

    page = other.get("/mijn-stappen").text

    assert "ADVIES" not in page
    assert "Er wordt nu niets van u gevraagd." in page


def test_colleague_sees_the_steps_and_acts_only_as_deputy_of_who_is_away(enter: Enter, world: World) -> None:
    colleague = enter("an@voorbeeld.nl")
    step = {"traject": "1", "doorloop": "1", "stap": "advies"}
    before = colleague.get("/mijn-stappen").text
    form = token_on(colleague.get("/").text, "/afmelden")  # of this session, so fit for any of its forms
    refused = colleague.post("/mijn-stappen/open", data={"form_token": form, **step}, headers=SAME_ORIGIN)

    def leave(session):  # type: ignore[no-untyped-def]
        set_deputy(session, world.people["other"], world.people["an"])
        set_absence(session, world.people["other"], NOW.date(), NOW.date())

    in_transaction(world.engine, leave)
    allowed = send(colleague, "/mijn-stappen/open", step, on="/mijn-stappen")

    assert "Olga" in before
    assert "ADVIES" in before
    assert 'action="/mijn-stappen/open"' not in before
    assert refused.status_code == 409
    assert allowed.headers["location"].startswith("/actie/")
    with read_scope(world.engine) as session:
        (row,) = session.connection().execute(select(link)).all()
    assert (row.person_id, row.deputy_for) == (world.people["an"], world.people["other"])


def test_many_steps_come_in_pages_with_as_many_queries(visitor: TestClient, world: World) -> None:
    with Watched(world.engine) as few:
        visitor.get("/mijn-stappen")
    for number in range(12):
        world.starts(f"huis-{number}", targets={"opening": OPENING})
    with Watched(world.engine) as many:
        whole = visitor.get("/mijn-stappen").text
    second = visitor.get("/mijn-stappen?deel=gevraagd&blad=2").text

    assert len(many.reads) == len(few.reads)
    assert texts_of(whole, "h2") == ["Nu gevraagd (26)", "Komt nog (13)"]
    assert len(texts_of(whole, "h3")) == 20 + 13
    assert 'href="/mijn-stappen?deel=gevraagd&amp;blad=2"' in whole
    assert len(texts_of(second, "h3")) == 6
    assert "Bladzijde 2 van 2" in second
    assert visitor.get("/mijn-stappen?deel=anders").status_code == 404
    assert visitor.get("/mijn-stappen?deel=gevraagd&blad=0").status_code == 400


# --- preferences ---------------------------------------------------------------------------------------


def test_preferences_are_kept_and_the_pages_go_on_in_that_language(visitor: TestClient, world: World) -> None:
    page = visitor.get("/mijn-stappen/voorkeuren").text
    wanted = {"spreektaal": "en", "ritme": "weekly", "vervanger": world.people["an"]}

    answer = send(visitor, "/mijn-stappen/voorkeuren", wanted)

    assert "Dat kunt u niet uitzetten." in page
    assert "Vera" not in page
    assert answer.headers["location"] == "/mijn-stappen/voorkeuren?bewaard=ja"
    assert "Your preferences are saved." in visitor.get(answer.headers["location"]).text
    with read_scope(world.engine) as session:
        kept = get_person(session, world.people["other"])
    assert (kept.language, kept.hears, kept.deputy) == ("en", HearsWhen.WEEKLY, world.people["an"])
    assert (kept.name, kept.email, kept.organisation) == ("Olga", ADDRESS, "GGD")


@pytest.mark.parametrize("deputy", ["vreemd", "other", "p99"])
def test_deputy_is_a_colleague(visitor: TestClient, world: World, deputy: str) -> None:
    before = dump(world.engine)
    chosen = world.people.get(deputy, PersonId(deputy))

    answer = send(
        visitor, "/mijn-stappen/voorkeuren", {"spreektaal": "nl", "ritme": "", "vervanger": chosen}
    )  # fmt: skip

    assert answer.status_code == 422
    assert 'id="vervanger-fout"' in answer.text  # type: ignore[attr-defined]
    assert dump(world.engine) == before


@pytest.mark.parametrize("wrong", [{"spreektaal": "fr"}, {"spreektaal": "nl", "ritme": "nooit"}])
def test_there_is_no_way_to_switch_all_off(visitor: TestClient, world: World, wrong: dict[str, str]) -> None:
    assert send(visitor, "/mijn-stappen/voorkeuren", wrong).status_code == 400


def test_absence_is_added_and_taken_back(visitor: TestClient, world: World) -> None:
    path = "/mijn-stappen/voorkeuren"
    added = send(visitor, f"{path}/afwezig", {"eerste": "2027-07-01", "laatste": "2027-07-21"}, on=path)
    page = visitor.get(path).text
    with read_scope(world.engine) as session:
        kept = get_person(session, world.people["other"]).away

    removed = send(visitor, f"{path}/terug", {"eerste": "2027-07-01"}, on=path)

    assert added.status_code == removed.status_code == 303
    assert "1 juli 2027 tot en met 21 juli 2027" in page
    assert kept == (Absence(date(2027, 7, 1), date(2027, 7, 21)),)
    with read_scope(world.engine) as session:
        assert get_person(session, world.people["other"]).away == ()


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("", "2027-07-01", "eerste"),
        ("2027-07-01", "morgen", "laatste"),
        ("2027-07-02", "2027-07-01", "laatste"),
        ("2027-05-01", "2027-05-02", "laatste"),
        ("2027-07-01", "2029-07-01", "laatste"),
    ],
)
def test_absence_that_cannot_be_is_said_at_its_field(
    visitor: TestClient, world: World, first: str, last: str, field: str
) -> None:
    path = "/mijn-stappen/voorkeuren"
    before = dump(world.engine)

    answer = send(visitor, f"{path}/afwezig", {"eerste": first, "laatste": last}, on=path)

    assert answer.status_code == 422
    assert f'id="{field}-fout"' in answer.text  # type: ignore[attr-defined]
    assert f'value="{last}"' in answer.text  # type: ignore[attr-defined]
    assert dump(world.engine) == before


def test_nobody_can_fill_the_database_with_absences(visitor: TestClient, world: World) -> None:
    path = "/mijn-stappen/voorkeuren"

    def fill(session):  # type: ignore[no-untyped-def]
        for day in range(1, 21):
            set_absence(session, world.people["other"], date(2028, 1, day), date(2028, 1, day))

    in_transaction(world.engine, fill)

    answer = send(visitor, f"{path}/afwezig", {"eerste": "2028-03-01", "laatste": "2028-03-01"}, on=path)

    assert answer.status_code == 422
    assert "U hebt al 20 keer afwezigheid opgegeven." in answer.text  # type: ignore[attr-defined]


def test_names_are_never_taken_for_html(enter: Enter, world: World) -> None:
    def rename(session):  # type: ignore[no-untyped-def]
        save_person(session, person_id=world.people["other"], name="<b>Olga</b>", email=ADDRESS, organisation="<i>GGD")
        bind_role(session, OTHER, world.people["other"])

    in_transaction(world.engine, rename)
    visitor = enter(ADDRESS)

    page = visitor.get("/mijn-stappen").text

    assert "&lt;b&gt;Olga" in page
    assert "<b>" not in page
    assert "<i>" not in page
