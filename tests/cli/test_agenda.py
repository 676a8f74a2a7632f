"""``regie partner agenda``: the address of somebody's feed, a new one, none, and the feed in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.agendas import read_ics
from tests.support.commands import Regie, command_in

BASE = "https://regie.voorbeeldstad.example"
SMALL = """
regie: 1
id: klein
title: Klein
calendar: every-day
anchors: {start: {title: Start}}
roles: {maker: {title: Maker}}
steps:
  a: {title: "Advies, eerste versie", takes: 5wd, responsible: maker, due: 5wd after start}
"""


@pytest.fixture
def regie(tmp_path: Path) -> Regie:
    run = command_in(tmp_path)
    (tmp_path / "klein.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "partners.csv").write_text("naam,e-mail,rol\nFenna,fenna@ggd.example,maker\n", encoding="utf-8")
    assert run("partner", "import", "partners.csv", "--definition", "klein.yaml").code == 0
    assert run("traject", "start", "--title", "De Wilg", "--definition", "klein.yaml", "--yes").code == 0
    return run


def test_address_is_given_again_and_the_feed_stands_in_a_file(regie: Regie, tmp_path: Path) -> None:
    first = regie("partner", "agenda", "fenna@ggd.example", "--json", REGIE_BASE_URL=BASE)
    again = regie("partner", "agenda", "p1", "--output", "uit.ics", "--json", REGIE_BASE_URL=BASE)

    assert (first.code, again.code) == (0, 0)
    assert first.json["address"] == again.json["address"]
    assert first.json["address"].startswith(f"{BASE}/agenda/")
    assert (first.json["number"], first.json["entries"]) == (1, 1)
    assert set(read_ics((tmp_path / "uit.ics").read_bytes())) == {"Advies, eerste versie - De Wilg"}


def test_new_address_is_another_and_what_is_said_is_dutch(regie: Regie) -> None:
    said = regie("partner", "agenda", "p1").out
    renewed = regie("partner", "agenda", "p1", "--rotate").out

    assert "Agenda van Fenna: 1 stap\n" in said
    assert "geef het alleen aan de partner zelf" in said
    (old,), (new,) = ([line for line in text.splitlines() if line.endswith(".ics")] for text in (said, renewed))
    assert old != new


def test_feed_is_stopped_once(regie: Regie) -> None:
    regie("partner", "agenda", "p1")

    assert regie("partner", "agenda", "p1", "--stop").out == "De agenda van Fenna is gestopt.\n"
    assert regie("partner", "agenda", "p1", "--stop").out == "Fenna heeft geen agenda.\n"
    assert regie("partner", "agenda", "p1", "--stop", "--json").json == {"person": "p1", "stopped": False}


def test_somebody_unknown_and_options_that_clash_are_refused(regie: Regie) -> None:
    unknown = regie("partner", "agenda", "p9")
    clash = regie("partner", "agenda", "p1", "--stop", "--rotate")

    assert (unknown.code, clash.code) == (4, 2)
    assert "p9" in unknown.err
    assert "--stop gaat niet samen" in clash.err
