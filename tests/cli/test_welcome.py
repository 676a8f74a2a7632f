"""``regie up`` gives the owner a link: only on a terminal, and only when nobody else can reach this Regie."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from regie.actions.sign_in import OWNER, sign_in_with_link
from regie.cli.admin import welcome
from regie.cli.common import open_town
from regie.clock import system_clock
from regie.errors import NotFound
from regie.settings import load_settings
from regie.store.accounts import find_account
from regie.store.session import create_engine_for, read_scope, upgrade
from regie.store.sessions import Limits, find_session

HERE = "http://127.0.0.1:8099"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGIE_DATA_DIR", str(tmp_path))
    upgrade(create_engine_for(load_settings().database_url.get_secret_value()))
    return tmp_path


def test_owner_gets_a_link_to_where_the_pages_are_and_it_signs_in() -> None:
    said = welcome(load_settings(), HERE, Terminal())

    found = re.fullmatch(rf"Aanmelden \(een keer, binnen tien minuten\): {HERE}/aanmelden/eenmalig/([\w-]{{43}})", said)
    assert found is not None
    context, now = open_town().context, system_clock()
    session_id = sign_in_with_link(context, found[1], now)
    with read_scope(context.engine) as session:
        signed_in = find_session(session, session_id, now, Limits())
    assert signed_in is not None
    assert signed_in.name == OWNER


@pytest.mark.parametrize("out", [io.StringIO(), None])
def test_what_is_no_terminal_gets_no_link_and_none_is_made(out: io.StringIO | None) -> None:
    assert welcome(load_settings(), HERE, out) == ""
    assert not _has_owner()


@pytest.mark.parametrize(
    ("variable", "value", "address"),
    [
        ("REGIE_WEB_HOST", "0.0.0.0", HERE),
        ("REGIE_WEB_HOST", "192.168.1.7", HERE),
        ("REGIE_BASE_URL", "https://regie.voorbeeldstad.nl", "https://regie.voorbeeldstad.nl"),
        ("REGIE_OIDC_DISCOVERY_URL", "https://idp.voorbeeldstad.nl", HERE),
    ],
)
def test_others_could_reach_it_or_there_is_a_provider(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, address: str
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("REGIE_OIDC_CLIENT_ID", "regie")
    monkeypatch.setenv("REGIE_OIDC_CLIENT_SECRET", "geheim")

    assert welcome(load_settings(), address, Terminal()) == ""
    assert not _has_owner()


def _has_owner() -> bool:
    with read_scope(open_town().context.engine) as session:
        try:
            find_account(session, OWNER)
        except NotFound:
            return False
    return True
