"""Helpers for the API: a municipality with two trajects, and programs with tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from regie.core.definition import Anchor, ItemList
from regie.core.ids import AnchorId, ListId, RoleId, StepId
from regie.core.permissions import Right, Role, Scope
from regie.store.accounts import add_token
from regie.store.session import in_transaction
from tests.store.world import World
from tests.support import builders as b
from tests.web.conftest import NOW, Browse
from tests.web.staff import add_staff

OPENING = date(2027, 9, 1)
LEAD, BOTH = Right(Role.LEAD), (Right(Role.LEAD), Right(Role.ADMINISTRATOR))
ALL_SCOPES = tuple(Scope)


def make_world(engine: Engine) -> World:
    """Two trajects, a gate, a growing list, a confidential step, and people to hear of it."""
    opening = Anchor(AnchorId("opening"), {"nl": "Opening"}, target_required=True, set_by=StepId("open"))
    arrival = ItemList(ListId("arrival"), {"nl": "Instroom"}, AnchorId("opening"))
    definition = b.definition(
        b.step("advies", "5wd", due="10wd after predecessors", responsible=RoleId("other")),
        b.step("besluit", "0wd", needs=["advies"], gate=b.gate(go="opens", hold="waits", stop="ends the cycle")),
        b.step("open", "5wd", needs=["besluit"]),
        b.step("geheim", "1wd", confidential_until=AnchorId("opening")),
        b.step("instroom", "1wd", for_each=ListId("arrival")),
        anchors={"opening": opening},
        lists={"arrival": arrival},
    )
    found = World(engine, definition)
    found.starts("de-wilg", start=date(2027, 6, 1), targets={"opening": OPENING})
    found.starts("krap", start=date(2027, 6, 1), targets={"opening": date(2027, 6, 4)})
    return found


@dataclass
class Program:
    """A program that calls the API with one token."""

    browser: TestClient
    key: str
    number: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **params: Any) -> Any:
        return self.ask("GET", path, params=params)

    def ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> Any:
        sent = {"Authorization": f"Bearer {self.key}", **self.headers, **(headers or {})}
        return self.browser.request(method, f"/api/v1{path}", headers=sent, **more)

    def post(
        self, path: str, body: object, *, seen: str = "", key: str = "", method: str = "POST", **params: Any
    ) -> Any:
        headers = ({"If-Match": seen} if seen else {}) | ({"Idempotency-Key": key} if key else {})
        return self.ask(method, path, json=body, params=params, headers=headers)

    def tag(self, path: str) -> str:
        return str(self.get(path).headers["etag"])


Calls = Callable[..., Program]


def program(
    world: World,
    browse: Browse,
    rights: Iterable[Right] = (LEAD,),
    scopes: Iterable[Scope] = ALL_SCOPES,
    *,
    name: str = "koppeling",
    lasts: timedelta = timedelta(days=30),
    **settings: object,
) -> Program:
    """Give a program of somebody with these rights, with a token of these scopes."""
    browser = browse(**settings)
    assert isinstance(browser.app, FastAPI)
    browser.app.state.shell.context.shelf.put(world.definition)

    def make(session: Any) -> tuple[int, str]:
        own = add_staff(session, name, rights, f"{name}@voorbeeld.nl")
        return add_token(
            session,
            account_id=own,
            name=name,
            scopes=tuple(scopes),
            expires_at=NOW + lasts,
            by="cli:x",
            now=NOW,
            chance=lambda: f"{name:k<40}",
        )

    number, key = in_transaction(world.engine, make)
    return Program(browser, key, number)
