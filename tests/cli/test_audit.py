"""Somebody cuts the newest rows out of the record and hides it: what was kept elsewhere tells."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from regie.cli.record import read_head
from regie.errors import Refused
from tests.support.commands import Regie, command_in

SMALL = """
regie: 1
id: klein
title: Klein
calendar: every-day
roles: {maker: {title: Maker}}
steps:
  a: {title: A, takes: 5wd, responsible: maker}
"""


@pytest.fixture
def regie(tmp_path: Path) -> Regie:
    """A traject with two things in its record."""
    run = command_in(tmp_path)
    (tmp_path / "klein.yaml").write_text(SMALL, encoding="utf-8")
    assert run("traject", "start", "--title", "De Wilg", "--definition", "klein.yaml", "--yes").code == 0
    assert run("step", "start", "de-wilg", "a", "--yes").code == 0
    return run


def test_a_cut_that_hides_its_traces_is_found_with_the_head_that_was_kept(regie: Regie, tmp_path: Path) -> None:
    head = regie("audit", "head", "--json")
    (tmp_path / "zegels.json").write_text(head.out, encoding="utf-8")
    assert regie("audit", "verify", "--checkpoint", "zegels.json").code == 0

    with sqlite3.connect(tmp_path / "data" / "regie.db") as connection:
        connection.execute("DELETE FROM history WHERE seq = 2")
        connection.execute("UPDATE traject SET version = 1")
    connection.close()

    assert (head.json["count"], head.json["heads"]["1"]["seq"]) == (2, 2)
    assert regie("audit", "verify").code == 0
    found = regie("audit", "verify", "--checkpoint", "zegels.json", "--json")
    assert (found.code, found.json) == (1, [{"traject_id": 1, "seq": 2, "what": "cut"}])
    assert regie("audit", "verify", "--traject", "de-wilg", "--checkpoint", "zegels.json").code == 1


@pytest.mark.parametrize(
    "written",
    [
        None,
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"heads": []}',
        b'{"heads": {"x": {"seq": 1, "mac": ""}}}',
        b'{"heads": {"1": {"seq": "1", "mac": ""}}}',
        b'{"heads": {"1": null}}',
    ],
)
def test_a_file_that_is_no_head_is_refused(tmp_path: Path, written: bytes | None) -> None:
    file = tmp_path / "zegels.json"
    if written is not None:
        file.write_bytes(written)

    with pytest.raises(Refused) as refused:
        read_head(file)

    assert refused.value.code == "checkpoint-unreadable"


def test_a_file_that_is_not_there_is_named(regie: Regie) -> None:
    ran = regie("audit", "verify", "--checkpoint", "nergens.json")

    assert ran.code == 6
    assert "nergens.json" in ran.err
