"""Named dates and growing lists: shown, and changed with the consequences first; by whom; two people at once."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from regie import doorbell
from regie.core.events import GateDecided, StepFinished
from regie.core.ids import AnchorId, ListId
from regie.core.permissions import Right, Role
from regie.core.traject import Item
from tests.store.world import World
from tests.support import builders as b
from tests.web.conftest import SAME_ORIGIN, Browse, texts_of
from tests.web.leads import BASE, OPENING, do, enter, fields_of, history, new_world, press, weigh

D = date.fromisoformat
DATES = f"{BASE}/datums"
MOVE, LIST = f"{DATES}/opening", f"{DATES}/lijst/komst"
SCRIPT = '"><script>alert(1)</script>'
LATER = {"datum": "2027-10-01", "reden": "de bouw loopt uit"}
TWO = {
    "naam-0": "eerste", "datum-0": "2027-09-01", "aantal-0": "20",
    "naam-1": "tweede", "datum-1": "2027-10-01", "aantal-1": "30",
}  # fmt: skip


@pytest.fixture
def world(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(doorbell, "ring_about", lambda *_: True)
    return new_world(sqlite_engine)


@pytest.fixture
def lead(world: World, browse: Browse) -> TestClient:
    return enter(world, browse, "petra", Right(Role.LEAD))


def target(world: World, anchor: str = "opening") -> date | None:
    return world.loads(1).cycles[0].anchors[AnchorId(anchor)].target


def items(world: World) -> tuple[Item, ...]:
    return world.loads(1).cycles[0].items.get(ListId("komst"), ())


def test_page_has_the_dates_asked_for_and_planned_and_leads_on(lead: TestClient) -> None:
    page = lead.get(DATES).text

    row = re.search(r'scope="row">Opening.*?</tr>', page, re.DOTALL)[0]  # type: ignore[index]
    assert "1 september 2027" in row
    assert f'href="{MOVE}?doorloop=1"' in row
    assert "werkdag" in row
    assert "het eerste item volgt 'Opening'" in page
    assert f'href="{LIST}?doorloop=1"' in page
    tight = lead.get("/trajecten/krap/datums").text
    assert "lukt niet" in re.search(r'scope="row">Opening.*?</tr>', tight, re.DOTALL)[0]  # type: ignore[index]
    for path in (BASE, f"{BASE}/stappen/advies"):
        assert f'href="{DATES}?doorloop=1"' in lead.get(path).text


def test_page_speaks_english(lead: TestClient) -> None:
    assert texts_of(lead.get(f"{DATES}?taal=en").text, "h2") == ["Anchor dates", "Instroom"]


def test_lead_moves_the_opening_and_sees_the_consequences_first(world: World, lead: TestClient) -> None:
    shown = weigh(lead, MOVE, LATER)
    assert "OPEN" in shown.text
    assert "vervaldatum" in shown.text or "uiterlijk" in shown.text
    assert (target(world), history(world)) == (OPENING, [])

    saved = press(lead, shown.text, MOVE, "opslaan")

    assert (saved.status_code, saved.headers["location"]) == (303, f"{DATES}?doorloop=1&gedaan=opening")
    assert target(world) == D("2027-10-01")
    assert history(world) == [("AnchorMoved", "account:1")]
    assert "Opgeslagen: Opening." in lead.get(saved.headers["location"]).text


def test_target_that_comes_too_soon_says_what_breaks(world: World, lead: TestClient) -> None:
    page = weigh(lead, MOVE, {"datum": "2027-06-10", "reden": "eerder"}).text

    assert "Dit lukt dan niet meer" in page
    assert "10 juni 2027" in page
    assert target(world) == OPENING


def test_pressing_twice_moves_it_once(world: World, lead: TestClient) -> None:
    shown = weigh(lead, MOVE, LATER)

    assert [press(lead, shown.text, MOVE, "opslaan").status_code for _ in range(2)] == [303, 303]
    assert history(world) == [("AnchorMoved", "account:1")]


def test_second_of_two_leads_hears_who_moved_it_and_goes_on_with_what_was_typed(
    world: World, lead: TestClient, browse: Browse
) -> None:
    second = enter(world, browse, "lotte", Right(Role.LEAD))
    shown = weigh(second, MOVE, {"datum": "2027-11-01", "reden": "de school"})
    do(lead, MOVE, LATER)

    stale = press(second, shown.text, MOVE, "opslaan")

    assert (stale.status_code, target(world)) == (409, D("2027-10-01"))
    assert re.search(r"petra</span>, 3 juni 2027.*?streefdatum verzet \(Opening\)", stale.text)
    assert "<dd>1 oktober 2027</dd>" in stale.text
    kept = fields_of(stale.text, MOVE)
    assert (kept["datum"], kept["reden"]) == (["2027-11-01"], ["de school"])
    shown = press(second, stale.text, MOVE, "bekijk")
    assert press(second, shown.text, MOVE, "opslaan").status_code == 303
    assert (target(world), history(world)[-1]) == (D("2027-11-01"), ("AnchorMoved", "account:2"))


@pytest.mark.parametrize("seen", ["", "x", "2027-09-01", "-/-", "2027-09-01/-/-"])
def test_form_without_the_date_that_was_seen_does_not_slip_past(world: World, lead: TestClient, seen: str) -> None:
    answer = press(lead, lead.get(MOVE).text, MOVE, "bekijk", {**LATER, "gezien": seen})

    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"datum": "", "reden": "wel getypt"}, "datum"), ({"datum": "straks", "reden": "wel getypt"}, "datum"),
        ({"datum": "2027-10-01", "reden": " "}, "reden"), ({"datum": "2027-09-01", "reden": "wel getypt"}, "datum"),
        ({"datum": "2027-01-01", "reden": "wel getypt"}, "datum"),
    ],
)  # fmt: skip
def test_mistake_is_said_at_its_field(world: World, lead: TestClient, typed: dict[str, str], field: str) -> None:
    answer = weigh(lead, MOVE, typed)

    assert answer.status_code == 422
    assert f'id="{field}-fout"' in answer.text
    assert fields_of(answer.text, MOVE)["reden"] == [typed["reden"]]
    assert history(world) == []


def test_target_that_is_not_required_can_be_taken_away(world: World, lead: TestClient) -> None:
    path = f"{DATES}/evaluatie"
    do(lead, path, {"datum": "2028-01-10", "reden": "gepland"})
    assert target(world, "evaluatie") == D("2028-01-10")

    assert do(lead, path, {"datum": "", "reden": "nog niet bekend"}).status_code == 303
    assert target(world, "evaluatie") is None


def test_date_that_happened_cannot_be_moved(world: World, lead: TestClient) -> None:
    for each in ("advies", "bewijs", "bouw"):
        world.happens(1, StepFinished(key=b.key(each), by="p1", evidence=("z",)), b.at(D("2027-06-02")))
    early = lead.get(MOVE).text
    world.happens(
        1, GateDecided(key=b.key("besluit"), outcome="go", decided_by="college", by="p1"), b.at(D("2027-06-03"))
    )
    world.happens(1, StepFinished(key=b.key("open"), by="p1"), b.at(D("2027-06-03")))

    stale = press(lead, early, MOVE, "bekijk", LATER)

    assert stale.status_code == 409
    assert "Dit is al gebeurd, op 3 juni 2027." in stale.text
    assert fields_of(stale.text, MOVE)["reden"] == [LATER["reden"]]
    assert lead.get(MOVE).status_code == 409
    assert "Verzetten" not in re.search(r'scope="row">Opening.*?</tr>', lead.get(DATES).text, re.DOTALL)[0]  # type: ignore[index]


# --- lists -------------------------------------------------------------------------------------------


def test_list_grows_changes_and_shrinks_with_the_consequences_first(world: World, lead: TestClient) -> None:
    form = lead.get(LIST)
    assert fields_of(form.text, LIST)["naam-0"] == ["eerste"]
    shown = press(lead, form.text, LIST, "bekijk", TWO)
    assert "1 oktober 2027, 30 personen" in shown.text
    assert items(world) == ()
    press(lead, shown.text, LIST, "opslaan")
    assert items(world) == (Item("eerste", D("2027-09-01"), 20), Item("tweede", D("2027-10-01"), 30))

    do(lead, LIST, {"datum-1": "2027-10-08"})
    assert items(world)[1] == Item("tweede", D("2027-10-08"), 30)

    gone = weigh(lead, LIST, {"weg-1": "ja"})
    assert "gaat van de lijst af" in gone.text
    assert "van kan beginnen naar niet nodig" in gone.text
    press(lead, gone.text, LIST, "opslaan")
    assert items(world) == (Item("eerste", D("2027-09-01"), 20),)
    assert history(world) == [("ItemsChanged", "account:1")] * 3
    assert "1 september 2027" in lead.get(DATES).text


def test_one_more_line_keeps_what_was_typed(world: World, lead: TestClient) -> None:
    more = press(lead, lead.get(LIST).text, LIST, "regel", TWO)

    found = fields_of(more.text, LIST)
    assert (more.status_code, found["naam-1"], found["naam-2"]) == (200, ["tweede"], [""])
    shown = press(lead, more.text, LIST, "bekijk", {"naam-2": "derde", "datum-2": "2027-11-01"})
    press(lead, shown.text, LIST, "opslaan")
    assert [each.key for each in items(world)] == ["eerste", "tweede", "derde"]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"naam-1": "eerste", "datum-1": "2027-10-01"}, "naam-1"), ({"naam-1": "2", "datum-1": "2027-10-01"}, "naam-1"),
        ({"naam-1": "a/b", "datum-1": "2027-10-01"}, "naam-1"), ({"naam-1": SCRIPT}, "naam-1"),
        ({"datum-1": "2027-10-01"}, "naam-1"), ({"naam-1": "tweede", "datum-1": "ooit"}, "datum-1"),
        ({"naam-1": "tweede", "aantal-1": "-3"}, "aantal-1"), ({"naam-1": "tweede", "aantal-1": "½"}, "aantal-1"),
    ],
)  # fmt: skip
def test_row_that_cannot_be_says_so_and_is_kept(
    world: World, lead: TestClient, typed: dict[str, str], field: str
) -> None:
    answer = weigh(lead, LIST, typed)

    assert answer.status_code == 422
    assert f'id="{field}-fout"' in answer.text
    assert "<script>alert" not in answer.text
    kept = fields_of(answer.text, LIST)
    assert {name: kept[name] for name in typed} == {name: [value] for name, value in typed.items()}
    assert items(world) == ()


def test_second_of_two_sees_what_stands_on_the_list_now(world: World, lead: TestClient, browse: Browse) -> None:
    second = enter(world, browse, "maarten", Right(Role.MEMBER))
    early = second.get(LIST).text
    do(lead, LIST, TWO)

    stale = press(second, early, LIST, "bekijk", {"naam-1": "najaar", "datum-1": "2027-11-01"})

    assert stale.status_code == 409
    assert re.search(r"petra</span>, .*?lijst gewijzigd \(Instroom\)", stale.text)
    assert "tweede (1 oktober 2027, 30 personen)" in stale.text
    assert fields_of(stale.text, LIST)["naam-1"] == ["najaar"]
    shown = press(second, stale.text, LIST, "bekijk")
    assert press(second, shown.text, LIST, "opslaan").status_code == 303
    assert [each.key for each in items(world)] == ["eerste", "najaar"]


# --- who may -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rights", "refused"),
    [
        pytest.param([Right(Role.READER)], (MOVE, LIST), id="reader"),
        pytest.param([Right(Role.ADMINISTRATOR)], (MOVE, LIST), id="administrator"),
        pytest.param([Right(Role.MEMBER)], (MOVE,), id="member"),
    ],
)
def test_who_may_not_sees_no_way_and_is_refused(
    world: World, browse: Browse, rights: list[Right], refused: tuple[str, ...]
) -> None:
    browser = enter(world, browse, "kijker", *rights)
    page = browser.get(DATES).text
    token = re.search(r'name="form_token" value="([^"]+)"', page)[1]  # type: ignore[index]

    for path in refused:
        assert f'href="{path}?' not in page
        assert browser.get(path).status_code == 403
        sent = {"form_token": token, "doe": "opslaan", "getoond": "a" * 32, "gezien": "2027-09-01/-", **LATER}
        assert browser.post(path, data=sent, headers=SAME_ORIGIN).status_code == 403
    assert history(world) == []
    assert sum(row["outcome"] == "refused" for row in world.rows("access_log")) == 2 * len(refused)


def test_dates_of_another_traject_are_not_there(world: World, browse: Browse) -> None:
    browser = enter(world, browse, "ander", Right(Role.LEAD, 2))

    assert [browser.get(path).status_code for path in (DATES, MOVE, LIST)] == [404, 404, 404]


@pytest.mark.parametrize(
    "path", [f"{DATES}/feest", f"{DATES}/lijst/feest", f"{DATES}?doorloop=9", f"{MOVE}?doorloop=9"]
)
def test_what_is_not_there_is_not_found(lead: TestClient, path: str) -> None:
    assert lead.get(path).status_code == 404
