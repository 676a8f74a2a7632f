"""Health in words, and a mail that goes to who asks for it and to nobody else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from regie.core.permissions import Right, Role
from tests.store.world import Watched, World
from tests.support.servers import MailServer
from tests.web.conftest import SAME_ORIGIN, Browse, token_on
from tests.web.order_admin import OPENING, START, SignsIn, make_sign_in, make_world
from tests.web.signed_in import send

HERE = "/beheer/gezondheid"


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    found = make_world(sqlite_engine)
    found.starts("de-wilg", start=START, targets={"opening": OPENING})
    return found


@pytest.fixture
def signs_in(world: World, browse: Browse, monkeypatch: pytest.MonkeyPatch) -> SignsIn:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return make_sign_in(world, browse)


def rows(page: str) -> dict[str, str]:
    found = re.findall(r'scope="row">([^<]+)</th>(.*?)</tr>', page, re.DOTALL)
    return {name: " ".join(re.sub(r"<[^>]+>", " ", rest).split()) for name, rest in found}


def test_page_says_how_each_thing_is_and_what_to_do(signs_in: SignsIn) -> None:
    browser = signs_in(Right(Role.ADMINISTRATOR), environment_label="Proef", mail_redirect_to="proef@voorbeeld.nl")

    found = rows(browser.get(HERE).text)

    assert found["laatste ronde"] == "let op nog nooit start regie up, of draai regie sweep"
    assert found["versie van de database"].startswith("goed 00")
    assert found["kalender"].startswith("goed alle wettelijke datums")
    assert found["omgeving"] == "goed Proef: staat boven elke pagina en in elke mail -"
    assert found["mail voor proeven"] == "let op alle mail gaat naar proef@voorbeeld.nl -"
    assert found["mail"].startswith("let op er is geen mailserver")
    assert {"database", "berichten", "rem op berichten", "bestanden", "schijf", "Prefect"} <= found.keys()


def test_page_speaks_english_and_shows_no_secret(signs_in: SignsIn) -> None:
    browser = signs_in(
        Right(Role.ADMINISTRATOR),
        mail_url="mailtos://gebruiker:geheim1@mail.voorbeeld.nl",
        mail_from="regie@voorbeeld.nl",
    )

    page = browser.get(f"{HERE}?taal=en").text

    assert rows(page)["last sweep"] == "attention never yet start regie up, or run regie sweep"
    assert rows(page)["mail"] == "good mail.voorbeeld.nl:587 is set; not looked whether it answers -"
    assert "geheim1" not in page


def test_others_are_called_only_when_that_is_asked(signs_in: SignsIn) -> None:
    with MailServer() as mail:
        browser = signs_in(Right(Role.ADMINISTRATOR), mail_url=mail.url, mail_from="regie@voorbeeld.nl")
        answers = rows(browser.get(f"{HERE}?anderen=ja").text)["mail"]
    silent = rows(browser.get(f"{HERE}?anderen=ja").text)["mail"]

    assert answers.startswith("goed")
    assert "antwoordt" in answers
    assert silent.startswith("fout")
    assert "niet gekeken" in rows(browser.get(HERE).text)["mail"]


def test_unconfirmed_years_and_empty_roles_are_said(signs_in: SignsIn, world: World) -> None:
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE occurrence SET legal_on = '2031-03-01' WHERE step = 'open'")
        connection.exec_driver_sql("DELETE FROM role_binding WHERE role = 'maker'")

    found = rows(signs_in(Right(Role.ADMINISTRATOR)).get(HERE).text)

    assert found["kalender"].startswith("let op de feestdagen van 2031 zijn niet bevestigd")
    assert found["rollen van de-wilg"].startswith("let op niemand voor: maker")


def test_mail_goes_to_ones_own_address_and_is_noted(signs_in: SignsIn, world: World) -> None:
    with MailServer() as mail:
        browser = signs_in(Right(Role.ADMINISTRATOR), mail_url=mail.url, mail_from="regie@voorbeeld.nl")
        answer = send(browser, f"{HERE}/testmail", {"to": "vreemd@elders.nl"}, on=HERE)
        (letter,) = mail.mail_to("bea@voorbeeld.nl")
        assert mail.mail_to("vreemd@elders.nl") == []

    assert answer.status_code == 200
    assert "De testmail is aangenomen door de mailserver." in answer.text
    assert "Testmail van Regie" in letter.letter["Subject"]
    assert [(row["who"], row["outcome"]) for row in world.rows("access_log") if row["what"] == "mail-tested"] == [
        ("account:1", "ok")
    ]


def test_redirected_mail_goes_where_all_mail_goes(signs_in: SignsIn) -> None:
    with MailServer() as mail:
        browser = signs_in(
            Right(Role.ADMINISTRATOR),
            mail_url=mail.url,
            mail_from="regie@voorbeeld.nl",
            environment_label="Proef",
            mail_redirect_to="proef@voorbeeld.nl",
        )
        page = send(browser, f"{HERE}/testmail", on=HERE).text
        (letter,) = mail.mail_to("proef@voorbeeld.nl")
        assert mail.mail_to("bea@voorbeeld.nl") == []

    assert "want alle mail is omgeleid" in page
    assert "Proef" in letter.letter["Subject"]
    assert "Dit is Proef: geen echte omgeving." in page


def test_mail_without_server_becomes_a_file_and_a_dead_server_is_said(signs_in: SignsIn, tmp_path: Path) -> None:
    without = signs_in(Right(Role.ADMINISTRATOR))
    assert "staat als bestand in de map post" in send(without, f"{HERE}/testmail", on=HERE).text
    assert len(list((tmp_path / "post").glob("*.eml"))) == 1

    with MailServer() as mail:
        dead = mail.url
    browser = signs_in(Right(Role.ADMINISTRATOR), name="Dirk Dood", mail_url=dead, mail_from="regie@voorbeeld.nl")
    answer = send(browser, f"{HERE}/testmail", on=HERE)

    assert answer.status_code == 422
    assert "De testmail is niet verstuurd" in answer.text


def test_account_without_address_gets_no_mail(signs_in: SignsIn) -> None:
    browser: TestClient = signs_in(Right(Role.ADMINISTRATOR), email="")
    page = browser.get(HERE).text

    token = token_on(page, "/afmelden")
    answer = browser.post(f"{HERE}/testmail", data={"form_token": token}, headers=SAME_ORIGIN)

    assert "heeft geen e-mailadres" in page
    assert answer.status_code == 422


def test_page_asks_no_more_of_the_database_for_more_trajects(signs_in: SignsIn, world: World) -> None:
    browser = signs_in(Right(Role.ADMINISTRATOR))

    def reads() -> int:
        with Watched(world.engine) as watched:
            browser.get(HERE)
        return len(watched.reads)

    reads()
    before = reads()
    for number in range(4):
        world.starts(f"huis-{number}", start=START, targets={"opening": OPENING})
    assert reads() == before
