"""Workflow definitions, stored whole by what they say, and a shelf of compiled ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from regie.core.definition import Definition, Text
from regie.definitions import load_stored
from regie.errors import Incomplete, NotFound
from regie.store.session import read_scope
from regie.store.tables import DefinitionStatus, cycle
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


def save_definition(session: Session, sources: Mapping[str, str], definition: Definition, now: datetime) -> str:
    """Store a definition whole, by its content hash; storing it twice changes nothing."""
    row = {
        "content_hash": definition.content_hash,
        "id": definition.id,
        "version": definition.version,
        "title": dict(definition.title),
        "sources": dict(sources),
        "status": DefinitionStatus.ACTIVE.value,
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


def retire_definition(session: Session, content_hash: str) -> None:
    """Take a definition out of use for new trajects; cycles that follow it go on.

    Raises:
        NotFound: ``unknown-definition``.
    """
    retired = update(table).where(table.c.content_hash == content_hash).values(status=DefinitionStatus.RETIRED.value)
    if session.connection().execute(retired).rowcount == 0:
        raise NotFound(f"no definition '{content_hash[:12]}' in the database", code="unknown-definition")
