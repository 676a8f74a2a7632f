"""Two trajects of two organisations in which every text is an attack, and browsers of everybody who may come by."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy import Engine, text
from sqlmodel import Session
from starlette.testclient import TestClient

from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.actions.hand_over_files import hand_over_files
from regie.actions.keep_agenda import make_agenda
from regie.actions.keep_webhooks import add
from regie.actions.reconcile import reconcile
from regie.actions.start_traject import NewTraject, start_traject
from regie.clock import VirtualClock
from regie.core.events import (
    DateProposed,
    Event,
    GateDecided,
    ItemsChanged,
    PutForDecision,
    QuestionAnswered,
    QuestionAsked,
    StepDeclined,
    StepFinished,
    StepStarted,
    StepWaived,
)
from regie.core.ids import ListId, OccurrenceKey, RoleId, StepId
from regie.core.permissions import Right, Role, Scope
from regie.core.traject import Item
from regie.definitions import load_sources
from regie.notify.sender import Delivery, DeliveryOutcome, OutgoingMessage
from regie.reports.partner_step import Act as LinkAct
from regie.settings import Settings
from regie.store.accounts import add_account, add_token, give_right
from regie.store.partners import bind_role, save_person
from regie.store.session import in_transaction
from regie.store.sessions import open_session
from regie.uploads import Upload
from regie.web import form_token, visitor
from regie.web.acts import BY_PATH
from regie.web.app import ROUTERS, create_app
from regie.web.deps import file_room
from regie.web.routes.gates import Act as GateAct
from tests.support.documents import PDF
from tests.web.conftest import BASE, LINK_KEY, NOW, SAME_ORIGIN

SESSION = "__Host-regie-session"
LIVE = """=1+1"><script>alert(1)</script><img src=x onerror=alert(1)>' {{7*191}} javascript:alert(1) """
"""Begins as a formula, ends an attribute, a tag, a text; and is a template that would give 1337."""
OWN, OTHERS, SECRET = "aaakern", "bbbkern", "geheimkern"
"""What stands in every text of the first traject, of the second, and in what was typed at a confidential step."""
SLUGS = {OWN: "aaakern-wilg", OTHERS: "bbbkern-es"}
SETTINGS: dict[str, Any] = {
    "base_url": BASE,
    "organisation": '"><script>alert(1)</script>{{7*191}}',
    "environment_label": "\"'><img src=x onerror=alert(1)>",
    "cloudevents_source": "urn:nld:gemeente-voorbeeldstad.regie",
    "cloudevents_type_prefix": "nl.voorbeeldstad.regie",
    "webhook_hosts": "127.0.0.1",
    "webhook_internal_hosts": "127.0.0.1",
}

_DEFINITION = """
regie: 1
id: plan-MARK
version: "1"
title: {nl: EVIL, en: EVIL}
language: nl
calendar: weekdays
questions:
  plekken: {ask: {nl: EVIL, en: EVIL}, number: {from: 1, to: 200}, default: 50}
  gebouw:
    ask: {nl: EVIL, en: EVIL}
    one_of: {bestaand: {nl: EVIL, en: EVIL}, units: {nl: EVIL, en: EVIL}}
    default: units
bodies:
  college:
    title: {nl: EVIL, en: EVIL}
    meets: {every: 2w, on: tuesday, from: 2027-06-01}
    papers: 5wd
    recess: [{name: EVIL, from: 07-20, to: 08-15}]
roles:
  lead: {title: {nl: EVIL, en: EVIL}}
  ggd: {title: {nl: EVIL, en: EVIL}}
  leeg: {title: {nl: EVIL, en: EVIL}}
phases: {een: {title: {nl: EVIL, en: EVIL}, about: {nl: EVIL, en: EVIL}}, twee: {title: {nl: EVIL, en: EVIL}}}
tracks: {plek: {title: {nl: EVIL, en: EVIL}, in_all_phases: true}}
anchors:
  opening: {title: {nl: EVIL, en: EVIL}, target: required, set_by: open}
  later: {title: {nl: EVIL, en: EVIL}}
lists: {komst: {title: {nl: EVIL, en: EVIL}, first_on: opening}}
cycle_kinds: {improvement: {title: {nl: EVIL, en: EVIL}}}
notices:
  lead: lead
  to: {decision-taken: [responsible], decision-needed: [responsible], ready: [responsible]}
steps:
  vraag: {phase: een, track: plek, title: {nl: EVIL, en: EVIL}, done_when: {nl: EVIL, en: EVIL}, takes: 5wd, responsible: ggd, due: 5wd after start}
  bewijs: {phase: een, track: plek, title: {nl: EVIL, en: EVIL}, takes: 5wd, responsible: ggd, evidence: required, due: 5wd after start}
  gedaan: {phase: een, track: plek, title: {nl: EVIL, en: EVIL}, takes: 5wd, responsible: ggd, evidence: required, due: 5wd after start}
  afgewezen: {phase: een, track: plek, title: {nl: EVIL, en: EVIL}, takes: 5wd, responsible: ggd, due: 5wd after start}
  over: {phase: een, track: plek, title: {nl: EVIL, en: EVIL}, takes: 5wd, responsible: ggd}
  vergunning:
    phase: een
    track: plek
    title: {nl: EVIL, en: EVIL}
    responsible: lead
    term: {length: 8w, kind: law, extension: 6w, article: EVIL, source: "https://wetten.overheid.nl", valid_from: 2024-01-01}
  besluit:
    phase: een
    track: plek
    title: {nl: EVIL, en: EVIL}
    done_when: {nl: EVIL, en: EVIL}
    responsible: lead
    gate: {decided_by: college, no_go: ends the cycle}
  geheim:
    phase: een
    track: plek
    title: {nl: EVIL, en: EVIL}
    responsible: lead
    confidential_until: opening
    takes: 5wd
    due: 5wd after start
  geheim-besluit:
    phase: een
    track: plek
    title: {nl: EVIL, en: EVIL}
    responsible: lead
    confidential_until: opening
    gate: {decided_by: college, no_go: stays closed}
  bouw: {track: plek, title: {nl: EVIL, en: EVIL}, phase: twee, takes: 10wd, responsible: leeg, needs: [vraag, besluit], when: gebouw = units}
  open: {track: plek, title: {nl: EVIL, en: EVIL}, phase: twee, takes: 2wd, responsible: lead, needs: [besluit, geheim]}
  welkom: {track: plek, title: {nl: EVIL, en: EVIL}, phase: twee, takes: 1wd, responsible: ggd, for_each: komst}
"""
STEPS = (
    "besluit",
    "geheim-besluit",
    "gedaan",
    "geheim",
    "vraag",
    "bewijs",
    "afgewezen",
    "over",
    "vergunning",
    "welkom@i1",
)
"""Each in a state of its own."""


def evil(mark: str) -> str:
    return f"{LIVE}{mark}"


def sources_of(mark: str) -> dict[str, str]:
    return {"workflow.yaml": _DEFINITION.replace("MARK", mark).replace("EVIL", json.dumps(evil(mark)))}


@dataclass
class Post:
    """Takes every message, but refuses the first with words of its own."""

    sent: list[OutgoingMessage] = field(default_factory=list)

    def send(self, message: OutgoingMessage) -> Delivery:
        self.sent.append(message)
        if len(self.sent) == 1:
            return Delivery(DeliveryOutcome.REFUSED, f"550 {LIVE}", permanent=True)
        return Delivery(DeliveryOutcome.ACCEPTED, "250")


class Town:
    """The two trajects, and one application on them."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.clock = VirtualClock(NOW - timedelta(days=20))
        self.context = Context.on(engine, b"k" * 32, link_key=LINK_KEY, brake_at=1_000)
        self.settings = Settings(**{"data_dir": folder, **SETTINGS})
        self.app = create_app(self.context, self.settings, self.clock)
        self.post = Post()
        self.people: dict[str, str] = {}
        self.leads: dict[str, str] = {}
        self.ids: dict[str, int] = {}
        self.hashes: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self._numbers = iter(range(1, 1000))
        self._values: dict[str, dict[str, list[str]]] = {}
        self._browsers: list[TestClient] = []
        for mark in (OWN, OTHERS):
            self._starts(mark)
        reconcile(self.context, self.clock())
        for mark in (OWN, OTHERS):
            self._happens(mark)
        self.clock.set_to(NOW)
        reconcile(self.context, self.clock())
        deliver(self.context, self.post, self.clock, "t", Postage(base_url=BASE))
        for mark in (OWN, OTHERS):
            make_agenda(self.context, self.people[mark], self.clock())  # type: ignore[arg-type]
            add(
                self.context, self.settings, name=evil(mark), url=f"http://127.0.0.1:9/{mark}",
                slugs=[SLUGS[mark]], by="cli:x", now=self.clock(),
            )  # fmt: skip

    def _starts(self, mark: str) -> None:
        sources = sources_of(mark)
        definition = load_sources(sources)
        self.hashes[mark] = definition.content_hash

        def join(session: Session) -> None:
            for role, kept in (("ggd", self.people), ("lead", self.leads)):
                kept[mark] = save_person(
                    session, name=f"{evil(mark)} {role}", email=f"{role}.{mark}@partner.example",
                    organisation=f"{evil(mark)} {role}",
                )  # fmt: skip

        in_transaction(self.engine, join)
        new = NewTraject(
            evil(mark), date(2027, 5, 14), {}, {"opening": date(2027, 12, 1)}, slug=SLUGS[mark], by=self.leads[mark]
        )
        own, _ = start_traject(self.context, sources, definition, new, self.clock())
        self.ids[mark] = own

        def play(session: Session) -> None:
            bind_role(session, RoleId("ggd"), self.people[mark], own)  # type: ignore[arg-type]
            bind_role(session, RoleId("lead"), self.leads[mark], own)  # type: ignore[arg-type]

        in_transaction(self.engine, play)

    def _happens(self, mark: str) -> None:
        typed, hush = evil(mark), evil(f"{SECRET} {mark}")
        partner, lead, shell = self.people[mark], self.leads[mark], self.app.state.shell

        def key(step: str) -> OccurrenceKey:
            return OccurrenceKey(StepId(step))

        def with_file(event: StepStarted | StepFinished, name: str) -> None:
            uploads = [Upload(name, io.BytesIO(PDF))]
            hand_over_files(self.context, file_room(shell), self.ids[mark], event, uploads, self.clock())

        name = f"../../'{mark}\"><img src=x onerror=alert(1)>.pdf"
        with_file(StepFinished(key=key("gedaan"), by=partner, note=typed, evidence=("https://x.example/\"'",)), name)
        with_file(StepStarted(key=key("geheim"), by=lead, note=hush), f"{SECRET}{mark}.pdf")
        for event in (
            QuestionAsked(key=key("vraag"), by=partner, text=typed),
            QuestionAnswered(key=key("vraag"), by=lead, text=typed),
            DateProposed(key=key("bewijs"), by=partner, on=date(2027, 9, 1), reason=typed),
            StepDeclined(key=key("afgewezen"), by=partner, reason=typed),
            StepWaived(key=key("over"), by=lead, reason=typed, approved_by=typed),
            PutForDecision(key=key("besluit"), by=lead, note=typed),
            QuestionAsked(key=key("geheim"), by=lead, text=hush),
            DateProposed(key=key("geheim"), by=lead, on=date(2027, 9, 1), reason=hush),
            GateDecided(
                key=key("geheim-besluit"),
                by=lead,
                outcome="no-go",
                decided_by=hush,
                reason=hush,
                on=date(2027, 5, 14),
                document=f"https://x.example/{SECRET}",
            ),
            ItemsChanged(list=ListId("komst"), by=lead, items=(Item("i1", date(2027, 12, 1), 7),)),
        ):
            self.does(mark, event)

    def does(self, mark: str, event: Event) -> None:
        apply_event(self.context, self.ids[mark], event, self.clock())

    # --- who comes by ---------------------------------------------------------------------------------

    def browser(self, session_id: str = "") -> TestClient:
        found = TestClient(self.app, base_url=BASE, raise_server_exceptions=False, follow_redirects=False)
        if session_id:
            found.cookies.set(SESSION, session_id)
        self._browsers.append(found)
        return found

    def staff(self, *rights: Right) -> TestClient:
        number = next(self._numbers)

        def make(session: Session) -> str:
            own = self._account(session, number, rights)
            return open_session(session, self.clock(), lambda: f"{number:0>43}", account_id=own)

        return self.browser(in_transaction(self.engine, make))

    def _account(self, session: Session, number: int, rights: tuple[Right, ...]) -> int:
        own = add_account(session, name=f"{LIVE}lid {number}", email=f"lid{number}@voorbeeld.nl", by="cli:x", now=NOW)
        for right in rights:
            give_right(session, own, right, "cli:x", NOW)
        return own

    def partner(self, mark: str) -> TestClient:
        own, number = self.people[mark], next(self._numbers)
        return self.browser(
            in_transaction(
                self.engine, lambda session: open_session(session, NOW, lambda: f"{number:0>43}", person_id=own)
            )
        )

    def program(self, *rights: Right) -> str:
        """Give the header of a program with every scope there is."""
        number = next(self._numbers)

        def make(session: Session) -> str:
            _, key = add_token(
                session, account_id=self._account(session, number, rights), name=f"{LIVE}{number}",
                scopes=tuple(Scope), expires_at=NOW + timedelta(days=9), by="cli:x", now=NOW,
                chance=lambda: f"{number:0>40}",
            )  # fmt: skip
            return key

        return f"Bearer {in_transaction(self.engine, make)}"

    def close(self) -> None:
        for browser in self._browsers:
            browser.close()

    # --- what there is --------------------------------------------------------------------------------

    def rows(self, wanted: str, **values: object) -> list[Any]:
        with self.engine.connect() as connection:
            return [row[0] for row in connection.execute(text(wanted), values)]

    def links(self, mark: str) -> list[str]:
        """The tokens in the mails to a partner."""
        to = f"ggd.{mark}@partner.example"
        found = [
            re.findall(rf"{re.escape(BASE)}/actie/([a-z0-9]+)", each.text) for each in self.post.sent if each.to == to
        ]
        return sorted({token for tokens in found for token in tokens})

    def feed(self, mark: str) -> str:
        return str(make_agenda(self.context, self.people[mark], self.clock()).token)  # type: ignore[arg-type]

    def values(self, mark: str) -> dict[str, list[str]]:
        """What each name in a path stands for in the traject with a mark; ``token`` follows from the path."""
        if mark in self._values:
            return dict(self._values[mark])
        own = self.ids[mark]
        messages = self.rows("SELECT DISTINCT message_id FROM notice WHERE traject_id = :t ORDER BY 1", t=own)
        self._values[mark] = {
            "slug": [SLUGS[mark]],
            "key": [*STEPS],
            "sleutel": [*STEPS],
            "anker": ["start", "opening", "later"],
            "lijst": ["komst"],
            "message_id": messages[:4],
            "kenmerk": messages[:2],
            "webhook_id": self.rows("SELECT id FROM webhook WHERE name LIKE :m", m=f"%{mark}"),
            "person_id": [self.people[mark], self.leads[mark]],
            "role": ["lead", "ggd", "leeg"],
            "content_hash": [self.hashes[mark]],
            "naam": [f"plan-{mark}"],
            "file_id": self.rows("SELECT id FROM file WHERE traject_id = :t", t=own),
            "number": [str(each) for each in self.rows("SELECT id FROM link WHERE traject_id = :t", t=own)[:3]],
            "nummer": ["1"],
            "volgnummer": [str(each) for each in self.rows("SELECT seq FROM history WHERE traject_id = :t", t=own)][-5:],
            "bestand": self.rows("SELECT id FROM file WHERE traject_id = :t", t=own),
            "kind": ["svg", "png", "csv", "xlsx"],
            "path": ["regie.css", "../regie/settings.py"],
        }  # fmt: skip
        return dict(self._values[mark])


# --- the route table ---------------------------------------------------------------------------------


def flat(routes: object) -> Iterator[APIRoute]:
    for route in routes:  # type: ignore[attr-defined]
        if isinstance(route, APIRoute):
            yield route
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "app", None)
            yield from flat(getattr(inner, "routes", ()))


def routes_of(method: str) -> list[APIRoute]:
    return [route for router in ROUTERS for route in flat(router.routes) if method in route.methods]


def names_in(path: str) -> list[str]:
    return re.findall(r"\{(\w+)(?::path)?\}", path)


def fill(path: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)(?::path)?\}", lambda found: values[found[1]], path)


def paths_of(town: Town, path: str, mark: str) -> list[str]:
    """Every address of a route with what there is in a traject; a name that nobody foresaw is an error.

    Of steps whose address also names an act, only those that stand in each state.
    """
    values = town.values(mark)
    if path.startswith("/actie/"):
        values |= {"token": town.links(mark), "act": [each.value for each in LinkAct]}
    elif path.startswith("/agenda/"):
        values |= {"token": [town.feed(mark)]}
    elif path.startswith("/aanmelden/eenmalig/"):
        values |= {"token": ["a" * 43]}
    elif path.startswith(("/beheer/accounts/", "/beheer/tokens/")):
        values |= {"number": ["1", "2"]}
    elif "/links/{nummer}" in path:
        values |= {"nummer": values["number"]}
    elif path.endswith("/{daad}"):
        values |= {"daad": list(BY_PATH), "key": ["vraag"]}
    elif path.endswith("/besluiten/{key}/{act}"):
        values |= {"act": [each.value for each in GateAct], "key": ["besluit", "geheim-besluit"]}
    names = names_in(path)
    return [fill(path, dict(zip(names, each, strict=True))) for each in product(*(values[name] for name in names))]


def parts_of(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for each in dependant.dependencies:
        yield from parts_of(each)


def queries_of(route: APIRoute) -> list[str]:
    """The names of everything that a route reads from the query."""
    return sorted({str(each.alias) for part in parts_of(route.dependant) for each in part.query_params})


def fields_of(route: APIRoute) -> list[str]:
    """The names of everything that a route reads from a form."""
    return sorted({str(each.alias) for part in parts_of(route.dependant) for each in part.body_params})


def token_for(town: Town, browser: TestClient, path: str) -> str:
    """The form token that a page of this browser would hold for a path."""
    bound_to = visitor.binding_of(path, dict(browser.cookies), secure=True)
    return form_token.make_token(town.app.state.shell.pages.key, bound_to)


def send(town: Town, browser: TestClient, method: str, path: str, key: str, typed: Mapping[str, Any]) -> Any:
    """Send what the form on a page of this browser would send; to the API, what a program with this key would."""
    if path.startswith("/api/"):
        return browser.request(method, path, json={}, headers={"Authorization": key, "If-Match": "*"})
    presses = "vast" if "/besluiten/" in path else "doe" if path.endswith(("/nieuw", "/afsluiten")) else "opslaan"
    data = {"form_token": token_for(town, browser, path), "doe": presses, **typed}
    return browser.request(method, path, data=data, headers=SAME_ORIGIN)


LEADS, KEEPS = Right(Role.LEAD), Right(Role.ADMINISTRATOR)
