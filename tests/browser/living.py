"""A municipality that is at work: a traject of the whole default definition, some months on, and its pages on loopback.

It is lived once per run; who changes something works on a copy.
"""

from __future__ import annotations

import re
import shutil
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import uvicorn
from playwright.sync_api import BrowserContext
from sqlalchemy import Engine

from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.actions.reconcile import reconcile
from regie.actions.sign_in import random_secret
from regie.actions.start_traject import NewTraject, start_traject
from regie.clock import VirtualClock
from regie.core.events import DateProposed, Event, HandedToColleague, QuestionAsked
from regie.core.ids import OccurrenceKey, PersonId, RoleId, StepId
from regie.core.permissions import Right, Role
from regie.core.traject import Cycle, Occurrence, State
from regie.definitions import load_definition, load_sources, sources_of
from regie.definitions.diligence import next_deed
from regie.mailbox import Mailbox
from regie.notify.sender import AppriseSender
from regie.settings import Settings
from regie.store.accounts import add_account, give_right
from regie.store.partners import bind_role, save_person
from regie.store.session import in_transaction, read_scope, write_scope
from regie.store.sessions import open_session
from regie.store.trajects import find_traject_id, load_traject
from regie.web.app import create_app
from tests.support.databases import Databases, engine_on
from tests.support.servers import LOOPBACK, MailServer

AUDIT_KEY, LINK_KEY = b"k" * 32, b"l" * 32
SLUG = "de-wilg"
START, TODAY, OPENING, END = (
    date(2026, 12, 1),
    date(2027, 9, 7),
    date(2028, 7, 3),
    date(2032, 7, 1),
)
ANSWERS = {"plekken": 120}
LATE = frozenset({StepId("f0-go-besluit"), StepId("f1-zorgafspraken")})
"""What nobody does, so that there is something late to see."""

PEOPLE = {
    "projectleider": "Petra Linders",
    "bestuurder": "Bas van Rooij",
    "ggd": "Gita de Groot",
    "coa": "Coen Oud",
    "politie": "Paula Vos",
}
"""What the people of some roles are called; of the others the name is their role."""


def morning_of(day: date) -> datetime:
    """Office hours in the Netherlands, summer and winter."""
    return datetime.combine(day, time(8, 0), UTC)


def live_a_while(engine: Engine) -> None:
    """Start a traject and let it live until today: steps done, one late, a date proposed, a question asked."""
    clock = VirtualClock(morning_of(START))
    context = Context.on(engine, AUDIT_KEY, link_key=LINK_KEY, brake_at=100_000)
    definition = load_definition("opvang")
    with write_scope(engine) as session:
        for role in definition.roles:
            person = save_person(
                session,
                name=PEOPLE.get(role, f"Contact {role}"),
                email=f"{role}@partner.example",
                organisation=str(role).upper() if role in ("ggd", "coa") else str(role).capitalize(),
            )
            bind_role(session, role, person)
    new = NewTraject("Opvang De Wilg", START, ANSWERS, {"opening": OPENING, "einde": END}, slug=SLUG, by="account:1")
    traject_id, _ = start_traject(context, sources_of("opvang"), definition, new, clock())
    day = START
    while day < TODAY:
        day = definition.calendar.next_working_day(day + timedelta(days=7))
        clock.set_to(morning_of(min(day, TODAY)))
        reconcile(context, clock())
        while (
            deed := next_deed(cycle_of(context, traject_id), min(day, TODAY), by="account:1", except_for=LATE)
        ) is not None:
            apply_event(context, traject_id, deed, clock())
    for event in _said(cycle_of(context, traject_id)):
        apply_event(context, traject_id, event, clock())


def _said(cycle: Cycle) -> Iterator[Event]:
    """What partners say about two steps that are theirs."""
    steps = cycle.definition.steps
    open_steps = [
        key
        for key, each in cycle.occurrences.items()
        if each.state in (State.READY, State.IN_PROGRESS) and not steps[key.step].gate and steps[key.step].responsible
    ]
    yield DateProposed(key=open_steps[0], on=TODAY + timedelta(days=60), reason="Eerder lukt niet: vakantie", by="p1")
    yield QuestionAsked(key=open_steps[1], text="Welke versie van het stuk bedoelt u?", by="p2")


def cycle_of(context: Context, traject_id: int = 1) -> Cycle:
    with read_scope(context.engine) as session:
        return load_traject(session, traject_id, context.shelf, for_change=False, whole=True).cycles[0]


@dataclass
class Living:
    """A municipality with its pages served.

    Args:
        url: without a slash at the end.
    """

    url: str
    context: Context
    settings: Settings
    clock: VirtualClock
    mail: MailServer

    def delivers(self) -> None:
        """Sweep, and send what is due to the mail server."""
        sender = AppriseSender(
            self.mail.url, Mailbox("regie@gemeente.example", "Regie Voorbeeldstad"), clock=self.clock
        )
        reconcile(self.context, self.clock())
        deliver(self.context, sender, self.clock, "test", Postage(base_url=self.url))

    def does(self, event: Event) -> None:
        apply_event(self.context, 1, event, self.clock())

    def person(self, role: str) -> str:
        """The id of who plays a role."""
        with read_scope(self.context.engine) as session:
            people = load_traject(session, 1, self.context.shelf, for_change=False).people
        return str(people[RoleId(role)][0].id)

    def hands(self, step: str, role: str) -> str:
        """Give a step to the person of a role; give the link in the mail that the mail server then gets."""
        own = PersonId(self.person(role))
        self.does(HandedToColleague(key=OccurrenceKey(StepId(step)), to=own, by="account:1"))
        self.delivers()
        return self.links_to(f"{role}@partner.example")[-1]

    def links_to(self, address: str) -> list[str]:
        """The links to steps in all mail to somebody, oldest first."""
        return [
            found
            for mail in self.mail.mail_to(address)
            for found in re.findall(rf"{re.escape(self.url)}/actie/[a-z0-9]+", mail.text)
        ]

    def starts(self, sources: Mapping[str, str], slug: str) -> None:
        """Start one more traject today, and deliver what that brings."""
        new = NewTraject(slug.capitalize(), self.clock().date(), slug=slug, by="account:1")
        start_traject(self.context, sources, load_sources(sources), new, self.clock())
        self.delivers()

    def step(self, name: str, copy: str = "", *, slug: str = SLUG) -> Occurrence:
        with read_scope(self.context.engine) as session:
            traject_id = find_traject_id(session, slug)
        return cycle_of(self.context, traject_id).occurrences[OccurrenceKey(StepId(name), copy)]

    def history(self) -> list[tuple[str, str]]:
        """What happened and by whom, oldest first."""
        with self.context.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql("SELECT event, by FROM history ORDER BY seq")]

    def account(self, name: str, *roles: Role) -> int:
        """Make an account that has these roles in every traject."""

        def make(session):  # type: ignore[no-untyped-def]
            own = add_account(session, name=name, email=f"{name}@voorbeeldstad.nl", by="cli:x", now=self.clock())
            for role in roles:
                give_right(session, own, Right(role), "cli:x", self.clock())
            return own

        return in_transaction(self.context.engine, make)

    def lets_in(self, browser: BrowserContext, *, account: int | None = None, person: str | None = None) -> None:
        """Give a browser the session of an account or a partner."""
        own = in_transaction(
            self.context.engine,
            lambda session: open_session(session, self.clock(), random_secret, account_id=account, person_id=person),
        )
        browser.add_cookies([{"name": "regie-session", "value": own, "url": self.url}])


@contextmanager
def served(
    folder: Path, database: Path, mail: MailServer, *, now: datetime | None = None, **settings: object
) -> Iterator[Living]:
    """Serve the pages of a copy of a municipality, by a real server on a free port of this machine.

    Args:
        now: other than the day on which it was left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(database, folder / "regie.db")
    listening = socket.socket()
    listening.bind((LOOPBACK, 0))
    listening.listen()  # from here on a browser waits, when the server is not there yet
    url = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
    chosen = Settings(**{"data_dir": folder, "base_url": url, "organisation": "Gemeente Voorbeeldstad", **settings})
    clock = VirtualClock(now or morning_of(TODAY))
    with engine_on(f"sqlite:///{folder / 'regie.db'}") as engine:
        context = Context.on(engine, AUDIT_KEY, link_key=LINK_KEY, brake_at=100_000)
        app = create_app(context, chosen, clock)
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", log_config=None, access_log=False, timeout_graceful_shutdown=2)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield Living(url, context, chosen, clock, mail)
        finally:
            server.should_exit = True
            thread.join(10)
            listening.close()


def make_database(databases: Databases, folder: Path) -> Path:
    """Live a while in a new SQLite database; give its file."""
    url = databases.new("sqlite")
    with engine_on(url) as engine:
        live_a_while(engine)  # when the last one leaves, SQLite puts everything in the one file
    target = folder / "lived.db"
    shutil.copy(url.removeprefix("sqlite:///"), target)
    databases.drop(url)
    return target
