"""What a traject or a next cycle would look like before it is started: dates, what cannot hold, people, messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from regie.core.changes import Changes
from regie.core.definition import Definition
from regie.core.findings import PlanFinding, Severity
from regie.core.ids import RoleId
from regie.core.settle import settle
from regie.core.traject import State
from regie.reports.effect import Told, effect_of
from regie.reports.subject import Row, Subject, anchor_rows, gates, phase_rows
from regie.reports.traject_home import role_names
from regie.store.people import list_people
from regie.store.portfolio import list_players
from regie.store.tables import EVERY_TRAJECT
from regie.text.phrases import say_list, words_in
from regie.text.rules import say_role
from regie.text.sentences import explain_finding

MOST_ALIKE = 3
"""Warnings of one kind; of what cannot hold all are said."""


@dataclass(frozen=True, slots=True)
class PeopleCheck:
    """Who would play which role.

    Args:
        empty: titles of the roles that nobody plays and that have work in this plan.
        silent: (role, name) of those who play a role and have no e-mail address.
        filled: how many roles with work have somebody.
    """

    empty: tuple[str, ...]
    silent: tuple[tuple[str, str], ...]
    filled: int


@dataclass(frozen=True, slots=True)
class ToldPreview:
    """Who would hear something: what, in words, and whether it waits for the next digest."""

    name: str
    about: str
    in_digest: bool


@dataclass(frozen=True, slots=True)
class StartPreview:
    """What would be started.

    Args:
        out: how many steps take no part, by the answers or by the rules of a rerun.
        kept: of a rerun, how many results of before count again.
        impossible: what cannot hold, in sentences with the chain.
        warnings: what needs a look; ``more_warnings`` are not said.
        anchors: (title, date, how sure) rows; ``phases`` (title, period, steps, done); ``gates`` (title, body, date, papers, state).
    """

    title: str
    slug: str
    steps: int
    out: int
    kept: int
    finish_on: date
    impossible: tuple[str, ...]
    warnings: tuple[str, ...]
    more_warnings: int
    anchors: tuple[Row, ...]
    phases: tuple[Row, ...]
    gates: tuple[Row, ...]
    told: tuple[ToldPreview, ...]
    people: PeopleCheck


def make_start_preview(
    session: Session, changes: Changes, today: date, language: str = "nl", *, traject_id: int = EVERY_TRAJECT
) -> StartPreview:
    """Say what a ``CycleStarted`` that was not saved leads to.

    Args:
        traject_id: where people may be bound to roles besides those of every traject; 0 for a new traject.
    """
    cycle = changes.traject.cycle(changes.event.cycle)
    assert cycle is not None  # the event opened it
    settled, plan = settle(cycle, today)
    definition = settled.definition
    players = list_players(session, traject_ids={traject_id})
    names = role_names(players, definition, traject_id)
    subject = Subject(changes.traject, settled, plan, today, names, language)
    contacts = list_people(session, traject_id)
    called = {each.id: each.full_name for each in contacts}
    effect = effect_of(changes.traject, changes, today, called, language)
    states = [each.state for each in settled.occurrences.values()]
    said, more = _warnings(plan.findings, definition, language)
    return StartPreview(
        changes.traject.title,
        changes.traject.slug,
        sum(not each.is_out for each in states),
        sum(each.is_out for each in states),
        sum(each.kept_from is not None for each in settled.occurrences.values()),
        plan.finish_on,
        tuple(explain_finding(each, definition, language) for each in plan.findings if each.severity is Severity.ERROR),
        said,
        more,
        tuple(anchor_rows(subject)),
        tuple(phase_rows(subject)),
        tuple(row for _, row in gates(subject)),
        tuple(ToldPreview(each.name, _about(each, language), each.in_digest) for each in effect.told),
        _check_people(session, subject, traject_id),
    )


def _check_people(session: Session, subject: Subject, traject_id: int) -> PeopleCheck:
    """Look at the roles that are responsible or accountable for a step that takes part."""
    working: dict[RoleId, None] = {}
    for _, occurrence, step, _ in subject.planned_steps():
        if occurrence.state is not State.DONE:
            working.update(dict.fromkeys(each for each in (step.responsible, step.accountable) if each is not None))
    definition, language = subject.definition, subject.language
    roles = [role for role in definition.partner_roles() if role in working]
    silent = {
        (role, contact.name)
        for contact in list_people(session, traject_id)
        if not contact.email
        for role, _ in contact.roles
        if contact.name in subject.names.get(role, ())
    }
    empty = [role for role in roles if not subject.names.get(role)]
    return PeopleCheck(
        tuple(say_role(definition, role, language) for role in empty),
        tuple((say_role(definition, role, language), name) for role, name in sorted(silent) if role in working),
        len(roles) - len(empty),
    )


def _about(told: Told, language: str) -> str:
    kinds = words_in(language).kinds
    return say_list(
        [f"{kinds[kind]}: {title}" if title else kinds[kind] for kind, title in told.about], language, most=3
    )


def _warnings(findings: Sequence[PlanFinding], definition: Definition, language: str) -> tuple[tuple[str, ...], int]:
    """What needs a look: of one kind the first few, and how many more there are. Years that repeat count once."""
    by_code: dict[str, dict[object, PlanFinding]] = {}
    for each in findings:
        if each.severity is Severity.WARNING:
            year = each.on.year if each.code == "RG354" and each.on else None
            by_code.setdefault(each.code, {}).setdefault(year or (each.key, each.on), each)
    shown = [each for alike in by_code.values() for each in list(alike.values())[:MOST_ALIKE]]
    return (
        tuple(explain_finding(each, definition, language) for each in shown),
        sum(len(alike) for alike in by_code.values()) - len(shown),
    )
