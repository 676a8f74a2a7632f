"""What processes of their own do in the crash tests; each opens the database by itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.actions.reconcile import reconcile
from regie.core.events import StepFinished
from regie.core.ids import OccurrenceKey, StepId
from regie.notify.sender import FolderSender
from regie.store.session import create_engine_for
from tests.reliability.conftest import AUDIT_KEY, START, moment


def open_town(url: str) -> Context:
    """Give what actions need, with ids that no other process gives."""
    return Context.on(create_engine_for(url), AUDIT_KEY, brake_at=1_000_000)


def finish(url: str, traject_id: int) -> None:
    apply_event(open_town(url), traject_id, StepFinished(key=OccurrenceKey(StepId("a"))), moment(START))


def sweep(url: str, day: date) -> None:
    reconcile(open_town(url), moment(day))


def hand_over(url: str, folder: Path, day: date, owner: str) -> None:
    deliver(open_town(url), FolderSender(folder), lambda: moment(day), owner, Postage())
