"""``regie webhook``: from adding one to what a receiver got."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Ran, Regie, command_in
from tests.support.receivers import Receiver

SMALL = "regie: 1\nid: klein\ntitle: Klein\ncalendar: every-day\nsteps:\n  a: {title: A, takes: 5wd}\n"
NAMED = {
    "REGIE_CLOUDEVENTS_SOURCE": "urn:nld:gemeente-voorbeeldstad.regie",
    "REGIE_CLOUDEVENTS_TYPE_PREFIX": "nl.voorbeeldstad.regie",
    "REGIE_WEBHOOK_INTERNAL_HOSTS": "127.0.0.1",
}


@pytest.fixture
def regie(tmp_path: Path) -> Regie:
    run = command_in(tmp_path)
    (tmp_path / "klein.yaml").write_text(SMALL, encoding="utf-8")
    started = run("traject", "start", "--title", "De Wilg", "--definition", "klein.yaml", "--yes")
    assert started.code == 0, started.err
    return lambda *arguments, **more: run(*arguments, **{**NAMED, **more})


def test_what_happens_reaches_a_receiver_and_the_log_shows_it(regie: Regie) -> None:
    with Receiver() as receiver:
        new = regie("webhook", "add", "Zaaksysteem", receiver.url(), "--event", "stap-afgerond", "--json").json
        assert new["secret"].startswith("whsec_")
        assert regie("step", "complete", "de-wilg", "a", "--yes").code == 0
        assert regie("webhook", "deliver", "--json").json == {"sent": 1, "failed": 0}
        assert regie("webhook", "test", new["id"]).out == "De andere kant antwoordde met 204.\n"
        receiver.will(500)
        failed = regie("webhook", "test", new["id"])

    assert [each.event["type"].rpartition(".")[2] for each in receiver.calls][:2] == ["stap-afgerond", "webhook-getest"]
    assert (failed.code, "niet aangenomen" in failed.err) == (8, True)
    shown = regie("webhook", "log", new["id"])
    assert "stap-afgerond" in shown.out
    listed = regie("webhook", "list", "--json")
    assert listed.json[0]["counts"] == {"sent": 1}
    assert new["secret"] not in listed.out + shown.out + regie("webhook", "list").out


def test_a_webhook_stands_still_runs_again_gets_a_new_secret_and_is_removed(regie: Regie) -> None:
    with Receiver() as receiver:
        new = regie("webhook", "add", "Zaaksysteem", receiver.url(), "--json").json
        assert regie("webhook", "pause", new["id"]).code == 0
        regie("step", "complete", "de-wilg", "a", "--yes")
        assert regie("webhook", "deliver", "--json").json == {"sent": 0, "failed": 0}
        assert regie("webhook", "resume", new["id"], "--json").json["ready"] >= 1
        rotated = regie("webhook", "rotate", new["id"], "--json").json
        asked = regie("webhook", "remove", new["id"])
        removed = regie("webhook", "remove", new["id"], "--yes")

    assert rotated["secret"] != new["secret"]
    assert asked.code == 2
    assert removed.code == 0
    assert regie("webhook", "list").out == "Er zijn geen webhooks.\n"


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "says"),
    [
        (["X", "https://elders.example/"], {}, 6, "staat niet op de lijst"),
        (["X", "http://127.0.0.1:1/"], {"REGIE_WEBHOOK_INTERNAL_HOSTS": ""}, 6, "staat niet op de lijst"),
        (["X", "https://127.0.0.1/"], {"REGIE_WEBHOOK_HOSTS": "127.0.0.1", "REGIE_WEBHOOK_INTERNAL_HOSTS": ""}, 6,
         "intern netwerk"),
        (["X", "nergens"], {}, 6, "Dit adres kan Regie niet gebruiken"),
        (["X", "http://127.0.0.1:1/", "--event", "stap-gedanst"], {}, 6, "stap-gedanst"),
        ([" ", "http://127.0.0.1:1/"], {}, 6, "heeft een naam nodig"),
        (["X", "http://127.0.0.1:1/", "--traject", "weg"], {}, 4, "weg"),
        (["X", "http://127.0.0.1:1/"], {"REGIE_CLOUDEVENTS_SOURCE": ""}, 7, "REGIE_CLOUDEVENTS_SOURCE"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_dutch_and_nothing_is_kept(
    regie: Regie, arguments: list[str], settings: dict[str, str], code: int, says: str
) -> None:
    ran: Ran = regie("webhook", "add", *arguments, **settings)

    assert (ran.code, says in ran.err) == (code, True), ran.err
    assert regie("webhook", "list").out == "Er zijn geen webhooks.\n"


def test_an_unknown_webhook_is_named(regie: Regie) -> None:
    for command in ("pause", "resume", "rotate", "test"):
        ran = regie("webhook", command, "weg")
        assert (ran.code, "Er is geen webhook 'weg'." in ran.err) == (4, True)
