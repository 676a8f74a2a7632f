"""The plan of a traject: chart, table and files agree, keep what was asked, and are only for who may see the traject."""

from __future__ import annotations

import csv
import io
import itertools
import re
from datetime import date
from html import unescape

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine
from starlette.responses import Response
from starlette.testclient import TestClient

from regie.core.events import StepFinished
from regie.core.ids import RoleId
from regie.core.permissions import Right, Role
from tests.store.world import Watched, World
from tests.support import builders as b
from tests.web.conftest import Browse
from tests.web.staff import SignIn, staff_of, two_trajects

PLAN = "/trajecten/de-wilg/planning"
KINDS = ("svg", "png", "csv", "xlsx")


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    return two_trajects(sqlite_engine)


@pytest.fixture
def signs_in(world: World, browse: Browse) -> SignIn:
    return staff_of(world, browse)


@pytest.fixture
def lead(signs_in: SignIn) -> TestClient:
    return signs_in(Right(Role.LEAD))


def links_in(page: str, *, drawn: bool) -> list[str]:
    """The addresses of steps, in the drawings or in the table."""
    parts = re.findall(r"<svg\b.*?</svg>" if drawn else r"<tbody.*?</tbody>", page, re.DOTALL)
    return [unescape(each) for part in parts for each in re.findall(r'<a [^>]*?href="(/trajecten/[^"]+)"', part)]


def csv_of(answer: Response) -> list[dict[str, str]]:
    text = answer.content.decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def dates_in(page: str) -> list[tuple[str, set[str]]]:
    """Per row of the table its step, and the days in it as machines read them."""
    (body,) = re.findall(r"<tbody.*?</tbody>", page, re.DOTALL)
    return [
        (re.search(r"/stappen/([^?]+)\?", row)[1], set(re.findall(r'datetime="([^"]+)"', row)))  # type: ignore[index]
        for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    ]


# --- the page ----------------------------------------------------------------------------------------


def test_page_shows_the_same_steps_as_bars_and_as_a_table(lead: TestClient) -> None:
    page = lead.get(PLAN).text

    drawn, listed = links_in(page, drawn=True), links_in(page, drawn=False)

    assert len(drawn) == 4
    assert drawn == listed
    assert "/trajecten/de-wilg/stappen/geheim?doorloop=1" in drawn
    assert all(lead.get(address).status_code == 200 for address in drawn)


@pytest.mark.parametrize("asked", ["", "?stand=late", "?rol=other", "?stand=done", "?doorloop=1&fase=p"])
def test_table_and_files_have_the_same_steps_and_dates(lead: TestClient, world: World, asked: str) -> None:
    world.happens(1, StepFinished(key=b.key("geheim"), by="p3"), b.at(date.fromisoformat("2027-06-02")))
    page = lead.get(f"{PLAN}{asked}").text
    rows = csv_of(lead.get(f"{PLAN}.csv{asked}"))  # type: ignore[arg-type]
    sheet = load_workbook(io.BytesIO(lead.get(f"{PLAN}.xlsx{asked}").content)).active
    svg = lead.get(f"{PLAN}.svg{asked}").text

    shown = dates_in(page) if "<tbody" in page else []

    days = [{value for name, value in row.items() if re.fullmatch(r"\d{4}-\d\d-\d\d", value)} for row in rows]
    assert shown == [(row["Code"], found) for row, found in zip(rows, days, strict=True)]
    assert sheet.max_row == len(rows) + 1
    for row in rows:
        assert f"<title>{row['Stap']}: {row['Stand']}." in svg


def test_filters_stay_in_zoom_export_and_print_links(lead: TestClient) -> None:
    page = lead.get(PLAN, params={"rol": "other", "stand": "open", "schaal": "week", "toon": "balken"}).text
    addresses = [unescape(each) for each in re.findall(r'href="(/trajecten/de-wilg/planning[^"]*)"', page)]

    kept = [each for each in addresses if "rol=other" in each and "stand=open" in each]

    assert {each for each in addresses if each not in kept} == {f"{PLAN}?schaal=week&toon=balken"}  # show everything
    assert {each.split("?")[0] for each in kept} == {PLAN, *(f"{PLAN}.{kind}" for kind in KINDS)}
    assert {re.search(r"schaal=(\w+)", each)[1] for each in kept if each.startswith(f"{PLAN}?")} == {  # type: ignore[index]
        "week", "maand", "kwartaal", "blad",
    }  # fmt: skip
    assert re.search(r'<option value="other" selected>', page)
    assert '<input type="hidden" name="schaal" value="week">' in page
    assert '<input type="hidden" name="toon" value="balken">' in page
    assert "1 stap van 4." in page


@pytest.mark.parametrize(("shown", "bars", "table"), [("", True, True), ("balken", True, False), ("tabel", False, True), ("?", True, True)])  # fmt: skip
def test_reader_chooses_to_see_bars_table_or_both(lead: TestClient, shown: str, bars: bool, table: bool) -> None:
    page = lead.get(PLAN, params={"toon": shown}).text

    assert ('class="regie-gantt"' in page, "<tbody" in page) == (bars, table)


def test_phases_fold_without_script_and_the_chart_scrolls_by_keyboard(lead: TestClient) -> None:
    page = lead.get(PLAN).text

    assert re.search(r'<details class="regie-gantt__phase" id="[^"]+" open>\s*<summary', page)
    assert '<div class="regie-gantt" role="region" aria-label="Balken van de planning" tabindex="0">' in page
    assert not re.search(r"\sstyle=|<style|\son\w+=", page)


def test_unknown_zoom_is_the_widest_view(lead: TestClient) -> None:
    assert (
        '<span class="regie-choose__here" aria-current="true">kwartaal</span>'
        in lead.get(PLAN, params={"schaal": "<script>"}).text
    )


def test_nothing_that_fits_says_so_and_leads_back(lead: TestClient) -> None:
    page = lead.get(PLAN, params={"fase": '"><script>alert(1)</script>'}).text

    assert "Geen stap past hierbij." in page
    assert "<script>alert" not in page
    assert "0 stappen van 4." in page
    assert csv_of(lead.get(f"{PLAN}.csv", params={"fase": "weg"})) == []  # type: ignore[arg-type]


def test_page_is_in_the_language_of_the_reader(lead: TestClient) -> None:
    page = lead.get(PLAN, params={"taal": "en"}).text

    assert "Plan at the start" in page
    assert "Bars of the plan" in page
    assert "today, 3 June 2027" in page
    assert "Slack in working days" in lead.get(f"{PLAN}.csv", params={"taal": "en"}).text


def test_traject_leads_to_its_plan(lead: TestClient) -> None:
    assert f'href="{PLAN}?doorloop=1"' in lead.get("/trajecten/de-wilg").text


# --- files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "media_type", "begins"),
    [
        ("svg", "image/svg+xml", b"<svg "),
        ("png", "image/png", b"\x89PNG"),
        ("csv", "text/csv; charset=utf-8", b"\xef\xbb\xbf"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
    ],
)
def test_file_is_saved_and_never_runs(lead: TestClient, kind: str, media_type: str, begins: bytes) -> None:
    answer = lead.get(f"{PLAN}.{kind}")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.content.startswith(begins)
    assert answer.headers["content-disposition"] == f'attachment; filename="planning-de-wilg-2027-06-03.{kind}"'
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_drawing_carries_its_own_style_and_points_nowhere(lead: TestClient) -> None:
    svg = lead.get(f"{PLAN}.svg").text

    assert "<style>" in svg
    assert not re.search(r"href=|@import|url\((?!#)|<script", svg)


@pytest.mark.parametrize("kind", ["pdf", "svgz", "", "csv.exe"])
def test_other_kinds_of_file_are_not_there(lead: TestClient, kind: str) -> None:
    assert lead.get(f"{PLAN}.{kind}").status_code in (400, 404)


# --- who may see it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", *(f".{kind}" for kind in KINDS)])
def test_who_is_not_signed_in_is_sent_to_sign_in(world: World, browse: Browse, end: str) -> None:
    answer = browse().get(f"{PLAN}{end}")

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/aanmelden?verder=%2Ftrajecten")


@pytest.mark.parametrize("end", ["", *(f".{kind}" for kind in KINDS)])
def test_plan_of_others_is_not_there_and_the_try_is_written_down(signs_in: SignIn, world: World, end: str) -> None:
    browser = signs_in(Right(Role.LEAD, 1))

    assert browser.get(f"{PLAN}{end}").status_code == 200
    others, unknown = browser.get(f"/trajecten/krap/planning{end}"), browser.get(f"/trajecten/weg/planning{end}")

    assert (others.status_code, unknown.status_code) == (404, 404)
    refused = [(row["what"], row["about"]) for row in world.rows("access_log") if row["outcome"] == "refused"]
    assert refused == [("not-allowed", "see-traject traject:2"), ("not-allowed", "see-traject traject:-")]


# --- cycles and cost ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "status"), [("1", 200), ("9", 404), ("x", 400), ("-1", 400)])
def test_cycle_is_chosen_by_number(lead: TestClient, asked: str, status: int) -> None:
    assert lead.get(PLAN, params={"doorloop": asked}).status_code == status
    assert lead.get(f"{PLAN}.csv", params={"doorloop": asked}).status_code == status


def test_plan_asks_no_more_of_the_database_for_more_steps(sqlite_engine: Engine, browse: Browse) -> None:
    counted = []
    for number, size in ((0, 4), (1, 40)):
        definition = b.definition(*(b.step(f"s{each}", "2wd", responsible=RoleId("other")) for each in range(size)), version=f"{number + 1}.0")  # fmt: skip
        world = World(sqlite_engine, definition)
        world._ids = itertools.count(1_000 * (number + 1))
        world.starts(f"huis-{number}", start=date.fromisoformat("2027-06-01"))
        browser = staff_of(world, browse)(Right(Role.LEAD), name=f"lid{number}")
        with Watched(sqlite_engine) as watched:
            page = browser.get(f"/trajecten/huis-{number}/planning").text
        assert page.count("<tr ") == size + 1
        assert not watched.writes
        counted.append(len(watched.reads))

    assert counted[0] == counted[1]
