"""The history of all trajects and the access log side by side: what an auditor asks for, in pages or whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlmodel import Session

from regie.core.ids import AnchorId
from regie.store.access_log import AccessEntry, Outcome, What
from regie.store.history import HistoryEntry, to_entry
from regie.store.tables import access_log, account, anchor, history, person, traject

AT_A_TIME = 500
"""Rows of an export that are read in one transaction."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; None is: all of it.

    Args:
        since: from this moment on; ``until``: before this one.
        actors: as the rows call them, see ``find_actors``.
        kind: name of an event, or of what was done.
        outcome: of the access log only; ``traject_id`` of the history only.
    """

    since: datetime | None = None
    until: datetime | None = None
    actors: frozenset[str] | None = None
    kind: str | None = None
    outcome: Outcome | None = None
    traject_id: int | None = None


def list_all_history(session: Session, wanted: Wanted, *, skip: int, limit: int) -> tuple[HistoryEntry, ...]:
    """Give a page of what happened to trajects, the latest first."""
    order = (history.c.at.desc(), history.c.traject_id.desc(), history.c.seq.desc())
    found = select(history).where(*_of_history(wanted)).order_by(*order).offset(skip).limit(limit)
    return tuple(to_entry(row) for row in session.connection().execute(found))


def list_all_access(session: Session, wanted: Wanted, *, skip: int, limit: int) -> tuple[AccessEntry, ...]:
    """Give a page of the access log, the latest first."""
    found = select(access_log).where(*_of_access(wanted)).order_by(access_log.c.id.desc()).offset(skip).limit(limit)
    return tuple(_access(row) for row in session.connection().execute(found))


def count_history(session: Session, wanted: Wanted) -> int:
    return _count(session, select(func.count()).select_from(history).where(*_of_history(wanted)))


def count_all_access(session: Session, wanted: Wanted) -> int:
    return _count(session, select(func.count()).select_from(access_log).where(*_of_access(wanted)))


def next_history(session: Session, wanted: Wanted, after: tuple[int, int]) -> tuple[HistoryEntry, ...]:
    """Give the next rows of an export, in the order in which they are sealed; ``after``: traject and number."""
    traject_id, seq = after
    later = or_(history.c.traject_id > traject_id, and_(history.c.traject_id == traject_id, history.c.seq > seq))
    order = (history.c.traject_id, history.c.seq)
    found = select(history).where(later, *_of_history(wanted)).order_by(*order).limit(AT_A_TIME)
    return tuple(to_entry(row) for row in session.connection().execute(found))


def next_access(session: Session, wanted: Wanted, after: int) -> tuple[AccessEntry, ...]:
    """Give the next rows of an export, the oldest first."""
    found = select(access_log).where(access_log.c.id > after, *_of_access(wanted)).order_by(access_log.c.id)
    return tuple(_access(row) for row in session.connection().execute(found.limit(AT_A_TIME)))


def find_actors(session: Session, text: str) -> frozenset[str]:
    """Give the names that rows may have for whoever is called like this: an id, or part of a name."""
    connection = session.connection()
    found = {text}
    like = func.lower(account.c.name).contains(text.lower(), autoescape=True)
    found |= {f"account:{each}" for each in connection.scalars(select(account.c.id).where(like))}
    for each in connection.scalars(
        select(person.c.id).where(func.lower(person.c.name).contains(text.lower(), autoescape=True))
    ):
        found |= {each, f"person:{each}", f"link:{each}"}
    return frozenset(found)


def list_traject_names(session: Session) -> Mapping[int, tuple[str, str]]:
    """Give slug and title of every traject by its id, in order of title."""
    found = select(traject.c.id, traject.c.slug, traject.c.title).order_by(traject.c.title, traject.c.slug)
    return {row.id: (row.slug, row.title) for row in session.connection().execute(found)}


def happened_anchors(session: Session, traject_ids: Collection[int]) -> frozenset[tuple[int, int, AnchorId]]:
    """Give the anchors that have happened, by traject and cycle: what was confidential until then is no more."""
    found = select(anchor.c.traject_id, anchor.c.cycle, anchor.c.anchor).where(
        anchor.c.traject_id.in_(sorted(traject_ids)), anchor.c.actual.is_not(None)
    )
    return frozenset((row.traject_id, row.cycle, AnchorId(row.anchor)) for row in session.connection().execute(found))


def _count(session: Session, wanted: Select[Any]) -> int:
    return int(session.connection().scalar(wanted) or 0)


def _of_history(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.traject_id is not None:
        yield history.c.traject_id == wanted.traject_id
    yield from _common(wanted, history.c.at, history.c.by, history.c.event)


def _of_access(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.outcome is not None:
        yield access_log.c.outcome == wanted.outcome.value
    yield from _common(wanted, access_log.c.at, access_log.c.who, access_log.c.what)


def _common(wanted: Wanted, at: Any, who: Any, kind: Any) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield at >= wanted.since
    if wanted.until is not None:
        yield at < wanted.until
    if wanted.actors is not None:
        yield who.in_(sorted(wanted.actors))
    if wanted.kind is not None:
        yield kind == wanted.kind


def _access(row: Any) -> AccessEntry:
    return AccessEntry(row.id, row.at, row.who, What(row.what), row.about, Outcome(row.outcome))
