"""Somebody of the municipality who is signed in with these rights: the one way in for tests of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime

from sqlalchemy import Engine
from sqlmodel import Session
from starlette.testclient import TestClient

from regie.core.definition import Anchor
from regie.core.ids import AnchorId, RoleId, StepId
from regie.core.permissions import Right
from regie.store.accounts import add_account, give_right
from regie.store.session import in_transaction
from regie.store.sessions import open_session
from tests.store.world import World
from tests.support import builders as b
from tests.web.conftest import NOW, Browse
from tests.web.signed_in import SESSION

OPENING = date(2027, 9, 1)
SignIn = Callable[..., TestClient]


def add_staff(session: Session, name: str, rights: Iterable[Right], email: str = "") -> int:
    """Make an account with these rights; give its number."""
    own = int(add_account(session, name=name, email=email, by="cli:x", now=NOW))
    for right in rights:
        give_right(session, own, right, "cli:x", NOW)
    return own


def sign_in_staff(
    browser: TestClient, engine: Engine, *rights: Right, name: str = "lid", email: str = "", at: datetime = NOW
) -> int:
    """Let a browser in as a new account with these rights; give its number."""

    def make(session: Session) -> tuple[int, str]:
        own = add_staff(session, name, rights, email)
        return own, open_session(session, at, lambda: f"{own:s>43}", account_id=own)

    own, session_id = in_transaction(engine, make)
    browser.cookies.set(SESSION, session_id)
    return own


def staff_of(world: World, browse: Browse, **settings: object) -> SignIn:
    """Give what makes a browser of a new account with some rights; ``browser.account`` is its number."""
    made = iter(range(1, 1000))

    def enter(*rights: Right, name: str = "", email: str = "", **more: object) -> TestClient:
        browser = browse(**{**settings, **more})
        browser.app.state.shell.context.shelf.put(world.definition)  # type: ignore[attr-defined]
        own = sign_in_staff(browser, world.engine, *rights, name=name or f"lid-{next(made)}", email=email)
        browser.account = own  # type: ignore[attr-defined]
        return browser

    return enter


def two_trajects(engine: Engine) -> World:
    """One that will open in time, one that cannot; with a decision, a step of a partner and one that is confidential."""
    opening = Anchor(AnchorId("opening"), {"nl": "Opening"}, target_required=True, set_by=StepId("open"))
    definition = b.definition(
        b.step("advies", "5wd", due="10wd after predecessors", responsible=RoleId("other")),
        b.step("besluit", "0wd", needs=["advies"], gate=b.gate(go="opens", stop="ends the cycle")),
        b.step("open", "5wd", needs=["besluit"]),
        b.step("geheim", "1wd", confidential_until=AnchorId("opening")),
        anchors={"opening": opening},
    )
    found = World(engine, definition)
    found.starts("de-wilg", start=date(2027, 6, 1), targets={"opening": OPENING})
    found.starts("krap", start=date(2027, 6, 1), targets={"opening": date(2027, 6, 4)})
    return found


def refusals(world: World) -> list[tuple[str, str]]:
    """What somebody wanted and did not get."""
    return [(row["what"], row["about"]) for row in world.rows("access_log") if row["outcome"] == "refused"]
