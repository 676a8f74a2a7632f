"""Accounts and keys on the command line: Dutch, with ``--json``, and no secret where others can read it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from unittest import mock

import pytest

from regie.cli import main
from tests.support.commands import Ran, Regie, command_in

GOOD = "een zin van vier woorden"


@pytest.fixture
def regie(tmp_path: Path) -> Regie:
    return command_in(tmp_path)


def with_stdin(regie: Regie, text: str, *arguments: str) -> Ran:
    """The command with a line on stdin, as a script gives a secret."""
    inner = main.run

    def run(given: list[str]) -> None:
        with mock.patch.object(sys, "stdin", io.StringIO(text)):
            inner(given)

    with mock.patch.object(main, "run", run):
        return regie(*arguments)


def test_from_first_account_to_key_and_back(regie: Regie, tmp_path: Path) -> None:
    made = regie("account", "add", "Nood", "--email", "nood@voorbeeldstad.nl", "--json", "--by", "jan").json
    assert (made["id"], made["has_password"], made["rights"]) == (1, False, [])

    assert with_stdin(regie, f"{GOOD}\n", "account", "password", "nood", "--json").json == {
        "account": 1,
        "password_set": True,
    }
    given = regie("account", "right", "1", "lead", "--json").json
    assert (given["changed"], given["rights"]) == (True, [{"role": "lead", "traject_id": 0}])
    key = regie("token", "add", "koppeling", "--account", "nood", "--scope", "read", "--scope", "steps", "--json").json
    assert key["key"].startswith("regie_")

    listed = regie("token", "list")
    assert "koppeling" in listed.out
    assert key["key"] not in listed.out
    assert regie("account", "list").out.splitlines()[1].split("\t") == ["1", "Nood", "local", "lead", "open"]
    assert regie("token", "revoke", "1", "--json").json == {"token": 1, "revoked": True}
    assert regie("token", "revoke", "1").out == "Sleutel 1 was al ingetrokken.\n"
    assert regie("account", "disable", "nood", "--yes").out == "Account 1 is gesloten; geen sessies beëindigd.\n"
    assert regie("account", "enable", "nood").out == "Account 1 is open.\n"
    assert regie("account", "right", "1", "lead", "--take").out == "Account 1 heeft nu: geen rechten.\n"
    assert regie("account", "sessions", "nood", "--json").json == []
    assert regie("account", "sign-out", "nood").out == "geen sessies beëindigd.\n"

    log = regie("audit", "access", "--json").json
    assert [each["what"] for each in reversed(log)] == [
        "account-added", "password-set", "right-given", "token-added", "token-revoked", "account-disabled",
        "account-enabled", "right-taken", "sessions-ended",
    ]  # fmt: skip
    assert {each["who"] for each in log} == {"jan", "cli:tester"}
    data = b"".join(each.read_bytes() for each in (tmp_path / "data").glob("regie.db*"))
    assert GOOD.encode() not in data
    assert key["key"].encode() not in data


def test_the_log_is_exported_as_lines(regie: Regie, tmp_path: Path) -> None:
    regie("account", "add", "Een")
    regie("account", "add", "Twee")

    assert regie("audit", "access", "--export", "toegang.jsonl").out == "2 regels geschreven in toegang.jsonl.\n"
    lines = [json.loads(each) for each in (tmp_path / "toegang.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [each["about"] for each in lines] == ["account:1", "account:2"]
    piped = regie("audit", "access", "--export", "-")
    assert [json.loads(each) for each in piped.out.splitlines()] == lines
    assert regie("audit", "access", "--export", "er/niet/bij.jsonl").code == 6
    assert regie("audit", "access", "--since", "2999-01-01", "--json").json == []
    assert regie("audit", "access", "--outcome", "refused", "--json").json == []
    assert regie("audit", "access", "--what", "gegluurd").code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("account", "add", "NOOD"), 6, "Er is al een account"),
        (("account", "right", "9", "lead"), 4, "Er is geen account '9'"),
        (("account", "right", "nood", "baas"), 2, "kies uit: administrator, lead, member, reader"),
        (("account", "right", "nood", "lead", "--traject", "weg"), 4, "weg"),
        (("account", "disable", "nood"), 2, "geef --yes"),
        (("account", "password", "nood"), 6, "minstens 15 tekens"),
        (("token", "add", "k", "--account", "nood", "--scope", "alles"), 2, "kies uit: read"),
        (("token", "add", "k", "--account", "nood", "--scope", "read", "--days", "400"), 6, "hoogstens 366 dagen"),
        (("token", "revoke", "9"), 4, "Er is geen sleutel 9"),
    ],
)
def test_what_cannot_be_is_said_in_dutch_and_changes_nothing(
    regie: Regie, arguments: tuple[str, ...], code: int, says: str
) -> None:
    regie("account", "add", "Nood")
    before = regie("account", "list", "--json").out

    ran = regie(*arguments)

    assert (ran.code, says in ran.err) == (code, True), ran.err
    assert regie("account", "list", "--json").out == before


@pytest.mark.parametrize("command", [("account", "password"), ("token", "add")])
def test_no_option_takes_a_secret(regie: Regie, command: tuple[str, ...]) -> None:
    said = regie(*command, "--help").out

    assert not any(option in said for option in ("--password", "--secret", "--key", "--token"))
