"""A municipality with staff accounts, for the pages of administrators."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from regie import doorbell
from regie.core.ids import RoleId
from tests.store.world import OPENING, OPENING_ANCHOR, World
from tests.support import builders as b
from tests.web.conftest import Browse
from tests.web.staff import SignIn as Enter
from tests.web.staff import refusals as refusals
from tests.web.staff import staff_of


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
    return staff_of(world, browse)


def noted(world: World, what: str) -> list[tuple[str, str]]:
    """Who did this, and to what."""
    return [(row["who"], row["about"]) for row in world.rows("access_log") if row["what"] == what]
