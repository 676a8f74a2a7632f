"""Definitions as administrators keep them: a draft first, then active, then retired. Each act stands in the access log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from regie.actions.context import Context
from regie.core.definition import Definition
from regie.core.permissions import Actor, Permission, require
from regie.errors import Conflict
from regie.store.access_log import What, note_access
from regie.store.definitions import (
    change_status,
    discard_draft,
    get_definition,
    list_definitions,
    save_definition,
)
from regie.store.locks import Lock, take_lock
from regie.store.session import in_transaction
from regie.store.tables import DefinitionStatus


def keep_draft(
    context: Context,
    actor: Actor,
    sources: Mapping[str, str],
    definition: Definition,
    now: datetime,
    *,
    right: Permission = Permission.MANAGE_DEFINITIONS,
) -> str:
    """Store a new version as a draft; give its content hash.

    Args:
        sources: the texts that ``definition`` was made from.
        right: what the actor needs; changing days is another right than changing steps.

    Raises:
        Refused: ``not-allowed``.
        Conflict: ``definition-known``, the same is there already; ``version-taken``, another one has this version.
    """
    require(actor, right)

    def work(session: Session) -> str:
        take_lock(session, Lock.DEFINITIONS)
        for known in list_definitions(session):
            if known.content_hash == definition.content_hash:
                raise Conflict(
                    f"this is version '{known.version}', which is there already",
                    code="definition-known",
                    hint="nothing was stored",
                    version=known.version,
                    content_hash=known.content_hash,
                )
            if (known.id, known.version) == (definition.id, definition.version):
                raise Conflict(
                    f"definition '{known.id}' has another version '{known.version}' already",
                    code="version-taken",
                    hint="give the new one another version",
                    definition=known.id,
                    version=known.version,
                )
        content_hash = save_definition(session, sources, definition, now, DefinitionStatus.DRAFT)
        _note(session, actor, What.DEFINITION_ADDED, definition.id, definition.version, now)
        return content_hash

    content_hash = in_transaction(context.engine, work)
    context.shelf.put(definition)
    return content_hash


def activate(
    context: Context, actor: Actor, content_hash: str, seen: str, now: datetime, *, replaces: bool = False
) -> None:
    """Let new trajects follow a definition.

    Args:
        seen: what it was when the actor looked, ``draft`` or ``retired``.
        replaces: whether other active versions of the same definition are retired with it.

    Raises:
        Refused: ``not-allowed``.
        NotFound: ``unknown-definition``.
        Conflict: ``definition-changed``.
    """
    require(actor, Permission.MANAGE_DEFINITIONS)

    def work(session: Session) -> None:
        change_status(session, content_hash, DefinitionStatus(seen), DefinitionStatus.ACTIVE)
        found = get_definition(session, content_hash)
        _note(session, actor, What.DEFINITION_ACTIVATED, found.id, found.version, now)
        others = list_definitions(session) if replaces else ()
        for each in others:
            if each.id == found.id and each.content_hash != content_hash and each.status is DefinitionStatus.ACTIVE:
                change_status(session, each.content_hash, DefinitionStatus.ACTIVE, DefinitionStatus.RETIRED)
                _note(session, actor, What.DEFINITION_RETIRED, each.id, each.version, now)

    in_transaction(context.engine, work)


def retire(context: Context, actor: Actor, content_hash: str, now: datetime) -> None:
    """Let no new traject follow a definition; those that follow it go on. Errors as ``activate``."""
    require(actor, Permission.MANAGE_DEFINITIONS)

    def work(session: Session) -> None:
        change_status(session, content_hash, DefinitionStatus.ACTIVE, DefinitionStatus.RETIRED)
        found = get_definition(session, content_hash)
        _note(session, actor, What.DEFINITION_RETIRED, found.id, found.version, now)

    in_transaction(context.engine, work)


def discard(context: Context, actor: Actor, content_hash: str, now: datetime) -> None:
    """Take a draft away. Errors as ``activate``."""
    require(actor, Permission.MANAGE_DEFINITIONS)

    def work(session: Session) -> None:
        found = get_definition(session, content_hash)
        discard_draft(session, content_hash)
        _note(session, actor, What.DEFINITION_DISCARDED, found.id, found.version, now)

    in_transaction(context.engine, work)


def _note(session: Session, actor: Actor, what: What, definition: str, version: str, now: datetime) -> None:
    note_access(session, actor.name, what, now, about=f"definition:{definition} {version}")
