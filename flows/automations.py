"""The named actions of automated steps: make a document, keep it, and start the step with it as evidence."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from sqlmodel import Session

from regie.actions.apply_event import apply_in
from regie.actions.context import Context
from regie.core.engine import local_day
from regie.core.events import StepStarted
from regie.core.ids import OccurrenceKey, RoleId, StepId
from regie.core.settle import settle
from regie.core.traject import Planned, State, Traject
from regie.errors import NotFound
from regie.reports.documents import (
    Document,
    Subject,
    make_indicator_sheet,
    make_startnota,
    make_steering_report,
)
from regie.reports.subject import handed_to
from regie.store.lately import names_of_people
from regie.store.partners import list_people
from regie.store.reported import load_reported, save_reported
from regie.store.session import in_transaction, read_scope
from regie.store.trajects import load_traject

log = logging.getLogger(__name__)

AUTOMATIONS: Mapping[str, Callable[[Subject], tuple[Document, ...]]] = {
    "startnota-skelet": make_startnota,
    "indicatorenblad": make_indicator_sheet,
    "stuurgroeprapport": make_steering_report,
}


def find_run_name(context: Context, traject_id: int, cycle: int, step: str) -> str:
    """``<traject>/<phase>/<step>``: how the run of an automated step is called."""
    with read_scope(context.engine) as session:
        traject = load_traject(session, traject_id, context.shelf, for_change=False)
    found = traject.cycle(cycle)
    phase = found.definition.steps[StepId(step)].phase if found else "?"
    return f"{traject.slug}/{phase}/{step}"


def run_automation(
    context: Context, traject_id: int, cycle: int, step: str, key: str, now: datetime, folder: Path
) -> str:
    """Make the documents of an automated step and start it; the step is finished by who answers for it.

    Run again, or when the step is no longer ready, it does nothing and gives an empty text.

    Raises:
        NotFound: ``unknown-automation``, or no such step.
    """
    where = OccurrenceKey(StepId(step), key)
    with read_scope(context.engine) as session:
        traject = load_traject(session, traject_id, context.shelf, for_change=False)
        names: dict[str, list[str]] = {}
        for contact in list_people(session, traject_id):
            for role, _ in contact.roles:
                names.setdefault(role, []).append(contact.name)
        found = traject.cycle(cycle)
        handed = names_of_people(session, handed_to(found)) if found else {}
    occurrence = found.occurrences.get(where) if found else None
    if found is None or occurrence is None:
        raise NotFound(f"no step '{where}' in cycle {cycle} of '{traject.slug}'", code="unknown-step")
    if occurrence.state is not State.READY:
        return ""
    action = found.definition.steps[where.step].automation or ""
    with read_scope(context.engine) as session:
        earlier_on, earlier = load_reported(session, traject_id, cycle, action)
    make = AUTOMATIONS.get(action)
    if make is None:
        known = ", ".join(AUTOMATIONS)
        raise NotFound(f"no automation '{action}'", code="unknown-automation", hint=known, automation=action)
    subject = replace(_subject(traject, cycle, now, names, earlier, earlier_on), handed=handed)
    documents = make(subject)
    paths = [_keep(folder / traject.slug / f"doorloop-{cycle}", document) for document in documents]
    evidence = tuple(f"{traject.slug}/doorloop-{cycle}/{path.name}" for path in paths)
    started = StepStarted(key=where, cycle=cycle, by="regie", note=action, evidence=evidence)

    def keep(session: Session) -> None:
        applied = apply_in(session, context, traject_id, started, now, f"automation:{cycle}:{where}")
        if not applied.repeated:
            save_reported(session, traject_id, cycle, action, subject.today, subject.cycle.occurrences.values())

    in_transaction(context.engine, keep)
    log.info("automation.done traject=%s step=%s action=%s", traject_id, where, action)
    return paths[0].name


def _subject(
    traject: Traject,
    number: int,
    now: datetime,
    names: Mapping[str, list[str]],
    earlier: Mapping[OccurrenceKey, Planned],
    earlier_on: date | None,
) -> Subject:
    cycle = traject.cycle(number)
    assert cycle is not None  # the caller found it
    today = local_day(now, traject.zone)
    settled, plan = settle(cycle, today)
    people = {RoleId(role): tuple(found) for role, found in names.items()}
    return Subject(traject, settled, plan, today, people, earlier=earlier, earlier_on=earlier_on)


def _keep(folder: Path, document: Document) -> Path:
    """Write a document whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / document.name
    draft = path.with_suffix(path.suffix + ".deel")
    draft.write_bytes(document.content)
    draft.replace(path)
    return path
