"""What people of a traject were told and what they said back, the latest first. Names, and no addresses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session

from regie.core.definition import Kind
from regie.core.ids import OccurrenceKey, PersonId, StepId
from regie.store.history import HistoryEntry, to_entry
from regie.store.rows import to_line
from regie.store.tables import NoticeState, account, api_token, history, message, notice, person

IN_DIGEST = "in digest"
"""How something stands that waits for the next digest of its reader."""

_NOT_TOLD = (NoticeState.WITHDRAWN.value, NoticeState.DISCARDED.value)


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that one person was told, or will be.

    Args:
        at: when it left; when it has not, since when it waits.
        status: of its message (``tables.MessageStatus``), or ``IN_DIGEST``.
    """

    at: datetime
    cycle: int
    key: OccurrenceKey
    kind: Kind
    to: PersonId
    name: str
    status: str


def list_told(session: Session, traject_id: int, limit: int) -> tuple[Told, ...]:
    """Give what people were told about a traject last; what was taken back before anybody heard it is left out."""
    wanted = (
        select(
            notice.c.cycle,
            notice.c.step,
            notice.c.key,
            notice.c.payload,
            notice.c.recipient,
            notice.c.created_at,
            person.c.name,
            message.c.status,
            message.c.sent_at,
        )
        .join(person, person.c.id == notice.c.recipient)
        .outerjoin(message, message.c.id == notice.c.message_id)
        .where(notice.c.traject_id == traject_id, notice.c.state.not_in(_NOT_TOLD))
        .order_by(notice.c.id.desc())
        .limit(limit)
    )
    found = []
    for row in session.connection().execute(wanted):
        key = OccurrenceKey(StepId(row.step), row.key)
        kind = to_line(row.payload, row.cycle, key).kind
        at, status = row.sent_at or row.created_at, row.status or IN_DIGEST
        found.append(Told(at, row.cycle, key, kind, PersonId(row.recipient), row.name or row.recipient, status))
    return tuple(found)


def count_told(session: Session, traject_id: int, since: datetime) -> Mapping[str, int]:
    """Count the messages about a traject that were made from a moment on, by how they stand.

    Under ``IN_DIGEST`` the lines that still wait for a digest.
    """
    counted = func.coalesce(func.nullif(func.count(notice.c.message_id.distinct()), 0), func.count())
    wanted = (
        select(message.c.status, counted)
        .select_from(notice)
        .outerjoin(message, message.c.id == notice.c.message_id)
        .where(notice.c.traject_id == traject_id, notice.c.state.not_in(_NOT_TOLD), notice.c.created_at >= since)
        .group_by(message.c.status)
        .order_by(message.c.status)
    )
    return {status or IN_DIGEST: int(count) for status, count in session.connection().execute(wanted)}


def list_said(session: Session, traject_id: int, limit: int) -> tuple[HistoryEntry, ...]:
    """Give what partners did in a traject last, the latest first."""
    wanted = select(history).where(history.c.traject_id == traject_id, _by_partner())
    rows = session.connection().execute(wanted.order_by(history.c.seq.desc()).limit(limit))
    return tuple(to_entry(row) for row in rows)


def count_said(session: Session, traject_id: int, since: datetime) -> Mapping[str, int]:
    """Count what partners did in a traject from a moment on, by the name of the event."""
    wanted = (
        select(history.c.event, func.count())
        .where(history.c.traject_id == traject_id, history.c.at >= since, _by_partner())
        .group_by(history.c.event)
        .order_by(history.c.event)
    )
    return {row[0]: int(row[1]) for row in session.connection().execute(wanted)}


def _by_partner() -> ColumnElement[bool]:
    """Whether a partner did it: with a link, with a code, or through somebody who typed it in for them."""
    return or_(
        history.c.by.startswith("person:"),
        history.c.by.startswith("link:"),
        history.c.by.in_(select(person.c.id)),
    )


def names_of(session: Session, actors: Collection[str]) -> Mapping[str, str]:
    """Give what actors are called, by the name that history has for them; who is not known keeps that name."""
    ids = {each: each.partition(":")[2] or each for each in actors}
    accounts = {int(name) for each, name in ids.items() if each.startswith("account:") and name.isdigit()}
    connection = session.connection()
    people = {
        row.id: row.name
        for row in connection.execute(
            select(person.c.id, person.c.name).where(person.c.id.in_(sorted(set(ids.values()))))
        )
    }
    known = {
        str(row.id): row.name
        for row in connection.execute(select(account.c.id, account.c.name).where(account.c.id.in_(sorted(accounts))))
    }
    tokens = {int(name) for each, name in ids.items() if each.startswith("token:") and name.isdigit()}
    keys = (
        {
            str(row.id): row.name
            for row in connection.execute(
                select(api_token.c.id, api_token.c.name).where(api_token.c.id.in_(sorted(tokens)))
            )
        }
        if tokens
        else {}
    )
    tables = {"account": known, "token": keys}
    return {each: tables.get(each.partition(":")[0], people).get(name) or name for each, name in ids.items()}


def names_of_people(session: Session, ids: Collection[PersonId]) -> Mapping[PersonId, str]:
    """Give what people are called."""
    if not ids:
        return {}
    wanted = select(person.c.id, person.c.name).where(person.c.id.in_(sorted(ids)))
    return {PersonId(row.id): row.name or row.id for row in session.connection().execute(wanted)}
