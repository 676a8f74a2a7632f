"""A municipality whose months go by: the real store, real letters, a virtual clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from regie.actions.deliver import Postage, deliver
from regie.actions.reconcile import reconcile
from regie.actions.start_cycle import NextCycle, start_cycle
from regie.actions.start_traject import NewTraject, start_traject
from regie.core.events import Event
from regie.core.traject import Cycle
from regie.definitions import load_sources
from regie.notify.outgoing import Delivery, DeliveryOutcome, OutgoingMessage
from regie.store.session import read_scope
from regie.store.trajects import load_traject
from tests.reliability.conftest import START, Town, moment, settle_in
from tests.support.databases import database_url, databases, empty_database_url, engine

__all__ = ["database_url", "databases", "empty_database_url", "engine"]

ONE_DAY = timedelta(days=1)


@dataclass
class Postbox:
    """A channel that keeps what it was handed: the day, to whom, the subject."""

    today: date = START
    mail: list[tuple[str, str, str]] = field(default_factory=list)

    def send(self, message: OutgoingMessage) -> Delivery:
        self.mail.append((self.today.isoformat(), message.to.partition("@")[0], message.subject))
        return Delivery(DeliveryOutcome.ACCEPTED, "kept")


class Story:
    """One traject that is lived through day by day: swept at seven, delivered at nine and at five."""

    def __init__(self, engine: Engine, steps: str) -> None:
        self.town: Town = settle_in(engine)
        self.today = START
        self.post = Postbox()
        self._sources = {"workflow.yaml": HEAD + steps}

    def starts(self, **targets: date) -> None:
        new = NewTraject("De Wilg", START, slug="de-wilg", by="lead", targets=targets)
        definition = load_sources(self._sources)
        self.traject = start_traject(self.town.context, self._sources, definition, new, moment(START))[0]
        self._delivers(9)

    def happens(self, *events: Event) -> None:
        for each in events:
            self.town.happens(self.traject, each, self.today)
        self._delivers(17)

    def reruns(self, kind: str) -> int:
        new = NextCycle(kind, self.today, kind, by="lead")
        return start_cycle(self.town.context, self.traject, new, moment(self.today))[0]

    def lives_until(self, day: date) -> None:
        while self.today < day:
            self.today += ONE_DAY
            reconcile(self.town.context, moment(self.today, 7))
            self._delivers(9)

    def cycle(self, number: int = 1) -> Cycle:
        with read_scope(self.town.engine) as session:
            traject = load_traject(session, self.traject, self.town.context.shelf, for_change=False, whole=True)
        return traject.cycles[number - 1]

    def mail_to(self, who: str) -> list[tuple[str, str]]:
        return [(day, subject.removesuffix(" - De Wilg")) for day, to, subject in self.post.mail if to == who]

    def _delivers(self, hour: int) -> None:
        self.post.today = self.today
        deliver(self.town.context, self.post, lambda: moment(self.today, hour), "post", Postage())


HEAD = """
regie: 1
id: verhaal
title: Verhaal
calendar: weekdays
roles: {maker: {title: Maker}, baas: {title: Baas}, lezer: {title: Lezer}, ander: {title: Ander}, lead: {title: Leider}}
cycle_kinds: {verbeteren: {title: Verbeteren}}
notices:
  lead: lead
  remind: 5wd
  ladder: [{after: 3wd, to: accountable}, {after: 8wd, to: lead}]
"""


@pytest.fixture
def tell(engine: Engine) -> type[Story]:
    class Here(Story):
        def __init__(self, steps: str) -> None:
            super().__init__(engine, steps)

    return Here
