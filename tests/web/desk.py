"""A municipality with staff who are signed in, on a small definition with decisions in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from html import unescape

from sqlalchemy import Engine, text
from starlette.responses import Response
from starlette.testclient import TestClient

from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.actions.start_traject import NewTraject, start_traject
from regie.clock import VirtualClock
from regie.core.events import StepEvent
from regie.core.ids import OccurrenceKey, RoleId, StepId
from regie.core.permissions import Right, Role
from regie.core.traject import Occurrence, Traject
from regie.definitions import load_sources
from regie.store.people import bind_role, save_person
from regie.store.session import read_scope, write_scope
from regie.store.trajects import load_traject
from tests.web.conftest import LINK_KEY, SAME_ORIGIN, Browse
from tests.web.staff import sign_in_staff

SOURCES = {
    "workflow.yaml": """
regie: 1
id: klein
version: "1"
title: {nl: Klein plan, en: Small plan}
calendar: weekdays
questions:
  plekken: {ask: {nl: "Hoeveel plekken?", en: "How many places?"}, number: {from: 1, to: 200}, default: 50}
  gebouw:
    ask: {nl: "Wat voor gebouw?", en: "What building?"}
    one_of: {bestaand: {nl: Bestaand, en: Existing}, units: {nl: Units, en: Units}}
  regio: {ask: {nl: "Regionaal?", en: "Regional?"}, yes_no: true}
  groepen:
    ask: {nl: "Voor wie?", en: "For whom?"}
    some_of: {gezinnen: {nl: Gezinnen, en: Families}, jongeren: {nl: Jongeren, en: Youth}}
    default: [gezinnen]
bodies:
  college:
    title: {nl: College, en: Executive}
    meets: {every: 2w, on: tuesday, from: 2027-06-01}
    papers: 5wd
    recess: [{name: zomerreces, from: 07-20, to: 08-15}]
roles:
  lead: {title: {nl: Projectleider, en: Project lead}}
  ggd: {title: {nl: GGD, en: Health service}}
  coa: {title: COA}
anchors: {opening: {title: Opening, target: required, set_by: open}}
cycle_kinds: {improvement: {title: {nl: Verbeteren, en: Improvement}}}
notices:
  lead: lead
  to: {decision-taken: [responsible, informed], decision-needed: [responsible], ready: [responsible]}
steps:
  advies: {title: {nl: Advies schrijven, en: Write advice}, takes: 5wd, responsible: ggd, rerun: {improvement: keep}}
  besluit:
    title: {nl: Go-besluit nemen, en: Take the go decision}
    done_when: {nl: het college heeft besloten, en: the executive has decided}
    responsible: lead
    informed: [coa]
    needs: advies
    gate: {decided_by: college, no_go: ends the cycle}
  bouw: {title: Bouwen, takes: 10wd, responsible: coa, needs: besluit, when: gebouw = units}
  open: {title: Openen, takes: 2wd, responsible: lead, needs: besluit}
  keuze: {title: {nl: Huisregels vaststellen, en: Set the rules}, responsible: lead, gate: {decided_by: lead}}
  geheim:
    title: Geheim besluit
    responsible: lead
    confidential_until: opening
    gate: {decided_by: college, no_go: stays closed}
"""
}
ANSWERS = {"gebouw": "units", "regio": "nee"}
START = date(2027, 6, 3)


@dataclass
class Desk:
    """The town; ``signs_in`` gives a browser of somebody with these rights."""

    context: Context
    clock: VirtualClock
    browse: Browse
    traject_id: int = 0

    def signs_in(self, *rights: Right, name: str = "Lies Leider") -> TestClient:
        browser = self.browse(engine=self.context.engine)
        email = f"{name.split()[0].lower()}@voorbeeld.nl"
        rights = rights or (Right(Role.LEAD),)
        sign_in_staff(browser, self.context.engine, *rights, name=name, email=email, at=self.clock())
        return browser

    def traject(self, traject_id: int = 0) -> Traject:
        with read_scope(self.context.engine) as session:
            return load_traject(
                session, traject_id or self.traject_id, self.context.shelf, for_change=False, whole=True
            )

    def step(self, name: str) -> Occurrence:
        return self.traject().cycles[-1].occurrences[OccurrenceKey(StepId(name))]

    def does(self, make: type[StepEvent], step: str, **facts: object) -> None:
        event = make(key=OccurrenceKey(StepId(step)), by="p1", **facts)  # type: ignore[arg-type]
        apply_event(self.context, self.traject_id, event, self.clock())

    def rows(self, wanted: str) -> list[tuple[object, ...]]:
        with self.context.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(wanted))]


def make_desk(engine: Engine, clock: VirtualClock, browse: Browse) -> Desk:
    context = Context.on(engine, b"k" * 32, link_key=LINK_KEY, brake_at=1_000)
    with write_scope(engine) as session:
        for role, name, email in (
            ("ggd", "Gita de Groot", "ggd@partner.example"),
            ("lead", "Lies Leider", "lead@partner.example"),
        ):
            person = save_person(session, name=name, email=email, organisation=role.upper())
            bind_role(session, RoleId(role), person)
    desk = Desk(context, clock, browse)
    new = NewTraject("De Wilg", START, ANSWERS, {"opening": date(2027, 9, 30)}, by="p2")
    desk.traject_id, _ = start_traject(context, SOURCES, load_sources(SOURCES), new, clock())
    return desk


def hidden_on(page: str, action: str) -> dict[str, list[str]]:
    """The hidden fields of the form on a page that acts on a path."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert form is not None, f"no form for {action} on: {page[-3000:]}"
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([\w.-]+)" value="([^"]*)"', form[0]):
        found.setdefault(name, []).append(unescape(value))
    return found


def press(browser: TestClient, page: Response | str, action: str, files: object = None, **typed: object) -> Response:
    """Fill in the form on a page and send it, as a browser does."""
    text = page if isinstance(page, str) else page.text  # type: ignore[attr-defined]
    return browser.post(action, data={**hidden_on(text, action), **typed}, files=files, headers=SAME_ORIGIN)  # type: ignore[arg-type, return-value]


def said(page: Response) -> str:
    """The text of a page, without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))  # type: ignore[attr-defined]
