"""Workflow definitions, stored whole by what they say, and a shelf of compiled ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from regie.core.definition import Definition, Text
from regie.core.traject import CycleState
from regie.definitions import load_stored
from regie.errors import Conflict, Incomplete, NotFound, Refused
from regie.store.session import read_scope
from regie.store.tables import DefinitionStatus, cycle, occurrence, traject
from regie.store.tables import definition as table


@dataclass(frozen=True, slots=True)
class StoredDefinition:
    """A definition in the database. ``in_use``: how many running or ended cycles follow it."""

    content_hash: str
    id: str
    version: str
    title: Text
    status: DefinitionStatus
    imported_at: datetime
    in_use: int


class DefinitionShelf:
    """Compiled definitions by content hash; each is compiled once, and is the same object ever after.

    Only what was asked for is compiled. Safe with threads: two that compile the same definition at once end
    up with one of the two.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, Definition] = {}

    def get(self, content_hash: str, session: Session | None = None) -> Definition:
        """Give a definition; ``session`` also sees one that was saved in the same transaction.

        Raises:
            NotFound: ``unknown-definition``.
            Incomplete: ``definition-damaged``, what was stored is not what was imported.
        """
        known = self._known.get(content_hash)
        if known is not None:
            return known
        if session is None:
            with read_scope(self._engine) as own:
                sources = get_sources(own, content_hash)
        else:
            sources = get_sources(session, content_hash)
        compiled = load_stored(sources)
        if compiled.content_hash != content_hash:
            raise Incomplete(
                f"definition '{content_hash[:12]}' is not what was imported",
                code="definition-damaged",
                hint="put the database back from a backup",
            )
        return self._known.setdefault(content_hash, compiled)

    def put(self, definition: Definition) -> Definition:
        """Put a definition that is at hand on the shelf, so that it is not compiled again."""
        return self._known.setdefault(definition.content_hash, definition)


def save_definition(
    session: Session,
    sources: Mapping[str, str],
    definition: Definition,
    now: datetime,
    status: DefinitionStatus = DefinitionStatus.ACTIVE,
) -> str:
    """Store a definition whole, by its content hash; storing it twice changes nothing, its status neither."""
    row = {
        "content_hash": definition.content_hash,
        "id": definition.id,
        "version": definition.version,
        "title": dict(definition.title),
        "sources": dict(sources),
        "status": status.value,
        "imported_at": now,
    }
    insert_or_ignore = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.connection().execute(insert_or_ignore(table).on_conflict_do_nothing(), [row])
    return definition.content_hash


def get_sources(session: Session, content_hash: str) -> Mapping[str, str]:
    """Give the texts of a stored definition, by file name.

    Raises:
        NotFound: ``unknown-definition``.
    """
    found: Mapping[str, str] | None = session.connection().scalar(
        select(table.c.sources).where(table.c.content_hash == content_hash)
    )
    if found is None:
        raise NotFound(f"no definition '{content_hash[:12]}' in the database", code="unknown-definition")
    return found


def list_definitions(session: Session) -> tuple[StoredDefinition, ...]:
    """Give the stored definitions, the newest first."""
    used = select(func.count()).where(cycle.c.definition_hash == table.c.content_hash).scalar_subquery()
    columns = (table.c.content_hash, table.c.id, table.c.version, table.c.title, table.c.status, table.c.imported_at)
    rows = session.connection().execute(select(*columns, used).order_by(table.c.imported_at.desc(), table.c.id))
    return tuple(
        StoredDefinition(content_hash, id_, version, title, DefinitionStatus(status), imported_at, in_use)
        for content_hash, id_, version, title, status, imported_at, in_use in rows
    )


def get_definition(session: Session, content_hash: str) -> StoredDefinition:
    """Give one stored definition.

    Raises:
        NotFound: ``unknown-definition``.
    """
    found = next((each for each in list_definitions(session) if each.content_hash == content_hash), None)
    if found is None:
        raise NotFound(f"no definition '{content_hash[:12]}' in the database", code="unknown-definition")
    return found


def check_may_start(session: Session, content_hash: str) -> None:
    """Refuse a definition that no new traject or cycle may follow.

    Raises:
        Refused: ``definition-not-active``: it is a draft still, or was retired.
    """
    wanted = select(table.c.id, table.c.version, table.c.status).where(table.c.content_hash == content_hash)
    found = session.connection().execute(wanted).first()
    if found is not None and found.status != DefinitionStatus.ACTIVE.value:
        raise Refused(
            f"version '{found.version}' of definition '{found.id}' is {found.status}",
            code="definition-not-active",
            hint="choose an active version, or have an administrator activate this one",
            definition=found.id,
            version=found.version,
            status=found.status,
        )


def change_status(session: Session, content_hash: str, before: DefinitionStatus, after: DefinitionStatus) -> None:
    """Make a definition a draft, active or retired, when it still is what somebody saw it to be.

    Raises:
        NotFound: ``unknown-definition``.
        Conflict: ``definition-changed``: somebody else changed its status meanwhile.
    """
    same = (table.c.content_hash == content_hash) & (table.c.status == before.value)
    if session.connection().execute(update(table).where(same).values(status=after.value)).rowcount == 0:
        raise _changed(get_definition(session, content_hash))


def discard_draft(session: Session, content_hash: str) -> None:
    """Take a draft away that nothing follows.

    Raises:
        NotFound: ``unknown-definition``.
        Conflict: ``definition-changed``: it is no draft any more.
    """
    is_draft = (table.c.content_hash == content_hash) & (table.c.status == DefinitionStatus.DRAFT.value)
    unused = ~select(cycle.c.number).where(cycle.c.definition_hash == content_hash).exists()
    if session.connection().execute(delete(table).where(is_draft, unused)).rowcount == 0:
        raise _changed(get_definition(session, content_hash))


def _changed(found: StoredDefinition) -> Conflict:
    return Conflict(
        f"version '{found.version}' is {found.status.value} by now",
        code="definition-changed",
        hint="look at it again",
        version=found.version,
        status=found.status.value,
    )


@dataclass(frozen=True, slots=True)
class DefinitionUse:
    """A cycle that follows a definition. ``legal_through``: the last legal date of its open steps."""

    content_hash: str
    traject_id: int
    slug: str
    title: str
    cycle: int
    is_running: bool
    legal_through: date | None


def list_uses(session: Session, content_hash: str | None = None) -> tuple[DefinitionUse, ...]:
    """Give the cycles that follow a definition, or any; the running ones first, then by name."""
    is_open = (
        (occurrence.c.traject_id == cycle.c.traject_id)
        & (occurrence.c.cycle == cycle.c.number)
        & occurrence.c.is_open.is_(True)
    )
    wanted = (
        select(
            cycle.c.definition_hash,
            traject.c.id,
            traject.c.slug,
            traject.c.title,
            cycle.c.number,
            cycle.c.state,
            func.max(occurrence.c.legal_on),
        )
        .select_from(cycle.join(traject, traject.c.id == cycle.c.traject_id).outerjoin(occurrence, is_open))
        .group_by(cycle.c.definition_hash, traject.c.id, traject.c.slug, traject.c.title, cycle.c.number, cycle.c.state)
    )
    if content_hash is not None:
        wanted = wanted.where(cycle.c.definition_hash == content_hash)
    found = [
        DefinitionUse(hash_, id_, slug, title, number, state == CycleState.RUNNING.value, legal)
        for hash_, id_, slug, title, number, state, legal in session.connection().execute(wanted)
    ]
    return tuple(sorted(found, key=lambda each: (not each.is_running, each.title, each.slug, each.cycle)))


def list_legal_dates(session: Session) -> frozenset[tuple[str, date]]:
    """Give every legal date of an open step in a running cycle, with the definition that it follows."""
    wanted = (
        select(cycle.c.definition_hash, occurrence.c.legal_on)
        .join(occurrence, (occurrence.c.traject_id == cycle.c.traject_id) & (occurrence.c.cycle == cycle.c.number))
        .where(
            cycle.c.state == CycleState.RUNNING.value,
            occurrence.c.is_open.is_(True),
            occurrence.c.legal_on.is_not(None),
        )
        .distinct()
    )
    return frozenset((hash_, day) for hash_, day in session.connection().execute(wanted))


def retire_definition(session: Session, content_hash: str) -> None:
    """Take a definition out of use for new trajects; cycles that follow it go on.

    Raises:
        NotFound: ``unknown-definition``.
    """
    retired = update(table).where(table.c.content_hash == content_hash).values(status=DefinitionStatus.RETIRED.value)
    if session.connection().execute(retired).rowcount == 0:
        raise NotFound(f"no definition '{content_hash[:12]}' in the database", code="unknown-definition")
