"""Measure the pages: 200 trajects of the whole default definition that have been at work for nine months.

One is lived for real, with everybody doing the work on the planned day but for one step; the others are its copies,
with their history, messages and links. Each page is asked as a browser would, of the real application in this process.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi.routing import APIRoute as Route
from sqlalchemy import Engine, event
from sqlmodel import Session
from starlette.testclient import TestClient

from bench.towns import copy_traject, new_traject, open_town
from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.actions.reconcile import reconcile
from regie.actions.start_traject import start_traject
from regie.clock import VirtualClock
from regie.core.definition import Definition
from regie.core.ids import StepId
from regie.core.permissions import Right, Role, Scope
from regie.definitions.diligence import next_deed
from regie.notify.sender import Delivery, DeliveryOutcome, OutgoingMessage
from regie.settings import Settings
from regie.store.accounts import add_account, add_token, give_right
from regie.store.outbox import list_messages
from regie.store.session import in_transaction, read_scope
from regie.store.sessions import open_session
from regie.store.trajects import load_traject
from regie.web.app import create_app

TRAJECTS, TIMES, WARM_UP = 200, 15, 2
START, TODAY = date(2026, 12, 1), date(2027, 9, 7)
LEFT_ALONE = frozenset({StepId("f0-go-besluit")})
BASE = "https://regie.voorbeeldstad.nl"
FILLED = {
    "slug": "locatie-1", "key": "f0-go-besluit", "token": "none", "daad": "afronden", "anker": "opening", "lijst": "arrival",
    "act": "besluit", "kind": "svg", "person_id": "p1", "role": "ggd", "number": "1",
    "sleutel": "f0-go-besluit", "anker_id": "opening", "nummer": "1", "naam": "opvang",
}  # fmt: skip
OWN = {"/trajecten/{slug}/stappen/{key}/{daad}": {"key": "f1-zorgafspraken"}, "/actie/{token}/{act}": {"act": "vraag"}}
"""What stands at another place than in the other addresses."""
AIM_MS = 200


class Nowhere:
    """Takes every message, and remembers the last link in them."""

    link = ""

    def send(self, message: OutgoingMessage) -> Delivery:
        self.link = (re.findall(rf"{BASE}/actie/([a-z0-9]+)", message.text) or [self.link])[-1]
        return Delivery(DeliveryOutcome.ACCEPTED, "250")


class Counted:
    """How many statements an engine was given."""

    def __init__(self, engine: Engine) -> None:
        self.number = 0
        event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, *_: object) -> None:
        self.number += 1


def bench_pages(folder: Path) -> None:
    """Ask every page of 200 trajects; print the slowest first."""
    context, definition, sources = open_town(folder / "regie.db")
    context = Context.on(context.engine, b"k" * 32, link_key=b"l" * 32, brake_at=10**9)
    clock = VirtualClock(_morning_of(START))
    traject_id, _ = start_traject(context, sources, definition, new_traject(1), clock())
    nowhere = Nowhere()
    _live(context, definition, traject_id, clock, nowhere)
    copy_traject(context.engine, traject_id, 1, TRAJECTS, whole=True)
    with context.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
        rows = connection.exec_driver_sql("SELECT count(*) FROM occurrence").scalar()
        told = connection.exec_driver_sql("SELECT count(*) FROM message").scalar()
        said = connection.exec_driver_sql("SELECT count(*) FROM history").scalar()
    print(f"{TRAJECTS} trajects, {rows:,} occurrences, {told:,} messages, {said:,} lines of history; median of {TIMES}")
    app = create_app(context, Settings(data_dir=folder, base_url=BASE), clock)
    counted = Counted(context.engine)
    with read_scope(context.engine) as session:
        ids = {"content_hash": definition.content_hash, "message_id": list_messages(session, limit=1)[0].id}
    paths = sorted({path for route in _flat(app.routes) if (path := _path_of(route, nowhere.link, ids))})
    key = in_transaction(context.engine, partial(_program, now=clock()))
    with TestClient(app, base_url=BASE, follow_redirects=False, raise_server_exceptions=False) as browser:
        measured = [_measure(browser, path, *_who(context, path, clock()), counted, key) for path in paths]
    for median, worst, statements, status, path in sorted(measured, reverse=True):
        mark = "  OVER" if median > AIM_MS else ""
        print(f"{median:8.1f} ms  worst {worst:8.1f} ms  {statements:3} statements  {status}  {path}{mark}", flush=True)


def _live(context: Context, definition: Definition, traject_id: int, clock: VirtualClock, nowhere: Nowhere) -> None:
    day = START
    while day < TODAY:
        day = min(definition.calendar.next_working_day(day + timedelta(days=4)), TODAY)
        clock.set_to(_morning_of(day))
        reconcile(context, clock())
        while True:
            with read_scope(context.engine) as session:
                cycle = load_traject(session, traject_id, context.shelf, for_change=False).cycles[0]
            deed = next_deed(cycle, day, by="account:1", except_for=LEFT_ALONE)
            if deed is None:
                break
            apply_event(context, traject_id, deed, clock())
        deliver(context, nowhere, clock, "bench", Postage(base_url=BASE))


def _flat(routes: Iterable[object]) -> Iterator[Route]:
    for route in routes:
        if isinstance(route, Route):
            yield route
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "app", None)
            yield from _flat(getattr(inner, "routes", ()))


def _path_of(route: Route, link: str, ids: Mapping[str, str]) -> str:
    """The address of a page with its places filled; empty for what cannot be asked so."""
    if "GET" not in (route.methods or ()) or "{path:path}" in route.path:
        return ""
    given = FILLED | ({"token": link} if "/actie/" in route.path else {}) | OWN.get(route.path, {}) | ids
    try:
        return str(route.path.format(**given))
    except KeyError:
        return ""


def _who(context: Context, path: str, now: datetime) -> tuple[dict[str, str]]:
    """The cookie of a partner for their own pages, else of somebody who may see everything."""

    def enter(session):  # type: ignore[no-untyped-def]
        if path.startswith("/mijn-stappen"):
            return open_session(session, now, lambda: f"{path:p<60}", person_id="p1")
        name = f"alles{path}"
        own = add_account(session, name=name, email="alles@voorbeeld.nl", by="cli:x", now=now)
        for role in (Role.LEAD, Role.ADMINISTRATOR):
            give_right(session, own, Right(role), "cli:x", now)
        return open_session(session, now, lambda: f"{path:a<60}", account_id=own)

    return ({"__Host-regie-session": in_transaction(context.engine, enter)},)


def _program(session: Session, now: datetime) -> str:
    """The key of a program that may do everything."""
    own = add_account(session, name="koppeling", email="koppeling@voorbeeld.nl", by="cli:x", now=now)
    for role in (Role.LEAD, Role.ADMINISTRATOR):
        give_right(session, own, Right(role), "cli:x", now)
    return add_token(
        session, account_id=own, name="koppeling", scopes=tuple(Scope), by="cli:x", now=now, chance=lambda: "k" * 43,
        expires_at=now + timedelta(days=1),
    )[1]  # fmt: skip


def _measure(
    browser: TestClient, path: str, cookies: dict[str, str], counted: Counted, key: str
) -> tuple[float, float, int, int, str]:
    browser.cookies.clear()
    browser.cookies.update(cookies)
    browser.headers["Authorization"] = f"Bearer {key}"
    for _ in range(WARM_UP):
        browser.get(path)
    times = []
    before = counted.number
    for _ in range(TIMES):
        began = time.perf_counter()
        answer = browser.get(path)
        times.append((time.perf_counter() - began) * 1000)
    statements = round((counted.number - before) / TIMES)
    return statistics.median(times), max(times), statements, answer.status_code, path


def _morning_of(day: date) -> datetime:
    return datetime.combine(day, time_of_day(10), ZoneInfo("Europe/Amsterdam")).astimezone(UTC)
