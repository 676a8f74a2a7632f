"""``regie link``: what stands out, why it works no longer, and taking one away."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.clock import system_clock
from regie.notify.sender import FolderSender
from regie.settings import load_audit_key, load_link_key, load_settings
from tests.support.commands import Regie, command_in
from tests.support.databases import engine_on

BASE = "https://regie.voorbeeldstad.example"
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
    """A town in which one mail with a link has left, as a file."""
    run = command_in(tmp_path)
    (tmp_path / "klein.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "partners.csv").write_text("naam,e-mail,rol\nFenna,fenna@ggd.example,maker\n", encoding="utf-8")
    assert run("partner", "import", "partners.csv", "--definition", "klein.yaml").code == 0
    assert run("traject", "start", "--title", "De Wilg", "--definition", "klein.yaml", "--yes").code == 0
    settings = load_settings(data_dir=tmp_path / "data")
    with engine_on(settings.database_url.get_secret_value()) as engine:
        audit, links = (load(settings).get_secret_value().encode() for load in (load_audit_key, load_link_key))
        context = Context.on(engine, audit, link_key=links)
        # whatever the hour is now, in a week the office has been open
        done = deliver(
            context,
            FolderSender(tmp_path / "post"),
            lambda: system_clock() + timedelta(days=7),
            "test",
            Postage(base_url=BASE),
        )
    assert done.sent == 1
    return run


def token_in(folder: Path) -> str:
    (letter,) = (folder / "post").rglob("*.eml")
    whole = letter.read_bytes().replace(b"=\r\n", b"").replace(b"=\n", b"").decode()
    (token,) = set(re.findall(rf"{BASE}/actie/([a-z2-7]{{32}})", whole))
    return str(token)


def test_links_are_listed_without_the_link_itself(regie: Regie, tmp_path: Path) -> None:
    token = token_in(tmp_path)
    listed, shown = regie("link", "list"), regie("link", "show", "1")
    (as_json,) = regie(
        "link", "list", "--traject", "de-wilg", "--step", "a", "--person", "FENNA@ggd.example", "--json"
    ).json

    assert listed.out.splitlines()[1].split("\t")[:4] == ["1", "de-wilg", "a", "Fenna"]
    assert listed.out.splitlines()[1].endswith("\twerkt")
    assert "Voor: Fenna, als maker" in shown.out
    assert (as_json["step"], as_json["is_live"], as_json["ended"]) == ("a", True, None)
    for ran in (listed, shown, regie("link", "list", "--json"), regie("outbox", "list", "--json")):
        assert token not in ran.out + ran.err
    for file in (tmp_path / "data").iterdir():
        assert token.encode() not in file.read_bytes()


def test_a_link_is_taken_away_with_a_reason_that_stays(regie: Regie) -> None:
    done = regie("link", "revoke", "1", "--reason", "doorgestuurd", "--by", "beheer")

    assert (done.code, done.out) == (0, "Link 1 is ingetrokken.\n")
    assert regie("link", "list").out.splitlines()[1].endswith("\tingetrokken")
    assert "door beheer: doorgestuurd" in regie("link", "show", "1").out
    assert "link ingetrokken" in regie("history", "de-wilg").out
    assert regie("audit", "verify").code == 0


def test_a_link_says_that_its_step_is_done_and_by_whom(regie: Regie) -> None:
    assert regie("step", "complete", "de-wilg", "a", "--by", "fenna", "--yes").code == 0

    assert regie("link", "show", "1", "--json").json["settled"]["by"] == "fenna"
    shown = regie("link", "show", "1").out
    assert "Link 1: stap is klaar" in shown
    assert "door fenna" in shown


def test_a_message_that_is_looked_at_shows_an_example(regie: Regie, tmp_path: Path) -> None:
    (message,) = regie("outbox", "list", "--json").json["messages"]

    shown = regie("outbox", "show", message["id"], REGIE_BASE_URL=BASE).out
    previewed = regie("mail", "preview", "de-wilg", "a", REGIE_BASE_URL=BASE).out

    for said in (shown, previewed):
        assert f"{BASE}/actie/voorbeeld\n" in said
        assert token_in(tmp_path) not in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "9"), 4, "Er is geen link 9."),
        (("revoke", "9", "--reason", "weg"), 4, "Er is geen link 9."),
        (("revoke", "1", "--reason", " "), 6, "U zei nog niet waarom deze link wordt ingetrokken."),
        (("list", "--traject", "de-eik"), 4, "de-eik"),
    ],
)
def test_what_cannot_be_is_said(regie: Regie, arguments: tuple[str, ...], code: int, said: str) -> None:
    ran = regie("link", *arguments)

    assert (ran.code, said in ran.err) == (code, True)


def test_mail_that_leaves_without_an_address_of_pages_has_no_link_and_the_doctor_says_so(regie: Regie) -> None:
    mail = {"REGIE_MAIL_URL": "mailto://127.0.0.1:9", "REGIE_MAIL_FROM": "Regie <regie@voorbeeldstad.example>"}

    assert "/actie/" not in regie("mail", "preview", "de-wilg", "a", **mail).out
    assert "http://127.0.0.1:8080/actie/voorbeeld" in regie("mail", "preview", "de-wilg", "a").out
    assert "REGIE_BASE_URL" in regie("doctor", **mail).out
    assert "REGIE_BASE_URL" not in regie("doctor", **mail, REGIE_BASE_URL=BASE).out
