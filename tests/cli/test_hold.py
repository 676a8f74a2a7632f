"""After a backup was put back: nothing leaves until somebody has looked."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.commands import command_in

SMALL = """
regie: 1
id: klein
title: Klein
calendar: every-day
roles: {maker: {title: Maker}}
steps:
  a: {title: A, takes: 5wd, responsible: maker}
"""


def test_what_is_held_by_hand_leaves_only_when_it_is_let_go(tmp_path: Path) -> None:
    regie = command_in(tmp_path)
    (tmp_path / "klein.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "partners.csv").write_text("naam,e-mail,rol\nFenna,fenna@ggd.example,maker\n", encoding="utf-8")
    assert regie("partner", "import", "partners.csv", "--definition", "klein.yaml").code == 0
    assert regie("traject", "start", "--title", "De Wilg", "--definition", "klein.yaml", "--yes").code == 0

    held = regie("outbox", "hold", "--reason", "kopie teruggezet", "--by", "beheer")
    regie("deliver")
    while_held = regie("outbox", "list", "--json").json["counts"]
    regie("outbox", "release", "--by", "beheer")

    assert (held.code, while_held) == (0, {"held": 1})
    assert "Vastgehouden: 1 bericht" in held.out
    assert regie("outbox", "list", "--json").json["counts"] == {"pending": 1}

    listed = regie("outbox", "list").out.splitlines()
    assert listed[1].split("\t")[1:4] == ["Fenna", "staat klaar", "0"]
    assert re.fullmatch(r"\d{1,2} [a-z]+ 20\d\d, \d{1,2}\.\d\d uur", listed[1].split("\t")[4])
    assert listed[1].endswith("\tlosgelaten door beheer")
    assert listed[2] == "1 staat klaar"
    assert regie("outbox", "list", "--status", "vastgehouden").out == "1 staat klaar\n"
    assert not re.search(r"[{}\[\]]", regie("doctor").out)
