"""A town on both databases, as actions see it: a stored definition, people, a counting clock of ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from regie.actions.apply_event import Applied, apply_event
from regie.actions.context import Context
from regie.actions.start_traject import NewTraject, start_traject
from regie.core.events import Event, StepFinished
from regie.core.ids import OccurrenceKey, RoleId, StepId
from regie.definitions import load_sources
from regie.store.partners import bind_role, save_person
from regie.store.session import write_scope
from tests.support.databases import database_url, databases, empty_database_url, engine

__all__ = ["database_url", "databases", "empty_database_url", "engine"]

ZONE = ZoneInfo("Europe/Amsterdam")
START = date(2027, 1, 4)
AUDIT_KEY = b"k" * 32
ROLES = ("maker", "baas", "lezer", "ander", "lead")
SOURCES = {
    "workflow.yaml": """
regie: 1
id: klein
title: Klein
calendar: weekdays
roles: {maker: {title: Maker}, baas: {title: Baas}, lezer: {title: Lezer}, ander: {title: Ander}, lead: {title: Leider}}
notices:
  lead: lead
  remind: 5wd
steps:
  a: {title: A, takes: 3wd, responsible: maker, accountable: baas, informed: [lezer, ander, lead], due: 5wd after start}
  b: {title: B, takes: 5wd, responsible: ander, accountable: baas, needs: a, due: 20wd after start}
  c: {title: C, takes: 2wd, responsible: baas, needs: b}
"""
}


# five things that are late on the same day, each with somebody else
WIDE = {
    "workflow.yaml": SOURCES["workflow.yaml"].partition("steps:")[0]
    + "steps:\n"
    + "".join(f"  {role}: {{title: {role}, takes: 3wd, responsible: {role}, due: 5wd after start}}\n" for role in ROLES)
}


def moment(day: date, hour: int = 9) -> datetime:
    return datetime.combine(day, time(hour), ZONE).astimezone(UTC)


@dataclass
class Town:
    engine: Engine
    context: Context

    def starts(self, slug: str = "de-wilg", sources: Mapping[str, str] = SOURCES) -> int:
        new = NewTraject(slug, START, slug=slug, by="lead")
        return start_traject(self.context, sources, load_sources(sources), new, moment(START))[0]

    def happens(self, traject_id: int, event: Event, day: date = START, *, request_id: str = "") -> Applied:
        return apply_event(self.context, traject_id, event, moment(day), request_id=request_id)

    def finishes(self, traject_id: int, step: str, day: date = START, **more: object) -> Applied:
        return self.happens(traject_id, StepFinished(key=OccurrenceKey(StepId(step)), **more), day)  # type: ignore[arg-type]

    def number(self, what: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {what}")).scalar_one())

    def states(self) -> dict[str, int]:
        with self.engine.connect() as connection:
            return dict(connection.execute(text("SELECT status, count(*) FROM message GROUP BY status")).all())  # type: ignore[arg-type]

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        """All rows that say what is so and what was told."""
        queries = {
            "occurrence": "SELECT traject_id, cycle, step, key, state, finished_on, due_on, version FROM occurrence ORDER BY 1,2,3,4",
            "notice": "SELECT traject_id, cycle, step, key, kind, recipient, due_on FROM notice ORDER BY 1,2,3,4,5,6,7",
            "history": "SELECT traject_id, seq, event FROM history ORDER BY 1,2",
            "traject": "SELECT id, version FROM traject ORDER BY 1",
        }
        with self.engine.connect() as connection:
            return {name: [tuple(row) for row in connection.execute(text(query))] for name, query in queries.items()}


def settle_in(engine_: Engine) -> Town:
    numbers = count(1)
    with write_scope(engine_) as session:
        for role in ROLES:
            person = save_person(session, name=role.title(), email=f"{role}@partner.example")
            bind_role(session, RoleId(role), person)
    return Town(engine_, Context.on(engine_, AUDIT_KEY, ids=lambda: f"id-{next(numbers):08d}", brake_at=1_000_000))


@pytest.fixture
def town(engine: Engine) -> Town:
    return settle_in(engine)
