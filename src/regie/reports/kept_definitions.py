"""The versions of definitions that are kept, those that come with Regie, and who follows which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from regie.core.definition import Definition, Text
from regie.definitions import sources_of
from regie.definitions.calendars import workflow_defs_dir
from regie.definitions.findings import Finding
from regie.errors import DefinitionInvalid, NotFound
from regie.reports.calendar_year import known_through
from regie.reports.definition_view import check_again
from regie.reports.version_effect import VersionEffect, effect_of_version
from regie.store.definitions import (
    DefinitionShelf,
    DefinitionUse,
    StoredDefinition,
    get_definition,
    get_sources,
    list_definitions,
    list_uses,
)
from regie.store.tables import DefinitionStatus
from regie.store.trajects import load_traject


@dataclass(frozen=True, slots=True)
class Shipped:
    """A definition that comes with Regie."""

    id: str
    version: str
    title: Text
    definition: Definition
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """A version with what was imported and who follows it.

    Args:
        others: the other versions of the same definition, the newest first.
        findings: what lint says of it now.
        definition: None when this version of Regie cannot read it; ``findings`` says why.
    """

    stored: StoredDefinition
    sources: Mapping[str, str]
    uses: tuple[DefinitionUse, ...]
    others: tuple[StoredDefinition, ...]
    findings: tuple[Finding, ...]
    definition: Definition | None


@dataclass(frozen=True, slots=True)
class UseEffect:
    """A running cycle, and what would become of it."""

    use: DefinitionUse
    effect: VersionEffect


def list_kept(session: Session) -> tuple[StoredDefinition, ...]:
    """Give all stored versions by the name of their definition, the newest first."""
    return tuple(
        sorted(list_definitions(session), key=lambda each: each.id)
    )  # safe: sorting keeps what is newest first


def list_shipped() -> tuple[Shipped, ...]:
    """Give the definitions that come with Regie, as their files are now."""
    found = []
    for path in sorted(workflow_defs_dir().glob("*/workflow.yaml")):
        try:
            sources = sources_of(path)
        except DefinitionInvalid:
            continue  # an installation may break its own copy; regie definition check says how
        definition = check_again(sources).definition
        if definition is not None:
            found.append(Shipped(definition.id, definition.version, definition.title, definition, sources))
    return tuple(found)


def get_shipped(definition_id: str) -> Shipped:
    """Give one of them.

    Raises:
        NotFound: ``unknown-definition``.
    """
    found = next((each for each in list_shipped() if each.id == definition_id), None)
    if found is None:
        raise NotFound(f"Regie comes with no definition '{definition_id[:40]}'", code="unknown-definition")
    return found


def get_kept(session: Session, shelf: DefinitionShelf, content_hash: str) -> Kept:
    """Give one version whole.

    Raises:
        NotFound: ``unknown-definition``.
    """
    stored = get_definition(session, content_hash)
    sources = get_sources(session, content_hash)
    checked = check_again(sources)
    return Kept(
        stored,
        sources,
        list_uses(session, content_hash),
        tuple(each for each in list_definitions(session) if each.id == stored.id and each.content_hash != content_hash),
        checked.findings,
        read_definition(session, shelf, content_hash),
    )


def read_definition(session: Session, shelf: DefinitionShelf, content_hash: str) -> Definition | None:
    """Give a stored definition; None when this version of Regie cannot read it."""
    try:
        return shelf.get(content_hash, session)
    except DefinitionInvalid:
        return None


def weigh_version(
    session: Session, shelf: DefinitionShelf, new: Definition, today: date, language: str, *, skip: int, limit: int
) -> tuple[tuple[UseEffect, ...], int]:
    """Plan running cycles of the same definition as if they followed this version; and give how many there are."""
    same = {each.content_hash for each in list_definitions(session) if each.id == new.id}
    uses = [
        each
        for each in list_uses(session)
        if each.is_running and each.content_hash in same and each.content_hash != new.content_hash
    ]
    found = []
    for use in uses[skip : skip + limit]:
        cycle = load_traject(session, use.traject_id, shelf, for_change=False).cycle(use.cycle)
        if cycle is not None:
            found.append(UseEffect(use, effect_of_version(cycle, new, today, language)))
    return tuple(found), len(uses)


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """A version whose days count.

    Args:
        known: the last year of which the decree days are known; None when that does not matter, or it cannot be read.
        beyond: running cycles with a legal date in a later year.
    """

    stored: StoredDefinition
    running: int
    known: int | None
    beyond: tuple[DefinitionUse, ...]


def list_calendars(session: Session, shelf: DefinitionShelf) -> tuple[CalendarRow, ...]:
    """Give the versions that running trajects follow, that are active, or that are a draft."""
    uses: dict[str, list[DefinitionUse]] = {}
    for use in list_uses(session):
        if use.is_running:
            uses.setdefault(use.content_hash, []).append(use)
    rows = []
    for stored in list_kept(session):
        running = uses.get(stored.content_hash, [])
        if not running and stored.status is DefinitionStatus.RETIRED:
            continue
        definition = read_definition(session, shelf, stored.content_hash)
        known = known_through(definition) if definition else None
        beyond = tuple(
            each for each in running if known is not None and each.legal_through and each.legal_through.year > known
        )
        rows.append(CalendarRow(stored, len(running), known, beyond))
    return tuple(rows)
