"""A real Prefect server for the module that needs it, and a town in a real database with a real mail server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flows.setting import Setting, use
from regie.actions.context import Context
from regie.actions.deliver import Postage
from regie.clock import VirtualClock
from regie.definitions.calendars import load_calendar
from regie.mailbox import Mailbox
from regie.notify.sender import AppriseSender
from regie.store.partners import bind_role, save_person
from regie.store.session import create_engine_for, upgrade, write_scope
from tests.support.prefect_server import prefect_server
from tests.support.servers import MailServer

ZONE = ZoneInfo("Europe/Amsterdam")
START = date(2027, 1, 4)

DEFINITION = """
regie: 1
id: klein
title: {nl: Klein traject, en: Small project}
calendar: nl
anchors:
  opening: {title: {nl: Opening, en: Opening}, target: required, set_by: open}
roles:
  lead: {title: Projectleider}
  ggd: {title: GGD}
  school: {title: School}
notices:
  lead: lead
steps:
  plan: {title: Plan maken, takes: 3wd, responsible: lead, informed: [school], due: 5wd after start, automation: startnota-skelet}
  advies: {title: Advies geven, takes: 5wd, responsible: ggd, accountable: lead, needs: plan, due: 5wd after predecessors}
  plekken: {title: Plekken regelen, takes: 10wd, responsible: school, needs: plan, due: 20wd before opening}
  besluit: {title: Besluit nemen, takes: 2wd, responsible: lead, needs: [advies, plekken], gate: {decided_by: lead, no_go: ends the cycle}}
  open: {title: Openen, takes: 0wd, responsible: lead, needs: besluit}
  overleg: {title: Overleg, takes: 1wd, responsible: ggd, needs: open, repeats: {every: 1m, from: opening}, rerun: {improvement: runs-on}}
cycle_kinds:
  improvement: {title: {nl: Verbeteren, en: Improvement}}
"""


def moment(day: date, hour: int = 9) -> datetime:
    return datetime.combine(day, time(hour), ZONE).astimezone(UTC)


@pytest.fixture(scope="package")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one server for all of these tests; it is stopped when they are done, for it is never idle."""
    with prefect_server(tmp_path_factory.mktemp("prefect")) as address:
        yield address


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def definition_file(tmp_path: Path) -> Path:
    path = tmp_path / "klein.yaml"
    path.write_text(DEFINITION, encoding="utf-8")
    return path


@pytest.fixture
def town(tmp_path: Path, mail_server: MailServer) -> Iterator[Setting]:
    """A database with people, a clock that stands still, and a mail server."""
    engine = create_engine_for(f"sqlite:///{tmp_path / 'regie.db'}")
    upgrade(engine)
    clock = VirtualClock(moment(START))
    with write_scope(engine) as session:
        for role in ("lead", "ggd", "school"):
            person = save_person(session, name=f"Contact {role}", email=f"{role}@partner.example")
            bind_role(session, role, person)  # type: ignore[arg-type]
    sender = AppriseSender(mail_server.url, Mailbox("regie@gemeente.example", "Regie"), clock=clock)
    setting = Setting(
        Context.on(engine, b"k" * 32),
        clock,
        sender,
        Postage(),
        tmp_path / "documenten",
        load_calendar("nl"),
        owner="test",
    )
    use(setting)
    yield setting
    use(None)
    engine.dispose()
