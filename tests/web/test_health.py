"""Machines that watch: alive, ready, and whether anybody still sweeps and sends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from regie.clock import VirtualClock
from regie.store.brake import begin_sweep
from regie.store.session import create_engine_for
from regie.web.deps import Health
from tests.web.conftest import NOW, Browse

AWAY = "postgresql+psycopg://regie:geheim@127.0.0.1:1/regie"


def test_all_is_well_on_a_database_of_this_version(browse: Browse, engine: Engine) -> None:
    begin_sweep(engine, NOW - timedelta(minutes=5))
    browser = browse(engine=engine)

    assert browser.get("/_healthz/livez").json() == {"status": "ok"}
    assert browser.get("/_healthz/readyz").json() == {"status": "ok"}
    assert browser.get("/_healthz").json() == {
        "status": "ok", "database": "ok", "lastSweepSeconds": 300, "oldestPendingSeconds": None,
    }  # fmt: skip


def test_sweeps_that_stay_away_are_said_without_taking_the_pages_down(browse: Browse, sqlite_engine: Engine) -> None:
    begin_sweep(sqlite_engine, NOW - timedelta(days=5))

    answer = browse().get("/_healthz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "behind"


def test_old_post_counts_as_behind() -> None:
    assert Health("ok", timedelta(), timedelta(days=5)).is_behind
    assert not Health("ok", timedelta(), timedelta(days=3)).is_behind
    assert not Health("ok").is_behind


def test_database_that_is_away_leaves_only_life(browse: Browse) -> None:
    engine = create_engine_for(AWAY)
    browser = browse(engine=engine)

    codes = [browser.get(f"/_healthz{path}").status_code for path in ("/livez", "/readyz", "")]
    answer = browser.get("/_healthz")

    assert codes == [200, 503, 503]
    assert answer.json()["database"] == "database-unreachable"
    assert "geheim" not in answer.text
    assert browser.get("/").status_code == 200
    engine.dispose()


def test_looking_makes_no_database(browse: Browse, tmp_path: Path) -> None:
    engine = create_engine_for(f"sqlite:///{tmp_path / 'weg.db'}")
    browser = browse(engine=engine)

    assert [browser.get(f"/_healthz{path}").status_code for path in ("/readyz", "")] == [503, 503]
    assert browser.get("/_healthz").json()["database"] == "no-database"
    assert not (tmp_path / "weg.db").exists()


def test_database_of_another_version_is_not_well(browse: Browse, sqlite_engine: Engine) -> None:
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")

    answer = browse().get("/_healthz")

    assert (answer.status_code, answer.json()["database"]) == (503, "database-version")


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        ("security@voorbeeldstad.nl", "mailto:security@voorbeeldstad.nl"),
        ("https://voorbeeldstad.nl/melden", "https://voorbeeldstad.nl/melden"),
    ],
)
def test_whom_to_tell_of_a_weakness(browse: Browse, clock: VirtualClock, contact: str, said: str) -> None:
    answer = browse(security_contact=contact).get("/.well-known/security.txt")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.splitlines()[:2] == [f"Contact: {said}", "Expires: 2027-11-30T08:30:00Z"]


def test_without_a_contact_there_is_no_such_page(browse: Browse) -> None:
    assert browse().get("/.well-known/security.txt").status_code == 404
