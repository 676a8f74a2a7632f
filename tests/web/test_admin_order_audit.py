"""The two logs for an auditor: found, said in words, taken out as files that harm nobody, and checked."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date

import pytest
from sqlalchemy import Engine
from starlette.responses import Response
from starlette.testclient import TestClient

from regie.core.events import StepFinished, StepWaived
from regie.core.permissions import Right, Role
from regie.store.access_log import What
from regie.store.tables import access_log
from regie.web.audit_words import WHATS
from tests.store.world import Watched, World
from tests.support import builders as b
from tests.web.conftest import NOW, Browse
from tests.web.order_admin import OPENING, START, SignsIn, make_sign_in, make_world
from tests.web.signed_in import send

HERE = "/beheer/audit"
FORMULA = '=HYPERLINK("http://x";"klik")'


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    found = make_world(sqlite_engine)
    found.key = b"k" * 32
    found.starts("de-wilg", start=START, targets={"opening": OPENING})
    found.starts("de-iep", start=START, targets={"opening": OPENING})
    done = StepFinished(key=b.key("nota"), by="p1", note=FORMULA, evidence=("<script>alert(1)</script>",))
    found.happens(1, done, b.at(date(2027, 6, 2)))
    found.happens(
        1,
        StepWaived(key=b.key("besluit"), by="p2", reason="geheim adres Molenweg", approved_by="p2"),
        b.at(date(2027, 6, 3)),
    )
    return found


@pytest.fixture
def signs_in(world: World, browse: Browse) -> SignsIn:
    return make_sign_in(world, browse)


@pytest.fixture
def visitor(signs_in: SignsIn) -> TestClient:
    return signs_in(Right(Role.ADMINISTRATOR))


def export(visitor: TestClient, **fields: str) -> Response:
    return send(visitor, f"{HERE}/export", {"log": "geschiedenis", "vorm": "csv", **fields}, on=HERE)


def rows_of(page: str) -> int:
    return page.count("<tr") - 1


def test_history_is_in_sentences_the_latest_first(visitor: TestClient) -> None:
    page = visitor.get(HERE).text

    assert re.search(r"4 regels\..*?Besluit.*?Naam van maker.*?p1.*?stap afgerond.*?Nota schrijven", page, re.DOTALL)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "(confidential)" in visitor.get(f"{HERE}?taal=en").text


def test_what_is_typed_at_a_confidential_step_is_for_who_may_see_it(visitor: TestClient, signs_in: SignsIn) -> None:
    both = signs_in(Right(Role.ADMINISTRATOR), Right(Role.LEAD), name="Els Allebei")

    assert "Molenweg" not in visitor.get(HERE).text
    assert "(vertrouwelijk)" in visitor.get(HERE).text
    assert "Molenweg" not in export(visitor).text
    assert "Molenweg" in both.get(HERE).text
    assert "Molenweg" in export(both, vorm="jsonl").text


_HISTORY_IS_NARROWED = [
        ("van=2027-06-02", 2), ("van=2027-06-02&tot=2027-06-02", 1), ("tot=2027-06-01", 2), ("wie=maker", 1), ("wie=p1", 1),
        ("wie=%25", 0), ("wie=niemand", 0), ("soort=StepFinished", 1), ("traject=2", 1), ("traject=1&soort=StepWaived", 1),
    ]  # fmt: skip


def test_history_is_narrowed(visitor: TestClient) -> None:
    for query, rows in _HISTORY_IS_NARROWED:
        page = visitor.get(f"{HERE}?{query}").text

        assert f"{rows} regel{'' if rows == 1 else 's'}." in page
        assert rows_of(page) == (rows or -1)


def test_access_is_narrowed_by_outcome_and_deed(visitor: TestClient, signs_in: SignsIn, world: World) -> None:
    signs_in(Right(Role.READER), name="Rik Reader").get(HERE)

    page = visitor.get(f"{HERE}?log=toegang&uitkomst=refused&soort=not-allowed").text

    assert rows_of(page) == 1
    assert "Rik Reader" in page
    assert "wilde iets zonder recht" in page
    assert "see-audit" in page


_FILTER_THAT_MAKES_NO_SENSE_IS_NO_FAULT_A = [
        ("van=gisteren", 422), ("van=2027-06-03&tot=2027-06-02", 422), ("soort=DROP", 422), ("uitkomst=x", 400), ("traject=x", 400),
        ("log=x", 404), ("tot=9999-12-31", 200), ("blad=99", 200), ("blad=0", 400),
    ]  # fmt: skip


def test_filter_that_makes_no_sense_is_no_fault_and_is_kept(visitor: TestClient) -> None:
    for query, status in _FILTER_THAT_MAKES_NO_SENSE_IS_NO_FAULT_A:
        answer = visitor.get(f"{HERE}?{query}")

        assert answer.status_code == status
        if query == "van=gisteren":
            assert 'value="gisteren"' in answer.text


def test_pages_follow_each_other_with_the_filter_in_them(visitor: TestClient, world: World) -> None:
    for number in range(55):
        _note(world, number)

    first = visitor.get(f"{HERE}?log=toegang&wie=cli:proef").text
    second = visitor.get(f"{HERE}?log=toegang&wie=cli:proef&blad=2").text

    assert (rows_of(first), rows_of(second)) == (50, 5)
    assert 'href="/beheer/audit?log=toegang&amp;wie=cli%3Aproef&amp;blad=2"' in first


def test_csv_holds_no_formula_and_the_export_is_noted(visitor: TestClient, world: World) -> None:
    answer = export(visitor)
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))

    assert answer.headers["content-disposition"] == 'attachment; filename="regie-geschiedenis-2027-06-03.csv"'
    assert len(rows) == 4
    assert [row["seq"] for row in rows] == ["1", "2", "3", "1"]
    (noted,) = [row for row in world.rows("access_log") if row["what"] == "audit-exported"]
    assert (noted["who"], noted["about"]) == ("account:1", "history csv")
    for row in rows:
        assert not any(
            cell.lstrip(" '\"").startswith(("=", "+", "@")) and not cell.startswith("'") for cell in row.values()
        )


def test_cell_that_looks_like_a_formula_is_text(visitor: TestClient, world: World) -> None:
    hostile = ["=1+1", "+1", "-1", "@x", "\t=1", " =1", '"=1', "|calc", "'=1"]
    for each in hostile:
        _note(world, 0, about=each)

    answer = export(visitor, log="toegang", wie="cli:proef")

    found = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";")
    assert [row["about"] for row in found] == [f"'{each}" for each in hostile]


def test_json_lines_hold_every_row_that_was_found(visitor: TestClient) -> None:
    lines = [json.loads(line) for line in export(visitor, vorm="jsonl", van="2027-06-02").text.splitlines()]

    assert [(each["event"], each["by"]) for each in lines] == [("StepFinished", "p1"), ("StepWaived", "p2")]
    assert lines[0]["at"].endswith("Z")


def test_export_streams_more_than_one_transaction_reads(
    visitor: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regie.store.audit.AT_A_TIME", 2)
    for number in range(5):
        _note(world, number)

    answer = export(visitor, log="toegang", wie="cli:proef", vorm="jsonl")

    assert [json.loads(line)["about"] for line in answer.text.splitlines()] == [f"n{number}" for number in range(5)]


def test_export_of_nonsense_is_refused_and_takes_nothing_out(visitor: TestClient, world: World) -> None:
    assert export(visitor, vorm="exe").status_code == 400
    assert export(visitor, van="gisteren").status_code == 400
    assert [row for row in world.rows("access_log") if row["what"] == "audit-exported"] == []


def test_check_finds_what_somebody_changed(visitor: TestClient, world: World) -> None:
    whole = send(visitor, f"{HERE}/controle").text
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE history SET by = 'p9' WHERE traject_id = 1 AND seq = 2")

    asked, broken = visitor.get(f"{HERE}/controle").text, send(visitor, f"{HERE}/controle").text

    assert "Alle zegels zijn heel." in whole
    assert "Alle zegels" not in asked  # nothing was checked yet
    assert "De geschiedenis is niet ongeschonden" in broken
    assert re.search(r"Opvang De Wilg</th><td[^>]*>2</td><td[^>]*>is veranderd", broken)


def test_every_deed_has_words() -> None:
    assert {each.value for each in What} <= WHATS.keys()


def test_pages_ask_no_more_of_the_database_for_more_rows(visitor: TestClient, world: World) -> None:
    def reads(query: str) -> int:
        with Watched(world.engine) as watched:
            assert visitor.get(f"{HERE}{query}").status_code == 200
        return len(watched.reads)

    for query in ("", "?log=toegang"):
        reads(query)
        before = reads(query)
        for number in range(5):
            world.starts(f"huis-{query[-3:]}-{number}".replace("?", ""), start=START, targets={"opening": OPENING})
            _note(world, number)
        assert reads(query) == before


def _note(world: World, number: int, about: str = "") -> None:
    with world.engine.begin() as connection:
        row = {"at": NOW, "who": "cli:proef", "what": "sign-out", "about": about or f"n{number}", "outcome": "ok"}
        connection.execute(access_log.insert(), row)
