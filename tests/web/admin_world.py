"""A municipality with staff accounts, for the pages of administrators."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.testclient import TestClient

from regie import doorbell
from regie.core.ids import RoleId
from regie.core.permissions import Right
from regie.store.accounts import add_account, give_right
from regie.store.session import in_transaction
from regie.store.sessions import open_session
from tests.store.world import OPENING, OPENING_ANCHOR, World
from tests.support import builders as b
from tests.web.conftest import NOW, Browse
from tests.web.signed_in import SESSION

Enter = Callable[..., TestClient]


@pytest.fixture
def world(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(doorbell, "ring", lambda settings, reason: True)
    definition = b.definition(
        b.step("eerst"),
        b.step("advies", due="5wd before opening", responsible=RoleId("other")),
        b.step(
            "geheim", due="1wd before opening", responsible=RoleId("other"), confidential_until=b.AnchorId("opening")
        ),
        anchors=OPENING_ANCHOR,
    )
    found = World(sqlite_engine, definition)
    found.starts("de-wilg", targets={"opening": OPENING})
    return found


@pytest.fixture
def enter(world: World, browse: Browse) -> Enter:
    """Give a browser of a new account with these rights; ``browser.account`` is its number."""
    made = iter(range(1, 1000))

    def start(*rights: Right, name: str = "", **settings: object) -> TestClient:
        browser = browse(**settings)
        browser.app.state.shell.context.shelf.put(world.definition)  # type: ignore[attr-defined]
        called = name or f"lid-{next(made)}"

        def make(session: Session) -> tuple[int, str]:
            own = add_account(session, name=called, by="cli:x", now=NOW)
            for right in rights:
                give_right(session, own, right, "cli:x", NOW)
            return own, open_session(session, NOW, lambda: f"{called:s<43}", account_id=own)

        own, session_id = in_transaction(world.engine, make)
        browser.cookies.set(SESSION, session_id)
        browser.account = own  # type: ignore[attr-defined]
        return browser

    return start


def refusals(world: World) -> list[tuple[str, str]]:
    return [(row["what"], row["about"]) for row in world.rows("access_log") if row["outcome"] == "refused"]


def noted(world: World, what: str) -> list[tuple[str, str]]:
    """Who did this, and to what."""
    return [(row["who"], row["about"]) for row in world.rows("access_log") if row["what"] == what]
