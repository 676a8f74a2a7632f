"""A municipality with an administrator who keeps it in order: a small definition with calendars, and a browser of each role."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Engine
from starlette.testclient import TestClient

from regie.core.permissions import Right
from regie.definitions import load_sources
from regie.store.definitions import save_definition
from regie.store.session import in_transaction
from tests.store.world import World
from tests.web.conftest import NOW, Browse
from tests.web.staff import SignIn as SignsIn
from tests.web.staff import staff_of

SMALL = """\
# Opmerking die blijft staan.
regie: 1
id: klein
version: "2027.1"
title: {nl: Klein plan, en: Small plan}
language: nl
calendar: nl
legal_calendar: nl-wettelijk
roles:
  maker: {title: Maker}
  boss: {title: Baas}
anchors:
  opening: {title: Opening, target: required, set_by: open}
notices: {lead: boss}
bodies:
  college:
    title: College
    meets: {every: 1w, on: tuesday, from: 2026-01-06}   # ieder week
    papers: 5wd
    recess:
      - {name: zomerreces, from: 07-20, to: 08-15}
steps:
  nota:
    title: Nota schrijven
    done_when: de nota er is
    responsible: maker
    takes: 10wd
    due: 12wd after predecessors
  besluit:
    title: Besluit
    done_when: het college besloot
    responsible: boss
    takes: 0wd
    needs: nota
    gate: {decided_by: college, no_go: ends the cycle}
    confidential_until: opening
  open:
    title: Openen
    done_when: de deur open is
    responsible: maker
    takes: 5wd
    needs: besluit
    due: 0wd after opening
"""
SOURCES = {"workflow.yaml": SMALL}
OPENING = date(2027, 9, 1)
START = date(2027, 6, 1)


def make_world(engine: Engine) -> World:
    """One traject, ``de-wilg``, that follows the small definition."""
    definition = load_sources(SOURCES)
    in_transaction(engine, lambda session: save_definition(session, SOURCES, definition, NOW))
    return World(engine, definition)


def make_sign_in(world: World, browse: Browse, **settings: object) -> SignsIn:
    """Give a browser of an account with these rights; ``email`` empty: an account without an address."""

    start = staff_of(world, browse, **settings)

    def enter(*rights: Right, name: str = "Bea Beheer", email: str = "bea@voorbeeld.nl", **more: object) -> TestClient:
        return start(*rights, name=name, email=email, **more)

    return enter
